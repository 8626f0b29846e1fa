//! The places of a message that a value is put in: columns of the table.

use crate::{
    codes::{json, percent, protobuf_field},
    forms::Content,
};

/// A place.
pub(crate) struct Carrier {
    /// Its column.
    pub(crate) name: &'static str,
    /// What of a field it is.
    pub(crate) field: Field,
    /// Whether it holds bytes that are no text.
    pub(crate) binary: bool,
    pub(crate) datagram: bool,
    /// The message with the value under a name; `None` where it cannot hold it.
    pub(crate) put: fn(&str, &Content) -> Option<Vec<u8>>,
}

/// Whether the value is a field's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// A field with the value's name.
    Named,
    /// A field without a name.
    Bare,
    /// None.
    No,
}

pub(crate) const CARRIERS: &[Carrier] = &[
    text("path", Field::Bare, |_, value| Some(get(&format!("/v1/{}/sync", percent(value.bytes())), ""))),
    text("path, last", Field::Bare, |_, value| {
        Some(get(&format!("/v1/sync/{}", percent(value.bytes())), ""))
    }),
    text("path, named", Field::Named, |name, value| {
        Some(get(&format!("/api/{name}/{}?lang=de", percent(value.bytes())), ""))
    }),
    binary("query", Field::Named, |name, value| {
        Some(get(&format!("/sync?t=7&{name}={}&lang=de", percent(value.bytes())), ""))
    }),
    text("header", Field::Named, |name, value| {
        let value = std::str::from_utf8(value.bytes()).ok()?;
        Some(get("/sync", &format!("X-{}: {value}\r\n", name.replace('_', "-"))))
    }),
    text("cookie", Field::Named, |name, value| {
        let value = String::from_utf8(value.bytes().to_vec()).ok()?;
        let value = if value.contains([' ', ',', ';', '"']) { percent(value.as_bytes()) } else { value };
        Some(get("/sync", &format!("Cookie: s=7; {name}={value}; l=de\r\n")))
    }),
    binary("form", Field::Named, |name, value| {
        let body = format!("t=7&{name}={}&lang=de", percent(value.bytes()));
        Some(post("application/x-www-form-urlencoded", body.as_bytes()))
    }),
    text("JSON", Field::Named, |name, value| {
        Some(post("application/json", document(name, value)?.as_bytes()))
    }),
    text("JSON in JSON", Field::Named, |name, value| {
        let body = format!(r#"{{"v":2,"data":"{}","n":[1,2]}}"#, json(&document(name, value)?));
        Some(post("application/json", body.as_bytes()))
    }),
    text("XML", Field::Named, |name, value| {
        let value = escape(std::str::from_utf8(value.bytes()).ok()?);
        let body = format!("<?xml version=\"1.0\"?><r><t>7</t><{name}>{value}</{name}></r>");
        Some(post("text/xml", body.as_bytes()))
    }),
    text("XML attribute", Field::Named, |name, value| {
        let value = escape(std::str::from_utf8(value.bytes()).ok()?);
        let body = format!("<?xml version=\"1.0\"?><r><e t=\"7\" {name}=\"{value}\"/></r>");
        Some(post("text/xml", body.as_bytes()))
    }),
    binary("protobuf", Field::Bare, |_, value| {
        let inner = [protobuf_field(1, b"start"), protobuf_field(3, value.bytes()), vec![0x20, 7]].concat();
        let body = [vec![0x08, 0x96, 0x01], protobuf_field(2, &inner)].concat();
        Some(post("application/x-protobuf", &body))
    }),
    binary("multipart", Field::Named, |name, value| {
        let head = format!("--b7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        let body = [head.as_bytes(), value.bytes(), b"\r\n--b7--\r\n"].concat();
        Some(post("multipart/form-data; boundary=b7", &body))
    }),
    binary("body", Field::Bare, |_, value| Some(post("application/octet-stream", value.bytes()))),
    binary("TCP", Field::No, |_, value| {
        Some([b"\x00\x11\x02\x07\x00login\x00", value.bytes(), b"\x00\x01\x00"].concat())
    }),
    Carrier {
        name: "UDP",
        field: Field::No,
        binary: true,
        datagram: true,
        put: |_, value| Some([b"\xa7\x11\x02\x07\x00reg\x00", value.bytes(), b"\x00\x01\x00"].concat()),
    },
];

const fn text(name: &'static str, field: Field, put: fn(&str, &Content) -> Option<Vec<u8>>) -> Carrier {
    Carrier { name, field, binary: false, datagram: false, put }
}

const fn binary(name: &'static str, field: Field, put: fn(&str, &Content) -> Option<Vec<u8>>) -> Carrier {
    Carrier { name, field, binary: true, datagram: false, put }
}

fn document(name: &str, value: &Content) -> Option<String> {
    let value = json(std::str::from_utf8(value.bytes()).ok()?);
    Some(format!(r#"{{"event":"start","props":{{"{name}":"{value}","ok":true}}}}"#))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn get(target: &str, header: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: api.example\r\n{header}Accept: */*\r\n\r\n").into_bytes()
}

fn post(media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /sync HTTP/1.1\r\nHost: api.example\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
