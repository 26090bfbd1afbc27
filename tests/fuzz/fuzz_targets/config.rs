//! Any bytes as a configuration: read, resolved, each finding shown in its three forms, the model printed and read again.
//!
//! `%%NAME` at the start of a line begins another file of that name, for includes.

#![no_main]

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use keepalived_rs::base::net::InterfaceIndex;
use keepalived_rs::config::dump::{Secrets, dump};
use keepalived_rs::config::host::{Host, Interface, Program, User};
use keepalived_rs::config::{Limits, Loaded, Request, load_within};
use keepalived_rs::diagnostic::Severity;
use keepalived_rs::diagnostic::render::{Form, findings};
use keepalived_rs::model::notify::ScriptIdentity;
use libfuzzer_sys::fuzz_target;

/// A machine that answers without asking the real one.
struct Machine;

impl Host for Machine {
    fn name(&self) -> String {
        "fuzz.example".to_owned()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let index = ["lo", "eth0", "eth1"].iter().position(|other| *other == name)?;
        Some(Interface {
            index: InterfaceIndex(index as u32 + 1),
            mtu: 1500,
            loopback: index == 0,
            multicast: index != 0,
        })
    }

    fn user(&self, name: &str) -> Option<User> {
        match name {
            "root" | "0" => Some(User { uid: 0, gid: 0 }),
            "www" | "33" => Some(User { uid: 33, gid: 33 }),
            _ => None,
        }
    }

    fn group(&self, name: &str) -> Option<u32> {
        name.parse().ok()
    }

    fn program(&self, path: &Path, _: &ScriptIdentity) -> Program {
        if path.starts_with("/bin") { Program::Good } else { Program::Missing }
    }

    fn resolve(&self, host: &str) -> Option<IpAddr> {
        (host == "mail").then(|| IpAddr::from([192, 0, 2, 25]))
    }

    fn environment(&self, name: &str) -> Option<String> {
        (name == "PATH").then(|| "/bin".to_owned())
    }

    fn random(&self) -> u64 {
        7
    }

    fn processors(&self) -> u32 {
        2
    }

    fn namespace(&self, name: &str) -> bool {
        name == "there"
    }
}

/// Limits that a small input can pass.
const LIMITS: Limits = Limits {
    bytes: 1 << 18,
    files: 20,
    lines: 500,
    replacements: 2_000,
    words: 20_000,
    names: 500,
    findings: 30,
    ..Limits::USUAL
};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let folder = root.join(format!("keepalived-rs-fuzz.{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
});

fn read(file: &Path) -> Loaded {
    load_within(
        &Request { file, config_id: Some("id"), all_config: false, test: true, host: &Machine },
        &LIMITS,
    )
}

fuzz_target!(|bytes: &[u8]| {
    let mut written = Vec::new();
    let mut rest = bytes;
    let mut name = "main.conf".to_owned();
    loop {
        let end = rest.windows(3).position(|window| window == b"\n%%");
        let text = &rest[..end.map_or(rest.len(), |end| end + 1)];
        let path = FOLDER.join(&name);
        std::fs::write(&path, text).expect("a file");
        written.push(path);
        let Some(end) = end else { break };
        let after = &rest[end + 3..];
        let line = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
        name = after[..line].iter().filter(|byte| byte.is_ascii_lowercase()).map(|byte| char::from(*byte)).collect();
        if name.is_empty() || name.len() > 20 || written.len() > 5 {
            break;
        }
        rest = &after[line..];
    }
    judge(&written[0]);
    for path in written {
        std::fs::remove_file(path).unwrap_or(());
    }
});

fn judge(main: &Path) {
    let first = read(main);
    for form in [Form::Full { colour: false }, Form::Line, Form::Json] {
        let shown = findings(first.diagnostics.iter(), &first.sources, form);
        assert!(shown.lines().count() >= first.diagnostics.len(), "each finding is shown");
    }
    let Some(model) = first.model else { return };
    let printed = dump(&model, Secrets::Shown);
    let file = FOLDER.join("printed.conf");
    std::fs::write(&file, &printed).expect("a file");
    let back = read(&file);
    // What a mistake left behind may be something that cannot be written.
    if first.diagnostics.iter().all(|one| one.severity() != Severity::Error) && printed.len() < LIMITS.bytes {
        let told = findings(back.diagnostics.iter(), &back.sources, Form::Line);
        let (before, after) = (format!("{:#?}", Some(&model)), format!("{:#?}", back.model));
        let pairs = before.lines().zip(after.lines()).filter(|(one, other)| one != other).take(5);
        let differ: String = pairs.map(|(one, other)| format!("- {one}\n+ {other}\n")).collect();
        assert!(back.model == Some(model), "printed and read again it is another:\n{differ}{told}\n{printed}");
    }
    std::fs::remove_file(file).unwrap_or(());
}
