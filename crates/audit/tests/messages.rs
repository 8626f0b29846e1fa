//! A phone of our own making and what tells of its text messages: the store with its write-ahead log, the address
//! book, the radio, a bill, backups and the log. What was hidden is found, and every piece of it is proved.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{fs, io::Write, net::Ipv4Addr, num::NonZeroUsize, path::Path};

use audit::{
    BillMapping, Effort, Meter, Order, audit,
    prove::{CaptureFiles, claimed, recipe, replay},
};
use evidence::{
    Case, Direction, Fate, Finding, FindingKind, Grade, Holds, Occurrence, Relation, Severity, Step,
};
use facts::Atlas;
use identifiers::Profile;
use testkit::{Endpoint, Net, PcapStyle};

/// 2023-11-14 22:13:20 UTC.
const START: i64 = 1_700_000_000;
const IMEI: &str = "352099001761481";
/// Of another phone.
const OTHER: &str = "352099001761499";
const OWN: &str = "+37061239874";
const FRIEND: &str = "+37060000001";
const SERVER: &str = "+8613800000000";
const HOUR: i64 = 3600;

/// A store with a message each hour: the one to the server was deleted again, another was never there.
fn store(folder: &Path, name: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("made.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "PRAGMA auto_vacuum=FULL; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;
             CREATE TABLE sms(_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER, type INTEGER,
             body TEXT, creator TEXT)",
        )
        .unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let add = |hours: i64, number: &str, kind: i64, body: &str, creator: &str| {
        let insert = "INSERT INTO sms(address, date, type, body, creator) VALUES(?, ?, ?, ?, ?)";
        let date = (START + hours * HOUR) * 1000;
        database.execute(insert, (number, date, kind, body, creator)).unwrap();
    };
    add(-1, FRIEND, 1, "where are you\nand when", "com.android.mms");
    add(0, FRIEND, 2, "hello", "com.android.mms");
    add(1, SERVER, 2, &format!("REG:{IMEI}"), "com.vendor.cloud");
    add(4, FRIEND, 2, "good night", "com.android.mms");
    database.execute_batch(&format!("DELETE FROM sms WHERE address = '{SERVER}'")).unwrap();
    for ending in ["", "-wal"] {
        let made = scratch.path().join(format!("made.db{ending}"));
        fs::copy(made, folder.join(format!("{name}{ending}"))).unwrap();
    }
}

fn book(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("contacts2.db")).unwrap();
    database
        .execute_batch(&format!(
            "CREATE TABLE raw_contacts(_id INTEGER PRIMARY KEY, contact_id INTEGER, display_name TEXT, deleted INTEGER);
             CREATE TABLE mimetypes(_id INTEGER PRIMARY KEY, mimetype TEXT);
             CREATE TABLE data(_id INTEGER PRIMARY KEY, raw_contact_id INTEGER, mimetype_id INTEGER, data1 TEXT);
             INSERT INTO raw_contacts VALUES(1, 1, 'Ona', 0);
             INSERT INTO mimetypes VALUES(1, 'vnd.android.cursor.item/phone_v2');
             INSERT INTO data VALUES(1, 1, 1, '{FRIEND}');"
        ))
        .unwrap();
}

/// Characters of 7 bits, packed behind `fill` bits.
fn septets(text: &str, fill: usize) -> Vec<u8> {
    let mut bytes = vec![0; (text.len() * 7 + fill).div_ceil(8)];
    for (place, code) in text.bytes().enumerate() {
        for bit in 0..7 {
            let at = fill + place * 7 + bit;
            bytes[at / 8] |= (code >> bit & 1) << (at % 8);
        }
    }
    bytes
}

/// Data coding scheme, header, length, user data.
struct Data(u8, bool, u8, Vec<u8>);

impl Data {
    fn septets(text: &str) -> Self {
        Self(0, false, u8::try_from(text.len()).unwrap(), septets(text, 0))
    }

    /// One part of a text of two.
    fn part(number: u8, text: &str) -> Self {
        let data = [vec![5, 0, 3, 42, 2, number], septets(text, 1)].concat();
        Self(0, true, u8::try_from(7 + text.len()).unwrap(), data)
    }

    fn ucs2(text: &str) -> Self {
        let data: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        Self(8, false, u8::try_from(data.len()).unwrap(), data)
    }

