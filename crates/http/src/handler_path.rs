//! Does a URL lead to one of our own handlers? A browser that is sent on after a login must not come
//! to a logout, nor to another login: that would be the wish of whoever made the link.
//!
//! Two readers stand between a URL and a location. The browser takes dot segments out of the path
//! (URL Standard 4.4), percent-encoded ones too; nginx then decodes it, takes dot segments out and
//! merges slashes where `merge_slashes` is on.

/// Would a request for `path_and_query`, which begins with `/`, reach a handler of `handler_paths`?
///
/// Read as nginx reads it when a browser sends it and when somebody else does, with either setting of
/// `merge_slashes`. Letters count alike in either case, as they do on some file systems.
pub(crate) fn is_handler(path_and_query: &str, handler_paths: &[String]) -> bool {
    let path = path_and_query.split(['?', '#']).next().unwrap_or_default();
    [path.as_bytes(), &browsers(path.as_bytes())].into_iter().filter_map(decoded).any(|path| {
        [false, true].map(|merge| nginx(&path, merge)).into_iter().any(|location| {
            handler_paths.iter().any(|handler| handler.as_bytes().eq_ignore_ascii_case(&location))
        })
    })
}

/// The path that a browser sends.
fn browsers(path: &[u8]) -> Vec<u8> {
    let dots = |segment: &[u8]| {
        let segment = String::from_utf8_lossy(segment).to_ascii_lowercase().replace("%2e", ".");
        dots(segment.as_bytes())
    };
    without_dots(path, dots, false)
}

/// The URI that nginx compares with its locations, of a path without `%XX`.
fn nginx(path: &[u8], merge_slashes: bool) -> Vec<u8> {
    without_dots(path, dots, merge_slashes)
}

/// What a segment means.
#[derive(PartialEq, Eq)]
enum Segment {
    Name,
    Here,
    Up,
}

fn dots(segment: &[u8]) -> Segment {
    match segment {
        b"." => Segment::Here,
        b".." => Segment::Up,
        _ => Segment::Name,
    }
}

/// Resolves dot segments; above the root is the root. (nginx refuses the request there.)
fn without_dots(path: &[u8], meaning: impl Fn(&[u8]) -> Segment, merge_slashes: bool) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.strip_prefix(b"/").unwrap_or(path).split(|b| *b == b'/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match meaning(segment) {
            Segment::Name if merge_slashes && segment.is_empty() && !is_last => {}
            Segment::Name => kept.push(segment),
            dots => {
                if dots == Segment::Up {
                    kept.pop();
                }
                if is_last {
                    kept.push(b"");
                }
            }
        }
    }
    [b"/", kept.join(&b'/').as_slice()].concat()
}

/// Decodes every `%XX`; `None` for what nginx answers with status 400.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = path.iter();
    let mut plain = Vec::with_capacity(path.len());
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let (high, low) = (hex_digit(*bytes.next()?)?, hex_digit(*bytes.next()?)?);
                Some(high << 4 | low).filter(|byte| *byte != 0)?
            }
            byte => byte,
        });
    }
    Some(plain)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads_to_a_handler(path: &str) -> bool {
        is_handler(path, &["/saml/logout".to_owned(), "/saml/acs".to_owned()])
    }

    #[test]
    fn every_spelling_of_a_handler_is_one() {
        for path in [
            "/saml/logout",
            "/saml/acs",
            "/saml/logout?return=/x",
            "/saml/logout#x",
            "/saml/logout?",
            // Percent-encoding, once.
            "/saml/%6cogout",
            "/%73%61%6D%6c/logout",
            "/saml%2flogout",
            "/saml%2Flogout",
            "/%2fsaml/logout",
            // Slashes, with merge_slashes on.
            "//saml/logout",
            "///saml//logout",
            "/saml/%2flogout",
            // Dots.
            "/./saml/logout",
            "/saml/./logout",
            "/saml/x/../logout",
            "/x/../saml/logout",
            "/x/y/../../saml/logout",
            "/saml/x/y/.././../logout",
            "/../saml/logout",
            "/../../saml/logout",
            "/%2e/saml/logout",
            "/%2E%2e/saml/logout",
            "/.%2e/saml/logout",
            "/x/%2e./saml/logout",
            "/saml/x%2f..%2flogout",
            "/saml/x/..%2flogout",
            "/a/b/..%2f..%2fsaml/logout",
            // Slashes and dots, with merge_slashes on, off, and first the one, then the other.
            "/x//..//saml/logout",
            "/x//../../saml/logout",
            "/saml/x//../../logout",
            "/saml//x//../../logout",
            "/saml/x//%2e%2e/../logout",
            // nginx never sees what the browser took out.
            "/%00/../saml/logout",
            // On a file system that is blind to case.
            "/SAML/Logout",
        ] {
            assert!(leads_to_a_handler(path), "{path}");
        }
    }

    #[test]
    fn other_paths_are_none() {
        for path in [
            "/",
            "",
            "/saml",
            "/saml/",
            "/saml/logout/",
            "/saml/logout/.",
            "/saml/logout/..",
            "/saml/logout/x",
            "/saml/logouts",
            "/saml/logout;x=y",
            "/saml/logout%3bx",
            "/saml;/logout",
            "/saml/logout%20",
            // Decoded once, not twice; an encoded ? or # is a character of the path.
            "/saml/%256cogout",
            "/saml%252flogout",
            "/saml/logout%3freturn",
            "/saml/logout%23",
            // Where the query or fragment names one.
            "/?next=/saml/logout",
            "/#/saml/logout",
            "/x?y=/../saml/logout",
            // Status 400.
            "/saml/logout%",
            "/saml/logout%6",
            "/saml/logout%zz",
            "/saml/logout%00",
            "/saml/logou%+4",
            // Three dots are a name.
            "/.../saml/logout",
            "/saml/x/.../logout",
            "/app/saml/logout",
        ] {
            assert!(!leads_to_a_handler(path), "{path}");
        }
    }

    /// As `$uri` of nginx says.
    #[test]
    fn the_path_is_resolved_as_nginx_does() {
        for (path, merged, unmerged) in [
            ("/a//b", "/a/b", "/a//b"),
            ("/a/..//b", "/b", "//b"),
            ("/a/.//b", "/a/b", "/a//b"),
            ("/a//../b", "/b", "/a/b"),
            ("/a/b/..", "/a/", "/a/"),
            ("/a/.", "/a/", "/a/"),
            ("/a//", "/a/", "/a//"),
            ("/a/...", "/a/...", "/a/..."),
            ("/a%2f%2fb", "/a/b", "/a//b"),
            ("/a%2e%2Fb", "/a./b", "/a./b"),
            ("/a/%2e%2e%2fb%25", "/b%", "/b%"),
        ] {
            let decoded = decoded(path.as_bytes()).unwrap();
            for (merge_slashes, expected) in [(true, merged), (false, unmerged)] {
                let resolved = String::from_utf8(nginx(&decoded, merge_slashes)).unwrap();
                assert_eq!(resolved, expected, "{path}, merge_slashes {merge_slashes}");
            }
        }
    }
}
