//! The same case in other clothes: transformations of a scenario that a detection must survive.

use std::collections::BTreeMap;

use crate::{Expected, Scenario, Sender};

/// A transformation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// One layer of gzip more, below the first base64; where there is none, around the body.
    ExtraGzip,
    /// One packet of forty is lost, one of sixty comes twice.
    Loss,
    /// The capture was made behind address translation.
    Nat,
    /// base64 for URLs without padding in place of base64, and the other way round.
    OtherBase64,
    /// Other host names: detection must not live on lists of names.
    OtherHosts,
    /// Other ports.
    OtherPorts,
    /// Fields of JSON, forms and queries have other names.
    RenamedFields,
    /// One packet of eight comes late.
    Reordering,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ExtraGzip,
        Self::Loss,
        Self::Nat,
        Self::OtherBase64,
        Self::OtherHosts,
        Self::OtherPorts,
        Self::RenamedFields,
        Self::Reordering,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExtraGzip => "extra-gzip",
            Self::Loss => "loss",
            Self::Nat => "nat",
            Self::OtherBase64 => "other-base64",
            Self::OtherHosts => "other-hosts",
            Self::OtherPorts => "other-ports",
            Self::RenamedFields => "renamed-fields",
            Self::Reordering => "reordering",
        }
    }

    /// The scenario in these clothes. What is about the noise changes with it.
    #[must_use]
    pub fn apply(self, mut scenario: Scenario) -> Scenario {
        match self {
            Self::ExtraGzip => scenario.senders.iter_mut().for_each(pack_more),
            Self::Loss => {
                scenario.network.lose_once_in = 40;
                scenario.network.repeat_once_in = 60;
            }
            Self::Nat => scenario.network.nat = true,
            Self::OtherBase64 => {
                scenario.senders.iter_mut().for_each(|sender| each_filter(sender, &other_alphabet));
            }
            Self::OtherHosts => other_hosts(&mut scenario),
            Self::OtherPorts => other_ports(&mut scenario),
            Self::RenamedFields => scenario.senders.iter_mut().for_each(rename),
            Self::Reordering => scenario.network.reorder_once_in = 8,
        }
        scenario
    }

    /// The variant of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// What is expected of a scenario in these clothes: `changed` is what [`apply`](Self::apply) made of `plain`.
    #[must_use]
    pub fn adapt(self, mut expected: Expected, plain: &Scenario, changed: &Scenario) -> Expected {
        let servers = plain.servers.iter().zip(&changed.servers);
        let hosts: Vec<_> =
            servers.filter(|(old, new)| !old.host.is_empty() && old.host != new.host).collect();
        if self == Self::OtherHosts {
            // The other names are set aside for examples: that nobody owns one is nothing to tell.
            expected.found.retain(|row| row.behaviour != "unresolved_name");
        }
        for row in expected.found.iter_mut().chain(&mut expected.absent) {
            for (old, new) in &hosts {
                let texts = row.fields.iter_mut().map(|(_, wanted)| wanted);
                for text in texts.chain([&mut row.host, &mut row.says]) {
                    *text = text.replace(&old.host, &new.host);
                }
            }
            if self == Self::OtherBase64 {
                // The alphabet for URLs has nothing that a form would have to write otherwise.
                row.steps.retain(|step| step != "form-value");
            }
            if matches!(self, Self::ExtraGzip | Self::OtherBase64) {
                // Padded it is longer, and behind compression of another length.
                row.fields.retain(|(name, _)| name != "length");
            }
            if self == Self::RenamedFields {
                row.fields.retain(|(name, _)| !NAMES_OF_FIELDS.contains(&name.as_str()));
            }
        }
        expected
    }
}

/// What of a finding tells the names of fields.
const NAMES_OF_FIELDS: [&str; 5] = ["counter", "field", "names", "results", "same_as"];

/// All templates of a sender that make what it says.
fn each_template(sender: &mut Sender, change: &dyn Fn(&str) -> String) {
    let batch = sender.batch.iter_mut().map(|batch| &mut batch.item);
    let parts = sender.parts.iter_mut().map(|part| &mut part.value);
    let request = sender.request.iter_mut().flat_map(|request| [&mut request.path, &mut request.body]);
    batch.chain(parts).chain(request).for_each(|template| *template = change(template));
}

fn each_filter(sender: &mut Sender, change: &dyn Fn(&str) -> String) {
    let parts = sender.parts.iter_mut().map(|part| &mut part.encode);
    let request = sender.request.iter_mut().map(|request| &mut request.encode);
    parts.chain(request).flatten().for_each(|filter| *filter = change(filter));
    each_template(sender, &|template| {
        in_placeholders(template, &|inner| {
            let mut words = inner.split('|');
            let name = words.next().unwrap_or_default().to_owned();
            words.fold(name, |out, filter| format!("{out}|{}", change(filter)))
        })
    });
}

fn other_alphabet(filter: &str) -> String {
    match filter {
        "base64" | "base64-nopad" => "base64url-nopad".to_owned(),
        "base64url" | "base64url-nopad" => "base64".to_owned(),
        other => other.to_owned(),
    }
}