    fn bytes(bytes: &[u8]) -> Self {
        Self(4, false, u8::try_from(bytes.len()).unwrap(), bytes.to_vec())
    }
}

/// A SUBMIT to `number` in RP-DATA in CP-DATA, behind GSMTAP's header.
fn submit(number: &str, reference: u8, Data(scheme, header, length, data): Data) -> Vec<u8> {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let first = if header { 0x41 } else { 0x01 };
    let mut tpdu = vec![first, reference, u8::try_from(digits.len()).unwrap(), 0x91];
    tpdu.extend(digits.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&15) << 4));
    tpdu.extend([0, scheme, length]);
    tpdu.extend(data);
    let mut rp = vec![0, reference, 0, 2, 0x91, 0x21, u8::try_from(tpdu.len()).unwrap()];
    rp.extend(tpdu);
    let mut packet = vec![2, 4, 2, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    packet.extend([9, 1, u8::try_from(rp.len()).unwrap()]);
    packet.extend(rp);
    packet
}

fn radio() -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    let receiver = Endpoint::new([2, 0, 0, 0, 0, 9], Ipv4Addr::new(127, 0, 0, 1), 4729);
    let number = "+8613800000000";
    let rows = [
        (5, submit(FRIEND, 1, Data::septets("hello"))),
        (HOUR + 4, submit(number, 2, Data::septets(&format!("REG:{IMEI}")))),
        (2 * HOUR, submit(number, 3, Data::septets(&format!("TN:IMEI1,{IMEI}")))),
        (2 * HOUR + 300, submit(number, 4, Data::ucs2(&format!("日 {IMEI}")))),
        (2 * HOUR + 600, submit(number, 5, Data::bytes(format!("\u{1}{IMEI}\u{2}").as_bytes()))),
        (2 * HOUR + 900, submit(number, 6, Data::part(1, "first part, IMEI=3520990"))),
        (2 * HOUR + 902, submit(number, 7, Data::part(2, "01761481 and more"))),
    ];
    for (second, packet) in rows {
        net.set_time((START + second) * 1_000_000_000);
        net.udp(&receiver.with_port(40_000), &receiver, &packet).unwrap();
    }
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    testkit::capture::pcap(PcapStyle::default(), frames)
}

const LOG: &str = "--------- beginning of main
11-14 22:13:19.500  1000  1234  1250 I ActivityManager: System now ready
11-14 22:13:19.900  1000  1234  1250 D RegService: SendString=TN:IMEI1,352099001761481,x
11-14 22:13:20.100  1000  1234  1250 D RegService: retry 352099001761481
";

/// A member of a backup's archive.
fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let mut head = vec![0u8; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..107].copy_from_slice(b"0000600");
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[136..147].copy_from_slice(b"00000000000");
    head[156] = b'0';
    head[257..263].copy_from_slice(b"ustar\0");
    head[148..156].copy_from_slice(b"        ");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut member = [&head, content].concat();
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// A backup of such members.
fn backup(members: &[Vec<u8>], compressed: bool) -> Vec<u8> {
    let tar = [members.concat(), vec![0; 1024]].concat();
    match compressed {
        true => [b"ANDROID BACKUP\n5\n1\nnone\n".to_vec(), zlib(&tar)].concat(),
        false => [b"ANDROID BACKUP\n5\n0\nnone\n".to_vec(), tar].concat(),
    }
}

