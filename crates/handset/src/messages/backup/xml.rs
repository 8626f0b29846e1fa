//! The XML of "SMS Backup & Restore" to messages.
//!
//! Elements `sms` and `mms` with attributes named as the columns of Android's store, `part` and `addr` inside
//! of `mms`; all times in milliseconds. Exporters and their versions differ: nothing is required.

use std::mem;

use base64_simd::{STANDARD, forgiving_decode_to_vec};
use evidence::Timestamp;

use super::markup::{Tag, TagKind, Tags};
use crate::{
    Found, Oddity,
    messages::{
        phone::{Folder, Mms, MmsAddress, MmsPart, MmsRole, Sms, Stored, millis},
        sqlite::{Part, Place},
    },
};

/// What the file gives.
#[derive(Clone, Debug, PartialEq)]
pub enum XmlRecord {
    /// A multimedia message.
    Mms(Stored<Mms>),
    /// Something odd.
    Odd(Oddity),
    /// A message.
    Sms(Stored<Sms>),
}

/// Reads a file of any length.
#[derive(Debug, Default)]
pub struct SmsXml {
    tags: Tags,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Reader {
    /// The multimedia message whose end has not come, and where it began.
    open: Option<(u64, Mms)>,
    /// Bytes of contents in it.
    kept: usize,
    announced: Option<u64>,
    messages: u64,
}

impl SmsXml {
    /// Whether a file begins as these do: the element `smses` within its first kilobyte.
    pub fn is_one(head: &[u8]) -> bool {
        let head = head.get(..1024).unwrap_or(head);
        memchr::memmem::find(head, b"<smses").is_some()
    }

    /// Takes the next bytes; what they complete goes to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<XmlRecord>) {
        let reader = &mut self.reader;
        self.tags.push(bytes, &mut |tag| match tag {
            Ok(tag) => reader.tag(tag, out),
            Err(odd) => out.push(XmlRecord::Odd(odd)),
        });
    }

    /// The file ends here.
    pub fn finish(mut self, out: &mut Vec<XmlRecord>) {
        out.extend(self.tags.finish().map(XmlRecord::Odd));
        if let Some((start, mms)) = self.reader.open.take() {
            out.push(XmlRecord::Odd(Oddity::new("file lacks the end of a message", "", start)));
            self.reader.mms(start..start, mms, out);
        }
        let (said, there) = (self.reader.announced, self.reader.messages);
        if said.is_some_and(|said| said != there) {
            let detail = format!("says {}, holds {there}", said.unwrap_or(0));
            out.push(XmlRecord::Odd(Oddity::new(
                "file holds another number of messages than it says",
                detail,
                0,
            )));
        }
    }
}

impl Reader {
    fn tag(&mut self, tag: Found<Tag>, out: &mut Vec<XmlRecord>) {
        let bytes = tag.bytes();
        let tag = tag.value;
        match (tag.name.as_str(), tag.kind) {
            ("smses", TagKind::Open | TagKind::SelfClosing) => {
                self.announced = tag.value("count").and_then(|it| it.parse().ok());
            }
            ("sms", TagKind::Open | TagKind::SelfClosing) => self.sms(&tag, bytes, out),
            ("mms", TagKind::Close) => {
                if let Some((start, mms)) = self.open.take() {
                    self.mms(start..bytes.end, mms, out);
                }
            }
            ("mms", kind) => {
                if let Some((start, mms)) = self.open.take() {
                    out.push(XmlRecord::Odd(Oddity::new("file lacks the end of a message", "", start)));
                    self.mms(start..bytes.start, mms, out);
                }
                let mms = mms(&tag, bytes.start, out);
                match kind {
                    TagKind::SelfClosing => self.mms(bytes, mms, out),
                    _ => self.open = Some((bytes.start, mms)),
                }
            }
            ("part", TagKind::Open | TagKind::SelfClosing) => self.part(&tag, bytes, out),
            ("addr", TagKind::Open | TagKind::SelfClosing) => self.address(&tag, bytes),
            _ => {}
        }
    }

    fn sms(&mut self, tag: &Tag, bytes: std::ops::Range<u64>, out: &mut Vec<XmlRecord>) {
        self.messages = self.messages.saturating_add(1);
        if tag.attributes.is_empty() {
            out.push(XmlRecord::Odd(Oddity::new(
                "file holds a message without anything in it",
                "",
                bytes.start,
            )));
            return;
        }
        let value = sms(tag, bytes.start, out);
        out.push(XmlRecord::Sms(Stored { value, place: place(bytes) }));
    }

