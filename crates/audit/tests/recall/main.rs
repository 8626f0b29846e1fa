//! How much is found: every kind of value, in every form, in every place of a message, through the whole audit.
//!
//! Each cell is a message to a server of its own, so that what is seen of it is told from all others. The table
//! in `docs/recall.md` is written from the same cells: `BLESS=1 cargo test -p audit --test recall`.
//! What is not found is either a mistake, and fails, or in [`exception`] with the reason.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod carriers;
mod codes;
mod forms;
mod hidden;
mod left_alone;
mod page;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

use audit::{Effort, Meter, Order, audit};
use carriers::{CARRIERS, Carrier, Field};
use evidence::{Case, Grade};
use forms::{Content, FORMS, Leaves};
use identifiers::Profile;
use page::Part;
use tempfile::TempDir;
use testkit::{Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side};
use values::{PROFILE, Planted, Tells, planted};

/// A message that holds a value.
pub(crate) struct Cell {
    label: &'static str,
    /// The row of the table.
    pub(crate) form: &'static str,
    leaves: Leaves,
    tells: Tells,
    text: String,
    pub(crate) carrier: &'static Carrier,
    message: Vec<u8>,
}

#[test]
fn every_value_is_found_in_every_form_in_every_place() {
    let cells = cells(&planted());
    let seen = seen(&run(&cells));
    let found = |(number, cell): (u32, &Cell)| {
        seen.get(&server(number)).is_some_and(|labels| labels.contains(cell.label))
    };
    let found: Vec<bool> = (0..).zip(&cells).map(found).collect();
    let missed = cells.iter().zip(&found).filter(|(cell, found)| !**found && exception(cell).is_none());
    complain(&missed.map(|(cell, _)| cell).collect::<Vec<_>>(), cells.len());
    page::hold(Part::Forms, &page::forms(&cells, self::cells(&near()).len(), &found));
}

/// A value that differs in one digit or letter, in all the same forms and places, is not taken for the planted.
#[test]
fn what_is_nearly_a_value_is_not_taken_for_it() {
    let cells = cells(&near());
    let seen = seen(&run(&cells));
    let mut taken = BTreeMap::<_, Vec<_>>::new();
    for (number, cell) in (0..).zip(&cells) {
        for label in seen.get(&server(number)).into_iter().flatten() {
            taken.entry((&cell.text, label)).or_default().push((cell.form, cell.carrier.name));
        }
    }
    assert!(taken.is_empty(), "of {}: {taken:?}", cells.len());
}

/// The planted values with a digit or letter changed.
fn near() -> Vec<Planted> {
    let other = |value: Planted| Planted { writings: vec![value.near], packed: Vec::new(), ..value };
    planted().into_iter().map(other).collect()
}

#[test]
fn the_profile_and_the_table_speak_of_the_same_values() {
    let labels: BTreeSet<_> = planted().iter().map(|value| value.label.to_owned()).collect();
    let profile = profile();
    let known: BTreeSet<_> = profile.values().iter().map(|value| value.label.clone()).collect();
    assert_eq!(labels, known);
}

/// Why a value need not be found there.
pub(crate) fn exception(cell: &Cell) -> Option<&'static str> {
    let few_digits = matches!(cell.label, "sims[0].mcc_mnc" | "cells[0].lac");
    match (cell.leaves, cell.tells, cell.carrier.field) {
        (Leaves::Value, Tells::UnderItsName, Field::Bare | Field::No) => {
            Some("A short number counts in a field whose name fits, and here is none.")
        }
        (Leaves::Value, Tells::InField, Field::No) => {
            Some("A common word counts as the value of a field, and here is none.")
        }
        (Leaves::Coded, Tells::UnderItsName | Tells::InField, _) => {
            Some("Short numbers and common words are not searched for in codes that leave no field of them.")
        }
        (Leaves::Value, Tells::UnderItsName, _) if SHORT_CODES.contains(&cell.form) => {
            Some("Five digits in base64 or hex are too short to be told from an id.")
        }
        (Leaves::Coded, ..) | (Leaves::Document, _, Field::No) if cell.label == "position" => {
            Some("Positions in codes that leave no field would have to be searched for in every precision.")
        }
        (Leaves::Value, _, Field::No) if cell.label == "contacts[0].numbers" && cell.text.contains('-') => {
            Some("Contacts may be thousands: their numbers in groups count as the value of a field.")
        }
        (Leaves::Itself, ..) if few_digits => {
            Some("Digests of five digits are in every table: they tell nothing.")
        }
        (Leaves::Itself, ..) if cell.label == "position" => {
            Some("Digests of positions would have to be searched for in every precision.")
        }
        (Leaves::Itself, ..) if cell.form == "SHA-512, hex" && !FULLY_HASHED.contains(&cell.label) => Some(
            "Digests beyond MD5, SHA-1 and SHA-256 are searched for numbers and names of the phone and its user.",
        ),
        (Leaves::Document, _, Field::No) if cell.form == "deflate" => {
            Some("Deflate without a wrapping has no mark by which it could be found inside other bytes.")
        }
        (Leaves::Document, Tells::UnderItsName | Tells::InField, Field::No)
            if cell.form.starts_with("hex") =>
        {
            Some("Hex inside other bytes is not decoded; what tells enough is found in it as it stands.")
        }
        (Leaves::Value, _, Field::No) if cell.form.starts_with("percent") => {
            Some("Nothing undoes percent-encoding in a protocol of its own.")
        }
        _ => None,
    }
}