/// A backup of the telephony provider's, compressed, with one message.
fn archive() -> Vec<u8> {
    let json = format!(
        r#"[{{"self_phone":"+1","address":"{SERVER}","body":"id {IMEI}","date":"{}","type":"2","read":"1"}}]"#,
        (START + 3 * HOUR) * 1000
    );
    let name = "apps/com.android.providers.telephony/d_f/000000_sms_backup";
    backup(&[member(name, &zlib(json.as_bytes()))], true)
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn run(folder: &Path, bill: Option<&str>, workers: usize) -> Case {
    let profile = format!("[device]\nimei = [\"{IMEI}\"]\n[[sims]]\nnumber = \"{OWN}\"\n");
    let order = Order {
        keys: Vec::new(),
        inputs: vec![folder.to_owned()],
        profile: Some(Profile::parse(&profile, &mut |_| Err(String::new())).unwrap()),
        store: None,
        atlas: Atlas::embedded(),
        bill: bill.map(|bill| BillMapping::from_toml(bill).unwrap()),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

/// Every occurrence of a case is replayed from its files, stands where it says, and is the value that its finding names.
fn proved(case: &Case, folder: &Path) -> usize {
    let mut files = CaptureFiles::find(&case.captures, folder, &[]).unwrap();
    let accounts = case.phone.messages.iter().flat_map(|message| &message.accounts);
    let evidence = case.findings.iter().flat_map(|finding| &finding.evidence);
    let all: Vec<&Occurrence> =
        accounts.map(|one| &one.occurrence).chain(evidence.map(|one| &one.occurrence)).collect();
    for occurrence in &all {
        let replayed = replay(occurrence, &mut files).unwrap();
        assert_eq!(files.check(&replayed.frames).unwrap(), None, "{occurrence:?}");
    }
    for finding in &case.findings {
        for evidence in &finding.evidence {
            claimed(finding, evidence, &replay(&evidence.occurrence, &mut files).unwrap()).unwrap();
        }
    }
    let unheld = files.unheld(all.iter().map(|occurrence| &occurrence.trail)).unwrap();
    assert!(unheld.is_empty(), "{unheld:?}");
    assert_eq!(case.coverage.total(), case.captures.iter().map(|capture| capture.bytes).sum::<u64>());
    assert_eq!(case.coverage.bytes(Fate::NotParsed), 0);
    all.len()
}

fn of_kind<'c>(case: &'c Case, detector: &str) -> Vec<&'c Finding> {
    case.findings.iter().filter(|finding| finding.detector == detector).collect()
}

#[test]
fn the_hidden_message_is_told_and_proved() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "mmssms.db");
    book(folder.path());
    fs::write(folder.path().join("radio.pcap"), radio()).unwrap();
    // Databases of others are nobody's concern.
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE notes(text TEXT)").unwrap();
    let case = run(folder.path(), None, 2);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    let files = case.captures.iter().filter(|capture| capture.holds == Holds::Phone);
    assert_eq!(files.count(), 3, "the store, its log and the address book");

    let rows: Vec<_> = case
        .phone
        .messages
        .iter()
        .map(|row| (row.direction, row.number.as_str(), row.verdict.as_str(), row.in_address_book))
        .collect();
    let (out, friend) = (Direction::Out, Some(true));
    assert_eq!(
        rows,
        [
            (Direction::In, FRIEND, "logged", friend),
            (out, FRIEND, "sent and logged", friend),
            (out, SERVER, "logged and gone", Some(false)),
            (out, SERVER, "sent and not logged", Some(false)),
            (out, SERVER, "sent and not logged", Some(false)),
            (out, SERVER, "sent and not logged", Some(false)),
            (out, SERVER, "sent and not logged", Some(false)),
            (out, FRIEND, "logged", friend),
        ]
    );
    assert_eq!(case.phone.messages[2].package, "com.vendor.cloud");
    let missing = &case.phone.missing_message_ids[..];
    assert_eq!((missing.len(), missing[0].first, missing[0].seen), (1, 3, 1));
    assert!(case.phone.message_blind_spots.iter().any(|blind| blind.contains("no bill")));

    let hidden = of_kind(&case, "hidden-message");
    let told: Vec<_> = hidden.iter().map(|finding| (finding.severity, finding.count)).collect();
    assert_eq!(told, [(Severity::High, 4), (Severity::Medium, 1)]);
    assert!(hidden[1].words.contains("com.vendor.cloud"), "{}", hidden[1].words);
    assert!(hidden.iter().all(|finding| finding.words.contains("not in the phone’s address book")));

    let [sent] = &of_kind(&case, "identifier-in-message")[..] else { panic!("one value and number") };
    let FindingKind::IdentifierInMessage { value, number, .. } = &sent.kind else { panic!("{sent:?}") };
    assert_eq!((value.as_str(), number.as_str(), sent.count), (IMEI, SERVER, 5));
    let values = sent.evidence.iter().filter(|one| one.relation == Relation::Value);
    let steps: Vec<String> = values
        .map(|one| {
            assert_eq!(one.occurrence.found, IMEI);
            match &one.occurrence.trail.buffers[one.occurrence.span.buffer.0 as usize].step {
                Step::Decode(name) => name.clone(),
                step => format!("{step:?}"),
            }
        })
        .collect();
    // The radio's and the store's; then text in three codings; then a text of two parts.
    assert_eq!(steps, ["gsm-7bit", "Entry", "gsm-7bit", "utf-16be", "Body", "Body"]);
    // The receiver's own datagrams are no traffic of the phone.
    assert!(of_kind(&case, "identifier-sent").is_empty());
    assert!(proved(&case, folder.path()) > 20);

    let mut captures = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let replays: Vec<_> =
        sent.evidence.iter().map(|one| replay(&one.occurrence, &mut captures).unwrap()).collect();
    let script = recipe(sent, &case.captures, &replays);
    assert!(script.contains("undo_gsm_7bit header"), "{script}");
    assert_eq!(
        serde_json::to_value(&case).unwrap(),
        serde_json::to_value(run(folder.path(), None, 5)).unwrap(),
        "it depends on the number of workers"
    );
}

