//! Scenario files: a step a line, what belongs to it indented below. `scenarios/README.md` says what each step does.

use crate::tls::End;

/// A story of one daemon.
pub struct Scenario {
    pub name: String,
    /// Each with its line in the file.
    pub steps: Vec<(usize, Step)>,
}

pub enum Step {
    Configuration(String),
    Edit(Vec<(String, String)>),
    File { name: String, text: String },
    Server { kind: Kind, at: String, comes: bool },
    Peer { comes: bool },
    Start(Vec<String>),
    Reload,
    HangUp,
    Stop,
    Kill,
    Run(String),
    Table(String),
    Shows { command: String, lines: Vec<String>, present: bool },
    Log { lines: Vec<String>, ordered: bool },
    Fifo(Vec<String>),
    Told(Vec<String>),
}

#[derive(Clone, Copy)]
pub enum Kind {
    Tcp,
    Http,
    Tls(End),
    Udp,
    Echo,
}

impl Scenario {
    pub fn read(name: &str, text: &str) -> Result<Scenario, String> {
        let mut steps = Vec::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("{name}:{}: {what}: {line}", at + 1);
            if line.starts_with(' ') {
                return Err(wrong("belongs to no step"));
            }
            let mut body = Vec::new();
            while let Some((_, below)) = lines.next_if(|(_, next)| next.starts_with(' ') || next.trim().is_empty()) {
                body.push(below.strip_prefix("    ").unwrap_or(below.trim_start()));
            }
            while body.last().is_some_and(|last| last.trim().is_empty()) {
                body.pop();
            }
            steps.push((at + 1, step(line, &body).ok_or_else(|| wrong("no such step"))?));
        }
        Ok(Scenario { name: name.to_owned(), steps })
    }
}

impl Step {
    /// Does it do something, or look at what was done?
    pub fn acts(&self) -> bool {
        match self {
            Step::Configuration(_)
            | Step::Edit(_)
            | Step::File { .. }
            | Step::Server { .. }
            | Step::Peer { .. }
            | Step::Start(_)
            | Step::Reload
            | Step::HangUp
            | Step::Stop
            | Step::Kill
            | Step::Run(_) => true,
            Step::Table(_) | Step::Shows { .. } | Step::Log { .. } | Step::Fifo(_) | Step::Told(_) => false,
        }
    }
}

fn step(line: &str, body: &[&str]) -> Option<Step> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let rest = |from: usize| words.get(from..).unwrap_or_default().join(" ");
    let text = || body.iter().map(|line| format!("{line}\n")).collect::<String>();
    let each = || body.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let bare = || body.is_empty() && words.len() == 1;
    Some(match words[..] {
        ["configuration"] => Step::Configuration(text()),
        ["edit"] => Step::Edit(
            body.iter()
                .map(|line| line.split_once(" => ").map(|(old, new)| (old.to_owned(), new.to_owned())))
                .collect::<Option<_>>()?,
        ),
        ["file", name] => Step::File { name: name.to_owned(), text: text() },
        ["server", kind, at, way @ ("comes" | "goes")] => Step::Server {
            kind: match kind {
                "tcp" => Kind::Tcp,
                "http" => Kind::Http,
                "tls" => Kind::Tls(End::InOrder),
                "rude" => Kind::Tls(End::Rude),
                "udp" => Kind::Udp,
                "echo" => Kind::Echo,
                _ => return None,
            },
            at: at.to_owned(),
            comes: way == "comes",
        },
        ["peer", way @ ("comes" | "goes")] if body.is_empty() => Step::Peer { comes: way == "comes" },
        ["start", ..] if body.is_empty() => Step::Start(words[1..].iter().map(|&word| word.to_owned()).collect()),
        ["reload"] if bare() => Step::Reload,
        ["hup"] if bare() => Step::HangUp,
        ["stop"] if bare() => Step::Stop,
        ["kill"] if bare() => Step::Kill,
        ["run", _, ..] if body.is_empty() => Step::Run(rest(1)),
        ["table"] => Step::Table(text()),
        ["shows", _, ..] => Step::Shows { command: rest(1), lines: each(), present: true },
        ["lacks", _, ..] => Step::Shows { command: rest(1), lines: each(), present: false },
        ["log"] => Step::Log { lines: each(), ordered: true },
        ["log", "in", "any", "order"] => Step::Log { lines: each(), ordered: false },
        ["fifo"] => Step::Fifo(each()),
        ["told"] => Step::Told(each()),
        _ => return None,
    })
}
