//! One phone's messages as its sources tell them.

use evidence::Timestamp;
use proptest::prelude::*;

use super::{
    BlindSpot, Doubt, EvidenceKind, Ledger, Origin, RadioMessage, SendSite, Sources, Tolerance, Verdict,
};
use crate::{
    Found,
    messages::{
        Direction,
        bill::{Bill, BillKind, BillRow, BillTime, read_bill},
        gsm::{Heard, Radio, TextPart, sms_of},
        phone::{Folder, MessageStore, message_store},
        sqlite::{
            Database,
            tests::{WAL, made},
        },
    },
};

/// 2020-01-01T00:00:00Z.
const START: i64 = 1_577_836_800;

fn at(second: i64) -> Timestamp {
    Timestamp::new(START + second, 0)
}

/// A store with a message each hour; what is sent to `+86…` is deleted again.
fn store() -> MessageStore {
    let (file, wal) = made(WAL, |it| {
        it.execute_batch(
            "CREATE TABLE sms(_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER, date_sent INTEGER,
             type INTEGER, body TEXT, creator TEXT)",
        )
        .unwrap();
        let add = |second: i64, address: &str, kind: i64, body: &str, creator: &str| {
            let date = (START + second) * 1000;
            it.execute(
                "INSERT INTO sms(address, date, date_sent, type, body, creator) VALUES(?, ?, ?, ?, ?, ?)",
                (address, date, date - 3000, kind, body, creator),
            )
            .unwrap();
        };
        add(0, "+37060000001", 2, "hello", "com.android.mms");
        add(3600, "+37060000001", 1, "hello yourself", "com.android.mms");
        add(7200, "+8613800000000", 2, "REG:1", "com.vendor.cloud");
        add(10_800, "0600 00001", 2, &"long ".repeat(50), "com.android.mms");
        it.execute_batch("DELETE FROM sms WHERE address LIKE '+86%'").unwrap();
    });
    message_store(&Database::open(&file, Some(&wal)).unwrap()).unwrap()
}

/// A SUBMIT in CP-DATA in GSMTAP, heard at `second`. The number's digits are even in count.
fn submit(second: i64, number: &str, reference: u8, body: &[u8]) -> RadioMessage {
    let digits: Vec<u8> = number.bytes().map(|it| it - b'0').collect();
    let mut tpdu = vec![0x01, reference, u8::try_from(digits.len()).unwrap(), 0x91];
    tpdu.extend(digits.chunks(2).map(|it| it[0] | it.get(1).unwrap_or(&15) << 4));
    tpdu.extend([0, 8, u8::try_from(body.len() * 2).unwrap()]);
    tpdu.extend(body.iter().flat_map(|it| [0, *it]));
    let mut rp = vec![0, reference, 0, 2, 0x91, 0x21, u8::try_from(tpdu.len()).unwrap()];
    rp.extend(tpdu);
    let mut packet =
        vec![2, 4, 2, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1, u8::try_from(rp.len()).unwrap()];
    packet.extend(rp);
    assert!(sms_of(&packet).is_some());
    let heard: Heard = Radio::default().push(7, &packet).unwrap();
    RadioMessage { time: at(second), heard }
}

fn row(ledger: &Ledger, second: i64) -> &super::LedgerRow {
    let near =
        |it: &&super::LedgerRow| it.time.is_some_and(|time| time.since(at(second)).abs() < 60_000_000_000);
    ledger.rows.iter().find(near).expect("a row")
}