/// Datagrams to ports of their own, each from another port: which destinations are the recording's alone.
fn of_recording(datagrams: &[([u8; 4], u16, &[u8])]) -> Vec<(String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let mut net = Net::new(Vec::new());
    let sender = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(10, 23, 0, 1), 40_000);
    for (second, (address, port, payload)) in (0..).zip(datagrams) {
        net.set_time((START + second) * 1_000_000_000);
        let to = Endpoint::new([2, 0, 0, 0, 0, 2], Ipv4Addr::from(*address), *port);
        net.udp(&sender, &to, payload).unwrap();
    }
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    let file = testkit::capture::pcap(PcapStyle::default(), frames);
    fs::write(folder.path().join("radio.pcap"), file).unwrap();
    let case = run(folder.path(), None, 2);
    case.destinations.iter().map(|one| (one.endpoint.address.clone(), one.of_recording)).collect()
}

/// What a receiver of the radio sends to whoever records it is no destination of the phone's; what may have left is.
#[test]
fn who_records_the_radio_is_no_destination() {
    let frame = [&[2, 4, 1, 1, 0x40, 12, 0, 0, 0, 0, 0, 1, 8, 0, 0, 0][..], &[0x2b; 23]].concat();
    let told = of_recording(&[
        ([10, 23, 0, 2], 4729, &frame),
        ([10, 23, 0, 2], 4729, &frame),
        ([10, 23, 0, 3], 4729, &frame),
        ([10, 23, 0, 3], 4729, b"no frame of the radio"),
        ([10, 23, 0, 4], 4730, &frame),
        ([198, 51, 100, 7], 4729, &frame),
    ]);
    let told: Vec<_> = told.iter().map(|(address, is_one)| (address.as_str(), *is_one)).collect();
    assert_eq!(
        told,
        [("10.23.0.2", true), ("10.23.0.3", false), ("10.23.0.4", false), ("198.51.100.7", false)]
    );
}

#[test]
fn what_left_after_all_that_the_store_holds_is_told_where_newer_ones_were_deleted() {
    let told = |deleted: bool| {
        let folder = tempfile::tempdir().unwrap();
        let database = rusqlite::Connection::open(folder.path().join("mmssms.db")).unwrap();
        database
            .execute_batch(&format!(
                "CREATE TABLE sms(_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER, type INTEGER, body TEXT);
                 INSERT INTO sms(address, date, type, body) VALUES('{FRIEND}', {}, 2, 'hello');",
                START * 1000
            ))
            .unwrap();
        if deleted {
            let date = (START + 2 * HOUR) * 1000;
            database
                .execute_batch(&format!(
                    "INSERT INTO sms(address, date, type, body) VALUES('{SERVER}', {date}, 2, 'x');
                     DELETE FROM sms WHERE address = '{SERVER}';"
                ))
                .unwrap();
        }
        drop(database);
        fs::write(folder.path().join("radio.pcap"), radio()).unwrap();
        let case = run(folder.path(), None, 1);
        proved(&case, folder.path());
        let hidden = of_kind(&case, "hidden-message");
        hidden.iter().map(|one| (one.severity, one.count, one.title.clone())).collect::<Vec<_>>()
    };
    let title = "5 text messages to +8613800000000 were sent, and the phone’s message store, from which newer ones were \
                 deleted, does not have them";
    assert_eq!(told(true), [(Severity::Medium, 5, title.to_owned())]);
    // The store may have been copied before.
    assert_eq!(told(false), []);
}

