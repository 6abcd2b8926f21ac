//! A refusal as people and programs see it.

use http::{Headers, accepts_html, browser, content_type, languages};
use saml::binding::{does_ecp, is_paos, is_soap, soap_fault};
use saml::metadata::{ErrorCode, Trouble};
use saml::reason;
use saml::refusal::Refusal;

use crate::circumstances::{About, Circumstances, SignInService};
use crate::page::Page;
use crate::reply::Reply;
use crate::{json, sessions_page, sign_in, sign_out};

/// Seconds after which it is worth trying again what failed here.
const RETRY_AFTER: u32 = 10;

/// What the location that refuses is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// For a request whose message does not say.
    pub about: About,
    /// Does it speak SOAP with who speaks it?
    pub takes_soap: bool,
    /// Where a login begins when nothing better is known.
    pub start_again: String,
}

/// That of a page.
impl Default for Purpose {
    fn default() -> Self {
        Self { about: About::SignIn, takes_soap: false, start_again: "/".to_owned() }
    }
}

/// The answer to a refused request: a SOAP Fault, a page or JSON, as it can be read by who sent
/// `headers`; only programs do PAOS. It tells the code and the sentence, never what disagrees.
pub fn refused(
    refusal: &Refusal,
    circumstances: &Circumstances,
    purpose: &Purpose,
    headers: &impl Headers,
) -> Reply {
    let status = refusal.status();
    let reply = if purpose.takes_soap && is_soap(content_type(headers)) {
        // Bindings 3.2.3.3: a fault goes with a status of the server's.
        Reply::soap(status.max(500), soap_fault(refusal))
    } else if wants_page(circumstances.about.get().unwrap_or(purpose.about), headers) {
        Reply::html(status, page(refusal, circumstances, purpose, headers))
    } else {
        Reply::json(status, json::refusal(refusal.code(), circumstances.request_id(), None))
    };
    let reply = match (status, circumstances.allow.borrow().as_ref()) {
        (405, Some(methods)) => reply.with_header("Allow", methods.clone()),
        (503, _) => reply.with_header("Retry-After", RETRY_AFTER.to_string()),
        _ => reply,
    };
    reply.replaceable()
}

/// Operators are programs unless they go there in a browser.
fn wants_page(about: About, headers: &impl Headers) -> bool {
    match about {
        About::Operate => browser::navigates(headers),
        About::SignIn | About::SignOut => accepts_html(headers) && !does_paos(headers),
    }
}

/// Is it a program, whatever its `Accept` has besides?
fn does_paos(headers: &impl Headers) -> bool {
    is_paos(content_type(headers)) || does_ecp(headers)
}

/// The refusal for people, by what they were about to do.
fn page(
    refusal: &Refusal,
    circumstances: &Circumstances,
    purpose: &Purpose,
    headers: &impl Headers,
) -> Page {
    let (code, request_id) = (refusal.code(), circumstances.request_id());
    let start_again = circumstances.start_again.borrow();
    let start_again = start_again.as_deref().unwrap_or(&purpose.start_again);
    let resumption = circumstances.resumption.borrow();
    let resumption = resumption.as_deref();
    let is = |reason| refusal.reason() == reason;
    match circumstances.about.get().unwrap_or(purpose.about) {
        About::SignIn if refusal.status() == 503 => {
            sign_in::unavailable(code, request_id, start_again, resumption, RETRY_AFTER)
        }
        About::SignIn => {
            let service = circumstances.sign_in_service.borrow();
            let service = service.as_ref();
            let name = service.and_then(|service| service.ui.name(&languages(headers)));
            sign_in::refused(&sign_in::Refused {
                code,
                request_id,
                start_again,
                resumption,
                idp: name.map(|named| named.name.text.as_str()),
                error_url: service.and_then(|service| error_url(service, refusal, request_id)),
                verdict: circumstances.verdict.get().filter(|_| is(&reason::STATUS_NOT_SUCCESS)),
                words: refusal.words(),
            })
        }
        About::SignOut if is(&reason::LOGOUT_CROSS_SITE) => sign_out::confirm(code, request_id),
        About::SignOut if is(&reason::MESSAGE_MISSING) => sign_out::none(code, request_id),
        About::SignOut => sign_out::refused(code, request_id),
        About::Operate => sessions_page::refused(code, request_id),
    }
}

