//! Private key operations that strangers ask for: bounded for each client, and in this worker.

use std::cell::RefCell;

use saml::message::Expected;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use saml::response::{Asked, Login, ReceivedResponse};
use session::{Budget, Spent};

use crate::visit::Visit;

thread_local! {
    static BUDGET: RefCell<Budget> = RefCell::default();
}

/// What costs nothing: found out before any private key is used. All people of an office whose IdP is
/// set up wrongly shall read what is wrong. What an IdP has signed and somebody sends again is not free:
/// it would be as often as they like.
const FREE: [&Reason; 5] = [
    &reason::DESTINATION_MISMATCH,
    &reason::RESPONSE_UNSIGNED,
    &reason::ENCRYPTION_STRUCTURE,
    &reason::ENCRYPTION_ALGORITHM,
    &reason::ENCRYPTION_CBC_UNSIGNED,
];

/// Accepts a Response within the client's budget, of which only what may have been decrypted in vain is
/// paid.
///
/// # Errors
/// As [`ReceivedResponse::accept`], or `decryption_limit` before anything is decrypted.
pub(crate) fn accept(
    visit: &Visit,
    response: ReceivedResponse,
    expected: &Expected<'_>,
    asked: Option<Asked<'_>>,
) -> Result<Login, Refusal> {
    if expected.decryption_keys.is_empty() || !response.is_unvouched_ciphertext() {
        return response.accept(expected, asked);
    }
    let (client, now) = (visit.client, visit.server.monotonic());
    BUDGET.with_borrow_mut(|budget| budget.take(client, now)).map_err(limit)?;
    let outcome = response.accept(expected, asked);
    let is_free = match &outcome {
        Ok(_) => true,
        Err(refusal) => FREE.contains(&refusal.reason()),
    };
    if is_free {
        BUDGET.with_borrow_mut(|budget| budget.give_back(client));
    }
    outcome
}