#[test]
fn what_the_log_says_is_told_and_not_counted_as_sent() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.txt"), LOG).unwrap();
    fs::write(folder.path().join("radio.pcap"), radio()).unwrap();
    let case = run(folder.path(), None, 1);
    let [logged] = &of_kind(&case, "logged")[..] else { panic!("one value") };
    assert_eq!((logged.severity, logged.count, logged.evidence.len()), (Severity::Low, 2, 1));
    let FindingKind::Logged { tags, .. } = &logged.kind else { panic!("{logged:?}") };
    assert_eq!(tags, &["RegService"]);
    assert_eq!(logged.evidence[0].occurrence.frame.0, 3);
    assert!(logged.sightings.is_empty() && logged.endpoints.is_empty());
    proved(&case, folder.path());
}

#[test]
fn a_log_in_utf_16_is_quoted_by_its_own_lines() {
    // U+0A41 and U+010A hold the byte of a line end: they are none.
    let log = LOG.replace("retry", "\u{a41}\u{10a} retry").replace('\n', "\r\n");
    let orders: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
    for bytes_of in orders {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = format!("\u{feff}{log}").encode_utf16().flat_map(bytes_of).collect();
        fs::write(folder.path().join("log.txt"), &bytes).unwrap();
        let case = run(folder.path(), None, 1);
        let [logged] = &of_kind(&case, "logged")[..] else { panic!("one value: {:?}", case.findings) };
        let occurrence = &logged.evidence[0].occurrence;
        assert_eq!((logged.count, occurrence.frame.0, occurrence.found.as_str()), (2, 3, IMEI));
        let line = log.lines().nth(2).unwrap();
        let before = log.encode_utf16().count() - log[log.find(line).unwrap()..].encode_utf16().count();
        let source = occurrence.trail.trace(occurrence.span);
        assert_eq!(source[0].2.start, 2 + 2 * before as u64);
        for mark in &case.phone.marks {
            assert!(log.contains(&mark.quote.text), "{:?}", mark.quote);
        }
        proved(&case, folder.path());
    }
}

#[test]
fn backups_and_bills_tell_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let date = (START + 3 * HOUR) * 1000;
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<smses count=\"2\">\n  <sms address=\"{SERVER}\" date=\"{date}\" type=\"2\"\n    body=\"id\n {IMEI} &amp;c\" />\n  <sms address=\"{FRIEND}\" date=\"{date}\" type=\"1\" body=\"hello\" />\n</smses>\n"
    );
    fs::write(folder.path().join("sms.xml"), xml).unwrap();
    fs::write(folder.path().join("backup.ab"), archive()).unwrap();
    let bill = format!(
        "Datum;Uhrzeit;Zielrufnummer;Art\n15.11.2023;02:13:40;{SERVER};SMS\n15.11.2023;02:30:00;{FRIEND};SMS\n"
    );
    fs::write(folder.path().join("bill.csv"), bill).unwrap();
    fs::write(folder.path().join("notes.csv"), "date,time,number,title\n2020-01-01,10:00:00,12,chapter\n")
        .unwrap();
    let case = run(folder.path(), None, 1);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    assert_eq!(case.captures.len(), 3, "notes are no bill");
    assert_eq!(case.captures.iter().map(|capture| capture.frames).collect::<Vec<_>>(), [2, 2, 2]);
    let [sent] = &of_kind(&case, "identifier-in-message")[..] else { panic!("one value and number") };
    let steps: Vec<_> = sent.evidence.iter().map(|one| one.occurrence.trail.buffers.len()).collect();
    assert!(steps.contains(&1) && steps.contains(&4), "the XML and the archive: {steps:?}");
    assert!(proved(&case, folder.path()) >= 5);
}

/// Digits that are escaped in the text stand nowhere as they are: the same digits in another field prove nothing.
#[test]
fn a_value_that_a_text_escapes_is_not_proved_by_another_field() {
    let folder = tempfile::tempdir().unwrap();
    let date = (START + 3 * HOUR) * 1000;
    let escaped = IMEI.replacen('3', "&#51;", 1);
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<smses count=\"1\">\n  <sms address=\"+{IMEI}\" date=\"{date}\" type=\"2\" body=\"{escaped}\" />\n</smses>\n"
    );
    fs::write(folder.path().join("sms.xml"), xml).unwrap();
    let case = run(folder.path(), None, 1);
    let [sent] = &of_kind(&case, "identifier-in-message")[..] else { panic!("one value and number") };
    assert!(sent.evidence.iter().all(|one| one.relation == Relation::Account), "{:?}", sent.evidence);
    proved(&case, folder.path());
}

