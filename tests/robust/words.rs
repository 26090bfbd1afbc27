//! Every keyword with every kind of word: huge numbers, long names, nothing at all.

use std::net::Ipv4Addr;

use super::*;
use keepalived_rs::config::schema::Shape;
use keepalived_rs::config::table;

/// The lines that open a block, outermost first; no two of one kind are of one name.
fn header(block: &str, nth: u32) -> String {
    match block {
        "virtual_server" => format!("virtual_server {} 80 {{\n", Ipv4Addr::from(0x0a00_0000 + nth)),
        "real_server" => "real_server 10.0.0.2 80 {\n".to_owned(),
        "url" | "SSL" | "host" | "authentication" | "auth_hmac" | "global_defs" => format!("{block} {{\n"),
        check if check.chars().all(|c| c.is_ascii_uppercase() || c == '_') => format!("{check} {{\n"),
        named => format!("{named} name{nth} {{\n"),
    }
}

/// Words that some value might choke on.
fn hostile() -> Vec<String> {
    let mut words: Vec<String> = [
        "\"\"",
        "-1",
        "+1",
        "0",
        "1",
        "255",
        "256",
        "65535",
        "65536",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
        "0x7fffffff",
        "0xffffffffffffffffffff",
        "077777777777777777777777",
        "1e400",
        "0.0000001",
        "4294.967296",
        "4294967295.999999",
        "18446744073709551615.999999",
        ".",
        "-",
        "+",
        "--",
        "/",
        "0/0",
        "1/33",
        "10.0.0.0/33",
        "::/129",
        "::1",
        "0.0.0.0",
        "255.255.255.255/0",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "1.2.3",
        "fe80::1%lo",
        "10.0.0.1-255",
        "::1-ffff",
        "\u{10ffff}",
        "ä",
        "\"a b",
        "'",
        "'a",
        "\\",
        "\\x",
        "\\xff",
        "\\777",
        "\\c",
        "%s%n",
        "..",
        "../../../../etc",
        "/dev/zero",
        "/",
        "true",
        "off",
        "all",
        "none",
        "default",
        "inet6",
        "dev",
        "peer",
        "to",
        "via",
        "weight",
        "{",
        "}",
        "999999999-999999999",
        "200-",
        "-200",
        "00",
        "a:b",
        "a=b",
        "=",
        "*",
    ]
    .map(str::to_owned)
    .into();
    words.push("n".repeat(16));
    words.push("n".repeat(64));
    words.push("n".repeat(256));
    words.push("9".repeat(400));
    words.push(format!("0.{}1", "0".repeat(400)));
    words.push(format!("/{}", "d/".repeat(400)));
    words.push("ü".repeat(400));
    words.push("a ".repeat(400));
    words.push("\"1\" ".repeat(200));
    words.push("{ ".repeat(50));
    words
}

/// No word of any keyword panics, whatever is built without optimisation checks: additions, durations, cuts in names.
#[test]
fn every_keyword_takes_any_word() {
    let words = hostile();
    let mut lines = 0;
    for (path, rows) in table::all() {
        let blocks: Vec<&str> = path.split('.').filter(|block| *block != "(root)").collect();
        let close = "}\n".repeat(blocks.len());
        let mut text = String::new();
        for (at, row) in rows.iter().enumerate() {
            // Each keyword some of the words, each word to some keywords of every block.
            for word in words.iter().skip(at % 5).step_by(5) {
                lines += 1;
                let open: String = blocks.iter().map(|block| header(block, lines)).collect();
                let line = match row.shape {
                    Shape::Flag | Shape::Value | Shape::Words => format!("{} {word}\n", row.name),
                    Shape::Lines => {
                        format!("{} {{\n{word}\n10.0.0.1 {word}\n10.0.0.1 dev {word} {word}\n}}\n", row.name)
                    }
                    Shape::Block => format!("{} {word} {{\n}}\n", row.name),
                };
                // A block of its own for each, so that one does not hide the other.
                let _ = write!(text, "{open}{line}{close}");
            }
        }
        let loaded = read_text(&text, &Limits { findings: 20, ..Limits::USUAL });
        assert!(!loaded.diagnostics.is_empty(), "{path}");
    }
    assert!(lines > 5_000, "{lines}");
}

/// Names as long as a line can hold.
#[test]
fn names_as_long_as_a_line() {
    let long = "n".repeat(980);
    for text in [
        format!(
            "vrrp_instance {long} {{\n interface lo\n virtual_router_id 1\n virtual_ipaddress {{\n 10.9.0.1/24\n }}\n}}\n"
        ),
        format!("vrrp_instance a {{\n interface {long}\n virtual_router_id 1\n}}\n"),
        format!("vrrp_instance a {{\n interface lo\n virtual_router_id 1\n notify /{long}\n}}\n"),
        format!("vrrp_script {long} {{\n script /{long}\n}}\n"),
        format!("track_file {long} {{\n file /{long}\n}}\n"),
        format!(
            "virtual_server_group {long} {{\n 10.0.0.1 80\n}}\nvirtual_server group {long} {{\n real_server 10.0.0.2 80 {{\n }}\n}}\n"
        ),
        format!("global_defs {{\n router_id {long}\n notify_fifo /{long}\n net_namespace {long}\n}}\n"),
        format!("include {long}\ninclude /{}\n", "d/".repeat(400)),
        format!("$N{long}=a\n$N{long}\n~LST({long},a) zz\n"),
    ] {
        let loaded = read_text(&text, &Limits::USUAL);
        let shown = render::findings(loaded.diagnostics.iter(), &loaded.sources, render::Form::Full { colour: false });
        assert!(shown.len() < 1 << 20, "{}", text.len());
    }
}
