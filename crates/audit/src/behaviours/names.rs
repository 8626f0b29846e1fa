//! Identifiers that software gave: how long they last, what they are joined to, and who shares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use evidence::{Behaviour, EndpointId, Evidence, Finding, Grade, IdentifierKind, Severity, Timestamp};

use super::{Line, Scene, Told, mark_words, times, value};
use crate::diary::FieldNotes;

/// One value at one receiver.
struct Held<'a> {
    fields: BTreeSet<&'a str>,
    messages: u64,
    when: (Timestamp, Timestamp),
    proofs: Vec<&'a FieldNotes>,
    joined: BTreeSet<IdentifierKind>,
    line: Line<'a>,
    endpoints: BTreeSet<EndpointId>,
}

/// Judges all values that stayed the same.
pub(super) fn judge(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut held: BTreeMap<(&str, &[u8]), Held<'_>> = BTreeMap::new();
    for (key, entry) in &scene.merged.book.entries {
        let receiver = receiver(scene, entry);
        let kinds = Line::of(scene, key, entry).kinds();
        for field in entry.series.fields.values() {
            let Some(value) = field.only().filter(|value| field.leaf && is_id(field, value)) else {
                continue;
            };
            let when = (entry.series.first.unwrap_or_default(), entry.series.last);
            let known = held.entry((receiver, value)).or_insert_with(|| Held {
                fields: BTreeSet::new(),
                messages: 0,
                when,
                proofs: Vec::new(),
                joined: BTreeSet::new(),
                line: Line::of(scene, key, entry),
                endpoints: BTreeSet::new(),
            });
            known.endpoints.extend(Line::of(scene, key, entry).endpoints());
            known.fields.insert(&field.path);
            known.messages += field.messages;
            known.when = (known.when.0.min(when.0), known.when.1.max(when.1));
            known.proofs.push(field);
            known.joined.extend(kinds.iter().copied());
        }
    }
    let kinds = kinds(scene);
    shared(scene, &held, &kinds, findings);
    for ((receiver, value), held) in held {
        let told = kinds.contains_key(&(receiver, lower(value)));
        findings.extend(lasting(scene, receiver, value, (held, told)));
    }
}

/// What values are known for at their receivers, in lower case: findings of their own tell that these were sent.
type Kinds<'a> = BTreeMap<(&'a str, String), IdentifierKind>;

fn kinds<'a>(scene: &Scene<'a>) -> Kinds<'a> {
    let mut kinds = Kinds::new();
    for group in &scene.merged.sightings {
        let destination = scene.merged.destinations.get(group.key.endpoint.0 as usize);
        if let Some(receiver) = destination.map(evidence::Destination::receiver) {
            kinds.entry((receiver, group.key.value.to_lowercase())).or_insert(group.key.kind);
        }
    }
    kinds
}

fn lower(value: &[u8]) -> String {
    String::from_utf8_lossy(value).to_lowercase()
}

/// Who people take the receiver for.
fn receiver<'a>(scene: &Scene<'a>, entry: &crate::diary::BookEntry) -> &'a str {
    let number = entry.endpoints.first().map_or(usize::MAX, |id| id.0 as usize);
    scene.merged.destinations.get(number).map(evidence::Destination::receiver).unwrap_or_default()
}

