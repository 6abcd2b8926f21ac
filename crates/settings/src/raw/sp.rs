//! `saml_sp NAME { … }`.

use clock::Seconds;
use http::HttpUrl;
use session::SameSite;
use sp::Discovery;

use super::{DAY, HOUR, RawPolicy, YEAR};
use crate::directives::directives;
use crate::line::Line;
use crate::name_id_format;
use crate::place::Place;

directives! {
    /// The lines of a `saml_sp`.
    pub struct RawSp {
        /// What the block is called.
        pub name: String,
        /// Where it begins.
        pub place: Place,
        /// Defaults for its IdPs.
        pub policy: RawPolicy,
    }

    once entity_id: String = "entity_id", Line::text;
    /// The main one first.
    once base_url: Vec<String> = "base_url" [1..], Line::words;
    each certificate: String = "certificate", Line::text;
    each certificate_key: String = "certificate_key", Line::text;
    once certificate_key_password_file: String = "certificate_key_password_file", Line::text;
    each idp: String = "idp", Line::text;
    once discovery: Discovery = "discovery", discovery;
    once session_store: String = "session_store", Line::text;
    once session_lifetime: Seconds = "session_lifetime", |line| line.seconds(Seconds(1), YEAR);
    once session_address: bool = "session_address", Line::flag;
    once session_idle_timeout: Option<Seconds> = "session_idle_timeout",
        |line| line.seconds_or_off(Seconds(1), YEAR);
    once cookie_name: String = "cookie_name", Line::text;
    once cookie_domain: String = "cookie_domain", Line::text;
    once cookie_path: String = "cookie_path", Line::text;
    once cookie_same_site: SameSite = "cookie_same_site", |line| {
        use SameSite::{Lax, None, Strict};
        line.choice(&[("lax", Lax), ("strict", Strict), ("none", None)])
    };
    once cookie_partitioned: bool = "cookie_partitioned", Line::flag;
    /// The alias, the names, and what becomes of the values.
    each attribute: Vec<String> = "attribute" [2..], Line::words;
    once attribute_separator: String = "attribute_separator", Line::text;
    once attribute_filter: bool = "attribute_filter", Line::flag;
    /// Names, `all` or `none`.
    once session_attributes: Vec<String> = "session_attributes" [1..], Line::words;
    /// Is a login refused then?
    once on_group_overage: bool = "on_group_overage",
        |line| line.choice(&[("refuse", true), ("allow", false)]);
    once user: Vec<String> = "user" [1..], Line::words;
    each return_hosts: Vec<String> = "return_hosts" [1..], Line::words;
    once login_redirect: String = "login_redirect", Line::text;
    once logout_redirect: String = "logout_redirect", Line::text;
    once logout_notify: String = "logout_notify", Line::text;
    once page_dir: String = "page_dir", Line::text;
    once page_logo: String = "page_logo", Line::text;
    each organization: Vec<String> = "organization" [3..=4], Line::words;
    each contact: Vec<String> = "contact" [2..=8], Line::words;
    each attribute_service: Vec<String> = "attribute_service" [2..=5], Line::words;
    each requested_attribute: Vec<String> = "requested_attribute" [1..=4], Line::words;
    /// The kind and its values.
    each ui_info: Vec<String> = "ui_info" [2..], Line::words;
    /// The name and the values.
    each entity_attribute: Vec<String> = "entity_attribute" [2..], Line::words;
    /// The file, and where it goes.
    each metadata_extensions: Vec<String> = "metadata_extensions" [1..=2], Line::words;
    words metadata_name_id_formats: String = "metadata_name_id_formats" [1..],
        |name| name_id_format::uri("metadata_name_id_formats", name);
    once metadata_valid: Option<Seconds> = "metadata_valid",
        |line| line.seconds_or_off(HOUR, YEAR);
    once sign_metadata: bool = "sign_metadata", Line::flag;
    once offer_simple_sign: bool = "offer_simple_sign", Line::flag;
    once keep_fragment: bool = "keep_fragment", Line::flag;
    /// Files; the first key signs.
    words jwt_key: String = "jwt_key" [1..], file;
    once jwt_issuer: String = "jwt_issuer", Line::text;
    once jwt_lifetime: Seconds = "jwt_lifetime", |line| line.seconds(Seconds(10), HOUR);
    /// Bytes.
    once jwt_max_size: usize = "jwt_max_size", |line| line.size(1 << 10, 64 << 10);
    /// The claim, its attribute and its type.
    each jwt_claim: Vec<String> = "jwt_claim" [2..=3], Line::words;
    once jwt_name_id: bool = "jwt_name_id", Line::flag;
    once passive_retry: Seconds = "passive_retry", |line| line.seconds(Seconds(10), YEAR);
    once request_lifetime: Seconds = "request_lifetime", |line| line.seconds(Seconds(5), DAY);
    /// Bytes.
    once max_message_size: usize = "max_message_size", |line| line.size(16 << 10, 16 << 20);
}

fn file(name: &str) -> Result<String, String> {
    match name {
        "" => Err("\"jwt_key\" must not be empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// `off`, `builtin`, or the URL of a discovery service.
fn discovery(line: &Line<'_>) -> Result<Discovery, String> {
    match line.arg() {
        "off" => Ok(Discovery::Off),
        "builtin" => Ok(Discovery::Builtin),
        url if HttpUrl::parse(url).is_some() && !url.contains('#') => {
            Ok(Discovery::Service(url.to_owned()))
        }
        other => Err(format!(
            "invalid value \"{other}\" in \"discovery\" directive, it must be \"off\" or \"builtin\" or the URL \
             of a discovery service"
        )),
    }
}
