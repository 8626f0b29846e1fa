//! Requests of real captures against what tshark 4.0.17 lists: method, host, target, and the frame in which
//! the request was complete, body included, which is the frame of its last byte.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_captures;

use std::{collections::BTreeMap, fs};

use evidence::Source;
use session_captures::messages;
use testkit::corpora::{corpora, files_below};
use wire::{Ending, Head, Message};

/// File, frame, method, host and target of a request.
type Request = (String, u64, String, String, String);

/// The frame of a message's last byte: the one in which it was complete.
fn frame(message: &Message) -> u64 {
    match message.recorded.segments.last().unwrap().source {
        Source::Frame { frame, .. } => frame.0,
        Source::Buffer(_) => 0,
    }
}

#[test]
fn every_request_that_another_dissector_lists_is_found() {
    let Some(corpora) = corpora() else { return };
    let listed = fs::read_to_string(corpora.join("groundtruth/http_requests.jsonl")).unwrap();
    let mut expected: BTreeMap<Request, i32> = BTreeMap::new();
    for line in listed.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let number = text("frame.number").parse().unwrap();
        let request =
            (text("f"), number, text("http.request.method"), text("http.host"), text("http.request.uri"));
        *expected.entry(request).or_default() += 1;
    }
    for path in files_below(&corpora.join("http")) {
        let name = format!("http/{}", path.file_name().unwrap().to_str().unwrap());
        for message in messages(&fs::read(&path).unwrap()) {
            if let Head::Http(head) = &message.head
                && !head.method.is_empty()
            {
                let request = (
                    name.clone(),
                    frame(&message),
                    head.method.clone(),
                    head.host.clone(),
                    head.target.clone(),
                );
                *expected.entry(request).or_default() -= 1;
            }
        }
    }
    expected.retain(|_, count| *count != 0);
    for ((file, frame, method, host, target), count) in &expected {
        let known = DIFFERENCES.iter().any(|(in_file, of_method, of_count, _)| {
            (file.as_str(), method.as_str(), *count) == (*in_file, *of_method, *of_count)
        });
        assert!(known, "{count} {file} {frame} {method} {host} {target}");
    }
    assert_eq!(expected.len(), 33, "differences");
}

/// Where we differ: file, method, how many more the list has of each such request, and why.
const DIFFERENCES: [(&str, &str, i32, &str); 2] = [
    ("http/1kxun.pcap", "NOTIFY", -1, "tshark calls them http.notification, and lists http.request only"),
    (
        "http/PartialHttpRequest.pcap",
        "GET",
        -1,
        "the capture ends within its head: tshark waits for the rest",
    ),
];

/// Requests that are not in the list because tshark lists whole ones only have their headers nevertheless.
#[test]
fn a_request_that_the_capture_cuts_off_is_told_with_its_headers() {
    let Some(corpora) = corpora() else { return };
    let told = messages(&fs::read(corpora.join("http/PartialHttpRequest.pcap")).unwrap());
    let message = told
        .iter()
        .find(|message| matches!(&message.head, Head::Http(head) if head.method == "GET"))
        .unwrap();
    let bytes = &message.recorded.bytes;
    let named = |part: &&wire::Part| bytes[part.name.clone()].eq_ignore_ascii_case(b"referer");
    let referer = message.parts.iter().find(named).unwrap();
    assert!(bytes[referer.value.clone()].starts_with(b"http"));
    assert_eq!(message.ending, Ending::Cut);
}

/// Nothing panics, hangs or gets lost on captures made to break parsers.
#[test]
fn hostile_captures_lose_no_byte() {
    let Some(corpora) = corpora() else { return };
    let mut count = 0;
    for folder in ["hostile", "http", "decrypt", "pcapng-format"] {
        for path in files_below(&corpora.join(folder)) {
            messages(&fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 300);
}