#[test]
fn the_hidden_message_and_the_others() {
    let mut sources = Sources::default();
    let phone = sources.store("mmssms.db", &store(), None);
    let air = sources.radio(
        "radio.pcap",
        &[
            submit(5, "37060000001", 1, b"hello"),
            submit(7, "37060000001", 1, b"hello"),
            submit(7201, "8613800000000", 2, b"REG:1"),
            submit(9000, "8613800000000", 3, b"REG:2"),
            submit(20_000, "8613800000000", 4, b"REG:3"),
        ],
        Some((at(-60), at(30_000))),
    );
    let code = sources.sites(
        "cloud.apk",
        &[
            SendSite {
                number: Found::new("+8613800000000".into(), 10..24),
                package: Some("com.vendor.cloud".into()),
            },
            SendSite { number: Found::new("1066".into(), 90..94), package: None },
        ],
    );
    let ledger = sources.settle(Tolerance::default());
    let verdicts: Vec<_> = ledger.rows.iter().map(|it| (it.direction, it.verdict)).collect();
    let (i, o) = (Direction::Incoming, Direction::Outgoing);
    assert_eq!(
        verdicts,
        [
            (o, Verdict::CarriedAndLogged),
            (i, Verdict::LoggedOnly),
            (o, Verdict::LoggedAndGone),
            (o, Verdict::CarriedNotLogged),
            (o, Verdict::LoggedOnly),
            (o, Verdict::Undecided(Doubt::AfterStore)),
        ]
    );
    let first = row(&ledger, 0);
    assert_eq!((first.carried.len(), first.carried[0].found.len()), (1, 2), "a repeated transfer is one");
    assert_eq!(first.carried[0].source, air);
    assert_eq!(first.carried[0].found[0].value, Origin::Payload(7));
    let gone = row(&ledger, 7200);
    assert_eq!(gone.verdict.words(gone.direction), "logged and gone");
    assert_eq!(
        (gone.gone[0].source, gone.gone[0].kind, gone.carried.len()),
        (phone, EvidenceKind::GoneRow, 1)
    );
    assert!(matches!(gone.gone[0].found[0].value, Origin::Wal(_)));
    assert_eq!((gone.creator.as_deref(), gone.body.as_deref()), (Some("com.vendor.cloud"), Some("REG:1")));
    assert_eq!((gone.sites.len(), gone.sites[0].source, gone.missing_ids.as_slice()), (1, code, &[0][..]));
    let hidden = row(&ledger, 9000);
    assert_eq!(hidden.verdict.words(hidden.direction), "sent and not logged");
    assert_eq!(hidden.missing_ids, [0], "a number is missing at its time");
    assert_eq!(ledger.idle_sites.len(), 1);
    assert!(ledger.blind.contains(&BlindSpot::NoBill));
    assert!(ledger.blind.contains(&BlindSpot::Erased { source: phone }));
    assert!(!ledger.blind.contains(&BlindSpot::NumbersReused { source: phone }));
    assert!(ledger.blind.iter().all(|it| !it.words(&ledger.sources).is_empty()));
}

#[test]
fn a_store_copied_later_can_tell_of_its_end() {
    let mut sources = Sources::default();
    sources.store("mmssms.db", &store(), Some(at(40_000)));
    sources.radio("radio.pcap", &[submit(20_000, "8613800000000", 4, b"REG:3")], None);
    let ledger = sources.settle(Tolerance::default());
    assert_eq!(row(&ledger, 20_000).verdict, Verdict::CarriedNotLogged);
}

#[test]
fn a_bill_in_local_time() {
    // Two hours ahead; the long message has two parts and is billed twice; the last one is in no store.
    let bill = "Datum;Uhrzeit;Zielrufnummer;Art\n01.01.2020;02:00:30;+37060000001;SMS\n\
                01.01.2020;05:00:10;+37060000001;SMS\n01.01.2020;05:00:20;+37060000001;SMS\n\
                01.01.2020;04:30:00;+86138000xxxxx;SMS\n01.01.2020;04:30:00;+37060000001;Anruf\n";
    let mut sources = Sources::default();
    sources.store("mmssms.db", &store(), None);
    let operator = sources.bill("bill.csv", &read_bill(bill.as_bytes(), None));
    let ledger = sources.settle(Tolerance::default());
    let zone = BlindSpot::BillZone { source: operator, minutes: Some(120), agree: 3, of: 4 };
    assert!(ledger.blind.contains(&zone), "{:?}", ledger.blind);
    assert_eq!(row(&ledger, 0).verdict, Verdict::CarriedAndLogged);
    let long = row(&ledger, 10_800);
    assert_eq!((long.parts, long.carried.len(), long.verdict), (2, 2, Verdict::CarriedAndLogged));
    assert_eq!(row(&ledger, 9000).verdict, Verdict::CarriedNotLogged);
    assert_eq!(ledger.rows.len(), 5);
}

