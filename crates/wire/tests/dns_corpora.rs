//! DNS messages of real captures against simple-dns, which is strict: what it reads, we read the same.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_captures;

use std::{collections::BTreeMap, fs, net::IpAddr};

use session_captures::messages;
use simple_dns::{Packet, rdata::RData};
use testkit::corpora::{corpora, files_below};
use wire::{DnsData, Head};

#[test]
fn names_and_addresses_are_those_that_another_reader_finds() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for folder in ["http", "hostile", "decrypt"] {
        for path in files_below(&corpora.join(folder)) {
            for message in messages(&fs::read(&path).unwrap()) {
                *tally.entry(message.protocol).or_default() += 1;
                let Head::Dns(head) = &message.head else { continue };
                let prefix = if message.step == evidence::Step::Datagram { 0 } else { 2 };
                let Ok(packet) = Packet::parse(&message.recorded.bytes[prefix..]) else { continue };
                let questions: Vec<_> =
                    packet.questions.iter().map(|question| question.qname.to_string()).collect();
                if questions.iter().any(|name| name.contains(char::REPLACEMENT_CHARACTER)) {
                    // Bytes that are no text: we keep them as numbers, the other reader does not.
                    continue;
                }
                let ours: Vec<_> = head.questions.iter().map(|(name, _)| name.replace("\\.", ".")).collect();
                assert_eq!(ours, questions, "{}", path.display());
                let answers: Vec<_> =
                    packet.answers.iter().filter_map(|record| pointed(&record.rdata)).collect();
                let ours: Vec<_> = head.answers.iter().filter_map(|(_, data)| known(data)).collect();
                assert_eq!(ours[..answers.len()], answers[..], "{}", path.display());
                compared += 1;
            }
        }
    }
    println!("{compared} messages compared; {tally:?}");
    assert!(compared > 100);
}

fn pointed(data: &RData<'_>) -> Option<String> {
    match data {
        RData::A(a) => Some(IpAddr::from(a.address.to_be_bytes()).to_string()),
        RData::AAAA(aaaa) => Some(IpAddr::from(aaaa.address.to_be_bytes()).to_string()),
        RData::CNAME(name) => Some(name.0.to_string()),
        _ => None,
    }
}

fn known(data: &DnsData) -> Option<String> {
    match data {
        DnsData::Address(address) => Some(address.to_string()),
        DnsData::Alias(name) => Some(name.clone()),
        DnsData::Other(_) => None,
    }
}
