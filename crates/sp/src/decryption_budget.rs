//! Private key operations that strangers ask for: bounded for each client, and in this worker.

use std::cell::RefCell;
use std::sync::Arc;

use saml::message::Expected;
use saml::provider::Idp;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use saml::response::{Login, ReceivedResponse};
use session::{Budget, Spent};

use crate::sp::Sp;
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
pub(crate) async fn accept<S>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Arc<Idp>,
    response: ReceivedResponse,
    accept: impl FnOnce(ReceivedResponse, &Expected<'_>) -> Result<Login, Refusal> + Send + 'static,
) -> Result<Login, Refusal> {
    let is_bounded = !sp.decryption_keys.is_empty() && response.is_unvouched_ciphertext();
    let (client, now) = (visit.client, visit.server.monotonic());
    if is_bounded {
        BUDGET.with_borrow_mut(|budget| budget.take(client, now)).map_err(limit)?;
    }
    let is_slow = sp.decrypts_slowly(response.holds_ciphertext());
    // A Response that was fetched is younger than the visit.
    let (url, now) = (sp.endpoints.acs(), visit.server.now());
    let accept = move |expected: &Expected<'_>| accept(response, expected);
    let outcome = sp.judge(visit, idp, url, now, is_slow, accept).await;
    if !is_bounded {
        return outcome;
    }
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
    use std::rc::Rc;

    use clock::Msec;
    use futures_util::FutureExt;
    use http::Head;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use pages::Circumstances;
    use saml::instant;
    use saml::provider::Policy;
    use saml::receive::{Received, receive};
    use session::Client;
    use xmldoc::{DecryptionKey, Limits, SigningKey};

    use super::*;
    use crate::test_idps::current;
    use crate::test_sp::{Clock, Closed, NOW, sp};
    use crate::visit::Server;

    const ACS: &str = "https://app.example.com/saml/acs";
    const IDP: &str = "https://one.example";

    /// What one client may ask for in a row in vain.
    const OF_CLIENT: usize = 20;
    /// What all may, in one worker.
    const OF_WORKER: usize = 100;

    struct Worker {
        clock: Rc<Clock>,
        sp: Sp<Closed>,
        idp: Arc<Idp>,
    }

    impl Worker {
        fn new() -> Self {
            let pem = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
            let key = SigningKey::from_pem(&pem.private_key_to_pem_pkcs8().unwrap(), None).unwrap();
            let provider = Arc::into_inner(current(IDP).provider).unwrap();
            let policy = Policy { allow_unsolicited: true, ..Policy::default() };
            Self {
                clock: Rc::default(),
                sp: Sp { decryption_keys: DecryptionKey::of(&key).into_iter().collect(), ..sp() },
                idp: Arc::new(Idp { policy, ..provider }),
            }
        }

        fn wait(&self, span: Msec) {
            self.clock.now.set(self.clock.now.get() + span);
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
            let judge = |it: ReceivedResponse, expected: &Expected<'_>| it.accept(expected, None);
            let judged = accept(&visit, &self.sp, &self.idp, response, judge).now_or_never();
            judged.unwrap().unwrap_err().code()
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
        let worker = Worker { sp: sp(), ..Worker::new() };
        assert_eq!(worker.tries(1, &in_vain()), OF_WORKER + 1);
    }
}
