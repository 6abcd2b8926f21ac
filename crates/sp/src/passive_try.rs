//! `auth_saml_mode passive`: whether this browser's IdP was asked, without bothering anybody, and when not to ask.

/// What a browser remembers of passive tries: the plain value of a cookie.
///
/// It is not sealed: who forges it asks the IdP once more, as any link can, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassiveTry {
    /// The next request shows whether the browser keeps cookies; if so, the IdP is asked.
    Prepared,
    /// The IdP has been asked.
    Made,
    /// Its user has signed out, and is not to find themselves signed in at the next click.
    Unwanted,
}

impl PassiveTry {
    /// Reads the cookie's value. What is none of ours stands for a try: in doubt nobody is asked.
    pub(crate) fn from_cookie(value: &[u8]) -> Option<Self> {
        match value {
            b"" => None,
            b"prepared" => Some(Self::Prepared),
            b"unwanted" => Some(Self::Unwanted),
            _ => Some(Self::Made),
        }
    }

    /// The cookie's value.
    pub(crate) fn to_cookie(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Made => "made",
            Self::Unwanted => "unwanted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_is_read_as_it_was_written() {
        for what in [PassiveTry::Prepared, PassiveTry::Made, PassiveTry::Unwanted] {
            assert_eq!(PassiveTry::from_cookie(what.to_cookie().as_bytes()), Some(what));
        }
    }

    #[test]
    fn in_doubt_nobody_is_asked() {
        for value in ["x", "Prepared", "prepared ", "\0"] {
            assert_eq!(
                PassiveTry::from_cookie(value.as_bytes()),
                Some(PassiveTry::Made),
                "{value}"
            );
        }
        assert_eq!(PassiveTry::from_cookie(b""), None);
    }
}
