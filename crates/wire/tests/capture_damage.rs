//! Capture files of our own making in every variant, and damaged in every way that files get damaged.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use evidence::{CaptureId, Timestamp};
use proptest::prelude::*;
use testkit::{Dice, PcapngWriter};
use wire::{
    capture::{Event, Fact, LinkType, NOT_A_CAPTURE, Note, Progress, Reader, SecretsKind},
    net::{Dissector, NetOutput},
};

/// What a file tells, by kind.
#[derive(Debug, Default, PartialEq)]
struct Told {
    /// Number, offset, time in nanoseconds, length on the wire, bytes.
    frames: Vec<(u64, u64, i64, u32, Vec<u8>)>,
    notes: Vec<Note>,
    anomalies: Vec<String>,
    format: &'static str,
    damaged: u64,
}

/// Reads a file with windows of `window` bytes and more where more is asked for.
fn read(file: &[u8], window: usize) -> Told {
    let mut reader = Reader::new(CaptureId(0));
    let mut told = Told::default();
    let (mut at, mut len, mut data) = (0usize, window, 0);
    loop {
        let end = at.saturating_add(len).min(file.len());
        let consumed = match reader.read(&file[at..end], end == file.len()) {
            Progress::Event { consumed, event } => {
                match event {
                    Event::Frame(frame) => {
                        data += frame.data.len();
                        assert_eq!(&file[frame.offset as usize..][..frame.data.len()], frame.data);
                        let bytes = frame.data.to_vec();
                        told.frames.push((frame.number.0, frame.offset, frame.time.0, frame.wire_len, bytes));
                    }
                    Event::Note(note) => told.notes.push(note),
                    Event::Anomaly(anomaly) => told.anomalies.push(anomaly.what.into_owned()),
                }
                consumed
            }
            Progress::Skipped { consumed } => consumed,
            Progress::More { needed } => {
                len = needed;
                continue;
            }
            Progress::End => break,
        };
        at += consumed;
        len = window;
    }
    assert_eq!(at, file.len());
    assert_eq!(reader.framing_bytes() + reader.damaged_bytes() + data as u64, file.len() as u64);
    told.format = reader.format();
    told.damaged = reader.damaged_bytes();
    told
}

/// A pcap file by hand: the magic as it is written, the other fields in `big`'s order.
struct Pcap {
    big: bool,
    bytes: Vec<u8>,
}

