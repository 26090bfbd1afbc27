//! Memory while a hostile file is read, in a process of its own that may not have much.

use super::alone::elsewhere;
use super::*;
use nix::sys::resource::{Resource, setrlimit};

/// Address space that a process of a test gets, in bytes: most of it is the program and its threads' stacks.
const ROOM: u64 = 768 << 20;

/// What multiplies, repeats or has no end takes no memory beyond its limits.
#[test]
fn hostile_files_have_no_room_to_grow() {
    if elsewhere(&[], "memory::hostile_files_have_no_room_to_grow") {
        return;
    }
    setrlimit(Resource::RLIMIT_AS, ROOM, ROOM).expect("a limit");
    let sequences = format!("{} zz\n", "~SEQ(a,1,999999) ".repeat(40));
    refused(&read_text(sequences, &SMALL), "more than 5000 lines");
    for (piece, count) in [("{{{{\n", 100_000), ("zz\n", 70_000), ("\n", 1 << 20), ("\"\n", 50_000), ("$A=b\n", 20_000)]
    {
        let loaded = read_text(piece.repeat(count), &Limits { words: 60_000, ..Limits::USUAL });
        assert!(loaded.diagnostics.len() < 2_100, "{piece:?}");
    }
    let wide = format!("virtual_server_group g {{\n{}}}\n", "10.0.0.0/12 80\n".repeat(3))
        + &"virtual_server group g {\n real_server 10.0.0.1 80 {\n }\n}\n".repeat(200);
    let loaded = read_text(wide, &Limits::USUAL);
    assert!(!loaded.diagnostics.is_empty());
}
