//! Everything anyone may ask about a keyword stands in one row.

use super::lower::{Reader, Stop};
use super::tree::Line;

/// How much of the file belongs to a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The word alone.
    Flag,
    /// One value.
    Value,
    /// Several words.
    Words,
    /// `{ }` with one entry a line.
    Lines,
    /// `{ }` with keywords of its own.
    Block,
}

/// What happens when a keyword is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    LastWins,
    /// Reported, the first stays.
    Refuse,
    /// Reported, the last wins.
    Replace,
    Append,
}

/// What happens to a value that cannot be used; it is always reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The line has no effect.
    Keep,
    /// The default is used.
    Default,
    /// The block is left out.
    DropBlock,
}

/// What happens when the value is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing starts with such a file: exit status 2 (CL-111).
    Fatal,
    Report,
    Allowed,
}

/// A keyword without its reader: what manuals, messages and tests ask.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// What a value looks like.
    pub hint: &'static str,
    /// As text, read by the same value; empty when there is none.
    pub default: &'static str,
    pub doc: &'static str,
    /// What values are taken, where that can be said in a few words: `1 to 255`.
    pub range: fn() -> Option<String>,
    pub shape: Shape,
    pub repeat: Repeat,
    pub invalid: Invalid,
    pub missing: Missing,
    /// The version that brought it; empty: older than 2.2.7.
    pub since: &'static str,
    /// Whether the daemon does what it says; else it is read, checked and warned about once.
    pub acted: bool,
    /// Text after an integer is reported, and its leading digits are used, in a normal start (CL-99).
    pub lax: bool,
    /// More than one word are as wrong as none.
    pub alone: bool,
    /// What is said after the complaint about the value: `{}` is the word, `{block}` the block's name.
    pub complaint: &'static str,
    /// What is said when the value is missing and that is reported; empty: `NAME name missing - ignoring`.
    pub lack: &'static str,
    /// What is said of a second one: `{}` is its word, `{old}` the first one's; empty: `NAME already specified - …`.
    pub again: &'static str,
    /// What is said each time an old spelling is used.
    pub deprecated: &'static str,
}

impl Row {
    /// What a row is unless it says otherwise.
    pub const PLAIN: Row = Row {
        name: "",
        hint: "",
        default: "",
        doc: "",
        range: || None,
        shape: Shape::Value,
        repeat: Repeat::LastWins,
        invalid: Invalid::Keep,
        missing: Missing::Fatal,
        since: "",
        acted: true,
        lax: true,
        alone: false,
        complaint: "",
        lack: "",
        again: "",
        deprecated: "",
    };
}

/// A keyword of a block `B`.
pub struct Keyword<B: 'static> {
    pub row: Row,
    pub set: fn(&mut B, &Line<'_>, &'static Row, &mut Reader<'_>) -> Result<(), Stop>,
}

/// The keywords of a block, in the order of its manual.
///
/// - `set "word" (field: Type = "default") "doc" { options };` reads a value into a field;
/// - `read "word" (Type = "default") …` reads and checks a value that nothing uses yet;
/// - `script "word" (field) …` reads a command with its own quoting rules;
/// - `call "word" (function, Shape, "hint", "default") …` reads anything else;
/// - `lines "word" (function, "hint") …` calls the function for each entry of a value block;
/// - `block "word" (function) …` reads a block.
macro_rules! keywords {
    ($(#[$about:meta])* $vis:vis static $TABLE:ident: $B:ty {
        $($kind:ident $name:literal ($($body:tt)*) $doc:literal $({ $($option:ident: $value:expr),* $(,)? })?;)*
    }) => {
        $(#[$about])*
        $vis static $TABLE: &[$crate::config::schema::Keyword<$B>] = &[$(
            $crate::config::schema::keyword!($kind $B, ($($body)*), {
                name: $name, doc: $doc $($(, $option: $value)*)?
            })
        ),*];
    };
}

macro_rules! keyword {
    (set $B:ty, ($field:ident: $V:ty = $default:literal), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::value::row::<$V>($default)
            },
            set: |block: &mut $B, line, row, reader| {
                let before = block.$field.as_ref().map(|before| before.with(before.value.to_string()));
                if reader.refuse_second(before, line, row) {
                    return Ok(());
                }
                match reader.value::<$V>(line, row)? {
                    Some(value) => block.$field = Some(value.into()),
                    None if row.invalid == $crate::config::schema::Invalid::Default => block.$field = None,
                    None => {}
                }
                Ok(())
            },
        }
    };
    (read $B:ty, ($V:ty = $default:literal), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                acted: false,
                ..$crate::config::value::row::<$V>($default)
            },
            set: |_: &mut $B, line, row, reader| reader.value::<$V>(line, row).map(|_| ()),
        }
    };
    (unused $B:ty, ($V:ty = $default:literal), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::value::row::<$V>($default)
            },
            set: |_: &mut $B, line, row, reader| reader.value::<$V>(line, row).map(|_| ()),
        }
    };
    (script $B:ty, ($field:ident), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::schema::Row {
                    hint: "<script> [<user> [<group>]]",
                    shape: $crate::config::schema::Shape::Words,
                    repeat: $crate::config::schema::Repeat::Refuse,
                    ..$crate::config::schema::Row::PLAIN
                }
            },
            set: |block: &mut $B, line, row, reader| {
                let before = block.$field.as_ref().map(|before| before.with(before.value.command.clone()));
                if reader.refuse_second(before, line, row) {
                    return Ok(());
                }
                if let Some(script) = $crate::config::script::read(line, row, reader)? {
                    block.$field = Some(script.into());
                }
                Ok(())
            },
        }
    };
    (call $B:ty, ($set:path, $shape:ident, $hint:literal, $default:literal), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::schema::Row {
                    hint: $hint,
                    default: $default,
                    shape: $crate::config::schema::Shape::$shape,
                    ..$crate::config::schema::Row::PLAIN
                }
            },
            set: $set,
        }
    };
    (lines $B:ty, ($entry:path, $hint:literal), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::schema::Row {
                    hint: $hint,
                    shape: $crate::config::schema::Shape::Lines,
                    repeat: $crate::config::schema::Repeat::Append,
                    ..$crate::config::schema::Row::PLAIN
                }
            },
            set: |block: &mut $B, line, row, reader| reader.entries(line, row, |entry, reader| $entry(block, entry, reader)),
        }
    };
    (block $B:ty, ($set:path), { $($option:ident: $value:expr),* }) => {
        $crate::config::schema::Keyword {
            row: $crate::config::schema::Row {
                $($option: $value,)*
                ..$crate::config::schema::Row {
                    hint: "{ … }",
                    shape: $crate::config::schema::Shape::Block,
                    repeat: $crate::config::schema::Repeat::Append,
                    ..$crate::config::schema::Row::PLAIN
                }
            },
            set: $set,
        }
    };
}

pub(crate) use {keyword, keywords};