/// `told`: a finding says already that the receiver got the value. That it stood in two fields adds nothing to it.
fn lasting(
    scene: &Scene<'_>,
    receiver: &str,
    value: &[u8],
    (held, told): (Held<'_>, bool),
) -> Option<Finding> {
    let outlived = outlived(scene, held.when);
    let span = held.when.1.since(held.when.0) / 1_000_000_000;
    let text = String::from_utf8_lossy(value);
    let known = held
        .line
        .carried
        .iter()
        .any(|(_, group)| group.key.grade == Grade::Known && text.contains(&group.key.value));
    let in_several = held.fields.len() > 1 && !told;
    let lasts = !outlived.is_empty() || span >= 86_400 || in_several || !held.joined.is_empty();
    if known || held.messages < FEWEST || !lasts {
        return None;
    }
    let mut fields = held.fields.iter().copied();
    let field = fields.next()?.to_owned();
    let same_as: Vec<String> = fields.map(str::to_owned).take(8).collect();
    let mut words = format!(
        "The field {field} had the same value in all of {} messages, over {}.",
        held.messages,
        super::rhythm::span(span)
    );
    if !outlived.is_empty() {
        let told: Vec<String> = outlived
            .iter()
            .map(|(kind, count)| format!("{} ({})", mark_words(kind), times(*count)))
            .collect();
        words.push_str(&format!(" It outlived: {}.", told.join(", ")));
    }
    if !same_as.is_empty() {
        words.push_str(&format!(" The same value stands in {}.", same_as.join(", ")));
    }
    if !held.joined.is_empty() {
        let kinds: Vec<&str> = held.joined.iter().take(6).map(|kind| kind.words()).collect();
        words.push_str(&format!(" It travelled together with: {}.", kinds.join(", ")));
        if held.joined.iter().any(|kind| kind.persistent()) {
            words.push_str(" So whoever has both can tell for good whose it is.");
        }
    }
    words.push_str(" A recording of another phone shows whether it is this phone’s own.");
    let weighty =
        !held.joined.is_empty() || outlived.iter().any(|(kind, _)| LASTING.contains(&kind.as_str()));
    let proofs = held.proofs.iter().filter_map(|field| {
        field.proof.as_ref().map(|(_, proof)| value_of(&field.path, &proof.occurrence()))
    });
    let mut evidence: Vec<Evidence> = proofs.take(4).collect();
    evidence.extend(held.line.naming(scene));
    Some(
        Told {
            subject: format!("lasting {text}\n{receiver}"),
            severity: if weighty { Severity::Medium } else { Severity::Low },
            title: format!("{receiver} knows the phone by a name that stays: {field}"),
            words,
            endpoints: held.endpoints.into_iter().collect(),
            count: held.messages,
            when: held.when,
            evidence,
            sightings: Vec::new(),
            behaviour: Behaviour::LastingId {
                field,
                value: text.chars().take(256).collect(),
                messages: held.messages,
                span_s: span.unsigned_abs(),
                outlived,
                same_as,
                joined: held.joined.into_iter().collect(),
            },
        }
        .finding(),
    )
}

fn value_of(path: &str, proof: &evidence::Occurrence) -> Evidence {
    value(&format!("the field {path}"), proof)
}

/// What happened between the first and the last time that should have ended a name.
fn outlived(scene: &Scene<'_>, (first, last): (Timestamp, Timestamp)) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let between = scene.events.iter().filter(|mark| mark.time > first && mark.time < last);
    for mark in between.filter(|mark| LASTING.contains(&mark.kind.as_str()) || mark.kind == "boot-completed")
    {
        *counts.entry(&mark.kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect()
}

/// Values that receivers of different owners have.
fn shared(
    scene: &Scene<'_>,
    held: &BTreeMap<(&str, &[u8]), Held<'_>>,
    kinds: &Kinds<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut by_value: BTreeMap<&[u8], Vec<(&str, &Held<'_>)>> = BTreeMap::new();
    for ((receiver, value), held) in held {
        by_value.entry(value).or_default().push((receiver, held));
    }
    for (value, holders) in by_value {
        let owners: BTreeSet<Holder> =
            holders.iter().filter_map(|(receiver, held)| holder(scene, receiver, held)).collect();
        if owners.len() < 2 {
            continue;
        }
        let text = String::from_utf8_lossy(value);
        let receivers: Vec<String> = holders.iter().map(|(receiver, _)| (*receiver).to_owned()).collect();
        let proofs = holders.iter().filter_map(|(_, held)| held.proofs.first().copied());
        let evidence = proofs
            .filter_map(|field| Some(value_of(&field.path, &field.proof.as_ref()?.1.occurrence())))
            .take(6);
        let mut endpoints: Vec<_> =
            holders.iter().flat_map(|(_, held)| held.endpoints.iter().copied()).collect();
        endpoints.sort();
        endpoints.dedup();
        let when = holders.iter().map(|(_, held)| held.when);
        let told = Told {
            subject: format!("shared {text}\n{}", receivers.join(" ")),
            severity: Severity::Medium,
            title: shared_title(&receivers, value, kinds),
            words: format!(
                "“{}” stands in what goes to {}. With it they can put together what each of them knows.",
                text.chars().take(SHOWN).collect::<String>(),
                receivers.join(", ")
            ),
            count: holders.iter().map(|(_, held)| held.messages).sum(),
            when: (
                when.clone().map(|(first, _)| first).min().unwrap_or_default(),
                when.map(|(_, last)| last).max().unwrap_or_default(),
            ),
            evidence: evidence.collect(),
            sightings: Vec::new(),
            endpoints,
            behaviour: Behaviour::SharedId { value: text.chars().take(256).collect(), receivers },
        };
        findings.push(told.finding());
    }
}

/// Who has a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    /// A domain whose owner is not known.
    Domain(String),
    /// An owner, by its group.
    Owner(String),
}

/// Who is behind a receiver. A bare address may be anybody's, also that of another holder: it is nobody.
fn holder(scene: &Scene<'_>, receiver: &str, held: &Held<'_>) -> Option<Holder> {
    let group = scene.group_behind(&held.line).map(str::to_owned);
    holder_of(group, receiver)
}

fn holder_of(group: Option<String>, receiver: &str) -> Option<Holder> {
    let named = !receiver.is_empty() && receiver.parse::<IpAddr>().is_err();
    group.map(Holder::Owner).or_else(|| named.then(|| Holder::Domain(receiver.to_owned())))
}

/// `a.example, b.example and c.example know the phone by the same Android ID`.
fn shared_title(receivers: &[String], value: &[u8], kinds: &Kinds<'_>) -> String {
    let kind = receivers.iter().find_map(|receiver| kinds.get(&(receiver.as_str(), lower(value))));
    let receivers: Vec<&str> = receivers.iter().map(String::as_str).collect();
    let who = super::receivers_words(&receivers);
    format!("{who} know the phone by the same {}", kind.map_or("name", |kind| kind.words()))
}

/// Whether a value names a phone, an installation or a person: a UUID, long hex or a long mixed text under a name
/// that says so. What names an app or a version is the same in all phones.
fn is_id(field: &FieldNotes, value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let name = field.path.rsplit('.').find(|part| *part != "[]").unwrap_or_default();
    let words = words(name);
    let says = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if says(&NO_ID) || !text.is_ascii() {
        return false;
    }
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let different = text.bytes().collect::<BTreeSet<_>>().len();
    let named = says(&ID);
    let long = (16..=128).contains(&text.len()) && different >= 8;
    let mixed =
        digits >= 4 && (letters >= 2 || digits >= 10) && text.bytes().all(|byte| byte.is_ascii_graphic());
    long && hex && digits > 0 && (named || text.len() == 36 && text.contains('-'))
        || named
            && (10..=128).contains(&text.len())
            && different >= 5
            && mixed
            && !text.contains(['/', '.', ' '])
}

/// The words of a field's name, in lower case: `Client-AndroidId`, `device_id` and `distinctId` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars().take(NAME) {
        let begins = !c.is_alphanumeric() || c.is_uppercase() && small;
        small = c.is_lowercase();
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// How much of a value is told.
const SHOWN: usize = 64;
/// Marks after which a name that was given at random should be another.
const LASTING: [&str; 4] = ["account-removed", "data-cleared", "factory-reset", "private-mode-on"];
/// Words in names of identifiers.
const ID: [&str; 29] = [
    "adid",
    "aid",
    "android",
    "androidid",
    "client",
    "clientid",
    "cookie",
    "cuid",
    "device",
    "deviceid",
    "did",
    "distinct",
    "guid",
    "id",
    "idfa",
    "imei",
    "imsi",
    "install",
    "mac",
    "mid",
    "oaid",
    "openudid",
    "token",
    "udid",
    "uid",
    "user",
    "userid",
    "utdid",
    "uuid",
];
/// Words in names of what is no identifier of a phone.
const NO_ID: [&str; 28] = [
    "api",
    "app",
    "appid",
    "appkey",
    "auction",
    "build",
    "channel",
    "crc",
    "hash",
    "item",
    "key",
    "md5",
    "model",
    "nonce",
    "package",
    "pkg",
    "request",
    "sdk",
    "session",
    "sign",
    "signature",
    "time",
    "trace",
    "vendor",
    "version",
    "video",
    "vid",
    "product",
];
/// The longest name that is taken apart, in characters.
const NAME: usize = 64;
/// Messages from which on a value is said to last.
const FEWEST: u64 = 3;

#[cfg(test)]
mod tests {
    use evidence::IdentifierKind;

    use super::{Holder, Kinds, holder_of, shared_title, words};

    #[test]
    fn an_address_is_no_owner() {
        let group = |name: &str| Some(name.to_owned());
        let rows = [
            (None, "192.0.2.7", None),
            (None, "2001:db8::1", None),
            (None, "", None),
            (None, "a.example", Some(Holder::Domain("a.example".to_owned()))),
            (group("A"), "192.0.2.7", Some(Holder::Owner("A".to_owned()))),
        ];
        for (group, receiver, expected) in rows {
            assert_eq!(holder_of(group, receiver), expected, "{receiver}");
        }
    }

    #[test]
    fn a_title_names_who_shares_what() {
        let receivers = ["a.example", "b.example"].map(str::to_owned);
        let kinds = Kinds::from([(("b.example", "ab01".to_owned()), IdentifierKind::AndroidId)]);
        let rows = [
            ("AB01", "a.example and b.example know the phone by the same Android ID"),
            ("cd02", "a.example and b.example know the phone by the same name"),
        ];
        for (value, expected) in rows {
            assert_eq!(shared_title(&receivers, value.as_bytes(), &kinds), expected);
        }
    }

    #[test]
    fn names_have_words() {
        for (name, found) in [
            ("Client-AndroidId", "client android id"),
            ("device_id", "device id"),
            ("$distinctId", "distinct id"),
            ("IMEI1", "imei1"),
            ("vid", "vid"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), found, "{name}");
        }
    }
}
