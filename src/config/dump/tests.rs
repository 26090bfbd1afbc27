//! Words and commands that need care.

use super::writer::{command, word};

#[test]
fn words_are_quoted_where_they_must_be() {
    for plain in ["eth0.100", "10.0.0.1/24", "fe80::1", "/run/a-b", "x@example.org"] {
        let quoted = word(plain);
        assert_eq!(quoted.trim_matches('"'), plain);
    }
    assert_eq!(word("eth0"), "eth0");
    for odd in ["", "a b", "#", "a!b", "{", "$A", "@x", "~SEQ(1,2)"] {
        assert_eq!(word(odd), format!("\"{odd}\""));
    }
}

/// CL-26, CL-27: what the second reading makes of it are the same words.
#[test]
fn commands_read_back() {
    let argv = ["/bin/a b", "", "it's", "say \"hi\"", "\\n", "#!$A{}~;", "\n\t", "ä"].map(str::to_owned);
    let text = command(&argv);
    let inner = text.trim_matches('"');
    assert!(!inner.contains(['"', '#', '!', '$', '{', '}', '\n']), "the file would read these itself: {text}");
    let outer = crate::config::script::words(&text, false).expect("quotes match");
    assert_eq!(outer.len(), 1, "{text}");
    assert_eq!(crate::config::script::words(&outer[0], true).expect("quotes match"), argv);
}
