//! What is signed for applications: by which keys, and what the lines say of it.

use clock::Seconds;
use session::AttributeName;
use sp::{ClaimForm, JwtClaim, JwtIssuer};

use crate::http::{GOOD, Http, Site, make};

fn issuer(http: &Http) -> &JwtIssuer {
    http.sp().jwt_issuer.as_ref().unwrap()
}

/// The algorithms of the published keys, in order.
fn algorithms(http: &Http) -> Vec<String> {
    let keys = issuer(http).keys.to_json();
    keys.split("\"alg\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().into()).collect()
}

#[test]
fn without_lines_the_keys_of_the_sp_sign() {
    let http = Site::with("sp", "certificate ec.crt; certificate_key ec.key;").made();
    let issuer = issuer(&http);
    assert_eq!(algorithms(&http), ["RS256", "ES256"]);
    assert_eq!(issuer.issuer, "https://app.example.com/saml/metadata");
    assert_eq!((issuer.lifetime, issuer.max_size), (Seconds(60), 4096));
    assert!(issuer.claims.is_empty() && !issuer.name_id);
    assert!(http.location("/").jwt_audience.is_empty());
}

#[test]
fn an_sp_without_keys_signs_nothing() {
    let text = "saml_idp corp { metadata idp.xml; }
        saml_sp app { base_url https://app.example.com; entity_id a; idp corp; }
        server { location = /acs { saml_acs app; } location / { auth_saml app; } }";
    let http = make(text).unwrap_or_else(|mistake| panic!("{mistake}"));
    assert!(http.sp().jwt_issuer.is_none());
}

#[test]
fn keys_of_their_own_stand_for_those_of_the_sp() {
    let mut site = Site::with("sp", "jwt_key ed25519.key locked.key; jwt_key ec.key;");
    site.add("sp", "certificate_key_password_file passwords;");
    assert_eq!(algorithms(&site.made()), ["EdDSA", "RS256", "ES256"]);
}

#[test]
fn lines_say_what_a_token_says() {
    let mut site = Site::with("sp", "jwt_issuer https://sso.example.com; jwt_lifetime 5m;");
    site.add("sp", "jwt_max_size 8k; jwt_name_id on; jwt_claim email Mail;");
    site.add("sp", "jwt_claim groups urn:oid:1.3.6 array; jwt_claim name cn string;");
    let http = site.made();
    let issuer = issuer(&http);
    assert_eq!(issuer.issuer, "https://sso.example.com");
    assert_eq!((issuer.lifetime, issuer.max_size), (Seconds(300), 8192));
    assert!(issuer.name_id);
    let claim = |name: &str, attribute: &str, form| JwtClaim {
        name: name.to_owned(),
        attribute: AttributeName::new(attribute),
        form,
    };
    assert_eq!(
        issuer.claims,
        [
            claim("email", "mail", ClaimForm::Text),
            claim("groups", "urn_oid_1_3_6", ClaimForm::Array),
            claim("name", "cn", ClaimForm::Text),
        ]
    );
}

#[test]
fn the_audience_is_inherited_also_where_nothing_is_protected() {
    let mut site = GOOD;
    site.add("http", "auth_saml_jwt_audience outer;");
    site.add("location", "auth_saml_jwt_audience one https://two.example.com;");
    site.add("server", "location @app { }");
    let http = site.made();
    assert_eq!(*http.location("/").jwt_audience, ["one", "https://two.example.com"]);
    assert_eq!(*http.location("@app").jwt_audience, ["outer"]);
    assert!(http.location("@app").protection.is_none());
}
