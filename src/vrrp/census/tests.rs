use super::*;

fn pattern(words: &[&str], full_command: bool, arguments_match: Option<ArgumentsMatch>) -> Arc<ProcessPattern> {
    let (path, arguments) = words.split_first().unwrap();
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    Arc::new(ProcessPattern { path: (*path).to_owned(), arguments, full_command, arguments_match })
}

fn line(words: &[&str]) -> Vec<u8> {
    words.iter().flat_map(|word| word.bytes().chain([0])).collect()
}

/// VR-229: by the name that the kernel shows, or by the first word of the command line, with arguments compared in
/// three ways.
#[test]
fn what_fits() {
    let fits = |pattern: &ProcessPattern, name: &str, words: &[&str]| {
        super::fits(pattern, Shown { name: name.as_bytes(), command_line: &line(words) })
    };
    let named = pattern(&["sshd"], false, None);
    assert!(fits(&named, "sshd", &["/usr/sbin/sshd", "-D"]));
    assert!(!fits(&named, "ssh", &["sshd"]));
    let full = pattern(&["/usr/sbin/sshd"], true, None);
    assert!(fits(&full, "x", &["/usr/sbin/sshd", "-D"]));
    assert!(!fits(&full, "x", &["sshd"]));
    let with = |way| pattern(&["cat", "-a", "fil"], true, Some(way));
    let lines: [&[&str]; 6] = [
        &["cat", "-a", "fil"],
        &["cat", "-a", "file"],
        &["cat", "-a", "fil", "more"],
        &["cat", "-a"],
        &["cat"],
        &["dog", "-a", "fil"],
    ];
    let by = |way| lines.map(|words| fits(&with(way), "x", words));
    assert_eq!(by(ArgumentsMatch::Exact), [true, false, false, false, false, false]);
    assert_eq!(by(ArgumentsMatch::Partial), [true, false, true, false, false, false]);
    assert_eq!(by(ArgumentsMatch::Initial), [true, true, true, false, false, false]);
    let bare = pattern(&["cat"], true, Some(ArgumentsMatch::Exact));
    assert_eq!([fits(&bare, "x", &["cat"]), fits(&bare, "x", &["cat", "-"])], [true, false]);
}

fn told(counts: Vec<Count>) -> Vec<(String, u32, CountCause)> {
    counts.into_iter().map(|one| (one.pattern.path.clone(), one.count, one.cause)).collect()
}

/// VR-228: a fork counts like its parent, a command or a name decides anew, an end counts out; what fits nothing is
/// not told.
#[test]
fn forks_commands_names_and_ends() {
    let (a, b) = (pattern(&["a"], false, None), pattern(&["/b"], true, None));
    let mut census = Census::new(vec![a, b]);
    let shown = |name, command_line| Shown { name, command_line };
    let other = CountCause::Other;
    assert_eq!(told(census.shows(10, shown(b"a", b"/b\0"))), [("a".into(), 1, other), ("/b".into(), 1, other)]);
    assert_eq!(told(census.shows(10, shown(b"a", b"/b\0"))), [], "nothing new");
    let fork = CountCause::Fork;
    assert_eq!(told(census.forked(10, 11)), [("a".into(), 2, fork), ("/b".into(), 2, fork)]);
    assert_eq!(told(census.forked(99, 12)), []);
    assert_eq!(told(census.named(11, b"c")), [("a".into(), 1, other)]);
    assert_eq!(told(census.shows(11, shown(b"c", b"/c\0"))), [("/b".into(), 1, other)]);
    assert!(!census.counts(11) && census.counts(10));
    assert_eq!(told(census.exited(11)), []);
    let exit = CountCause::Exit;
    assert_eq!(told(census.exited(10)), [("a".into(), 0, exit), ("/b".into(), 0, exit)]);
}

/// Looked at from time to time: who has a parent that counts has forked, who is missing has ended.
#[test]
fn a_look_at_everything() {
    let mut census = Census::new(vec![pattern(&["a"], false, None)]);
    let a = Shown { name: b"a", command_line: &[] };
    let z = Shown { name: b"z", command_line: &[] };
    assert_eq!(told(census.looked_at([(1, 0, z), (10, 1, a)].into_iter())), [("a".into(), 1, CountCause::Other)]);
    assert_eq!(told(census.looked_at([(10, 1, a), (11, 10, a)].into_iter())), [("a".into(), 2, CountCause::Fork)]);
    assert_eq!(told(census.looked_at([(11, 1, a)].into_iter())), [("a".into(), 1, CountCause::Exit)]);
    assert_eq!(told(census.looked_at([(11, 1, z)].into_iter())), [("a".into(), 0, CountCause::Other)]);
}

/// Only as much of a command line is read as decides.
#[test]
fn bytes_of_a_command_line() {
    assert_eq!(Census::new(vec![pattern(&["a"], false, None)]).command_line(), 0);
    assert_eq!(Census::new(vec![pattern(&["/a", "bc"], true, None)]).command_line(), 3 + 3 + 2);
}
