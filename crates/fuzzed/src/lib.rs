//! Any bytes to a verdict: each target feeds them to one part of the program and holds what comes out to
//! that part's laws — no panic, every byte accounted for, the same answer however the bytes are spread.
//!
//! [`TARGETS`] is the one list. `fuzz/` calls it with what a fuzzer invents (`cargo xtask fuzz`); the tests of
//! this crate call it with the seeds in `fuzz/seeds/`, with real captures, and with mutations of both. A
//! target panics where a law is broken: that is how both hear of it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target panics where a law is broken, and its own slips are to be heard of as well"
)]

mod apps;
mod capture;
mod case;
mod connection;
mod databases;
mod fields;
mod flows;
mod hostile;
mod keylog;
mod markup;
mod messages;
mod packets;
mod payload;
mod phone;
mod profile;
mod quic;
mod sealed;
mod search;
mod session;
mod several;
mod weak;
mod whole;

/// A part of the program and the laws it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the binary in `fuzz/fuzz_targets/` and of the folder in `fuzz/seeds/`.
    pub name: &'static str,
    /// Folders of the real captures ([`testkit::corpora()`]) whose files are seeds as well.
    pub corpora: &'static [&'static str],
    /// How many bytes of mutated seeds the test gives it: less where a byte costs more.
    pub effort: usize,
    /// Feeds it; panics where a law is broken.
    pub run: fn(&[u8]),
}

/// Everything that is fuzzed.
pub const TARGETS: &[Target] = &[
    target("apk", &["apk"], 400_000, apps::apk),
    target("audit", &[], 200_000, whole::audit),
    target("axml", &[], 400_000, apps::axml),
    target("capture", CAPTURES, 4_000_000, capture::read),
    target("case", &[], 25_000, case::case),
    target("claims", &[], 60_000, several::claims),
    target("coap", &[], 200_000, |bytes| session::datagrams([40_000, 5683], bytes)),
    target("coap_stream", &[], 100_000, |bytes| session::stream([40_000, 5683], bytes)),
    target("connection", &[], 400_000, connection::connection),
    target("dex", &[], 200_000, apps::dex),
    target("dhcp", &[], 400_000, |bytes| session::datagrams([68, 67], bytes)),
    target("dhcpv6", &[], 400_000, |bytes| session::datagrams([546, 547], bytes)),
    target("dns", &[], 400_000, |bytes| session::datagrams([40_000, 53], bytes)),
    target("dns_stream", &[], 200_000, |bytes| session::stream([40_000, 53], bytes)),
    target("dtls", &[], 200_000, |bytes| session::datagrams([40_000, 4433], bytes)),
    target("firmware", &[], 400_000, apps::firmware),
    target("flows", &["har", "flows"], 1_000_000, flows::read),
    target("hpack", &[], 200_000, fields::hpack),
    target("http", &[], 200_000, |bytes| session::stream([40_000, 80], bytes)),
    target("http2", &[], 200_000, |bytes| session::stream([40_000, 443], bytes)),
    target("http3", &[], 100_000, quic::http3),
    target("keylog", &["decrypt/keys"], 100_000, keylog::read),
    target("message_backup", &[], 100_000, messages::backup),
    target("message_bill", &[], 100_000, messages::bill),
    target("message_database", &["phone"], 100_000, messages::database),
    target("message_tpdu", &[], 100_000, messages::tpdu),
    target("message_xml", &["phone"], 100_000, messages::xml),
    target("mmdb", &[], 200_000, databases::mmdb),
    target("mqtt", &[], 100_000, |bytes| session::stream([40_000, 1883], bytes)),
    target("needles", &[], 100_000, search::needles),
    target("packets", CAPTURES, 2_000_000, packets::packets),
    target("payload", &[], 200_000, payload::explore),
    target("phone_files", &[], 100_000, phone::files),
    target("profile", &[], 100_000, profile::parse),
    target("qpack", &[], 200_000, fields::qpack),
    target("quic", &[], 200_000, |bytes| session::datagrams([40_000, 443], bytes)),
    target("quic_data", &[], 100_000, quic::data),
    target("quic_frames", &[], 100_000, quic::frames),
    target("several", &[], 10_000, several::several),
    target("shapes", &[], 100_000, search::shapes),
    target("signatures", &["apk"], 200_000, apps::signatures),
    target("ssdp", &[], 200_000, |bytes| session::datagrams([40_000, 1900], bytes)),
    target("tls", &[], 200_000, |bytes| session::stream([40_000, 443], bytes)),
    target("tls_sealed", &[], 60_000, sealed::records),
    target("unmask", &[], 8_000, weak::open),
    target("unmask_way", &[], 100_000, weak::way),
    target("websocket", &[], 100_000, session::websocket),
    target("xmpp", &[], 100_000, |bytes| session::stream([40_000, 5222], bytes)),
];

/// Feeds the target of that name.
///
/// # Panics
/// Where a law is broken, or there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("there is no target {name}"));
    (target.run)(bytes);
}

const fn target(
    name: &'static str,
    corpora: &'static [&'static str],
    effort: usize,
    run: fn(&[u8]),
) -> Target {
    Target { name, corpora, effort, run }
}

const CAPTURES: &[&str] = &["hostile", "pcapng-format"];
