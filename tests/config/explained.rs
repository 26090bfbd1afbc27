//! `keepalived-rs explain`: every code and every keyword has a text that holds.

use keepalived_rs::config::table;
use keepalived_rs::diagnostic::{Code, manual};
use keepalived_rs::tool::explain;

use super::read;

/// Each code says what to do, and an unknown one is none.
#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let advice = manual::entry(*code).advice;
        assert!(advice.len() > 20 && advice.ends_with('.'), "{code:?}: {advice}");
        let answer = explain::explain(&code.id().to_ascii_lowercase());
        assert_eq!(answer.exit, 0);
        assert!(answer.out.starts_with(code.id()) && answer.out.contains(code.explanation()), "{}", answer.out);
    }
    assert_eq!(explain::explain("KA9999").exit, 1);
}

/// The example of each keyword is a file in which it stands where it belongs.
#[test]
fn every_example_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    let mut wrong = Vec::new();
    for (context, rows) in table::all() {
        for row in rows {
            let example = explain::example(context, row);
            std::fs::write(&file, example.replace('…', "") + "\n").unwrap();
            let structural = |code: Code| {
                matches!(
                    code,
                    Code::UnknownKeyword
                        | Code::WrongBlock
                        | Code::UnexpectedOpen
                        | Code::MissingOpen
                        | Code::ExtraClose
                        | Code::MissingClose
                        | Code::UnmatchedQuote
                        | Code::MissingParameter
                        | Code::InvalidNumber
                )
            };
            let loaded = read(&file, None);
            if let Some(finding) = loaded.diagnostics.iter().find(|one| structural(one.code)) {
                wrong.push(format!("{context} {}: {}\n{example}", row.name, finding.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A keyword of several blocks is explained for each.
#[test]
fn a_keyword_of_several_blocks() {
    let answer = explain::explain("weight");
    for place in ["vrrp_script", "virtual_server", "virtual_server / real_server"] {
        assert!(answer.out.contains(&format!("weight ({place})\n")), "{}", answer.out);
    }
}