    fn mms(&mut self, bytes: std::ops::Range<u64>, value: Mms, out: &mut Vec<XmlRecord>) {
        self.messages = self.messages.saturating_add(1);
        self.kept = 0;
        out.push(XmlRecord::Mms(Stored { value, place: place(bytes) }));
    }

    fn part(&mut self, tag: &Tag, bytes: std::ops::Range<u64>, out: &mut Vec<XmlRecord>) {
        let Some((_, mms)) = &mut self.open else { return };
        let text = |name| tag.value(name).map(str::to_owned);
        let mut data = tag.value("data").map_or(Vec::new(), |it| decoded(it, bytes.start, out));
        if self.kept.saturating_add(data.len()) > MOST_CONTENT || mms.parts.len() >= MOST_PARTS {
            let detail = format!("{} bytes", mem::take(&mut data).len());
            out.push(XmlRecord::Odd(Oddity::new(
                "file holds a part that is more than is kept",
                detail,
                bytes.start,
            )));
        }
        self.kept = self.kept.saturating_add(data.len());
        let name = ["name", "cl", "fn"].iter().find_map(|it| text(it));
        if mms.parts.len() < MOST_PARTS {
            let (kind, file) = (text("ct"), text("_data"));
            mms.parts.push(MmsPart { kind, name, text: text("text"), file, data, place: place(bytes) });
        }
    }

    fn address(&mut self, tag: &Tag, bytes: std::ops::Range<u64>) {
        let Some((_, mms)) = &mut self.open else { return };
        let role = MmsRole::new(number(tag, "type").unwrap_or(0));
        if let Some(address) = tag.value("address").filter(|_| mms.addresses.len() < MOST_PARTS) {
            mms.addresses.push(MmsAddress { address: address.to_owned(), role, place: place(bytes) });
        }
    }
}

fn sms(tag: &Tag, at: u64, out: &mut Vec<XmlRecord>) -> Sms {
    let text = |name| tag.value(name).map(str::to_owned);
    Sms {
        id: number(tag, "_id"),
        thread: number(tag, "thread_id"),
        address: text("address"),
        date: time(tag, "date", at, out),
        date_sent: time(tag, "date_sent", at, out),
        folder: Folder::new(number(tag, "type").unwrap_or(0)),
        read: number(tag, "read").map(|it| it != 0),
        body: text("body"),
        creator: text("creator"),
        service_centre: text("service_center"),
        subscription: number(tag, "sub_id").filter(|it| *it >= 0),
        status: number(tag, "status"),
        error: number(tag, "error_code").filter(|it| *it != 0),
    }
}

fn mms(tag: &Tag, at: u64, out: &mut Vec<XmlRecord>) -> Mms {
    let text = |name| tag.value(name).map(str::to_owned);
    let folder = Folder::new(number(tag, "msg_box").unwrap_or(0));
    // The other side stands in the element itself; several are joined by `~`.
    let role = if folder == Folder::Inbox { MmsRole::From } else { MmsRole::To };
    let others = tag.value("address").unwrap_or_default().split('~').filter(|it| !it.is_empty());
    let start = place(at..at);
    let addresses =
        others.take(MOST_PARTS).map(|it| MmsAddress { address: it.to_owned(), role, place: start });
    Mms {
        id: number(tag, "_id"),
        thread: number(tag, "thread_id"),
        date: time(tag, "date", at, out),
        date_sent: time(tag, "date_sent", at, out),
        folder,
        kind: number(tag, "m_type"),
        subject: text("sub"),
        message_id: text("m_id"),
        transaction: text("tr_id"),
        location: text("ct_l"),
        creator: text("creator"),
        subscription: number(tag, "sub_id").filter(|it| *it >= 0),
        read: number(tag, "read").map(|it| it != 0),
        addresses: addresses.collect(),
        parts: Vec::new(),
    }
}

fn number(tag: &Tag, name: &str) -> Option<i64> {
    tag.value(name)?.trim().parse().ok()
}

fn time(tag: &Tag, name: &str, at: u64, out: &mut Vec<XmlRecord>) -> Option<Timestamp> {
    let text = tag.value(name)?;
    let number = text.trim().parse().ok();
    if number.is_none() {
        let detail = format!("{name}={}", text.chars().take(40).collect::<String>());
        out.push(XmlRecord::Odd(Oddity::new("file holds a message with a time that is none", detail, at)));
    }
    millis(number)
}

/// Base64, with the line breaks some exporters put in; of broken base64 its beginning.
fn decoded(text: &str, at: u64, out: &mut Vec<XmlRecord>) -> Vec<u8> {
    if let Ok(data) = forgiving_decode_to_vec(text.as_bytes()) {
        return data;
    }
    out.push(XmlRecord::Odd(Oddity::new("file holds a part with broken base64", "", at)));
    let is_digit = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/');
    let clean: Vec<u8> =
        text.bytes().filter(|it| !it.is_ascii_whitespace()).take_while(|it| is_digit(*it)).collect();
    let whole = clean.len() / 4 * 4;
    STANDARD.decode_to_vec(clean.get(..whole).unwrap_or_default()).unwrap_or_default()
}

