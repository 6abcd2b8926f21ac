//! TLS of outgoing connections, on nginx's own OpenSSL context.

use std::mem;

use nginx_sys::{
    NGX_OK, NGX_SSL_TLSv1_2, NGX_SSL_TLSv1_3, ngx_conf_t, ngx_ssl_create, ngx_ssl_t, ngx_uint_t,
};
use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslContextBuilder, SslFiletype, SslMode, SslRef, SslVerifyMode};
use openssl::x509::X509VerifyResult;

use super::address::{Address, ip};
use super::connection_error::ConnectionError;

/// What to trust and what to show.
#[derive(Clone, Copy, Default)]
pub struct TlsOptions<'a> {
    /// A file of CA certificates in PEM; `None` = the system's.
    pub trusted_certificate: Option<&'a str>,
    /// Files in PEM with the client's certificate and its chain, and with its key.
    pub certificate: Option<(&'a str, &'a str)>,
    /// The name to ask for and to verify; `None` = the host of each address.
    pub name: Option<&'a str>,
    /// Whoever answers will do: what comes is signed.
    pub is_anybody: bool,
}

/// TLS 1.2 or later towards verified peers. Made while the configuration is read.
pub struct Tls {
    /// nginx keeps pointers to it in the context.
    ssl: Box<ngx_ssl_t>,
    /// Owns `ssl.ctx`.
    _context: SslContext,
    name: Option<String>,
    is_anybody: bool,
}

/// What is said of nobody's certificate.
pub(super) const UNVERIFIED: X509VerifyResult = X509VerifyResult::APPLICATION_VERIFICATION;

impl Tls {
    /// # Errors
    /// A file cannot be used, or OpenSSL fails: in its own words.
    pub fn new(cf: *mut ngx_conf_t, options: &TlsOptions<'_>) -> Result<Self, String> {
        // SAFETY: zeroes are what ngx_ssl_create wants; nginx gave us cf.
        let mut ssl: Box<ngx_ssl_t> = unsafe { Box::new(mem::zeroed()) };
        let protocols = (NGX_SSL_TLSv1_2 | NGX_SSL_TLSv1_3) as ngx_uint_t;
        // SAFETY: as above; the context it makes is ours alone, and the builder now owns it.
        let builder = unsafe {
            ssl.log = (*cf).log;
            if ngx_ssl_create(&mut *ssl, protocols, std::ptr::null_mut()) != NGX_OK as isize {
                return Err("OpenSSL cannot make a context".into());
            }
            SslContextBuilder::from_ptr(ssl.ctx.cast())
        };
        let context = set_up(builder, options).map_err(|e| e.to_string())?;
        Ok(Self {
            ssl,
            _context: context,
            name: options.name.map(str::to_owned),
            is_anybody: options.is_anybody,
        })
    }

    /// For nginx's C functions.
    pub(super) fn as_ptr(&self) -> *mut ngx_ssl_t {
        (&raw const *self.ssl).cast_mut()
    }

    /// What verifying the peer's certificate has come to.
    pub(super) fn verified(&self, ssl: &SslRef) -> X509VerifyResult {
        if self.is_anybody { X509VerifyResult::OK } else { ssl.verify_result() }
    }

    /// Asks for and verifies the name of the peer.
    pub(super) fn expect(
        &self,
        ssl: &mut SslRef,
        address: &Address,
    ) -> Result<(), ConnectionError> {
        let name = self.name.as_deref().unwrap_or_else(|| address.host());
        if name.is_empty() {
            // OpenSSL would verify none.
            return Err(ConnectionError::Certificate("there is no name to verify".into()));
        }
        expect_name(ssl, name).map_err(|_| ConnectionError::Nginx)
    }
}

fn expect_name(ssl: &mut SslRef, name: &str) -> Result<(), ErrorStack> {
    match ip(name) {
        Some(ip) => ssl.param_mut().set_ip(ip),
        None => {
            ssl.set_hostname(name)?;
            ssl.param_mut().set_host(name)
        }
    }
}

fn set_up(
    mut builder: SslContextBuilder,
    options: &TlsOptions<'_>,
) -> Result<SslContext, ErrorStack> {
    let verified = if options.is_anybody { SslVerifyMode::NONE } else { SslVerifyMode::PEER };
    builder.set_verify(verified);
    // What waits to be written moves in memory when more is appended.
    builder.set_mode(SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::ENABLE_PARTIAL_WRITE);
    match options.trusted_certificate {
        Some(file) => builder.set_ca_file(file)?,
        None => builder.set_default_verify_paths()?,
    }
    if let Some((certificate, key)) = options.certificate {
        builder.set_certificate_chain_file(certificate)?;
        builder.set_private_key_file(key, SslFiletype::PEM)?;
        builder.check_private_key()?;
    }
    Ok(builder.build())
}
