//! How the SP's pages look.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pages::{Contact, Look, complaints};
use saml::metadata::{ContactKind, SpDescription};

use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Bytes of a logo: it is in every page.
const MAX_LOGO: usize = 64 << 10;

/// What a logo may be, by how it begins.
const IMAGES: [(&[u8], &str); 5] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "image/svg+xml"),
];

/// Reads the SP's templates and logo. Its name and whom people may ask, it tells IdPs as well.
///
/// # Errors
/// A file cannot be read, or is no template or no image.
pub(super) fn look(
    raw: &RawSp,
    description: &SpDescription,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Look, ConfigError> {
    let logo = raw.page_logo.as_ref().map(|given| logo(given, files)).transpose()?;
    let look = Look::new(names(description), logo, contact(description));
    let Some(given) = &raw.page_dir else { return Ok(look) };
    let templates = files.read_folder("page_dir", given, "html")?;
    let at = |what: &str| format!("\"page_dir\" \"{}\": {what}", given.value);
    let look = look
        .with_templates(&templates)
        .map_err(|fault| ConfigError::new(&given.place, at(&fault)))?;
    for complaint in complaints(&look) {
        let shown = "; the built-in page is shown where that comes up";
        warnings.add(&given.place, at(&format!("{complaint}{shown}")));
    }
    for name in Look::unused_templates(&templates) {
        let mut what = format!("no page is called \"{name}\"; there are");
        for (index, name) in Look::template_names().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(what, "{comma} {name}");
        }
        warnings.add(&given.place, at(&what));
    }
    Ok(look)
}

fn names(description: &SpDescription) -> Vec<(String, String)> {
    let names = &description.presentation.display_names;
    if names.is_empty() {
        let organizations = description.organizations.iter();
        return organizations.map(|o| (o.lang.to_lowercase(), o.display_name.clone())).collect();
    }
    names.iter().map(|name| (name.lang.to_lowercase(), name.text.clone())).collect()
}

/// Who answers people's questions, or else who knows how the SP works.
fn contact(description: &SpDescription) -> Option<Contact> {
    let of = |kind| description.contacts.iter().find(move |contact| contact.kind == kind);
    let contact = of(ContactKind::Support).or_else(|| of(ContactKind::Technical))?;
    let email = contact.email.strip_prefix("mailto:").unwrap_or(&contact.email).to_owned();
    Some(Contact { email, name: contact.name.clone() })
}

/// As a `data:` URI: the pages' policy lets nothing in from elsewhere.
fn logo(given: &Given<String>, files: &Files) -> Result<String, ConfigError> {
    let bytes = files.read("page_logo", given)?;
    let refuse = |what: &str| {
        ConfigError::new(&given.place, format!("\"page_logo\" \"{}\" {what}", given.value))
    };
    if bytes.len() > MAX_LOGO {
        return Err(refuse("is larger than 64 KiB; it is in every page, so make it small"));
    }
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let known = IMAGES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind);
    let kind = known.or_else(|| is_webp.then_some("image/webp"));
    let kind =
        kind.ok_or_else(|| refuse("is no image that browsers know: PNG, SVG, JPEG, GIF or WebP"))?;
    Ok(format!("data:{kind};base64,{}", STANDARD.encode(&bytes)))
}
