//! Numbers as strtol(3) reads them: what files and scripts of other people are written for.

/// The integer that a text begins with, in base 8, 10 or 16 by its prefix; 0 when it begins with none.
///
/// # Errors
/// The nearest number that fits, when it does not fit 64 bits.
pub fn leading_integer(text: &[u8]) -> Result<i64, i64> {
    let text = text.trim_ascii_start();
    // The vertical tab is a blank in C alone.
    let text = text.strip_prefix(b"\x0b").unwrap_or(text);
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let hexadecimal = |rest: &&[u8]| rest.first().is_some_and(u8::is_ascii_hexdigit);
    let prefixed = digits.strip_prefix(b"0x").or_else(|| digits.strip_prefix(b"0X")).filter(hexadecimal);
    let (digits, base) = match (prefixed, digits.first()) {
        (Some(rest), _) => (rest, 16),
        (None, Some(b'0')) => (digits, 8),
        (None, _) => (digits, 10),
    };
    let limit = if negative { i64::MIN } else { i64::MAX };
    let mut number: i64 = 0;
    for digit in digits.iter().map_while(|digit| char::from(*digit).to_digit(base)) {
        let digit = i64::from(digit);
        let next = number
            .checked_mul(i64::from(base))
            .and_then(|number| if negative { number.checked_sub(digit) } else { number.checked_add(digit) });
        number = next.ok_or(limit)?;
    }
    Ok(number)
}

#[cfg(test)]
mod tests;
