//! How much is found of what somebody hid without protecting it: every kind of identifier, every way of hiding, every
//! place of a message, through the whole audit.
//!
//! Each cell is a message to a server of its own. A way meets each identifier and each place at least once, not each
//! pair of them: what undoes a way knows neither. What is found must be the planted value by its kind, and some of
//! it is proved by running its trail again. What is not found is in [`exception`] with the reason.

pub(crate) mod ciphers;
pub(crate) mod digests;
mod encrypted;
mod page;
pub(crate) mod places;
mod scrambled;
mod ways;

use std::{collections::BTreeMap, net::IpAddr};

use audit::prove::{CaptureFiles, claimed, replay};
use evidence::{Case, FindingKind, Grade, IdentifierKind};
use testkit::{Conversation, Dice, Endpoint, Net, PcapStyle, PcapWriter};

use crate::{
    audited, profile, server,
    values::{Planted, planted},
};
use places::{Field, PLACES, Place, Turns};
use ways::{Plain, Way, all};

/// A message that holds a hidden value.
pub(crate) struct Cell {
    pub(crate) label: &'static str,
    pub(crate) way: &'static Way,
    pub(crate) place: &'static Place,
    turns: Turns,
}

#[test]
fn what_is_hidden_and_not_protected_is_found() {
    let cells = cells(|value| value.writings[0]);
    let (case, folder) = audited(&capture(&cells), EFFORT);
    let seen = seen(&case);
    let kinds: BTreeMap<_, _> =
        profile().values().iter().map(|value| (value.label.clone(), value.kind)).collect();
    let found = |(number, cell): (u32, &Cell)| {
        let kind = kinds[cell.label];
        seen.get(&server(number)).is_some_and(|labels| labels.contains(&(cell.label.to_owned(), kind)))
    };
    let found: Vec<bool> = (0..).zip(&cells).map(found).collect();
    let proved = prove(&case, &cells, folder.path());
    let missed = cells.iter().zip(&found).filter(|(cell, found)| !**found && exception(cell).is_none());
    complain(&missed.map(|(cell, _)| cell).collect::<Vec<_>>(), cells.len());
    page::hold(&cells, &found, proved);
}

/// The same with values of somebody else, which differ in a digit or a letter.
#[test]
fn what_others_hid_is_not_taken_for_the_phones_own() {
    let mut cells = cells(|value| value.near);
    // Each way with one value, in one place, and with less effort: what opens nothing takes longest.
    cells.dedup_by_key(|cell| cell.way.name);
    let (case, _folder) = audited(&capture(&cells), EFFORT / 4);
    let seen = seen(&case);
    let taken: Vec<_> = (0..)
        .zip(&cells)
        .filter_map(|(number, cell)| Some((cell.way.name, cell.label, seen.get(&server(number))?)))
        .collect();
    assert!(taken.is_empty(), "of {}: {taken:#?}", cells.len());
}

/// Why a value need not be found there. What has a reason may be found all the same.
pub(crate) fn exception(cell: &Cell) -> Option<&'static str> {
    let way = cell.way.name;
    let of = |ways: &[&str]| ways.contains(&way);
    if of(&RARE) {
        Some("a rare function, mode or key, of which the budget for one value does not reach the turn")
    } else if cell.way.name.contains("bare") || way == "reversed" && cell.label == "position" {
        Some("a short number alone: of so many ways that are tried, one gives as much by accident")
    } else if way == "base64, alphabet shuffled" {
        Some("an order of the 64 letters of which too little is seen")
    } else if matches!(cell.place.name, "protobuf" | "body and header") {
        Some("bytes in a place where they are read as something else first")
    } else {
        None
    }
}

/// Ways that come last.
const RARE: [&str; 3] =
    ["MD5 of MD5's hex and a salt", "MD5, two salts sent along", "SHA-256 of a salt and MD5's hex"];

/// Each way with each identifier and in each place, as few times as do for that.
fn cells(writing: fn(&Planted) -> &'static str) -> Vec<Cell> {
    let values: Vec<Planted> =
        planted().into_iter().filter(|value| IDENTIFIERS.contains(&value.label)).collect();
    let mut cells = Vec::new();
    for (turn, way) in all().enumerate() {
        let hidden = |value: &Planted, number: usize| {
            let time = START + number as i64;
            let dice = Dice::new(number as u64 + 1);
            let mut plain = Plain { text: writing(value), name: value.name, time, dice };
            (way.hide)(&mut plain)
        };
        let crowded = !hidden(&values[0], 0).beside.is_empty();
        let places: Vec<&Place> = PLACES.iter().filter(|place| !(place.alone && crowded)).collect();
        for step in 0..places.len().max(values.len()) {
            // Both all round, so that the first message of each way differs from the last way's in both.
            let value = &values[(step + 3 * turn) % values.len()];
            let place = places[(step + turn) % places.len()];
            let hidden = hidden(value, cells.len());
            let beside = hidden.beside.into_iter();
            let beside = beside.map(|(name, text)| (name.to_owned(), crate::forms::Content::Text(text)));
            let fields: Vec<Field> =
                std::iter::once((FIELD.to_owned(), hidden.value)).chain(beside).collect();
            let turns = place.put(fields, turn + step / 2);
            cells.push(Cell { label: value.label, way, place, turns });
        }
    }
    cells
}

