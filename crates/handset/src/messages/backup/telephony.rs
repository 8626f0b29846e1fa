//! The members that Android's own telephony provider puts into a backup, to messages.
//!
//! Members named `…/000000_sms_backup` and `…/000000_mms_backup`: a JSON array in zlib's format, one object for each
//! message, all numbers written as strings (AOSP, `TelephonyBackupAgent`). The store's numbers and what wrote a row are
//! not kept, and of a multimedia message only its text and addresses.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    Oddity,
    messages::{
        phone::{Folder, Mms, MmsAddress, MmsPart, MmsRole, Sms, Stored, millis, seconds},
        sqlite::{Part, Place},
    },
};

/// The messages of one member.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TelephonyBackup {
    /// The messages; their places count in the JSON that the member holds compressed.
    pub messages: Vec<Stored<Sms>>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// The multimedia messages of one member.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TelephonyMms {
    /// The messages; their places count in the JSON that the member holds compressed, and those of their parts and
    /// addresses are the message's.
    pub messages: Vec<Stored<Mms>>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// Whether a member of a backup holds multimedia messages, by its path.
pub fn is_telephony_mms(path: &str) -> bool {
    path.contains("com.android.providers.telephony/") && path.ends_with("_mms_backup")
}

/// Whether a member of a backup holds short messages, by its path.
pub fn is_telephony_sms(path: &str) -> bool {
    path.contains("com.android.providers.telephony/") && path.ends_with("_sms_backup")
}

/// Reads the content of a member of short messages, of which at most `limit` bytes are inflated.
pub fn telephony_sms(content: &[u8], limit: usize) -> TelephonyBackup {
    let (messages, oddities) = messages(content, limit, |entry: Entry, _| entry.sms());
    TelephonyBackup { messages, oddities }
}

/// The same of multimedia messages.
pub fn telephony_mms(content: &[u8], limit: usize) -> TelephonyMms {
    let (messages, oddities) = messages(content, limit, |entry: MmsEntry, place| entry.mms(place));
    TelephonyMms { messages, oddities }
}

fn messages<E: DeserializeOwned, T>(
    content: &[u8],
    limit: usize,
    read: impl Fn(E, Place) -> T,
) -> (Vec<Stored<T>>, Vec<Oddity>) {
    let (mut messages, mut oddities) = (Vec::new(), Vec::new());
    let json = inflated(content, limit, &mut oddities);
    let objects: Vec<&RawValue> = match serde_json::from_slice(&json) {
        Ok(objects) => objects,
        Err(error) => {
            let what = "file holds messages that are no JSON";
            oddities.push(Oddity::new(what, error.to_string(), 0));
            return (messages, oddities);
        }
    };
    if objects.len() > MOST_MESSAGES {
        let what = "file holds more messages in one member than are read";
        oddities.push(Oddity::new(what, objects.len().to_string(), 0));
    }
    for object in objects.into_iter().take(MOST_MESSAGES) {
        let place = place(&json, object.get());
        let (text, halves) = whole_characters(object.get());
        match serde_json::from_str(&text) {
            Ok(entry) => messages.push(Stored { value: read(entry, place), place }),
            Err(error) => {
                let what = "file holds a message whose fields are no text";
                oddities.push(Oddity::new(what, error.to_string(), place.start));
            }
        }
        if halves > 0 {
            let what = "file holds a message with half a character";
            oddities.push(Oddity::new(
                what,
                format!("{halves} surrogates without the other half"),
                place.start,
            ));
        }
    }
    (messages, oddities)
}

/// JSON in which each surrogate without its other half, which is no text, is U+FFFD; and how many there were. Messages
/// were cut so, or written to mislead; nothing else of them is lost, and no place moves.
fn whole_characters(json: &str) -> (Cow<'_, str>, u64) {
    let mut halves: Vec<usize> = Vec::new();
    let mut high: Option<usize> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', json.as_bytes().get(at..).unwrap_or_default()) {
        let start = at.saturating_add(found);
        let code = escaped(json, start);
        let lead = high.take();
        // The halves of a pair stand together.
        let joined = lead.is_some_and(|lead| lead.saturating_add(ESCAPE) == start);
        match code {
            Some(0xdc00..=0xdfff) if joined => {}
            code => {
                halves.extend(lead);
                halves.extend(matches!(code, Some(0xdc00..=0xdfff)).then_some(start));
                high = matches!(code, Some(0xd800..=0xdbff)).then_some(start);
            }
        }
        at = start.saturating_add(if code.is_some() { ESCAPE } else { 2 });
    }
    halves.extend(high);
    if halves.is_empty() {
        return (json.into(), 0);
    }
    let mut text = String::with_capacity(json.len());
    let mut rest = 0;
    for half in &halves {
        text.push_str(json.get(rest..*half).unwrap_or_default());
        text.push_str("\\ufffd");
        rest = half.saturating_add(ESCAPE);
    }
    text.push_str(json.get(rest..).unwrap_or_default());
    (text.into(), halves.len() as u64)
}

