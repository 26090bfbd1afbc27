//! `~SEQ` and `~LST`: one line for each value (CL-69 … CL-78).

/// The most characters between the parentheses of a `~SEQ` after its variable.
const NUMBERS: usize = 63;
/// The most rounds of one replication.
const ROUNDS: i64 = 1_000_000;

/// What is to be repeated: in each round the names get that round's values.
#[derive(Debug)]
pub struct Replication {
    pub names: Vec<String>,
    pub rounds: Rounds,
    pub text: String,
}

/// The values of each round. Those of a sequence are made as they are needed: sequences within sequences may have
/// millions each.
#[derive(Debug)]
pub enum Rounds {
    Sequence { next: i64, step: i64, left: i64, hexadecimal: bool },
    List(std::vec::IntoIter<Vec<String>>),
}

impl Iterator for Rounds {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        match self {
            Rounds::Sequence { left: 0, .. } => None,
            Rounds::Sequence { next, step, left, hexadecimal } => {
                let value = *next;
                *left -= 1;
                // At most a million rounds, each a step of at most 32 bits.
                *next += *step;
                Some(vec![if *hexadecimal { format!("{value:x}") } else { value.to_string() }])
            }
            Rounds::List(rounds) => rounds.next(),
        }
    }
}

/// Reads a line that starts with `~SEQ` or `~LST`; in the original's words what is wrong with it.
pub fn read(line: &str) -> Result<Replication, Vec<String>> {
    if line.starts_with("~SEQ") { sequence(line) } else { list(line) }
}

fn sequence(line: &str) -> Result<Replication, Vec<String>> {
    let specification = || format!("Invalid ~SEQ specification '{line}'");
    let definition = || vec![format!("Invalid ~SEQ definition '{line}'"), specification()];
    let rest = line.strip_prefix("~SEQ").unwrap_or_default();
    let (hexadecimal, rest) = match rest.strip_prefix('x') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some(inside) = rest.strip_prefix('(') else { return Err(vec![specification()]) };
    let Some((inside, text)) = inside.split_once(')') else {
        return Err(vec![format!("~SEQ missing terminating ')' '{line}'"), specification()]);
    };
    let mut parts = inside.split(',').map(str::trim);
    let name = parts.next().filter(|name| is_name(name)).ok_or_else(definition)?;
    let numbers: Vec<&str> = parts.collect();
    if numbers.iter().map(|number| number.len()).sum::<usize>() > NUMBERS {
        return Err(vec![format!("~SEQ parameter strings too long '{line}'"), specification()]);
    }
    let numbers: Option<Vec<i64>> = numbers.into_iter().map(number).collect();
    let numbers = numbers.ok_or_else(definition)?;
    let (start, step, end) = match numbers.as_slice() {
        [end] if *end < 0 => (-1, -1, *end),
        [end] => (1, if *end < 1 { -1 } else { 1 }, *end),
        [start, end] => (*start, if end < start { -1 } else { 1 }, *end),
        [start, step, end] => (*start, *step, *end),
        _ => return Err(definition()),
    };
    let wrong = step == 0 || (step > 0 && start > end) || (step < 0 && start < end);
    let rounds = (end - start).checked_div(step).unwrap_or(0);
    if wrong || rounds >= ROUNDS || (hexadecimal && (start < 0 || end < 0)) {
        return Err(vec![format!("Invalid ~SEQ values '{line}'"), specification()]);
    }
    let rounds = Rounds::Sequence { next: start, step, left: rounds + 1, hexadecimal };
    Ok(Replication { names: vec![name.to_owned()], rounds, text: text.trim_start().to_owned() })
}

/// A number with the prefixes of C: `0x` and `0`.
fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        u32::from_str_radix(digits, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        u32::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(if negative { -i64::from(value) } else { i64::from(value) })
}

fn list(line: &str) -> Result<Replication, Vec<String>> {
    let specification = || format!("Invalid ~LST specification '{line}'");
    let wrong = || vec![specification()];
    let mut rest = line.strip_prefix("~LST").and_then(|rest| rest.strip_prefix('(')).ok_or_else(wrong)?;
    let mut items = Vec::new();
    loop {
        let (item, after) = item(rest).ok_or_else(wrong)?;
        items.push(item);
        rest = after.trim_start();
        match rest.split_at_checked(1) {
            Some((",", after)) => rest = after,
            Some((")", after)) => {
                rest = after;
                break;
            }
            _ => return Err(wrong()),
        }
    }
    let mut items = items.into_iter();
    let names = items.next().filter(|names| !names.is_empty() && names.iter().all(|name| is_name(name)));
    let names = names.ok_or_else(wrong)?;
    let mut rounds: Vec<Vec<String>> = items.collect();
    if rounds.is_empty() {
        return Err(wrong());
    }
    if rounds.iter().any(|round| round.len() > names.len()) {
        return Err(vec![format!("~LST specification has too many values '{line}'"), specification()]);
    }
    for round in &mut rounds {
        round.resize(names.len(), String::new());
    }
    Ok(Replication { names, rounds: Rounds::List(rounds.into_iter()), text: rest.trim_start().to_owned() })
}

/// One item of a list, `a` or `{a,b}`, and what follows it.
fn item(text: &str) -> Option<(Vec<String>, &str)> {
    let text = text.trim_start();
    if let Some(inside) = text.strip_prefix('{') {
        let (inside, rest) = inside.split_once('}')?;
        let values: Vec<String> = inside.split(',').map(|value| value.trim().to_owned()).collect();
        return values.iter().all(|value| is_value(value)).then_some((values, rest));
    }
    let end = text.find([',', ')'])?;
    let (value, rest) = text.split_at_checked(end)?;
    is_value(value.trim()).then(|| (vec![value.trim().to_owned()], rest))
}

/// Values hold no blanks, and quotes do not help (CL-78).
fn is_value(text: &str) -> bool {
    !text.contains([' ', '\t', '{', '}'])
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
