//! Any bytes through the payload explorer: buffers replay from what they were made of, every byte of a buffer
//! has a source, ranges and numbers are sound, and an explorer that is used again tells the same.
//!
//! The last byte of the input says which part of a message the others are, and what its label claims.

use evidence::Fidelity;
use payload::{Explorer, Field, FieldKind, Hint, Limits, Name, Origin, Root, RootField, Tree, replay_up_to};

pub(crate) fn explore(input: &[u8]) {
    let Some((choice, bytes)) = input.split_last() else { return };
    let choice = usize::from(*choice);
    let kind = KINDS[choice % KINDS.len()];
    let (media, coding) = LABELS[choice / KINDS.len() % LABELS.len()];
    let mut explorer = Explorer::new(LIMITS);
    let first = explorer.explore(vec![root(bytes, kind, Hint { media, coding })]);
    check(&first);
    let told = summary(&first);
    explorer.recycle(first);
    let second = explorer.explore(vec![root(bytes, kind, Hint { media, coding })]);
    assert!(told == summary(&second), "a second look tells something else");
}

fn root<'a>(bytes: &'a [u8], kind: FieldKind, hint: Hint<'a>) -> Root<'a> {
    let field = RootField { name: Name::Owned("root".into()), value: 0..bytes.len(), kind, hint };
    Root { bytes: bytes.into(), fields: vec![field] }
}

/// What can be compared of a tree.
fn summary(tree: &Tree<'_>) -> (Vec<Vec<u8>>, Vec<Field>, String) {
    let buffers = tree.buffers.iter().map(|buffer| buffer.bytes.to_vec()).collect();
    (buffers, tree.fields.clone(), format!("{:?} {:?}", tree.limits, tree.readings))
}

fn check(tree: &Tree<'_>) {
    let made: usize = tree.buffers.iter().skip(1).map(|buffer| buffer.bytes.len()).sum();
    assert!(made as u64 <= LIMITS.bytes, "{made} bytes made");
    assert!(tree.fields.len() + tree.buffers.len() <= LIMITS.count as usize + 2, "more than the limit");
    for (index, buffer) in (0..).zip(&tree.buffers) {
        assert!(buffer.depth <= LIMITS.depth, "deeper than the limit");
        if let Some(origin) = &buffer.origin {
            assert!(origin.source < index, "sources first");
            let source = &tree.buffers[origin.source as usize].bytes;
            check_origin(origin, source, &buffer.bytes);
        }
        for end in [0, buffer.bytes.len() / 2, buffer.bytes.len()] {
            tree.innermost(index, end / 2..end);
            tree.encodings_at(index, end / 2..end);
        }
    }
    for (index, field) in (0..).zip(&tree.fields) {
        let buffer = &tree.buffers[field.buffer as usize].bytes;
        assert!(buffer.get(field.value.clone()).is_some(), "{field:?} lies outside");
        assert!(field.parent.is_none_or(|parent| parent < index), "{field:?}: outer fields first");
        if let Name::Range(name) = &field.name {
            assert!(buffer.get(name.clone()).is_some(), "{field:?}: its name lies outside");
        }
    }
    // The paths of many fields that lie in one another would be long.
    for index in (0..tree.fields.len()).step_by(1 + tree.fields.len() / 100) {
        tree.path(u32::try_from(index).unwrap());
    }
}

/// A buffer can be made again from its source, and its pieces say how.
fn check_origin(origin: &Origin, source: &[u8], bytes: &[u8]) {
    let decoder = origin.decoder;
    let replayed = replay_up_to(decoder, &source[origin.range.clone()], bytes.len());
    assert!(replayed.as_deref() == Some(bytes), "{decoder} does not replay");
    let mut at = 0;
    for piece in &origin.pieces {
        assert!(piece.out == at && piece.len > 0, "{decoder}: every byte has one source: {piece:?}");
        at += piece.len;
        let from = piece.start..piece.start + piece.source_len;
        assert!(origin.range.start <= from.start && from.end <= origin.range.end, "{decoder}: {piece:?}");
        let (out, from) = (&bytes[piece.out..at], &source[from]);
        match piece.fidelity {
            Fidelity::Exact => assert!(out == from, "{decoder}: not the same bytes: {piece:?}"),
            // A second byte order mark is text; alone it would be the first.
            Fidelity::Grouped { .. } if out.starts_with("\u{feff}".as_bytes()) => {}
            Fidelity::Grouped { .. } => {
                let again = replay_up_to(decoder, from, out.len());
                assert!(again.as_deref() == Some(out), "{decoder}: a group does not replay: {piece:?}");
            }
            Fidelity::Within => {}
        }
    }
    assert_eq!(at, bytes.len(), "{decoder}: every byte has a source");
}

/// Smaller than the default, so that a bomb costs little.
const LIMITS: Limits = Limits { depth: 12, bytes: 4 << 20, count: 1 << 16, ratio: 300, nesting: 64 };

const KINDS: [FieldKind; 8] = [
    FieldKind::Body,
    FieldKind::Cookie,
    FieldKind::Header,
    FieldKind::HostName,
    FieldKind::Option,
    FieldKind::Path,
    FieldKind::Query,
    FieldKind::Raw,
];

/// Media types and codings that name each decoder that a label can name.
const LABELS: [(&str, &str); 20] = [
    ("", ""),
    ("application/json", ""),
    ("application/x-www-form-urlencoded", ""),
    ("multipart/form-data; boundary=b", ""),
    ("text/html", ""),
    ("application/x-plist", ""),
    ("text/xml", ""),
    ("application/grpc", ""),
    ("application/x-protobuf", ""),
    ("application/msgpack", ""),
    ("application/cbor", ""),
    ("application/gzip", ""),
    ("", "gzip"),
    ("", "deflate"),
    ("", "br"),
    ("", "zstd"),
    ("", "lz4"),
    ("", "snappy"),
    ("application/json", "base64"),
    ("image/png", "gzip, deflate"),
];
