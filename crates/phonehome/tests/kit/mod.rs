//! What the command-line tests have in common: the program, a phone's traffic, its profile, a case read back.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::{
    env, fs,
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{self, Stdio},
};

use assert_cmd::Command;
use evidence::Case;
use testkit::{Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side};

pub(crate) const IMEI: &str = "352099001761481";
pub(crate) const IMSI: &str = "262019483715260";
pub(crate) const PROFILE: &str = r#"
name = "Test phone"
[device]
imei = ["352099001761481"]
[[sims]]
imsi = "262019483715260"
"#;

/// The program.
pub(crate) fn phonehome() -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("phonehome");
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("CI");
    command
}

/// A body to post, with its Content-Type and Content-Encoding; empty: none.
pub(crate) struct Post {
    pub(crate) body: Vec<u8>,
    pub(crate) media: &'static str,
    pub(crate) coding: &'static str,
}

impl Post {
    pub(crate) fn new(body: impl Into<Vec<u8>>, media: &'static str, coding: &'static str) -> Self {
        Self { body: body.into(), media, coding }
    }
}

/// The Nokia's way: JSON with the phone's numbers.
pub(crate) fn json() -> String {
    format!(
        r#"{{"REGVER":"7.0","IMEI1":"{IMEI}","sims":[{{"imsi":"{IMSI}"}}],"note":"{}"}}"#,
        "some longer text ".repeat(20)
    )
}

/// A capture of the phone posting each body to a host of its own: `host0.example`, `host1.example` …
pub(crate) fn capture(posts: &[Post]) -> Vec<u8> {
    capture_from(0, posts)
}

/// The same with hosts and ports from that number on.
fn capture_from(first: u16, posts: &[Post]) -> Vec<u8> {
    // A public address: what stays on the local network is gathered as one receiver.
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(93, 184, 215, 14), 80);
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for (number, post) in (first..).zip(posts) {
        let mut head = format!(
            "POST /report HTTP/1.1\r\nHost: host{number}.example\r\nContent-Length: {}\r\n",
            post.body.len()
        );
        for (name, value) in [("Content-Type", post.media), ("Content-Encoding", post.coding)] {
            if !value.is_empty() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let request = [head.as_bytes(), b"\r\n", &post.body].concat();
        let mut talk = Conversation::new(Endpoint::phone(40_000 + number), server).with_segment_size(300);
        talk.open(&mut net).unwrap();
        talk.send(&mut net, Side::Client, &request).unwrap();
        talk.send(&mut net, Side::Server, b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        talk.close(&mut net).unwrap();
    }
    net.into_wire().into_inner()
}

/// A capture with one leak.
pub(crate) fn leaky() -> Vec<u8> {
    capture(&[Post::new(json(), "application/json", "")])
}

/// A capture in which nothing leaks.
pub(crate) fn clean() -> Vec<u8> {
    capture_from(500, &[Post::new("{\"ok\":true}", "application/json", "")])
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with a capture and a profile in it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new(capture: &[u8]) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("x.pcap", capture);
        desk.write("phone.toml", PROFILE.as_bytes());
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The program, run in the folder.
    pub(crate) fn phonehome(&self, arguments: &[&str]) -> Command {
        let mut command = phonehome();
        command.current_dir(self.path()).args(arguments);
        command
    }

    /// Audits `x.pcap` with the profile, into `x.case`.
    pub(crate) fn audited(&self) -> Case {
        self.phonehome(&["audit", "x.pcap", "-p", "phone.toml", "--out", "x.case", "--quiet"])
            .assert()
            .success();
        self.case()
    }

    pub(crate) fn case(&self) -> Case {
        case(&self.join("x.case/case.json"))
    }

    /// Changes `x.case/case.json`, as somebody with an editor would.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut serde_json::Value)) {
        let path = self.join("x.case/case.json");
        let mut case = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut case);
        fs::write(path, serde_json::to_vec(&case).unwrap()).unwrap();
    }

    /// Runs a recipe of `x.case` in the folder.
    pub(crate) fn sh(&self, recipe: &Path, tools: Option<&Path>) -> process::Output {
        let mut shell = process::Command::new("sh");
        shell.arg(recipe).current_dir(self.path()).stdin(Stdio::null());
        if let Some(tools) = tools {
            shell.env("PATH", tools);
        }
        shell.output().unwrap()
    }
}

pub(crate) fn case(path: &Path) -> Case {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Runs the program on a desk: its exit code, what it prints, and what it says beside that.
pub(crate) fn run(desk: &Desk, arguments: &[&str]) -> (i32, String, String) {
    let output = desk.phonehome(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The recipes below a folder.
pub(crate) fn recipes(case: &Path) -> Vec<PathBuf> {
    testkit::files_below(&case.join("recipes"))
}

/// A folder that holds nothing but these tools, or `None`, told with a line that begins with `SKIP`, where
/// one of them is missing. Where CI is `true` that is an error.
#[expect(clippy::print_stderr, reason = "a test must not be skipped in silence")]
pub(crate) fn tools(names: &[&str]) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let Some(found) = which(name) else {
            assert!(env::var("CI").as_deref() != Ok("true"), "{name} is not installed");
            eprintln!("SKIP {name} is not installed");
            return None;
        };
        std::os::unix::fs::symlink(found, folder.path().join(name)).unwrap();
    }
    Some(folder)
}

fn which(name: &str) -> Option<PathBuf> {
    // Python may be a script that looks for the real one, which takes longer than all the rest.
    if name == "python3" {
        let output =
            process::Command::new(name).args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        return Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()));
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// What recipes need without any decoder.
pub(crate) const BASIC: [&str; 9] = ["sh", "cut", "head", "mktemp", "rm", "sha256sum", "tail", "tr", "xxd"];
