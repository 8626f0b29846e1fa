//! HTTP/1 in all its shapes (RFC 9112).

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use testkit::{Conversation, Endpoint, Side};

use super::{Capture, Film, IMEI, NO_CONTENT, say, talk, with_body};
use crate::traffic::base64;

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film("http/pipelining.pcap", "three requests in one segment, answered in turn", pipelining),
    Capture::film(
        "http/chunked.pcap",
        "a chunked upload whose chunks cut the IMEI in two; a chunked answer with extensions and trailers",
        chunked,
    ),
    Capture::film(
        "http/compressed.pcap",
        "gzip under its label, under none and under a wrong one; base64 of gzip in a form and in a header",
        compressed,
    ),
    Capture::film(
        "http/bodiless.pcap",
        "HEAD with a length, 100 before an upload's answer, 103, 204, 304: none has a body",
        bodiless,
    ),
    Capture::film("http/connect.pcap", "CONNECT, and plain HTTP in the tunnel", connect),
    Capture::film(
        "http/refused-connect.pcap",
        "CONNECT refused, then a request on the same connection",
        refused,
    ),
    Capture::film(
        "http/upgrade.pcap",
        "Upgrade to WebSocket, one text frame each way, the client's masked",
        upgrade,
    ),
    Capture::film(
        "http/close-delimited.pcap",
        "an HTTP/1.0 answer that ends with the connection",
        close_delimited,
    ),
    Capture::film(
        "http/identifiers.pcap",
        "identifiers in path, query, header, cookie, referer, form, JSON; a server that gives one; the profile beside it",
        identifiers,
    ),
    Capture::film(
        "http/registration.pcap",
        "after the Nokia 7 Plus of 2019: base64 of JSON under a label that speaks of encryption",
        registration,
    ),
    Capture::film(
        "http/batch.pcap",
        "after the browsers of 2020: form, percent, base64, gzip, JSON with pages visited and words searched for",
        batch,
    ),
    Capture::film("http/clean.pcap", "a web page, an image, a font: nothing of the phone's leaves", clean),
    Capture::film(
        "http/odd.pcap",
        "bare line feeds, folded headers, spaces before colons, a late body, noise",
        odd,
    ),
];

fn pipelining(net: &mut Film) -> io::Result<()> {
    let requests: String = ["a", "b", "c"]
        .iter()
        .map(|name| format!("GET /{name}?imei={IMEI} HTTP/1.1\r\nHost: pipe.example\r\n\r\n"))
        .collect();
    let answers = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngoneHTTP/1.1 204 No Content\r\n\r\n";
    talk(net, 40_001, &[(Side::Client, requests.as_bytes()), (Side::Server, answers)])
}

