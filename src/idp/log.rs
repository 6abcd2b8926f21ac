//! What the log says of metadata that refreshes.

use nginx_sys::{NGX_LOG_ALERT, NGX_LOG_ERR, NGX_LOG_NOTICE, NGX_LOG_WARN};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;

use sp::{Event, What};

use super::renewal::News;
use super::source::Source;
use crate::audit::{self, Values};

/// New metadata has taken its place.
pub(super) fn news(source: &Source, news: &News) {
    let (log, idp) = (ngx_cycle_log().as_ptr(), &source.settings.idp);
    let text = &source.settings.text;
    let changes = if news.changes.is_empty() {
        "nothing that matters has changed".to_owned()
    } else {
        news.changes.join("; ")
    };
    ngx_log_error!(
        NGX_LOG_NOTICE,
        log,
        "saml: saml_idp \"{}\" has new metadata from {}: {}",
        idp,
        text,
        changes
    );
    let what = What::Metadata(&news.changes);
    // Of all SPs that have the block.
    audit::tell(&Event { sp: "", idp, request_id: "", what }, None, &Values::default());
    for warning in &news.warnings {
        ngx_log_error!(NGX_LOG_WARN, log, "saml: saml_idp \"{}\": {}", idp, warning);
    }
}

/// There is a copy, and what was known stays.
pub(super) fn unusable(source: &Source, why: &str) {
    let idp = &source.settings.idp;
    let text = &source.settings.text;
    ngx_log_error!(
        NGX_LOG_ERR,
        ngx_cycle_log().as_ptr(),
        "saml: saml_idp \"{}\" keeps the metadata that it has, the new one from {} cannot be used: {}",
        idp,
        text,
        why
    );
}

/// There is nothing, and what was known stays.
pub(super) fn not_fetched(source: &Source, why: &str) {
    let idp = &source.settings.idp;
    let text = &source.settings.text;
    let state = if source.is_awaited() {
        "nobody can log in there yet"
    } else {
        "it keeps the metadata that it has"
    };
    ngx_log_error!(
        NGX_LOG_ERR,
        ngx_cycle_log().as_ptr(),
        "saml: the metadata of saml_idp \"{}\" cannot be fetched from {}, {}: {} (this line comes once \
         a day)",
        idp,
        text,
        state,
        why
    );
}

/// Reloads with ever other URLs have filled the board.
pub(super) fn no_slot(source: &Source) {
    let idp = &source.settings.idp;
    ngx_log_error!(
        NGX_LOG_ALERT,
        ngx_cycle_log().as_ptr(),
        "saml: the metadata of saml_idp \"{}\" cannot be kept fresh, nginx has had too many other URLs \
         since its start: restart it",
        idp
    );
}
