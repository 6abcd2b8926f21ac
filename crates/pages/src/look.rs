//! How the pages of an SP look: what it is called, whom people may ask, and its own templates.

use minijinja::{Value, context};

use crate::engine::Engine;
use crate::page::{Page, optional};
use crate::policy::Inline;
use crate::template::BUILT_IN;

/// How the pages of an SP look.
#[derive(Debug, Default)]
pub struct Look {
    names: Vec<(String, String)>,
    logo: Option<String>,
    contact: Option<Contact>,
    /// An administrator's templates, with the built-in ones in between.
    pub(crate) own: Option<Engine>,
}

/// Whom people may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// An address, without `mailto:`.
    pub email: String,
    /// Of a person or of a desk.
    pub name: Option<String>,
}

impl Look {
    /// That of the built-in pages. `names` are what the service is called: language tags in lower case, and names; the
    /// first is for who reads none of them. `logo` is a `data:` URI.
    pub fn new(
        names: Vec<(String, String)>,
        logo: Option<String>,
        contact: Option<Contact>,
    ) -> Self {
        Self { names, logo, contact, own: None }
    }

    /// Has pages written by `templates`, names and texts of files; built-in ones stay where there are none.
    ///
    /// # Errors
    /// One of them cannot be used: its file, line, and what is wrong.
    pub fn with_templates(self, templates: &[(String, String)]) -> Result<Self, String> {
        let own = Engine::new(templates).map_err(|fault| fault.to_string())?;
        Ok(Self { own: Some(own), ..self })
    }

    /// Those of `templates` that no page is written by: neither are they called as a built-in one, nor does another
    /// one name them.
    pub fn unused_templates(templates: &[(String, String)]) -> Vec<&str> {
        let is_named = |name: &str| {
            let quoted = [format!("\"{name}\""), format!("'{name}'")];
            templates.iter().any(|(_, text)| quoted.iter().any(|quoted| text.contains(quoted)))
        };
        let is_used =
            |name: &str| Self::template_names().any(|known| known == name) || is_named(name);
        templates.iter().map(|(name, _)| name.as_str()).filter(|name| !is_used(name)).collect()
    }

    /// The names that templates can have.
    pub fn template_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The page by our own templates, or `None` when there are none or they do not work, which `warn` hears.
    pub(crate) fn write(
        &self,
        page: &Page,
        values: Value,
        warn: &dyn Fn(&str),
    ) -> Option<(String, &Inline)> {
        let own = self.own.as_ref()?;
        match own.write(page.template, values) {
            Ok(html) => Some((html, own.inline(page.template)?)),
            Err(fault) => {
                warn(&format!("page_dir: {fault}; the built-in page is shown instead"));
                None
            }
        }
    }

    /// The service and whom to ask, as templates have them, for who reads `languages`.
    pub(crate) fn values(&self, languages: &[String]) -> Value {
        let contact = self.contact.as_ref().map(|contact| {
            let name = optional(contact.name.as_deref());
            context! { email => contact.email.as_str(), name }
        });
        context! {
            service => context! {
                name => optional(self.name(languages)),
                logo => optional(self.logo.as_deref()),
            },
            contact => contact.unwrap_or_else(|| optional(None)),
        }
    }

    /// A name in one of the languages, a region's before its language's.
    fn name(&self, languages: &[String]) -> Option<&str> {
        let is = |wanted: &String, tag: &str| {
            tag == wanted || wanted.split('-').next() == tag.split('-').next()
        };
        let find = |wanted: &String| {
            let exact = self.names.iter().find(|(tag, _)| tag == wanted);
            exact.or_else(|| self.names.iter().find(|(tag, _)| is(wanted, tag)))
        };
        let chosen = languages.iter().find_map(find).or_else(|| self.names.first());
        chosen.map(|(_, name)| name.as_str())
    }
}
