//! The rules, each with texts that it must refuse and look-alikes that it must let pass.

use std::collections::BTreeSet;

use crate::lexer::Source;

pub struct Rule {
    pub name: &'static str,
    /// What is wrong on line `at` (from 0), if anything.
    pub check: fn(place: &Place, source: &Source, at: usize) -> Option<String>,
    /// Path and text. A text that begins with a line end is the whole file; else a title line is put above it.
    pub refused: &'static [(&'static str, &'static str)],
    pub allowed: &'static [(&'static str, &'static str)],
}

/// Where a file stands: its path and the module right under `src/`.
pub struct Place<'a> {
    pub path: &'a str,
    pub module: &'a str,
}

/// Which modules a module may name, itself always.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("diagnostic", &["base"]),
    ("config", &["base", "diagnostic", "model"]),
    ("model", &["base"]),
    ("wire", &["base"]),
    ("vrrp", &["base", "model", "wire"]),
    ("lvs", &["base", "model"]),
    ("check", &["base", "model", "wire"]),
    ("bfd", &["base", "model", "wire"]),
    ("notify", &["base", "model"]),
    ("kernel", &["base", "model", "wire"]),
    ("observe", &["base", "model"]),
    ("cli", &["base"]),
    ("tool", &["base", "diagnostic", "config", "model"]),
];
const MACHINES: &[&str] = &["vrrp", "lvs", "check", "bfd", "notify"];
/// Besides the machines, what must not know the world either.
const PURE: &[&str] = &["base", "model", "wire", "diagnostic", "vrrp", "lvs", "check", "bfd", "notify"];
const WORLD: &[&str] = &[
    "tokio",
    "nix",
    "socket2",
    "libc",
    "hyper",
    "rustls",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::mpsc",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "Instant",
    "SystemTime",
];
const MACROS: &[&str] = &[
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "error!",
    "warn!",
    "info!",
    "debug!",
    "tracing::event!",
    "log!",
];
const EMPTY_NAMES: &[&str] = &["Manager", "Handler", "Helper", "Util", "Utils", "Data", "Info"];

