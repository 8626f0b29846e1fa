//! `phonehome claims` over the sample, from the command line to the exit code.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn phonehome(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_phonehome")).args(arguments).current_dir(root()).output().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_sample_contradicts_and_the_exit_code_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let case = at("sample.case");
    let profile = ["--profile", "samples/phone.toml", "--quiet", "--out", &case];
    assert!(phonehome(&[&["audit", "samples/unlock.pcapng"][..], &profile].concat()).status.success());
    let file = "cases/nokia-7-plus/claims.toml";

    let output = phonehome(&["claims", &case, file]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("CONTRADICTED  nobody-identifiable"), "{text}");
    assert!(text.contains("to test      a case given as after=CASE"), "{text}");

    let page = at("claims.html");
    let output = phonehome(&["claims", &case, file, "--json", "--out", &page, "--fail-on-contradiction"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.starts_with(b"{\n  \"format\": \"phonehome-verdicts/1.0\""));
    assert!(fs::read_to_string(&page).unwrap().contains("Nobody could have been identified"));

    // The same finding in both cases: the update mended nothing, were the second case of another build.
    let (before, after) = (format!("before={case}"), format!("after={case}"));
    let output = phonehome(&["claims", &before, &after, file]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("CONTRADICTED  fixed"), "{text}");

    let wrong = at("wrong.toml");
    fs::write(&wrong, "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = 1\n").unwrap();
    let output = phonehome(&["claims", &case, &wrong]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 4, column 6"));
    assert_eq!(phonehome(&["claims", &case, &at("none.toml")]).status.code(), Some(4));
    assert_eq!(phonehome(&["claims", &before, &before, file]).status.code(), Some(2));
}
