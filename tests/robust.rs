//! Hostile configurations: no input panics, hangs, recurses without bound or takes memory without bound.
//!
//! The limits of [`Limits::USUAL`] are reached by inputs of a hundred megabytes; the tests reach smaller ones, which
//! act at the same places, and the largest inputs are tried against the usual ones where that takes no time.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::config::host::System;
use keepalived_rs::config::{Limits, Loaded, Request, load_within};
use keepalived_rs::diagnostic::{Code, Diagnostic, render};
use keepalived_rs::kernel::clock;

#[path = "checkers/alone.rs"]
mod alone;
#[path = "robust/files.rs"]
mod files;
#[path = "robust/memory.rs"]
mod memory;
#[path = "robust/multiplied.rs"]
mod multiplied;
#[path = "robust/seeds.rs"]
mod seeds;
#[path = "robust/words.rs"]
mod words;

/// No test takes longer, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

/// Limits that small inputs reach.
const SMALL: Limits = Limits {
    bytes: 1 << 20,
    files: 500,
    lines: 5_000,
    replacements: 20_000,
    words: 50_000,
    names: 5_000,
    findings: 50,
    ..Limits::USUAL
};

/// A folder with files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }
}

/// Reads a file, in bounded time.
fn read(file: &Path, limits: &Limits) -> Loaded {
    let begun = clock::now();
    let host = System::default();
    let loaded =
        load_within(&Request { file, config_id: Some("id"), all_config: false, test: true, host: &host }, limits);
    let took = clock::now().since(begun);
    assert!(took < Interval::from_micros(PATIENCE.as_micros() as u64), "{took:?}");
    loaded
}

/// Reads one text.
fn read_text(text: impl AsRef<[u8]>, limits: &Limits) -> Loaded {
    let folder = Folder::new();
    read(&folder.write("a.conf", text), limits)
}

fn of(loaded: &Loaded, code: Code) -> Vec<&Diagnostic> {
    loaded.diagnostics.iter().filter(|one| one.code == code).collect()
}

/// That a limit was passed is said once, with the words and, where there is one, the line; nothing starts.
fn refused(loaded: &Loaded, words: &str) {
    let found = of(loaded, Code::TooLarge);
    let [found] = found.as_slice() else { panic!("{found:?} of {:?}", loaded.diagnostics) };
    assert!(found.message.contains(words), "{}", found.message);
    assert_eq!((loaded.model.is_none(), loaded.exit, loaded.refusal), (true, 4, 2), "{}", found.message);
}

/// The findings as the log has them, without the folder.
fn lines(loaded: &Loaded, folder: &Folder) -> Vec<String> {
    let inside = format!("{}/", folder.0.path().display());
    loaded.diagnostics.iter().map(|one| render::line(one, &loaded.sources).replace(&inside, "")).collect()
}

/// A million braces, quotes, unknown words: the findings shown are few, all are counted, and the verdict is that of
/// all of them.
#[test]
fn findings_without_end() {
    let many = 8_000;
    let text = format!("{}}}\n", "priorty 100\n".repeat(many));
    let loaded = read_text(text, &Limits { words: 1 << 20, findings: 50, ..Limits::USUAL });
    // The first fifty, the first of each further code, and how many there are.
    assert_eq!(loaded.diagnostics.len(), 52, "{:?}", loaded.diagnostics);
    let last = loaded.diagnostics.last().expect("a finding");
    assert_eq!((last.code, loaded.exit), (Code::MoreFindings, 5));
    assert_eq!(last.message, format!("{} more findings are not shown", many + 2 - 51));
    assert_eq!(of(&loaded, Code::ExtraClose).len(), 1);
}

/// Blocks that do not nest: a million braces are a million lines, not a million calls.
#[test]
fn braces_without_end() {
    for brace in ["{", "}", "{ }", "vrrp_instance a {\n", "}\n", "virtual_server 10.0.0.1 80 {\n"] {
        // Fifty in a line.
        let many = |lines| format!("{}\n", brace.repeat(50)).repeat(lines);
        let loaded = read_text(many(200), &SMALL);
        assert!(loaded.diagnostics.len() < 60, "{brace:?}: {}", loaded.diagnostics.len());
        assert_ne!(loaded.exit, 0, "{brace:?}");
        refused(&read_text(many(1_200), &Limits { bytes: 4 << 20, ..SMALL }), "more than 50000 words, or lines");
    }
}

