//! QUIC of real captures, decrypted: what tshark finds is found, and every byte leads back to the file.

#![expect(clippy::unwrap_used, reason = "a test may stop where it is wrong")]

mod replay;

use std::{collections::BTreeSet, fs, io::Read, path::Path};

use evidence::Fate;
use serde_json::Value;
use testkit::corpora::corpora;
use wire::{Head, Message};

fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut inner = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inner).unwrap();
        return inner;
    }
    bytes
}

/// Method, host, path or status of the heads of HTTP/3.
fn heads(messages: &[Message]) -> Vec<String> {
    let heads = messages.iter().filter(|message| message.protocol == "HTTP/3").filter_map(|message| {
        match &message.head {
            Head::Http(head) if head.method.is_empty() => Some(head.status.to_string()),
            Head::Http(head) => Some(format!("{} {} {}", head.method, head.host, head.target)),
            _ => None,
        }
    });
    heads.collect()
}

fn told_by_tshark(truth: &Value) -> Vec<String> {
    let field = |row: &Value, name: &str| row[format!("http3.headers.{name}")].as_str().unwrap().to_owned();
    let requests =
        truth["http3"].as_array().unwrap().iter().map(|row| {
            format!("{} {} {}", field(row, "method"), field(row, "authority"), field(row, "path"))
        });
    let responses = truth["http3_resp"].as_array().unwrap().iter().map(|row| field(row, "status"));
    requests.chain(responses).collect()
}

#[test]
fn what_tshark_finds_is_found() {
    let Some(corpora) = corpora() else { return };
    // With the bytes of the response's body. Of DNS tshark tells the answer again each time that it is sent
    // again, and where ICMP quotes it: of fourteen packets two say something.
    for (file, body, dns) in [
        ("quic-with-secrets.pcapng", 10111, 0),
        ("quic-fragmented-handshakes.pcapng.gz", 146, 0),
        ("doq.pcapng", 0, 2),
    ] {
        let truth = fs::read(corpora.join(format!("groundtruth/decrypted/{file}.json"))).unwrap();
        let truth: Value = serde_json::from_slice(&truth).unwrap();
        let told = replay::told(&read(&corpora.join("decrypt").join(file)), b"");
        assert_eq!(heads(&told.messages), told_by_tshark(&truth), "{file}: {:#?}", told.passed.rows());
        let bodies = told
            .messages
            .iter()
            .filter(|message| matches!(message.head, Head::Http(_)) && message.protocol == "HTTP/3");
        assert_eq!(bodies.map(|message| message.body.len()).sum::<usize>(), body, "{file}");
        let names =
            told.messages.iter().filter(|message| message.protocol == "DNS" && message.seal.is_some());
        assert_eq!(names.count(), dns, "{file}");
        let names: BTreeSet<_> = told.messages.iter().filter_map(name).collect();
        for name in truth["sni"].as_array().unwrap() {
            assert!(names.contains(name.as_str().unwrap()), "{file}: {name}");
        }
        assert!(told.anomalies.is_empty(), "{file}: {:?}", told.anomalies);
        assert!(
            !told.passed.rows().iter().any(|row| row.fate == Fate::Encrypted && row.reason.contains("QUIC")),
            "{file}"
        );
    }
}

/// The server's name in a client's hello, where its place says the same.
fn name(message: &Message) -> Option<&str> {
    let Head::Tls(head) = &message.head else { return None };
    let part = message.parts.first().filter(|_| message.protocol == "QUIC")?;
    assert_eq!(message.recorded.bytes.get(part.value.clone()), Some(head.server_name.as_bytes()));
    Some(&head.server_name)
}
