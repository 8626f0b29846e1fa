//! `packages.xml` and the files beside it in Android's binary form, since Android 12 (AOSP `BinaryXmlSerializer`).
//!
//! `ABX`, a version of one byte, then tokens: the low half of their byte is what happens, the high half the type
//! of what follows. Names are written once and then stand for their number. Own reader, since each element's
//! place is needed.

use std::rc::Rc;

use super::{
    hex,
    settings::{Element, MOST_ATTRIBUTES, Settings},
};
use crate::{Oddity, reader::Fact};

/// How a file in binary form begins; a version of one byte follows.
pub(crate) const MAGIC: &[u8] = b"ABX";

/// Puts the packages of a `packages.xml`, `package-restrictions.xml` or `runtime-permissions.xml` in binary form
/// into `out`, and operations of an `appops.xml` or `access.abx`; the root element tells which it is.
pub fn read(bytes: &[u8], out: &mut Vec<Fact>) {
    let mut document = Document { bytes, at: MAGIC.len().saturating_add(1), names: Vec::new() };
    let mut settings = Settings::default();
    while document.at < bytes.len() {
        let start = document.at;
        match document.token() {
            Some(Token::Start(element)) => {
                if let Some(oddity) = settings.start(&element) {
                    out.push(Fact::Oddity(oddity));
                    break;
                }
            }
            Some(Token::End(name)) => settings.end(&name, document.at as u64, out),
            Some(Token::Other) => {}
            None => {
                out.push(Fact::Oddity(Oddity::new("file holds broken binary XML", "", start as u64)));
                break;
            }
        }
    }
    settings.close(document.at.min(bytes.len()) as u64, out);
}

struct Document<'a> {
    bytes: &'a [u8],
    at: usize,
    names: Vec<Rc<str>>,
}

enum Token {
    Start(Element),
    End(Rc<str>),
    Other,
}

impl Document<'_> {
    /// The next token, an element's attributes with it; `None` where it is broken.
    fn token(&mut self) -> Option<Token> {
        let start = self.at;
        let token = self.byte()?;
        match token & 0x0f {
            START_TAG => self.element(start).map(Token::Start),
            END_TAG => self.name().map(Token::End),
            ATTRIBUTE => None,
            _ => self.value(token >> 4).map(|_| Token::Other),
        }
    }

    fn element(&mut self, start: usize) -> Option<Element> {
        let name = self.name()?;
        let mut attributes = Vec::new();
        while let Some(token) = self.bytes.get(self.at).filter(|token| **token & 0x0f == ATTRIBUTE) {
            self.at = self.at.checked_add(1)?;
            let attribute = (self.name()?, self.value(token >> 4)?);
            if attributes.len() < MOST_ATTRIBUTES {
                attributes.push(attribute);
            }
        }
        Some(Element { name, attributes, start: start as u64, end: self.at as u64 })
    }

    /// A value, as the text form writes it.
    fn value(&mut self, kind: u8) -> Option<Rc<str>> {
        Some(match kind {
            NULL => "".into(),
            STRING => self.string()?,
            STRING_INTERNED => self.name()?,
            BYTES_HEX | BYTES_BASE64 => hex::text(self.block()?).into(),
            INT => self.int()?.to_string().into(),
            INT_HEX => signed_hex(i64::from(self.int()?)).into(),
            LONG => self.long()?.to_string().into(),
            LONG_HEX => signed_hex(self.long()?).into(),
            FLOAT => f32::from_bits(self.int()?.cast_unsigned()).to_string().into(),
            DOUBLE => f64::from_bits(self.long()?.cast_unsigned()).to_string().into(),
            TRUE => "true".into(),
            FALSE => "false".into(),
            _ => return None,
        })
    }

    /// A name: its number, or a mark and the name, which gets the next number.
    fn name(&mut self) -> Option<Rc<str>> {
        let number = self.short()?;
        if number != NEW_NAME {
            return self.names.get(usize::from(number)).cloned();
        }
        let name = self.string()?;
        // The writer stops numbering here, too.
        if self.names.len() < usize::from(NEW_NAME) {
            self.names.push(Rc::clone(&name));
        }
        Some(name)
    }

    fn string(&mut self) -> Option<Rc<str>> {
        self.block().map(|bytes| String::from_utf8_lossy(bytes).into())
    }

    /// Bytes behind their length.
    fn block(&mut self) -> Option<&[u8]> {
        let length = usize::from(self.short()?);
        self.take(length)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }
}

/// As Java's `Long.toString(value, 16)`.
fn signed_hex(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:x}", value.unsigned_abs())
}

const START_TAG: u8 = 2;
const END_TAG: u8 = 3;
const ATTRIBUTE: u8 = 15;
const NEW_NAME: u16 = 0xffff;

const NULL: u8 = 1;
const STRING: u8 = 2;
const STRING_INTERNED: u8 = 3;
const BYTES_HEX: u8 = 4;
const BYTES_BASE64: u8 = 5;
const INT: u8 = 6;
const INT_HEX: u8 = 7;
const LONG: u8 = 8;
const LONG_HEX: u8 = 9;
const FLOAT: u8 = 10;
const DOUBLE: u8 = 11;
const TRUE: u8 = 12;
const FALSE: u8 = 13;

#[cfg(test)]
mod tests {
    use android_abx::{Attribute, AttributeValue, Event, events_to_abx};

    use super::read;
    use crate::{
        Uid,
        packages::{Flags, Signer, read_xml},
        reader::Fact,
    };

    fn start(name: &str, attributes: Vec<(&str, AttributeValue)>) -> Event {
        let attributes =
            attributes.into_iter().map(|(name, value)| Attribute { name: name.into(), value }).collect();
        Event::StartTag { name: name.into(), attributes }
    }

