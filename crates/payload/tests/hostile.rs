//! Hostile and accidental input: noise does not explode into readings, bombs and deep nesting stop at a limit
//! that is told, and no input panics or breaks the laws.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod support;

use payload::{FieldKind, Limit, Limits};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use support::{base64, deflate, explore, explore_part, explore_within, gzip, noise, zlib};

#[test]
fn noise_gives_hardly_any_buffers() {
    let made: usize = (0..200).map(|seed| explore(&noise(seed, 4096), "", "").buffers.len() - 1).sum();
    assert!(made <= 4, "{made} buffers from 200 bodies of noise");
    let small: usize = (0..500).map(|seed| explore(&noise(seed, 40), "", "").buffers.len() - 1).sum();
    assert!(small <= 10, "{small} buffers from 500 short ones");
    let encoded = noise(7, 3000);
    assert_eq!(
        explore(base64(&encoded).as_bytes(), "", "").buffers.len(),
        2,
        "ciphertext in base64 is one buffer"
    );
}

#[test]
fn pictures_are_named_and_left_alone() {
    for (magic, name) in
        [(&b"\xff\xd8\xff\xe0"[..], "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF\0\0\0\0WEBPVP8 ", "webp")]
    {
        let body = [magic, &noise(3, 50_000), &gzip(b"hidden"), &noise(4, 1000)].concat();
        let tree = explore(&body, "application/json", "");
        assert_eq!((tree.buffers.len(), tree.recognised_by(0).collect::<Vec<_>>()), (1, vec![name]));
        assert_eq!(tree.refuted(0).collect::<Vec<_>>(), ["json"]);
    }
}

#[test]
fn words_and_ids_give_no_buffers() {
    let json = br#"{"id":"550e8400-e29b-41d4-a716-446655440000","md5":"d41d8cd98f00b204e9800998ecf8427e",
        "sha":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"application",
        "class":"com.google.android.gms.location.reporting","name":"getInstallReferrerServiceConnection",
        "text":"The quick brown fox jumps over 100% of the lazy dogs","path":"/data/user/0/com.example.app/files",
        "number":"004401512345678","ua":"Mozilla/5.0 (Linux; Android 9; TA-1046) AppleWebKit/537.36"}"#;
    assert_eq!(explore(json, "application/json", "").buffers.len(), 1);
    let agent = b"Mozilla/5.0 (Linux; Android 9; TA-1046 Build/PPR1.180610.011) AppleWebKit/537.36 (KHTML, like Gecko)";
    assert_eq!(explore_part(agent, FieldKind::Header).buffers.len(), 1);
}

#[test]
fn bombs_stop_at_a_limit() {
    let bomb = gzip(&vec![b'a'; 40 << 20]);
    let tree = explore(&bomb, "", "gzip");
    assert!(
        tree.limits.iter().any(|(limit, bytes)| *limit == Limit::Ratio && *bytes > 0),
        "{:?}",
        tree.limits
    );
    let limits = Limits { bytes: 100_000, ratio: 5000, ..Limits::default() };
    let tree = explore_within(limits, &bomb, "", "");
    assert!(tree.limits.iter().any(|(limit, _)| *limit == Limit::Bytes), "{:?}", tree.limits);
    assert!(tree.buffers.iter().skip(1).map(|buffer| buffer.bytes.len()).sum::<usize>() <= 100_000);
}

#[test]
fn nesting_stops_at_a_limit() {
    let deep = vec![b'['; 200_000];
    let tree = explore(&deep, "application/json", "");
    assert!(
        tree.limits.iter().any(|(limit, bytes)| *limit == Limit::Depth && *bytes > 190_000),
        "{:?}",
        tree.limits
    );
    let mut packed = b"{\"imei\":\"004401512345678\"}".to_vec();
    for _ in 0..40 {
        packed = gzip(&packed);
    }
    let tree = explore(&packed, "", "");
    assert!(
        tree.limits.iter().any(|(limit, bytes)| *limit == Limit::Depth && *bytes > 0),
        "{:?}",
        tree.limits
    );
    assert_eq!(tree.buffers.len(), 13);
    let xml = "<a>".repeat(100_000);
    assert!(explore(xml.as_bytes(), "", "").limits.iter().any(|(limit, _)| *limit == Limit::Depth));
}

#[test]
fn many_fields_stop_at_a_limit() {
    let limits = Limits { count: 1000, ..Limits::default() };
    let form = "a=1&".repeat(5000);
    let tree = explore_within(limits, form.as_bytes(), "application/x-www-form-urlencoded", "");
    assert!(tree.limits.iter().any(|(limit, _)| *limit == Limit::Count), "{:?}", tree.limits);
    assert!(tree.fields.len() <= 1001);
    let json = format!("[{}1]", "1,".repeat(5000));
    let tree = explore_within(limits, json.as_bytes(), "", "");
    assert!(
        tree.limits.iter().any(|(limit, bytes)| *limit == Limit::Count && *bytes > 0),
        "{:?}",
        tree.limits
    );
}

