//! What multiplies: sequences, lists, definitions and includes within each other.

use super::*;

/// A chain of definitions in which each stands for the one before twice, in lines or in words.
fn doubling(innermost: &str, each: impl Fn(usize) -> String) -> String {
    let mut text = format!("$A0={innermost}\n");
    for at in 1..=40 {
        let _ = writeln!(text, "$A{at}={}", each(at - 1));
    }
    text + "$A40\n"
}

/// CL-51, CL-54: a text that would be 2^40 lines, of which some, or none, mean something.
#[test]
fn definitions_that_double_themselves_in_lines() {
    for innermost in ["zz", "", "# nothing", "@other zz", "include nothing*", "$B=c"] {
        let text = doubling(innermost, |before| format!("\\\n $A{before} \\\n $A{before} \\\n $A{before}\n"));
        refused(&read_text(&text, &SMALL), "there are more than 5000 lines from definitions");
    }
}

/// CL-51, CL-52: one line that would have 2^40 words: it is used as far as it fits.
#[test]
fn definitions_that_double_themselves_in_a_line() {
    let loaded = read_text(doubling("zz", |before| format!("${{A{before}}} ${{A{before}}}")), &SMALL);
    let told = of(&loaded, Code::DefinitionLogged);
    assert!(told.iter().any(|one| one.message.contains("does not fit")) || !of(&loaded, Code::Definition).is_empty());
    // The empty one has no end at all; a bound of its own finds it.
    let loaded = read_text(doubling("", |before| format!("${{A{before}}}${{A{before}}}")), &SMALL);
    assert_eq!(of(&loaded, Code::Definition).len(), 1, "{:?}", loaded.diagnostics);
}

/// Lines with as many uses as fit are bounded together.
#[test]
fn uses_of_definitions_are_counted() {
    let text = format!("$E=\n{}", "zz ${E}${E}${E}${E}${E}${E}${E}${E}${E}${E}\n".repeat(3_000));
    refused(&read_text(text, &SMALL), "there are more than 20000 uses of definitions");
}

/// CL-71: more rounds than can be meant.
#[test]
fn a_sequence_of_a_billion() {
    for line in ["~SEQ(i,1,1000000000) zz$i", "~SEQ(i,-1000000000) zz$i", "~SEQ(i,0,4294967295) zz$i"] {
        let loaded = read_text(format!("{line}\n"), &Limits::USUAL);
        assert_eq!(of(&loaded, Code::Replication).len(), 2, "{line}: {:?}", loaded.diagnostics);
    }
    // Numbers at their bounds.
    for line in [
        "~SEQ(i,4294967295,4294967295) zz$i",
        "~SEQ(i,-4294967295,4294967295,4294967295) zz$i",
        "~SEQ(i,1,99999999999999999999) zz",
        "~SEQ(i,99999999999999999999999999999999999999999999999999999999999999999999) zz",
        "~SEQ(i,1,0,5) zz",
    ] {
        read_text(format!("{line}\n"), &Limits::USUAL);
    }
}

/// CL-74: sequences and lists within each other, whether or not their innermost text means something.
#[test]
fn sequences_within_sequences() {
    for innermost in ["zz$a", "", "# nothing", "$b=c", "include nothing*", "~SEQ(x,3,1,1) zz", "$NONE"] {
        let text = format!("~SEQ(a,1,999999) ~SEQ(b,1,999999) ~SEQ(c,1,999999) {innermost}\n");
        refused(&read_text(&text, &SMALL), "more than 5000 lines");
        let list = format!("~LST(a{})", ",1".repeat(90));
        let text = format!("{list} {list} {list} {list} {innermost}\n");
        refused(&read_text(&text, &SMALL), "more than 5000 lines");
    }
    let deep = format!("{} zz\n", "~SEQ(a,1,9) ".repeat(80));
    refused(&read_text(deep, &SMALL), "includes or definitions within each other");
}

/// A sequence of sequences by a definition (CL-57), and one of itself.
#[test]
fn sequences_of_definitions() {
    let loaded = read_text("$S=~SEQ(i,1,9) $S\n$S\n", &SMALL);
    assert!(
        of(&loaded, Code::DefinitionLogged)[0].message.starts_with("line '$S' does not fit"),
        "{:?}",
        loaded.diagnostics
    );
    refused(&read_text("$S=\\\n ~SEQ(i,1,9) $S \\\n zz\n$S\n", &SMALL), "within each other");
    let text = "$S=~SEQ(i,1,9999) zz\n$T=~SEQ(j,1,9999) $S\n$T\n";
    refused(&read_text(text, &SMALL), "more than 5000 lines");
}

/// A million virtual servers by one line, had they fewer bytes; what the limits have room for is read.
#[test]
fn virtual_servers_by_one_line() {
    let line = |count: u32| format!("~SEQ(i,1,{count}) virtual_server fwmark $i {{ real_server 10.0.0.1 80 {{ }} }}\n");
    let loaded = read_text(line(2_000), &SMALL);
    assert_eq!(loaded.model.expect("a model").lvs.virtual_servers.len(), 2_000);
    refused(&read_text(line(1_000_000), &SMALL), "more than 5000 lines");
    let bytes = Limits { lines: 1_000_000, bytes: 100_000, ..SMALL };
    refused(&read_text(line(1_000_000), &bytes), "becomes more than 100000 bytes");
}