impl Pcap {
    fn new(magic: u32, version: (u16, u16), big: bool) -> Self {
        let mut pcap = Self { big, bytes: Vec::new() };
        pcap.u32(magic);
        pcap.u16(version.0);
        pcap.u16(version.1);
        [0, 0, 65_535, 1].into_iter().for_each(|field| pcap.u32(field));
        pcap
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn record(&mut self, fields: &[u32], data: &[u8]) {
        fields.iter().for_each(|field| self.u32(*field));
        self.bytes.extend(data);
    }
}

/// Ten frames of different lengths in a pcap file, and where each record begins.
fn ten() -> (Vec<u8>, Vec<usize>) {
    let mut pcap = Pcap::new(0xa1b2_c3d4, (2, 4), false);
    let mut starts = Vec::new();
    for number in 0..10u32 {
        starts.push(pcap.bytes.len());
        let data: Vec<u8> = (0..100 + number).map(|byte| (byte * 7 + number) as u8).collect();
        pcap.record(&[1_600_000_000 + number, number, data.len() as u32, data.len() as u32], &data);
    }
    (pcap.bytes, starts)
}

fn numbers(told: &Told) -> Vec<i64> {
    told.frames.iter().map(|frame| frame.2 / 1_000_000_000 - 1_600_000_000).collect()
}

#[test]
fn every_variant_of_pcap_is_read() {
    for big in [false, true] {
        for (magic, version, fields, format, time) in [
            (0xa1b2_c3d4, (2, 4), [5, 7, 3, 9].as_slice(), "pcap", 5_000_007_000),
            (0xa1b2_3c4d, (2, 4), &[5, 7, 3, 9], "pcap (ns)", 5_000_000_007),
            (0xa1b2_cd34, (2, 4), &[5, 7, 3, 9, 1, 0], "pcap (modified)", 5_000_007_000),
            // Lengths the other way round.
            (0xa1b2_c3d4, (2, 2), &[5, 7, 9, 3], "pcap", 5_000_007_000),
            (0xa1b2_c3d4, (2, 3), &[5, 7, 9, 3], "pcap", 5_000_007_000),
            (0xa1b2_c3d4, (2, 3), &[5, 7, 3, 9], "pcap", 5_000_007_000),
        ] {
            let mut pcap = Pcap::new(magic, version, big);
            pcap.record(fields, b"abc");
            let told = read(&pcap.bytes, 1 << 20);
            assert_eq!(told.format, format);
            let offset = 24 + fields.len() as u64 * 4;
            assert_eq!(told.frames, [(1, offset, time, 9, b"abc".to_vec())], "{format} {version:?} {big}");
            assert_eq!(told.anomalies, [""; 0]);
        }
    }
}

#[test]
fn what_is_no_capture_is_told_once_and_passed_over() {
    for (file, what) in [
        (b"GIF89a, and so on, and so forth, and more".as_slice(), NOT_A_CAPTURE),
        (b"PK", NOT_A_CAPTURE),
        (b"", "capture holds no byte"),
        (b"\xd4\xc3\xb2\xa1\x02\0", "capture lacks the rest of its file header"),
    ] {
        let told = read(file, 1);
        assert_eq!(told.anomalies, [what]);
        assert_eq!((told.format, told.damaged), ("unknown", file.len() as u64));
    }
}

#[test]
fn a_cut_file_yields_all_before_the_cut_and_the_rest_of_the_last_frame() {
    let (file, starts) = ten();
    for cut in starts[8] + 17..file.len() {
        let told = read(&file[..cut], 64);
        let whole = if cut < starts[9] { 8 } else { 9 };
        let header_only = (starts[9]..=starts[9] + 16).contains(&cut);
        assert_eq!(told.frames.len(), whole + usize::from(!header_only), "cut at {cut}");
        let last = told.frames.last().unwrap();
        assert!(file.ends_with(&last.4) || last.4.len() < 110);
        let clean = cut == starts[9];
        assert_eq!(told.anomalies.len(), usize::from(!clean), "cut at {cut}");
    }
}

#[test]
fn reading_goes_on_behind_an_impossible_length() {
    let (mut file, starts) = ten();
    file[starts[4] + 8..starts[4] + 12].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    for window in [1, 50, 1 << 20] {
        let told = read(&file, window);
        assert_eq!(numbers(&told), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
        assert_eq!(told.anomalies, ["capture holds a record longer than any frame"]);
        assert_eq!(told.damaged as usize, starts[5] - starts[4]);
    }
}

#[test]
fn lost_bytes_cost_one_frame_its_end_and_no_more() {
    let (mut file, starts) = ten();
    file.drain(starts[4] + 40..starts[4] + 50);
    let told = read(&file, 64);
    assert_eq!(numbers(&told), (0..10).collect::<Vec<_>>());
    assert_eq!(told.frames[4].4.len(), 94);
    assert_eq!(told.anomalies, ["capture lacks bytes within a frame: the next one begins early"]);
}

#[test]
fn files_put_together_are_read_one_behind_the_other() {
    let (one, _) = ten();
    let mut other = one.clone();
    other[20] = 101;
    let told = read(&[one.clone(), other].concat(), 100);
    assert_eq!(numbers(&told), (0..10).chain(0..10).collect::<Vec<_>>());
    assert_eq!(told.anomalies, ["capture holds another capture file behind its own records"]);
    let links: Vec<_> = told.notes.iter().map(|note| (note.offset, note.to_string())).collect();
    assert_eq!(links[1].0, one.len() as u64);
    assert!(links[1].1.starts_with("interface 0: raw IP"));
}

/// Every few bytes claim to begin a block of 16 MiB, or are a block that ends such a claim. Were the work not
/// linear, this would take hours.
#[test]
fn a_file_that_makes_the_reader_look_far_ahead_all_the_time_is_read_in_linear_time() {
    let claim = |kind: u32, len: u32| [kind.to_le_bytes(), len.to_le_bytes()].concat();
    let packet = |len: u32, captured: u32| {
        [claim(6, len), vec![0; 12], captured.to_le_bytes().to_vec(), vec![0; 4]].concat()
    };
    let journal = block(9, &[], (12, 12));
    let far = [claim(9, 0x00ff_fff0), claim(9, 0x00ff_fff0), claim(1, 0)].concat();
    let within = [packet(0x00ff_fff0, 16), journal.clone(), claim(0, 0)].concat();
    for pattern in [far, within] {
        let mut file = PcapngWriter::new(Vec::new(), false).unwrap().into_inner();
        while file.len() < 6 << 20 {
            file.extend(&pattern);
        }
        file.extend(&journal);
        read(&file, 1 << 20);
    }
}

#[test]
fn noise_between_records_is_passed_over() {
    let (file, starts) = ten();
    let noise = Dice::new(3).bytes(5000);
    let file = [&file[..starts[6]], &noise, &file[starts[6]..]].concat();
    let told = read(&file, 100);
    let found = numbers(&told);
    assert_eq!(found.iter().filter(|number| (0..10).contains(*number)).count(), 10, "{found:?}");
}

/// A pcapng file with a block of each kind we write, ten frames, two sections.
fn sections() -> Vec<u8> {
    let mut out = PcapngWriter::new(Vec::new(), true).unwrap();
    for number in 0..5u8 {
        out.frame(0, i64::from(number) * 1000, &[number; 61], &[]).unwrap();
    }
    out.tls_keys(b"CLIENT_RANDOM 00 11\n").unwrap();
    out.frame(0, 7_000, &[5; 60], &[(1, b"five"), (4, &[0, 0, 0, 0, 0, 0, 0, 9])]).unwrap();
    let first = out.into_inner();
    let mut out = PcapngWriter::new(Vec::new(), false).unwrap();
    out.interface(101, &[(2, b"rmnet0"), (9, &[0x80 | 10]), (14, &100i64.to_le_bytes())]).unwrap();
    out.frame(1, 1536, &[6; 60], &[]).unwrap();
    out.block(0x0000_0bad, b"\x11\x7f\0\0vendor!!").unwrap();
    out.block(0x0000_0777, b"unknown!").unwrap();
    out.block(0x0000_0777, b"unknown!").unwrap();
    out.frame(0, 8_000, &[7; 59], &[]).unwrap();
    [first, out.into_inner()].concat()
}

#[test]
fn sections_of_both_byte_orders_are_read_with_all_that_they_tell() {
    let told = read(&sections(), 30);
    assert_eq!(told.anomalies, [""; 0]);
    let times: Vec<_> = told.frames.iter().map(|frame| frame.2).collect();
    assert_eq!(times, [0, 1000, 2000, 3000, 4000, 7000, 101_500_000_000, 8000]);
    // The custom block between them has a number too.
    let numbers: Vec<_> = told.frames.iter().map(|frame| frame.0).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 9]);
    let notes: Vec<_> = told.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "the file",
            "interface 0: Ethernet; time resolution 10^-9 s",
            "TLS key log, 20 bytes",
            "frame 6; comment five; dropcount 9",
            "the file",
            "interface 0: Ethernet; time resolution 10^-9 s",
            "interface 1: raw IP; name rmnet0; time resolution 2^-10 s; time offset 100",
            "vendor data of enterprise 32529, 8 bytes, not read",
            "block of type 0x00000777, 20 bytes, not read",
        ]
    );
}

