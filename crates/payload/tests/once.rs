//! One value, one reading: what is read piece by piece is not read as a whole as well, addresses are read as
//! addresses wherever they stand, and what chance spells is not taken for names.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod support;

use payload::{FieldKind, Limit, Tree};
use support::{base64, explore, explore_part, find};

const MAC: &str = "d0:37:45:ab:01:9f";
const ESCAPED: &str = "d0%3A37%3A45%3Aab%3A01%3A9f";

/// `decoder field text` of every buffer that a decoder made.
fn made(tree: &Tree<'_>) -> Vec<String> {
    let origins = tree.buffers.iter().filter_map(|buffer| Some((buffer, buffer.origin.as_ref()?)));
    origins
        .map(|(buffer, origin)| {
            let path = origin.field.map_or(String::new(), |field| tree.path(field));
            format!("{} {path} {}", origin.decoder, String::from_utf8_lossy(&buffer.bytes))
        })
        .collect()
}

#[test]
fn a_value_in_a_query_is_unescaped_once() {
    let rows = [
        (format!("/v1/ping?id=1&wifi_mac={ESCAPED}&v=2"), vec![format!("form-value root.wifi_mac {MAC}")]),
        (format!("http://h/v1?wifi_mac={ESCAPED}"), vec![format!("form-value root.wifi_mac {MAC}")]),
        // What stands before the query, and after a hash, is read by itself.
        (format!("/a%20b?m={ESCAPED}"), vec![format!("form-value root.m {MAC}"), "percent root a b".into()]),
        (format!("/p#/r?m={ESCAPED}"), vec![format!("form-value root.m {MAC}")]),
        // Only the whole shows that there is a query, or a value.
        ("/redirect%3Fimei%3D123".into(), vec!["percent root redirect?imei=123".into()]),
        // What stands behind a path in which something is, too.
        (format!("/a%20b?{ESCAPED}"), vec![format!("percent root ?{MAC}"), "percent root a b".into()]),
        (format!("/p?{ESCAPED}"), vec![format!("percent root /p?{MAC}")]),
        // JSON in the place of a name.
        ("/p?%7B%22imei%22%3A1%7D=".into(), vec!["form-value root {\"imei\":1}".into()]),
        // Escaped twice.
        (
            format!("/p?m={}", ESCAPED.replace('%', "%25")),
            vec![format!("form-value root.m {ESCAPED}"), format!("percent root.m {MAC}")],
        ),
    ];
    for (target, expected) in rows {
        assert_eq!(made(&explore_part(target.as_bytes(), FieldKind::Path)), expected, "{target}");
    }
    let tree = explore_part(b"/redirect%3Fimei%3D123", FieldKind::Path);
    assert_eq!(find(&tree, "123").last().unwrap(), "root.imei path percent query");
}

#[test]
fn base64_in_a_value_is_decoded_once() {
    let json = r#"{"imei":"004401512345678"}"#;
    let packed = base64(json.as_bytes());
    let once = |field: &str| vec![format!("base64 {field} {json}")];
    for (text, kind, field) in [
        (format!("/api/v1?data={packed}"), FieldKind::Path, "root.data"),
        (format!("/api/v1/x/{}", packed.trim_end_matches('=')), FieldKind::Path, "root"),
        (format!("a=1; data=\"{packed}\""), FieldKind::Header, "root.data"),
        (format!("http://h/p?a=1&data={packed}"), FieldKind::Header, "root.data"),
        (format!("model: x\ndata: {packed}\n"), FieldKind::Body, "root.data"),
        (format!("<html><script>v={{\"data\":\"{packed}\"}}</script></html>"), FieldKind::Body, "root.data"),
        (format!("some words, {{\"data\":\"{packed}\"}}, and more"), FieldKind::Body, "root.data"),
        (format!("\0\u{1}\u{2}\u{3}\u{4}{{\"data\":\"{packed}\"}}\0\u{1}"), FieldKind::Body, "root.data"),
    ] {
        let tree = explore_part(text.as_bytes(), kind);
        assert_eq!(made(&tree), once(field), "{text}");
    }
    // Beside the values it is found as before.
    let text = format!("model: x\nos: 9\n\n{{\"n\":1}} then {packed}\n");
    assert_eq!(made(&explore(text.as_bytes(), "", "")), once("root"), "{text}");
}

