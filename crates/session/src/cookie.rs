//! Cookies: reading the `Cookie` header, naming and writing `Set-Cookie` (RFC 6265, RFC 6265bis).

use std::fmt::{self, Write};

use clock::Seconds;

/// Name and value of every cookie in the `Cookie` header values, in order of appearance.
///
/// Blanks around names and values and quotes around values are left out; a part with no `=` or no
/// name is skipped. Nothing is decoded.
pub fn cookies<'a, I>(headers: I) -> impl Iterator<Item = (&'a [u8], &'a [u8])>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';')).filter_map(pair)
}

/// The values of the cookies named exactly `name`. There may be several: paths and domains that
/// overlap, or a planted one.
pub fn cookies_named<'a, I>(headers: I, name: &str) -> impl Iterator<Item = &'a [u8]>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    Named::new(headers.into_iter(), name).map(Behind::value)
}

/// The values of the cookies named exactly `name`, as far as they have so many bytes. Whoever uses one looks at what
/// these are: when there is a semicolon, a blank or a quote among them, it may be less of a value.
pub fn cookies_of_len<'a, I, const LEN: usize>(
    headers: I,
    name: &str,
) -> impl Iterator<Item = Option<&'a [u8; LEN]>>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    Named::new(headers.into_iter(), name).map(Behind::of_len)
}

/// All requests are searched for cookies of a name, so that of others only the end is looked for.
struct Named<'a, 'n, I> {
    headers: I,
    /// Of the header that is read.
    rest: &'a [u8],
    /// Not empty, without blanks, `=` and `;`.
    name: &'n [u8],
}

/// What stands behind the `=` of a cookie, with all other cookies behind it.
struct Behind<'a>(&'a [u8]);

impl<'a, 'n, I: Iterator<Item = &'a [u8]>> Named<'a, 'n, I> {
    fn new(headers: I, name: &'n str) -> Self {
        Self { headers, rest: &[], name: name.as_bytes() }
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Iterator for Named<'a, '_, I> {
    type Item = Behind<'a>;

    fn next(&mut self) -> Option<Behind<'a>> {
        loop {
            let next = end(self.rest).and_then(|end| self.rest.get(end + 1..));
            self.rest = match next {
                Some(next) => next,
                None => self.headers.next()?,
            };
            self.rest = self.rest.trim_ascii_start();
            let value = self.rest.strip_prefix(self.name).map(<[u8]>::trim_ascii_start);
            if let Some(value) = value.and_then(|value| value.strip_prefix(b"=")) {
                self.rest = value;
                return Some(Behind(value));
            }
        }
    }
}

impl<'a> Behind<'a> {
    fn value(self) -> &'a [u8] {
        let value = end(self.0).and_then(|end| self.0.get(..end)).unwrap_or(self.0);
        unquoted(value.trim_ascii())
    }

    /// Where it is as long as that, no end need be looked for.
    fn of_len<const LEN: usize>(self) -> Option<&'a [u8; LEN]> {
        match (self.0.first_chunk(), self.0.get(LEN)) {
            (Some(value), None | Some(b';')) => Some(value),
            _ => self.value().try_into().ok(),
        }
    }
}

/// The place of the first semicolon: of many bytes at a time it is first asked whether there is one.
fn end(text: &[u8]) -> Option<usize> {
    let has_none = |bytes: &[u8]| !bytes.iter().fold(false, |found, byte| found | (*byte == b';'));
    let passed = |text: &[u8], step: usize| {
        text.chunks_exact(step).take_while(|bytes| has_none(bytes)).count() * step
    };
    let far = passed(text, 32);
    let near = far + passed(text.get(far..)?, 8);
    let place = text.get(near..)?.iter().position(|byte| *byte == b';')?;
    Some(near + place)
}

/// A `Cookie` header value without the cookies whose name `is_ours`, the rest byte for byte; `None`
/// when there is none of them. What is left may be empty.
pub fn without(header: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let parts = || header.split(|byte| *byte == b';');
    let goes = |part: &[u8]| pair(part).is_some_and(|(name, _)| is_ours(name));
    if !parts().any(goes) {
        return None;
    }
    let mut rest = Vec::with_capacity(header.len());
    let mut is_first = true;
    for (place, part) in parts().enumerate().filter(|(_, part)| !goes(part)) {
        match (is_first, place) {
            (true, 0) => rest.extend_from_slice(part),
            // The blank after the semicolon of a cookie that is gone.
            (true, _) => rest.extend_from_slice(part.trim_ascii_start()),
            (false, _) => {
                rest.push(b';');
                rest.extend_from_slice(part);
            }
        }
        is_first = false;
    }
    Some(rest)
}

fn pair(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = part.iter().position(|byte| *byte == b'=')?;
    let (name, value) = part.split_at_checked(equals)?;
    let name = name.trim_ascii();
    let value = unquoted(value.get(1..)?.trim_ascii());
    (!name.is_empty()).then_some((name, value))
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

/// A cookie's effective name: the configured one with the strongest prefix its attributes allow
/// (RFC 6265bis 4.1.3), so that a neighbouring host or plain http cannot plant it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CookieName(String);

/// Why a configured cookie name cannot be used; `Display` is a sentence for `nginx -t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieNameError {
    /// No character at all.
    Empty,
    /// A character that RFC 6265 4.1.1 does not allow in a name.
    NotAToken,
    /// Begins with `__Host-` or `__Secure-`, which are ours to add.
    Prefixed,
}

