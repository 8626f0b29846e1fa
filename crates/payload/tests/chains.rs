//! Values inside the encodings that phones were seen to use, and others like them: each is found in the field
//! that holds it, with the decoders on the way.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod support;

use payload::FieldKind;
use support::{base64, deflate, explore, explore_part, find, gzip, percent, zlib};

const IMEI: &str = "004401512345678";

fn events() -> String {
    format!(
        r#"[{{"_track_id":1,"properties":{{"uuid":"{IMEI}","url":"http:\/\/a.example\/"}}}},{{"type":"x"}}]"#
    )
}

/// After the browser's analytics: form, percent, base64, gzip, JSON.
#[test]
fn a_browser_event_is_found_through_five_encodings() {
    let body = format!("crc=-12&gzip=1&data_list={}", percent(&base64(&gzip(events().as_bytes()))));
    let tree = explore(body.as_bytes(), "application/x-www-form-urlencoded", "");
    assert_eq!(find(&tree, IMEI), ["root.data_list.[].properties.uuid form form-value base64 gzip json"]);
    assert_eq!(tree.recognised_by(0).collect::<Vec<_>>(), ["form"]);
    assert_eq!(tree.refuted(0).count(), 0);
    assert_eq!(
        find(&tree, "http://a.example/"),
        ["root.data_list.[].properties.url form form-value base64 gzip json json-string"]
    );
}