/// Every cell of the table, in order.
fn cells(values: &[Planted]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for value in values {
        for (number, writing) in value.writings.iter().enumerate() {
            let forms = FORMS.iter().filter(|form| number == 0 || OF_OTHER_WRITINGS.contains(&form.name));
            for form in forms {
                let content = (form.make)(writing, value);
                add(&mut cells, value, (form.name, form.leaves, writing), &content);
            }
        }
        for (name, bytes) in &value.packed {
            add(&mut cells, value, ("packed", Leaves::Itself, name), &Content::Bytes(bytes.clone()));
        }
    }
    cells
}

fn add(
    cells: &mut Vec<Cell>,
    value: &Planted,
    (form, leaves, text): (&'static str, Leaves, &str),
    content: &Content,
) {
    let fits = |carrier: &&Carrier| carrier.binary || matches!(content, Content::Text(_));
    for (place, carrier) in CARRIERS.iter().enumerate().filter(|(_, carrier)| fits(carrier)) {
        let turn =
            value.label.len() + value.label.bytes().map(usize::from).sum::<usize>() + form.len() + place;
        if form != "plain" && !turn.is_multiple_of(EVERY) {
            continue;
        }
        let Some(message) = (carrier.put)(value.name, content) else { continue };
        let text = text.to_owned();
        cells.push(Cell { label: value.label, form, leaves, tells: value.tells, text, carrier, message });
    }
}

/// The audit of a capture in which each cell goes to its own server.
fn run(cells: &[Cell]) -> Case {
    audited(&capture(cells), Effort::USUAL).0
}

/// The audit of a capture, with the folder that holds it.
pub(crate) fn audited(capture: &[u8], effort: u64) -> (Case, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recall.pcap");
    std::fs::write(&path, capture).unwrap();
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path],
        profile: Some(profile()),
        bill: None,
        store: None,
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(effort),
        workers: None,
        program: "test".into(),
    };
    (audit(order, &Meter::default()).unwrap(), folder)
}

fn capture(cells: &[Cell]) -> Vec<u8> {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for (number, cell) in (0..).zip(cells) {
        let (phone, port) =
            (Endpoint::phone(40_000), if cell.carrier.field == Field::No { 5222 } else { 80 });
        let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], server(number), port);
        if cell.carrier.datagram {
            net.udp(&phone, &server, &cell.message).unwrap();
            continue;
        }
        let mut talk = Conversation::new(phone, server).with_acknowledge_every(0);
        talk.open(&mut net).unwrap();
        talk.send(&mut net, Side::Client, &cell.message).unwrap();
    }
    net.into_wire().into_inner()
}

/// The address of a cell's server.
pub(crate) fn server(number: u32) -> IpAddr {
    Ipv4Addr::from_bits((100 << 24) + (64 << 16) + number).into()
}

/// The labels of known values that were seen at each address.
fn seen(case: &Case) -> BTreeMap<IpAddr, BTreeSet<String>> {
    let mut seen = BTreeMap::<_, BTreeSet<String>>::new();
    for group in case.sightings.iter().filter(|group| group.key.grade != Grade::Shaped) {
        let address = &case.destinations[group.key.endpoint.0 as usize].endpoint.address;
        seen.entry(address.parse().unwrap()).or_default().insert(group.key.label.clone());
    }
    seen
}

pub(crate) fn profile() -> Profile {
    Profile::parse(PROFILE, &mut |_| Err("no files".to_owned()))
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Fails with what was missed, by form and place.
fn complain(missed: &[&Cell], all: usize) {
    let mut lines = BTreeMap::<_, Vec<_>>::new();
    for cell in missed {
        lines.entry((cell.form, cell.carrier.name)).or_default().push(cell.text.as_str());
    }
    let lines = lines.iter().map(|((form, carrier), texts)| {
        let some = texts.get(..4).unwrap_or(texts).join(" | ");
        format!("{} × {form} in {carrier}: {some}", texts.len())
    });
    let lines: Vec<_> = lines.collect();
    assert!(missed.is_empty(), "{} of {all} are missed:\n{}", missed.len(), lines.join("\n"));
}

/// What is done to all writings of a value, and not only to the first.
const OF_OTHER_WRITINGS: [&str; 2] = ["plain", "base64 of a document"];
/// Forms of a bare value in a code.
const SHORT_CODES: [&str; 4] = ["base64", "base64url", "hex", "UTF-16, base64"];
/// Values of which all digests are searched for.
const FULLY_HASHED: [&str; 16] = [
    "device.serial",
    "device.imei",
    "device.meid",
    "device.wifi_mac",
    "device.bluetooth_mac",
    "device.android_id",
    "sims[0].imsi",
    "sims[0].iccid",
    "sims[0].number",
    "accounts.names",
    "accounts.emails",
    "contacts[0].emails",
    "ids.gaid",
    "ids.oaid",
    "ids.device",
    "network.bssid",
];
/// All cells of plain values are tried, and every so manieth of the others, so that a run takes seconds. Each
/// form meets each place with other values.
const EVERY: usize = 3;