#[test]
fn addresses_are_read_as_such_in_headers_json_and_forms() {
    let referer = format!("http://auth.example/auth?client_mac={ESCAPED}&mac=02:00&u=a,b");
    let tree = explore_part(referer.as_bytes(), FieldKind::Header);
    assert_eq!(find(&tree, MAC), ["root.client_mac url form-value"]);
    assert_eq!(find(&tree, "02:00"), ["root.mac url"]);

    let json = format!(r#"{{"u":"http:\/\/h\/p?mac={ESCAPED}#t=1","v":"app://h/#/r?mac=02:00"}}"#);
    let tree = explore(json.as_bytes(), "", "");
    assert_eq!(find(&tree, MAC), ["root.u.mac json json-string url form-value"]);
    assert_eq!(find(&tree, "02:00"), ["root.v.mac json url"]);

    let form = "a=1&u=http%3A%2F%2Fh%2F%3Fmac%3D02:00%26b%3D1&w=http://h/?mac=02:01".to_owned();
    let tree = explore(form.as_bytes(), "", "");
    assert_eq!(find(&tree, "02:00").last().unwrap(), "root.u.mac form form-value url");
    assert_eq!(find(&tree, "02:01"), ["root.w.mac form url"]);
}

#[test]
fn what_only_resembles_an_address_is_none() {
    let tree = explore(br#"q=1&d={"u":"http://h/?a=b","imei":"0044"}"#, "", "");
    assert_eq!(find(&tree, "0044"), ["root.d.imei form json"]);
    let tree = explore_part(b"form-data; name=\"who?\"; file=\"0044\"", FieldKind::Header);
    assert_eq!(find(&tree, "0044"), ["root.file cookie"]);
    let tree = explore_part(b"a=1&mac=d0:37&b=x?c=0044", FieldKind::Header);
    assert_eq!(find(&tree, "d0:37"), ["root.mac form"]);
    assert_eq!(find(&tree, "0044"), ["root.b.c form query"]);
}

/// Empty elements once had their own text as their value, which was read as a document, and so on.
#[test]
fn an_empty_element_is_read_once() {
    let tree = explore(b"<root></root>", "text/xml", "");
    assert_eq!((tree.fields.len(), tree.limits.len()), (2, 0), "{:?}", tree.fields);
    let tree = explore(b"<r><item id=\"1\"/><nothing></nothing><![CDATA[<in><v>0044</v></in>]]></r>", "", "");
    assert_eq!(tree.limits, []);
    assert_eq!(find(&tree, "nothing"), ["root.r.nothing xml", "root.r.nothing xml"]);
    assert_eq!(find(&tree, "0044"), ["root.r.in.v xml"], "a document in a document");
    let tree = explore(b"<plist><dict><key>On</key><string></string></dict></plist>", "", "");
    assert_eq!(tree.limits, []);
}

/// Digits that happen to be text once decoded.
#[test]
fn what_an_id_spells_by_chance_has_no_names() {
    for text in ["/x=4b1&c", "=a1&bc=9?", "3k:9\nq_:1\n"] {
        let id: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let body = format!("{{\"session\":\"{id}\"}}");
        let tree = explore(body.as_bytes(), "", "");
        let names: Vec<_> = (0..).zip(&tree.fields).map(|(index, _)| tree.path(index)).collect();
        assert_eq!(names, ["root", "root.session"], "{text}");
    }
    let id: String = "imei=0044".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(find(&explore(id.as_bytes(), "", ""), "0044"), ["root.imei hex form"]);
}

/// Each layer of hex or base64 must hold twice the text of the one around it.
#[test]
fn short_text_is_not_decoded_over_and_over() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let depth = |text: &str| {
        let tree = explore(text.as_bytes(), "", "");
        assert!(!tree.limits.iter().any(|(limit, _)| *limit == Limit::Depth), "{:?}", tree.limits);
        tree.buffers.len() - 1
    };
    assert_eq!(depth(&hex("hello, world")), 1);
    assert_eq!(depth(&hex(&hex("hello, world"))), 2);
    assert_eq!(depth(&hex(&hex(&hex("hello, w")))), 2);
    assert_eq!(depth(&"3".repeat(36)), 1);
    assert!(depth(&"3".repeat(1 << 12)) <= 6);
}
