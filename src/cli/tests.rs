//! Options as getopt_long reads them.

use std::ffi::OsString;
use std::path::Path;

use super::{Options, help, read, signal_number, version};

fn options(words: &str) -> Result<Options, Vec<String>> {
    read(words.split_whitespace().map(OsString::from))
}

fn good(words: &str) -> Options {
    options(words).unwrap_or_else(|wrong| panic!("{words}: {wrong:?}"))
}

/// IF-9, IF-14, IF-15, IF-25, IF-27, IF-28, IF-29: short, bundled, glued, long with `=` or as the next word.
#[test]
fn forms_of_an_option() {
    for words in [
        "-nlDf a.conf -p 1 -r 2 -c 3",
        "--dont-fork --log-console --log-detail --use-file=a.conf --pid=1 \
        --vrrp_pid=2 --checkers_pid=3",
        "-n -l -D -fa.conf --pid 1 --vrrp_pid 2 --checkers_pid 3",
    ] {
        let read = good(words);
        assert!(read.dont_fork && read.log_console && read.log_detail == 1, "{words}");
        assert_eq!(read.file, Path::new("a.conf"), "{words}");
        let pids = [&read.pid, &read.vrrp_pid, &read.checkers_pid].map(|path| path.clone().expect(words));
        assert_eq!(pids, ["1", "2", "3"].map(std::path::PathBuf::from), "{words}");
    }
    assert_eq!(good("").file, Path::new("/etc/keepalived/keepalived.conf"));
    assert_eq!(good("-DD").log_detail, 2);
}

/// IF-1: unambiguous beginnings of long names.
#[test]
fn a_long_name_may_be_shortened() {
    assert!(good("--dont-fo").dont_fork);
    assert!(good("--vrrp").only_vrrp, "exact, though --vrrp_pid begins so, too");
    assert_eq!(options("--dont").expect_err("several"), ["Unknown option --dont"]);
}

/// IF-2, IF-3: every mistake is told.
#[test]
fn mistakes_are_all_told() {
    assert_eq!(options("--use-file=").expect_err("empty"), ["Missing parameter for option --use-file"]);
    let wrong = options("-Z --bogus -n -f").expect_err("three");
    assert_eq!(wrong, ["Unknown option -Z", "Unknown option --bogus", "Missing parameter for option -f"]);
    assert_eq!(options("--signum").expect_err("none"), ["Missing parameter for option --signum"]);
}

/// IF-5: operands are no mistake, wherever they stand.
#[test]
fn operands_are_kept() {
    let read = good("a -n b -- -c");
    assert_eq!(read.operands, ["a", "b", "-c"]);
    assert!(read.dont_fork && read.checkers_pid.is_none());
}

/// IF-36, IF-40: values that may be left out are glued.
#[test]
fn optional_values_are_glued() {
    assert_eq!(good("-t").config_test.as_deref(), Some(""));
    assert_eq!(good("-tout.log").config_test.as_deref(), Some("out.log"));
    assert_eq!(good("--config-test=out.log").config_test.as_deref(), Some("out.log"));
    let read = good("-t out.log");
    assert_eq!((read.config_test.as_deref(), &read.operands[..]), (Some(""), &["out.log".to_owned()][..]));
    assert_eq!(good("-M").core_dump_pattern.as_deref(), Some("core"));
    assert_eq!(good("-Mx").core_dump_pattern.as_deref(), Some("x"));
}

/// IF-10, IF-11, IF-13: of -P, -C and --all the later one wins.
#[test]
fn parts_to_run() {
    assert_eq!(good("").parts(), (true, true));
    assert_eq!(good("-P").parts(), (true, false));
    assert_eq!(good("-C").parts(), (false, true));
    assert_eq!(good("-P -C").parts(), (false, false));
    assert_eq!(good("-P --all").parts(), (true, true));
    assert_eq!(good("--all -P").parts(), (true, false));
}

/// IF-16.
#[test]
fn facilities() {
    let facility = |text: &str| good(&format!("-S {text}")).facility();
    assert_eq!(good("").facility(), Some(3));
    assert_eq!(facility("daemon"), Some(3));
    assert_eq!(facility("user"), Some(1));
    assert_eq!(facility("0"), Some(16));
    assert_eq!(facility("local7"), Some(23));
    assert_eq!(facility("8"), None);
    assert_eq!(facility("local"), None);
}

/// IF-20: a number in C's forms, at most 0777.
#[test]
fn masks() {
    let umask = |text: &str| good(&format!("--umask={text}")).umask().map(|read| read.map_err(str::to_owned));
    assert_eq!(good("").umask(), None);
    assert_eq!(umask("022"), Some(Ok(0o22)));
    assert_eq!(umask("0x1f"), Some(Ok(0x1f)));
    assert_eq!(umask("18"), Some(Ok(18)));
    assert_eq!(umask("0"), Some(Ok(0)));
    for wrong in ["01000", "99x", "-1", "+1", "0x"] {
        assert_eq!(umask(wrong), Some(Err(wrong.to_owned())));
    }
}

/// IF-49: glibc's numbers.
#[test]
fn signal_numbers() {
    let numbers = ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON", "TDUMP", "stop"].map(signal_number);
    assert_eq!(numbers, [Some(15), Some(1), Some(10), Some(12), Some(63), Some(36), None, None]);
}

/// IF-47, IF-48: what programs read out of these texts.
#[test]
fn texts() {
    let text = version("Linux 6.1.0 #1 SMP", Some("Some System"));
    let first = text.lines().next().expect("a line");
    let number = first.split(' ').nth(1).and_then(|word| word.strip_prefix('v')).expect("vX.Y.Z");
    assert!(first.starts_with("Keepalived v"), "{first}");
    assert!(number.split('.').all(|part| part.parse::<u32>().is_ok()), "{number}");
    assert!(text.contains("\nRunning on Linux 6.1.0 #1 SMP\nDistro: Some System\n"), "{text}");
    assert!(text.contains("\nConfig options:  NFTABLES LVS REGEX VRRP "), "{text}");
    let text = help("/usr/sbin/keepalived");
    assert!(text.starts_with("Usage: /usr/sbin/keepalived [OPTION...]\n  -f, --use-file=FILE"), "{text}");
    assert!(text.contains("  -t, --config-test[=LOG_FILE]"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 110), "{text}");
}
