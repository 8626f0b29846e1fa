//! The forms in which a value is sent: rows of the table.

use md5::Digest;

use crate::{
    codes::{
        base64, base64url, deflate, gzip, hex, json, percent_all, protobuf_field, utf16be, utf16le, zlib,
    },
    values::Planted,
};

/// What a carrier is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

impl Content {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// How much of the value's plain writing a form leaves: whether short values may be told by their field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// The writing itself is the carrier's value, or becomes it once a code is undone.
    Value,
    /// A document in which it is a field's value under its name.
    Document,
    /// A digest or packed bytes, which tell enough by themselves.
    Itself,
    /// The writing in a code that must be searched for as it stands.
    Coded,
}

/// A form.
pub(crate) struct Form {
    /// Its row.
    pub(crate) name: &'static str,
    pub(crate) leaves: Leaves,
    pub(crate) make: fn(&str, &Planted) -> Content,
}

/// Forms of the first writing. The other writings go as they are, and in a document in base64.
pub(crate) const FORMS: &[Form] = &[
    form("plain", Leaves::Value, |text, _| Content::Text(text.to_owned())),
    form("percent-encoded once more", Leaves::Value, |text, _| Content::Text(percent_all(text.as_bytes()))),
    form("base64", Leaves::Value, |text, _| Content::Text(base64(text.as_bytes()))),
    form("base64url", Leaves::Value, |text, _| Content::Text(base64url(text.as_bytes()))),
    form("base64 of a document", Leaves::Document, |text, value| document(text, value, "", base64)),
    form("base64, one byte on", Leaves::Document, |text, value| document(text, value, "x", base64)),
    form("base64, two bytes on", Leaves::Document, |text, value| document(text, value, "xy", base64)),
    form("base64url of a document", Leaves::Document, |text, value| document(text, value, "", base64url)),
    form("base64 of a line", Leaves::Coded, |text, _| Content::Text(base64(line(text).as_bytes()))),
    form("base64 of base64", Leaves::Document, |text, value| {
        document(text, value, "", |bytes| base64(base64(bytes).as_bytes()))
    }),
    form("hex", Leaves::Value, |text, _| Content::Text(hex(text.as_bytes()))),
    form("hex of a document", Leaves::Document, |text, value| {
        document(text, value, "", |bytes| hex(bytes).to_uppercase())
    }),
    form("gzip, base64", Leaves::Document, |text, value| {
        document(text, value, "", |bytes| base64(&gzip(bytes)))
    }),
    form("zlib, base64url", Leaves::Document, |text, value| {
        document(text, value, "", |bytes| base64url(&zlib(bytes)))
    }),
    form("deflate, base64", Leaves::Document, |text, value| {
        document(text, value, "", |bytes| base64(&deflate(bytes)))
    }),
    form("protobuf, base64", Leaves::Coded, |text, _| Content::Text(base64(&message(text)))),
    form("UTF-16, base64", Leaves::Value, |text, _| Content::Text(base64(&utf16le(text)))),
    form("JWT", Leaves::Document, |text, value| {
        let head = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
        Content::Text(format!(
            "{head}.{}.{}",
            base64url(written(text, value, "").as_bytes()),
            base64url(&[7; 32])
        ))
    }),
    form("reversed", Leaves::Coded, |text, _| Content::Text(text.chars().rev().collect())),
    form("MD5, hex", Leaves::Itself, |text, _| Content::Text(hex(&md5::Md5::digest(text)))),
    form("MD5, upper hex", Leaves::Itself, |text, _| {
        Content::Text(hex(&md5::Md5::digest(text)).to_uppercase())
    }),
    form("MD5, base64", Leaves::Itself, |text, _| Content::Text(base64(&md5::Md5::digest(text)))),
    form("SHA-1, hex", Leaves::Itself, |text, _| Content::Text(hex(&sha1::Sha1::digest(text)))),
    form("SHA-1, 16 digits", Leaves::Itself, |text, _| Content::Text(hex(&sha1::Sha1::digest(text)[..8]))),
    form("SHA-256, hex", Leaves::Itself, |text, _| Content::Text(hex(&sha2::Sha256::digest(text)))),
    form("SHA-256, base64url", Leaves::Itself, |text, _| {
        Content::Text(base64url(&sha2::Sha256::digest(text)))
    }),
    form("SHA-512, hex", Leaves::Itself, |text, _| Content::Text(hex(&sha2::Sha512::digest(text)))),
    form("SHA-256, bytes", Leaves::Itself, |text, _| Content::Bytes(sha2::Sha256::digest(text).to_vec())),
    form("gzip", Leaves::Document, |text, value| Content::Bytes(gzip(written(text, value, "").as_bytes()))),
    form("zlib", Leaves::Document, |text, value| Content::Bytes(zlib(written(text, value, "").as_bytes()))),
    form("deflate", Leaves::Document, |text, value| {
        Content::Bytes(deflate(written(text, value, "").as_bytes()))
    }),
    form("UTF-16, little-endian", Leaves::Coded, |text, _| Content::Bytes(utf16le(text))),
    form("UTF-16, big-endian", Leaves::Coded, |text, _| Content::Bytes(utf16be(text))),
];

const fn form(name: &'static str, leaves: Leaves, make: fn(&str, &Planted) -> Content) -> Form {
    Form { name, leaves, make }
}

/// A JSON document with the value under its name, behind `before`, in a code.
fn document(text: &str, value: &Planted, before: &str, code: impl Fn(&[u8]) -> String) -> Content {
    Content::Text(code(written(text, value, before).as_bytes()))
}

fn written(text: &str, value: &Planted, before: &str) -> String {
    let (name, text) = (value.name, json(text));
    format!(r#"{{"event":"start{before}","props":{{"{name}":"{text}","lang":"de","ok":true}}}}"#)
}

fn line(text: &str) -> String {
    format!("start|7|{text}|de")
}

fn message(text: &str) -> Vec<u8> {
    let inner = [protobuf_field(1, b"start"), protobuf_field(3, text.as_bytes()), vec![0x20, 7]].concat();
    protobuf_field(2, &inner)
}
