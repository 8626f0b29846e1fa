//! Form and decoders of a sighting -> how the value was written, in the words of people who never met an encoding:
//! `base64`, `gzip`, `json` around it are `packed with gzip and written as base64`.

use evidence::{Form, SightingKey, prose};

/// How the value was written, in the order in which it was done: `as its MD5 digest, packed with gzip`; `as it stands`
/// where nothing hides it.
pub(crate) fn written(key: &SightingKey) -> String {
    let mut steps = of_form(&key.form.0);
    let zipped = key.encodings.iter().any(|name| name == "zip");
    // Deflate is how archives pack. The case lists the decoders from the outermost inwards.
    let decoders = key.encodings.iter().rev().filter(|name| !(zipped && *name == "deflate"));
    steps.extend(decoders.filter_map(|name| of_decoder(name)));
    let mut done: Vec<String> = Vec::with_capacity(steps.len());
    for step in steps {
        if !done.contains(&step) {
            done.push(step);
        }
    }
    match done.is_empty() {
        true => "as it stands".to_owned(),
        false => prose::list(&done),
    }
}

/// What a form's steps do to the value, without those that leave it readable.
fn of_form(form: &str) -> Vec<String> {
    let mut told = Vec::new();
    let mut hashed = false;
    for (place, step) in form.split('/').enumerate() {
        if let Some(name) = Form::function(step) {
            told.push(digested(name, step));
            hashed = true;
            continue;
        }
        let words = match step {
            _ if step.starts_with("base64") => "written as base64",
            // A digest is bytes: that they are written as hex is what everybody expects.
            "hex" | "raw" | "hex-lower" | "hex-upper" if hashed || place == 0 => "",
            "hex" => "written as hex digits",
            "utf16le" | "utf16be" => "written as UTF-16",
            "reversed" | "raw-reversed" => "written backwards",
            "latin1" => "",
            "words" => "written as numbers",
            "uuid3" | "uuid3-plain" => "made a UUID",
            _ if place == 0 => spelled(step),
            _ => "",
        };
        told.push(words.to_owned());
    }
    told.retain(|words| !words.is_empty());
    told
}

/// `as its salted SHA-256 digest, cut short`.
fn digested(name: &str, step: &str) -> String {
    let salted = if step.contains("salt") || step.contains("hmac") { "salted " } else { "" };
    let nested = step.matches('(').count() > 1;
    let of = if nested { ", made of another digest" } else { "" };
    let cut = if step.contains("..") { ", cut short" } else { "" };
    format!("as its {salted}{name} digest{of}{cut}")
}

/// How a value's text or bytes were written, where that is not as everybody writes them.
fn spelled(step: &str) -> &'static str {
    let known = SPELLINGS.iter().find(|(names, _)| names.iter().any(|name| step.starts_with(name)));
    known.map_or("", |(_, words)| *words)
}

/// What was done so that a decoder had to undo it; `None` where it hides nothing.
fn of_decoder(name: &str) -> Option<String> {
    if let Some((_, words)) = DECODERS.iter().find(|(known, _)| *known == name) {
        return Some((*words).to_owned()).filter(|words| !words.is_empty());
    }
    let (how, rest) = name.split_once(' ').unwrap_or((name, ""));
    Some(match how {
        "base64" => "written as base64 with letters in another order".to_owned(),
        "xor" => "scrambled (exclusive or with a key that was found)".to_owned(),
        _ if rest.contains("key=") => format!("encrypted with {how}, whose key was within reach"),
        "bits" | "digits" | "letters" | "less" | "nibbles" | "reversed" => format!("scrambled ({name})"),
        _ => format!("written as {name}"),
    })
}

/// How first steps of forms begin (`identifiers/src/forms/` lists them), and what they say.
const SPELLINGS: [(&[&str], &str); 7] = [
    (&["digits[", "bare"], "without its last part"),
    (&["imeisv"], "with the number of the software version"),
    (&["digits+luhn"], "with a check digit"),
    (&["bcd", "mobile-identity", "sms-address"], "packed, two digits a byte"),
    (&["u16", "u32", "u64", "varint", "zigzag", "f64"], "as a binary number"),
    (&["hex-number"], "as a number in hex"),
    (&["mcc", "mnc", "low16", "enodeb"], "in part"),
];