#[test]
fn databases_in_a_backup_are_read_like_those_beside_it() {
    let made = tempfile::tempdir().unwrap();
    store(made.path(), "mmssms.db");
    book(made.path());
    let read = |name: &str| fs::read(made.path().join(name)).unwrap();
    let path = "apps/com.android.providers.telephony/db/mmssms.db";
    let members = [
        member(&format!("{path}-wal"), &read("mmssms.db-wal")),
        member(path, &read("mmssms.db")),
        member("apps/com.example/f/words.txt", b"SQL for all"),
        member("apps/com.android.providers.contacts/db/contacts2.db", &read("contacts2.db")),
    ];
    let beside = run(made.path(), None, 1);
    let rows = |case: &Case| -> Vec<_> {
        let messages = case.phone.messages.iter();
        let told =
            messages.map(|row| (row.time, row.number.clone(), row.verdict.clone(), row.in_address_book));
        told.collect()
    };
    for compressed in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("phone.ab"), backup(&members, compressed)).unwrap();
        let case = run(folder.path(), None, 1);
        assert!(case.problems.is_empty(), "{:?}", case.problems);
        assert_eq!((case.captures.len(), rows(&case)), (1, rows(&beside)));
        assert_eq!(case.phone.missing_message_ids.len(), 1);
        let gone = case.phone.messages.iter().find(|row| row.verdict == "logged and gone").unwrap();
        let occurrence = &gone.accounts[0].occurrence;
        assert_eq!(occurrence.found, format!("REG:{IMEI}"));
        let steps = occurrence.trail.buffers.iter().map(|buffer| buffer.step.clone());
        let expected: &[Step] = match compressed {
            true => &[Step::Entry, Step::Decode("zlib".to_owned()), Step::Body],
            false => &[Step::Entry],
        };
        assert_eq!(steps.collect::<Vec<_>>(), expected);
        assert!(case.phone.message_blind_spots.iter().any(|blind| blind.contains("phone.ab, apps/")));
        assert_eq!(of_kind(&case, "identifier-in-message").len(), 1);
        assert!(proved(&case, folder.path()) >= 6);
    }
}

/// A store of messages that came in and went out, two of them multimedia ones.
fn store_of_both_kinds(path: &Path) {
    let date = START * 1000;
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch(&format!(
            "CREATE TABLE sms(_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER, type INTEGER,
             body TEXT, creator TEXT);
             CREATE TABLE pdu(_id INTEGER PRIMARY KEY AUTOINCREMENT, date INTEGER, msg_box INTEGER, sub TEXT,
             m_type INTEGER);
             CREATE TABLE part(_id INTEGER PRIMARY KEY, mid INTEGER, ct TEXT, text TEXT);
             CREATE TABLE addr(_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);
             INSERT INTO sms VALUES(1, '{SERVER}', {date}, 1, 'device {IMEI} of {OWN} is registered', NULL),
             (2, '{SERVER}', {date}, 2, 'IMEI={OTHER}', 'com.vendor.cloud'), (3, '{SERVER}', {date}, 3, '{IMEI}', NULL);
             INSERT INTO pdu VALUES(1, {START}, 2, NULL, 128), (2, {START}, 3, NULL, 128);
             INSERT INTO part VALUES(1, 1, 'text/plain', 'my id is {IMEI}'), (2, 2, 'text/plain', '{IMEI}');
             INSERT INTO addr VALUES(1, 1, 'insert-address-token', 137), (2, 1, '{FRIEND}', 151);"
        ))
        .unwrap();
}