    fn end(name: &str) -> Event {
        Event::EndTag { name: name.into() }
    }

    fn file() -> Vec<u8> {
        let text = |text: &str| AttributeValue::String(text.to_owned());
        events_to_abx(&[
            Event::StartDocument,
            start("packages", vec![]),
            start(
                "package",
                vec![
                    ("name", text("com.example.app")),
                    ("publicFlags", AttributeValue::Int(129)),
                    ("privateFlags", AttributeValue::Int(8)),
                    ("it", AttributeValue::LongHex(0x11e_8f7d_4c00)),
                    ("version", AttributeValue::Long(57)),
                    ("userId", AttributeValue::Int(10_123)),
                ],
            ),
            start("sigs", vec![]),
            start(
                "cert",
                vec![("index", AttributeValue::Int(0)), ("key", AttributeValue::BytesHex(vec![0x30, 0x82]))],
            ),
            end("cert"),
            end("sigs"),
            start("perms", vec![]),
            start("item", vec![("name", text("p.SMS")), ("granted", AttributeValue::Boolean(true))]),
            end("item"),
            end("perms"),
            end("package"),
            Event::Text("x".into()),
            end("packages"),
            Event::EndDocument,
        ])
        .unwrap()
    }

    #[test]
    fn what_another_writer_writes_is_read() {
        let file = file();
        let mut facts = Vec::new();
        read(&file, &mut facts);
        let [Fact::Package(found)] = &facts[..] else { panic!("{facts:#?}") };
        let package = &found.value;
        assert_eq!(package.uid.as_ref().unwrap().value, Uid(10_123));
        assert_eq!(package.version_code.as_ref().unwrap().value, 57);
        let flags = package.flags.as_ref().unwrap().value;
        assert_eq!(flags, Flags { system: true, privileged: true, updated: true });
        assert_eq!(package.first_install.as_ref().unwrap().value.to_string(), "2009-01-01T00:00:00.000000Z");
        assert_eq!(package.permissions[0].value.granted, Some(true));
        let bytes = usize::try_from(found.start).unwrap()..usize::try_from(found.end).unwrap();
        assert!(file[bytes].windows(15).any(|window| window == b"com.example.app"));

        let mut texts = Vec::new();
        read_xml(b"<package name='com.a'><sigs><cert index='0' key='3082'/></sigs></package>", &mut texts);
        let [Fact::Package(text)] = &texts[..] else { panic!("{texts:#?}") };
        assert_eq!(text.value.signers[0].value, package.signers[0].value);
        assert!(matches!(package.signers[0].value, Signer::Sha256(_)));
    }

    #[test]
    fn a_short_file_that_is_long_when_written_out_is_not_read_to_its_end() {
        let long = "x".repeat(60_000);
        let mut events = vec![start("packages", vec![])];
        for _ in 0..3000 {
            let attribute =
                Attribute { name: long.as_str().into(), value: AttributeValue::String(String::new()) };
            events.push(Event::StartTag { name: "a".into(), attributes: vec![attribute] });
        }
        let mut file = events_to_abx(&events).unwrap();
        // Each element's value is its name once more, by its number.
        let element = [0x32, 0, 1, 0x3f, 0, 2, 0, 2];
        for _ in 0..3000 {
            file.extend(element);
        }
        assert!(file.len() < 200_000);
        let mut facts = Vec::new();
        read(&file, &mut facts);
        let [Fact::Oddity(oddity)] = &facts[..] else { panic!("{}", facts.len()) };
        assert_eq!(oddity.what, "file holds more than is read of its kind");
    }

    #[test]
    fn what_a_user_made_of_a_package_and_allowed_it() {
        let text = |text: &str| AttributeValue::String(text.to_owned());
        let mut facts = Vec::new();
        let files = [
            [
                Event::StartDocument,
                start("package-restrictions", vec![]),
                start(
                    "pkg",
                    vec![
                        ("name", text("com.example.app")),
                        ("inst", AttributeValue::Boolean(false)),
                        ("enabled", AttributeValue::Int(2)),
                    ],
                ),
                end("pkg"),
                end("package-restrictions"),
                Event::EndDocument,
            ]
            .to_vec(),
            [
                Event::StartDocument,
                start("runtime-permissions", vec![]),
                start("package", vec![("name", text("com.example.app"))]),
                start(
                    "permission",
                    vec![
                        ("name", text("p.SMS")),
                        ("granted", AttributeValue::Boolean(true)),
                        ("flags", AttributeValue::IntHex(0x21)),
                    ],
                ),
                end("permission"),
                end("package"),
                end("runtime-permissions"),
                Event::EndDocument,
            ]
            .to_vec(),
        ];
        let kinds = files.map(|events| {
            let file = events_to_abx(&events).unwrap();
            read(&file, &mut facts);
            crate::Kind::of(&file)
        });
        let binary = crate::Xml::Binary;
        let expected = [crate::Kind::PackageRestrictions(binary), crate::Kind::RuntimePermissions(binary)];
        assert_eq!(kinds, expected.map(Some));
        let [Fact::Package(state), Fact::Package(allowed)] = &facts[..] else { panic!("{facts:#?}") };
        let state = &state.value.users[0].value;
        assert_eq!((state.installed, state.enabled, state.stopped), (Some(false), Some(2), Some(false)));
        assert_eq!(allowed.value.permissions[0].value.state, "USER_SET|GRANTED_BY_DEFAULT");
    }

    #[test]
    fn a_cut_file_keeps_what_it_has() {
        let file = file();
        for length in 0..file.len() {
            let mut facts = Vec::new();
            read(&file[..length], &mut facts);
            for fact in &facts {
                assert!(matches!(fact, Fact::Package(_) | Fact::Oddity(_)), "{fact:?}");
            }
        }
    }
}
