//! NameID (Core 2.2.2, 2.2.3).

use identity::NameId;
use xmldoc::Element;

use crate::identity_text;

/// As the IdP wrote it, but for white space around the value and the Format.
pub(crate) fn read(element: &Element) -> NameId {
    let attribute = |name| element.attribute(name).map(str::to_owned);
    NameId {
        value: identity_text::trim(&element.text).to_owned(),
        format: attribute("Format").map(|format| identity_text::trim(&format).to_owned()),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
        sp_provided_id: attribute("SPProvidedID"),
    }
}
