//! Decrypted flows of real captures: the requests and responses that tshark finds with the same keys, in the same
//! frames, and nothing lost between capture, records and messages.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

mod decrypt_desk;

use std::{fs, io::Read, ops::RangeInclusive, path::Path};

use decrypt_desk::{Heard, hear, prove};
use evidence::CaptureId;
use testkit::corpora::corpora;
use wire::{Head, KeyRing, Message};

/// Captures, and the file with their keys where those are not inside.
const FILES: &[(&str, &str)] = &[
    ("challenge01_ooo_stream.pcapng.gz", ""),
    ("rsasnakeoil2.pcap", "rsasnakeoil2.key"),
    ("tls-renegotiation.pcap", "rsasnakeoil2.key"),
    ("tls12-chacha20poly1305.pcap", "tls12-chacha20poly1305.keys"),
    ("tls12-dsb.pcapng", ""),
    ("tls13-20-chacha20poly1305.pcap", "tls13-20-chacha20poly1305.keys"),
    ("tls13-rfc8446.pcap", "tls13-rfc8446.keys"),
];

fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut inner = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inner).unwrap();
        return inner;
    }
    bytes
}

fn decrypted(folder: &Path, capture: &str, keys: &str) -> (Heard, Vec<u8>, Vec<u8>) {
    let ring = KeyRing::default();
    let mut text = Vec::new();
    if !keys.is_empty() {
        text = fs::read(folder.join("keys").join(keys)).unwrap();
        if keys.ends_with(".key") {
            ring.add_private_key(CaptureId(1), &text).unwrap();
        } else {
            text.push(b'\n');
            assert_eq!(ring.add_log(CaptureId(1), 0, 1, &text).odd, 0);
        }
    }
    let file = read(&folder.join(capture));
    (hear(&file, &ring), file, text)
}

/// The frames of its first and its last byte.
fn frames(message: &Message) -> RangeInclusive<u64> {
    let frame = |at| message.recorded.place(at).unwrap().1.0;
    frame(0)..=frame(message.recorded.bytes.len() as u64 - 1)
}

type Told<F> = Vec<(F, String)>;

/// Frames, method, host and target of requests; frames and status of responses.
fn told(messages: &[Message]) -> (Told<RangeInclusive<u64>>, Told<RangeInclusive<u64>>) {
    let (mut requests, mut responses) = (Vec::new(), Vec::new());
    for message in messages.iter().filter(|message| message.seal.is_some() && message.position == 0) {
        if let Head::Http(head) = &message.head {
            if head.status == 0 {
                requests.push((frames(message), format!("{} {} {}", head.method, head.host, head.target)));
            } else {
                responses.push((frames(message), head.status.to_string()));
            }
        }
    }
    (requests, responses)
}

fn expected(path: &Path) -> (Told<u64>, Told<u64>) {
    let json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let number = |row: &serde_json::Value| text(row, "frame.number").parse().unwrap();
    let rows = |name: &str| json[name].as_array().unwrap().clone();
    let requests = rows("http1_over_tls").into_iter().map(|row| {
        let [method, host, target] =
            ["http.request.method", "http.host", "http.request.uri"].map(|name| text(&row, name));
        (number(&row), format!("{method} {host} {target}"))
    });
    let responses =
        rows("http1_resp_over_tls").into_iter().map(|row| (number(&row), text(&row, "http.response.code")));
    (requests.collect(), responses.collect())
}

#[test]
fn the_requests_of_tshark_are_found() {
    let Some(corpora) = corpora() else { return };
    for (capture, keys) in FILES {
        let (heard, ..) = decrypted(&corpora.join("decrypt"), capture, keys);
        let (mut requests, responses) = told(&heard.messages);
        requests.sort_by_key(|(frames, _)| *frames.start());
        let truth = corpora.join("groundtruth/decrypted").join(format!("{capture}.json"));
        let (expected_requests, expected_responses) = expected(&truth);
        assert!(heard.anomalies.is_empty(), "{capture}: {:?}", heard.anomalies);
        if capture.starts_with("tls13-20") {
            // tshark has given up drafts of TLS 1.3.
            assert_eq!((requests.len(), expected_requests.len()), (2, 0));
            continue;
        }
        assert_eq!(requests.len(), expected_requests.len(), "{capture}");
        for ((frames, request), (frame, expected)) in requests.iter().zip(&expected_requests) {
            // tshark tells the frame that ends it.
            assert!(request == expected && frames.contains(frame), "{capture}: {request} in {frames:?}");
        }
        // Of out-of-order segments tshark makes fewer responses.
        let found = |code: &String| responses.iter().filter(|(_, one)| one == code).count();
        for (_, code) in &expected_responses {
            let expected = expected_responses.iter().filter(|(_, one)| one == code).count();
            assert!(found(code) >= expected, "{capture}: {code}");
        }
    }
}

#[test]
fn every_decrypted_byte_is_proved() {
    let Some(corpora) = corpora() else { return };
    for (capture, keys) in FILES {
        let (heard, file, text) = decrypted(&corpora.join("decrypt"), capture, keys);
        let proved = prove(&heard.messages, &[&file, &text]);
        println!("{capture}: {proved} bytes proved");
        assert!(proved > 0, "{capture}");
    }
}