/// The same, by a client that does not escape: `+` and `/` stand as they are.
#[test]
fn a_form_with_raw_base64_is_read_too() {
    // Chosen so that the base64 holds a plus.
    let text = (0..200)
        .map(|number| format!(r#"{{"id":"{IMEI}","n":{number}}}"#))
        .find(|text| base64(&gzip(text.as_bytes())).contains('+'));
    let body = format!("d={}&v=1", base64(&gzip(text.unwrap().as_bytes())));
    let tree = explore(body.as_bytes(), "", "");
    assert_eq!(find(&tree, IMEI), ["root.d.id form base64 gzip json"]);
}

/// After the registration client: base64 of JSON under a label that speaks of encryption.
#[test]
fn a_registration_is_found_under_a_label_that_lies() {
    let json = format!(r#"{{"REGVER":"7.0","IMEI1":"{IMEI}","SIM1LTEIMSI":"001010123456789"}}"#);
    let body = base64(json.as_bytes());
    assert!(body.starts_with("eyJSRUdWRVIi"));
    let tree = explore(body.as_bytes(), "application/encrypted-json", "");
    assert_eq!(find(&tree, IMEI), ["root.IMEI1 base64 json"]);
    assert_eq!(tree.recognised_by(0).collect::<Vec<_>>(), ["base64"]);
}

/// After the fitness app: base64 of gzip in a request header.
#[test]
fn a_header_is_explored_like_a_body() {
    let header = base64(&gzip(format!(r#"{{"imei":"{IMEI}"}}"#).as_bytes()));
    let tree = explore_part(header.as_bytes(), FieldKind::Header);
    assert_eq!(find(&tree, IMEI), ["root.imei base64 gzip json"]);
    let tree = explore_part(b"imei=004401512345678; net=\"wifi\"", FieldKind::Header);
    assert_eq!(find(&tree, IMEI), ["root.imei cookie"]);
    let tree = explore_part(b"http://a.example:80/b?imei=004401512345678&c=d", FieldKind::Header);
    assert_eq!(find(&tree, IMEI), ["root.imei url"]);
}

#[test]
fn requests_carry_values_in_path_query_and_cookie() {
    let rows: [(&[u8], FieldKind, &str); 5] = [
        (b"a=1&u%5Bid%5D=004401512345678", FieldKind::Query, "root.u[id] form"),
        (
            b"u=http%3A%2F%2Fx.example%2F%3Fimei%3D004401512345678%26b%3D2",
            FieldKind::Query,
            "root.u.imei form form-value url",
        ),
        (b"/p/004401512345678/x", FieldKind::Path, "root path"),
        (b"/p?imei=004401512345678", FieldKind::Path, "root.imei query"),
        (b"sid=9; uid=004401512345678", FieldKind::Cookie, "root.uid cookie"),
    ];
    for (part, kind, expected) in rows {
        let found = find(&explore_part(part, kind), IMEI);
        assert_eq!(found.last().map(String::as_str), Some(expected), "{}", String::from_utf8_lossy(part));
    }
    let encoded =
        format!("/api/v1/{}", base64(format!(r#"{{"imei":"{IMEI}"}}"#).as_bytes()).trim_end_matches('='));
    assert_eq!(
        find(&explore_part(encoded.as_bytes(), FieldKind::Path), IMEI),
        ["root.imei path base64 json"]
    );
    let bearer = format!(
        "Bearer {}.{}.c2ln",
        base64(br#"{"alg":"none"}"#).trim_end_matches('='),
        base64(format!(r#"{{"sub":"{IMEI}"}}"#).as_bytes()).trim_end_matches('=')
    );
    assert_eq!(find(&explore_part(bearer.as_bytes(), FieldKind::Header), IMEI), ["root.sub base64 json"]);
}

#[test]
fn compressed_bodies_are_read_with_without_and_against_their_label() {
    let json = format!(r#"{{"imei":"{IMEI}","note":"{}"}}"#, "some longer text ".repeat(20));
    let json = json.as_bytes();
    let mut lz4 = Vec::new();
    let mut frame = lz4_flex::frame::FrameEncoder::new(&mut lz4);
    std::io::Write::write_all(&mut frame, json).unwrap();
    frame.finish().unwrap();
    let mut framed = Vec::new();
    std::io::Write::write_all(&mut snap::write::FrameEncoder::new(&mut framed), json).unwrap();
    let packed: [(&str, Vec<u8>); 8] = [
        ("gzip", gzip(json)),
        ("zlib", zlib(json)),
        ("deflate", deflate(json)),
        ("zstd", zstd::encode_all(json, 3).unwrap()),
        ("lz4", lz4),
        ("lz4-block", lz4_flex::block::compress(json)),
        ("snappy", framed),
        ("snappy-block", snap::raw::Encoder::new().compress_vec(json).unwrap()),
    ];
    for (name, body) in &packed {
        for coding in ["", "gzip", "deflate", "br", "identity"] {
            let tree = explore(body, "application/json", coding);
            assert!(tree.recognised_by(0).next().is_some(), "{name} labelled {coding:?}");
            assert!(
                find(&tree, IMEI).contains(&format!("root.imei {name} json")),
                "{name} labelled {coding:?}: {:?}",
                find(&tree, IMEI)
            );
            let honest = matches!(
                (*name, coding),
                (_, "" | "identity") | ("gzip", "gzip") | ("zlib" | "deflate", "deflate")
            );
            assert_eq!(tree.refuted(0).next().is_none(), honest, "{name} labelled {coding:?}");
        }
    }
}

/// Brotli of `{"imei":"004401512345678"}` in an uncompressed meta-block: window 16, length 26, then an empty
/// last block (RFC 7932 section 9.2).
#[test]
fn brotli_is_read_under_its_label() {
    let json = format!(r#"{{"imei":"{IMEI}"}}"#);
    // Bits from the lowest: 0 (window 16), 0 (not last), 00 (4 nibbles), 25 in 16 bits, 1 (uncompressed), padding.
    let header = (25_u32 << 4) | (1 << 20);
    let mut body = header.to_le_bytes()[..3].to_vec();
    body.extend(json.as_bytes());
    body.push(0b11);
    let tree = explore(&body, "application/json", "br");
    assert!(find(&tree, IMEI).contains(&"root.imei br json".into()));
    let tree = explore(&body[..body.len() - 1], "", "br");
    assert!(find(&tree, IMEI).iter().any(|path| path.contains(" br ")));
    assert!(!tree.buffers[1].complete);
}

/// Brotli (quality 11, window 22) of twenty times `{"imei":"004401512345678"}` and a line feed.
#[test]
fn brotli_is_read_without_a_label() {
    let body = [
        0x1b, 0x1b, 0x02, 0xf8, 0x8d, 0xd3, 0x15, 0xf3, 0xa2, 0x84, 0x75, 0x4f, 0x87, 0x47, 0x3e, 0xa0, 0x55,
        0xab, 0x42, 0x09, 0x82, 0x03, 0x3d, 0x15, 0x74, 0xfa, 0x82, 0xc3, 0x50, 0x21, 0xbb, 0x1f, 0xf7, 0xf6,
        0x10, 0x48, 0x89, 0x96, 0xe6, 0xa1, 0xac, 0x1e, 0x0c,
    ];
    let tree = explore(&body, "application/json", "");
    assert_eq!(tree.recognised_by(0).collect::<Vec<_>>(), ["br"]);
    assert_eq!(find(&tree, IMEI).len(), 20);
}

#[test]
fn labels_that_do_not_fit_are_told() {
    let tree = explore(b"<html><body>error</body></html>", "application/json", "");
    assert_eq!(
        (tree.recognised_by(0).collect::<Vec<_>>(), tree.refuted(0).collect::<Vec<_>>()),
        (vec!["html"], vec!["json"])
    );
    let tree = explore(br#"{"a":"b"}"#, "application/json", "gzip");
    assert_eq!(
        (tree.recognised_by(0).collect::<Vec<_>>(), tree.refuted(0).collect::<Vec<_>>()),
        (vec!["json"], vec!["gzip"])
    );
}

#[test]
fn json_inside_strings_is_read_at_every_depth() {
    let inner = format!(r#"{{"imei":"{IMEI}"}}"#);
    let middle = format!(r#"{{"data":{inner:?}}}"#);
    let outer = format!(r#"{{"event":{middle:?}}}"#);
    let tree = explore(outer.as_bytes(), "", "");
    assert_eq!(
        *find(&tree, IMEI).last().unwrap(),
        "root.event.data.imei json json-string json json-string json"
    );
}

#[test]
fn archives_forms_and_messages_hold_values() {
    let json = format!(r#"{{"imei":"{IMEI}"}}"#);
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    let data = deflate(json.as_bytes());
    zip.extend(0_u32.to_le_bytes());
    zip.extend((data.len() as u32).to_le_bytes());
    zip.extend((json.len() as u32).to_le_bytes());
    zip.extend(b"\x08\0\0\0sms.json");
    zip.extend(&data);
    assert_eq!(find(&explore(&zip, "", ""), IMEI), ["root.sms.json.imei zip deflate json"]);

    let form = format!("--b\r\nContent-Disposition: form-data; name=\"log\"\r\n\r\n{json}\r\n--b--\r\n");
    assert_eq!(
        find(&explore(form.as_bytes(), "multipart/form-data; boundary=b", ""), IMEI),
        ["root.log.imei multipart json"]
    );

    let mut message = b"\x0a\x13\x0a\x0f004401512345678\x10\x01\x12\x08device-x\x18\x05".to_vec();
    let tree = explore(&message, "application/x-protobuf", "");
    assert_eq!(find(&tree, IMEI), ["root.1.1 protobuf"]);
    let mut frame = vec![0, 0, 0, 0, message.len() as u8];
    frame.append(&mut message);
    assert_eq!(find(&explore(&frame, "application/grpc", ""), IMEI), ["root.[].1.1 grpc protobuf"]);

    let msgpack = b"\x82\xa4imei\xaf004401512345678\xa1n\x01";
    assert!(find(&explore(msgpack, "", ""), IMEI).contains(&"root.imei msgpack".into()));
    let cbor = b"\xa2\x64imei\x6f004401512345678\x61n\x01";
    assert!(find(&explore(cbor, "", ""), IMEI).contains(&"root.imei cbor".into()));

    let xml = format!("<r><d id=\"1\">{IMEI}</d></r>");
    assert_eq!(find(&explore(xml.as_bytes(), "text/xml", ""), IMEI), ["root.r.d xml"]);
    let plist =
        format!("<?xml version=\"1.0\"?><plist><dict><key>IMEI</key><string>{IMEI}</string></dict></plist>");
    assert_eq!(find(&explore(plist.as_bytes(), "", ""), IMEI), ["root.IMEI plist"]);
    assert_eq!(find(&explore(b"TN:IMEI1,004401512345678,7,WX,V1,SN", "", ""), IMEI), ["root.[] list"]);
    assert_eq!(find(&explore(b"imei: 004401512345678\nmodel: WX\n", "", ""), IMEI), ["root.imei lines"]);
}

#[test]
fn other_writings_of_text_are_read() {
    let hex: String = format!(r#"{{"imei":"{IMEI}"}}"#).bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(find(&explore(hex.as_bytes(), "", ""), IMEI), ["root.imei hex json"]);
    let wide: Vec<u8> = format!("imei={IMEI}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(find(&explore(&wide, "", ""), IMEI), ["root.imei utf-16le form"]);
    let lines: String = base64(&gzip(events().as_bytes()))
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
        .collect();
    assert_eq!(find(&explore(lines.as_bytes(), "", ""), IMEI), ["root.[].properties.uuid base64 gzip json"]);
}

#[test]
fn a_push_protocol_with_json_behind_its_header_is_read() {
    let body = format!("\x02\x01\x07\x7f\x01{{\"imei\":\"{IMEI}\"}}\x03\x02");
    let tree = explore(body.as_bytes(), "", "");
    assert_eq!(find(&tree, IMEI), ["root.imei json"]);
    let packed = [&[2, 0x81, 7, 0xff, 9][..], &gzip(events().as_bytes()), &[0xfe, 0xff]].concat();
    assert_eq!(find(&explore(&packed, "", ""), IMEI), ["root.[].properties.uuid gzip json"]);
}

#[test]
fn every_prefix_of_a_chain_gives_what_it_holds() {
    let body = format!("v=1&d={}", percent(&base64(&gzip(events().repeat(40).as_bytes()))));
    for cut in (0..body.len()).step_by(7) {
        explore(&body.as_bytes()[..cut], "", "");
    }
    let tree = explore(&body.as_bytes()[..body.len() - 20], "", "");
    assert!(!find(&tree, IMEI).is_empty());
    assert!(tree.buffers.iter().any(|buffer| !buffer.complete));
}
