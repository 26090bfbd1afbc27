//! Values as keywords take them: how they are written, their bounds, and what is wrong with those that are not.

use std::fmt;
use std::net::IpAddr;

use super::schema::{Missing, Row, Shape};

/// What is wrong with a value. The words are the original's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A number's own complaint; the keyword's follows.
    Number(String),
    /// A number's complaint when the number is used all the same.
    Tolerated(String),
    /// Only the keyword complains.
    Bad,
}

/// A value, or what is wrong with it, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    pub value: Option<T>,
    pub fault: Option<Fault>,
}

impl<T> Parsed<T> {
    pub const fn good(value: T) -> Parsed<T> {
        Parsed { value: Some(value), fault: None }
    }

    pub const fn bad(fault: Fault) -> Parsed<T> {
        Parsed { value: None, fault: Some(fault) }
    }

    pub fn or_bad(value: Option<T>) -> Parsed<T> {
        value.map_or(Parsed { value: None, fault: Some(Fault::Bad) }, Parsed::good)
    }

    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { value: self.value.map(with), fault: self.fault }
    }
}

/// Something that a keyword takes as its one word.
pub trait Value: Sized + fmt::Display {
    const HINT: &'static str;
    const SHAPE: Shape = Shape::Value;
    const MISSING: Missing = Missing::Fatal;

    /// Reads a word; `lax` accepts an integer with text after it (CL-99).
    fn parse(text: &str, lax: bool) -> Parsed<Self>;

    /// What is taken, in a few words.
    fn range() -> Option<String> {
        None
    }

    /// What the keyword means without a word, where that is allowed.
    fn absent() -> Option<Self> {
        None
    }
}

/// What the row of a value of this kind is unless it says otherwise.
pub const fn row<V: Value>(default: &'static str) -> Row {
    Row { hint: V::HINT, default, range: V::range, shape: V::SHAPE, missing: V::MISSING, ..Row::PLAIN }
}

/// Present or not; words after it are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag;

impl Value for Flag {
    const HINT: &'static str = "";
    const SHAPE: Shape = Shape::Flag;
    const MISSING: Missing = Missing::Allowed;

    fn parse(_: &str, _: bool) -> Parsed<Flag> {
        Parsed::good(Flag)
    }

