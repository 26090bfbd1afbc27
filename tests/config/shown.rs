//! How each kind of finding is shown: with its excerpt, as one line, and as JSON. `KA_UPDATE=1` writes the file anew.

use std::fmt::Write;

use keepalived_rs::diagnostic::render::{self, Form};

use super::{folder, read};

/// What it shows, and the text.
const CASES: &[(&str, &str)] = &[
    (
        "a misspelt keyword",
        "vrrp_instance V {\n    interface eth0\n    virtual_router_id 51\n    priorty 100\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
    ),
    ("a keyword of another block", "virtual_server 10.0.0.1 80 {\n    virtual_router_id 51\n}\n"),
    (
        "a brace that is missing before the next block",
        "vrrp_script s {\n    script \"/bin/true\"\n\nglobal_defs {\n    router_id a\n}\n",
    ),
    ("a block without its opening brace", "global_defs\n    router_id a\n}\n"),
    ("a closing brace too many", "global_defs {\n}\n}\n"),
    ("a quote without a partner", "global_defs {\n    router_id \"a\n}\n"),
    ("a number out of range", "vrrp_instance V {\n    interface eth0\n    virtual_router_id 256\n}\n"),
    ("text where a number is wanted", "global_defs {\n    vrrp_garp_master_delay soon\n}\n"),
    ("a word that is none of the choices", "vrrp_instance V {\n    state SLAVE\n}\n"),
    ("a value that is missing", "vrrp_instance V {\n    interface\n}\n"),
    ("something given twice", "global_defs {\n    notify_fifo_script /bin/true\n    notify_fifo_script /bin/ping\n}\n"),
    ("a block of a name that is taken", "vrrp_instance V {\n}\n\nvrrp_instance V {\n}\n"),
    (
        "a name that is not declared",
        "vrrp_script check_web {\n    script /bin/true\n}\nvrrp_instance V {\n    interface eth0\n    virtual_router_id 1\n    virtual_ipaddress {\n        10.0.0.1\n    }\n    track_script {\n        chek_web\n    }\n}\n",
    ),
    (
        "two virtual routers that cannot be told apart",
        "vrrp_instance A {\n    interface eth0\n    virtual_router_id 7\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance B {\n    interface eth0\n    virtual_router_id 7\n    virtual_ipaddress {\n        10.0.0.2\n    }\n}\n",
    ),
    ("a mistake in what a definition became", "$BLOCK=global_defs { \\\n  routerid x \\\n}\n$BLOCK\n"),
    ("a finding without a place", "vrrp_instance V {\n    interface nosuch0\n    virtual_router_id 1\n}\n"),
];

/// Every shape of a finding, in each form.
#[test]
fn findings_are_shown_as_recorded() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a.conf");
    let mut shown = String::new();
    for (what, text) in CASES {
        std::fs::write(&file, text).unwrap();
        let loaded = read(&file, None);
        assert!(!loaded.diagnostics.is_empty(), "{what}: nothing found");
        let _ = writeln!(shown, "===== {what}");
        for form in [Form::Full { colour: false }, Form::Line, Form::Json] {
            for finding in &loaded.diagnostics {
                shown += &render::findings([finding], &loaded.sources, form);
            }
            shown.push('\n');
        }
    }
    let shown = shown.replace(&file.display().to_string(), "a.conf");
    let golden = folder().join("shown.txt");
    if std::env::var_os("KA_UPDATE").is_some() {
        std::fs::write(&golden, &shown).unwrap();
    }
    let recorded = std::fs::read_to_string(&golden).unwrap_or_default();
    let differs = recorded.lines().zip(shown.lines()).find(|(one, other)| one != other);
    assert!(recorded == shown, "differs from {}: {differs:?}; KA_UPDATE=1 writes it anew", golden.display());
}

/// Colours are for terminals only, and change nothing else.
#[test]
fn colours_change_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a.conf");
    std::fs::write(&file, CASES[0].1).unwrap();
    let loaded = read(&file, None);
    let [plain, coloured] = [false, true].map(|colour| render::full(&loaded.diagnostics[0], &loaded.sources, colour));
    assert!(!plain.contains('\x1b') && coloured.contains("\x1b["), "{coloured}");
}
