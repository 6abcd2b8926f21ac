//! Character references and the five entities, the only ones that exist here.
use crate::GateError;

/// The character that `&name;` stands for.
pub(super) fn resolve(name: &str) -> Result<char, GateError> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => match name.strip_prefix('#') {
            Some(number) => {
                numbered(number).ok_or(GateError::Malformed("an impossible character reference"))
            }
            None => Err(GateError::Entity),
        },
    }
}

/// XML 1.0's characters (production 2) by number.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    match character {
        '\t' | '\n' | '\r' => Some(character),
        '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => None,
        _ => Some(character),
    }
}

/// A raw attribute value with its references resolved.
pub(super) fn attribute_value(raw: &str) -> Result<String, GateError> {
    if raw.contains('<') {
        return Err(GateError::Malformed("`<` in an attribute value"));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').ok_or(GateError::Entity)?;
        value.push_str(before);
        value.push(resolve(name)?);
        rest = after;
    }
    value.push_str(rest);
    Ok(value)
}