pub static RULES: &[Rule] = &[
    Rule {
        name: "imports point one way",
        check: |place, source, at| {
            let (_, allowed) = MAY_IMPORT.iter().find(|(module, _)| *module == place.module)?;
            let wrong = imported(source, at).into_iter().find(|to| {
                let known = MAY_IMPORT.iter().any(|(module, _)| module == to) || to == "daemon";
                known && to != place.module && !allowed.contains(&to.as_str())
            })?;
            Some(format!("`{}` must not know `{wrong}`", place.module))
        },
        refused: &[
            ("src/lvs/plan.rs", "use crate::kernel::ipvs::Ipvs;"),
            ("src/lvs/plan.rs", "use crate::{base::time::Time, vrrp};"),
            ("src/lvs/plan.rs", "use crate::{\n    base::time::Time,\n    check::http,\n};"),
            ("src/vrrp/router.rs", "fn f(to: crate::daemon::message::ToVrrp) {}"),
            ("src/observe/log.rs", "use crate::kernel::clock;"),
            ("src/kernel/link.rs", "use crate::vrrp::Input;"),
            ("src/wire/advert.rs", "use crate::model::vrrp::Instance;"),
            ("src/base/time.rs", "use crate::model::Model;"),
            ("src/model/mod.rs", "use crate::diagnostic::Diagnostic;"),
            ("src/check/http.rs", "use crate::lvs::service::Table;"),
            ("src/config/mod.rs", "use crate::kernel::link;"),
        ],
        allowed: &[
            ("src/daemon/vrrp.rs", "use crate::vrrp::router::Router;\nuse crate::kernel::link;"),
            ("src/vrrp/router.rs", "use crate::{base::time::Time, model::Model, wire::advert, vrrp::timer};"),
            ("src/vrrp/router.rs", "// use crate::kernel::link;\nconst A: &str = \"crate::kernel\";"),
            ("src/kernel/link.rs", "use crate::{\n    base::{name::Vrid, net},\n    model::host,\n};"),
        ],
    },
    Rule {
        name: "machines and values do not know the world",
        check: |place, source, at| {
            let line = &source.code[at];
            if !PURE.contains(&place.module) || allowed_sources(place) {
                return None;
            }
            let word = WORLD.iter().find(|word| {
                names(line, word) || word.strip_prefix("std::").is_some_and(|rest| in_std_group(source, at, rest))
            })?;
            Some(format!("`{word}` in `{}`", place.module))
        },
        refused: &[
            ("src/vrrp/timer.rs", "let now = std::time::Instant::now();"),
            ("src/vrrp/timer.rs", "use std::time::{Duration, Instant};"),
            ("src/check/http.rs", "use tokio::net::TcpStream;"),
            ("src/lvs/plan.rs", "let text = std::fs::read_to_string(path);"),
            ("src/lvs/plan.rs", "use std::{fmt, fs};"),
            ("src/notify/plan.rs", "std::process::Command::new(path);"),
            ("src/wire/advert.rs", "use nix::sys::socket::send;"),
            ("src/model/global.rs", "std::env::var(name)"),
        ],
        allowed: &[
            ("src/vrrp/timer.rs", "use std::time::Duration;\n// Instant is not for us.\nlet unix = nixie;"),
            ("src/daemon/vrrp.rs", "use tokio::net::UdpSocket;"),
            ("src/lvs/plan.rs", "use std::fmt;\nuse std::{fmt, net::IpAddr};"),
        ],
    },
    Rule {
        name: "machines iterate in an order of ours",
        check: |place, source, at| {
            let word = ["HashMap", "HashSet"].into_iter().find(|word| names(&source.code[at], word))?;
            MACHINES.contains(&place.module).then(|| format!("`{word}`: use BTreeMap, BTreeSet or Vec"))
        },
        refused: &[
            ("src/vrrp/router.rs", "use std::collections::HashMap;"),
            ("src/lvs/service.rs", "let seen = std::collections::HashSet::new();"),
        ],
        allowed: &[("src/vrrp/router.rs", "use std::collections::BTreeMap; // not HashMap")],
    },
    Rule {
        name: "machines do not wait",
        check: |place, source, at| {
            let line = &source.code[at];
            let waits = names(line, "async") || follows(line, ".await");
            (MACHINES.contains(&place.module) && waits).then(|| "async in a machine".to_owned())
        },
        refused: &[
            ("src/check/checker.rs", "async fn probe() {}"),
            ("src/check/checker.rs", "let answer = probe().await;"),
        ],
        allowed: &[
            ("src/daemon/checkers.rs", "async fn probe() {}"),
            ("src/check/checker.rs", "let asynchronous = self.awaited;"),
        ],
    },
    Rule {
        name: "one clock",
        check: |place, source, at| {
            let line = &source.code[at];
            let reads =
                line.contains("Instant::now") || line.contains("SystemTime::now") || line.contains("clock_gettime");
            (reads && place.path != "src/kernel/clock.rs").then(|| "only kernel/clock.rs reads a clock".to_owned())
        },
        refused: &[
            ("src/daemon/vrrp.rs", "let now = std::time::Instant::now();"),
            ("src/config/mod.rs", "let now = SystemTime::now();"),
        ],
        allowed: &[("src/kernel/clock.rs", "let now = std::time::Instant::now();")],
    },
    Rule {
        name: "unsafe only in kernel, with its reason",
        check: |place, source, at| {
            if !names(&source.code[at], "unsafe") || source.code[at].contains("unsafe_code") {
                return None;
            }
            if place.module != "kernel" {
                return Some("`unsafe` outside kernel".to_owned());
            }
            let reason = source.comment_of_statement(at);
            (!reason.contains("SAFETY:")).then(|| "`unsafe` without `// SAFETY:`".to_owned())
        },
        refused: &[
            ("src/daemon/mod.rs", "// SAFETY: planted\nlet a = unsafe { b() };"),
            ("src/kernel/link.rs", "let a = unsafe { b() };"),
            ("src/kernel/link.rs", "// SAFETY: of another\nlet c = 1;\nlet a = unsafe { b() };"),
        ],
        allowed: &[
            ("src/kernel/link.rs", "// SAFETY: planted\nlet a = unsafe { b() };"),
            ("src/kernel/link.rs", "// SAFETY: planted\nlet a =\n    unsafe { b() };"),
            ("src/daemon/mod.rs", "// nothing unsafe here\nlet a = \"unsafe\";\n#![deny(unsafe_code)]"),
        ],
    },
    Rule {
        name: "no panic without its invariant",
        check: |_, source, at| {
            let line = &source.code[at];
            let calls = [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err(", "unreachable!", "panic!"];
            let call = calls.into_iter().find(|call| line.contains(call))?;
            let reason = source.comment_of_statement(at);
            (!reason.contains("invariant:")).then(|| format!("`{call}` without `// invariant:`"))
        },
        refused: &[
            ("src/config/mod.rs", "let a = b.unwrap();"),
            ("src/kernel/link.rs", "let a = b\n    .c()\n    .expect(\"there\");"),
            ("src/vrrp/router.rs", "unreachable!()"),
            ("src/vrrp/router.rs", "// invariant: of another\nlet a = 1;\nlet b = c.unwrap();"),
        ],
        allowed: &[
            ("src/config/mod.rs", "// invariant: checked above\nlet a = b.unwrap();"),
            ("src/config/mod.rs", "// invariant: checked above\nlet a = b\n    .c()\n    .expect(\"there\");"),
            ("src/config/mod.rs", "let a = b.unwrap_or_default();\nlet c = d.unwrap_or(1); // .unwrap()"),
            ("src/config/mod.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c.unwrap(); }\n}"),
        ],
    },
    Rule {
        name: "nothing unfinished",
        check: |_, source, at| {
            let line = &source.code[at];
            let found = ["todo!", "unimplemented!", "allow(dead_code)", "allow(unused", "cfg(feature"];
            found.into_iter().find(|word| line.contains(word)).map(|word| format!("`{word}`"))
        },
        refused: &[
            ("src/vrrp/router.rs", "fn a() { todo!() }"),
            ("src/vrrp/router.rs", "#[allow(dead_code)]\nfn a() {}"),
            ("src/kernel/link.rs", "#[cfg(feature = \"testing\")]\nfn a() {}"),
        ],
        allowed: &[("src/vrrp/router.rs", "// todo! is not written here\n#[cfg(test)]\nmod tests;")],
    },
    Rule {
        name: "log lines come from events",
        check: |place, source, at| {
            let open = ["src/main.rs", "src/cli.rs"].contains(&place.path) || place.path.starts_with("src/observe/log");
            let line = &source.code[at];
            let call = MACROS.iter().find(|call| names(line, call))?;
            (!open).then(|| format!("`{call}`: report an event, whose words stand in observe/wording"))
        },
        refused: &[
            ("src/daemon/vrrp.rs", "println!(\"x\");"),
            ("src/daemon/vrrp.rs", "tracing::info!(\"x\");"),
            ("src/kernel/link.rs", "    warn!(\"x\");"),
            ("src/config/mod.rs", "eprintln!(\"x\");"),
        ],
        allowed: &[
            ("src/main.rs", "println!(\"x\");"),
            ("src/observe/log.rs", "tracing::info!(\"x\");"),
            ("src/daemon/vrrp.rs", "writeln!(out, \"println!\")?;\nmy_info!(1);"),
        ],
    },
    Rule {
        name: "the VRRP thread does not block",
        check: |place, source, at| {
            if !place.path.starts_with("src/daemon/vrrp") {
                return None;
            }
            let blocks = [
                "std::fs",
                "tokio::fs",
                "std::process",
                "tokio::process",
                "std::thread::sleep",
                "Mutex",
                "RwLock",
                "lookup_host",
                "to_socket_addrs",
            ];
            let word = blocks.into_iter().find(|word| names(&source.code[at], word))?;
            Some(format!("`{word}` on the VRRP thread"))
        },
        refused: &[
            ("src/daemon/vrrp.rs", "let text = std::fs::read_to_string(path);"),
            ("src/daemon/vrrp/announce.rs", "std::thread::sleep(wait);"),
            ("src/daemon/vrrp.rs", "use std::sync::{Arc, Mutex};"),
        ],
        allowed: &[("src/daemon/checkers.rs", "std::thread::sleep(wait);")],
    },
    Rule {
        name: "a type says what it is",
        check: |_, source, at| {
            let words: Vec<&str> = source.code[at].split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let declares = |pair: &&[&str]| ["struct", "enum", "trait", "type"].contains(&pair[0]);
            let name = words.windows(2).find(declares)?[1];
            let empty = EMPTY_NAMES.iter().find(|word| name.ends_with(**word))?;
            Some(format!("`{name}`: `{empty}` says nothing"))
        },
        refused: &[("src/vrrp/router.rs", "pub struct StateManager;"), ("src/kernel/link.rs", "enum LinkInfo {}")],
        allowed: &[("src/vrrp/router.rs", "pub struct Database;\nlet a = VsInfo::new();")],
    },
    Rule {
        name: "a file says what it is",
        check: |_, source, at| {
            let title = source.first_line.strip_prefix("//! ").unwrap_or_default();
            let sentence = title.starts_with(|c: char| !c.is_whitespace()) && title.split_whitespace().count() >= 2;
            (at == 0 && !sentence).then(|| "the first line is no `//!` sentence".to_owned())
        },
        refused: &[
            ("src/vrrp/router.rs", "\nuse std::fmt;"),
            ("src/vrrp/router.rs", "\n//! router.\n"),
            ("src/vrrp/router.rs", "\n\n//! Late.\n"),
        ],
        allowed: &[("src/vrrp/router.rs", "\n//! All instances of this host.\n")],
    },
];

/// A file of `diagnostic` may read a file to show its lines; nothing else of the pure modules touches the world.
fn allowed_sources(place: &Place) -> bool {
    place.path == "src/diagnostic/source.rs"
}

pub fn violations(path: &str, source: &Source) -> Vec<String> {
    if source.test || path.ends_with(".pest") {
        return Vec::new();
    }
    let module = path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default();
    let place = Place { path, module };
    let mut found = Vec::new();
    for rule in RULES {
        for at in 0..source.code.len() {
            if let Some(why) = (rule.check)(&place, source, at) {
                found.push(format!("{path}:{}: {}: {why}", at + 1, rule.name));
            }
        }
    }
    found
}

/// Over 800 lines a file has more than one sentence.
pub fn length(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > 800).then(|| format!("{path}: {lines} lines: a file of more than 800 is split by sentence"))
}

/// `word` stands in `line` with no letter, digit or underscore around it (a word that ends in `!` needs none after it).
fn names(line: &str, word: &str) -> bool {
    let part_of_name = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !part_of_name(line[..at].chars().next_back()) && (word.ends_with('!') || !part_of_name(after.chars().next()))
    })
}

