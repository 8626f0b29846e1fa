//! A QUIC connection that goes on from another address is one connection, on however many cores.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{fs, num::NonZeroUsize, path::Path};

use audit::{Effort, Meter, Order, audit};
use evidence::{CaptureId, Case, Fate};
use facts::Atlas;
use wire::{
    Payload,
    capture::{Event, Progress, Reader},
    net::{Dissector, NetOutput},
};

#[test]
fn a_connection_that_moves_says_the_same() {
    let Some(corpora) = testkit::corpora() else { return };
    let file = fs::read(corpora.join("decrypt/quic-with-secrets.pcapng")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moved.pcapng");
    fs::write(&path, &file).unwrap();
    let stayed = run(&path, 2);
    assert_eq!(stayed.coverage.bytes(Fate::Encrypted), 0);
    let packets = short_headers(&file);
    // A server answers to another address only once the client speaks from there.
    let by_client: Vec<_> = (0..packets.len()).filter(|number| packets[*number].1).collect();
    assert!(by_client.len() > 5);
    for first in by_client {
        fs::write(&path, moved(&file, &packets[first..])).unwrap();
        for workers in [1, 2, 5] {
            let case = run(&path, workers);
            assert_eq!(case.coverage.bytes(Fate::Encrypted), 0, "from packet {first} on, {workers} workers");
            let anomalies = case.anomalies.iter().flat_map(|(_, examples)| examples).collect::<Vec<_>>();
            assert_eq!(
                case.totals, stayed.totals,
                "from packet {first} on, {workers} workers: {anomalies:?}"
            );
            let told = case.anomalies.iter().flat_map(|(_, examples)| examples);
            assert!(told.filter(|anomaly| anomaly.what.contains("from another address")).count() >= 1);
        }
    }
}

fn run(path: &Path, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path.to_owned()],
        profile: None,
        bill: None,
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

/// Where the client's port stands in each packet with a short header, and whether the client sent it.
fn short_headers(file: &[u8]) -> Vec<(usize, bool)> {
    let (mut reader, mut dissector, mut out) =
        (Reader::new(CaptureId(0)), Dissector::new(), NetOutput::default());
    let (mut at, mut ports) = (0, Vec::new());
    loop {
        match reader.read(&file[at..], true) {
            Progress::Event { consumed, event } => {
                if let Event::Frame(frame) = event
                    && let Some(packet) = dissector.dissect(&frame, &mut out)
                    && let Payload::InFrame { offset, .. } = packet.payload
                {
                    let payload = usize::try_from(offset).unwrap();
                    let by_client = packet.head.destination.1 == 443;
                    if packet.head.tcp.is_none() && file[payload] & 0x80 == 0 {
                        ports.push((payload - if by_client { 8 } else { 6 }, by_client));
                    }
                }
                at += consumed;
            }
            Progress::Skipped { consumed } => at += consumed,
            Progress::More { .. } | Progress::End => return ports,
        }
    }
}

/// The file with another port of each client at those places.
fn moved(file: &[u8], places: &[(usize, bool)]) -> Vec<u8> {
    let mut file = file.to_vec();
    places.iter().for_each(|(at, _)| file[*at] ^= 1);
    file
}