/// The code of an escape `\uXXXX` that begins there.
fn escaped(json: &str, start: usize) -> Option<u32> {
    let digits = json.get(start..start.checked_add(ESCAPE)?)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}

/// One message. All fields may be missing.
#[derive(Debug, Deserialize)]
struct Entry {
    address: Option<String>,
    body: Option<String>,
    date: Option<String>,
    date_sent: Option<String>,
    read: Option<String>,
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Entry {
    fn sms(self) -> Sms {
        Sms {
            id: None,
            thread: None,
            address: self.address,
            date: millis(number(self.date)),
            date_sent: millis(number(self.date_sent)),
            folder: Folder::new(number(self.kind).unwrap_or(0)),
            read: number(self.read).map(|it| it != 0),
            body: self.body,
            creator: None,
            service_centre: None,
            subscription: None,
            status: number(self.status),
            error: None,
        }
    }
}

/// One multimedia message. All fields may be missing.
#[derive(Debug, Deserialize)]
struct MmsEntry {
    date: Option<String>,
    date_sent: Option<String>,
    msg_box: Option<String>,
    m_type: Option<String>,
    sub: Option<String>,
    tr_id: Option<String>,
    ct_l: Option<String>,
    read: Option<String>,
    #[serde(default)]
    mms_addresses: Vec<MmsAddressEntry>,
    mms_body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct MmsAddressEntry {
    address: Option<String>,
    #[serde(rename = "type")]
    role: Option<String>,
}

impl MmsEntry {
    fn mms(self, place: Place) -> Mms {
        let address = |it: MmsAddressEntry| {
            let role = MmsRole::new(number(it.role).unwrap_or(0));
            Some(MmsAddress { address: it.address?, role, place })
        };
        let part = |text| MmsPart {
            kind: Some("text/plain".to_owned()),
            name: None,
            text: Some(text),
            file: None,
            data: Vec::new(),
            place,
        };
        Mms {
            id: None,
            thread: None,
            date: seconds(number(self.date)),
            date_sent: seconds(number(self.date_sent)),
            folder: Folder::new(number(self.msg_box).unwrap_or(0)),
            kind: number(self.m_type),
            subject: self.sub,
            message_id: None,
            transaction: self.tr_id,
            location: self.ct_l,
            creator: None,
            subscription: None,
            read: number(self.read).map(|it| it != 0),
            addresses: self.mms_addresses.into_iter().filter_map(address).collect(),
            parts: self.mms_body.map(part).into_iter().collect(),
        }
    }
}

fn number(text: Option<String>) -> Option<i64> {
    text.and_then(|it| it.trim().parse().ok())
}

/// Where `part`, a slice of `whole`, lies in it.
fn place(whole: &[u8], part: &str) -> Place {
    let offset = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    let start = u64::try_from(offset).unwrap_or(0);
    let length = u64::try_from(part.len()).unwrap_or(0);
    Place { part: Part::File, start, end: start.saturating_add(length) }
}

fn inflated(content: &[u8], limit: usize, oddities: &mut Vec<Oddity>) -> Vec<u8> {
    let mut inflate = Decompress::new(true);
    let mut json = Vec::new();
    let mut rest = content;
    loop {
        let before = inflate.total_in();
        let room = limit.saturating_sub(json.len()).min(BUFFER);
        json.reserve_exact(room);
        let length = json.len();
        let status = inflate.decompress_vec(rest, &mut json, FlushDecompress::None);
        let used = usize::try_from(inflate.total_in().saturating_sub(before)).unwrap_or(0);
        rest = rest.get(used..).unwrap_or_default();
        let what = match status {
            Ok(Status::StreamEnd) => return json,
            Ok(_) if json.len() >= limit => "file holds more than was to be read",
            Ok(_) if used == 0 && json.len() == length => "file lacks the end of its compressed content",
            Ok(_) => continue,
            Err(_) => "file holds damaged compressed content",
        };
        oddities.push(Oddity::new(what, format!("after {} bytes", json.len()), inflate.total_in()));
        return json;
    }
}

/// How long an escape is: `\uXXXX`.
const ESCAPE: usize = 6;

/// Bytes inflated at a time.
const BUFFER: usize = 1 << 16;

/// Messages of one member that are read. Android writes a thousand into each (AOSP, `TelephonyBackupAgent`).
const MOST_MESSAGES: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::{is_telephony_mms, is_telephony_sms, telephony_mms, telephony_sms};
    use crate::messages::phone::Folder;

