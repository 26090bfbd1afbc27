//! Manuals that are written from the rows of keywords and from the command line: docs/keywords.md, the man pages and
//! the completions of shells. `KA_UPDATE=1` writes them anew; else they must be what they would be.

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use keepalived_rs::cli::{Options, tool};
use keepalived_rs::config::schema::Row;
use keepalived_rs::config::table;

/// Writes or compares a file under docs/.
fn same(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("KA_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, wanted).expect("written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/{name} is stale: run with KA_UPDATE=1");
}

/// A cell of a table: a bar would end it.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

/// What is to be said beside the row's sentence.
fn remarks(row: &Row) -> String {
    let mut text = row.doc.to_owned();
    if !row.since.is_empty() {
        let _ = write!(text, " Since {}.", row.since);
    }
    if !row.deprecated.is_empty() {
        text += " Deprecated.";
    }
    if !row.acted {
        text += " Read and checked; it has no effect yet.";
    }
    text
}

/// Every keyword of every block, with what it takes.
#[test]
fn the_list_of_keywords_is_fresh() {
    let mut text =
        "# Every keyword of keepalived.conf\n\nWritten from the program's own tables. `keepalived-rs explain \
                    WORD` says the same with an example.\n"
            .to_owned();
    for (context, rows) in table::all() {
        let title = if *context == "(root)" { "Top level" } else { context };
        let _ =
            write!(text, "\n## {title}\n\n| keyword | takes | default | what it is for |\n| --- | --- | --- | --- |\n");
        for row in rows {
            let (name, hint, default) = (cell(row.name), cell(row.hint), cell(row.default));
            let _ = writeln!(text, "| {name} | {hint} | {default} | {} |", remarks(row));
        }
    }
    same("keywords.md", &text);
}

/// keepalived-rs.conf(5), from the same rows.
#[test]
fn the_manual_of_the_configuration_is_fresh() {
    let mut page = Roff::new();
    page.control("TH", ["keepalived-rs.conf", "5", "as of 2.4.3", "keepalived-rs", "File Formats"]);
    page.control("SH", ["NAME"]);
    page.text([roman("keepalived-rs.conf - configuration of keepalived-rs, in the language of keepalived.conf")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "keepalived-rs reads /etc/keepalived/keepalived.conf as keepalived 2.4.3 does: a keyword and its values on a \
         line, blocks in braces, comments from # or ! to the end of the line. \"keepalived-rs -t\" checks a file, \
         \"keepalived-rs explain WORD\" explains a keyword with an example.",
    )]);
    for (context, rows) in table::all() {
        page.control("SH", [if *context == "(root)" { "TOP LEVEL" } else { context }]);
        for row in rows {
            page.control("TP", []);
            let mut head = vec![bold(row.name)];
            if !row.hint.is_empty() {
                head.extend([roman(" "), italic(row.hint)]);
            }
            page.text(head);
            let default = if row.default.is_empty() { String::new() } else { format!(" Default: {}.", row.default) };
            page.text([roman(format!("{}{default}", remarks(row)))]);
        }
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("keepalived-rs"), roman("(8)")]);
    same("man/keepalived-rs.conf.5", &page.to_roff());
}

/// The daemon's options and the commands beside it.
fn program() -> Command {
    let tools = tool::command();
    Options::command()
        .name("keepalived-rs")
        .about("VRRP, IPVS and health checks in one daemon, driven by keepalived.conf")
        .no_binary_name(false)
        .disable_help_subcommand(true)
        .subcommands(tools.get_subcommands().cloned())
}

/// keepalived-rs(8), from the table of options.
#[test]
fn the_manual_of_the_program_is_fresh() {
    let mut text = Vec::new();
    let page = Man::new(program()).section("8").date("as of 2.4.3");
    page.render_title(&mut text).expect("written to memory");
    page.render_name_section(&mut text).expect("written to memory");
    page.render_description_section(&mut text).expect("written to memory");
    page.render_options_section(&mut text).expect("written to memory");
    let mut rest = Roff::new();
    rest.control("SH", ["COMMANDS"]);
    rest.text([roman("The first word of the command line may be one of these; what follows are its own options.")]);
    for command in tool::command().get_subcommands() {
        rest.control("TP", []);
        rest.text([bold(command.get_name())]);
        let what = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        rest.text([roman(what.replace("\n\n", ". "))]);
        for option in command.get_arguments() {
            let name = match (option.get_short(), option.get_long()) {
                (Some(short), Some(long)) => format!("-{short}, --{long}"),
                (None, Some(long)) => format!("--{long}"),
                _ => option.get_id().as_str().to_uppercase(),
            };
            rest.control("RS", []);
            rest.control("TP", []);
            rest.text([bold(name)]);
            rest.text([roman(option.get_help().map(ToString::to_string).unwrap_or_default())]);
            rest.control("RE", []);
        }
    }
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman(
        "0: all well. 1: no IPVS in the kernel, or a wrong option. 2: a wrong configuration. 4: a missing right. 6: no file. \
         With -t 4, 5 and 6 are those of the original.",
    )]);
    rest.control("SH", ["SEE ALSO"]);
    rest.text([bold("keepalived-rs.conf"), roman("(5)")]);
    text.extend(rest.to_roff().into_bytes());
    same("man/keepalived-rs.8", &String::from_utf8(text).expect("UTF-8"));
}

/// For bash, zsh and fish.
#[test]
fn the_completions_are_fresh() {
    for (shell, name) in
        [(Shell::Bash, "keepalived-rs.bash"), (Shell::Zsh, "_keepalived-rs"), (Shell::Fish, "keepalived-rs.fish")]
    {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut program(), "keepalived-rs", &mut text);
        same(&format!("completions/{name}"), &String::from_utf8(text).expect("UTF-8"));
    }
}
