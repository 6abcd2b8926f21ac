//! `ui_info KIND VALUE… [lang=LANG]`.

use http::HttpUrl;
use saml::metadata::{Localized, Logo, Presentation};

use super::language::{language, once_for_each_language};
use crate::place::{ConfigError, Given, Place};

/// How IdPs present the SP.
///
/// # Errors
/// There is no such kind, a value is none of its kind, or a language stands twice.
pub(super) fn presentation(lines: &[Given<Vec<String>>]) -> Result<Presentation, ConfigError> {
    let mut made = Presentation::EMPTY;
    for given in lines {
        add(&mut made, given)?;
    }
    Ok(made)
}

fn add(made: &mut Presentation, given: &Given<Vec<String>>) -> Result<(), ConfigError> {
    let place = &given.place;
    let (kind, rest) =
        given.value.split_first().map_or(("", &[][..]), |(k, rest)| (k.as_str(), rest));
    let (lang, values) = match rest.split_last() {
        Some((last, values)) => match last.strip_prefix("lang=") {
            Some(lang) => (Some(language("ui_info", place, lang)?), values),
            None => (None, rest),
        },
        None => (None, rest),
    };
    if kind == "logo" {
        made.logos.push(logo(place, values, lang)?);
        return Ok(());
    }
    let texts = match kind {
        "display_name" => &mut made.display_names,
        "description" => &mut made.descriptions,
        "keywords" => &mut made.keywords,
        "information_url" => &mut made.information_urls,
        "privacy_statement_url" => &mut made.privacy_statement_urls,
        other => {
            return Err(ConfigError::new(
                place,
                format!(
                    "invalid kind \"{other}\" in \"ui_info\", it must be display_name, description, \
                     keywords, information_url, privacy_statement_url or logo"
                ),
            ));
        }
    };
    texts.push(Localized {
        lang: lang.unwrap_or_else(|| "en".to_owned()),
        text: text(place, kind, values)?,
    });
    let languages = texts.iter().map(|text| text.lang.clone());
    once_for_each_language(&format!("ui_info {kind}"), place, languages, texts.len() - 1)
}

/// Of all kinds but a logo.
fn text(place: &Place, kind: &str, values: &[String]) -> Result<String, ConfigError> {
    let refuse = |must: &str| {
        let values = values.join(" ");
        Err(ConfigError::new(
            place,
            format!("invalid value \"{values}\" in \"ui_info {kind}\", it must be {must}"),
        ))
    };
    match (kind, values) {
        // A plus stands for the blank inside of a keyword (MetadataUI 2.1.4).
        ("keywords", [_, ..]) if values.iter().all(|v| !v.is_empty() && !v.contains('+')) => {
            let words = values.iter().map(|v| v.split_whitespace().collect::<Vec<_>>().join("+"));
            Ok(words.collect::<Vec<_>>().join(" "))
        }
        ("keywords", _) => refuse("words, none of which has a \"+\""),
        (_, [url]) if kind.ends_with("_url") && HttpUrl::parse(url).is_some() => Ok(url.clone()),
        _ if kind.ends_with("_url") => refuse("a whole URL, like https://www.example.com/privacy"),
        (_, [text]) if !text.trim().is_empty() => Ok(text.clone()),
        _ => refuse("one text; put it in quotes"),
    }
}

fn logo(place: &Place, values: &[String], lang: Option<String>) -> Result<Logo, ConfigError> {
    let pixels = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
    let is_image = |url: &str| HttpUrl::parse(url).is_some() || url.starts_with("data:image/");
    if let [url, width, height] = values
        && let (Some(width), Some(height)) = (pixels(width), pixels(height))
        && is_image(url)
    {
        return Ok(Logo { url: url.clone(), width, height, lang });
    }
    Err(ConfigError::new(
        place,
        format!(
            "invalid value \"{}\" in \"ui_info logo\", it must be a URL, a width and a height in \
             pixels, like https://www.example.com/logo.png 80 60",
            values.join(" ")
        ),
    ))
}
