//! `keepalived-rs explain`: a keyword of the configuration, or the code of a finding.

use super::Answer;
use crate::config::schema::{Repeat, Row, Shape};
use crate::config::{near, table};
use crate::diagnostic::{Code, manual};

/// The text for a word, or what was probably meant.
pub fn explain(word: &str) -> Answer {
    if let Some(code) = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(word)) {
        return Answer { out: code_text(*code), ..Answer::default() };
    }
    let found: Vec<(&str, &Row)> = table::all()
        .iter()
        .flat_map(|(context, rows)| rows.iter().map(move |row| (*context, *row)))
        .filter(|(_, row)| row.name == word)
        .collect();
    if !found.is_empty() {
        let texts: Vec<String> = found.iter().map(|(context, row)| keyword_text(context, row)).collect();
        return Answer { out: texts.join("\n"), ..Answer::default() };
    }
    let keywords = table::all().iter().flat_map(|(_, rows)| rows.iter().map(|row| row.name));
    let meant = near(word, keywords.chain(Code::ALL.iter().map(|code| code.id())));
    let help = meant.map_or_else(String::new, |near| format!(" - did you mean `{near}`?"));
    Answer { err: format!("keepalived-rs: no keyword and no code `{word}`{help}\n"), exit: 1, ..Answer::default() }
}

/// What a finding with that code means and what to do.
pub fn code_text(code: Code) -> String {
    let manual::Entry { example, advice } = manual::entry(code);
    let severity = code.severity().word();
    let exit = match code.class().exit() {
        0 => "does not change the exit status of -t".to_owned(),
        status => format!("-t exits with {status}"),
    };
    let mut text = format!("{} ({severity}; {exit})\n\n{}\n", code.id(), code.explanation());
    if !example.is_empty() {
        text += "\nExample:\n\n";
        text.extend(example.lines().map(|line| format!("    {line}\n")));
    }
    text + &format!("\n{advice}\n")
}

/// Where a block stands, for people.
pub fn place(context: &str) -> String {
    match context {
        "(root)" => "top level".to_owned(),
        _ => context.replace('.', " / "),
    }
}

/// What may follow a keyword.
pub fn arguments(row: &Row) -> String {
    match (row.shape, row.hint) {
        (Shape::Flag, _) => "none".to_owned(),
        (_, "") => "none".to_owned(),
        (_, hint) => hint.to_owned(),
    }
}

/// What happens when it is given again.
pub fn again(row: &Row) -> &'static str {
    match row.repeat {
        Repeat::LastWins => "the last one counts",
        Repeat::Refuse => "the first one counts, further ones are reported",
        Repeat::Replace => "the last one counts, which is reported",
        Repeat::Append => "they add up",
    }
}

/// One use of the keyword as it stands in a file.
pub fn example(context: &str, row: &Row) -> String {
    let mut lines = Vec::new();
    let names = if context == "(root)" { Vec::new() } else { context.split('.').collect::<Vec<_>>() };
    for (depth, name) in names.iter().enumerate() {
        lines.push(format!("{}{}{} {{", "    ".repeat(depth), name, block_name(name)));
    }
    let indent = "    ".repeat(names.len());
    let (first, rest) = sample(row);
    lines.push(format!("{indent}{}{first}", row.name));
    lines.extend(rest.iter().map(|line| format!("{indent}{line}")));
    lines.extend((0..names.len()).rev().map(|depth| format!("{}}}", "    ".repeat(depth))));
    lines.join("\n")
}

/// What stands between the keyword of a block and its brace.
fn block_name(block: &str) -> &'static str {
    match block {
        "vrrp_instance" => " VI_1",
        "vrrp_sync_group" => " VG_1",
        "vrrp_script" => " check_web",
        "vrrp_track_process" => " nginx",
        "track_file" | "vrrp_track_file" => " maintenance",
        "track_group" | "virtual_server_group" | "garp_group" => " G_1",
        "bfd_instance" => " router2",
        "virtual_server" => " 192.0.2.100 80",
        "real_server" => " 10.0.0.11 80",
        _ => "",
    }
}

