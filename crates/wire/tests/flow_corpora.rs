//! Real and hostile captures through reader, dissector and flows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use std::{collections::BTreeMap, fs, path::Path};

use flow_ear::{Closed, Ears, packets};
use testkit::corpora::{corpora, files_below};
use wire::{
    Sender,
    flow::{Ended, Flows, Limits},
};

/// The flows of a file, all bytes accounted for and standing where their segments say.
fn flows(file: &[u8], bite: usize, limits: Limits) -> Vec<Closed> {
    let mut flows = Flows::new(Ears { bite, closed: Vec::new() }, limits);
    let mut pushed = 0;
    packets(file, |packet, frame| {
        pushed += packet.payload.bytes(frame).len() as u64;
        flows.push(packet, frame);
    });
    flows.finish();
    let after = flows.ledger().total();
    let closed = flows.into_factory().closed;
    let accounted: u64 = closed.iter().map(flow_ear::account).sum();
    assert_eq!(accounted + after, pushed, "bytes are lost or invented");
    for flow in &closed {
        check_sources(flow, file);
    }
    closed
}

fn check_sources(flow: &Closed, file: &[u8]) {
    for sender in [Sender::Originator, Sender::Responder] {
        for (byte, source) in flow.stream(sender).into_iter().zip(flow.sources(sender)) {
            let there = source.map(|(_, offset)| file[usize::try_from(offset).unwrap()]);
            assert_eq!(byte, there, "{:?} of {}", source, flow.info.id);
        }
    }
}

fn captures(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let is_capture = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("pcap" | "pcapng" | "cap"))
    };
    let files: Vec<_> = files_below(folder).into_iter().filter(|path| is_capture(path)).collect();
    assert!(!files.is_empty(), "no captures in {}", folder.display());
    files.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_byte_of_real_and_hostile_captures_is_accounted_for() {
    let Some(corpora) = corpora() else { return };
    for (name, file) in captures(&corpora) {
        let run = |bite, limits| {
            let flows = std::panic::catch_unwind(|| flows(&file, bite, limits));
            flows.unwrap_or_else(|_| panic!("{name}"))
        };
        let whole = run(0, Limits::default());
        let bitten = run(7, Limits::default());
        assert_eq!(whole.len(), bitten.len(), "{name}");
        for (one, other) in whole.iter().zip(&bitten) {
            assert_eq!(one.summary, other.summary, "{name}");
        }
        run(0, Limits { held_bytes: 4000, held_pieces: 3, flows: 3, ..Limits::default() });
    }
}

/// However the flows are dealt to several tables, each becomes the same.
#[test]
fn flows_do_not_depend_on_one_another() {
    let Some(corpora) = corpora() else { return };
    for (name, file) in captures(&corpora.join("http")) {
        let mut whole = flows(&file, 0, Limits::default());
        let mut dealt = Vec::new();
        for part in 0..3 {
            let mut table = Flows::new(Ears { bite: 0, closed: Vec::new() }, Limits::default());
            packets(&file, |packet, frame| {
                let ports = u32::from(packet.head.source.1) + u32::from(packet.head.destination.1);
                if ports % 3 == part {
                    table.push(packet, frame);
                }
            });
            table.finish();
            dealt.extend(table.into_factory().closed);
        }
        whole.sort_by_key(|flow| flow.info.id);
        dealt.sort_by_key(|flow| flow.info.id);
        assert_eq!(whole.len(), dealt.len(), "{name}");
        for (one, other) in whole.iter().zip(&dealt) {
            assert_eq!((&one.info, &one.summary), (&other.info, &other.summary), "{name}");
            assert!(one.heard == other.heard, "{name}: {:?}", one.info);
        }
    }
}

/// Says what became of the flows of each capture: `cargo test … -- --ignored --nocapture`.
#[test]
#[ignore = "for the eye"]
fn survey() {
    let Some(corpora) = corpora() else { return };
    for (name, file) in captures(&corpora) {
        let (mut ends, mut odd, mut rows) = (BTreeMap::<Ended, u64>::new(), BTreeMap::new(), BTreeMap::new());
        for flow in flows(&file, 0, Limits::default()) {
            *ends.entry(flow.summary.ended).or_default() += 1;
            for (count, what) in flow.odd() {
                *odd.entry(what).or_insert(0) += count;
            }
            let missing = flow.summary.ledger.missing().into_iter();
            let missing = missing.map(|row| (format!("{:?} {}", row.missing, row.reason), row.bytes));
            for (reason, bytes) in flow.rows().into_iter().chain(missing) {
                *rows.entry(reason).or_insert(0) += bytes;
            }
        }
        println!("{name}\n    {ends:?}\n    {odd:?}\n    {rows:?}");
    }
}