/// Decoders by the name under which `payload` registers them, and what they undo; nothing where that hides nothing.
const DECODERS: [(&str, &str); 49] = [
    ("base64", "written as base64"),
    ("bplist", "put in a binary property list"),
    ("br", "packed with Brotli"),
    ("cbor", "put in a binary record (CBOR)"),
    ("cookie", ""),
    ("deflate", "packed with Deflate"),
    ("form", ""),
    ("form-value", ""),
    ("grpc", "put in a binary record (gRPC)"),
    ("gsm-7bit", ""),
    ("gsm-7bit-header", ""),
    ("gzip", "packed with gzip"),
    ("hex", "written as hex digits"),
    ("html", ""),
    ("huffman", ""),
    ("json", ""),
    ("json-lines", ""),
    ("json-string", ""),
    ("jwt", "put in a signed token (JWT)"),
    ("latin-1", ""),
    ("length-prefixed", ""),
    ("lines", ""),
    ("list", ""),
    ("lz4", "packed with LZ4"),
    ("lz4-block", "packed with LZ4"),
    ("msgpack", "put in a binary record (MessagePack)"),
    ("multipart", ""),
    ("package", ""),
    ("path", ""),
    ("percent", ""),
    ("permessage-deflate", ""),
    ("permessage-deflate-continued", ""),
    ("plist", ""),
    ("protobuf", "put in a binary record (Protocol Buffers)"),
    ("protobuf-delimited", "put in a binary record (Protocol Buffers)"),
    ("query", ""),
    ("snappy", "packed with Snappy"),
    ("snappy-block", "packed with Snappy"),
    ("tar", "put in a tar archive"),
    ("text", ""),
    ("url", ""),
    ("utf-16be", "written as UTF-16"),
    ("utf-16le", "written as UTF-16"),
    ("websocket-mask", ""),
    ("xml", ""),
    ("xml-text", ""),
    ("zip", "packed in a zip archive"),
    ("zlib", "packed with zlib"),
    ("zstd", "packed with Zstandard"),
];

#[cfg(test)]
mod tests {
    use evidence::{Direction, EndpointId, Grade, IdentifierKind, Security};

    use super::*;

    fn key(form: &str, encodings: &str) -> SightingKey {
        SightingKey {
            kind: IdentifierKind::Imei,
            value: String::new(),
            label: String::new(),
            grade: Grade::Known,
            form: Form(form.to_owned()),
            field: String::new(),
            encodings: encodings.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            carrier: evidence::Carrier::Body,
            direction: Direction::Out,
            security: Security::Clear,
            endpoint: EndpointId(0),
            device: String::new(),
            app: String::new(),
        }
    }

    #[test]
    fn forms_are_told_in_plain_words() {
        let rows = [
            ("digits", "", "as it stands"),
            ("digits", "form percent json", "as it stands"),
            ("digits", "base64 gzip json", "packed with gzip and written as base64"),
            ("digits", "base64 base64 json", "written as base64"),
            ("digits", "zip deflate json", "packed in a zip archive"),
            ("md5/hex", "gzip json", "as its MD5 digest and packed with gzip"),
            ("md5(value)/hex", "", "as its MD5 digest"),
            ("colon-upper/sha256[..8]/hex", "", "as its SHA-256 digest, cut short"),
            ("sha3-256(salt:value)/base64", "", "as its salted SHA-3 digest and written as base64"),
            ("hmac-sha256(key=salt,value)/hex", "", "as its salted SHA-256 digest"),
            ("sm3(value)/hex", "", "as its SM3 digest"),
            ("sha1(hex(md5(value)))/hex", "", "as its SHA-1 digest, made of another digest"),
            (
                "digits/base64+1",
                "protobuf",
                "written as base64 and put in a binary record (Protocol Buffers)",
            ),
            ("text/utf16le/hex", "", "written as UTF-16 and written as hex digits"),
            ("bcd-swapped", "", "packed, two digits a byte"),
            ("digits", "what-comes", "written as what-comes"),
        ];
        for (form, encodings, expected) in rows {
            assert_eq!(written(&key(form, encodings)), expected, "{form} {encodings}");
        }
    }

    #[test]
    fn what_was_opened_by_force_is_told_with_the_way() {
        let opened = |way: &str| {
            let mut key = key("digits", "");
            key.encodings = vec!["hex".to_owned(), way.to_owned(), "json".to_owned()];
            written(&key)
        };
        assert_eq!(
            opened("aes-128-cbc/pkcs7 key=field \"k\" iv=prefix"),
            "encrypted with aes-128-cbc/pkcs7, whose key was within reach and written as hex digits"
        );
        assert_eq!(
            opened("xor key=12ab"),
            "scrambled (exclusive or with a key that was found) and written as hex digits"
        );
        assert_eq!(opened("nibbles swapped"), "scrambled (nibbles swapped) and written as hex digits");
    }
}