#[test]
fn secrets_come_with_the_place_where_they_stand() {
    let file = sections();
    let told = read(&file, 1 << 20);
    let secrets = told.notes.iter().find_map(|note| match &note.fact {
        Fact::Secrets { kind, start, bytes } => Some((*kind, *start, bytes.clone())),
        _ => None,
    });
    let (kind, start, bytes) = secrets.unwrap();
    assert_eq!(kind, SecretsKind::TLS_KEY_LOG);
    assert_eq!(&file[start as usize..][..bytes.len()], bytes);
    assert_eq!(bytes, b"CLIENT_RANDOM 00 11\n");
}

/// A little-endian block by hand: its two lengths need not agree.
fn block(kind: u32, body: &[u8], lengths: (u32, u32)) -> Vec<u8> {
    [&kind.to_le_bytes(), &lengths.0.to_le_bytes(), body, &lengths.1.to_le_bytes()].concat()
}

fn simple(wire: u32, data: &[u8]) -> Vec<u8> {
    let body = [&wire.to_le_bytes(), data].concat();
    let len = body.len() as u32 + 12;
    block(3, &body, (len, len))
}

#[test]
fn simple_and_obsolete_packets_and_those_of_no_interface_are_read() {
    let mut out = PcapngWriter::new(Vec::new(), false).unwrap();
    out.frame(0, 4_000, &[1; 8], &[]).unwrap();
    let mut file = out.into_inner();
    file.extend(simple(100, &[2; 8]));
    // Obsolete: interface 0, 3 dropped, time in halves, captured, wire, data.
    let obsolete =
        [&[0, 0, 3, 0, 0, 0, 0, 0, 136, 19, 0, 0, 6, 0, 0, 0, 9, 0, 0, 0], [3u8; 8].as_slice()].concat();
    file.extend(block(2, &obsolete, (40, 40)));
    // Enhanced: interface 7.
    let stray = [&[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0], [4u8; 8].as_slice()].concat();
    file.extend(block(6, &stray, (40, 40)));
    let told = read(&file, 1);
    let frames: Vec<_> =
        told.frames.iter().map(|(_, _, time, wire, data)| (*time, *wire, data.len())).collect();
    assert_eq!(frames, [(4000, 8, 8), (4000, 100, 8), (5000, 9, 6), (0, 8, 8)]);
    assert_eq!(
        told.anomalies,
        [
            "capture lacks the times of simple packets: those of the frames before them stand in",
            "capture lacks the description of a packet's interface"
        ]
    );
}