/// CL-88: a file that includes itself, directly, through another, by a pattern, by a link.
#[test]
fn includes_that_go_round() {
    let folder = Folder::new();
    let told = |name: &str| {
        let loaded = read(&folder.path(name), &Limits::USUAL);
        assert_eq!((of(&loaded, Code::IncludeLoop).len(), loaded.exit), (1, 5), "{:?}", loaded.diagnostics);
        assert_eq!(of(&loaded, Code::UnknownKeyword).len(), 1, "the rest is read");
        lines(&loaded, &folder).swap_remove(0)
    };
    folder.write("self.conf", "include self.conf\nzz\n");
    assert_eq!(told("self.conf"), "(self.conf: Line 1) Configuration file 'self.conf' includes itself - skipping");
    folder.write("one.conf", "\n\ninclude two.conf\n");
    folder.write("two.conf", "zz\ninclude ./one.conf\n");
    assert_eq!(told("one.conf"), "(two.conf: Line 2) Configuration file './one.conf' includes itself - skipping");
    folder.write("glob.con", "zz\ninclude glo*.con\n");
    assert_eq!(told("glob.con"), "(glob.con: Line 2) Configuration file 'glob.con' includes itself - skipping");
    folder.write("link.conf", "include other\nzz\n");
    std::os::unix::fs::symlink("link.conf", folder.path("other")).expect("a link");
    assert_eq!(told("link.conf"), "(link.conf: Line 1) Configuration file 'other' includes itself - skipping");
    folder.write("hard.conf", "include same\nzz\n");
    std::fs::hard_link(folder.path("hard.conf"), folder.path("same")).expect("a link");
    assert_eq!(told("hard.conf"), "(hard.conf: Line 1) Configuration file 'same' includes itself - skipping");
    // The same file twice, one after the other, is no loop.
    folder.write("part", "zz\n");
    let loaded = read(&folder.write("twice.conf", "include part\ninclude part\n"), &Limits::USUAL);
    assert_eq!(loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnknownKeyword; 2]);
}

/// Includes within includes: as deep as is allowed, and deeper; and each twice as many as the one before.
#[test]
fn includes_within_includes() {
    let folder = Folder::new();
    for at in 0..100 {
        folder.write(&format!("deep{at}"), format!("include deep{}\n", at + 1));
        folder.write(&format!("twice{at}"), format!("include twice{}\n", at + 1).repeat(2));
    }
    folder.write("deep100", "zz\n");
    folder.write("twice40", "");
    let loaded = read(&folder.path("deep37"), &SMALL);
    assert_eq!(loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnknownKeyword]);
    refused(&read(&folder.path("deep36"), &SMALL), "more than 64 includes or definitions within each other");
    refused(&read(&folder.path("twice0"), &SMALL), "there are more than 500 files");
}

/// Many files of one pattern are read, more than are allowed are not.
#[test]
fn a_pattern_of_many_files() {
    let folder = Folder::new();
    for at in 0..510 {
        folder.write(&format!("{at:04}.inc"), format!("zz{at}\n"));
    }
    let main = folder.write("main.conf", "include *.inc\n");
    let loaded = read(&main, &Limits { findings: 1000, ..Limits::USUAL });
    let told: Vec<String> = loaded.diagnostics.iter().map(|one| one.message.clone()).collect();
    let wanted: Vec<String> = (0..510).map(|at| format!("Unknown keyword 'zz{at}'")).collect();
    assert_eq!(told, wanted, "in the order of their names");
    refused(&read(&main, &SMALL), "'*.inc' stands for too many files or names");
    let all = format!("{}/*.inc", folder.0.path().display());
    refused(&read(Path::new(&all), &SMALL), "stands for too many files or names");
    // CL-86: braces beyond what can be meant.
    let braces = folder.write("braces.conf", format!("include {}\n", "{a,b,c,d}".repeat(20)));
    refused(&read(&braces, &SMALL), "stands for too many files or names");
    let nested = format!("include {}a{}\n", "{".repeat(400), "}".repeat(400));
    assert_eq!(read(&folder.write("nested.conf", nested), &SMALL).exit, 0);
}

/// A pattern with more ways through the folders than can be walked, of which none leads to a file.
#[test]
fn a_pattern_without_end() {
    let folder = Folder::new();
    std::os::unix::fs::symlink(".", folder.path("a")).expect("a link");
    std::os::unix::fs::symlink(".", folder.path("b")).expect("a link");
    let main = folder.write("main.conf", format!("include {}nothing\n", "*/".repeat(60)));
    refused(&read(&main, &SMALL), "stands for too many files or names");
    // To glob(3) two asterisks are one: no folder is walked with all below it.
    std::fs::create_dir_all(folder.path("d/e")).expect("a folder");
    folder.write("d/e/f.inc", "zz\n");
    let main = folder.write("main.conf", "include d/**/f.inc\ninclude d/**.inc\ninclude **/f.inc\n");
    let loaded = read(&main, &SMALL);
    assert_eq!(lines(&loaded, &folder), ["(d/e/f.inc: Line 1) Unknown keyword 'zz'"]);
}
