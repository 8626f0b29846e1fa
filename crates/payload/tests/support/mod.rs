//! What every tree must obey, whatever its input.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;

use evidence::Fidelity;
use payload::{Explorer, FieldKind, Hint, Limits, Name, Root, RootField, Tree, replay_up_to};

/// A tree of one body.
pub fn explore<'a>(body: &'a [u8], media: &'a str, coding: &'a str) -> Tree<'a> {
    explore_within(Limits::default(), body, media, coding)
}

pub fn explore_within<'a>(limits: Limits, body: &'a [u8], media: &'a str, coding: &'a str) -> Tree<'a> {
    let tree = Explorer::new(limits).explore(vec![root(body, FieldKind::Body, Hint { media, coding })]);
    assert_laws(&tree);
    tree
}

/// A tree of one part of a message's head.
pub fn explore_part(part: &[u8], kind: FieldKind) -> Tree<'_> {
    let tree = Explorer::default().explore(vec![root(part, kind, Hint::default())]);
    assert_laws(&tree);
    tree
}

fn root<'a>(bytes: &'a [u8], kind: FieldKind, hint: Hint<'a>) -> Root<'a> {
    let field = RootField { name: Name::Owned("root".into()), value: 0..bytes.len(), kind, hint };
    Root { bytes: bytes.into(), fields: vec![field] }
}

/// The innermost fields whose buffers hold `value`, with the decoders on the way: `path decoder decoder`.
pub fn find(tree: &Tree<'_>, value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (index, buffer) in (0..).zip(&tree.buffers) {
        for at in memchr::memmem::find_iter(&buffer.bytes, value.as_bytes()) {
            let field = tree.innermost(index, at..at + value.len());
            let path = field.map_or(String::new(), |field| tree.path(field));
            let names = tree.encodings_at(index, at..at + value.len());
            found.push(format!("{path} {}", names.join(" ")).trim_end().to_owned());
        }
    }
    found
}

/// The laws: buffers replay, pieces are true, indices and ranges are sound.
pub fn assert_laws(tree: &Tree<'_>) {
    let mut made = std::collections::BTreeSet::new();
    for (index, buffer) in (0_u32..).zip(&tree.buffers) {
        let Some(origin) = &buffer.origin else {
            continue;
        };
        assert!(origin.source < index, "sources first");
        let reading = (origin.source, origin.range.start, origin.range.end, &buffer.bytes);
        assert!(made.insert(reading), "{} made what is there: {:?}", origin.decoder, origin.range);
        let source = &tree.buffers[origin.source as usize].bytes;
        let input = &source[origin.range.clone()];
        let replayed = replay_up_to(origin.decoder, input, buffer.bytes.len());
        assert_eq!(replayed.as_deref(), Some(&*buffer.bytes), "{} replays", origin.decoder);
        let mut end = 0;
        for piece in &origin.pieces {
            assert!(piece.out >= end && piece.len > 0, "{}: pieces sorted: {piece:?}", origin.decoder);
            end = piece.out + piece.len;
            assert!(end <= buffer.bytes.len(), "{}: {piece:?}", origin.decoder);
            assert!(
                piece.start >= origin.range.start && piece.start + piece.source_len <= origin.range.end,
                "{}: {piece:?} in {:?}",
                origin.decoder,
                origin.range
            );
            let (out, from) =
                (&buffer.bytes[piece.out..end], &source[piece.start..piece.start + piece.source_len]);
            match piece.fidelity {
                Fidelity::Exact => assert_eq!(out, from, "{}", origin.decoder),
                Fidelity::Grouped { .. } => {
                    assert_eq!(
                        replay_up_to(origin.decoder, from, out.len()).as_deref(),
                        Some(out),
                        "{}: {piece:?}",
                        origin.decoder
                    );
                }
                Fidelity::Within => {}
            }
        }
        let covered: usize = origin.pieces.iter().map(|piece| piece.len).sum();
        assert_eq!(covered, buffer.bytes.len(), "{}: every byte has a source", origin.decoder);
    }
    for (index, field) in (0_u32..).zip(&tree.fields) {
        let buffer = &tree.buffers[field.buffer as usize];
        assert!(field.value.start <= field.value.end && field.value.end <= buffer.bytes.len(), "{field:?}");
        assert!(field.parent.is_none_or(|parent| parent < index), "{field:?}");
        if let Name::Range(name) = &field.name {
            assert!(name.start <= name.end && name.end <= buffer.bytes.len(), "{field:?}");
        }
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value =
            (0..3).fold(0_u32, |sum, index| sum << 8 | u32::from(group.get(index).copied().unwrap_or(0)));
        for position in 0..4 {
            let sextet = (value >> (18 - 6 * position)) & 63;
            text.push(if position <= group.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

pub fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// Bytes that look random, the same every time.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
