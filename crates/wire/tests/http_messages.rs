//! What becomes of HTTP/1 connections, one peculiarity after the other; all of it byte by byte as well.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, Responder, Told, body, down, parts, play_all, up};

const WEB: [u16; 2] = [40000, 80];

fn web(script: &[Act]) -> Told {
    play_all(WEB, script)
}

#[test]
fn requests_and_responses_are_paired_by_their_order() {
    let told = web(&[
        up(
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /b HTTP/1.1\r\nHost: h\r\n\r\nPOST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz",
        ),
        down("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
        down("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        up("GET /d HTTP/1.0\r\n\r\n"),
        down("HTTP/1.0 404 Not Found\r\nServer: s\r\n\r\nuntil the end"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 GET /a h \"\"",
            ">1 HTTP/1 HEAD /b h \"\"",
            ">2 HTTP/1 POST /c h \"xyz\"",
            "<0 HTTP/1 200 \"ok\"",
            "<1 HTTP/1 200 \"\"",
            "<2 HTTP/1 100 \"\"",
            "<2 HTTP/1 204 \"\"",
            ">3 HTTP/1 GET /d \"\"",
            "<3 HTTP/1 404 \"until the end\"",
        ]
    );
    assert!(told.odd().is_empty());
}

#[test]
fn a_chunked_body_is_joined_and_its_framing_stays_recorded() {
    let told = web(&[
        up("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
        up("5;ext=\"1\"\r\nimei=\r\nF\r\n490154203237518\r\n0\r\nX-Sum: 7\r\n\r\nGET /next HTTP/1.1\r\n\r\n"),
    ]);
    assert_eq!(told.lines(), [">0 HTTP/1 POST / h \"imei=490154203237518\"", ">1 HTTP/1 GET /next \"\""]);
    assert_eq!(parts(&told.messages[0]).last(), Some(&("X-Sum".into(), "7".into())));
    assert!(told.messages[0].recorded.bytes.ends_with(b"0\r\nX-Sum: 7\r\n\r\n"));
}

#[test]
fn a_request_cut_off_by_the_end_keeps_its_headers() {
    let told =
        web(&[up("GET /p?mac=02:00:5e:10:00:01 HTTP/1.1\r\nHost: h\r\nReferer: http://r/?imei=49015420")]);
    assert_eq!(told.lines(), [">0 HTTP/1 GET /p?mac=02:00:5e:10:00:01 h \"\"~"]);
    assert_eq!(parts(&told.messages[0])[3], ("Referer".into(), "http://r/?imei=49015420".into()));
    let told = web(&[up("GET /p?mac=02:00:5e")]);
    assert_eq!(told.lines(), [">0 HTTP/1 GET /p?mac=02:00:5e \"\"~"]);
}

#[test]
fn heads_are_read_leniently() {
    let rows: [(&str, &str, &[&str]); 9] = [
        (
            "get /a HTTP/1.1\nHost: h\n\n",
            ">0 HTTP/1 get /a h \"\"",
            &["peer sent a line end without carriage return"],
        ),
        ("X-SYNC /a HTTP/1.1\r\nHost: h\r\n\r\n", ">0 HTTP/1 X-SYNC /a h \"\"", &[]),
        ("GET http://h:8080/a HTTP/1.1\r\n\r\n", ">0 HTTP/1 GET http://h:8080/a h:8080 \"\"", &[]),
        ("\r\n\r\nGET /a b c HTTP/1.1\r\nHost: h\r\n\r\n", ">0 HTTP/1 GET /a b c h \"\"", &[]),
        (
            "GET /a HTTP/1.1\r\nHost:\r\n h\r\n\r\n",
            ">0 HTTP/1 GET /a \r\n h \"\"",
            &["peer sent a folded header field"],
        ),
        (
            "GET /ÿ HTTP/1.1\r\nHost : h\r\n\r\n",
            ">0 HTTP/1 GET /ÿ h \"\"",
            &["peer sent a header name with bytes that do not belong there"],
        ),
        ("GET /old\r\n", ">0 HTTP/1 GET /old \"\"", &["peer sent a request line without a version"]),
        (
            "GET /a HTTP/1.1\r\nnothing\r\n\r\n",
            ">0 HTTP/1 GET /a \"\"",
            &["peer sent a header line without a colon"],
        ),
        (
            "PUT /a HTTP/1.1\r\nContent-Length: 0\r\nHost: h\r\nHost: i\r\n\r\n",
            ">0 HTTP/1 PUT /a h \"\"",
            &["peer sent more than one Host field"],
        ),
    ];
    for (request, line, odd) in rows {
        let told = web(&[up(request)]);
        assert_eq!(told.lines(), [line], "{request:?}");
        assert_eq!(told.odd(), odd, "{request:?}");
    }
}

#[test]
fn contradicting_lengths_are_told_and_both_are_kept() {
    let told = web(&[up(
        "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    )]);
    assert_eq!(told.lines(), [">0 HTTP/1 POST / \"\"", ">1 HTTP/1 GET /smuggled \"\""]);
    assert_eq!(told.odd(), ["peer sent both Transfer-Encoding and Content-Length"]);
    let told = web(&[up("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab")]);
    assert_eq!(told.lines(), [">0 HTTP/1 POST / \"ab\""]);
    assert_eq!(told.odd(), ["peer sent Content-Length fields that differ"]);
    assert_eq!(told.anomalies[0].detail, "2 and 3");
    assert_eq!(told.anomalies[0].offset, Some(1000 + 52));
}

#[test]
fn what_follows_connect_and_upgrade_is_recognised_afresh() {
    let told = web(&[
        up("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
        down("HTTP/1.1 200 Connection established\r\n\r\n"),
        up("GET /inside HTTP/1.1\r\nHost: h\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        up("GET /more HTTP/1.1\r\nHost: h\r\n\r\n"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 CONNECT h:80 h:80 \"\"",
            "<0 HTTP/1 200 \"\"",
            ">1 HTTP/1 GET /inside h \"\"",
            "<1 HTTP/1 200 \"ok\"",
            ">2 HTTP/1 GET /more h \"\"",
        ]
    );
    let told = web(&[
        up("GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: push/2\r\n\r\n"),
        down("HTTP/1.1 101 Switching Protocols\r\nUpgrade: push/2\r\n\r\n\x01\x02hello"),
        up("\x01\x02canary"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 GET /chat \"\"",
            "<0 HTTP/1 101 \"\"",
            ">1 TCP raw \"\\x01\\x02canary\"",
            "<1 TCP raw \"\\x01\\x02hello\"",
        ]
    );
}

#[test]
fn a_tunnel_whose_opening_was_not_captured_is_recognised_all_the_same() {
    let hello = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    let told = web(&[up("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"), up(hello)]);
    let protocols: Vec<_> = told.messages.iter().map(|message| message.protocol).collect();
    assert_eq!(protocols, ["HTTP/1", "TLS"]);
}

#[test]
fn a_refused_upgrade_goes_on_with_http() {
    let told = web(&[
        up("GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"),
        up("GET /c HTTP/1.1\r\n\r\n"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 GET /a \"\"",
            ">1 HTTP/1 GET /b \"\"",
            "<0 HTTP/1 200 \"a\"",
            "<1 HTTP/1 200 \"b\"",
            ">2 HTTP/1 GET /c \"\"",
        ]
    );
}

#[test]
fn after_a_gap_the_next_start_is_found() {
    let told = web(&[
        up("GET /a HTTP/1.1\r\nHo"),
        Act::Gap(Originator, 100),
        up("tail of a lost oneGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"),
        Act::Gap(Responder, 500),
        down("{\"tail\":1}HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 GET /a \"\"~",
            ">0 HTTP/1 raw \"tail of a lost one\"",
            ">1 HTTP/1 GET /b h \"\"",
            "<0 HTTP/1 200 \"ab\"~",
            "<1 HTTP/1 raw \"{\\\"tail\\\":1}\"",
            "<1 HTTP/1 201 \"\"",
        ]
    );
}

#[test]
fn a_gap_in_a_body_of_known_length_leaves_both_parts() {
    let told = web(&[
        up("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"),
        Act::Gap(Originator, 4),
        up("hijGET /b HTTP/1.1\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01"),
        Act::Gap(Responder, 3),
        down("56789\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nxx"),
        Act::Gap(Responder, 1000),
        down("yy"),
    ]);
    assert_eq!(
        told.lines(),
        [
            ">0 HTTP/1 POST /a \"abc\"~",
            ">0 HTTP/1 POST /a \"hij\"@7",
            ">1 HTTP/1 GET /b \"\"",
            "<0 HTTP/1 200 \"01\"~",
            "<0 HTTP/1 200 \"56789\"@5",
            "<1 HTTP/1 200 \"xx\"~",
            "<1 HTTP/1 200 \"yy\"@1002",
        ]
    );
}

#[test]
fn a_capture_that_begins_in_the_middle_is_entered_at_the_next_start() {
    let told = web(&[
        down("end of a picture\r\n"),
        up("GET /next HTTP/1.1\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ]);
    assert_eq!(
        told.lines(),
        [">0 HTTP/1 GET /next \"\"", "<0 HTTP/1 raw \"end of a picture\\r\\n\"", "<0 HTTP/1 200 \"ok\"",]
    );
}

#[test]
fn a_server_that_sends_no_status_line_is_kept_with_its_request() {
    let told = web(&[up("GET /led HTTP/1.1\r\nHost: h\r\n\r\n"), down("LED=1;MAC=02005e100001\n")]);
    assert_eq!(told.lines()[1], "<0 HTTP/1 raw \"LED=1;MAC=02005e100001\\n\"");
}

#[test]
fn a_body_that_was_announced_but_not_sent_does_not_swallow_the_next_message() {
    let told = web(&[
        up("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n"),
        down("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
        up("GET /b HTTP/1.1\r\n\r\n"),
    ]);
    assert_eq!(told.lines()[1..], [">0 HTTP/1 PUT /a \"\"".to_owned(), ">1 HTTP/1 GET /b \"\"".to_owned(),]);
    let told = web(&[down(
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
    )]);
    assert_eq!(told.lines(), ["<0 HTTP/1 200 \"\"", "<1 HTTP/1 404 \"x\""]);
}

#[test]
fn codings_are_told_in_the_order_applied() {
    let told = web(&[up(
        "POST / HTTP/1.1\r\nContent-Encoding: base64\r\nContent-Encoding: gzip\r\nTransfer-Encoding: deflate, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    )]);
    let wire::Head::Http(head) = &told.messages[0].head else { panic!("no HTTP") };
    assert_eq!(head.coding, "base64, gzip, deflate");
    assert_eq!(body(&told.messages[0]), b"x");
}

#[test]
fn a_broken_chunk_ends_the_message_and_not_the_stream() {
    let told = web(&[
        down("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\nrest"),
        down("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
    ]);
    assert_eq!(
        told.lines(),
        ["<0 HTTP/1 200 \"ab\"~", "<0 HTTP/1 raw \"zz\\r\\nrest\"", "<1 HTTP/1 200 \"x\""]
    );
    assert_eq!(told.odd(), ["peer sent a chunk size that is no number"]);
}

/// HTML, section 9.2: a stream of events may stay open for hours.
#[test]
fn events_are_given_out_as_they_come() {
    let events = "data: one\n\nid: 2\r\ndata: two\r\n\r\ndata: thr";
    let told = web(&[
        up("GET /events HTTP/1.1\r\nHost: h\r\n\r\n"),
        down(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n{events}")),
    ]);
    assert_eq!(
        told.lines()[1..],
        [
            "<0 HTTP/1 200 \"data: one\\n\\n\"+",
            "<0 HTTP/1 200 \"id: 2\\r\\ndata: two\\r\\n\\r\\n\"+@11",
            "<0 HTTP/1 200 \"data: thr\"@31",
        ]
    );
    let chunked = "b\r\ndata: one\n\n\r\n5\r\ndata:\r\n7\r\n two\r\n\n\r\n0\r\n\r\n";
    let told = web(&[
        up("GET /events HTTP/1.1\r\nHost: h\r\n\r\n"),
        down("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"),
        down(chunked),
    ]);
    assert_eq!(
        told.lines()[1..],
        [
            "<0 HTTP/1 200 \"data: one\\n\\n\"+",
            "<0 HTTP/1 200 \"data: two\\r\\n\\n\"+@11",
            "<0 HTTP/1 200 \"\"@23",
        ]
    );
}
