//! What tells of text messages: nothing panics, and every place it gives lies in what it was given.

use handset::messages::{
    Direction,
    backup::{AndroidBackup, BackupDatabase, BackupDatabases, BackupEvent, SmsXml, XmlRecord, telephony_sms},
    bill::read_bill,
    gsm::{Radio, SEPTETS, SEPTETS_BEHIND_HEADER, read_pdu, read_tpdu, replay, sms_of},
    phone::{address_book, calls, message_store},
    sqlite::{Database, Part, Place},
};

/// A database; what follows `SQLITE WAL` is its write-ahead log.
pub(crate) fn database(bytes: &[u8]) {
    let (file, log) = cut(bytes, b"SQLITE WAL");
    let Some(database) = Database::open(file, log) else { return };
    let inside = |place: Place| {
        let len = match place.part {
            Part::File => file.len(),
            Part::Wal { .. } => log.map_or(0, <[u8]>::len),
        };
        assert!(place.start <= place.end && place.end <= len as u64, "{place:?} of {len}");
    };
    if let Some(store) = message_store(&database) {
        store.sms.iter().for_each(|row| inside(row.place));
        store.lost.iter().for_each(|row| inside(row.place));
        store.texts().for_each(|text| [text.place, text.message].into_iter().for_each(inside));
    }
    if let Some(book) = address_book(&database) {
        book.contacts.iter().for_each(|row| inside(row.place));
    }
    if let Some(log) = calls(&database) {
        log.calls.iter().for_each(|row| inside(row.place));
    }
}

/// SMS Backup & Restore: however it is cut, the same.
pub(crate) fn xml(bytes: &[u8]) {
    let read = |size: usize| {
        let (mut reader, mut out) = (SmsXml::default(), Vec::new());
        bytes.chunks(size).for_each(|part| reader.push(part, &mut out));
        reader.finish(&mut out);
        out
    };
    let whole = read(bytes.len().max(1));
    for record in &whole {
        if let XmlRecord::Sms(row) = record {
            assert!(row.place.start <= row.place.end && row.place.end <= bytes.len() as u64);
        }
    }
    assert!(whole == read(7), "it depends on how it is cut");
}

/// Android's backup: no more comes out than was allowed.
pub(crate) fn backup(bytes: &[u8]) {
    let mut given = 0;
    let mut databases = BackupDatabases::new(LIMIT);
    let mut take = |event: BackupEvent<'_>| {
        databases.take(&event);
        if let BackupEvent::Content(content) = event {
            given += content.len();
        }
    };
    let mut reader = AndroidBackup::new(LIMIT as u64);
    bytes.chunks(911).for_each(|part| reader.push(part, &mut take));
    reader.finish(&mut take);
    assert!(given <= LIMIT, "{given} bytes");
    let (databases, _) = databases.finish();
    let log = |it: &BackupDatabase| it.log.as_ref().map_or(0, |(_, log)| log.len());
    let kept: usize = databases.iter().map(|it| it.content.len() + log(it)).sum();
    assert!(kept <= LIMIT, "{kept} bytes kept");
    databases.iter().for_each(|it| assert!(it.open().is_some()));
    telephony_sms(bytes, LIMIT);
}

/// Messages of the radio and the SIM, and the texts in them.
pub(crate) fn tpdu(bytes: &[u8]) {
    for direction in [Direction::Incoming, Direction::Outgoing] {
        for tpdu in [read_tpdu(bytes, 0, direction), read_pdu(bytes, 0, direction).map(|(_, tpdu)| tpdu)] {
            let Some(tpdu) = tpdu else { continue };
            let place = tpdu.user.bytes();
            assert!(place.end <= bytes.len() as u64 && tpdu.data.end <= place.end, "{place:?}");
        }
    }
    let mut radio = Radio::default();
    for (index, payload) in (0..).zip(bytes.split(|byte| *byte == b'\n')) {
        if let Some(heard) = radio.push(index, payload) {
            assert!(heard.from.iter().all(|piece| piece.start <= piece.end));
        }
    }
    sms_of(bytes);
    for decoder in [SEPTETS, SEPTETS_BEHIND_HEADER] {
        assert!(replay(decoder, bytes, 100).is_none_or(|text| text.len() <= 100));
    }
}

/// A bill: its rows stand in it, one behind the other.
pub(crate) fn bill(bytes: &[u8]) {
    let mut at = 0;
    for row in read_bill(bytes, None).rows {
        assert!(at <= row.start && row.start <= row.end && row.end <= bytes.len() as u64, "{row:?}");
        at = row.end;
    }
}

fn cut<'b>(bytes: &'b [u8], mark: &[u8]) -> (&'b [u8], Option<&'b [u8]>) {
    match bytes.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (&bytes[..at], Some(&bytes[at + mark.len()..])),
        None => (bytes, None),
    }
}

/// Bytes that a backup may give.
const LIMIT: usize = 1 << 20;