#[test]
fn a_block_with_two_lengths_counts_where_another_follows() {
    let mut file = PcapngWriter::new(Vec::new(), false).unwrap().into_inner();
    file.extend(block(3, &[8, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], (24, 99)));
    file.extend(simple(8, &[2; 8]));
    let told = read(&file, 1);
    assert_eq!(told.frames.len(), 2);
    assert!(told.anomalies.contains(&"capture holds a block whose two lengths differ".to_owned()));
}

#[test]
fn a_damaged_block_of_pcapng_costs_itself_and_no_more() {
    let file = sections();
    let clean = read(&file, 1 << 20);
    for victim in 1..5 {
        let start = clean.frames[victim].1 as usize - 28;
        for length in [0u32, 3, 11, 0x00ff_ffff, 0x7fff_ffff, u32::MAX] {
            let mut file = file.clone();
            file[start + 4..start + 8].copy_from_slice(&length.to_be_bytes());
            let told = read(&file, 100);
            assert_eq!(told.frames.len(), clean.frames.len() - 1, "block {victim} of length {length:#x}");
            assert_eq!(told.damaged, 96, "block {victim} of length {length:#x}");
        }
    }
}

#[test]
fn a_cut_pcapng_yields_what_is_there_of_the_last_frame() {
    let file = sections();
    let clean = read(&file, 1 << 20);
    let last = clean.frames.last().unwrap().1 as usize;
    for cut in last + 1..file.len() {
        let told = read(&file[..cut], 100);
        assert_eq!(told.frames.len(), clean.frames.len(), "cut at {cut}");
        assert_eq!(told.frames.last().unwrap().4.len(), (cut - last).min(59));
    }
}

