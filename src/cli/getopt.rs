//! What getopt_long(3) accepts, brought into the form `--name` or `--name=value` (IF-1 … IF-5).

use clap::{Arg, Command};

/// Options in the one form, and the words that are none.
#[derive(Debug, PartialEq)]
pub(super) struct Normal {
    pub words: Vec<String>,
    pub operands: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    Perhaps,
    Always,
}

/// # Errors
/// All mistakes, in the original's words and order.
pub(super) fn normalise(command: &Command, words: Vec<String>) -> Result<Normal, Vec<String>> {
    let mut read = Normal { words: Vec::new(), operands: Vec::new() };
    let mut wrong = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            read.operands.extend(words.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            long_option(command, long, &mut words, &mut read, &mut wrong);
        } else if word.len() > 1 && word.starts_with('-') {
            short_options(command, &word[1..], &mut words, &mut read, &mut wrong);
        } else {
            read.operands.push(word);
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

fn takes(arg: &Arg) -> Takes {
    match (arg.get_action().takes_values(), arg.is_require_equals_set()) {
        (false, _) => Takes::Nothing,
        (true, true) => Takes::Perhaps,
        (true, false) => Takes::Always,
    }
}

fn long_option(
    command: &Command,
    text: &str,
    rest: &mut impl Iterator<Item = String>,
    read: &mut Normal,
    wrong: &mut Vec<String>,
) {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let options = || command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
    let exact = options().find(|(long, _)| *long == name);
    let mut near = options().filter(|(long, _)| long.starts_with(name));
    let found = exact.or_else(|| near.next().filter(|_| near.next().is_none()));
    let Some((long, arg)) = found else {
        wrong.push(format!("Unknown option --{name}"));
        return;
    };
    match (takes(arg), value) {
        (Takes::Nothing, None) | (Takes::Perhaps, None) => read.words.push(format!("--{long}")),
        (Takes::Nothing, Some(_)) => wrong.push(format!("Unknown option --{text}")),
        (Takes::Perhaps | Takes::Always, Some("")) => wrong.push(format!("Missing parameter for option --{long}")),
        (Takes::Perhaps | Takes::Always, Some(value)) => read.words.push(format!("--{long}={value}")),
        (Takes::Always, None) => match rest.next() {
            Some(value) if !value.is_empty() => read.words.push(format!("--{long}={value}")),
            _ => wrong.push(format!("Missing parameter for option --{long}")),
        },
    }
}

/// A cluster: flags, at most one option with a value at its end.
fn short_options(
    command: &Command,
    cluster: &str,
    rest: &mut impl Iterator<Item = String>,
    read: &mut Normal,
    wrong: &mut Vec<String>,
) {
    for (at, letter) in cluster.char_indices() {
        let glued = &cluster[at + letter.len_utf8()..];
        let Some((arg, long)) = command
            .get_arguments()
            .find(|arg| arg.get_short() == Some(letter))
            .and_then(|arg| Some((arg, arg.get_long()?)))
        else {
            wrong.push(format!("Unknown option -{letter}"));
            continue;
        };
        match takes(arg) {
            Takes::Nothing => read.words.push(format!("--{long}")),
            Takes::Perhaps if glued.is_empty() => read.words.push(format!("--{long}")),
            Takes::Perhaps => return read.words.push(format!("--{long}={glued}")),
            Takes::Always if !glued.is_empty() => return read.words.push(format!("--{long}={glued}")),
            Takes::Always => match rest.next() {
                Some(value) if !value.is_empty() => return read.words.push(format!("--{long}={value}")),
                _ => return wrong.push(format!("Missing parameter for option -{letter}")),
            },
        }
    }
}
