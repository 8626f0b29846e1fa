//! Heads against httparse, which is strict: whatever it accepts, we read the same.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use proptest::{collection::vec, prelude::*};
use session_stage::{down, parts, play, up};

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}"
}

fn field() -> impl Strategy<Value = String> {
    (token(), "[ \t]{0,2}", "[ -~\u{80}-\u{ff}]{0,30}", "[ \t]{0,2}")
        .prop_map(|(name, before, value, after)| format!("{name}:{before}{value}{after}\r\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests(method in "[A-Z-]{1,10}", target in "/[!-~]{0,40}", fields in vec(field(), 0..10)) {
        // So radio servers begin their answers.
        prop_assume!(method != "ICY");
        let text = format!("{method} {target} HTTP/1.1\r\n{}\r\n", fields.concat());
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        prop_assume!(request.parse(text.as_bytes()).is_ok_and(|status| status.is_complete()));
        let told = play([40000, 80], &[up(&text)]);
        let mut expected = vec![
            (String::new(), request.method.unwrap_or_default().to_owned()),
            (String::new(), request.path.unwrap_or_default().to_owned()),
        ];
        expected.extend(request.headers.iter().map(read));
        prop_assert_eq!(parts(&told.messages[0]), expected);
        prop_assert_eq!(told.messages[0].recorded.bytes.len(), text.len());
    }

    #[test]
    fn responses(status in 200..600u16, reason in "[ -~]{0,20}", fields in vec(field(), 0..10)) {
        let text = format!("HTTP/1.1 {status} {reason}\r\n{}\r\n", fields.concat());
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        prop_assume!(response.parse(text.as_bytes()).is_ok_and(|status| status.is_complete()));
        let told = play([40000, 80], &[down(&text)]);
        let expected: Vec<_> = response.headers.iter().map(read).collect();
        prop_assert_eq!(parts(&told.messages[0]), expected);
        let wire::Head::Http(head) = &told.messages[0].head else { panic!("no HTTP") };
        prop_assert_eq!(head.status, status);
    }
}

/// httparse leaves blanks behind a value that we take off (RFC 9110 section 5.5).
fn read(header: &httparse::Header<'_>) -> (String, String) {
    let value = header.value.trim_ascii();
    (header.name.to_owned(), String::from_utf8_lossy(value).into_owned())
}
