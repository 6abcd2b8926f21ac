//! `attribute ALIAS NAME… OPTION…`: what attributes are called, and what a session keeps of them.

use identity::normalise;
use session::{Alias, MOST_VALUES, Pattern, Replacement, Selection, ValueForm};

use crate::place::ConfigError;
use crate::raw::RawSp;

/// Validates the lines.
///
/// # Errors
/// Attributes could not be told apart, or what becomes of one is not clear.
pub(super) fn selection(raw: &RawSp) -> Result<Selection, ConfigError> {
    let mut aliases: Vec<Alias> = Vec::new();
    for given in &raw.attribute {
        let read = read(&given.value).and_then(|alias| fits(&alias, &aliases).map(|()| alias));
        let alias = read.map_err(|why| {
            let name = given.value.first().map_or("", String::as_str);
            ConfigError::new(&given.place, format!("\"attribute\" alias \"{name}\" {why}"))
        })?;
        aliases.push(alias);
    }
    let named_only = raw.attribute_filter.as_ref().is_some_and(|given| given.value);
    Ok(Selection { aliases, named_only })
}

/// Can it stand beside the lines before?
fn fits(alias: &Alias, others: &[Alias]) -> Result<(), String> {
    if others.iter().any(|other| other.name == alias.name) {
        return Err("is duplicate; put all names on one line, the first that the IdP sends counts"
            .to_owned());
    }
    for other in others.iter().filter(|other| !(other.form.is_plain() && alias.form.is_plain())) {
        if let Some(name) = alias.names.iter().find(|name| other.names.contains(name)) {
            return Err(format!(
                "and \"{}\" both name \"{name}\", whose values the options of one would change for \
                 both; leave it in one line",
                other.name
            ));
        }
    }
    Ok(())
}

/// The errors go on behind the alias.
fn read(words: &[String]) -> Result<Alias, String> {
    let Some((name, [first, rest @ ..])) = words.split_first() else {
        return Err("names no attribute".to_owned());
    };
    if name.is_empty() || normalise(name) != *name {
        return Err(format!(
            "must be lower-case letters, digits and underscores, as it becomes part of $saml_attr_…; \
             try \"{}\"",
            normalise(name)
        ));
    }
    let names = rest.iter().position(|word| is_option(word)).unwrap_or(rest.len());
    let (more, options) = rest.split_at_checked(names).unwrap_or((rest, &[]));
    // An attribute may be called as a word is; as an option is, it surely is none.
    let names: Vec<String> = [first].into_iter().chain(more).cloned().collect();
    if first.contains('=') && is_option(first) {
        return Err(format!("names no attribute before \"{first}\""));
    }
    if names.iter().any(String::is_empty) {
        return Err("has an empty name".to_owned());
    }
    Ok(Alias { name: name.clone(), names, form: form(options)? })
}

const LOWER: &str = "lower";
const PARAMETERS: [&str; 5] = ["split=", "match=", "replace=", "only=", "max="];

fn is_option(word: &str) -> bool {
    word == LOWER || PARAMETERS.iter().any(|parameter| word.starts_with(parameter))
}

fn form(options: &[String]) -> Result<ValueForm, String> {
    let mut form = ValueForm::default();
    let (mut expression, mut text) = (None, None);
    for word in options {
        let (parameter, value) = match word.split_once('=') {
            Some((parameter, value)) => (parameter, value),
            None => (word.as_str(), ""),
        };
        match parameter {
            _ if !is_option(word) => {
                return Err(format!(
                    "has \"{word}\" behind its options: NAMEs come before, and options are lower, {}",
                    PARAMETERS.join(", ")
                ));
            }
            "split" if value.is_empty() => return Err("has an empty \"split=\"".to_owned()),
            "split" => once(&mut form.split, parameter, value.to_owned())?,
            "match" => once(&mut expression, parameter, value)?,
            "replace" => once(&mut text, parameter, value)?,
            "only" => {
                let only = Pattern::new(value);
                form.only.push(only.map_err(|why| format!("has an \"only={value}\" that {why}"))?);
            }
            "max" => {
                let max = value.parse().ok().filter(|max| (1..=MOST_VALUES).contains(max));
                let max = max
                    .ok_or_else(|| format!("has \"max={value}\", it must be 1 to {MOST_VALUES}"))?;
                once(&mut form.max, parameter, max)?;
            }
            _ if form.lower => return Err("has \"lower\" twice; leave one".to_owned()),
            _ => form.lower = true,
        }
    }
    if let Some(text) = form.impossible() {
        return Err(format!(
            "has \"only={text}\", and \"lower\" leaves no letter of upper case; write it in lower case"
        ));
    }
    form.replacement = match (expression, text) {
        (Some(expression), Some(text)) => {
            let made = Replacement::new(expression, text);
            Some(made.map_err(|(parameter, why)| format!("has a \"{parameter}\" that {why}"))?)
        }
        (None, None) => None,
        _ => return Err("needs both of \"match=\" and \"replace=\"".to_owned()),
    };
    Ok(form)
}

fn once<T>(slot: &mut Option<T>, parameter: &str, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("has \"{parameter}=\" twice; leave one")),
    }
}
