//! The places of a message that a hidden value and what is sent along are put in: columns of the table.

use testkit::Side;

use crate::{
    codes::{base64, base64url, hex, json, percent, protobuf_field, varint},
    forms::Content,
};

/// A place.
pub(crate) struct Place {
    /// Its column.
    pub(crate) name: &'static str,
    /// How bytes that are no text are put there.
    bytes: Bytes,
    /// Whether nothing fits beside the value.
    pub(crate) alone: bool,
    pub(crate) port: u16,
    put: fn(&[Field]) -> Turns,
}

/// A name, and what it has.
pub(crate) type Field = (String, Content);
/// Who says what, in order.
pub(crate) type Turns = Vec<(Side, Vec<u8>)>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bytes {
    AsTheyAre,
    Written,
    /// In an alphabet that needs no escapes there.
    WrittenForAddresses,
}

impl Place {
    /// What is said so that the fields get to the server. Bytes are written in hex or in base64, by turns.
    pub(crate) fn put(&self, fields: Vec<Field>, turn: usize) -> Turns {
        let write = |(name, content): Field| {
            let content = match (content, self.bytes) {
                (Content::Bytes(bytes), Bytes::Written) if turn.is_multiple_of(2) => {
                    Content::Text(base64(&bytes))
                }
                (Content::Bytes(bytes), Bytes::WrittenForAddresses) if turn.is_multiple_of(2) => {
                    Content::Text(base64url(&bytes))
                }
                (Content::Bytes(bytes), Bytes::Written | Bytes::WrittenForAddresses) => {
                    Content::Text(hex(&bytes))
                }
                (content, _) => content,
            };
            (name, content)
        };
        (self.put)(&fields.into_iter().map(write).collect::<Vec<_>>())
    }
}

