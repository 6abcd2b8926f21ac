//! What somebody gets who has a session, and whom the rules of a location do not let in.

use clock::UnixTime;
use http::{Headers, accepts_html, cors};
use pages::{Forbidden, Reply, forbidden, json};
use saml::metadata::Trouble;

use crate::challenge::{Challenge, Method};
use crate::endpoint_kind::EndpointKind;
use crate::rules::Unmet;
use crate::session_store::SessionStore;

impl<S: SessionStore, H: Headers> Challenge<'_, S, H> {
    /// The answer to who does not keep a rule. No login begins: it would come back here. It tells what is missing
    /// by the rule's label alone, and never a value.
    pub fn deny(&self, unmet: &Unmet, now: UnixTime) -> Reply {
        let (refusal, line) = (unmet.refusal(), &unmet.line);
        let request_id = self.circumstances.request_id();
        let label = line.label.as_deref();
        let reply = if accepts_html(self.head) {
            let page = forbidden(&Forbidden {
                code: refusal.code(),
                request_id,
                missing: label,
                sign_in: self.as_somebody_else().as_deref(),
                sign_out: self.protection.sp.endpoints.get(EndpointKind::Logout),
                error_url: self.error_url(unmet, now).as_deref(),
            });
            Reply::html(line.status, page)
        } else {
            Reply::json(line.status, json::requirement(refusal.code(), request_id, label))
        };
        let reply = match line.status {
            401 => reply.with_header("WWW-Authenticate", self.realm()),
            _ => reply,
        };
        let sharing = cors::sharing(self.head, &self.protection.cors_origins).unwrap_or_default();
        reply.with_headers(sharing).because(refusal).replaceable()
    }

    /// Where the IdP helps who lacks an attribute, or a value of it.
    fn error_url(&self, unmet: &Unmet, now: UnixTime) -> Option<String> {
        let (lack, sp) = (unmet.lack()?, &self.protection.sp);
        let ui = sp.idps.called(&lack.entity_id)?.ui();
        Some(ui.error_url.as_ref()?.filled(&Trouble {
            code: lack.code,
            // No attribute's name: the rule is the SP's own business, unless it says what people may read.
            context: unmet.line.label.as_deref().unwrap_or_else(|| unmet.refusal().code()),
            sp_entity_id: &sp.entity_id,
            request_id: self.circumstances.request_id(),
            now,
        }))
    }

    /// A login by other credentials; at another IdP, where the location lets people choose.
    fn as_somebody_else(&self) -> Option<String> {
        let page = (self.method == Method::Get).then(|| self.wanted_page());
        let url =
            |kind| self.protection.login_url_at(kind, self.idp.as_deref(), true, page.as_deref());
        let may_choose = self.idp.is_none() && self.protection.sp.idps.is_choice();
        let chosen = may_choose.then(|| url(EndpointKind::Discovery)).flatten();
        chosen.or_else(|| url(EndpointKind::Login))
    }
}