fn place(bytes: std::ops::Range<u64>) -> Place {
    Place { part: Part::File, start: bytes.start, end: bytes.end }
}

/// Bytes of contents kept of one message; operators allow a hundredth of it.
const MOST_CONTENT: usize = 64 << 20;

/// Parts, and addresses, kept of one message.
const MOST_PARTS: usize = 1000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SmsXml, XmlRecord};
    use crate::messages::phone::{Folder, MmsRole};

    fn read(bytes: &[u8], step: usize) -> Vec<XmlRecord> {
        let (mut xml, mut out) = (SmsXml::default(), Vec::new());
        for chunk in bytes.chunks(step.max(1)) {
            xml.push(chunk, &mut out);
        }
        xml.finish(&mut out);
        out
    }

    fn oddities(records: &[XmlRecord]) -> Vec<&str> {
        let odd = |it: &'_ XmlRecord| match it {
            XmlRecord::Odd(odd) => Some(odd.what.clone().into_owned().leak() as &str),
            _ => None,
        };
        records.iter().filter_map(odd).collect()
    }

    #[test]
    fn the_files_of_the_corpora() {
        let Some(corpora) = testkit::corpora() else { return };
        let count = "file holds another number of messages than it says";
        let rows: [(&str, usize, usize, &[&str]); 6] = [
            ("emptySms.xml", 0, 0, &[count]),
            ("invalidSms.xml", 1, 0, &["file holds a message without anything in it", count]),
            ("invalidSms2.xml", 1, 0, &["file holds a message with a time that is none"]),
            ("sms-and-mms.xml", 1, 2, &[count]),
            ("sms-non-dupes.xml", 2, 0, &[]),
            ("sms-non-dupes-2.xml", 2, 0, &[]),
        ];
        for (name, sms, mms, odd) in rows {
            let bytes = std::fs::read(corpora.join("phone").join(name)).expect(name);
            assert!(SmsXml::is_one(&bytes));
            let records = read(&bytes, bytes.len());
            assert_eq!(oddities(&records), odd, "{name}");
            assert_eq!(records.iter().filter(|it| matches!(it, XmlRecord::Sms(_))).count(), sms, "{name}");
            assert_eq!(records.iter().filter(|it| matches!(it, XmlRecord::Mms(_))).count(), mms, "{name}");
            for step in [1, 7, 100] {
                assert_eq!(read(&bytes, step), records, "{name} in steps of {step}");
            }
        }
    }

    #[test]
    fn a_message_with_its_place_and_parts() {
        let text = "<smses count='2'><sms address='+1' date='1336729664538' type='2' body='a&#10;&#55357;&#56832;'\
                    contact_name='x'/><mms date='1412109700000' msg_box='1' address='+2' sub='null'><parts>\
                    <part ct='text/plain' text='hi'/><part ct='image/png' data='iVBO Rw=='/></parts>\
                    <addrs><addr address='+2' type='137'/></addrs></mms></smses>";
        let records = read(text.as_bytes(), 5);
        let [XmlRecord::Sms(sms), XmlRecord::Mms(mms)] = &records[..] else { panic!("{records:?}") };
        assert_eq!((sms.value.folder, sms.value.body.as_deref()), (Folder::Sent, Some("a\n😀")));
        assert_eq!(sms.value.date.unwrap().0, 1_336_729_664_538_000_000);
        let range = usize::try_from(sms.place.start).unwrap()..usize::try_from(sms.place.end).unwrap();
        assert!(text[range.clone()].starts_with("<sms ") && text[range].ends_with("/>"));
        assert_eq!(mms.value.parts[1].data, b"\x89PNG"[..4]);
        assert_eq!((mms.value.text().as_deref(), mms.value.subject.as_deref()), (Some("hi"), None));
        assert_eq!(mms.value.addresses[1].role, MmsRole::From);
    }

    proptest! {
        #[test]
        fn damaged_text_never_panics(at in 0usize..400, byte: u8, step in 1usize..50) {
            let mut text = b"<smses count='1'><mms date='1' msg_box='1'><parts><part data='aGk=' ct=\"a\"/></parts>\
                             <!-- c --></mms><sms body='a&amp;b' date='5'/></smses>".to_vec();
            let length = text.len();
            text[at % length] = byte;
            prop_assert_eq!(read(&text, step), read(&text, length));
        }
    }
}