const HOST_PREFIX: &str = "__Host-";
const SECURE_PREFIX: &str = "__Secure-";

impl CookieName {
    /// `__Host-` when secure, for the path `/` and without a domain; `__Secure-` when secure;
    /// the configured name alone on plain http.
    ///
    /// # Errors
    /// The name is empty or no token (RFC 6265 4.1.1), or begins with a prefix.
    pub fn new(
        configured: &str,
        secure: bool,
        path: &str,
        domain: Option<&str>,
    ) -> Result<Self, CookieNameError> {
        check_name(configured)?;
        let prefix = match (secure, path, domain) {
            (true, "/", None) => HOST_PREFIX,
            (true, ..) => SECURE_PREFIX,
            (false, ..) => "",
        };
        Ok(Self(format!("{prefix}{configured}")))
    }

    /// With its prefix, as it stands in `Cookie` and `Set-Cookie`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of one of a family of cookies, e.g. one for each login under way. The suffix must
    /// be of name characters, as [`cookie_suffix`](crate::cookie_suffix) gives them.
    pub fn with_suffix(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.0)
    }

    /// The suffix when `name` is of this cookie's family, `None` otherwise.
    pub fn suffix_of<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        name.strip_prefix(self.0.as_bytes())?.strip_prefix(b"_")
    }
}

impl fmt::Display for CookieName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn check_name(name: &str) -> Result<(), CookieNameError> {
    if name.is_empty() {
        return Err(CookieNameError::Empty);
    }
    if !name.bytes().all(is_token_byte) {
        return Err(CookieNameError::NotAToken);
    }
    // Browsers compare the prefixes without regard to case.
    let prefixed = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if prefixed(HOST_PREFIX) || prefixed(SECURE_PREFIX) {
        return Err(CookieNameError::Prefixed);
    }
    Ok(())
}

/// `token` of RFC 2616 2.2, which RFC 6265 4.1.1 uses.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// Whether `value` may stand in a `Path` or `Domain` attribute (RFC 6265 4.1.1): printable ASCII
/// without a semicolon. For checking settings.
pub fn is_attribute_value(value: &str) -> bool {
    value.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b';')
}

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With requests of this site, and when another one's link or form leads here by GET.
    Lax,
    /// With requests of this site alone: who follows a link from elsewhere seems logged out.
    Strict,
    /// With all requests, also those of other sites' frames and forms; wants `secure`.
    None,
}

/// One `Set-Cookie` header; `to_string()` is its value.
///
/// Name, value, path and domain are written as they are: they come from [`CookieName`], from this
/// crate's encodings and from settings checked with [`is_attribute_value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetCookie<'a> {
    /// With its prefix, of token characters (RFC 6265 4.1.1).
    pub name: &'a str,
    /// Of the characters that RFC 6265 4.1.1 lets stand without quotes; may be empty.
    pub value: &'a str,
    /// Paths that begin with this one get the cookie; `/` is all (RFC 6265 5.1.4).
    pub path: &'a str,
    /// It goes to this host and those below; `None` = to the very host that set it (RFC 6265 4.1.2.3).
    pub domain: Option<&'a str>,
    /// `None` is until the browser ends.
    pub max_age: Option<Seconds>,
    /// Goes over https alone (RFC 6265 4.1.2.5).
    pub secure: bool,
    /// No script reads it (RFC 6265 4.1.2.6).
    pub http_only: bool,
    /// `SameSite=None` is left out when not `secure`: browsers drop a cookie that has it on plain
    /// http.
    pub same_site: Option<SameSite>,
    /// A cookie of its own for each site whose pages show this one in a frame (CHIPS): browsers that
    /// block third-party cookies take it. Needs `secure`.
    pub partitioned: bool,
}

impl SetCookie<'_> {
    /// The form that removes the cookie: the same name, path and domain, no value.
    pub fn expired(self) -> Self {
        SetCookie { value: "", max_age: Some(Seconds(0)), ..self }
    }
}

impl fmt::Display for SetCookie<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}; Path={}", self.name, self.value, self.path)?;
        if let Some(domain) = self.domain {
            write!(formatter, "; Domain={domain}")?;
        }
        if let Some(max_age) = self.max_age {
            write!(formatter, "; Max-Age={}", max_age.max(Seconds(0)))?;
        }
        if self.secure {
            formatter.write_str("; Secure")?;
        }
        if self.http_only {
            formatter.write_str("; HttpOnly")?;
        }
        match self.same_site {
            Some(SameSite::Lax) => formatter.write_str("; SameSite=Lax")?,
            Some(SameSite::Strict) => formatter.write_str("; SameSite=Strict")?,
            Some(SameSite::None) if self.secure => formatter.write_str("; SameSite=None")?,
            _ => {}
        }
        if self.partitioned {
            formatter.write_str("; Partitioned")?;
        }
        Ok(())
    }
}

impl fmt::Display for CookieNameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("a cookie needs a name"),
            Self::NotAToken => {
                formatter.write_str("a cookie name is of letters, digits and any of ")?;
                (0x21..0x7f)
                    .filter(|byte| is_token_byte(*byte) && !byte.is_ascii_alphanumeric())
                    .try_for_each(|byte| formatter.write_char(char::from(byte)))
            }
            Self::Prefixed => {
                formatter
                    .write_str("leave out the prefix: __Host- or __Secure- is added where the ")?;
                formatter.write_str("scheme, path and domain allow it")
            }
        }
    }
}

impl std::error::Error for CookieNameError {}

#[cfg(test)]
mod tests;
