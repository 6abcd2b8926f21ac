//! Templates that are ready to be written out, within bounds.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::io;

use clock::UnixTime;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use saml::instant;

use crate::fault::Fault;
use crate::html::escape;
use crate::language::Language;
use crate::policy::Inline;
use crate::template::{BUILT_IN, Template};

/// Steps of one page. The longest of our own, 500 sessions and 2,048 counters, take less than a third.
const FUEL: u64 = 200_000;

/// Bytes of one page: logos of half a megabyte, and as much again.
const MAX_PAGE: usize = 2 << 20;

/// As deep as templates may include one another.
const MAX_DEPTH: usize = 40;

/// Compiled templates, and what stands in them.
#[derive(Debug)]
pub(crate) struct Engine {
    environment: Environment<'static>,
    inline: HashMap<Template, Inline>,
}

impl Engine {
    /// The built-in templates; `own` are an administrator's, by file name, and go first.
    ///
    /// # Errors
    /// One of them cannot be compiled.
    pub(crate) fn new(own: &[(String, String)]) -> Result<Self, Fault> {
        let mut environment = Environment::new();
        environment.set_syntax(syntax());
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_DEPTH);
        environment.set_formatter(|out, _, value| match value.as_str() {
            Some(text) if value.is_safe() => Ok(out.write_str(text)?),
            Some(text) => Ok(out.write_str(&escape(text))?),
            None if value.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
            None if value.is_none() => Ok(()),
            None => Ok(out.write_str(&escape(&written(value)?))?),
        });
        environment.add_function("t", text);
        environment.add_filter("datetime", datetime);
        environment.add_filter("instant", instant);
        environment.add_filter("number", number);
        // As browsers read them, who take the hashes of style sheets and scripts.
        let own: Vec<_> =
            own.iter().map(|(name, text)| (name, text.replace("\r\n", "\n"))).collect();
        let mut sources: BTreeMap<&str, &str> = BUILT_IN.iter().copied().collect();
        sources.extend(own.iter().map(|(name, source)| (name.as_str(), source.as_str())));
        for (name, source) in &sources {
            let added = environment.add_template_owned((*name).to_owned(), (*source).to_owned());
            added.map_err(|error| Fault::of(name, &error))?;
        }
        let mut inline = HashMap::new();
        for template in Template::ALL {
            inline.insert(*template, Inline::of(template.name(), &sources)?);
        }
        Ok(Self { environment, inline })
    }

    /// The page's text.
    ///
    /// # Errors
    /// The template does not fit the values, or goes beyond a bound.
    pub(crate) fn write(&self, template: Template, values: Value) -> Result<String, Fault> {
        let mut page = Bounded(Vec::with_capacity(8 << 10));
        let written = self
            .environment
            .get_template(template.name())
            .and_then(|compiled| compiled.render_captured_to(values, &mut page).map(drop));
        written.map_err(|error| Fault::of(template.name(), &error))?;
        let is_no_text =
            |_| Fault { file: template.name().to_owned(), line: None, what: "no UTF-8".to_owned() };
        String::from_utf8(page.0).map_err(is_no_text)
    }

    /// What a page has in itself that a Content-Security-Policy must allow.
    pub(crate) fn inline(&self, template: Template) -> Option<&Inline> {
        self.inline.get(&template)
    }
}

/// Lines of tags alone leave nothing on the page.
fn syntax() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    // The delimiters are the default ones, which are valid.
    syntax
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .unwrap_or_default()
}

/// `t(key, name=value, …)`: a text of the catalogue, its places filled in. What a value says is no place.
fn text(state: &State<'_, '_>, key: &str, values: Kwargs) -> Result<String, Error> {
    let language = language(state);
    let text = language.text(key).ok_or_else(|| {
        Error::new(ErrorKind::UndefinedError, format!("the catalogue has no text \"{key}\""))
    })?;
    let mut filled = Text::default();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.write_str(before)?;
        let place = behind.split_once('}').filter(|(name, _)| values.has(name));
        let Some((name, after)) = place else {
            filled.write_str("{")?;
            rest = behind;
            continue;
        };
        let value: Value = values.get(name)?;
        match u64::try_from(value.clone()) {
            Ok(n) => filled.write_str(&language.number(n))?,
            Err(_) => write!(filled, "{value}")?,
        }
        rest = after;
    }
    filled.write_str(rest)?;
    Ok(filled.0)
}

/// A value that is no text, as text. Lists have their elements again and again without taking memory for it, so that
/// what is written of one is bounded here.
fn written(value: &Value) -> Result<String, Error> {
    let mut text = Text::default();
    write!(text, "{value}")?;
    Ok(text.0)
}

/// Takes no more than [`MAX_PAGE`].
#[derive(Default)]
struct Text(String);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_PAGE {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// `instant|datetime`: as the language writes it.
fn datetime(state: &State<'_, '_>, text: &str) -> String {
    language(state).datetime(text)
}

/// `seconds|instant`: of 1970, as machines write it; none stays none.
fn instant(seconds: Option<i64>) -> Value {
    seconds.map_or_else(
        || Value::from(()),
        |seconds| instant::format(UnixTime::from_secs(seconds)).into(),
    )
}

/// `count|number`: as the language writes it.
fn number(state: &State<'_, '_>, number: u64) -> String {
    language(state).number(number)
}

fn language(state: &State<'_, '_>) -> Language {
    let lang = state.lookup("lang");
    lang.as_ref().and_then(|lang| Language::of_tag(lang.as_str()?)).unwrap_or_default()
}

/// Takes no more than [`MAX_PAGE`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_PAGE {
            return Err(io::Error::other("the page is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
