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
