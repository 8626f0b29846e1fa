//! The readers and the dissector on real and on hostile captures that nobody in this project made.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use evidence::{AnomalyTally, CaptureId};
use pcap_file::{
    pcap::PcapParser,
    pcapng::{Block, PcapNgParser},
};
use testkit::corpora::{corpora, files_below};
use wire::{
    capture::{Event, Fact, Frame, LinkType, Progress, Reader},
    net::{Dissector, NetOutput},
};

/// Reads a file with windows that begin with `window` bytes and grow by `growth`; 0 for the whole file at
/// once. Fails where a call neither consumes nor tells anything.
fn read(file: &[u8], (window, growth): (usize, usize), mut each: impl FnMut(&Event<'_>)) -> Reader {
    let mut reader = Reader::new(CaptureId(0));
    let mut at = 0;
    let mut len = if growth == 0 { file.len() } else { window };
    let mut idle = 0;
    loop {
        let end = (at + len).min(file.len());
        let before = at;
        match reader.read(&file[at..end], end == file.len()) {
            Progress::Event { consumed, event } => {
                each(&event);
                at += consumed;
                idle = 0;
                len = if growth == 0 { file.len() } else { window };
            }
            Progress::Skipped { consumed } => {
                assert!(consumed > 0);
                at += consumed;
            }
            Progress::More { needed } => {
                assert!(end < file.len(), "more is asked for at the end");
                assert!(needed > end - at, "{needed} asked for with {} there", end - at);
                len = end - at + growth;
                idle += usize::from(growth > 1);
            }
            Progress::End => break,
        }
        assert!(at <= file.len() && idle < file.len() + 100, "no progress at {before}");
    }
    assert_eq!(at, file.len());
    assert_eq!(reader.consumed_bytes(), file.len() as u64);
    reader
}

/// All events as text, frames' bytes included.
fn told(file: &[u8], windows: (usize, usize)) -> String {
    let mut text = String::new();
    let reader = read(file, windows, |event| writeln!(text, "{event:?}").unwrap());
    writeln!(text, "{} {} {}", reader.format(), reader.framing_bytes(), reader.damaged_bytes()).unwrap();
    text
}

fn captures(folders: &[&str]) -> Vec<PathBuf> {
    let Some(corpora) = corpora() else { return Vec::new() };
    let files = folders.iter().flat_map(|folder| files_below(&corpora.join(folder)));
    let found: Vec<_> = files.filter(|file| is_capture(file)).collect();
    assert!(!found.is_empty(), "no captures in {folders:?}");
    found
}

fn is_capture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng")
}

/// The blocks of a file as its expectation names them; both packet blocks are `PKT`.
fn blocks(file: &[u8]) -> Vec<&'static str> {
    let mut names = Vec::new();
    read(file, (0, 0), |event| {
        names.push(match event {
            Event::Frame(_) => "PKT",
            Event::Anomaly(_) => return,
            Event::Note(note) => match note.fact {
                Fact::Section { .. } => "SHB",
                Fact::Interface { .. } => "IDB",
                Fact::Names(_) => "NRB",
                Fact::Statistics { .. } => "ISB",
                Fact::Custom { copy: true, .. } => "CB",
                Fact::Custom { copy: false, .. } => "DCB",
                Fact::Packet(_) => return,
                _ => "other",
            },
        });
    });
    names
}

#[test]
fn every_block_of_the_format_tests_is_told_in_its_order() {
    for path in captures(&["pcapng-format"]) {
        let expectation = fs::read_to_string(path.with_extension("txt")).unwrap();
        let sequence = expectation.split("Block sequence:").nth(1).unwrap();
        let expected: Vec<_> = sequence
            .split([',', '\n'])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| if name == "EPB" || name == "SPB" { "PKT" } else { name })
            .collect();
        assert_eq!(blocks(&fs::read(&path).unwrap()), expected, "{}", path.display());
    }
}

#[test]
fn all_options_of_the_format_tests_have_names() {
    for path in captures(&["pcapng-format"]) {
        read(&fs::read(&path).unwrap(), (0, 0), |event| match event {
            Event::Note(note) => {
                let unknown = note.properties.iter().filter(|one| one.name == "option");
                // Two codes that nobody defined: a general and a local one.
                let expected = |value: &str| value.starts_with("291: ") || value.starts_with("33059: ");
                assert!({ unknown }.all(|one| expected(&one.value)), "{}: {note}", path.display());
            }
            Event::Anomaly(anomaly) => {
                assert!(anomaly.what.contains("times of simple packets"), "{}: {anomaly:?}", path.display());
            }
            Event::Frame(frame) => assert_ne!(frame.link, LinkType::UNDESCRIBED),
        });
    }
}