#[test]
fn times_far_away_and_absurd_do_not_stop_the_reader() {
    let mut pcap = Pcap::new(0xa1b2_c3d4, (2, 4), false);
    for (seconds, micros) in [(u32::MAX, u32::MAX), (0, 0), (1_600_000_000, 5), (1, 1)] {
        pcap.record(&[seconds, micros, 2, 2], b"hi");
    }
    let told = read(&pcap.bytes, 1);
    assert_eq!(told.frames.len(), 4);
    let most = Timestamp(i64::from(u32::MAX) * 1_000_000_000 + i64::from(u32::MAX) * 1000);
    assert_eq!(told.frames[0].2, most.0);
}

#[test]
fn link_types_print_by_name() {
    let mut pcap = Pcap::new(0xa1b2_c3d4, (2, 4), true);
    pcap.bytes[22..24].copy_from_slice(&LinkType::WIFI_RADIOTAP.0.to_be_bytes());
    let told = read(&pcap.bytes, 1 << 20);
    assert_eq!(
        told.notes[0].to_string(),
        "interface 0: 802.11 with radiotap header, at most 65535 bytes of a frame"
    );
}

proptest! {
    /// Whatever a file holds: no panic, every byte accounted for, the same events for all windows.
    #[test]
    fn any_damage_is_survived(
        which in 0..2,
        wounds in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..20), 0..12),
    ) {
        let mut file = if which == 0 { ten().0 } else { sections() };
        for (place, value, removed) in wounds {
            let at = place.index(file.len());
            file[at] = value;
            file.drain(at..(at + removed.saturating_sub(10)).min(file.len()));
            if file.is_empty() {
                file.push(0);
            }
        }
        let whole = read(&file, usize::MAX);
        prop_assert_eq!(&whole, &read(&file, 1));
        prop_assert_eq!(&whole, &read(&file, 77));
    }

    /// Any bytes as a frame of any link type: no panic, every byte accounted for.
    #[test]
    fn any_frame_is_accounted_for(
        link in prop::sample::select(vec![0u16, 1, 9, 12, 50, 51, 101, 104, 105, 113, 119, 127, 163, 192, 239, 258, 276]),
        start in prop::sample::select(vec![
            "", "45", "6000000000", "08", "8841", "0202", "ff030021", "00000800", "0000080045",
            "ffffffffffffffffffffffff0800450000280001200040110000", "02000000450000", "0000000000000800",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut data: Vec<u8> =
            (0..start.len() / 2).map(|at| u8::from_str_radix(&start[at * 2..at * 2 + 2], 16).unwrap()).collect();
        data.extend(rest);
        let mut pcap = Pcap::new(0xa1b2_c3d4, (2, 4), false);
        let len = data.len() as u32;
        pcap.record(&[1, 1, len, len], &data);
        pcap.bytes[20..22].copy_from_slice(&link.to_le_bytes());
        let mut reader = Reader::new(CaptureId(0));
        let (mut dissector, mut out, mut at, mut payload) = (Dissector::new(), NetOutput::default(), 0, 0);
        loop {
            match reader.read(&pcap.bytes[at..], true) {
                Progress::Event { consumed, event } => {
                    if let Event::Frame(frame) = event {
                        let packet = dissector.dissect(&frame, &mut out);
                        let packets = packet.into_iter().chain(out.more.drain(..));
                        payload += packets.map(|packet| packet.payload.len() as u64).sum::<u64>();
                    }
                    at += consumed;
                }
                Progress::Skipped { consumed } => at += consumed,
                Progress::More { .. } => unreachable!("asked for more at the end"),
                Progress::End => break,
            }
        }
        dissector.finish(&mut out);
        prop_assert_eq!(dissector.ledger().total() + payload, data.len() as u64);
    }
}