/// Where the IdP says what to do about it, when it is the IdP's to mend.
fn error_url(service: &SignInService, refusal: &Refusal, request_id: &str) -> Option<String> {
    let SignInService { ui, sp_entity_id, now } = service;
    let (error_url, code) = (ui.error_url.as_ref()?, ErrorCode::of(refusal.reason())?);
    let context = refusal.code();
    Some(error_url.filled(&Trouble { code, context, sp_entity_id, request_id, now: *now }))
}

#[cfg(test)]
mod tests {
    use http::Head;
    use saml::reason::{REASONS, Reason};

    use super::*;
    use crate::reader::tests::{NOW, title};
    use crate::{Look, Reader};

    fn circumstances() -> Circumstances {
        Circumstances::new(|| "_f00".to_owned())
    }

    fn endpoint(about: About) -> Purpose {
        Purpose { about, takes_soap: true, start_again: "https://a.example/in".to_owned() }
    }

    fn browser() -> Head {
        Head::new("GET", "").with("Accept", "text/html")
    }

    fn program() -> Head {
        Head::new("GET", "").with("Accept", "application/json")
    }

    fn soap() -> Head {
        Head::new("POST", "").with("Content-Type", "text/xml").with("Accept", "text/xml")
    }

    fn refuse(
        reason: &'static Reason,
        circumstances: &Circumstances,
        purpose: &Purpose,
        head: &Head,
    ) -> Reply {
        refused(&Refusal::new(reason, "the detail"), circumstances, purpose, head)
    }

    fn body(reply: &Reply) -> (&'static str, String) {
        let (look, warn) = (Look::default(), |fault: &str| panic!("{fault}"));
        let reader = Reader { look: &look, languages: Vec::new(), now: NOW, warn: &warn };
        let body = reply.body(&reader).unwrap();
        (body.content_type, body.text.clone())
    }

    fn text(reply: &Reply) -> String {
        body(reply).1
    }

