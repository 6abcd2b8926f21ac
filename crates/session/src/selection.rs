//! What a session keeps of an assertion's attributes: the lines `attribute ALIAS NAME…`.

use identity::Attribute;

use crate::value_form::{Formed, ValueForm};

/// `attribute ALIAS NAME…`.
#[derive(Clone, Debug)]
pub struct Alias {
    /// As in `$saml_attr_ALIAS`.
    pub name: String,
    /// The attributes it stands for, the preferred first, by Name or FriendlyName exactly as the IdP sends
    /// them.
    pub names: Vec<String>,
    /// What becomes of their values.
    pub form: ValueForm,
}

/// Which attributes a session keeps, and with which values.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// One for each line.
    pub aliases: Vec<Alias>,
    /// An attribute that no line names is left out.
    pub named_only: bool,
}

/// What is kept, and what is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// For the session.
    pub attributes: Vec<Attribute>,
    /// Those that have lost values.
    pub cut: Vec<Cut>,
    /// The Names of those that are left out.
    pub left_out: Vec<String>,
}

/// An attribute that has lost values.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its Name.
    pub name: String,
    /// Values that are left.
    pub kept: usize,
    /// Values that there were.
    pub of: usize,
}

impl Alias {
    /// One that leaves values as they are.
    pub fn plain(name: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self { name: name.to_owned(), names, form: ValueForm::default() }
    }

    fn names(&self, attribute: &Attribute) -> bool {
        let friendly = attribute.friendly_name.as_ref();
        self.names.iter().any(|name| *name == attribute.name || Some(name) == friendly)
    }
}

impl Selection {
    /// Goes through the attributes of an assertion. An attribute that several lines name, by different
    /// names, is given each one's form, in their order: so all that they demand holds.
    pub fn of(&self, attributes: Vec<Attribute>) -> Kept {
        let mut kept = Kept::default();
        for mut attribute in attributes {
            let mut lines = self.aliases.iter().filter(|alias| alias.names(&attribute)).peekable();
            if self.named_only && lines.peek().is_none() {
                kept.left_out.push(attribute.name);
                continue;
            }
            let forms: Vec<_> = lines.map(|alias| &alias.form).filter(|f| !f.is_plain()).collect();
            for form in forms {
                let Formed { kept: values, of } = form.apply(&attribute.values);
                if values.len() < of {
                    let (name, count) = (attribute.name.clone(), values.len());
                    kept.cut.push(Cut { name, kept: count, of });
                }
                attribute.values = values;
            }
            kept.attributes.push(attribute);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;
    use crate::record::tests::{attribute, typical};

    const GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";

    fn alias(name: &str, names: &[&str], only: &str) -> Alias {
        let only = vec![Pattern::new(only).unwrap()];
        Alias { form: ValueForm { only, ..ValueForm::default() }, ..Alias::plain(name, names) }
    }

    #[test]
    fn without_lines_all_is_kept() {
        let kept = Selection::default().of(typical().attributes);
        assert_eq!(kept, Kept { attributes: typical().attributes, ..Kept::default() });
        let plain = vec![Alias::plain("mail", &["mail"])];
        let kept = Selection { aliases: plain, named_only: false }.of(typical().attributes);
        assert_eq!(kept.attributes, typical().attributes);
    }

    #[test]
    fn a_line_forms_all_attributes_that_it_names() {
        let aliases = vec![alias("groups", &["nothing", GROUPS, "mail"], "staff")];
        let kept = Selection { aliases, named_only: false }.of(typical().attributes);
        let cut = |name: &str, of| Cut { name: name.to_owned(), kept: usize::from(of > 1), of };
        assert_eq!(kept.cut, [cut("urn:oid:0.9.2342.19200300.100.1.3", 1), cut(GROUPS, 3)]);
        let values = |name| {
            let mut all = kept.attributes.iter();
            all.find(|attribute| attribute.name == name).unwrap().values.as_slice()
        };
        assert_eq!(values(GROUPS), ["staff"]);
        assert_eq!(values("urn:oid:0.9.2342.19200300.100.1.3"), [""; 0]);
        assert_eq!(values("urn:oid:2.5.4.4"), ["Doe"]);
        assert!(kept.left_out.is_empty() && kept.attributes.len() == typical().attributes.len());
    }

    #[test]
    fn what_no_line_names_is_left_out_where_that_is_wanted() {
        let aliases =
            vec![Alias::plain("mail", &["mail"]), Alias::plain("sn", &["urn:oid:2.5.4.4"])];
        let kept = Selection { aliases, named_only: true }.of(typical().attributes);
        let names: Vec<_> = kept.attributes.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.4"]);
        assert_eq!(kept.left_out.len(), typical().attributes.len() - 2);
        // Neither a letter of another case nor the end of a URI is a name.
        let aliases = vec![Alias::plain("mail", &["Mail", "emailaddress"])];
        let kept = Selection { aliases, named_only: true }.of(typical().attributes);
        assert_eq!(kept.attributes, []);
    }

    #[test]
    fn two_lines_for_one_attribute_both_hold() {
        let aliases = vec![alias("a", &["urn:x"], "~^a"), alias("b", &["groups"], "~z$")];
        let sent = vec![attribute("urn:x", Some("groups"), &["az", "bz", "ab"])];
        let kept = Selection { aliases, named_only: true }.of(sent);
        assert_eq!(kept.attributes, [attribute("urn:x", Some("groups"), &["az"])]);
        assert_eq!(kept.cut.len(), 2);
    }
}