fn capture(cells: &[Cell]) -> Vec<u8> {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for (number, cell) in (0..).zip(cells) {
        net.set_time((START + i64::from(number)) * 1_000_000_000);
        say(&mut net, (number, 40_000), cell.place, &cell.turns);
    }
    net.into_wire().into_inner()
}

/// What is said to a server of that number from a port of the phone's. Each server has a name of its own: notes on
/// fields are kept by the name.
pub(crate) fn say(
    net: &mut Net<PcapWriter<Vec<u8>>>,
    (number, port): (u32, u16),
    place: &Place,
    turns: &Turns,
) {
    let phone = Endpoint::phone(port);
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], server(number), place.port);
    if place.name == "UDP" {
        turns.iter().for_each(|(_, said)| net.udp(&phone, &server, said).unwrap());
        return;
    }
    let mut talk = Conversation::new(phone, server).with_acknowledge_every(0);
    talk.open(net).unwrap();
    turns.iter().for_each(|(side, said)| talk.send(net, *side, &named(said, number)).unwrap());
}

fn named(said: &[u8], number: u32) -> Vec<u8> {
    let Some(at) = said.windows(places::HOST.len()).position(|part| part == places::HOST.as_bytes()) else {
        return said.to_vec();
    };
    let host = format!("Host: s{number}.example");
    [&said[..at], host.as_bytes(), &said[at + places::HOST.len()..]].concat()
}

/// The known values that were seen at each address, with their kinds.
fn seen(case: &Case) -> BTreeMap<IpAddr, Vec<(String, IdentifierKind)>> {
    let mut seen = BTreeMap::<_, Vec<_>>::new();
    for group in case.sightings.iter().filter(|group| group.key.grade != Grade::Shaped) {
        let address = &case.destinations[group.key.endpoint.0 as usize].endpoint.address;
        seen.entry(address.parse().unwrap()).or_default().push((group.key.label.clone(), group.key.kind));
    }
    seen
}

/// Runs the proofs of a sample again, the first finding of each way, and says how many.
fn prove(case: &Case, cells: &[Cell], folder: &std::path::Path) -> usize {
    let mut files = CaptureFiles::find(&case.captures, folder, &[]).unwrap();
    let mut left: Vec<&str> = all().map(|way| way.name).collect();
    let mut proved = 0;
    let sent =
        case.findings.iter().filter(|finding| matches!(finding.kind, FindingKind::IdentifierSent { .. }));
    for finding in sent {
        let Some(way) = way_of(case, finding, cells) else { continue };
        let Some(place) = left.iter().position(|name| *name == way.name) else { continue };
        left.remove(place);
        for evidence in &finding.evidence {
            let replayed = replay(&evidence.occurrence, &mut files).unwrap();
            claimed(finding, evidence, &replayed).unwrap();
        }
        proved += 1;
    }
    proved
}

/// The way of the message that a finding is about.
fn way_of(case: &Case, finding: &evidence::Finding, cells: &[Cell]) -> Option<&'static Way> {
    let destination = &case.destinations[finding.endpoints.first()?.0 as usize];
    let IpAddr::V4(address) = destination.endpoint.address.parse().unwrap() else { return None };
    let IpAddr::V4(first) = server(0) else { return None };
    let number = address.to_bits().checked_sub(first.to_bits())?;
    Some(cells.get(number as usize)?.way)
}

/// Fails with what was missed, by way.
fn complain(missed: &[&Cell], all: usize) {
    let mut lines = BTreeMap::<_, Vec<_>>::new();
    for cell in missed {
        lines.entry((cell.way.class, cell.way.name)).or_default().push((cell.label, cell.place.name));
    }
    let lines = lines.iter().map(|((class, way), places)| {
        let some: Vec<_> = places.iter().map(|(label, place)| format!("{label} in {place}")).collect();
        format!("{} × {}: {way}: {}", places.len(), class.words(), some.join(" | "))
    });
    let lines: Vec<_> = lines.collect();
    assert!(missed.is_empty(), "{} of {all} are missed:\n{}", missed.len(), lines.join("\n"));
}

/// The identifiers whose hiding is tried.
pub(crate) const IDENTIFIERS: [&str; 10] = [
    "device.imei",
    "sims[0].imsi",
    "sims[0].iccid",
    "device.android_id",
    "device.wifi_mac",
    "ids.gaid",
    "sims[0].number",
    "accounts.emails",
    "device.serial",
    "position",
];
/// When the first message is sent, in seconds since 1970: early on a day in UTC, so that all are of one.
pub(crate) const START: i64 = 1_700_006_400;
/// That day.
const DAY: &str = "20231115";
/// A value that apps make keys of.
const OTHER: &str = "352099001761481";
/// Enough for all that is tried on one value, for each of them.
const EFFORT: u64 = 400;
/// The field of a hidden value: its name tells nothing.
const FIELD: &str = "data";
