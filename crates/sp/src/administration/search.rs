//! Which sessions an operator looks for.

use std::rc::Rc;

use clock::Seconds;
use http::arguments;
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::SpId;

use super::prefix::Prefix;
use crate::sp::Sp;

/// Sessions of one page, unless it is said, and at most.
const LIMIT: usize = 50;
const LIMIT_MOST: usize = 500;

/// What is looked for.
pub(super) struct Search<S> {
    /// Of which SP, as it is at its main origin.
    pub sp: Rc<Sp<S>>,
    /// What it is at all of its origins.
    pub ids: Vec<SpId>,
    /// Of the IdP of this entityID.
    pub idp: Option<String>,
    /// Of this NameID.
    pub name_id: Option<String>,
    /// That began at least so long ago.
    pub older_than: Option<Seconds>,
    /// That began from there.
    pub address: Option<Prefix>,
    /// From this place of the store on.
    pub from: usize,
    /// About so many: all of one place are shown together.
    pub limit: usize,
}

impl<S> Search<S> {
    /// As the query says it.
    ///
    /// # Errors
    /// It is not understood, or names an SP that is not there.
    pub(super) fn new(query: &[u8], sps: &[Rc<Sp<S>>]) -> Result<Self, Refusal> {
        // A form sends its empty fields, too.
        let given = |name: &'static str| arguments(query, name).find(|value| !value.is_empty());
        let number = |name: &'static str, otherwise: usize| match given(name) {
            None => Ok(otherwise),
            Some(text) => {
                text.parse().map_err(|_| invalid(format!("{name} is {}, no number", quote(&text))))
            }
        };
        let sp = sp_called(given("sp").as_deref(), sps)?;
        let ids = sps.iter().filter(|site| site.name == sp.name).map(|site| site.id).collect();
        let idp = given("idp").map(|idp| entity_of(&sp, &idp));
        Ok(Self {
            ids,
            idp,
            name_id: given("name_id").map(|name_id| name_id.into_owned()),
            older_than: given("older_than").map(|text| span(&text)).transpose()?,
            address: given("address").map(|text| prefix(&text)).transpose()?,
            from: number("cursor", 0)?,
            limit: number("limit", LIMIT)?.clamp(1, LIMIT_MOST),
            sp,
        })
    }
}

/// The SP of that name at its main origin, which stands before its others; the first one, when none is named.
pub(super) fn sp_called<S>(name: Option<&str>, sps: &[Rc<Sp<S>>]) -> Result<Rc<Sp<S>>, Refusal> {
    let mut candidates = sps.iter();
    let found = match name {
        None => candidates.next(),
        Some(name) => candidates.find(|sp| sp.name == name),
    };
    let unknown = || format!("there is no saml_sp {}", quote(name.unwrap_or_default()));
    found.cloned().ok_or_else(|| invalid(unknown()))
}

/// The entityID of the `saml_idp` block of that name; any other text is one. Sessions of an IdP outlive its block.
pub(super) fn entity_of<S>(sp: &Sp<S>, idp: &str) -> String {
    let current = sp.idps.named(idp).and_then(|idp| idp.current());
    current.map_or_else(|| idp.to_owned(), |current| current.entity_id.clone())
}

/// What is asked for is not understood.
pub(super) fn invalid(detail: String) -> Refusal {
    Refusal::new(&reason::ORDER_INVALID, detail)
}

fn prefix(text: &str) -> Result<Prefix, Refusal> {
    Prefix::read(text).ok_or_else(|| {
        invalid(format!(
            "address is {}, which is neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32",
            quote(text)
        ))
    })
}

/// `90`, `90s`, `15m`, `8h`, `7d`.
fn span(text: &str) -> Result<Seconds, Refusal> {
    let unit = match text.bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => 1,
    };
    let digits = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(text);
    let count = digits.parse::<u32>().map_err(|_| {
        invalid(format!(
            "older_than is {}, which is no time such as 90s, 15m, 8h or 7d",
            quote(text)
        ))
    })?;
    Ok(Seconds(i64::from(count) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sp::sp;

    fn search(query: &str) -> Result<Search<crate::test_sp::Closed>, Refusal> {
        Search::new(query.as_bytes(), &[Rc::new(sp())])
    }

    #[test]
    fn empty_fields_say_nothing() {
        let search = search("sp=&idp=&name_id=&older_than=&address=&cursor=&limit=").unwrap();
        assert_eq!((search.sp.name.as_str(), search.from, search.limit), ("app", 0, LIMIT));
        assert!(search.idp.is_none() && search.name_id.is_none() && search.older_than.is_none());
        assert!(search.address.is_none());
    }

    #[test]
    fn an_idp_is_meant_by_its_block_or_by_its_entity_id() {
        let idp = |query| search(query).unwrap().idp.unwrap();
        assert_eq!(idp("idp=one"), "https://one.example");
        assert_eq!(idp("idp=https%3A%2F%2Fgone.example"), "https://gone.example");
    }

    #[test]
    fn spans_have_units() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("15m", 900), ("8h", 28_800), ("7d", 604_800)]
        {
            assert_eq!(span(text).unwrap(), Seconds(seconds));
        }
        for text in ["", "h", "-1h", "1w", "1.5h", "1h30m", "99999999999", "+", "1 h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in
            ["sp=other", "cursor=x", "cursor=-1", "limit=1e3", "older_than=soon", "address=a/8"]
        {
            assert_eq!(search(query).err().map(|refusal| refusal.code()), Some("order_invalid"));
        }
        assert_eq!(search("limit=100000").unwrap().limit, LIMIT_MOST);
        assert_eq!(search("limit=0").unwrap().limit, 1);
    }
}
