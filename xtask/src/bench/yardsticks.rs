//! The other tools: one row each in a table.

use std::{path::Path, process::Command};

use super::{machine, profile::Needlework};
use crate::traffic::Kind;

/// Another tool, and what it is asked to do.
pub(super) struct Yardstick {
    /// What the table calls it.
    pub(super) name: &'static str,
    /// The program.
    pub(super) program: &'static str,
    /// What makes it tell its version.
    pub(super) version: &'static str,
    /// What it works on.
    pub(super) extent: Extent,
    /// The audit's time as a part or multiple of this one's, at most; the aim that was set.
    pub(super) aim: Option<f64>,
    /// Whether it decrypts, with a key log.
    pub(super) reads_keys: bool,
    /// Adds its arguments.
    pub(super) arguments: fn(&mut Command, &Path, &Needlework),
}

/// What a yardstick works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// A smaller capture of the same making; its cost is scaled by size, the program's start counted once.
    Small,
    /// The capture itself.
    Whole,
}

impl Yardstick {
    /// Its version; `None` where it is not installed.
    pub(super) fn installed(&self) -> Option<String> {
        machine::first_line(Command::new(self.program).arg(self.version))
    }
}

/// Those that say something of that kind of capture, in the order in which they run.
pub(super) fn of(kind: Kind) -> impl Iterator<Item = &'static Yardstick> {
    let (all, none): (&[Yardstick], &[Yardstick]) = (ALL, &[]);
    let (clear, sealed) = if kind.is_sealed() { (none, SEALED) } else { (all, none) };
    clear.iter().chain(sealed)
}

/// Of captures that anyone can read.
const ALL: &[Yardstick] = &[
    Yardstick {
        name: "`openssl dgst -sha256`",
        program: "openssl",
        version: "version",
        extent: Extent::Whole,
        aim: Some(4.0),
        reads_keys: false,
        arguments: |command, capture, _| {
            command.args(["dgst", "-sha256"]).arg(capture);
        },
    },
    Yardstick {
        name: "`rg -a -F -f` the needles",
        program: "rg",
        version: "--version",
        extent: Extent::Whole,
        aim: None,
        reads_keys: false,
        arguments: |command, capture, needlework| {
            command.args(["--no-config", "--no-mmap", "-a", "-F", "-f"]).arg(&needlework.texts).arg(capture);
        },
    },
    Yardstick {
        name: "`suricata -r`",
        program: "suricata",
        version: "-V",
        extent: Extent::Whole,
        aim: None,
        reads_keys: false,
        arguments: |command, capture, needlework| {
            suricata(command, capture, (needlework, Path::new("/dev/null")));
        },
    },
    Yardstick {
        name: "`suricata -r`, the needles as rules",
        program: "suricata",
        version: "-V",
        extent: Extent::Whole,
        aim: Some(1.0 / 3.0),
        reads_keys: false,
        arguments: |command, capture, needlework| suricata(command, capture, (needlework, &needlework.rules)),
    },
    Yardstick {
        name: "`tshark`, requests with bodies",
        program: "tshark",
        version: "--version",
        extent: Extent::Small,
        aim: Some(1.0 / 30.0),
        reads_keys: false,
        arguments: |command, capture, _| {
            command.arg("-n").arg("-r").arg(capture).args(["-Y", "http.request", "-T", "fields"]);
            let fields = ["frame.number", "ip.dst", "http.host", "http.request.method", "http.request.uri"];
            fields.iter().chain(&["http.file_data"]).for_each(|field| {
                command.args(["-e", field]);
            });
        },
    },
];

/// Of encrypted captures with a key log. Nothing else that is here decrypts.
const SEALED: &[Yardstick] = &[
    Yardstick {
        name: "`openssl dgst -sha256`",
        program: "openssl",
        version: "version",
        extent: Extent::Whole,
        aim: Some(5.0),
        reads_keys: false,
        arguments: |command, capture, _| {
            command.args(["dgst", "-sha256"]).arg(capture);
        },
    },
    Yardstick {
        name: "`tshark` with the key log, requests with bodies",
        program: "tshark",
        version: "--version",
        extent: Extent::Small,
        aim: Some(1.0 / 30.0),
        reads_keys: true,
        arguments: |command, capture, _| {
            let requests = "http.request || http2.headers.method || http2.data.data || http3";
            command.arg("-n").arg("-r").arg(capture).args(["-Y", requests, "-T", "fields"]);
            let fields = ["frame.number", "ip.dst", "http.host", "http.request.method", "http.request.uri"];
            let second = ["http2.headers.authority", "http2.headers.method", "http2.headers.path"];
            let bodies = ["http.file_data", "http2.data.data", "quic.stream_data"];
            fields.iter().chain(&second).chain(&bodies).for_each(|field| {
                command.args(["-e", field]);
            });
        },
    },
];

fn suricata(command: &mut Command, capture: &Path, (needlework, rules): (&Needlework, &Path)) {
    command.arg("-c").arg(&needlework.suricata).arg("-S").arg(rules);
    command.arg("-l").arg(&needlework.logs).args(["-k", "none"]).arg("-r").arg(capture);
}
