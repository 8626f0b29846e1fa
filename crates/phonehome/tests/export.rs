//! Exports, read again: by our own reader, and by tshark where there is one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod kit;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use kit::{Desk, Post, capture, leaky};
use serde_json::Value;

/// Exports; gives exit code and standard error.
fn export(desk: &Desk, arguments: &[&str]) -> (i32, String) {
    let output = desk.phonehome(&[&["export"], arguments].concat()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn exported(desk: &Desk, arguments: &[&str]) {
    assert_eq!(export(desk, arguments), (0, String::new()), "{arguments:?}");
}

fn entries(har: &Path) -> Vec<Value> {
    let har: Value = serde_json::from_slice(&fs::read(har).unwrap()).unwrap();
    har["log"]["entries"].as_array().unwrap().clone()
}

/// What an entry says, apart from when, where it was recorded and how the body was coded on its way.
fn said(entry: &Value) -> Vec<Value> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let body = |body: &Value| [body["text"].clone(), body["encoding"].clone()];
    let mut said = vec![request["method"].clone(), request["url"].clone(), request["httpVersion"].clone()];
    said.extend([response["status"].clone(), response["content"]["size"].clone()]);
    said.extend(body(&request["postData"]).into_iter().chain(body(&response["content"])));
    said
}

#[track_caller]
fn same_when_read_again(desk: &Desk, arguments: &[&str]) -> Vec<Vec<Value>> {
    exported(desk, &[arguments, &["--har", "one.har"]].concat());
    exported(desk, &["one.har", "--har", "two.har"]);
    let one: Vec<_> = entries(&desk.join("one.har")).iter().map(said).collect();
    let two: Vec<_> = entries(&desk.join("two.har")).iter().map(said).collect();
    assert!(!one.is_empty(), "{arguments:?}");
    assert_eq!(one, two, "{arguments:?}");
    one
}

#[test]
fn bodies_survive_an_export_byte_for_byte() {
    let binary: Vec<u8> = (0..=255).collect();
    let text = "grüße \u{2028} \"x\" \\ \t\r\n";
    let packed = kit::gzip(&text.repeat(9).into_bytes());
    let posts = [
        Post::new(binary, "application/octet-stream", ""),
        Post::new(text, "text/plain; charset=utf-8", ""),
        Post::new(packed, "text/plain", "gzip"),
        Post::new("\u{fffd}\u{80}", "text/plain", ""),
    ];
    let desk = Desk::new(&capture(&posts));
    let said = same_when_read_again(&desk, &["x.pcap"]);
    assert_eq!(said.len(), 4);
    let entries = entries(&desk.join("one.har"));
    let body = |at: usize| &entries[at]["request"]["postData"];
    assert!(body(0)["text"].as_str().unwrap().starts_with("AAECAwQFBgcICQ"));
    assert_eq!(
        (&body(0)["encoding"], &entries[0]["request"]["_content"]["size"]),
        (&"base64".into(), &256.into())
    );
    assert_eq!(body(1)["text"], text);
    assert_eq!(body(2)["text"], text.repeat(9));
    assert_eq!(body(3)["encoding"], "base64");
    assert_eq!(entries[0]["request"]["url"], "http://host0.example/report");
    assert!(entries[0]["comment"].as_str().unwrap().starts_with("x.pcap: request in frame"));
}

#[test]
fn a_body_that_is_cut_says_what_is_missing() {
    let whole = capture(&[Post::new("x".repeat(2000), "text/plain", "")]);
    // The first frames: the handshake, and some of the request.
    let desk = Desk::new(&whole[..whole.len() / 2]);
    export(&desk, &["x.pcap", "--har", "cut.har"]);
    let entries = entries(&desk.join("cut.har"));
    let why = entries[0]["request"]["_bodyMissing"].as_str().unwrap();
    assert!(why.contains("lacks what follows byte"), "{why}");
    assert_eq!(
        (&entries[0]["response"]["status"], entries[0]["response"]["_error"].is_string()),
        (&0.into(), true)
    );
}

#[test]
fn decrypted_exchanges_survive_an_export() {
    let Some(corpora) = testkit::corpora() else { return };
    let file = |name: &str| corpora.join("decrypt").join(name).display().to_string();
    let rows = [
        ("tls12-chacha20poly1305.pcap", "keys/tls12-chacha20poly1305.keys", 7),
        ("http2-data-reassembly.pcap", "keys/http2-data-reassembly.keys", 1),
        ("rsasnakeoil2.pcap", "keys/rsasnakeoil2.key", 11),
        ("http2-brotli.pcapng", "", 1),
        ("quic-with-secrets.pcapng", "", 2),
    ];
    for (name, keys, count) in rows {
        let desk = Desk::new(&leaky());
        let (capture, keys) = (file(name), if keys.is_empty() { String::new() } else { file(keys) });
        let mut arguments = vec![capture.as_str()];
        arguments.extend((!keys.is_empty()).then_some(["--keys", keys.as_str()]).into_iter().flatten());
        let said = same_when_read_again(&desk, &arguments);
        assert_eq!(said.len(), count, "{name}");
        assert!(said.iter().all(|one| one[1].as_str().unwrap().starts_with("https://")), "{name}");
    }
}

/// The requests that tshark sees; `None` where there is no tshark.
fn requests(capture: &Path, keys: Option<&Path>) -> Option<String> {
    let mut command = Command::new("tshark");
    if let Some(keys) = keys {
        command.arg("-o").arg(format!("tls.keylog_file:{}", keys.display()));
    }
    command.arg("-r").arg(capture).args(["-Y", "http.request or http2.headers.method", "-T", "fields"]);
    for field in
        ["http.request.method", "http.request.uri", "http2.headers.path", "frame.time_epoch", "frame.len"]
    {
        command.args(["-e", field]);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn tshark_opens_the_pcapng_without_a_key_log() {
    let Some(corpora) = testkit::corpora() else { return };
    let folder = corpora.join("decrypt");
    for (name, keys) in [
        ("tls12-chacha20poly1305.pcap", "tls12-chacha20poly1305.keys"),
        ("http2-data-reassembly.pcap", "http2-data-reassembly.keys"),
    ] {
        let (capture, keys) = (folder.join(name), folder.join("keys").join(keys));
        let Some(expected) = requests(&capture, Some(&keys)) else {
            return eprintln!("skipped: there is no tshark to open the pcapng with");
        };
        assert!(!expected.is_empty(), "{name}");
        let desk = Desk::new(&leaky());
        // A line of a connection that is not in the capture must not be handed on.
        let stranger = format!("CLIENT_RANDOM {} {}\n", "5f".repeat(32), "a0".repeat(48));
        desk.write("log.keys", &[stranger.as_bytes(), &fs::read(&keys).unwrap()].concat());
        exported(&desk, &[capture.to_str().unwrap(), "log.keys", "--pcapng", "ready.pcapng"]);
        let ready = desk.join("ready.pcapng");
        assert_eq!(requests(&ready, None).unwrap(), expected, "{name}");
        let bytes = fs::read(ready).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(&"5f".repeat(32)), "{name}");
        exported(&desk, &["ready.pcapng", "--pcapng", "again.pcapng", "--har", "again.har"]);
        assert!(!entries(&desk.join("again.har")).is_empty());
    }
}

#[test]
fn captures_are_merged_by_time() {
    let desk = Desk::new(&leaky());
    let mut other = leaky();
    let place = other.windows(kit::IMEI.len()).position(|part| part == kit::IMEI.as_bytes()).unwrap();
    other[place] = b'9';
    desk.write("y.pcap", &other);
    exported(&desk, &["x.pcap", "y.pcap", "--pcapng", "both.pcapng"]);
    let times = |name: &str| {
        let bytes = fs::read(desk.join(name)).unwrap();
        let mut reader = wire_reader(&bytes);
        std::iter::from_fn(move || reader.next()).collect::<Vec<i64>>()
    };
    let (one, both) = (times("x.pcap"), times("both.pcapng"));
    let twice: Vec<i64> = one.iter().flat_map(|time| [*time, *time]).collect();
    assert_eq!(both, twice);
}

/// The times of a capture's frames.
fn wire_reader(bytes: &[u8]) -> std::vec::IntoIter<i64> {
    use wire::capture::{Event, Progress, Reader};
    let mut reader = Reader::new(evidence::CaptureId(0));
    let (mut at, mut times) = (0, Vec::new());
    loop {
        match reader.read(&bytes[at..], true) {
            Progress::Event { consumed, event } => {
                at += consumed;
                if let Event::Frame(frame) = event {
                    times.push(frame.time.0);
                }
            }
            Progress::Skipped { consumed } => at += consumed,
            Progress::More { .. } | Progress::End => return times.into_iter(),
        }
    }
}

#[test]
fn no_cell_of_the_table_is_a_formula() {
    let posts = [Post::new("x", "=HYPERLINK(\"http://x\")", ""), Post::new("x", "@SUM(A1)", "")];
    let desk = Desk::new(&capture(&posts));
    let output = desk.phonehome(&["export", "x.pcap", "--csv", "-"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let mut lines = table.split("\r\n");
    let head = lines.next().unwrap();
    assert!(head.starts_with("capture,flow,number,frame,first,last,protocol,device,host"), "{head}");
    let rows: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), 2, "{table}");
    assert!(
        rows[0].contains(",POST,host0.example,/report,204,") && rows[0].contains("\"'=HYPERLINK(\"\"http")
    );
    assert!(rows[1].contains("'@SUM(A1)"), "{}", rows[1]);
}

#[test]
fn a_command_line_that_makes_no_sense_writes_nothing() {
    let desk = Desk::new(&leaky());
    let rows: [&[&str]; 4] = [
        &["x.pcap"],
        &["--har", "out.har"],
        &["x.pcap", "--har", "-", "--csv", "-"],
        &["-", "--pcapng", "out.pcapng"],
    ];
    for row in rows {
        assert_eq!(export(&desk, row).0, 2, "{row:?}");
    }
    let (code, errors) = export(&desk, &["missing.pcap", "--har", "out.har"]);
    assert_eq!((code, errors.lines().count()), (4, 1), "{errors}");
    assert!(errors.contains("missing.pcap") && !desk.join("out.har").exists(), "{errors}");
    assert_eq!(export(&desk, &["missing.pcap", "x.pcap", "--har", "out.har"]).0, 3);
    assert_eq!(entries(&desk.join("out.har")).len(), 1);
    assert_eq!(export(&desk, &["x.pcap", "--har", "no/such/folder/out.har"]).0, 6);
}

/// A folder may hold hundreds of the phone's own files: none of them is missed among packets, and none is taken for some.
#[test]
fn the_phones_own_files_are_no_packets_and_not_spoken_of() {
    let desk = Desk::new(&leaky());
    fs::create_dir(desk.join("folder")).unwrap();
    desk.write("folder/x.pcap", &leaky());
    desk.write(
        "folder/packages.list",
        b"com.example.app 10001 0 /data/user/0/com.example.app default 3003 0 1\n",
    );
    exported(&desk, &["folder", "--pcapng", "folder.pcapng"]);
    exported(&desk, &["x.pcap", "--pcapng", "one.pcapng"]);
    assert!(
        fs::read(desk.join("folder.pcapng")).unwrap().len()
            >= fs::read(desk.join("one.pcapng")).unwrap().len()
    );
    exported(&desk, &["x.pcap", "--har", "one.har"]);
    let (code, notes) = export(&desk, &["one.har", "x.pcap", "--pcapng", "two.pcapng"]);
    assert!(code == 0 && notes.contains("one.har: holds no packets"), "{notes}");
}

#[test]
fn no_export_takes_the_place_of_what_is_read() {
    let desk = Desk::new(&leaky());
    fs::create_dir(desk.join("folder")).unwrap();
    let within = desk.write("folder/y.pcap", &leaky());
    fs::hard_link(desk.join("x.pcap"), desk.join("hard")).unwrap();
    std::os::unix::fs::symlink("x.pcap", desk.join("soft")).unwrap();
    desk.write("z.har.part", &leaky());
    let rows: [&[&str]; 6] = [
        &["x.pcap", "--har", "x.pcap"],
        &["x.pcap", "--pcapng", "./folder/../x.pcap"],
        &["x.pcap", "--csv", "hard"],
        &["soft", "--har", "x.pcap"],
        &["folder", "--har", "folder/y.pcap"],
        &["x.pcap", "--har", "one", "--csv", "./one"],
    ];
    for row in rows {
        let (code, errors) = export(&desk, row);
        assert_eq!((code, errors.lines().count()), (2, 1), "{row:?}: {errors}");
    }
    exported(&desk, &["z.har.part", "--har", "z.har"]);
    for file in [desk.join("x.pcap"), within, desk.join("z.har.part")] {
        assert!(fs::read(&file).unwrap() == leaky(), "{}", file.display());
    }
    exported(&desk, &["x.pcap", "--har", "folder/new.har"]);
    exported(&desk, &["x.pcap", "--har", "folder/new.har"]);
}

#[test]
fn what_is_no_file_is_written_to_and_stays() {
    let desk = Desk::new(&leaky());
    assert!(Command::new("mkfifo").arg(desk.join("pipe")).status().unwrap().success());
    let reader = Command::new("cat").arg(desk.join("pipe")).stdout(Stdio::piped()).spawn().unwrap();
    exported(&desk, &["x.pcap", "--har", "pipe"]);
    let read = reader.wait_with_output().unwrap().stdout;
    assert!(serde_json::from_slice::<Value>(&read).is_ok());
    assert!(!fs::metadata(desk.join("pipe")).unwrap().is_file());
    let output = desk.phonehome(&["export", "x.pcap", "--har", "/dev/stdout"]).output().unwrap();
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    std::os::unix::fs::symlink("/dev/full", desk.join("full")).unwrap();
    let (code, errors) = export(&desk, &["x.pcap", "--har", "full"]);
    assert!(code == 6 && errors.contains("cannot be written"), "{errors}");
    assert!(desk.join("full").is_symlink());
}