/// CL-80: conditions, true and false, with and without text.
#[test]
fn conditions_without_end() {
    let mut text = String::new();
    for at in 0..8_000 {
        let _ = writeln!(text, "@other{at} zz\n@^id zz\n@\n@id\n@id @id zz\n@^other");
    }
    let loaded = read_text(&text, &Limits { lines: 50_000, ..SMALL });
    assert_eq!(of(&loaded, Code::UnknownKeyword).len(), 50, "{:?}", loaded.diagnostics.first());
    // One in each round stands for itself: `@id zz` behind a condition is no condition.
    let last = loaded.diagnostics.last().expect("a finding");
    assert_eq!(last.message, "7950 more findings are not shown");
}

/// CL-3, CL-4: a line of any length is one finding, and what follows it is read.
#[test]
fn a_line_without_end() {
    let long = 3 << 20;
    for filling in ["z", "\"", "{", "$A ", "\\", "~SEQ(i,1,9) "] {
        let text = format!("$A=b\n{}\nglobal_defs {{\n}}\nzz\n", filling.repeat(long / filling.len()));
        let loaded = read_text(text, &Limits::USUAL);
        let told: Vec<(Code, &str)> = loaded.diagnostics.iter().map(|one| (one.code, one.message.as_str())).collect();
        let wanted = [(Code::LineTooLong, "line too long - ignoring"), (Code::UnknownKeyword, "Unknown keyword 'zz'")];
        assert_eq!(told, wanted, "{filling}");
    }
    let quoted = format!("zz \"{}\"\n", "a b".repeat(2 << 20));
    assert_eq!(of(&read_text(quoted, &Limits::USUAL), Code::LineTooLong).len(), 1);
}

/// CL-5, CL-6, CL-7: what is no text: one finding for what is wrong, and the rest is read.
#[test]
fn bytes_that_are_no_text() {
    let good = "global_defs {\n router_id a\n}\n";
    let with = |before: &[u8], after: &[u8]| [before, good.as_bytes(), after].concat();
    let told = |bytes: Vec<u8>| {
        let loaded = read_text(bytes, &Limits::USUAL);
        loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(told(with(b"", b"")), []);
    assert_eq!(told(with(b"\xff\xfe\x80\n", b"")), [Code::UnknownKeyword]);
    assert_eq!(told(with(b"zz\0\n", b"\0\n")), [Code::EmbeddedNul, Code::EmbeddedNul]);
    assert_eq!(told(good.replace('\n', "\r\n").into_bytes()), []);
    assert_eq!(told(with(b"\x1a\x07\x7f\n", b"")), [Code::UnknownKeyword]);
    // UTF-16 has a NUL in every other byte.
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(told(wide).contains(&Code::EmbeddedNul));
    // A lone carriage return is a blank: all of this is one line.
    assert_eq!(told(good.replace('\n', "\r").into_bytes()), []);
    assert_eq!(told(b"# all\rof\rit\r".to_vec()), []);
    let marked = read_text(with("\u{feff}".as_bytes(), b""), &Limits::USUAL);
    let first = marked.diagnostics.first().expect("a finding");
    assert_eq!(first.code, Code::UnknownKeyword);
    assert_eq!(first.help.as_deref(), Some("the file begins with a byte order mark: save it without one"));
}

/// The full look of many findings of a large file takes no time of the square of its size.
#[test]
fn many_findings_are_shown_in_full() {
    let loaded = read_text("priorty 100\n".repeat(20_000), &Limits { findings: 300, ..Limits::USUAL });
    let begun = clock::now();
    for form in [render::Form::Full { colour: true }, render::Form::Line, render::Form::Json] {
        let shown = render::findings(loaded.diagnostics.iter(), &loaded.sources, form);
        assert!(shown.lines().count() >= 301, "{form:?}");
    }
    assert!(clock::now().since(begun) < Interval::from_secs(10));
}

/// What is compared with each other may not be so much that it takes hours; virtual servers are not.
#[test]
fn lines_outside_of_virtual_servers() {
    let limits = Limits { others: 100, ..Limits::USUAL };
    let mut servers = "virtual_server 10.0.0.1 80 {\n".to_owned();
    for at in 1..=200 {
        let _ = writeln!(servers, " real_server 10.0.1.{at} 80 {{\n }}");
    }
    servers.push_str("}\n");
    let others = |count: usize| format!("{servers}static_routes {{\n{}}}\n", "10.0.0.0/24 dev lo\n".repeat(count));
    assert_eq!(read_text(others(90), &limits).model.expect("a model").lvs.virtual_servers[0].real_servers.len(), 200);
    refused(&read_text(others(110), &limits), "there are more than 100 lines and braces outside of virtual servers");
}
