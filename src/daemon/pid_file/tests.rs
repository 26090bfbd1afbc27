//! Paths by options and configuration; the lock.

use std::ffi::OsString;
use std::path::Path;

use super::{Paths, PidFile, PidFileError};
use crate::cli;
use crate::model::global::Global;

fn global(instance: Option<&str>, namespace: Option<&str>) -> Global {
    Global { instance: instance.map(str::to_owned), net_namespace: namespace.map(str::to_owned), ..Global::named("r") }
}

fn paths(words: &[&str], global: &Global) -> [String; 3] {
    let options = cli::read(words.iter().map(OsString::from)).expect("options");
    let paths = Paths::new(&options, global);
    [paths.daemon, paths.vrrp, paths.checkers].map(|path| path.display().to_string())
}

/// IF-151, IF-152, IF-153, IF-156.
#[test]
fn paths_follow_options_and_configuration() {
    let plain = ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid"];
    assert_eq!(paths(&[], &global(None, None)), plain);
    let named = ["/run/keepalived/keepalived_a.pid", "/run/keepalived/vrrp_a.pid", "/run/keepalived/checkers_a.pid"];
    assert_eq!(paths(&[], &global(Some("a"), None)), named);
    let inside =
        ["/run/keepalived/ns/keepalived.pid", "/run/keepalived/ns/vrrp.pid", "/run/keepalived/ns/checkers.pid"];
    assert_eq!(paths(&[], &global(None, Some("ns"))), inside);
    assert_eq!(paths(&["-s", "ns"], &global(None, Some("other"))), inside);
    let mut asked = global(None, None);
    asked.upkeep.pid_folder = true;
    let folder = ["/run/keepalived/keepalived.pid", "/run/keepalived/vrrp.pid", "/run/keepalived/checkers.pid"];
    assert_eq!(paths(&[], &asked), folder);
    assert_eq!(paths(&["-p", "/x/1", "-r", "/x/2", "-c", "/x/3"], &asked), ["/x/1", "/x/2", "/x/3"]);
    assert_eq!(paths(&["-p", "/x/1"], &global(Some("a"), None)), ["/x/1", named[1], named[2]]);
}

/// IF-154, IF-155: locked against a second daemon, whatever an old file says; the number and a line end, mode 0644.
#[test]
fn a_pid_file_is_locked_and_an_old_one_taken_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("a.pid");
    std::fs::write(&path, "4194305\n").expect("an old file");
    let mut first = PidFile::lock(&path).expect("nobody has it");
    first.write().expect("write");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), format!("{}\n", std::process::id()));
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o644);
    assert!(matches!(PidFile::lock(&path), Err(PidFileError::Locked)));
    first.remove();
    assert!(!path.exists());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
    assert!(matches!(PidFile::lock(&link), Err(PidFileError::Io(_))));
    assert!(matches!(PidFile::lock(Path::new("/nonexistent/a.pid")), Err(PidFileError::Io(_))));
}