fn chunked(net: &mut Film) -> io::Result<()> {
    let request = b"POST /upload HTTP/1.1\r\nHost: chunks.example\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
        10\r\n{\"imei\":\"3520990\r\n1C;note=\"second\"\r\n01761481\",\"model\":\"TA-1046\"}\r\n0\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Device\r\n\r\n\
        5;name=value\r\nhello\r\n000007\r\n, world\r\n0\r\nX-Device: imei=352099001761481\r\n\r\n";
    talk(net, 40_002, &[(Side::Client, request), (Side::Server, answer)])
}

fn compressed(net: &mut Film) -> io::Result<()> {
    let json = format!(
        "{{\"device\":{{\"imei\":\"{IMEI}\",\"gaid\":\"5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6\"}},\"filler\":\"{}\"}}",
        "plain text ".repeat(12)
    );
    let packed = gzip(json.as_bytes())?;
    let head = "POST /v1/stats HTTP/1.1\r\nHost: stats.example";
    let labelled =
        with_body(&format!("{head}\r\nContent-Type: application/json\r\nContent-Encoding: gzip"), &packed);
    let unlabelled = with_body(&format!("{head}\r\nContent-Type: application/octet-stream"), &packed);
    let mislabelled =
        with_body(&format!("{head}\r\nContent-Type: image/png\r\nContent-Encoding: br"), &packed);
    let encoded = base64(&packed);
    let form = format!("v=2&d={}", encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    let form =
        with_body(&format!("{head}\r\nContent-Type: application/x-www-form-urlencoded"), form.as_bytes());
    let header = format!("GET /v1/hello HTTP/1.1\r\nHost: stats.example\r\nX-Device: {encoded}\r\n\r\n");
    let answer = with_body(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip",
        &gzip(b"<!doctype html><title>ok</title>")?,
    );
    for (port, request) in (40_010..).zip([labelled, unlabelled, mislabelled, form, header.into_bytes()]) {
        talk(net, port, &[(Side::Client, &request), (Side::Server, &answer)])?;
    }
    Ok(())
}

fn bodiless(net: &mut Film) -> io::Result<()> {
    let expecting =
        b"POST /up HTTP/1.1\r\nHost: nobody.example\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n";
    talk(
        net,
        40_020,
        &[
            (Side::Client, b"HEAD /file.bin HTTP/1.1\r\nHost: nobody.example\r\n\r\n"),
            (
                Side::Server,
                b"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\nContent-Type: application/zip\r\n\r\n",
            ),
            (Side::Client, expecting),
            (Side::Server, b"HTTP/1.1 100 Continue\r\n\r\n"),
            (Side::Client, b"imei=352099001761481"),
            (Side::Server, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"),
            (Side::Client, b"GET /304 HTTP/1.1\r\nHost: nobody.example\r\nIf-None-Match: \"x\"\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n"),
            (Side::Client, b"DELETE /204 HTTP/1.1\r\nHost: nobody.example\r\n\r\n"),
            (Side::Server, NO_CONTENT),
        ],
    )
}

fn connect(net: &mut Film) -> io::Result<()> {
    talk(
        net,
        40_030,
        &[
            (Side::Client, b"CONNECT inner.example:80 HTTP/1.1\r\nHost: inner.example:80\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n"),
            (Side::Client, b"GET /in?imei=352099001761481 HTTP/1.1\r\nHost: inner.example\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        ],
    )
}

fn refused(net: &mut Film) -> io::Result<()> {
    talk(
        net,
        40_031,
        &[
            (Side::Client, b"CONNECT inner.example:443 HTTP/1.1\r\nHost: inner.example:443\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!"),
            (Side::Client, b"GET /why HTTP/1.1\r\nHost: proxy.example\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nbecause"),
        ],
    )
}

/// RFC 6455: a text frame, masked with 37 fa 21 3d by the client.
fn upgrade(net: &mut Film) -> io::Result<()> {
    let text = format!("{{\"login\":\"{IMEI}\"}}");
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap_or(0)];
    frame.extend(mask);
    frame.extend(text.bytes().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    let answer = b"{\"hello\":\"352099001761481\"}";
    talk(
        net,
        40_040,
        &[
            (Side::Client, b"GET /chat HTTP/1.1\r\nHost: ws.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
            (Side::Client, &frame),
            (Side::Server, &[&[0x81, 27], &answer[..]].concat()),
        ],
    )
}

fn close_delimited(net: &mut Film) -> io::Result<()> {
    talk(
        net,
        40_050,
        &[
            (Side::Client, b"GET /config.xml HTTP/1.0\r\nHost: old.example\r\n\r\n"),
            (
                Side::Server,
                b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n<?xml version=\"1.0\"?><config>",
            ),
            (Side::Server, b"<device imei=\"352099001761481\"/></config>"),
        ],
    )
}

fn identifiers(net: &mut Film) -> io::Result<()> {
    let server = |last, port| {
        (Endpoint::phone(port), Endpoint { address: [198, 51, 100, last].into(), ..Endpoint::server(80) })
    };
    let json = with_body(
        "POST /v2/profile HTTP/1.1\r\nHost: api.messenger.example\r\nContent-Type: application/json",
        b"{\"phone\":\"+4915550112358\",\"email\":\"lena.muster@example.org\",\"contacts\":[{\"n\":\"Quirin Abendroth\",\"t\":\"015550183921\"}],\"pos\":{\"lat\":53.561273,\"lon\":9.914682},\"imsi\":262019483715260}",
    );
    let form = with_body(
        "POST /track HTTP/1.1\r\nHost: t.adnet.example\r\nContent-Type: application/x-www-form-urlencoded",
        b"mac=D0%3A37%3A45%3AAB%3A01%3A9F&aid_md5=cedc2b15251286805deb5671b96a0514&iccid=8949020073518264917&op=Musterfunk",
    );
    let get = b"GET /u/b7e2c91f04d8a356/sync?gaid=5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6 HTTP/1.1\r\n\
        Host: cdn.adnet.example\r\n\
        User-Agent: Dalvik/2.1.0 (Linux; U; Android 9; TA-1046 Build/PPR1.180610.011)\r\n\
        X-Serial: PLE7X19213000482\r\n\
        Referer: http://portal.example/start?imei=352099001761481&lang=de\r\n\
        Cookie: sid=81f3; uid=b7e2c91f04d8a356; num=%2B4915550112358\r\n\r\n";
    let cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: dev=b7e2c91f04d8a356; Path=/\r\nContent-Length: 0\r\n\r\n";
    for (last, port, request) in [(21, 40_060, &json[..]), (22, 40_061, &form), (23, 40_062, get)] {
        let (phone, server) = server(last, port);
        say(net, Conversation::new(phone, server), &[(Side::Client, request), (Side::Server, cookie)])?;
    }
    Ok(())
}

fn registration(net: &mut Film) -> io::Result<()> {
    let json = "{\"REGVER\":\"7.0\",\"MODEL\":\"Nokia 7 plus\",\"SWVER\":\"00WW_2_39B\",\"UETYPE\":\"1\",\"SIM1ICCID\":\"8949020073518264917\",\"SIM1LTEIMSI\":\"262019483715260\",\"MACID\":\"D0:37:45:AB:01:9F\",\"OSVER\":\"8.1.0\",\"IMEI1\":\"352099001761481\",\"SIM1CELLID\":\"27447297\",\"REGDATE\":\"2019-02-18 09:00:34\"}";
    let request = with_body(
        "POST / HTTP/1.1\r\nContent-Type: application/encrypted-json\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 8.1.0; Nokia 7 plus Build/OPR1.170623.026)\r\nHost: reg.vendor.example",
        base64(json.as_bytes()).as_bytes(),
    );
    let answer = with_body(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json",
        b"{\"resultCode\":\"3\",\"resultDesc\":\"not supported\"}",
    );
    talk(net, 40_070, &[(Side::Client, &request), (Side::Server, &answer)])
}

fn batch(net: &mut Film) -> io::Result<()> {
    let id = "fe10c2a4-77b1-4c39-8d52-6a0be3f19c74";
    let event = |name: &str, more: &str| {
        format!(
            "{{\"_track_id\":7,\"time\":1588147200123,\"type\":\"track\",\"event\":\"{name}\",\"distinct_id\":\"{id}\",\"properties\":{{\"uuid\":\"{id}\",\"$model\":\"Redmi Note 8\",{more}}}}}"
        )
    };
    let events = [
        event("page_load", "\"url\":\"https:\\/\\/example.org\\/eisvogel-7731\",\"mode\":\"private\""),
        event(
            "search",
            "\"search_word\":\"zwergtaucher winterquartier\",\"used_searchengine\":\"duckduckgo\"",
        ),
    ];
    let data = base64(&gzip(format!("[{}]", events.join(",")).as_bytes())?);
    let data = data.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let request = with_body(
        "POST /sa?project=global_browser_mini&r=DE HTTP/1.1\r\nHost: sa.vendor.example\r\nContent-Type: application/x-www-form-urlencoded",
        format!("crc=-981273451&gzip=1&data_list={data}").as_bytes(),
    );
    talk(net, 40_080, &[(Side::Client, &request), (Side::Server, NO_CONTENT)])
}

fn clean(net: &mut Film) -> io::Result<()> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n");
    let noise = |magic: &[u8], seed| [magic, &testkit::Dice::new(seed).bytes(2500)].concat();
    let page = with_body(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html",
        b"<!doctype html><html><title>Weather</title><p>Order 352099001761482, call 0800 000 000, build 1.2.3.4</p></html>",
    );
    let image =
        with_body("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg", &noise(b"\xff\xd8\xff\xe0\0\x10JFIF\0", 1));
    let font = with_body("HTTP/1.1 200 OK\r\nContent-Type: font/woff2", &noise(b"wOF2\0\x01\0\0", 2));
    talk(
        net,
        40_090,
        &[
            (Side::Client, get("/").as_bytes()),
            (Side::Server, &page),
            (Side::Client, get("/assets/8f14e45fceea167a5a36dedd4bea2543.jpg").as_bytes()),
            (Side::Server, &image),
            (Side::Client, get("/fonts/inter-v12-latin.woff2").as_bytes()),
            (Side::Server, &font),
        ],
    )
}

fn odd(net: &mut Film) -> io::Result<()> {
    talk(
        net,
        40_095,
        &[
            (Side::Client, b"GET /lf HTTP/1.1\nHost: odd.example\nX-Imei : 352099001761481\n\n"),
            (Side::Server, b"HTTP/1.1 200 OK\nX-Folded: first\n second\nContent-Length: 3\n\nabc"),
            (Side::Client, b"\r\nPOST /late HTTP/1.1\r\nhost: odd.example\r\nCONTENT-LENGTH: 20\r\n\r\n"),
            (Side::Client, b"imei=352099001761481"),
            (Side::Server, b"HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n"),
            (Side::Client, b"\x00\x01\x02 imei=352099001761481 no HTTP at all"),
        ],
    )
}

pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
