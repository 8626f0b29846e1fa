//! DHCP for IPv4 and IPv6: what a device tells the network about itself before it has an address.

pub mod v4;
pub mod v6;

pub use self::{v4::V4, v6::V6};

/// The name of a DHCPv4 option (RFC 2132, IANA "BOOTP Vendor Extensions"); of DHCPv6 where `v6`.
pub fn option_name(code: u16, v6: bool) -> &'static str {
    if v6 { v6_name(code) } else { v4_name(code) }
}

fn v4_name(code: u16) -> &'static str {
    match code {
        HARDWARE_ADDRESS => "hardware address",
        12 => "host name",
        15 => "domain name",
        43 => "vendor-specific information",
        50 => "requested address",
        51 => "lease time",
        53 => "message type",
        54 => "server identifier",
        55 => "parameter request list",
        56 => "message",
        57 => "maximum message size",
        60 => "vendor class identifier",
        61 => "client identifier",
        66 => "TFTP server name",
        67 => "boot file name",
        77 => "user class",
        81 => "client FQDN",
        82 => "relay agent information",
        93 => "client system architecture",
        97 => "client machine identifier",
        124 => "vendor-identifying vendor class",
        125 => "vendor-identifying information",
        SERVER_NAME => "server host name",
        BOOT_FILE => "boot file",
        _ => "other option",
    }
}

fn v6_name(code: u16) -> &'static str {
    match code {
        1 => "client identifier",
        2 => "server identifier",
        3 => "identity association",
        6 => "option request",
        15 => "user class",
        16 => "vendor class",
        17 => "vendor-specific information",
        39 => "client FQDN",
        79 => "client link-layer address",
        _ => "other option",
    }
}

/// Not an option's code: the field `chaddr` of the header (RFC 2131 section 2).
pub const HARDWARE_ADDRESS: u16 = 0x100;
/// Not an option's code: the field `sname`.
pub const SERVER_NAME: u16 = 0x101;
/// Not an option's code: the field `file`.
pub const BOOT_FILE: u16 = 0x102;

/// Lower-case hex with colons.
fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

/// Transactions that wait for their next message.
#[derive(Debug, Default)]
struct Transactions {
    known: std::collections::VecDeque<(u32, u32)>,
}

impl Transactions {
    /// The exchange of a transaction; `fresh` gives the number of a new one.
    fn exchange(&mut self, id: u32, fresh: impl FnOnce() -> u32) -> u32 {
        if let Some((_, exchange)) = self.known.iter().rev().find(|(known, _)| *known == id) {
            return *exchange;
        }
        if self.known.len() >= KNOWN_LIMIT {
            self.known.pop_front();
        }
        let exchange = fresh();
        self.known.push_back((id, exchange));
        exchange
    }
}

/// Transactions remembered in one flow.
const KNOWN_LIMIT: usize = 64;
