//! What a capture file tells besides its frames.

use std::{fmt, net::IpAddr};

use evidence::{CaptureId, FrameNo, Timestamp};

use super::LinkType;
use crate::App;

/// Something a capture file tells besides its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The capture.
    pub capture: CaptureId,
    /// Offset in the capture file of the block (of the file header, in a pcap file) that tells it.
    pub offset: u64,
    /// What it tells.
    pub fact: Fact,
    /// The options beside it, in the file's order: comments, names, counts.
    pub properties: Vec<Property>,
}

/// What a note tells. Its options are in [`Note::properties`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The app that a user id stands for (PCAPdroid's custom block).
    App(App),
    /// Vendor data (pcapng custom block). The bytes stay in the file.
    Custom {
        /// IANA private enterprise number of the vendor.
        enterprise: u32,
        /// Whether tools that do not know it may copy it.
        copy: bool,
        /// Bytes of data and options together.
        len: u32,
    },
    /// An interface that packets were captured on.
    Interface {
        /// Its number in its section, from 0.
        number: u32,
        /// What its frames begin with.
        link: LinkType,
        /// Bytes of a frame that were kept at most; 0 where there was no limit.
        snapshot: u32,
    },
    /// An entry of the systemd journal, as `journalctl -o export` writes it.
    Journal(String),
    /// Names of addresses as the capturing program resolved them.
    Names(Vec<(Address, Vec<String>)>),
    /// A block of a type that is not read. Told once for each type of a section.
    Other {
        /// The type.
        kind: u32,
        /// Bytes of the first such block.
        len: u32,
    },
    /// What stands beside a packet: told where it has comments, drop counts, verdicts or vendor options.
    Packet(FrameNo),
    /// A process that packets refer to (Apple's process information block).
    Process(u32),
    /// Secrets to decrypt the packets with (pcapng decryption secrets block).
    Secrets {
        /// What they are.
        kind: SecretsKind,
        /// Offset in the capture file of the first of `bytes`.
        start: u64,
        /// The secrets, as a key-log file or whatever the kind says.
        bytes: Vec<u8>,
    },
    /// A pcapng section, or a pcap file: the options tell hardware, operating system and program.
    Section {
        /// Whether integers are written most significant byte first.
        big_endian: bool,
        /// Version of the format, major and minor.
        version: (u16, u16),
    },
    /// Counters of an interface.
    Statistics {
        /// The interface's number in its section.
        interface: u32,
        /// When they were taken.
        time: Timestamp,
    },
}

/// An address that a name resolution block names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// EUI-48 or EUI-64.
    Hardware(Vec<u8>),
    /// IPv4 or IPv6.
    Ip(IpAddr),
}

/// Kind of secrets in a decryption secrets block, as in the file: ASCII codes or so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretsKind(pub u32);

impl SecretsKind {
    /// TLS key log (`SSLKEYLOGFILE` lines).
    pub const TLS_KEY_LOG: Self = Self(0x544c_534b);
    /// SSH key log.
    pub const SSH_KEY_LOG: Self = Self(0x5353_484b);
    /// WireGuard key log.
    pub const WIREGUARD_KEY_LOG: Self = Self(0x5747_4b4c);
    /// ZigBee network key.
    pub const ZIGBEE_NETWORK_KEY: Self = Self(0x5a4e_574b);
    /// ZigBee application support key.
    pub const ZIGBEE_SUPPORT_KEY: Self = Self(0x5a41_534b);
}

/// An option: its name in the pcapng draft without the block's prefix, and its value as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// `comment`, `hardware`, `dropcount` …; `option` for a code that the draft does not know.
    pub name: &'static str,
    /// The value. Text that is not UTF-8 has replacement characters; bytes are lower-case hex.
    pub value: String,
}

impl Note {
    /// The addresses with a name that this note tells, each pair.
    pub fn names(&self) -> impl Iterator<Item = (IpAddr, String)> + '_ {
        let rows = match &self.fact {
            Fact::Names(rows) => rows.as_slice(),
            _ => &[],
        };
        rows.iter()
            .filter_map(|(address, names)| match address {
                Address::Ip(address) => Some((*address, names)),
                Address::Hardware(_) => None,
            })
            .flat_map(|(address, names)| names.iter().map(move |name| (address, name.clone())))
    }

    /// The note for a reader; `None` where it is of no interest to one (names, pcap's own header).
    pub fn words(&self) -> Option<String> {
        if self.properties.is_empty() && matches!(self.fact, Fact::Section { .. } | Fact::Names(_)) {
            return None;
        }
        Some(self.to_string())
    }

    /// The comments among the options.
    pub fn comments(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().filter(|one| one.name == "comment").map(|one| one.value.as_str())
    }
}

/// One line: `interface 0: Ethernet; name eth0; os Linux 3.2.0`.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fact)?;
        self.properties.iter().try_for_each(|one| write!(f, "; {} {}", one.name, one.value))
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(App { name, package, uid }) => {
                write!(f, "user id {} is {name} ({package})", uid.unwrap_or_default())
            }
            Self::Custom { enterprise, len, .. } => {
                write!(f, "vendor data of enterprise {enterprise}, {len} bytes, not read")
            }
            Self::Interface { number, link, snapshot: 0 } => write!(f, "interface {number}: {link}"),
            Self::Interface { number, link, snapshot } => {
                write!(f, "interface {number}: {link}, at most {snapshot} bytes of a frame")
            }
            Self::Journal(entry) => write!(f, "journal entry of {} bytes", entry.len()),
            Self::Names(rows) => write!(f, "names of {} addresses", rows.len()),
            Self::Other { kind, len } => write!(f, "block of type {kind:#010x}, {len} bytes, not read"),
            Self::Packet(frame) => write!(f, "frame {frame}"),
            Self::Process(number) => write!(f, "process {number}"),
            Self::Secrets { kind, bytes, .. } => write!(f, "{kind}, {} bytes", bytes.len()),
            Self::Section { .. } => f.write_str("the file"),
            Self::Statistics { interface, time } => {
                write!(f, "counters of interface {interface} at {time}")
            }
        }
    }
}

impl fmt::Display for SecretsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TLS_KEY_LOG => f.write_str("TLS key log"),
            Self::SSH_KEY_LOG => f.write_str("SSH key log"),
            Self::WIREGUARD_KEY_LOG => f.write_str("WireGuard key log"),
            Self::ZIGBEE_NETWORK_KEY => f.write_str("ZigBee network key"),
            Self::ZIGBEE_SUPPORT_KEY => f.write_str("ZigBee application support key"),
            Self(kind) => write!(f, "secrets of type {kind:#010x}"),
        }
    }
}