    fn content_type_of(reply: &Reply) -> &'static str {
        body(reply).0
    }

    fn title_of(reply: &Reply) -> String {
        title(&text(reply)).to_owned()
    }

    #[test]
    fn an_operator_gets_json_unless_they_go_there_in_a_browser() {
        let purpose = Purpose { about: About::Operate, ..Purpose::default() };
        let answer = |head: &Head| refuse(&reason::ORDER_INVALID, &circumstances(), &purpose, head);
        assert_eq!(content_type_of(&answer(&Head::new("POST", ""))), "application/json");
        let page = answer(&browser());
        assert_eq!(content_type_of(&page), "text/html");
        assert_eq!(title_of(&page), "Nothing was done");
    }

    #[test]
    fn every_refusal_says_code_sentence_and_id_and_no_detail() {
        for reason in REASONS {
            let page = refuse(reason, &circumstances(), &Purpose::default(), &browser());
            assert_eq!((page.status(), content_type_of(&page)), (reason.status(), "text/html"));
            let sentence = reason.meaning().replace('\'', "&#39;");
            for part in [reason.code(), &sentence, "_f00"] {
                assert!(text(&page).contains(part), "{reason}: {part}");
            }
            assert!(!text(&page).contains("detail") && page.may_be_replaced(), "{reason}");
        }
    }

    #[test]
    fn programs_get_json() {
        let reply =
            refuse(&reason::LOGINS_TOO_MANY, &circumstances(), &Purpose::default(), &program());
        assert_eq!((reply.status(), content_type_of(&reply)), (429, "application/json"));
        assert_eq!(text(&reply), "{\"error\":\"logins_too_many\",\"request_id\":\"_f00\"}\n");
    }

    #[test]
    fn a_soap_fault_is_an_error_of_the_server_whoever_is_to_blame() {
        for reason in REASONS {
            let reply = refuse(reason, &circumstances(), &endpoint(About::SignOut), &soap());
            assert_eq!(reply.status(), reason.status().max(500), "{reason}");
            assert_eq!(content_type_of(&reply), "text/xml");
            let fault = soap_fault(&Refusal::new(reason, "another detail"));
            assert_eq!(text(&reply), fault, "{reason}");
        }
    }

    #[test]
    fn where_nobody_speaks_soap_there_is_no_fault() {
        let reply = refuse(&reason::STORE_FULL, &circumstances(), &Purpose::default(), &soap());
        assert_eq!(content_type_of(&reply), "application/json");
        let form = browser().with("Content-Type", "application/x-www-form-urlencoded");
        let reply = refuse(&reason::STORE_FULL, &circumstances(), &endpoint(About::SignIn), &form);
        assert_eq!(content_type_of(&reply), "text/html");
    }

    #[test]
    fn who_does_paos_is_a_program_whatever_else_it_reads() {
        let type_for = |head: Head| {
            let head = head.with("Accept", "text/html, application/vnd.paos+xml");
            let reply = refuse(&reason::UNSOLICITED, &circumstances(), &Purpose::default(), &head);
            content_type_of(&reply).to_owned()
        };
        let paos =
            "ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"";
        let posted = Head::new("POST", "").with("Content-Type", "application/vnd.paos+xml");
        assert_eq!(type_for(posted), "application/json");
        assert_eq!(type_for(Head::new("GET", "").with("PAOS", paos)), "application/json");
        assert_eq!(type_for(Head::new("GET", "")), "text/html");
    }

    #[test]
    fn what_may_mend_itself_says_when() {
        for reason in REASONS {
            for head in [browser(), program(), soap()] {
                let reply = refuse(reason, &circumstances(), &endpoint(About::SignIn), &head);
                let retry = reply.headers().iter().find(|(name, _)| *name == "Retry-After");
                let expected = (reason.status() == 503).then_some("10");
                assert_eq!(retry.map(|(_, value)| value.as_str()), expected, "{reason}");
            }
        }
    }

    #[test]
    fn a_login_starts_again_where_the_person_wanted_to_go() {
        let link = |reply: &Reply| {
            let text = text(reply);
            let (before, _) = text.split_once("\">Start again").unwrap();
            before.rsplit_once('"').unwrap().1.to_owned()
        };
        let (known, reason) = (circumstances(), &reason::AUDIENCE_MISMATCH);
        let page = refuse(reason, &known, &Purpose::default(), &browser());
        assert_eq!((title_of(&page).as_str(), link(&page).as_str()), ("Sign-in did not work", "/"));
        let page = refuse(reason, &known, &endpoint(About::SignIn), &browser());
        assert_eq!(link(&page), "https://a.example/in");
        known.start_again.replace(Some("https://a.example/b?c&d".to_owned()));
        let page = refuse(reason, &known, &endpoint(About::SignIn), &browser());
        assert_eq!(link(&page), "https://a.example/b?c&amp;d");
        assert!(!text(&page).contains("http-equiv"));
        known.resumption.replace(Some("https://a.example/acs?r=1".to_owned()));
        let page = refuse(reason, &known, &endpoint(About::SignIn), &browser());
        assert!(text(&page).contains("content=\"1;url=https://a.example/acs?r=1\""));
    }

    #[test]
    fn the_message_says_what_it_is_about_before_the_location_does() {
        let known = circumstances();
        let page =
            refuse(&reason::AUDIENCE_MISMATCH, &known, &endpoint(About::SignOut), &browser());
        assert_eq!(title_of(&page).as_str(), "Sign-out did not work");
        known.about.set(Some(About::SignIn));
        let page =
            refuse(&reason::AUDIENCE_MISMATCH, &known, &endpoint(About::SignOut), &browser());
        assert_eq!(title_of(&page).as_str(), "Sign-in did not work");
        known.about.set(Some(About::SignOut));
        let page = refuse(&reason::AUDIENCE_MISMATCH, &known, &endpoint(About::SignIn), &browser());
        assert_eq!(title_of(&page).as_str(), "Sign-out did not work");
    }

    #[test]
    fn two_refusals_of_a_logout_are_none_to_the_person() {
        let page = |reason, about| refuse(reason, &circumstances(), &endpoint(about), &browser());
        let asks = page(&reason::LOGOUT_CROSS_SITE, About::SignOut);
        assert_eq!((asks.status(), title_of(&asks).as_str()), (403, "Do you want to sign out?"));
        let none = page(&reason::MESSAGE_MISSING, About::SignOut);
        assert_eq!((none.status(), title_of(&none).as_str()), (400, "No sign-out to tell of"));
        let login = page(&reason::MESSAGE_MISSING, About::SignIn);
        assert_eq!(title_of(&login).as_str(), "Sign-in did not work");
    }
}
