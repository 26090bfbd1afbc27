//! Names in files of a made-up host.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::config::host::{Interface, Program, User};
use crate::model::notify::ScriptIdentity;

/// Files by path.
struct Files(BTreeMap<&'static str, &'static str>);

impl Host for Files {
    fn name(&self) -> String {
        String::new()
    }
    fn interface(&self, _: &str) -> Option<Interface> {
        None
    }
    fn user(&self, _: &str) -> Option<User> {
        None
    }
    fn group(&self, _: &str) -> Option<u32> {
        None
    }
    fn program(&self, _: &Path, _: &ScriptIdentity) -> Program {
        Program::Missing
    }
    fn resolve(&self, _: &str) -> Option<IpAddr> {
        None
    }
    fn environment(&self, _: &str) -> Option<String> {
        None
    }
    fn random(&self) -> u64 {
        0
    }
    fn processors(&self) -> u32 {
        1
    }
    fn namespace(&self, _: &str) -> bool {
        false
    }
    fn text(&self, path: &Path) -> Option<String> {
        self.0.get(path.to_str()?).map(|text| (*text).to_owned())
    }
    fn listing(&self, folder: &Path) -> Vec<String> {
        let names = self.0.keys().filter_map(|path| Path::new(path).strip_prefix(folder).ok()?.to_str());
        names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }
}

/// CL-104: the file of /etc hides that of /usr as a whole, `*.conf` of both are added, namesakes of /etc win, built-in
/// names fill the numbers that are left.
#[test]
fn etc_before_usr_and_folders() {
    let host = Files(BTreeMap::from([
        ("/etc/iproute2/rt_tables", "# comment\n100 lan # behind\n0x65 wan\n102 two words\n-1 minus\n254 mine\n"),
        ("/usr/share/iproute2/rt_tables", "200 hidden\n"),
        ("/usr/share/iproute2/rt_tables.d/a.conf", "201 hidden_too\n"),
        ("/usr/share/iproute2/rt_tables.d/b.conf", "202 vendor\n"),
        ("/etc/iproute2/rt_tables.d/a.conf", "103 local_a\n"),
        ("/etc/iproute2/rt_tables.d/readme", "104 no_conf\n"),
        ("/usr/share/iproute2/rt_dsfield", "0x28 AF11\n300 too_much\n"),
    ]));
    let mut names = Names::default();
    let mut table = |word: &str| names.number(List::Tables, word, &host);
    assert_eq!(table("lan"), Some(100));
    assert_eq!(table("wan"), Some(101));
    assert_eq!((table("two"), table("minus"), table("hidden"), table("hidden_too")), (None, None, None, None));
    assert_eq!((table("vendor"), table("local_a"), table("no_conf")), (Some(202), Some(103), None));
    // 254 has a name of its own, so "main" is none.
    assert_eq!((table("mine"), table("main"), table("local")), (Some(254), None, Some(255)));
    let mut service = |word: &str| names.number(List::Services, word, &host);
    assert_eq!((service("AF11"), service("too_much")), (Some(0x28), None));
}

/// CL-104: numbers with C's prefixes are taken within range whatever the files say.
#[test]
fn numbers() {
    let host = Files(BTreeMap::new());
    let mut names = Names::default();
    for (list, word, number) in [
        (List::Tables, "0x10", Some(16)),
        (List::Tables, "010", Some(8)),
        (List::Tables, "4294967295", Some(u32::MAX)),
        (List::Services, "255", Some(255)),
        (List::Services, "256", None),
        (List::Groups, "2147483648", None),
        (List::Scopes, "link", Some(253)),
        (List::Protocols, "babel", Some(42)),
        (List::Tables, "12a", None),
        (List::Tables, "", None),
    ] {
        assert_eq!(names.number(list, word, &host), number, "{list:?} {word}");
    }
}
