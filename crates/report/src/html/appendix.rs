//! Devices, oddities, data sets and the glossary.

use evidence::{Anomaly, Device};
use maud::{Markup, html};

use super::Page;
use super::show::{Prose, Shown, codes};
use crate::words;

impl Page<'_> {
    pub(super) fn devices(&self) -> Markup {
        let devices = &self.overview.case.devices;
        html! {
            section #devices aria-labelledby="devices-title" {
                h2 #devices-title { "Devices" }
                @if devices.is_empty() { p { "No device on the capture's side was recognised." } }
                @else {
                    div.scroll role="region" aria-label="Devices" tabindex="0" {
                        table.stack {
                            caption { "Devices on the capture's side" }
                            thead { tr { th scope="col" { "Address" } th scope="col" { "Is it the phone" } th scope="col" { "Hardware address" } th scope="col" { "What it calls itself" } } }
                            tbody { @for device in devices.iter().take(MOST) { (row(device)) } }
                        }
                    }
                    (more(devices.len(), "device"))
                }
            }
        }
    }

    pub(super) fn oddities(&self) -> Markup {
        let kinds: Vec<_> = self.overview.case.anomalies.iter().collect();
        html! {
            section #oddities aria-labelledby="oddities-title" {
                h2 #oddities-title { "Oddities in the bytes" }
                @if kinds.is_empty() { p { "None." } }
                @else {
                    p.intro { "The analysis went on after each of them. They say how good the recording is, and how well the peers keep to the standards." }
                    div.scroll role="region" aria-label="Oddities" tabindex="0" {
                        table.stack {
                            caption { "Anomalies by layer, with the first examples" }
                            thead { tr { th scope="col" { "Layer" } th scope="col" { "What" } th.number scope="col" { "Times" } th scope="col" { "For example" } } }
                            tbody { @for (count, examples) in kinds.iter().take(MOST) { (self.oddity(*count, examples)) } }
                        }
                    }
                    (more(kinds.len(), "kind"))
                }
            }
        }
    }

    fn oddity(&self, count: u64, examples: &[Anomaly]) -> Markup {
        html! {
            @if let Some(first) = examples.first() {
                tr {
                    th scope="row" { (words::layer(first.layer)) }
                    td data-label="What" { (Shown(&first.what)) }
                    td.number data-label="Times" { (words::number(count)) }
                    td data-label="For example" { ul.plain { @for example in examples.iter().take(3) { li { (self.example(example)) } } } }
                }
            }
        }
    }

    fn example(&self, example: &Anomaly) -> Markup {
        html! {
            (Shown(&words::capture(self.overview.case, example.capture)))
            @if let Some(frame) = example.frame { ", frame " (frame) }
            @if let Some(offset) = example.offset { ", offset " (words::number(offset)) }
            @if !example.detail.is_empty() { ": " (Shown(&example.detail)) }
        }
    }

    pub(super) fn data_sets(&self) -> Markup {
        html! {
            section #data aria-labelledby="data-title" {
                h2 #data-title { "Data sets" }
                @if self.overview.case.data.is_empty() { p { "No data set was used." } }
                @else {
                    table.stack {
                        caption { "What names of networks, owners and countries rest on" }
                        thead { tr { th scope="col" { "Data set" } th scope="col" { "Version" } th scope="col" { "Licence and attribution" } } }
                        tbody {
                            @for set in self.overview.case.data.iter() {
                                tr { th scope="row" { (Shown(&set.name)) } td data-label="Version" { (Shown(&set.version)) } td data-label="Licence and attribution" { (Prose(&set.licence)) } }
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn glossary(&self) -> Markup {
        html! {
            section #words aria-labelledby="words-title" {
                h2 #words-title { "Words" }
                dl.glossary { @for (word, meaning) in GLOSSARY { div { dt { (word) } dd { (meaning) } } } }
            }
        }
    }
}

fn row(device: &Device) -> Markup {
    html! {
        tr {
            th scope="row" { code { (Shown(&device.address)) } }
            td data-label="Is it the phone" { @match device.is_phone { Some(true) => "yes", Some(false) => "no", None => { span.muted { "not known" } } } }
            td data-label="Hardware address" { @match &device.mac { Some(mac) => { code { (Shown(mac)) } } None => { span.muted { "not in the capture" } } } }
            td data-label="What it calls itself" { @if device.names.is_empty() { span.muted { "nothing" } } (codes(device.names.iter().take(12).map(String::as_str))) }
        }
    }
}

fn more(all: usize, word: &str) -> Markup {
    html! {
        @if all > MOST { p.muted { "and " (words::counted((all - MOST) as u64, word)) " more in the case file" } }
    }
}

const MOST: usize = 200;

const GLOSSARY: &[(&str, &str)] = &[
    (
        "AS",
        "Autonomous system: a network that announces addresses to the internet under one number. Its holder runs the address, not always the service.",
    ),
    ("Base64, hex, percent", "Ways to write bytes as letters. They hide nothing: anyone can undo them."),
    ("Capture, frame", "A recording of network traffic, and one recorded packet in it."),
    (
        "Clear text",
        "Sent without encryption. Whoever runs the Wi-Fi, the line or a network on the way can read it.",
    ),
    (
        "CNAME",
        "An alias: the name that was asked for leads to other names, often of the company that really runs the server.",
    ),
    (
        "Coverage",
        "What became of every byte of the recording. A search that finds nothing says little where little could be read.",
    ),
    (
        "Finding, sighting",
        "A sighting is an identifier seen at one place. A finding is what follows from one or many of them.",
    ),
    (
        "Form",
        "How a value was written, step by step: “digits” as they are, “colon-upper” with colons and in capitals, “md5/hex” its MD5 hash in hex digits.",
    ),
    ("Hash, digest", "A fingerprint of a value. Whoever knows or guesses the value can recognise it."),
    ("ICCID", "The serial number of a SIM card."),
    ("IMEI", "The number of the telephone itself. It stays the same for life, whoever uses it."),
    ("IMSI", "The number under which the operator knows the subscriber."),
    (
        "Known, derived, shaped",
        "How sure it is: a value of the profile; computed from one, such as its hash; or only something of that shape.",
    ),
    ("MAC address", "The hardware address of a Wi-Fi or Bluetooth adapter."),
    (
        "Profile",
        "The list of what is known of the phone, given by the investigator: its identifiers, and values planted to be recognised.",
    ),
    ("TLS, QUIC", "Encryption on the way. It keeps others from reading, not the receiver."),
];