#[test]
fn texts_of_every_kind_are_searched_and_what_came_in_is_no_leak() {
    let folder = tempfile::tempdir().unwrap();
    store_of_both_kinds(&folder.path().join("mmssms.db"));
    // The same multimedia message once more.
    let xml = format!(
        "<smses count=\"1\">\n<mms date=\"{}\" msg_box=\"2\" m_type=\"128\"><parts>\n<part ct=\"text/plain\" text=\"my id is {IMEI}\" />\n</parts><addrs><addr address=\"{FRIEND}\" type=\"151\" /></addrs></mms>\n</smses>\n",
        START * 1000
    );
    fs::write(folder.path().join("sms.xml"), xml).unwrap();
    let json = format!(
        r#"[{{"date":"{START}","msg_box":"1","m_type":"132","mms_addresses":[{{"address":"{FRIEND}","type":"137"}}],"mms_body":"is it {OWN}?"}}]"#
    );
    let name = "apps/com.android.providers.telephony/d_f/000000_mms_backup";
    fs::write(folder.path().join("phone.ab"), backup(&[member(name, &zlib(json.as_bytes()))], true)).unwrap();
    let case = run(folder.path(), None, 1);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    let told = |detector: &str| -> Vec<_> {
        let findings = of_kind(&case, detector);
        let rows = findings.iter().map(|finding| match &finding.kind {
            FindingKind::IdentifierInMessage { value, grade, number, .. }
            | FindingKind::IdentifierReceived { value, grade, number, .. } => {
                (value.clone(), *grade, number.clone(), finding.severity, finding.count)
            }
            other => panic!("{other:?}"),
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        rows
    };
    let (own, imei) = (OWN.to_owned(), IMEI.to_owned());
    let (friend, server) = (FRIEND.to_owned(), SERVER.to_owned());
    assert_eq!(
        told("identifier-in-message"),
        [
            (imei.clone(), Grade::Known, friend.clone(), Severity::Medium, 1),
            (OTHER.to_owned(), Grade::Shaped, server.clone(), Severity::Low, 1),
        ]
    );
    assert_eq!(
        told("identifier-received"),
        [
            (own.clone(), Grade::Known, friend, Severity::Info, 1),
            (own, Grade::Known, server.clone(), Severity::Info, 1),
            (imei, Grade::Known, server, Severity::Low, 1),
        ]
    );
    let received = of_kind(&case, "identifier-received")[0];
    assert!(received.words.contains("Nothing left the phone by it"), "{}", received.words);
    assert!(proved(&case, folder.path()) >= 8);
}

#[test]
fn a_bill_without_words_is_one_by_its_mapping() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.csv"), "14.11.2023 23:13:40;+37060000001\n").unwrap();
    let mapping = "header = false\nzone = \"UTC\"\n[columns]\ntime = 1\nnumber = 2\nkind = 3\n";
    let case = run(folder.path(), Some(mapping), 1);
    assert_eq!(case.captures.len(), 1, "{:?}", case.problems);
    assert_eq!((case.captures[0].holds, case.captures[0].frames), (Holds::Phone, 1));
    assert_eq!(run(folder.path(), None, 1).captures, []);
    proved(&case, folder.path());
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "mmssms.db");
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE notes(text TEXT)").unwrap();
    drop(other);
    fs::copy(folder.path().join("mmssms.db-wal"), folder.path().join("lone.db-wal")).unwrap();
    let order = |inputs: Vec<&str>| Order {
        keys: Vec::new(),
        inputs: inputs.into_iter().map(|name| folder.path().join(name)).collect(),
        profile: None,
        store: None,
        atlas: Atlas::embedded(),
        bill: None,
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(1),
        program: "test".to_owned(),
    };
    let problems = |inputs| audit(order(inputs), &Meter::default()).unwrap().problems;
    assert!(problems(vec!["other.db"])[0].problem.contains("holds no messages"));
    assert!(problems(vec!["lone.db-wal"])[0].problem.contains("is the log of a database"));
    assert_eq!(problems(vec!["mmssms.db"]), [], "the log beside it is read with it");
}

#[test]
fn the_files_of_the_corpora() {
    let Some(corpora) = testkit::corpora() else { return };
    let folder = corpora.join("phone");
    let case = run(&folder, None, 1);
    let facts = |name: &str| {
        let file = case.captures.iter().find(|capture| capture.name.ends_with(name)).unwrap();
        assert_eq!(file.holds, Holds::Phone, "{name}");
        file.frames
    };
    assert_eq!(facts("mmssms.db"), 9);
    assert!(facts("contacts2.db") > 0 && facts("sms-and-mms.xml") > 0);
    // The store and the exports are of different phones: whatever one has, the others need not.
    assert!(case.phone.messages.len() >= 9);
    assert!(of_kind(&case, "hidden-message").is_empty(), "nothing tells of more than the stores");
    assert!(
        case.problems.iter().all(|problem| problem.problem.contains("holds no messages")),
        "{:?}",
        case.problems
    );
    proved(&case, &folder);
}
