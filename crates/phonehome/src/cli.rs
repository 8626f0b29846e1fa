//! The command line: one table that gives parser, help, completions and manual.

use std::{num::NonZeroUsize, path::PathBuf};

use audit::Effort;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use report::assessment::Language;

use crate::exit;

/// Tells what a smartphone secretly sends home, and proves it.
#[derive(Debug, Parser)]
#[command(name = "phonehome", version, after_help = exit::TABLE, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours in what is printed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what apps are, who signed them, what they may do, and what their code holds
    Apps(AppsArguments),
    /// Find what left the phone in packet captures, to whom, and write the case
    Audit(AuditArguments),
    /// Judge what a vendor said: contradicted, consistent with what was seen, or not testable
    Claims(ClaimsArguments),
    /// Put cases beside each other: what appeared, vanished or changed, and what each could not have shown
    Compare(CompareArguments),
    /// Print shell completions
    Completions(CompletionsArguments),
    /// Write what was read, decrypted, for other programs: as HAR, pcapng or CSV
    Export(ExportArguments),
    /// Play simulated handsets, and write what an investigator would have of them
    Lab(LabArguments),
    /// Print the manual page (roff)
    Man,
    /// Make or check a profile: what is known of the phone
    Profile(ProfileArguments),
    /// Replay the proof of a finding from the raw capture, and write its recipe of public tools
    Prove(ProveArguments),
    /// Write an assessment of one or several phones: risks, evidence, limits, and what was not seen
    Report(ReportArguments),
    /// Find out what digests are digests of: of the profile's values, or of all values of a space
    Unmask(UnmaskArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AppsArguments {
    /// APKs (splits of one app beside each other), folders of them or of unpacked firmware, bundles, firmware images
    /// (ext4, EROFS, sparse, super, payload.bin, update archives), and the phone's own lists and bugreports
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Folder for apps.html, a page with a section for each app, and apps.json
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write apps.md instead of apps.html
    #[arg(long, requires = "out")]
    pub(crate) markdown: bool,
    /// Print everything as JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// A list of trackers in the format of Exodus Privacy's /api/trackers, besides our own
    #[arg(long, value_name = "FILE")]
    pub(crate) trackers: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Packet captures (pcap or pcapng), with the key logs and RSA private keys that open them and the phone's own
    /// files (logs, lists, bugreports, message stores, backups, bills, apps), in any order; plain, gzip or zstd;
    /// folders of them, or - for standard input
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// A key log (SSLKEYLOGFILE) or an RSA private key in PEM, as if it stood among the captures; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// What is known of the phone; see `phonehome profile new`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// What the columns of operators' itemised bills (CSV) among the captures are, as TOML; without it their
    /// headers have to say so
    #[arg(long, value_name = "FILE")]
    pub(crate) bill_mapping: Option<PathBuf>,
    /// Folder for case.json, case.sqlite and report.html [default: the first capture's name with .case]. Where no
    /// input can be read, nothing is written
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a case of other inputs that is in the folder already. Without this, a case is only replaced by one of
    /// the same inputs, or of more, as their SHA-256 tells
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the case as JSON instead of the summary
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 1 if there is a finding this bad or worse
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Facts about addresses from your own MaxMind DB file instead of the built-in data; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) mmdb: Vec<PathBuf>,
    /// Do not write case.sqlite
    #[arg(long)]
    pub(crate) no_store: bool,
    /// How much may be tried to undo hashed, scrambled and weakly encrypted values: millions of digests, and four
    /// times as many bytes decrypted (unscrambled: 32 times); 0 for nothing
    #[arg(long, value_name = "MILLIONS", default_value_t = Effort::USUAL)]
    pub(crate) budget: u64,
    /// Worker threads [default: one for each core]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// No progress bar and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ClaimsArguments {
    /// Cases (folders that `phonehome audit` wrote, or their case.json), each as it is or as ROLE=CASE (`before=…`,
    /// `after=…`), and at the end the file of claims
    #[arg(required = true, num_args = 2.., value_name = "[ROLE=]CASE… CLAIMS")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Print the verdicts as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the verdicts to a file: as a page where its name ends in .html, as Markdown in .md, as JSON in .json,
    /// else as text
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 1 if a statement is contradicted
    #[arg(long)]
    pub(crate) fail_on_contradiction: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Cases: folders that `phonehome audit` wrote, or their case.json, each with a name before it if wanted
    /// (`before=a.case after=b.case`); of two, the first is what was before
    #[arg(required = true, num_args = 2.., value_name = "[NAME=]CASE")]
    pub(crate) cases: Vec<PathBuf>,
    /// Print the comparison as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Write it to a file, by the file's name as a page (.html), Markdown (.md) or JSON (.json)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out what is the same in all cases
    #[arg(long)]
    pub(crate) changed_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Cases: folders that `phonehome audit` wrote, or their case.json, each with the device's name before it if
    /// wanted (`"Phone A=a.case"`)
    #[arg(required = true, value_name = "[NAME=]CASE")]
    pub(crate) cases: Vec<PathBuf>,
    /// Write an assessment: numbered risks with evidence and recommendations, method, limits, negative results
    #[arg(long, required = true)]
    pub(crate) assessment: bool,
    /// As what to write it [default: by the file's name, else Markdown]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ReportFormat>,
    /// The language of its texts; what that has no words for stays English
    #[arg(long, value_name = "LANGUAGE", default_value = Language::English.code(), value_parser = languages())]
    pub(crate) language: Language,
    /// The file to write; standard output if left out
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What vendors said: a claims.toml, or the verdicts that `phonehome claims --json` printed; one file for
    /// all cases, or one for each, in the cases' order. Statements of the only claims.toml are judged over all cases, of
    /// several over each one's case, and those with roles over the cases of these names
    #[arg(long, value_name = "FILE")]
    pub(crate) verdicts: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UnmaskArguments {
    /// Digests (in hex, base64, as UUIDs or numbers), or cases: folders that `phonehome audit` wrote, of which the
    /// fields' values that are like digests are taken
    #[arg(required = true, value_name = "DIGEST or CASE")]
    pub(crate) digests: Vec<String>,
    /// Try all device numbers (IMEI) of types: TACs of eight digits; may be repeated
    #[arg(long, value_name = "TAC", value_delimiter = ',')]
    pub(crate) imei: Vec<String>,
    /// Try all subscriber numbers (IMSI) of networks: country and network code; may be
    /// repeated
    #[arg(long, value_name = "MCCMNC", value_delimiter = ',')]
    pub(crate) imsi: Vec<String>,
    /// Try all addresses (Wi-Fi, Bluetooth) of makers: OUIs of six hex digits; may be repeated
    #[arg(long, value_name = "OUI", value_delimiter = ',')]
    pub(crate) mac: Vec<String>,
    /// Try all telephone numbers of a plan: `+49 151 ########`, where `#` is any digit and `[5-79]` one of some; may be
    /// repeated
    #[arg(long, value_name = "PLAN")]
    pub(crate) phone: Vec<String>,
    /// Try all numbers of up to so many digits
    #[arg(long, value_name = "N")]
    pub(crate) digits: Option<u32>,
    /// Try all IPv4 addresses
    #[arg(long)]
    pub(crate) ipv4: bool,
    /// What may have been mixed in before or after the value; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub(crate) salt: Vec<String>,
    /// Digest functions [default: MD5, SHA-1 and SHA-256]; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) algorithm: Vec<String>,
    /// Try what is known of the phone, with these salts and the common ones; see `phonehome profile new`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Worker threads [default: one for each core]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Keep in this file how far it came, and go on from there
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the results as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bar
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The languages that there are texts in, by their codes.
fn languages() -> impl TypedValueParser<Value = Language> {
    let known = |code: String| Language::ALL.into_iter().find(|language| language.code() == code);
    PossibleValuesParser::new(Language::ALL.map(Language::code))
        .map(move |code| known(code).unwrap_or_default())
}

/// Formats of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Html,
    Md,
    Pdf,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("output").required(true).multiple(true))]