fn limit(spent: Spent) -> Refusal {
    let whose = match spent {
        Spent::Client => "this client has sent",
        Spent::Worker => "this worker has got",
    };
    let detail = format!(
        "{whose} so many encrypted Assertions in a row that do not decrypt or verify, in Responses \
         that are not signed, that no more are tried for now"
    );
    Refusal::new(&reason::DECRYPTION_LIMIT, detail)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use clock::{Monotonic, Msec, UnixTime};
    use http::Head;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use pages::Circumstances;
    use saml::instant;
    use saml::provider::{Idp, Policy};
    use saml::receive::{Received, receive};
    use session::Client;
    use xmldoc::{DecryptionKey, Limits, SigningKey};

    use super::*;
    use crate::event::Event;
    use crate::test_idps::current;
    use crate::test_sp::NOW;
    use crate::visit::{Server, Wish};

    const ACS: &str = "https://app.example.com/saml/acs";
    const IDP: &str = "https://one.example";

    /// What one client may ask for in a row in vain.
    const OF_CLIENT: usize = 20;
    /// What all may, in one worker.
    const OF_WORKER: usize = 100;

    /// Only its clock counts.
    struct Clock(Cell<Monotonic>);

    impl Server for Clock {
        fn grant(&self, _: Wish) {}

        fn now(&self) -> UnixTime {
            NOW
        }

        fn monotonic(&self) -> Monotonic {
            self.0.get()
        }

        fn tell(&self, _: &Event<'_>) {}

        fn keeps_records(&self) -> bool {
            false
        }

        fn note(&self, _: &str) {}

        fn warn(&self, _: &str) {}
    }

    struct Worker {
        clock: Rc<Clock>,
        keys: Vec<DecryptionKey>,
        idp: Idp,
    }

    impl Worker {
        fn new() -> Self {
            let pem = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
            let key = SigningKey::from_pem(&pem.private_key_to_pem_pkcs8().unwrap(), None).unwrap();
            let provider = Rc::into_inner(current(IDP).provider).unwrap();
            let policy = Policy { allow_unsolicited: true, ..Policy::default() };
            Self {
                clock: Rc::new(Clock(Cell::new(Monotonic::from_msec(1_000_000)))),
                keys: DecryptionKey::of(&key).into_iter().collect(),
                idp: Idp { policy, ..provider },
            }
        }

        fn wait(&self, span: Msec) {
            self.clock.0.set(self.clock.0.get() + span);
        }

        /// Why the Response is refused that the client at the address 192.0.2.`last` sends.
        fn refuse(&self, last: u8, xml: &str) -> &'static str {
            let visit = Visit {
                head: Head::new("POST", ""),
                address: None,
                client: Client::of(Some([192, 0, 2, last].into())),
                now: NOW,
                variables: Vec::new(),
                circumstances: Rc::new(Circumstances::new(String::new)),
                server: Rc::clone(&self.clock) as Rc<dyn Server>,
            };
            let Received::Response(response) = receive(xml.as_bytes(), &Limits::default()).unwrap()
            else {
                panic!("no Response")
            };
            let expected = Expected {
                url: ACS,
                sp_entity_id: "https://app.example.com/saml/metadata",
                idp: &self.idp,
                decryption_keys: &self.keys,
                now: NOW,
            };
            accept(&visit, response, &expected, None).unwrap_err().code()
        }

        /// How often the Response is looked at before the limit is reached.
        fn tries(&self, last: u8, xml: &str) -> usize {
            (0..=OF_WORKER).take_while(|_| self.refuse(last, xml) != "decryption_limit").count()
        }
    }

    /// An unsigned Response whose Assertion is encrypted for nobody.
    fn in_vain() -> String {
        response(ACS, "http://www.w3.org/2009/xmlenc11#aes256-gcm")
    }

    fn response(destination: &str, cipher: &str) -> String {
        let now = instant::format(NOW);
        // As long as what the key would have made, so that it is tried.
        let wrapped = "A".repeat(342) + "==";
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" Version=\"2.0\" \
             IssueInstant=\"{now}\" Destination=\"{destination}\">\
             <saml:Issuer>{IDP}</saml:Issuer><samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
             <saml:EncryptedAssertion><xenc:EncryptedData \
             xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
             <xenc:EncryptionMethod Algorithm=\"{cipher}\"/>\
             <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
             <xenc:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/><xenc:CipherData>\
             <xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>\
             </xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{wrapped}\
             </xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>\
             </saml:EncryptedAssertion></samlp:Response>"
        )
    }

    #[test]
    fn a_client_asks_for_so_many_in_a_row_and_then_one_a_second() {
        let worker = Worker::new();
        assert_eq!(worker.refuse(1, &in_vain()), "decryption_failed");
        assert_eq!(worker.tries(1, &in_vain()), OF_CLIENT - 1);
        assert_eq!(worker.tries(2, &in_vain()), OF_CLIENT, "another has its own");
        worker.wait(Msec(3000));
        assert_eq!(worker.tries(1, &in_vain()), 3);
    }

    #[test]
    fn all_together_ask_for_so_many_of_one_worker() {
        let worker = Worker::new();
        let all: usize = (0..10).map(|last| worker.tries(last, &in_vain())).sum();
        assert_eq!(all, OF_WORKER);
    }

    #[test]
    fn what_is_found_out_without_a_key_costs_nothing() {
        let worker = Worker::new();
        let (elsewhere, unknown) =
            (response("https://elsewhere.example/", "urn:x"), response(ACS, "urn:x"));
        for (xml, code) in
            [(&elsewhere, "destination_mismatch"), (&unknown, "encryption_algorithm")]
        {
            for _ in 0..=OF_WORKER {
                assert_eq!(worker.refuse(1, xml), code);
            }
        }
        assert_eq!(worker.tries(1, &in_vain()), OF_CLIENT);
    }

    #[test]
    fn who_has_no_key_tries_none() {
        let worker = Worker { keys: Vec::new(), ..Worker::new() };
        assert_eq!(worker.tries(1, &in_vain()), OF_WORKER + 1);
    }
}