/// A value that reads well: the default, or one made of what the hint says. Further lines of a block follow.
fn sample(row: &Row) -> (String, Vec<String>) {
    match row.shape {
        Shape::Flag => (String::new(), Vec::new()),
        Shape::Block => (format!("{} {{", block_name(row.name)), vec!["    …".to_owned(), "}".to_owned()]),
        Shape::Lines => {
            let inner = row.hint.split_once('{').map_or(row.hint, |(_, inner)| inner);
            let entry = inner.trim_end_matches('}').trim().trim_end_matches('…').trim();
            let named = if row.hint.starts_with("<name>") { " G_1" } else { "" };
            (format!("{named} {{"), vec![format!("    {}", fill(entry)), "}".to_owned()])
        }
        Shape::Value | Shape::Words => {
            let least = (row.range)().and_then(|range| Some(range.split_once(" to ")?.0.to_owned()));
            // A default of 0 may mean "none", which not every keyword can be told; without bounds to ask, 1 is shown.
            let telling = row.default != "0" || least.is_some();
            let value = match (row.hint, least) {
                _ if !row.default.is_empty() && telling => row.default.to_owned(),
                ("<uint>" | "<int>" | "<seconds>", Some(least)) if least.starts_with('-') => "0".to_owned(),
                ("<uint>" | "<int>" | "<seconds>", Some(least)) if least != "0" => least,
                (hint, _) => fill(hint),
            };
            (if value.is_empty() { value } else { format!(" {value}") }, Vec::new())
        }
    }
}

/// A hint with values in place of its kinds; what may be left out is left out.
fn fill(hint: &str) -> String {
    let mut text = String::new();
    let mut depth = 0u32;
    for character in hint.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(character),
            _ => {}
        }
    }
    let filled = [
        ("<script>", "/usr/local/bin/tell.sh"),
        ("<interface>", "eth0"),
        ("<ipaddr|hostname>", "mail.example.org"),
        ("<ipaddr>", "192.0.2.1"),
        ("<address entry>", "192.0.2.100/24"),
        ("<route entry>", "192.0.2.0/24 via 10.0.0.1"),
        ("<rule entry>", "from 192.0.2.0/24 table 100"),
        ("<instance name>", "VI_1"),
        ("<vrrp_instance>", "VI_1"),
        ("<addr>", "ops@example.org"),
        ("<seconds>", "5"),
        ("<uint>", "1"),
        ("<int>", "1"),
        ("<path>", "/run/keepalived.fifo"),
        ("<user>", "nobody"),
        ("<name>", "name"),
        ("<string>", "text"),
        ("<hex>", "00ff"),
        ("<bool>", "true"),
        ("<down>", "1"),
        ("<up>", "1"),
        ("…", ""),
    ]
    .iter()
    .fold(text, |text, (kind, value)| text.replace(kind, value));
    // Of several choices the first.
    let words: Vec<&str> = filled.split_whitespace().map(|word| word.split('|').next().unwrap_or(word)).collect();
    words.join(" ")
}

/// Everything that is known of a keyword in one block.
pub fn keyword_text(context: &str, row: &Row) -> String {
    let mut text = format!("{} ({})\n\n{}\n\n", row.name, place(context), row.doc);
    let mut line = |name: &str, value: &str| text += &format!("  {name:<10} {value}\n");
    line("arguments", &arguments(row));
    if let Some(range) = (row.range)() {
        line("range", &range);
    }
    if !row.default.is_empty() {
        line("default", row.default);
    }
    line("repeated", again(row));
    if !row.since.is_empty() {
        line("since", &format!("keepalived {}", row.since));
    }
    if !row.deprecated.is_empty() {
        line("deprecated", row.deprecated);
    }
    if !row.acted {
        line("note", "read and checked, but not yet acted on");
    }
    text += "\nExample:\n\n";
    text.extend(example(context, row).lines().map(|line| format!("    {line}\n")));
    text
}
