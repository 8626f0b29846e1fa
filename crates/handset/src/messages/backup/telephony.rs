//! The members that Android's own telephony provider puts into a backup, to messages.
//!
//! Members named `…/000000_sms_backup`: a JSON array in zlib's format, one object for each message, all numbers
//! written as strings (AOSP, `TelephonyBackupAgent`). The store's numbers and what wrote a row are not kept.

use flate2::{Decompress, FlushDecompress, Status};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Oddity,
    messages::{
        phone::{Folder, Sms, Stored, millis},
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

/// Whether a member of a backup is one of these, by its path.
pub fn is_telephony_sms(path: &str) -> bool {
    path.contains("com.android.providers.telephony/") && path.ends_with("_sms_backup")
}

/// Reads a member's content, of which at most `limit` bytes are inflated.
pub fn telephony_sms(content: &[u8], limit: usize) -> TelephonyBackup {
    let mut backup = TelephonyBackup::default();
    let json = inflated(content, limit, &mut backup.oddities);
    let objects: Vec<&RawValue> = match serde_json::from_slice(&json) {
        Ok(objects) => objects,
        Err(error) => {
            let what = "file holds messages that are no JSON";
            backup.oddities.push(Oddity::new(what, error.to_string(), 0));
            return backup;
        }
    };
    for object in objects {
        let place = place(&json, object.get());
        match serde_json::from_str::<Entry>(object.get()) {
            Ok(entry) => backup.messages.push(Stored { value: entry.sms(), place }),
            Err(error) => {
                let what = "file holds a message whose fields are no text";
                backup.oddities.push(Oddity::new(what, error.to_string(), place.start));
            }
        }
    }
    backup
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
        let number = |text: Option<String>| text.and_then(|it| it.trim().parse::<i64>().ok());
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

/// Bytes inflated at a time.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::{is_telephony_sms, telephony_sms};
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

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 0usize..400, byte: u8) {
            let mut content = packed(JSON);
            let length = content.len();
            content[at % length] = byte;
            telephony_sms(&content, 1 << 16);
        }
    }
}
