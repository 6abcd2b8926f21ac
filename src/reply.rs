//! What a handler answers.

use nginx_sys::{
    NGX_ERROR, NGX_HTTP_OK, NGX_OK, ngx_chain_t, ngx_http_discard_request_body,
    ngx_http_output_filter, ngx_http_send_header, ngx_int_t, ngx_str_t,
};
use ngx::core::Buffer;
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use ngx::ngx_string;
use saml::refusal::Refusal;

use crate::refuse;
use crate::response_header;

/// An answer: status, headers, and a body of our own or nginx's.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
    /// What went wrong, for the log; the answer itself says less or more.
    refusal: Option<Refusal>,
    /// Leave the page to nginx when the administrator has an `error_page` for the status.
    may_be_replaced: bool,
}

#[derive(Debug)]
struct Body {
    content_type: &'static str,
    /// Headers that speak of this body and would hurt another.
    headers: Vec<(&'static str, String)>,
    text: String,
}

impl Reply {
    fn new(status: u16) -> Self {
        let headers = vec![("Cache-Control", "no-store".to_owned())];
        Self { status, headers, body: None, refusal: None, may_be_replaced: false }
    }

    /// A redirect to an absolute URL: 302, or 303 after a POST.
    pub fn redirect(status: u16, url: String) -> Self {
        Self::new(status).with_header("Location", url)
    }

    /// Nothing but headers.
    pub fn no_content() -> Self {
        Self::new(204)
    }

    /// An HTML page.
    pub fn html(status: u16, html: String) -> Self {
        let policy = ("Content-Security-Policy", pages::content_security_policy());
        Self::of_type(status, "text/html", html, vec![policy])
    }

    /// An HTML page that other sites may show in a frame: an IdP's logout page does.
    pub fn frameable_html(status: u16, html: String) -> Self {
        let policy = ("Content-Security-Policy", pages::frameable_content_security_policy());
        Self::of_type(status, "text/html", html, vec![policy])
    }

    /// A SOAP envelope.
    pub fn soap(status: u16, envelope: String) -> Self {
        Self::of_type(status, "text/xml", envelope, Vec::new())
    }

    /// A JSON object.
    pub fn json(status: u16, json: String) -> Self {
        Self::of_type(status, "application/json", json, Vec::new())
    }

    /// A metadata document.
    pub fn metadata(xml: String) -> Self {
        let inline = ("Content-Disposition", "inline; filename=\"metadata.xml\"".to_owned());
        Self::of_type(200, "application/samlmetadata+xml", xml, vec![inline])
    }

    fn of_type(
        status: u16,
        content_type: &'static str,
        text: String,
        mut headers: Vec<(&'static str, String)>,
    ) -> Self {
        headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
        Self { body: Some(Body { content_type, headers, text }), ..Self::new(status) }
    }

    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn with_headers(mut self, fields: Vec<(&'static str, String)>) -> Self {
        self.headers.extend(fields);
        self
    }

    pub fn with_cookie(self, cookie: String) -> Self {
        self.with_header("Set-Cookie", cookie)
    }

    /// Logs `refusal` along with the answer.
    pub fn because(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// What went wrong, if anything did.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// An `error_page` of the administrator goes before our body.
    pub fn replaceable(mut self) -> Self {
        self.may_be_replaced = true;
        self
    }

    /// Sends it. The value is what a content or access handler returns, so that nginx finalizes.
    pub fn send(self, r: &mut Request) -> ngx_int_t {
        if let Some(refusal) = &self.refusal {
            refuse::note(r, refusal);
        }
        let replaced = self.may_be_replaced && has_error_page(r, self.status);
        let body = self.body.filter(|_| !replaced);
        let of_body = body.as_ref().map(|body| body.headers.as_slice()).unwrap_or_default();
        for (name, value) in self.headers.iter().chain(of_body) {
            if response_header::add(r, name, value).is_none() {
                return NGX_ERROR as ngx_int_t;
            }
        }
        match body {
            Some(body) => send_body(r, self.status, &body),
            None => ngx_int_t::try_from(self.status).unwrap_or(NGX_ERROR as ngx_int_t),
        }
    }
}

fn send_body(r: &mut Request, status: u16, body: &Body) -> ngx_int_t {
    let request = r.as_mut();
    // The answer is final: nobody need send the body that they ask about (RFC 9110 10.1.1).
    request.set_expect_tested(1);
    // SAFETY: r is a live request whose body nobody has read or discarded yet, or has read whole.
    if unsafe { ngx_http_discard_request_body(request) } != NGX_OK as ngx_int_t {
        request.set_keepalive(0);
    }
    let content_type = body.content_type.as_bytes();
    request.headers_out.status = usize::from(status);
    request.headers_out.content_type =
        ngx_str_t { len: content_type.len(), data: content_type.as_ptr().cast_mut() };
    request.headers_out.content_type_len = content_type.len();
    if body.content_type == "text/html" {
        request.headers_out.charset = ngx_string!("utf-8");
    }
    request.headers_out.content_length_n = body.text.len() as i64;
    // SAFETY: r is a live request; all header strings are static or in its pool.
    let rc = unsafe { ngx_http_send_header(request) };
    if rc == NGX_ERROR as ngx_int_t {
        return rc;
    }
    if rc > NGX_OK as ngx_int_t || request.header_only() != 0 {
        return NGX_HTTP_OK as ngx_int_t;
    }
    let Some(mut buffer) = r.pool().create_buffer_from_str(&body.text) else {
        return NGX_ERROR as ngx_int_t;
    };
    buffer.set_last_buf(r.is_main());
    buffer.set_last_in_chain(true);
    let mut chain = ngx_chain_t { buf: buffer.as_ngx_buf_mut(), next: std::ptr::null_mut() };
    // SAFETY: the buffer lives in the request's pool; nginx copies the chain link.
    match unsafe { ngx_http_output_filter(r.as_mut(), &mut chain) } {
        rc if rc == NGX_ERROR as ngx_int_t => rc,
        // Unsent data is in r->out; finalizing with 200 sends the rest.
        _ => NGX_HTTP_OK as ngx_int_t,
    }
}

fn has_error_page(r: &Request, status: u16) -> bool {
    let Some(core) = NgxHttpCoreModule::location_conf(r) else { return false };
    // SAFETY: error_pages is null or an array of ngx_http_err_page_t in the cycle's pool.
    let pages = unsafe { core.error_pages.as_ref() };
    pages.is_some_and(|pages| {
        // SAFETY: as above.
        let pages: &[nginx_sys::ngx_http_err_page_t] = unsafe { pages.as_slice() };
        r.as_ref().uri_changes() != 0
            && r.as_ref().error_page() == 0
            && pages.iter().any(|page| page.status == isize::try_from(status).unwrap_or(0))
    })
}
