//! `cargo xtask corpus`: makes the captures under `corpus/` and the list of them in `corpus/SOURCES.md`.
//!
//! Each is small and shows a few things; the golden tests of `audit` hold what comes out of it against a
//! snapshot beside it. Values are those of the synthetic phone of `samples/phone.toml`. The files are the
//! same every time they are made.

mod dns;
mod files;
mod http;
mod http2;
mod links;
mod local;
mod messages;
mod secure;
mod tcp;

use std::{fs, io, path::Path};

use anyhow::Context;
use testkit::{Conversation, Endpoint, Frame, Net, PcapStyle, PcapWriter, Side, Wire};

/// A capture of the corpus.
pub(crate) struct Capture {
    /// Its path below `corpus/`.
    path: &'static str,
    /// What it shows, for SOURCES.md.
    shows: &'static str,
    made: Made,
}

/// How a capture is made.
enum Made {
    /// These bytes.
    File(fn() -> io::Result<Vec<u8>>),
    /// What is played onto an Ethernet, as a little-endian pcap with microseconds.
    Film(fn(&mut Film) -> io::Result<()>),
}

/// An Ethernet whose frames are kept.
pub(crate) type Film = Net<Vec<Frame>>;

impl Capture {
    const fn film(path: &'static str, shows: &'static str, play: fn(&mut Film) -> io::Result<()>) -> Self {
        Self { path, shows, made: Made::Film(play) }
    }

    const fn file(path: &'static str, shows: &'static str, make: fn() -> io::Result<Vec<u8>>) -> Self {
        Self { path, shows, made: Made::File(make) }
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        match self.made {
            Made::File(make) => make(),
            Made::Film(play) => pcap(PcapStyle::default(), &film(play)?),
        }
    }
}

/// Writes every capture, and their list.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    for capture in captures() {
        let path = folder.join(capture.path);
        let parent = path.parent().context("a capture lies in a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        fs::write(&path, capture.bytes()?).with_context(|| format!("writing {}", path.display()))?;
    }
    let path = folder.join("SOURCES.md");
    let page = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let page = listed(&page).with_context(|| format!("{} lacks the marks of the list", path.display()))?;
    fs::write(&path, page).with_context(|| format!("writing {}", path.display()))
}

fn captures() -> impl Iterator<Item = &'static Capture> {
    CAPTURES.iter().copied().flatten()
}

/// The page with the list as it should be.
fn listed(page: &str) -> Option<String> {
    let (head, rest) = page.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    let mut list = String::from("\n\n| capture | shows |\n|---|---|\n");
    for capture in captures() {
        list += &format!("| `{}` | {} |\n", capture.path, capture.shows);
    }
    Some(format!("{head}{BEGIN}{list}\n{END}{tail}"))
}

/// The frames of what is played.
fn film(play: impl FnOnce(&mut Film) -> io::Result<()>) -> io::Result<Vec<Frame>> {
    let mut net = Net::new(Vec::new());
    net.set_tick(1_000_000);
    play(&mut net)?;
    Ok(net.into_wire())
}

fn pcap(style: PcapStyle, frames: &[Frame]) -> io::Result<Vec<u8>> {
    let mut writer = PcapWriter::new(Vec::new(), style)?;
    frames.iter().try_for_each(|frame| writer.put(frame.time, &frame.bytes))?;
    Ok(writer.into_inner())
}

/// A connection from a port of the phone's to the server's port 80, on which both say this in turn.
fn talk(net: &mut Film, port: u16, script: &[(Side, &[u8])]) -> io::Result<()> {
    let conversation = Conversation::new(Endpoint::phone(port), Endpoint::server(80));
    say(net, conversation, script)
}

fn say(net: &mut Film, mut conversation: Conversation, script: &[(Side, &[u8])]) -> io::Result<()> {
    conversation.open(net)?;
    for (side, bytes) in script {
        conversation.send(net, *side, bytes)?;
    }
    conversation.close(net)
}

/// A message with a body behind the length of it: `head` lacks the empty line.
fn with_body(head: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    message.extend_from_slice(body);
    message
}

/// A request that names the phone, and its answer: what captures carry that are about the way there.
fn register(net: &mut Film, port: u16) -> io::Result<()> {
    talk(net, port, &[(Side::Client, REGISTER), (Side::Server, NO_CONTENT)])
}

/// Bytes behind their length of one, two or three bytes.
fn vector(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    [len.get(4 - width..).unwrap_or_default(), bytes].concat()
}

const CAPTURES: &[&[Capture]] = &[
    http::CAPTURES,
    http2::CAPTURES,
    tcp::CAPTURES,
    dns::CAPTURES,
    local::CAPTURES,
    messages::CAPTURES,
    secure::CAPTURES,
    links::LINKS,
    links::TUNNELS,
    files::CAPTURES,
];

const IMEI: &str = "352099001761481";
const REGISTER: &[u8] = b"GET /v1/register?imei=352099001761481&app=weather HTTP/1.1\r\nHost: api.vendor.example\r\nUser-Agent: okhttp/3.10.0\r\n\r\n";
const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const BEGIN: &str = "<!-- made by cargo xtask corpus -->";
const END: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
    }

    #[test]
    fn the_captures_are_those_that_would_be_made_now() {
        for capture in captures() {
            let there = fs::read(folder().join(capture.path)).unwrap_or_default();
            assert!(there == capture.bytes().unwrap(), "{} is stale: cargo xtask corpus", capture.path);
        }
        let page = fs::read_to_string(folder().join("SOURCES.md")).unwrap();
        assert_eq!(listed(&page).unwrap(), page, "SOURCES.md is stale: cargo xtask corpus");
    }

    /// A capture without a word on where it comes from does not belong here; nor does a large one.
    #[test]
    fn every_capture_is_small_and_has_a_source() {
        let page = fs::read_to_string(folder().join("SOURCES.md")).unwrap();
        let mut sum = 0;
        for file in testkit::files_below(&folder()) {
            let name = file.strip_prefix(folder()).unwrap().display().to_string();
            let capture = name.ends_with(".pcap") || name.ends_with(".pcapng");
            let bytes = fs::metadata(&file).unwrap().len();
            assert!(!capture || page.contains(&format!("`{name}`")), "{name} is not in SOURCES.md");
            assert!(bytes <= 30_000, "{name} has {bytes} bytes");
            sum += if capture { bytes } else { 0 };
        }
        assert!(sum <= 500_000, "{sum}");
    }
}
