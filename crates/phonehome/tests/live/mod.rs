//! Real clients and servers, alone in a network namespace of their own: nothing in it reaches any other machine,
//! and everything in it dies with the test.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

pub(crate) mod aioquic;
pub(crate) mod ear;
pub(crate) mod nginx;
pub(crate) mod openssl;
pub(crate) mod stage;

use std::{env, path::PathBuf, process::Command};

/// Runs the test of that name again, in a namespace of its own, and returns `None`; there it gives its stage.
/// Skips with a reason where a tool is missing or the system allows no namespaces.
pub(crate) fn alone(test: &str, tools: &[&str]) -> Option<stage::Stage> {
    if env::var_os(INSIDE).is_some() {
        return Some(stage::Stage::new());
    }
    let _there = crate::kit::tools(&[&["unshare", "ip", "tcpdump", "openssl"], tools].concat())?;
    let trial = Command::new("unshare").args(NAMESPACE).arg("true").output().unwrap();
    if !trial.status.success() {
        skip(&format!("no namespaces here: {}", String::from_utf8_lossy(&trial.stderr).trim()));
        return None;
    }
    let mut inside = Command::new("unshare");
    inside.args(NAMESPACE).arg(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = inside.env(INSIDE, "1").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    said.lines().filter_map(|line| line.strip_prefix("SKIP ")).for_each(skip);
    let played = output.status.success() && said.contains("1 passed");
    assert!(played, "in its namespace:\n{said}");
    None
}

/// Says why something is not tested.
#[expect(clippy::print_stderr, reason = "a test must not be skipped in silence")]
pub(crate) fn skip(why: &str) {
    eprintln!("SKIP {why}");
}

/// A program in the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

const INSIDE: &str = "PHONEHOME_LIVE";
const NAMESPACE: [&str; 5] = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
