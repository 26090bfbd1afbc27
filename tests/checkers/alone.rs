//! A test that needs a process of its own.

use std::process::Command;

/// Set in that process.
const HERE: &str = "KA_TEST_ALONE";

/// Runs the test of that name alone in another process, before which `before` may stand: the words of a command that
/// runs the rest of its line. False: this is that process.
pub fn elsewhere(before: &[&str], name: &str) -> bool {
    if std::env::var_os(HERE).is_some() {
        return false;
    }
    let program = std::env::current_exe().expect("our name");
    let program = program.to_str().expect("a name in UTF-8");
    let line: Vec<&str> =
        before.iter().copied().chain([program, "--exact", name, "--nocapture", "--test-threads=1"]).collect();
    let output = Command::new(line[0]).args(&line[1..]).env(HERE, "1").output().expect("a test process");
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}", output.status);
    // One of another name would run nothing, which is no failure either.
    assert!(said.contains("1 passed"), "there is no test {name}");
    true
}
