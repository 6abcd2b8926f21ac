//! nginx's `error_page` in a location whose status a proxy goes by.

use nginx_sys::{
    NGX_HTTP_OK, NGX_HTTP_SPECIAL_RESPONSE, ngx_conf_t, ngx_http_err_page_t, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule};
use settings::{ConfigError, FORWARD_AUTH, Given, RawLocation};

/// What `=` alone comes to: the status is the page's.
const OF_THE_PAGE: ngx_int_t = 0;
const LETS_IN: std::ops::Range<ngx_int_t> =
    NGX_HTTP_OK as ngx_int_t..NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t;

/// Refuses a page by which whoever is kept out would look as if let in.
pub fn check(cf: &ngx_conf_t, raw: &RawLocation) -> Result<(), ConfigError> {
    let Some(Given { place, .. }) = &raw.forward_auth else { return Ok(()) };
    let Some(core) = NgxHttpCoreModule::location_conf(cf) else { return Ok(()) };
    // SAFETY: error_pages is null or an array of ngx_http_err_page_t, which nginx has merged.
    let pages: &[ngx_http_err_page_t] =
        unsafe { core.error_pages.as_ref().map(|pages| pages.as_slice()).unwrap_or_default() };
    let lies = |page: &&ngx_http_err_page_t| {
        page.overwrite == OF_THE_PAGE || LETS_IN.contains(&page.overwrite)
    };
    let Some(page) = pages.iter().find(lies) else { return Ok(()) };
    let sentence = format!(
        "\"error_page {} =\" gives an answer of \"{FORWARD_AUTH}\" another status, and a proxy lets in whom it gets \
         a 2xx for; leave out the \"=\", or add \"error_page {} /no-page;\" to the location, which then inherits none",
        page.status, page.status
    );
    Err(ConfigError::new(place, sentence))
}