pub(crate) struct ExportArguments {
    /// Captures, files of flows, and the key logs and RSA private keys that open them, as `phonehome audit` takes
    /// them
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// A key log (SSLKEYLOGFILE) or an RSA private key in PEM, as if it stood among the captures; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// Write the HTTP exchanges with their bodies as HAR 1.2; - for standard output
    #[arg(long, value_name = "FILE", group = "output")]
    pub(crate) har: Option<PathBuf>,
    /// Write the packets with the secrets they need inside, so that Wireshark opens them decrypted; - for standard
    /// output
    #[arg(long, value_name = "FILE", group = "output")]
    pub(crate) pcapng: Option<PathBuf>,
    /// Write a table of all exchanges, of every protocol; - for standard output
    #[arg(long, value_name = "FILE", group = "output")]
    pub(crate) csv: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LabArguments {
    #[command(subcommand)]
    pub(crate) command: LabCommand,
}

/// What the lab is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// List the cases and their runs
    List,
    /// Play runs: captures, logs, lists, bugreports, tables of sockets, message stores, bills and the profile, each in a
    /// folder
    Run(LabRunArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LabRunArguments {
    /// A case's name, or the file of a scenario of your own
    #[arg(value_name = "CASE")]
    pub(crate) case: PathBuf,
    /// Which of the case's runs [default: all]
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// The folder to write to; a case's runs get a folder each in it
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// In other clothes: with packets lost, other ports and hosts, another alphabet of base64 …; see `phonehome lab list`
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    #[command(subcommand)]
    pub(crate) action: ProfileAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileAction {
    /// Write a commented profile to fill in
    New {
        /// Where to; standard output if left out
        file: Option<PathBuf>,
    },
    /// Say whether a profile is right, and what will be searched for
    Check {
        /// The profile
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProveArguments {
    /// A case: the folder that `phonehome audit` wrote, or its case.json
    pub(crate) case: PathBuf,
    /// The finding's name, as the report gives it (its beginning is enough); all findings if left out
    pub(crate) finding: Option<String>,
    /// Where the captures lie now, if not where they were; may be repeated
    #[arg(long, value_name = "FILE or DIR")]
    pub(crate) captures: Vec<PathBuf>,
    /// Where to write the recipe [default: the case's folder]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// A severity on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<FailOn> for evidence::Severity {
    fn from(level: FailOn) -> Self {
        match level {
            FailOn::Info => Self::Info,
            FailOn::Low => Self::Low,
            FailOn::Medium => Self::Medium,
            FailOn::High => Self::High,
            FailOn::Critical => Self::Critical,
        }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Makes it the choice for everything printed.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