#[test]
fn a_number_used_again_hides_no_message() {
    // Without AUTOINCREMENT the number of the newest message is free when it is deleted.
    let (file, wal) = made(WAL, |it| {
        it.execute_batch(
            "CREATE TABLE sms(_id INTEGER PRIMARY KEY, address TEXT, date INTEGER, type INTEGER, body TEXT)",
        )
        .unwrap();
        let insert = "INSERT INTO sms(address, date, type, body) VALUES(?, ?, ?, ?)";
        it.execute(insert, ("+37060000001", START * 1000, 2, "first")).unwrap();
        it.execute(insert, ("+8613800000000", (START + 600) * 1000, 4, "REG:1")).unwrap();
        it.execute_batch("UPDATE sms SET type=2 WHERE _id=2; DELETE FROM sms WHERE _id=2").unwrap();
        it.execute(insert, ("+37060000001", (START + 1200) * 1000, 1, "answer")).unwrap();
    });
    let store = message_store(&Database::open(&file, Some(&wal)).unwrap()).unwrap();
    let mut sources = Sources::default();
    let phone = sources.store("mmssms.db", &store, None);
    let ledger = sources.settle(Tolerance::default());
    let verdicts: Vec<_> = ledger.rows.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::LoggedOnly, Verdict::LoggedAndGone, Verdict::LoggedOnly]);
    assert_eq!((ledger.rows[1].body.as_deref(), ledger.rows[1].folder), (Some("REG:1"), Some(Folder::Sent)));
    assert!(ledger.blind.contains(&BlindSpot::NumbersReused { source: phone }));
}

#[test]
fn parts_of_one_text_are_one_row() {
    let part = |second: i64, number: u8, body: &[u8]| {
        let mut message = submit(second, "37060000001", number, body);
        message.heard.carried.tpdu.part = Some(TextPart { reference: 9, total: 2, number });
        message
    };
    let mut sources = Sources::default();
    sources.radio(
        "radio.pcap",
        &[part(4, 2, b"world"), part(0, 1, b"hello "), part(5000, 1, b"again ")],
        None,
    );
    let ledger = sources.settle(Tolerance::default());
    let rows: Vec<_> =
        ledger.rows.iter().map(|it| (it.body.as_deref(), it.parts, it.carried[0].found.len())).collect();
    assert_eq!(rows, [(Some("hello world"), 2, 2), (Some("again "), 2, 1)]);
}

proptest! {
    #[test]
    fn any_times_and_numbers_settle(
        messages in proptest::collection::vec((any::<i64>(), 0u8..4, 0u8..3), 0..40),
        rows in proptest::collection::vec((any::<i64>(), 0u8..4, any::<bool>()), 0..40),
    ) {
        let radio: Vec<RadioMessage> = messages.iter().map(|(time, number, body)| {
            let mut message = submit(0, &format!("3706000000{number}"), *body, &[b'a' + body]);
            message.time = Timestamp(*time);
            message
        }).collect();
        let rows = rows.iter().map(|(time, number, local)| {
            let time = if *local { BillTime::Local(Timestamp(*time)) } else { BillTime::At(Timestamp(*time)) };
            let number = Some(format!("3706000000{number}"));
            let (kind, kind_text, direction, units) = (BillKind::Sms, None, None, None);
            Found::new(BillRow { time: Some(time), number, kind, kind_text, direction, units }, 0..1)
        }).collect();
        let mut sources = Sources::default();
        sources.radio("radio", &radio, None);
        sources.bill("bill", &Bill { rows, ..Bill::default() });
        let all: usize = sources.settle(Tolerance::default()).rows.iter().map(|row| row.carried.len()).sum();
        prop_assert!(all <= messages.len() + 40);
    }
}

#[test]
fn without_a_store_nothing_is_hidden() {
    let mut sources = Sources::default();
    sources.radio("radio.pcap", &[submit(0, "37060000001", 1, b"x")], None);
    let ledger = sources.settle(Tolerance::default());
    assert_eq!(ledger.rows[0].verdict, Verdict::Undecided(Doubt::NoStore));
    assert!(ledger.blind.contains(&BlindSpot::NoStore));
}
