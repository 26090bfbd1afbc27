//! What each code means at length: an example, and what to do.

use super::Code;

/// The part of a code's manual beside its one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A text that is found; may be empty.
    pub example: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

const fn entry_of(example: &'static str, advice: &'static str) -> Entry {
    Entry { example, advice }
}

/// The entry of a code.
pub const fn entry(code: Code) -> Entry {
    match code {
        Code::FileMissing => entry_of(
            "",
            "Name a file that is there with `-f FILE`, and see that it is a regular file without execute permission.",
        ),
        Code::IncludeMissing => entry_of(
            "include /etc/keepalived/conf.d/*.conf",
            "Look at the path: a relative one starts at the folder of the file that it stands in. `include_check` says which problems stop a start.",
        ),
        Code::IncludeRequired => {
            entry_of("includer /etc/keepalived/keys.conf", "Create the file, or use `include` if it may be missing.")
        }
        Code::SeveralFiles => entry_of("", "Name one file with `-f FILE`, and let it include the others."),
        Code::IncludeLoop => entry_of(
            "include *.conf",
            "Take the include out, or name the other files more narrowly: a pattern must not match the file that it stands in.",
        ),
        Code::TooLarge => entry_of(
            "",
            "The message says which limit was passed; docs/differences.md lists them all. Usually a sequence, a definition or an include multiplies more than was meant.",
        ),
        Code::MoreFindings => entry_of(
            "",
            "After the first 2000 findings only the first of each further code is shown. Mend these and read the file again; the exit status counts all of them.",
        ),
        Code::LineTooLong => entry_of(
            "",
            "Split the line: value blocks may have one entry a line, and a definition can hold a part of it.",
        ),
        Code::EmbeddedNul => entry_of("", "Save the file as plain text; UTF-16 has a NUL in every other byte."),
        Code::Definition => entry_of(
            "$ADDRESS = 192.0.2.1",
            "Write `$NAME=value` without blanks around the name. A definition must not name itself.",
        ),
        Code::DefinitionLogged => {
            entry_of("priority ${PRIO}", "Define the name above its first use, or take the `$` away.")
        }
        Code::Replication => entry_of(
            "~SEQ(n, 1, 0) interface eth$n",
            "Write `~SEQ(name, [start,] [step,] end)` or `~LST(name, value, …)`; a sequence must reach its end within its steps.",
        ),
        Code::UnmatchedQuote => entry_of(
            "script \"/usr/bin/test -e /run/up",
            "Close the quote on the same line. A quote cannot stand inside a quoted word.",
        ),
        Code::UnexpectedOpen => entry_of(
            "priority 100 {",
            "A block begins only behind a keyword that has one. Behind an unknown word the brace is ignored, and the block's end then closes the block around it: mend the word first.",
        ),
        Code::MissingOpen => entry_of(
            "vrrp_instance web\n    interface eth0\n}",
            "Write `{` at the end of the line, or on the next one.",
        ),
        Code::ExtraClose => entry_of(
            "global_defs {\n}\n}",
            "Remove the brace, or look above for the block that it was meant to close: it may have ended earlier than you think.",
        ),
        Code::MissingClose => entry_of(
            "vrrp_instance web {\n    interface eth0",
            "Close the block that is shown. All that follows it was read as part of it.",
        ),
        Code::UnknownKeyword => entry_of(
            "vrrp_instance web {\n    priorty 100\n}",
            "Correct the spelling. `keepalived-rs explain KEYWORD` knows every keyword and where it belongs.",
        ),
        Code::WrongBlock => entry_of(
            "virtual_server 192.0.2.100 80 {\n    virtual_router_id 51\n}",
            "Move the line to the block that is named. If it stands there already, a `}` is missing or too many above it.",
        ),
        Code::MissingParameter => entry_of(
            "interface",
            "Give the keyword its value, or remove the line. The original ends here, and so does keepalived-rs.",
        ),
        Code::InvalidNumber => {
            entry_of("virtual_router_id 256", "Use a decimal number within the range that is named; no unit behind it.")
        }
        Code::InvalidValue => entry_of(
            "state SLAVE",
            "Use one of the values that are named. The line has no effect, or the default is used, as the message says.",
        ),
        Code::Duplicate => entry_of(
            "notify_fifo /run/a\nnotify_fifo /run/b",
            "Keep one of the two; the message says which counts now.",
        ),
        Code::BlockRefused => entry_of(
            "vrrp_instance web {\n    interface eth0\n}",
            "Give the block what it lacks. Without it the whole block is left out, and with it its addresses or servers.",
        ),
        Code::NotFound => {
            entry_of("track_script {\n    chek_web\n}", "Declare what is named above this line, or correct the name.")
        }
        Code::MissingInterface => entry_of(
            "interface eth7",
            "Create the interface first, or allow it to come later with `dynamic_interfaces` in `global_defs`.",
        ),
        Code::Fatal => entry_of("", "The message says what cannot be; nothing is started until it is mended."),
        Code::Warning => entry_of(
            "vrrp_sync_group G {\n    group {\n        web\n    }\n}",
            "It works, but hardly as meant: a group of one, an instance without addresses. Complete it, or take it out.",
        ),
        Code::Deprecated => {
            entry_of("lvs_sync_daemon_interface eth0", "Use the form that the message names; the old one still works.")
        }
        Code::Adjusted => entry_of(
            "state MASTER\nnopreempt",
            "The message says what is used in place of the value. Write that, or what you meant.",
        ),
        Code::Logged => entry_of(
            "notify_master /nonexistent",
            "It does not fail the test, but something named here will not happen. Mend it.",
        ),
        Code::Security => entry_of(
            "vrrp_script s {\n    script /tmp/check.sh\n}",
            "Put `enable_script_security` and a `script_user` into `global_defs`, and let only root be able to change the scripts and the folders above them.",
        ),
        Code::NotActedOn => entry_of(
            "",
            "The keyword is checked but has no effect in this version; docs/conformance.md lists all of these.",
        ),
        Code::SameVirtualRouter => entry_of(
            "vrrp_instance a {\n    interface eth0\n    virtual_router_id 51\n    …\n}\nvrrp_instance b {\n    interface eth0\n    virtual_router_id 51\n    …\n}",
            "Give each virtual router on one network a number of its own.",
        ),
        Code::GroupTiming => entry_of(
            "",
            "Members of a sync group change state together, so they should notice a dead master at the same time. Give them one `version` and one `advert_int`.",
        ),
        Code::MasterNopreempt => entry_of(
            "state MASTER\nnopreempt",
            "Write `state BACKUP` on both routers: the one with the higher priority becomes master at the first start, and `nopreempt` keeps whoever is master later.",
        ),
        Code::HostRoute => entry_of(
            "virtual_ipaddress {\n    10.9.9.9\n}",
            "Write the prefix length of the network, as in `10.9.9.9/24`. Only an address that other routers send here needs no network of the interface.",
        ),
        Code::StrictAddress => entry_of(
            "vrrp_strict\n…\nvirtual_ipaddress {\n    192.0.2.100/24\n}",
            "The RFC lets a master that does not own its addresses forward for them only. To serve or ping them, leave strict mode off, or use version 3 with `accept`.",
        ),
        Code::PeerMissing => entry_of("", "Add the instance to the other router, or take it out here."),
        Code::PeerVersion => entry_of("", "Set `version` in both files: each drops adverts of the other version."),
        Code::PeerVrid => entry_of(
            "",
            "Set one `virtual_router_id` in both files: with two numbers these are two virtual routers, and both become master.",
        ),
        Code::PeerAddresses => entry_of("", "List the same addresses in the same `virtual_ipaddress` of both files."),
        Code::PeerInterval => entry_of(
            "",
            "Set one `advert_int` in both files. With version 2 each drops the other's adverts; with version 3 a backup follows the master's.",
        ),
        Code::PeerAuthentication => entry_of("", "Use one password or one set of keys in both files."),
        Code::PeerPriority => entry_of(
            "",
            "Give the router that should be master the higher `priority`. With equal ones the higher source address wins.",
        ),
        Code::PeerGroups => entry_of("", "Group the instances alike in both files."),
        Code::PeerTransport => entry_of("", "Use multicast with one group, or unicast, on both."),
    }
}
