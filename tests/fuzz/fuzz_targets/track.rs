//! Any bytes as the number in a track file, and as names and command lines of processes.

#![no_main]

use std::sync::Arc;

use keepalived_rs::base::number::leading_integer;
use keepalived_rs::model::track::{ArgumentsMatch, ProcessPattern};
use keepalived_rs::vrrp::census::{Census, Shown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = leading_integer(bytes);
    let pattern = |full_command, arguments: &[&str], arguments_match| {
        Arc::new(ProcessPattern {
            path: "a".to_owned(),
            full_command,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            arguments_match,
        })
    };
    let mut census = Census::new(vec![
        pattern(false, &[], None),
        pattern(true, &["b"], Some(ArgumentsMatch::Exact)),
        pattern(true, &["b", "c"], Some(ArgumentsMatch::Partial)),
        pattern(true, &["b"], Some(ArgumentsMatch::Initial)),
    ]);
    for part in bytes.chunks(8) {
        let (pid, rest) = (u32::from(part[0] >> 4), &part[1..]);
        match part[0] & 7 {
            0 => census.forked(pid, u32::from(rest.first().copied().unwrap_or(0) & 15)),
            1 => census.shows(pid, Shown { name: rest, command_line: &[] }),
            2 => census.shows(pid, Shown { name: b"a", command_line: rest }),
            3 => census.named(pid, rest),
            4 => census.exited(pid),
            _ => census.looked_at([(pid, 1, Shown { name: rest, command_line: rest })].into_iter()),
        };
    }
    let most = census.all().iter().map(|count| count.count).max().unwrap_or(0);
    assert!(most <= 16, "no more than there are numbers");
});