pub(crate) const PLACES: &[Place] = &[
    http("path", Bytes::WrittenForAddresses, |fields| {
        let query = pairs(&fields[1..]);
        get(&format!("/v1/{}/sync?{query}&lang=de", percent(fields[0].1.bytes())), "")
    }),
    http("query", Bytes::WrittenForAddresses, |fields| {
        get(&format!("/collect?v=3&{}&lang=de", pairs(fields)), "")
    }),
    http("form", Bytes::Written, |fields| {
        post("application/x-www-form-urlencoded", "", format!("v=3&{}&lang=de", pairs(fields)).as_bytes())
    }),
    http("JSON", Bytes::Written, |fields| post("application/json", "", document(fields).as_bytes())),
    http("JSON, apart", Bytes::Written, |fields| {
        let body = format!(r#"{{"head":{},"body":[{}]}}"#, document(&fields[1..]), document(&fields[..1]));
        post("application/json", "", body.as_bytes())
    }),
    http("JSON in JSON", Bytes::Written, |fields| {
        let body = format!(r#"{{"v":3,"msg":"{}"}}"#, json(&document(fields)));
        post("application/json", "", body.as_bytes())
    }),
    http("JSON and header", Bytes::Written, |fields| {
        post("application/json", &headers(&fields[1..]), document(&fields[..1]).as_bytes())
    }),
    http("header", Bytes::Written, |fields| get("/sync", &headers(fields))),
    http("cookie", Bytes::WrittenForAddresses, |fields| {
        let pair = |(name, content): &Field| format!("{name}={}", percent(content.bytes()));
        let pairs: Vec<_> = fields.iter().map(pair).collect();
        get("/sync", &format!("Cookie: {}; lang=de\r\n", pairs.join("; ")))
    }),
    http("XML", Bytes::Written, |fields| {
        let element = |(name, content): &Field| format!("<{name}>{}</{name}>", escape(&text(content)));
        let body: String = fields.iter().map(element).collect();
        post("text/xml", "", format!("<?xml version=\"1.0\"?><r><v>3</v>{body}</r>").as_bytes())
    }),
    http("protobuf", Bytes::AsTheyAre, |fields| {
        let inner: Vec<u8> =
            (2..).zip(fields).flat_map(|(number, field)| protobuf_field(number, field.1.bytes())).collect();
        post("application/x-protobuf", "", &[vec![0x08, 0x96, 0x01], protobuf_field(7, &inner)].concat())
    }),
    http("multipart", Bytes::AsTheyAre, |fields| {
        let mut body = Vec::new();
        for (name, content) in fields {
            body.extend(
                format!("--b7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").into_bytes(),
            );
            body.extend_from_slice(content.bytes());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b7--\r\n");
        post("multipart/form-data; boundary=b7", "", &body)
    }),
    http("body and header", Bytes::AsTheyAre, |fields| {
        post("application/octet-stream", &headers(&fields[1..]), fields[0].1.bytes())
    }),
    Place {
        name: "WebSocket",
        bytes: Bytes::Written,
        alone: false,
        port: 80,
        put: |fields| {
            let upgrade = "GET /ws HTTP/1.1\r\nHost: api.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
            let agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            vec![
                (Side::Client, upgrade.into()),
                (Side::Server, agreed.into()),
                (Side::Client, frame(document(fields).as_bytes())),
            ]
        },
    },
    Place {
        name: "MQTT",
        bytes: Bytes::Written,
        alone: false,
        port: 1883,
        put: |fields| {
            let connect = [&[0x10, 16, 0, 4][..], b"MQTT", &[4, 2, 0, 60, 0, 4], b"c-17"].concat();
            let inner = [&[0, 8][..], b"up/state", document(fields).as_bytes()].concat();
            let publish = [vec![0x30], varint(inner.len() as u64), inner].concat();
            vec![(Side::Client, connect), (Side::Server, vec![0x20, 2, 0, 0]), (Side::Client, publish)]
        },
    },
    Place {
        name: "TCP",
        bytes: Bytes::Written,
        alone: false,
        port: 5222,
        put: |fields| said(format!("{}\n", document(fields)).into_bytes()),
    },
    Place {
        name: "UDP",
        bytes: Bytes::AsTheyAre,
        alone: true,
        port: 5222,
        put: |fields| said(fields[0].1.bytes().to_vec()),
    },
];

const fn http(name: &'static str, bytes: Bytes, put: fn(&[Field]) -> Turns) -> Place {
    Place { name, bytes, alone: false, port: 80, put }
}

fn said(bytes: Vec<u8>) -> Turns {
    vec![(Side::Client, bytes)]
}

fn text(content: &Content) -> String {
    String::from_utf8(content.bytes().to_vec()).unwrap()
}

fn pairs(fields: &[Field]) -> String {
    let mut pairs: Vec<_> =
        fields.iter().map(|(name, content)| format!("{name}={}", percent(content.bytes()))).collect();
    pairs.push("t=7".to_owned());
    pairs.join("&")
}

fn headers(fields: &[Field]) -> String {
    fields.iter().map(|(name, content)| format!("X-{name}: {}\r\n", text(content))).collect()
}

fn document(fields: &[Field]) -> String {
    let pair = |(name, content): &Field| format!(r#""{name}":"{}","#, json(&text(content)));
    let pairs: String = fields.iter().map(pair).collect();
    format!(r#"{{{pairs}"lang":"de","ok":true}}"#)
}

/// The line that each server's own name is put in.
pub(crate) const HOST: &str = "Host: api.example";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// A masked text frame (RFC 6455 section 5.2).
fn frame(text: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let masked = text.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short) if short < 126 => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(masked);
    frame
}

fn get(target: &str, header: &str) -> Turns {
    said(format!("GET {target} HTTP/1.1\r\nHost: api.example\r\n{header}Accept: */*\r\n\r\n").into_bytes())
}

fn post(media: &str, header: &str, body: &[u8]) -> Turns {
    let head = format!(
        "POST /collect HTTP/1.1\r\nHost: api.example\r\n{header}Content-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    said([head.as_bytes(), body].concat())
}