/// These took quadratic time in some program or other. No clock here: they would not end.
#[test]
fn quadratic_inputs_end() {
    let inputs: Vec<Vec<u8>> = vec![
        b"=".repeat(1 << 20),
        b"%25".repeat(1 << 18),
        b"%2525".repeat(1 << 18),
        b"&".repeat(1 << 20),
        b"a=b=c&".repeat(1 << 17),
        [&b"--b\r\n"[..], &b"\r\n--b".repeat(1 << 17)].concat(),
        b"--b\r\nA: b\r\n\r\n".repeat(1 << 15),
        b"{\"".repeat(1 << 19),
        b"{\"a\":".repeat(1 << 17),
        b"<a ".repeat(1 << 18),
        b"<!--".repeat(1 << 18),
        b"<a><![CDATA[".repeat(1 << 16),
        b"\x1f\x8b\x08\0\0\0\0\0\0\0".repeat(1 << 15),
        b"PK\x03\x04".repeat(1 << 17),
        b"\\u".repeat(1 << 18),
        b"A".repeat(1 << 20),
        b"QUJD\n".repeat(1 << 17),
        b"eyJh.".repeat(1 << 17),
        b"0a".repeat(1 << 19),
        b"\x0a\x7f".repeat(1 << 18),
        b"\0\0\0\0\x01a".repeat(1 << 16),
        b"\x91".repeat(1 << 18),
        b"k: v\n".repeat(1 << 17),
        b",".repeat(1 << 20),
        b"http://a?b=http://a?b=".repeat(1 << 14),
    ];
    for input in &inputs {
        explore(input, "", "");
        explore_part(input, FieldKind::Header);
        explore_part(input, FieldKind::Query);
    }
}

/// Bytes of some format, as a start for damage.
fn seeds() -> impl Strategy<Value = Vec<u8>> {
    let json =
        br#"{"a":{"b":["x\n\u4f60",-1.5,true,null],"c":"eyJhIjoiYiJ9"},"u":"http:\/\/h\/?q=%41+b&r=1"}"#
            .to_vec();
    let form = b"a=1&data=H4sIAAAA%2B&j=%7B%22k%22%3A1%7D".to_vec();
    let multipart = b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nvalue\r\n--b--\r\n".to_vec();
    let protobuf = b"\x0a\x0f004401512345678\x10\xac\x02\x1a\x05\x0a\x03abc".to_vec();
    let msgpack = b"\x83\xa4imei\xa40044\xa1n\x92\x01\xcd\x12\x34\x07\xc3".to_vec();
    let cbor = b"\xd9\xd9\xf7\xa3\x64imei\x640044\x64list\x9f\x01\x42\x01\x02\xff\x07\x20".to_vec();
    let xml = b"<r a='1'><k>&lt;v&#65;</k><![CDATA[x]]></r>".to_vec();
    let wide: Vec<u8> = "imei=0044&x=\u{1f4f1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let plist = b"bplist00\xd1\x01\x02TimeiT0044\x08\x0b\x10\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x15".to_vec();
    prop_oneof![
        Just(gzip(&json)),
        Just(zlib(&json)),
        Just(deflate(&json)),
        Just(base64(&gzip(&json)).into_bytes()),
        Just(lz4_flex::block::compress(&json.repeat(3))),
        Just(zstd::encode_all(&json[..], 1).unwrap()),
        Just(snap::raw::Encoder::new().compress_vec(&json.repeat(3)).unwrap()),
        Just(json),
        Just(form),
        Just(multipart),
        Just(protobuf),
        Just(msgpack),
        Just(cbor),
        Just(xml),
        Just(wide),
        Just(plist),
    ]
}

proptest! {
    #[test]
    fn any_bytes_obey_the_laws(bytes in prop::collection::vec(any::<u8>(), 0..600), coding in "(gzip|deflate|br|zstd|lz4|snappy|base64|)") {
        explore(&bytes, "application/x-protobuf", &coding);
        explore_part(&bytes, FieldKind::Option);
    }

    #[test]
    fn any_text_obeys_the_laws(text in r#"[ -~\n]{0,200}|[A-Za-z0-9+/=%&]{0,200}|[{}\[\]":,\\ua0-9]{0,100}|[<>/a='"!&;\[\]-]{0,100}"#) {
        explore(text.as_bytes(), "", "");
        explore(text.as_bytes(), "application/x-www-form-urlencoded", "");
        for kind in [FieldKind::Path, FieldKind::Query, FieldKind::Cookie, FieldKind::Header] {
            explore_part(text.as_bytes(), kind);
        }
    }

    #[test]
    fn damaged_formats_obey_the_laws(
        seed in seeds(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
        media in "(application/json|application/grpc|application/cbor|text/xml|)",
    ) {
        let mut bytes = seed;
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        explore(&bytes, &media, "");
        explore_part(&bytes, FieldKind::Query);
    }
}
