//! Files that are none, that are too large, or that change while they are read. A reload reads in the daemon: nothing
//! may be waited for.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::stat::Mode;

use super::*;

/// CL-89: as the main file and as an include: refused at once, with the original's words.
#[test]
fn what_is_no_regular_file() {
    let folder = Folder::new();
    nix::unistd::mkfifo(&folder.path("fifo"), Mode::from_bits_truncate(0o600)).expect("a FIFO");
    let _socket = UnixListener::bind(folder.path("socket")).expect("a socket");
    std::fs::create_dir(folder.path("folder")).expect("a folder");
    folder.write("program", "zz\n");
    std::fs::set_permissions(folder.path("program"), std::fs::Permissions::from_mode(0o755)).expect("a program");
    std::os::unix::fs::symlink("nowhere", folder.path("dangling")).expect("a link");
    std::os::unix::fs::symlink("circle", folder.path("circle")).expect("a link");
    let inside = |name: &str| folder.path(name).display().to_string();
    let mut all: Vec<String> = ["fifo", "socket", "folder", "program", "dangling", "circle"].map(inside).into();
    all.extend(
        ["/dev/zero", "/dev/null", "/dev/full", "/dev/tty", "/dev/stdin", "/dev/fd/0", "/proc", "/"].map(String::from),
    );
    for name in all {
        let told = |loaded: &Loaded| {
            let [found] = loaded.diagnostics.as_slice() else { panic!("{name}: {:?}", loaded.diagnostics) };
            let known =
                ["is a directory", "is not a regular non-executable file", "Unable to open", "Config files missing"];
            assert!(known.iter().any(|words| found.message.contains(words)), "{name}: {}", found.message);
            (found.code, loaded.model.is_none())
        };
        // Standard input may be a file here.
        if std::fs::metadata(&name).is_ok_and(|about| about.is_file()) && !name.ends_with("program") {
            continue;
        }
        let (code, nothing) = told(&read(Path::new(&name), &Limits::USUAL));
        assert!(nothing && matches!(code, Code::FileMissing | Code::IncludeMissing), "{name}: {code:?}");
        let main = folder.write("main.conf", format!("include {name}\n"));
        assert_eq!(told(&read(&main, &Limits::USUAL)).0, Code::IncludeMissing, "{name}");
        let main = folder.write("main.conf", format!("includer {name}\n"));
        let loaded = read(&main, &Limits::USUAL);
        assert!(loaded.diagnostics.len() == 1 && loaded.refusal != 0, "{name}");
    }
}

/// Files of the kernel that have no size, of which some have no end, and some keep their reader waiting.
#[test]
fn files_of_the_kernel() {
    for name in ["/proc/kmsg", "/proc/self/mem", "/proc/kallsyms", "/proc/self/maps", "/proc/self/pagemap"] {
        if !Path::new(name).exists() {
            continue;
        }
        let loaded = read(Path::new(name), &SMALL);
        assert!(!loaded.diagnostics.is_empty(), "{name}");
    }
}

/// A file that is too large is not read at all; one that turns out to be so is read as far as is allowed.
#[test]
fn files_that_are_too_large() {
    let folder = Folder::new();
    let sparse = folder.write("sparse.conf", "");
    std::fs::OpenOptions::new().write(true).open(&sparse).and_then(|file| file.set_len(1 << 40)).expect("a large file");
    let most = Limits::USUAL.bytes;
    refused(&read(&sparse, &Limits::USUAL), &format!("sparse.conf' has more than {most} bytes"));
    let main = folder.write("main.conf", "global_defs {\n}\ninclude sparse.conf\nzz\n");
    let loaded = read(&main, &Limits::USUAL);
    refused(&loaded, "file 'sparse.conf' has more than");
    assert!(lines(&loaded, &folder)[0].starts_with("(main.conf: Line 3) file 'sparse.conf'"));
    // What has no size until it is read.
    refused(&read(Path::new("/proc/self/maps"), &Limits { bytes: 100, ..SMALL }), "has more than 100 bytes");
    // Bytes that are no UTF-8 take four each.
    let odd = folder.write("odd.conf", vec![0xff; 300]);
    refused(&read(&odd, &Limits { bytes: 1000, ..SMALL }), "has more than 1000 bytes");
    // Many that are small.
    folder.write("part", "zzzzzzzzz\n".repeat(100));
    let main = folder.write("main.conf", "include part\n".repeat(100));
    refused(&read(&main, &Limits { bytes: 50_000, ..SMALL }), "more than 50000 bytes in all files together");
}

/// A file that is written anew, cut and removed while it is read is read as something, and nothing panics.
#[test]
fn a_file_that_changes_while_it_is_read() {
    let folder = Folder::new();
    let main = folder.write("main.conf", "include part*\nvrrp_instance a {\n}\n");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let text = "virtual_server 10.0.0.1 80 {\n real_server 10.0.0.2 80 {\n }\n}\n".repeat(200);
            let mut turn = 0_usize;
            while !done.load(Ordering::Relaxed) {
                turn += 1;
                let path = folder.path("part.conf");
                let changed = match turn % 4 {
                    0 => std::fs::write(&path, &text[..turn * 37 % text.len()]),
                    1 => std::fs::write(&path, &text),
                    2 => std::fs::OpenOptions::new()
                        .write(true)
                        .open(&path)
                        .and_then(|file| file.set_len(turn as u64 * 91 % 9999)),
                    _ => std::fs::remove_file(&path),
                };
                changed.expect("a change");
            }
        });
        for _ in 0..12 {
            let loaded = read(&main, &Limits::USUAL);
            assert_eq!(loaded.sources.files().next(), Some(&*main.display().to_string()));
            for one in &loaded.diagnostics {
                assert!(!render::full(one, &loaded.sources, false).is_empty());
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// What a configuration names is looked at while the daemon runs, too: lists of iproute2, keys, files to be tracked.
#[test]
fn files_that_a_configuration_names() {
    let folder = Folder::new();
    let fifo = |name: &str| nix::unistd::mkfifo(&folder.path(name), Mode::from_bits_truncate(0o600)).expect("a FIFO");
    for list in ["rt_tables", "rt_protos", "rt_scopes", "rt_dsfield", "rt_realms", "group"] {
        fifo(list);
    }
    fifo("key");
    std::fs::create_dir(folder.path("rt_tables.d")).expect("a folder");
    fifo("rt_tables.d/a.conf");
    let here = folder.0.path().display();
    let text = format!(
        "global_defs {{\n iproute_etc_dir {here}\n iproute_usr_dir {here}\n}}\nstatic_routes {{\n 10.0.0.0/24 dev lo table zz proto yy scope xx realms a/b\n}}\n\
         vrrp_instance a {{\n interface lo\n virtual_router_id 1\n auth_hmac {{\n key 1 file:{here}/key\n key 2 file:/dev/zero\n key 3 file:/proc/kmsg\n }}\n virtual_ipaddress {{\n 10.0.0.1\n }}\n}}\n\
         track_file f {{\n file {here}/key\n init_file 1 overwrite\n}}\n"
    );
    let loaded = read_text(text, &Limits::USUAL);
    assert!(loaded.diagnostics.len() > 3, "{:?}", loaded.diagnostics);
}