/// `word` stands in `line` with no letter, digit or underscore after it.
fn follows(line: &str, word: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| ends(&line[at + word.len()..]))
}

/// `rest` of `std::rest` named in a group, as in `use std::{fmt, fs}`; `at` is the line on which the group opens.
fn in_std_group(source: &Source, at: usize, rest: &str) -> bool {
    let Some((_, group)) = source.code[at].split_once("use std::{") else { return false };
    let more = source.code[at + 1..].iter().take_while(|line| !line.contains(';'));
    let here = [group.to_owned()];
    let all: Vec<&String> = here.iter().chain(more).collect();
    let closed = group.contains(';');
    all.iter().take(if closed { 1 } else { all.len() }).any(|line| names(line, rest))
}

/// The modules named on line `at` by `crate::…`, group members on later lines included.
fn imported(source: &Source, at: usize) -> Vec<String> {
    let line = &source.code[at];
    let mut found = Vec::new();
    for (start, _) in line.match_indices("crate::") {
        let rest = &line[start + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let more = source.code[at + 1..].iter().map(String::as_str);
            let mut depth = 1;
            let mut word = String::new();
            let mut expecting = true;
            'group: for text in std::iter::once(group).chain(more) {
                for character in text.chars().chain(['\n']) {
                    if character.is_alphanumeric() || character == '_' {
                        word.push(character);
                        continue;
                    }
                    if expecting && !word.is_empty() {
                        found.push(std::mem::take(&mut word));
                        expecting = false;
                    }
                    word.clear();
                    match character {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 1 => expecting = true,
                        _ => {}
                    }
                    if depth == 0 {
                        break 'group;
                    }
                }
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

/// Paths of files that only the tests compile: declared under `#[cfg(test)]`, or below such a file.
pub fn test_modules(all: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in all {
        let folder = match path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => path.trim_end_matches(".rs").to_owned(),
        };
        let (mut under_test, mut renamed) = (false, None);
        for line in text.lines().map(str::trim) {
            if line == "#[cfg(test)]" {
                under_test = true;
            } else if let Some(name) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
                renamed = Some(name.to_owned());
            } else if !line.starts_with("#[") {
                let declared = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                let module = declared.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
                if let (true, Some(module)) = (under_test, module) {
                    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                    match &renamed {
                        Some(name) => found.insert(format!("{directory}/{name}")),
                        None => {
                            found.insert(format!("{folder}/{module}.rs"))
                                | found.insert(format!("{folder}/{module}/mod.rs"))
                        }
                    };
                }
                (under_test, renamed) = (false, None);
            }
        }
    }
    let folders: Vec<String> = found
        .iter()
        .map(|path| path.trim_end_matches("mod.rs").trim_end_matches(".rs").trim_end_matches('/').to_owned() + "/")
        .collect();
    all.iter()
        .map(|(path, _)| path)
        .filter(|path| found.contains(*path) || folders.iter().any(|folder| path.starts_with(folder)))
        .cloned()
        .collect()
}