#[test]
fn however_the_windows_grow_the_events_are_the_same() {
    for path in captures(&["pcapng-format", "hostile"]) {
        let file = fs::read(&path).unwrap();
        let whole = told(&file, (0, 0));
        for windows in [(1, 1), (7, 4096)] {
            assert!(whole == told(&file, windows), "{} with windows {windows:?}", path.display());
        }
    }
}

/// Of each packet: when (nanoseconds; `None` where the record does not say), its length on the wire, bytes.
type Packets = Vec<(Option<u128>, u32, Vec<u8>)>;

/// What pcap-file reads, up to where it gives up.
fn by_pcap_file(file: &[u8]) -> Packets {
    let mut packets = Packets::new();
    if let Ok((mut rest, parser)) = PcapParser::new(file) {
        while let Ok((after, packet)) = parser.next_packet(rest) {
            packets.push((Some(packet.timestamp().as_nanos()), packet.orig_len(), packet.data().to_vec()));
            rest = after;
        }
    } else if let Ok((mut rest, mut parser)) = PcapNgParser::new(file) {
        while let Ok((after, block)) = parser.next_block(rest) {
            match block {
                Block::EnhancedPacket(block) => packets.push((
                    Some(block.timestamp.as_nanos()),
                    block.original_len,
                    block.data.into_owned(),
                )),
                Block::Packet(block) => packets.push((
                    Some(block.timestamp.as_nanos()),
                    block.original_len,
                    block.data.into_owned(),
                )),
                Block::SimplePacket(block) => {
                    packets.push((None, block.original_len, block.data.into_owned()));
                }
                _ => {}
            }
            rest = after;
        }
    }
    packets
}

#[test]
fn what_another_reader_reads_is_read_alike() {
    let (mut files, mut compared) = (0, 0);
    for path in captures(&["pcapng-format", "hostile", "http", "decrypt"]) {
        let file = fs::read(&path).unwrap();
        let expected = by_pcap_file(&file);
        let mut ours = Packets::new();
        // The other reader does not notice that bytes of a frame are missing, and goes wrong from there.
        let mut damage = usize::MAX;
        read(&file, (0, 0), |event| match event {
            Event::Frame(frame) => {
                let time = u128::try_from(frame.time.0).ok();
                ours.push((time, frame.wire_len, frame.data.to_vec()));
            }
            Event::Anomaly(anomaly) if anomaly.what.contains("lacks bytes within a frame") => {
                damage = damage.min(ours.len() - 1);
            }
            _ => {}
        });
        assert!(ours.len() >= expected.len(), "{}: {} of {}", path.display(), ours.len(), expected.len());
        for (number, (one, other)) in (1..).zip(ours.iter().zip(&expected)).take(damage) {
            assert!(other.0.is_none() || one.0 == other.0, "{} frame {number}: time", path.display());
            assert!(one.1 == other.1 && one.2 == other.2, "{} frame {number}", path.display());
        }
        files += 1;
        compared += expected.len();
    }
    assert!(files == 0 || compared > 10_000, "only {compared} packets compared");
}

#[test]
fn every_byte_of_a_file_is_accounted_for_once() {
    for path in captures(&["pcapng-format", "hostile", "http", "decrypt"]) {
        let file = fs::read(&path).unwrap();
        let mut dissector = Dissector::new();
        let mut out = NetOutput::default();
        let (mut data, mut payload, mut tally) = (0, 0, AnomalyTally::default());
        let reader = read(&file, (0, 0), |event| {
            let Event::Frame(frame) = event else { return };
            data += frame.data.len() as u64;
            assert!(file.get(frame.offset as usize..).unwrap().starts_with(frame.data));
            for packet in dissector.dissect(frame, &mut out).into_iter().chain(out.more.drain(..)) {
                payload += packet.payload.len() as u64;
                check_provenance(&file, frame, &packet);
            }
            out.anomalies.drain(..).for_each(|anomaly| tally.add(anomaly));
        });
        dissector.finish(&mut out);
        let accounted = dissector.ledger().total() + payload;
        assert_eq!(accounted, data, "{}: {:#?}", path.display(), dissector.ledger().rows());
        let framing = reader.framing_bytes() + reader.damaged_bytes();
        assert_eq!(framing + data, file.len() as u64, "{}", path.display());
    }
}

/// The segments of a packet's payload lead to file offsets where the payload's bytes stand.
fn check_provenance(file: &[u8], frame: &Frame<'_>, packet: &wire::Packet) {
    let bytes = packet.payload.bytes(frame.data);
    assert_eq!(bytes.len(), packet.payload.len());
    let mut covered = 0;
    packet.payload.segments(&packet.head, &(0..bytes.len() as u64), |segment| {
        let (out, start, len) = (segment.out as usize, segment.start as usize, segment.len as usize);
        assert_eq!(bytes[out..out + len], file[start..start + len]);
        covered += len;
    });
    assert_eq!(covered, bytes.len());
}
