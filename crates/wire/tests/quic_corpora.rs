//! QUIC of real captures, decrypted: what tshark finds is found, and every byte leads back to the file.

#![expect(clippy::unwrap_used, reason = "a test may stop where it is wrong")]

mod replay;

use std::{collections::BTreeSet, fs, io::Read, path::Path};

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
    for (file, bodies) in
        [("quic-with-secrets.pcapng", 1), ("quic-fragmented-handshakes.pcapng.gz", 1), ("doq.pcapng", 0)]
    {
        let truth = fs::read(corpora.join(format!("groundtruth/decrypted/{file}.json"))).unwrap();
        let truth: Value = serde_json::from_slice(&truth).unwrap();
        let told = replay::told(&read(&corpora.join("decrypt").join(file)), b"");
        assert_eq!(heads(&told.messages), told_by_tshark(&truth), "{file}: {:#?}", told.passed.rows());
        let with_body = told.messages.iter().filter(|message| {
            matches!(message.head, Head::Http(_)) && !message.body.is_empty() && message.protocol == "HTTP/3"
        });
        println!("{} {bodies}", with_body.count());
        let dns = told.messages.iter().filter(|message| message.protocol == "DNS" && message.seal.is_some());
        let expected = truth["dns_decrypted"].as_array().unwrap().len();
        assert!(dns.count() >= expected, "{file}");
        let names: BTreeSet<_> = told
            .messages
            .iter()
            .filter_map(|message| match &message.head {
                Head::Tls(head) if message.protocol == "QUIC" && !head.server_name.is_empty() => {
                    Some(head.server_name.clone())
                }
                _ => None,
            })
            .collect();
        for name in truth["sni"].as_array().unwrap() {
            assert!(names.contains(name.as_str().unwrap()), "{file}: {name}");
        }
        println!("{file}: {:#?} {:#?}", told.passed.rows(), told.anomalies);
        for message in &told.messages {
            println!(
                "{} {:?} {} {:?} {:?} {}",
                message.protocol,
                message.sender,
                message.exchange,
                message.ending,
                message.head,
                message.seal.is_some()
            );
        }
    }
}
