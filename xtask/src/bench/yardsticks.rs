//! The other tools: one row each in a table.

use std::{path::Path, process::Command};

use super::{machine, profile::Needlework};

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

/// In the order in which they run.
pub(super) const ALL: &[Yardstick] = &[
    Yardstick {
        name: "`openssl dgst -sha256`",
        program: "openssl",
        version: "version",
        extent: Extent::Whole,
        aim: Some(4.0),
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
        arguments: |command, capture, needlework| suricata(command, capture, (needlework, &needlework.rules)),
    },
    Yardstick {
        name: "`tshark`, requests with bodies",
        program: "tshark",
        version: "--version",
        extent: Extent::Small,
        aim: Some(1.0 / 30.0),
        arguments: |command, capture, _| {
            command.arg("-n").arg("-r").arg(capture).args(["-Y", "http.request", "-T", "fields"]);
            let fields = ["frame.number", "ip.dst", "http.host", "http.request.method", "http.request.uri"];
            fields.iter().chain(&["http.file_data"]).for_each(|field| {
                command.args(["-e", field]);
            });
        },
    },
];

fn suricata(command: &mut Command, capture: &Path, (needlework, rules): (&Needlework, &Path)) {
    command.arg("-c").arg(&needlework.suricata).arg("-S").arg(rules);
    command.arg("-l").arg(&needlework.logs).args(["-k", "none"]).arg("-r").arg(capture);
}