    const JSON: &str = r#"[{"self_phone":"+1","address":"+37060000001","body":"hé","date":"1336729664538",
        "date_sent":"0","status":"-1","type":"2","recipients":["+37060000001"],"archived":true,"read":"1"},{"body":7}]"#;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn messages_with_their_places() {
        assert!(is_telephony_sms("apps/com.android.providers.telephony/d_f/000000_sms_backup"));
        let backup = telephony_sms(&packed(JSON), 1 << 20);
        let [message] = &backup.messages[..] else { panic!("one message") };
        assert_eq!((message.value.folder, message.value.body.as_deref()), (Folder::Sent, Some("hé")));
        assert_eq!((message.value.date_sent, message.value.read), (None, Some(true)));
        let range =
            usize::try_from(message.place.start).unwrap()..usize::try_from(message.place.end).unwrap();
        assert!(JSON[range.clone()].starts_with("{\"self_phone") && JSON[range].ends_with("\"1\"}"));
        assert_eq!(backup.oddities[0].what, "file holds a message whose fields are no text");
        let rows = [
            (packed(JSON), 100, "file holds more than was to be read"),
            (packed(JSON)[..40].to_vec(), 1 << 20, "file lacks the end of its compressed content"),
            (b"no zlib".to_vec(), 1 << 20, "file holds damaged compressed content"),
            (packed("{}"), 1 << 20, "file holds messages that are no JSON"),
        ];
        for (content, limit, expected) in rows {
            assert_eq!(telephony_sms(&content, limit).oddities[0].what, expected);
        }
    }

    #[test]
    fn half_a_character_costs_no_message() {
        let rows = [
            (r#"a\ud83d"#, "a\u{fffd}", 1),
            (r#"\ud83d\ud83d\ude00b\ude00\n"#, "\u{fffd}😀b\u{fffd}\n", 2),
            (r#"\ud83dx\ude00"#, "\u{fffd}x\u{fffd}", 2),
            (r#"\\ud83d \ud83d\ude00"#, r"\ud83d 😀", 0),
        ];
        for (body, expected, halves) in rows {
            let backup = telephony_sms(&packed(&format!(r#"[{{"address":"+1","body":"{body}"}}]"#)), 1 << 20);
            let told: Vec<_> =
                backup.oddities.iter().map(|odd| (odd.what.as_ref(), odd.detail.clone())).collect();
            assert_eq!(backup.messages[0].value.body.as_deref(), Some(expected), "{body}");
            let detail = format!("{halves} surrogates without the other half");
            let odd = ("file holds a message with half a character", detail);
            assert_eq!(told, if halves > 0 { vec![odd] } else { Vec::new() }, "{body}");
        }
    }

    #[test]
    fn multimedia_messages_with_their_texts() {
        assert!(is_telephony_mms("apps/com.android.providers.telephony/d_f/000000_mms_backup"));
        let json = r#"[{"self_phone":"+1","sub":"photo","date":"1500000003","m_type":"132","msg_box":"1",
            "mms_addresses":[{"type":"137","address":"+37060000004","charset":"106"},{"type":"151"}],
            "mms_body":"see it","mms_charset":"106"},{"mms_addresses":7}]"#;
        let backup = telephony_mms(&packed(json), 1 << 20);
        let [message] = &backup.messages[..] else { panic!("one message") };
        let texts: Vec<_> = message.value.stored_texts(message.place, false).collect();
        let told: Vec<_> = texts.iter().map(|it| (it.is_incoming(), it.others.join(","), it.text)).collect();
        let other = || "+37060000004".to_owned();
        assert_eq!(told, [(true, other(), "photo"), (true, other(), "see it")]);
        assert_eq!(message.value.date.unwrap().seconds(), 1_500_000_003);
        assert_eq!(backup.oddities[0].what, "file holds a message whose fields are no text");
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 0usize..400, byte: u8) {
            let mut content = packed(JSON);
            let length = content.len();
            content[at % length] = byte;
            telephony_sms(&content, 1 << 16);
            telephony_mms(&content, 1 << 16);
        }
    }
}