fn pack_more(sender: &mut Sender) {
    let lists = sender.parts.iter_mut().map(|part| &mut part.encode);
    let lists = lists.chain(sender.request.iter_mut().map(|request| &mut request.encode));
    for list in lists {
        if let Some(place) = list.iter().position(|filter| filter.starts_with("base64")) {
            list.insert(place, "gzip".to_owned());
            return;
        }
    }
    if let Some(request) = sender.request.as_mut().filter(|request| !request.body.is_empty()) {
        request.encode.push("gzip".to_owned());
    }
}

fn other_hosts(scenario: &mut Scenario) {
    let mut names = BTreeMap::new();
    for server in scenario.servers.iter_mut().filter(|server| !server.host.is_empty()) {
        let next = names.len();
        let name =
            names.entry(server.host.clone()).or_insert_with(|| format!("n{next:03}.quellnetz.example"));
        server.host.clone_from(name);
        server.cname.clear();
    }
    let renamed = |text: &str| names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
    each_mention(scenario, &renamed);
}

fn other_ports(scenario: &mut Scenario) {
    let mut moved = Vec::new();
    let servers = scenario.servers.iter_mut().filter(|server| !FIXED.contains(&server.port));
    for server in servers {
        server.port = server.port.wrapping_add(8_021).max(1024);
        moved.push((format!("//{}/", server.host), format!("//{}:{}/", server.host, server.port)));
    }
    let readdressed =
        |text: &str| moved.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
    each_mention(scenario, &readdressed);
}

/// Everything that may hold an address: templates, replies and the apps' code.
fn each_mention(scenario: &mut Scenario, change: &dyn Fn(&str) -> String) {
    for sender in &mut scenario.senders {
        each_template(sender, change);
        for reply in &mut sender.replies {
            reply.body = change(&reply.body);
            reply.headers.iter_mut().for_each(|(_, value)| *value = change(value));
        }
    }
    scenario.packages.iter_mut().flat_map(|package| &mut package.code).for_each(|word| *word = change(word));
}

/// Gives every field another name of the same length or longer.
fn rename(sender: &mut Sender) {
    each_template(sender, &|template| {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find(['"', '&', '?']) {
            let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(before);
            let mark = behind.get(..1).unwrap_or_default();
            let name: String = behind
                .chars()
                .skip(1)
                .take_while(|c| c.is_ascii_alphanumeric() || "_$.-".contains(*c))
                .collect();
            let behind_name = behind.get(name.len().saturating_add(1)..).unwrap_or_default();
            let is_field =
                if mark == "\"" { behind_name.starts_with("\":") } else { behind_name.starts_with('=') };
            out.push_str(mark);
            out.push_str(&if is_field && !name.is_empty() { other_name(&name) } else { name });
            rest = behind_name;
        }
        out.push_str(rest);
        out
    });
}

/// Letters that say nothing, always the same for a name.
fn other_name(name: &str) -> String {
    let hash = name.bytes().fold(17u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("q{hash:x}")
}

fn in_placeholders(template: &str, change: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("${") {
        let (inner, behind) = behind.split_once('}').unwrap_or((behind, ""));
        out.push_str(before);
        out.push_str(&format!("${{{}}}", change(inner)));
        rest = behind;
    }
    out + rest
}

/// Ports of services that are recognised by them: names, time.
const FIXED: [u16; 3] = [53, 123, 4729];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_alphabets_change_and_values_do_not() {
        let text = r#"
title = "t"
start = "2019-01-14T08:00:00+02:00"
length = "1h"
phone = { name = "p", manufacturer = "m", model = "m", android = "9", build = "b", wifi_mac = "d0:37:45:ab:01:9f", address = "192.168.1.5" }
servers = [ { name = "s", host = "a.example", address = "198.51.100.7", port = 80 } ]
[[senders]]
name = "x"
request = { server = "s", path = "/q?id=${imei1}&b=${imei1|base64}", body = '{"IMEI":"${imei1}"}', encode = ["base64"] }
"#;
        let scenario = Scenario::read(text, &|_| None).unwrap();
        let renamed = Variant::RenamedFields.apply(scenario.clone());
        let request = renamed.senders[0].request.as_ref().unwrap();
        assert!(
            request.body.ends_with("\":\"${imei1}\"}") && !request.body.contains("IMEI\""),
            "{}",
            request.body
        );
        assert!(
            request.path.ends_with("=${imei1|base64}") && !request.path.contains("?id="),
            "{}",
            request.path
        );
        let other = Variant::OtherBase64.apply(scenario.clone());
        let request = other.senders[0].request.as_ref().unwrap();
        assert!(request.path.ends_with("|base64url-nopad}"), "{}", request.path);
        assert_eq!(request.encode, ["base64url-nopad"]);
        let packed = Variant::ExtraGzip.apply(scenario);
        assert_eq!(packed.senders[0].request.as_ref().unwrap().encode, ["gzip", "base64"]);
    }
}
