//! Recipes run for real, where their tools are installed.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// What a script makes of its input; `None`, with a line that says so, where a tool is not installed.
pub(crate) fn run(script: &str, input: &[u8]) -> Option<Vec<u8>> {
    let tools = ["openssl", "python3", "xxd", "base64", "sed"];
    let missing = tools.iter().find(|tool| script.contains(**tool) && !is_installed(tool));
    if let Some(tool) = missing {
        println!("skipped, {tool} is not installed: {script}");
        return None;
    }
    if script.contains("from Crypto.Cipher") && !has_module("Crypto.Cipher") {
        println!("skipped, Python has no pycryptodome: {script}");
        return None;
    }
    if script.contains("mmh3") && !has_module("mmh3") {
        println!("skipped, Python has no mmh3: {script}");
        return None;
    }
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn is_installed(tool: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success()
}

fn has_module(name: &str) -> bool {
    Command::new("python3").args(["-c", &format!("import {name}")]).output().unwrap().status.success()
}