    fn absent() -> Option<Flag> {
        Some(Flag)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// `[on|true|yes|off|false|no]`, lower case; nothing means true (CL-101).
impl Value for bool {
    const HINT: &'static str = "[<bool>]";
    const MISSING: Missing = Missing::Allowed;

    fn parse(text: &str, _: bool) -> Parsed<bool> {
        Parsed::or_bad(match text {
            "on" | "true" | "yes" => Some(true),
            "off" | "false" | "no" => Some(false),
            _ => None,
        })
    }

    fn absent() -> Option<bool> {
        Some(true)
    }
}

/// A decimal integer within bounds (CL-96, CL-97).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Value for Number<MIN, MAX> {
    const HINT: &'static str = if MIN < 0 { "<int>" } else { "<uint>" };

    fn parse(text: &str, lax: bool) -> Parsed<Self> {
        integer(text, MIN, MAX, lax).map(Number)
    }

    fn range() -> Option<String> {
        Some(format!("{MIN} to {MAX}"))
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Number<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An integer of the language: decimal only, leading blanks and `+` allowed, an empty word is 0.
pub fn integer(text: &str, min: i64, max: i64, lax: bool) -> Parsed<i64> {
    let trimmed = text.trim_start();
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let length = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = unsigned.split_at_checked(length).unwrap_or(("", unsigned));
    let mut fault = None;
    if !rest.is_empty() || (digits.is_empty() && !text.is_empty()) {
        if !lax || digits.is_empty() {
            return Parsed::bad(Fault::Number(format!("invalid number '{text}'")));
        }
        fault = Some(Fault::Tolerated(format!("WARNING - invalid number '{text}'")));
    }
    if min >= 0 && negative {
        return Parsed::bad(Fault::Number(format!("negative number '{text}'")));
    }
    let magnitude = if digits.is_empty() { Some(0) } else { digits.parse::<i64>().ok() };
    let value = magnitude.map(|value| if negative { -value } else { value });
    let outside = |words: String| Parsed::bad(Fault::Number(words));
    match value {
        Some(value) if min >= 0 && value > i64::from(u32::MAX) => {
            outside(format!("number '{text}' outside unsigned integer range"))
        }
        None if min >= 0 => outside(format!("number '{text}' outside unsigned integer range")),
        Some(value) if min < 0 && i32::try_from(value).is_err() => {
            outside(format!("number '{text}' outside integer range"))
        }
        None => outside(format!("number '{text}' outside integer range")),
        Some(value) if value < min || value > max => outside(format!("number '{text}' outside range [{min}, {max}]")),
        Some(value) => Parsed { value: Some(value), fault },
    }
}

/// A decimal number with at most `PLACES` places; bounds and value in units of the last place (CL-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal<const MIN: u64, const MAX: u64, const PLACES: u32>(pub u64);

/// Seconds with six places: bounds in microseconds.
pub type Seconds<const MIN: u64, const MAX: u64> = Decimal<MIN, MAX, 6>;

impl<const MIN: u64, const MAX: u64, const PLACES: u32> Value for Decimal<MIN, MAX, PLACES> {
    const HINT: &'static str = "<seconds>";

    fn parse(text: &str, _: bool) -> Parsed<Self> {
        let invalid = || Parsed::bad(Fault::Number(format!("invalid number '{text}'")));
        let trimmed = text.trim_start();
        let unsigned = trimmed.strip_prefix('+').unwrap_or(trimmed);
        if unsigned.starts_with('-') {
            return Parsed::bad(Fault::Number(format!("negative number '{text}'")));
        }
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && part.is_empty())
        {
            return invalid();
        }
        let scale = 10u64.pow(PLACES);
        let places = PLACES as usize;
        let digits = part.bytes().chain(std::iter::repeat(b'0')).take(places);
        let kept = digits.fold(0, |kept, digit| kept * 10 + u64::from(digit - b'0'));
        let rounding = u64::from(part.as_bytes().get(places).is_some_and(|digit| *digit >= b'5'));
        let whole = if whole.is_empty() { Some(0) } else { whole.parse::<u64>().ok() };
        let value = whole
            .and_then(|whole| whole.checked_mul(scale))
            .and_then(|whole| whole.checked_add(kept))
            .and_then(|value| value.checked_add(rounding));
        let show = |value: u64| format!("{}.{:0places$}", value / scale, value % scale);
        match value {
            Some(value) if value >= MIN && value <= MAX => {
                let many = part.len() > places;
                let fault = many.then(|| Fault::Tolerated(format!("number '{text}' has too many decimal places")));
                Parsed { value: Some(Decimal(value)), fault }
            }
            _ => Parsed::bad(Fault::Number(format!("number '{text}' outside range [{}, {}]", show(MIN), show(MAX)))),
        }
    }

    fn range() -> Option<String> {
        Some(format!("{} to {}", Self(MIN), Self(MAX)))
    }
}

impl<const MIN: u64, const MAX: u64, const PLACES: u32> fmt::Display for Decimal<MIN, MAX, PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10u64.pow(PLACES);
        let places = PLACES as usize;
        let text = format!("{}.{:0places$}", self.0 / scale, self.0 % scale);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// One word, whatever it is.
impl Value for String {
    const HINT: &'static str = "<string>";

    fn parse(text: &str, _: bool) -> Parsed<String> {
        Parsed::good(text.to_owned())
    }
}

/// One word or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionalText(pub Option<String>);

impl Value for OptionalText {
    const HINT: &'static str = "[<string>]";
    const MISSING: Missing = Missing::Allowed;

    fn parse(text: &str, _: bool) -> Parsed<OptionalText> {
        Parsed::good(OptionalText(Some(text.to_owned())))
    }

    fn absent() -> Option<OptionalText> {
        Some(OptionalText(None))
    }
}

impl fmt::Display for OptionalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or_default())
    }
}

/// A numeric address; text after the first `-` or `/` is dropped (CL-102).
impl Value for IpAddr {
    const HINT: &'static str = "<ipaddr>";

    fn parse(text: &str, _: bool) -> Parsed<IpAddr> {
        Parsed::or_bad(text.split(['-', '/']).next().unwrap_or_default().parse().ok())
    }
}

/// The name of an interface: at most 15 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface(pub String);

impl Value for Interface {
    const HINT: &'static str = "<interface>";

    fn parse(text: &str, _: bool) -> Parsed<Interface> {
        Parsed::or_bad((text.len() <= 15).then(|| Interface(text.to_owned())))
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A type with one word for each of its values.
macro_rules! choice {
    ($(#[$about:meta])* $vis:vis enum $Name:ident: $hint:literal { $($Variant:ident = $word:literal $(| $other:literal)*),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $Name { $($Variant),* }

        impl $crate::config::value::Value for $Name {
            const HINT: &'static str = $hint;

            fn parse(text: &str, _: bool) -> $crate::config::value::Parsed<$Name> {
                $crate::config::value::Parsed::or_bad(match text {
                    $($word $(| $other)* => Some($Name::$Variant),)*
                    _ => None,
                })
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($Name::$Variant => $word),* })
            }
        }
    };
}

pub(crate) use choice;
