//! What this machine's files say of scripts.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use super::*;

const NOBODY: u32 = 65534;

/// A script below a folder, both root's and closed to others; the rest of the way is what the system has for all.
struct Place {
    folder: tempfile::TempDir,
    script: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        let place = Place { folder, script };
        place.mode("", 0o755);
        place.mode("script", 0o755);
        place
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.folder.path().join(name), Permissions::from_mode(mode)).unwrap();
    }

    fn owner(&self, name: &str, uid: u32, gid: u32) {
        chown(self.folder.path().join(name), Some(uid), Some(gid)).unwrap();
    }

    fn for_root(&self) -> Program {
        System::new(Vec::new()).program(&self.script, &ScriptIdentity::ROOT)
    }

    fn for_nobody(&self) -> Program {
        let identity = ScriptIdentity { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
        System::new(Vec::new()).program(&self.script, &identity)
    }
}

/// CL-120: what root runs must be root's and closed to others, on the whole way; root's group may write, and anybody may
/// into a sticky directory.
#[test]
#[ignore = "needs CAP_CHOWN"]
fn what_others_could_change_is_insecure() {
    let place = Place::new();
    assert_eq!(place.for_root(), Program::Good);
    for (name, mode, wanted) in [
        ("script", 0o775, Program::Good),
        ("script", 0o757, Program::Insecure),
        ("", 0o775, Program::Good),
        ("", 0o757, Program::Insecure),
        ("", 0o1777, Program::Good),
        ("script", 0o1757, Program::Insecure),
    ] {
        place.mode(name, mode);
        assert_eq!(place.for_root(), wanted, "{name} {mode:o}");
        place.mode(name, 0o755);
    }
    for (name, uid, gid, mode, wanted) in [
        ("script", NOBODY, 0, 0o755, Program::Insecure),
        ("", NOBODY, 0, 0o755, Program::Insecure),
        ("script", 0, NOBODY, 0o755, Program::Good),
        ("script", 0, NOBODY, 0o775, Program::Insecure),
        ("", 0, NOBODY, 0o775, Program::Insecure),
        ("", 0, NOBODY, 0o1775, Program::Good),
    ] {
        place.owner(name, uid, gid);
        place.mode(name, mode);
        assert_eq!(place.for_root(), wanted, "{name} {uid}:{gid} {mode:o}");
        place.owner(name, 0, 0);
        place.mode(name, 0o755);
    }
}

/// CL-120: who is not root may run what others could change, unless it becomes root.
#[test]
#[ignore = "needs CAP_CHOWN"]
fn only_what_runs_as_root_is_looked_at() {
    let place = Place::new();
    for (mode, wanted) in [
        (0o757, Program::Good),
        (0o4757, Program::Insecure),
        (0o2757, Program::Insecure),
        (0o4755, Program::Good),
        (0o754, Program::Missing),
    ] {
        place.mode("script", mode);
        assert_eq!(place.for_nobody(), wanted, "{mode:o}");
    }
    place.owner("script", NOBODY, NOBODY);
    place.mode("script", 0o4757);
    assert_eq!(place.for_nobody(), Program::Good, "it becomes nobody");
}
