//! Proofs checked without this program: the recipes of real findings run with the real tools, and the frames
//! they name looked up in tshark. And what a case that somebody made by hand can do to whoever proves it:
//! nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod kit;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    process,
};

use evidence::{Case, Source, Step};
use kit::{BASIC, Desk, IMEI, Post, gzip, json, recipes, tools};
use payload::{DECODERS, Gives};
use serde_json::{Value, json as value};
use testkit::corpora;

/// Every decoder, on input as it should be and on sloppy and cut input.
#[test]
fn recipes_of_every_decoder_agree() {
    let Some(tools) = tools(&[&BASIC[..], &DECODING].concat()) else { return };
    let desk = Desk::new(&kit::capture(&every_decoder()));
    let case = desk.audited();
    let used: BTreeSet<_> = decoders(&case).collect();
    let all = DECODERS
        .iter()
        .filter(|decoder| decoder.gives() == Gives::Buffer)
        .map(|decoder| decoder.name.to_owned());
    // Only readers of files of flows know when to use it.
    let all = all.filter(|decoder| decoder != "latin-1");
    assert_eq!(used, all.collect(), "a decoder has no finding here: add one to every_decoder()");
    desk.phonehome(&["prove", "x.case"]).assert().success();
    let scripts: Vec<_> = recipes(&desk.join("x.case"));
    assert_eq!(scripts.len(), case.findings.len());
    for script in &scripts {
        agrees(&desk, script, Some(tools.path()));
    }
    let scripts: String = scripts.iter().map(|script| fs::read_to_string(script).unwrap()).collect();
    for command in ["base64 -d", "gunzip -c", "zstd -d -c", "jq -j .", "iconv -f UTF-16LE", "xxd -r -p"] {
        assert!(scripts.contains(command), "{command}");
    }
}

#[test]
fn recipes_from_files_of_flows_agree() {
    let Some(tools) = tools(&[&BASIC[..], &DECODING].concat()) else { return };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let mut used = BTreeSet::new();
    for file in [
        "har/firefox.har",
        "har/mitmproxy.har",
        "har/httptoolkit.har",
        "mitmproxy/v21.mitm",
        "pcapdroid/connections.csv",
    ] {
        let desk = Desk::new(&fs::read(corpus.join(file)).unwrap());
        desk.write("phone.toml", b"[device]\nimei = [\"352099001761481\"]\n");
        // One of them is cut, which is told.
        let arguments = ["audit", "x.pcap", "-p", "phone.toml", "--out", "x.case", "--quiet"];
        desk.phonehome(&arguments).assert().code(predicates::ord::le(3));
        let case = desk.case();
        assert!(!case.findings.is_empty(), "{file}");
        used.extend(decoders(&case));
        let proved = desk.phonehome(&["prove", "x.case"]).assert().success();
        assert!(String::from_utf8_lossy(&proved.get_output().stdout).contains("entry "), "{file}");
        for script in recipes(&desk.join("x.case")) {
            agrees(&desk, &script, Some(tools.path()));
        }
    }
    let expected = ["base64", "gzip", "json-string", "latin-1"].map(str::to_owned);
    assert_eq!(used, BTreeSet::from(expected));
}

#[test]
fn jq_gives_the_same_value_by_its_path() {
    let Some(tools) = tools(&[&BASIC[..], &["jq", "gunzip", "gzip"]].concat()) else { return };
    let list = format!(r#"[{{"IMEI 1":"{IMEI}"}}]"#);
    let quoted = format!(r#"{{"the IMSI":"{}"}}"#, kit::IMSI);
    let desk = Desk::new(&kit::capture(&[
        Post::new(gzip(json().as_bytes()), "application/json", "gzip"),
        Post::new(gzip(list.as_bytes()), "application/json", "gzip"),
        Post::new(gzip(quoted.as_bytes()), "application/json", "gzip"),
    ]));
    desk.audited();
    desk.phonehome(&["prove", "x.case"]).assert().success();
    let mut paths = BTreeSet::new();
    for script in recipes(&desk.join("x.case")) {
        let output = agrees(&desk, &script, Some(tools.path()));
        paths.extend(
            output.lines().filter_map(|line| line.strip_prefix("jq gives the same for ").map(str::to_owned)),
        );
    }
    let expected = [".IMEI1", ".sims[0].imsi", r#".[0]["IMEI 1"]"#, r#".["the IMSI"]"#];
    assert_eq!(paths, expected.map(str::to_owned).into());
}

/// All findings of real captures: each recipe agrees, and tshark sees the bytes in the frames named.
#[test]
fn recipes_of_real_captures_agree() {
    let Some(corpora) = corpora() else { return };
    let Some(tools) = tools(&[&BASIC[..], &DECODING].concat()) else { return };
    let desk = Desk::new(&[]);
    for capture in testkit::files_below(&corpora.join("http")) {
        let name = capture.display().to_string();
        let out = format!("{}.case", capture.file_name().unwrap().display());
        // One of them is cut, which is told.
        let audited = desk.phonehome(&["audit", &name, "--out", &out, "--quiet", "--no-store"]).assert();
        audited.code(predicates::ord::le(3));
        desk.phonehome(&["prove", &out]).assert().success();
        for script in recipes(&desk.join(&out)) {
            agrees(&desk, &script, Some(tools.path()));
        }
        frames_hold(&kit::case(&desk.join(&out).join("case.json")), &capture);
    }
}

#[test]
fn tshark_sees_the_bytes_in_the_frames_that_proofs_name() {
    let Some(_tools) = tools(&["tshark"]) else { return };
    let desk = Desk::new(&kit::capture(&every_decoder()));
    let checked = frames_hold(&desk.audited(), &desk.join("x.pcap"));
    assert!(checked > 20, "only {checked} were checked");
}

#[test]
fn a_recipe_shows_what_tshark_makes_of_the_frame() {
    let Some(_tools) = tools(&[&BASIC[..], &["tshark"]].concat()) else { return };
    let desk = Desk::new(&kit::leaky());
    desk.audited();
    desk.phonehome(&["prove", "x.case"]).assert().success();
    let output = agrees(&desk, &recipes(&desk.join("x.case"))[0], None);
    assert!(output.contains("192.168.1.23 → 93.184.215.14"), "{output}");
}

#[test]
fn a_recipe_finds_out_another_capture_and_another_value() {
    let Some(tools) = tools(&BASIC) else { return };
    let desk = Desk::new(&kit::leaky());
    desk.audited();
    desk.phonehome(&["prove", "x.case"]).assert().success();
    let script = recipes(&desk.join("x.case"))
        .into_iter()
        .find(|script| fs::read_to_string(script).unwrap().contains("IMEI"))
        .unwrap();
    let text = fs::read_to_string(&script).unwrap();
    let hex = hex(IMEI.as_bytes());
    assert!(text.contains(&hex));
    fs::write(&script, text.replace(&hex, &hex.replace("33", "34"))).unwrap();
    let output = desk.sh(&script, Some(tools.path()));
    assert_eq!((output.status.code(), errors(&output).as_str()), (Some(1), "The value is another one."));

    fs::write(&script, &text).unwrap();
    let mut capture = kit::leaky();
    let place = capture.windows(IMEI.len()).position(|part| part == IMEI.as_bytes()).unwrap();
    capture[place] = b'4';
    desk.write("x.pcap", &capture);
    let output = desk.sh(&script, Some(tools.path()));
    assert!(errors(&output).contains("not the file that was audited"), "{output:?}");

    fs::remove_file(desk.join("x.pcap")).unwrap();
    let output = desk.sh(&script, Some(tools.path()));
    assert!(output.status.code() == Some(2) && errors(&output).contains("Say where it lies"), "{output:?}");
}

#[test]
fn a_recipe_is_told_where_the_captures_lie() {
    let Some(tools) = tools(&[&BASIC[..], &["gunzip", "gzip"]].concat()) else { return };
    let desk = Desk::new(&kit::leaky());
    desk.write("y.pcap.gz", &gzip(&kit::leaky()));
    desk.phonehome(&["audit", "y.pcap.gz", "-p", "phone.toml", "--out", "x.case", "--quiet"])
        .assert()
        .success();
    desk.phonehome(&["prove", "x.case"]).assert().success();
    fs::create_dir(desk.join("moved")).unwrap();
    fs::rename(desk.join("y.pcap.gz"), desk.join("moved/it's here.gz")).unwrap();
    let script = recipes(&desk.join("x.case"))[0].clone();
    let output = process::Command::new("sh")
        .args([script.as_os_str(), "moved/it's here.gz".as_ref()])
        .current_dir(desk.path())
        .env("PATH", tools.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Everything in a case that is text, replaced by what a shell would act on.
#[test]
fn no_text_of_a_case_reaches_the_shell() {
    let Some(tools) = tools(&[&BASIC[..], &["base64", "touch"]].concat()) else { return };
    let attacks = [
        "'; touch pwned; '",
        "\"; touch pwned; \"",
        "$(touch pwned)",
        "`touch pwned`",
        "\ntouch pwned\n",
        "\r\ntouch pwned\r\n#",
        "'\\''; touch pwned #",
        "\u{2028}touch pwned",
        "} ; touch pwned ; {",
        "../../pwned",
        "/tmp/../pwned",
        "-rf",
    ];
    for attack in attacks {
        let desk = Desk::new(&kit::capture(&[Post::new(base64(json().as_bytes()), "", "")]));
        let name = attack.replace('/', "_");
        let name = format!("{name}.pcap");
        let capture = desk.write(&name, &fs::read(desk.join("x.pcap")).unwrap());
        fs::remove_file(desk.join("x.pcap")).unwrap();
        let arguments = ["audit", "-p", "phone.toml", "--out", "x.case", "--quiet", "--", &name];
        desk.phonehome(&arguments).assert().success();
        assert!(capture.is_file());
        desk.edit(|case| {
            for finding in case["findings"].as_array_mut().unwrap() {
                for key in ["id", "title", "words", "detector"] {
                    finding[key] = value!(attack);
                }
                for evidence in finding["evidence"].as_array_mut().unwrap() {
                    evidence["words"] = value!(attack);
                }
            }
            case["captures"][0]["format"] = value!(format!("pcap in {attack}"));
        });
        desk.phonehome(&["prove", "x.case"]).assert().success();
        let scripts = recipes(&desk.join("x.case"));
        assert_eq!(scripts.len(), 1, "all findings have one name now");
        agrees(&desk, &scripts[0], Some(tools.path()));
        let everything = testkit::files_below(desk.path());
        assert!(!everything.iter().any(|path| path.ends_with("pwned")), "{attack:?}: {everything:?}");
        let files = ["case.json", "case.sqlite", "report.html"].len()
            + scripts.len()
            + [&capture, &desk.join("phone.toml")].len();
        assert_eq!(everything.len(), files, "{attack:?}: {everything:?}");
    }
}

#[test]
fn a_link_in_a_foreign_case_is_not_followed() {
    let desk = Desk::new(&kit::leaky());
    let case = desk.audited();
    let victim = desk.write("victim", b"precious");
    fs::create_dir(desk.join("x.case/recipes")).unwrap();
    let name = format!("{}.sh", case.findings[0].id);
    for link in [name.clone(), format!("{name}.part")] {
        std::os::unix::fs::symlink(&victim, desk.join("x.case/recipes").join(link)).unwrap();
    }
    desk.phonehome(&["prove", "x.case"]).assert().success();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    let script = desk.join("x.case/recipes").join(name);
    assert!(!script.is_symlink() && fs::read_to_string(script).unwrap().starts_with("#!/bin/sh"));

    fs::remove_dir_all(desk.join("x.case/recipes")).unwrap();
    fs::create_dir(desk.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(desk.join("elsewhere"), desk.join("x.case/recipes")).unwrap();
    desk.phonehome(&["prove", "x.case"]).assert().code(6);
    assert_eq!(fs::read_dir(desk.join("elsewhere")).unwrap().count(), 0);
}

/// Trails that no audit makes are refused at once, whatever they ask for.
#[test]
fn a_forged_trail_costs_nothing_and_proves_nothing() {
    let huge = u64::MAX / 2;
    type Change = (&'static str, fn(&mut Value, u64));
    let changes: [Change; 9] = [
        ("a huge recording", |trail, huge| {
            trail["buffers"][0]["len"] = value!(huge);
            trail["buffers"][0]["segments"][0]["len"] = value!(huge);
            trail["buffers"][0]["segments"][0]["source_len"] = value!(huge);
        }),
        ("a huge output", |trail, huge| trail["buffers"][1]["len"] = value!(huge)),
        ("segments at the end of the range", |trail, _| {
            trail["buffers"][0]["segments"][0]["start"] = value!(u64::MAX - 3);
        }),
        ("an input that is not there", |trail, _| trail["buffers"][1]["input"]["end"] = value!(u64::MAX)),
        ("an input of itself", |trail, _| trail["buffers"][1]["input"]["buffer"] = value!(1)),
        ("an unknown decoder", |trail, _| trail["buffers"][1]["step"] = value!({"decode": "$(id)"})),
        ("a segment of another frame", |trail, _| {
            trail["buffers"][0]["segments"][0]["source"]["frame"]["frame"] = value!(1);
        }),
        ("a segment that claims to come from elsewhere", |trail, _| {
            trail["buffers"][1]["segments"][0]["start"] = value!(0);
        }),
        ("too many steps", |trail, _| {
            let step = trail["buffers"][0].clone();
            let buffers = trail["buffers"].as_array_mut().unwrap();
            buffers.extend(std::iter::repeat_n(step, 10_000));
        }),
    ];
    let desk = Desk::new(&kit::capture(&[Post::new(base64(json().as_bytes()), "", "")]));
    for (what, change) in changes {
        desk.audited();
        desk.edit(|case| {
            for finding in case["findings"].as_array_mut().unwrap() {
                for evidence in finding["evidence"].as_array_mut().unwrap() {
                    let trail = &mut evidence["occurrence"]["trail"];
                    if trail["buffers"].as_array().unwrap().len() > 1 {
                        change(trail, huge);
                    }
                }
            }
        });
        let output = desk.phonehome(&["prove", "x.case"]).assert().code(1).get_output().clone();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("Fails"), "{what}: {text}");
        assert!(!text.contains(&format!("with the case: {IMEI}")), "{what}: {text}");
    }
}

/// Proofs that run, to bytes that no phone sent so, or to others than the finding speaks of.
#[test]
fn a_collage_and_another_value_prove_nothing() {
    type Change = (&'static str, &'static str, fn(&mut Value));
    let changes: [Change; 4] = [
        ("bytes of several frames as one datagram", "does not carry", |evidence| {
            evidence["occurrence"]["trail"]["buffers"][0]["step"] = value!("datagram");
        }),
        ("bytes that go back in the stream", "do not follow", |evidence| {
            let buffer = &mut evidence["occurrence"]["trail"]["buffers"][0];
            let segment = buffer["segments"][0].clone();
            let out = segment["out"].as_u64().unwrap() + segment["len"].as_u64().unwrap();
            let len = buffer["len"].as_u64().unwrap();
            let mut again = segment;
            again["out"] = value!(out);
            (again["len"], again["source_len"]) = (value!(1), value!(1));
            buffer["len"] = value!(len.max(out + 1));
            buffer["segments"].as_array_mut().unwrap().insert(1, again);
            buffer["segments"].as_array_mut().unwrap().truncate(2);
        }),
        ("a digit of the value", "is no form of", |evidence| {
            let span = &mut evidence["occurrence"]["span"];
            span["end"] = value!(span["start"].as_u64().unwrap() + 1);
            let found = evidence["occurrence"]["found"].as_str().unwrap()[..1].to_owned();
            evidence["occurrence"]["found"] = value!(found);
        }),
        ("nothing", "no bytes at all", |evidence| {
            let span = &mut evidence["occurrence"]["span"];
            span["end"] = span["start"].clone();
            evidence["occurrence"]["found"] = value!("");
        }),
    ];
    let desk = Desk::new(&kit::leaky());
    for (what, words, change) in changes {
        desk.audited();
        desk.edit(|case| {
            let findings = case["findings"].as_array_mut().unwrap();
            findings.retain(|finding| finding["identifier"] == "imei");
            findings.iter_mut().for_each(|finding| change(&mut finding["evidence"][0]));
        });
        let output = desk.phonehome(&["prove", "x.case"]).assert().code(1).get_output().clone();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("Fails") && text.contains(words), "{what}: {text}");
    }
}

#[test]
fn a_proof_that_nobody_can_run_alone_is_no_forgery() {
    let desk = Desk::new(&kit::leaky());
    desk.audited();
    desk.edit(|case| {
        for finding in case["findings"].as_array_mut().unwrap() {
            let trail = &mut finding["evidence"][0]["occurrence"]["trail"]["buffers"];
            let source = value!({"buffer": 0});
            let segment =
                value!({"out": 0, "len": 9, "source": source, "start": 0, "source_len": 9, "fidelity": "within"});
            trail.as_array_mut().unwrap().push(value!({
                "step": {"decode": "permessage-deflate-continued"},
                "len": 9,
                "input": {"buffer": 0, "start": 0, "end": 9},
                "segments": [segment],
            }));
        }
    });
    let output = desk.phonehome(&["prove", "x.case"]).assert().code(3).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Not alone") && !text.contains("Fails"), "{text}");
    assert!(text.contains("cannot be run again alone"), "{text}");
}

/// Runs a recipe; it must agree, with nothing to complain about.
fn agrees(desk: &Desk, script: &Path, tools: Option<&Path>) -> String {
    let output = desk.sh(script, tools);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let clean =
        output.status.success() && output.stderr.is_empty() && text.ends_with("Every value agrees.\n");
    assert!(clean, "{}\n{text}\n{}", fs::read_to_string(script).unwrap(), errors(&output));
    text
}

fn errors(output: &process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

fn decoders(case: &Case) -> impl Iterator<Item = String> {
    let evidence = case.findings.iter().flat_map(|finding| &finding.evidence);
    let buffers = evidence.flat_map(|evidence| &evidence.occurrence.trail.buffers);
    buffers.filter_map(|buffer| match &buffer.step {
        Step::Decode(decoder) => Some(decoder.clone()),
        _ => None,
    })
}

/// Checks with tshark that the bytes which proofs are made from lie in the payload of the frames they name;
/// says how many were checked.
fn frames_hold(case: &Case, capture: &Path) -> usize {
    let Some(_tools) = tools(&["tshark"]) else { return 0 };
    let bytes = fs::read(capture).unwrap();
    let payloads = payloads(capture);
    let mut checked = 0;
    for evidence in case.findings.iter().flat_map(|finding| &finding.evidence) {
        let buffers = &evidence.occurrence.trail.buffers;
        for segment in buffers.iter().flat_map(|buffer| &buffer.segments) {
            let Source::Frame { frame, .. } = segment.source else { continue };
            let (start, len) =
                (usize::try_from(segment.start).unwrap(), usize::try_from(segment.len).unwrap());
            let wanted = hex(&bytes[start..start + len]);
            let payload = payloads.get(&frame.0).map(String::as_str).unwrap_or_default();
            assert!(
                payload.contains(&wanted),
                "frame {frame} of {} does not hold {wanted}",
                capture.display()
            );
            checked += 1;
        }
    }
    checked
}

/// The payload of each frame in hex, as tshark sees it.
fn payloads(capture: &Path) -> BTreeMap<u64, String> {
    let output = process::Command::new("tshark")
        .args(["-n", "-r", capture.to_str().unwrap(), "-T", "fields"])
        .args(["-e", "frame.number", "-e", "tcp.payload", "-e", "udp.payload"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    rows.map(|(number, payload)| (number.parse().unwrap(), payload.replace(':', ""))).collect()
}

/// A post for each decoder that makes a buffer, and some that are broken.
fn every_decoder() -> Vec<Post> {
    let json = json();
    let text = json.as_bytes();
    let percent: String = text.iter().map(|byte| format!("%{byte:02x}")).collect();
    let utf16 = |order: fn(u16) -> [u8; 2]| json.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let packed = gzip(text);
    let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
    frame.write_all(text).unwrap();
    let mut framed = snap::write::FrameEncoder::new(Vec::new());
    framed.write_all(text).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(text).unwrap();
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(text).unwrap();
    let form = "application/x-www-form-urlencoded";
    vec![
        Post::new(text, "application/json", ""),
        Post::new(format!(r#"{{"event":{json:?}}}"#), "application/json", ""),
        Post::new(format!("data={percent}&v=1+2"), form, ""),
        Post::new(format!(r#"{{"page":"{percent}"}}"#), "application/json", ""),
        Post::new(base64(text), "application/encrypted-json", ""),
        Post::new(base64(text).trim_end_matches('=').replace('+', "-").replace('/', "_"), "", ""),
        Post::new(base64(&packed).as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]), "", ""),
        Post::new(packed.clone(), "application/json", "gzip"),
        Post::new(&packed[..packed.len() - 9], "application/json", "gzip"),
        Post::new(zlib.finish().unwrap(), "", "deflate"),
        Post::new(deflate.finish().unwrap(), "", "deflate"),
        Post::new(format!("<r><v>{}</v></r>", json.replace('"', "&quot;")), "text/xml", ""),
        Post::new(hex(text), "", ""),
        Post::new(brotli(text), "", "br"),
        Post::new(zstd::encode_all(text, 3).unwrap(), "", "zstd"),
        Post::new(frame.finish().unwrap(), "", ""),
        Post::new(lz4_flex::block::compress(text), "", ""),
        Post::new(framed.into_inner().unwrap(), "", ""),
        Post::new(snap::raw::Encoder::new().compress_vec(text).unwrap(), "", ""),
        Post::new(utf16(u16::to_le_bytes), "", ""),
        Post::new(utf16(u16::to_be_bytes), "", ""),
    ]
}

/// Brotli in an uncompressed meta-block (RFC 7932 section 9.2).
fn brotli(text: &[u8]) -> Vec<u8> {
    // From the lowest bit: window 16, not last, 4 nibbles, the length less one, uncompressed; then an empty
    // last block.
    let header = u32::try_from(text.len() - 1).unwrap() << 4 | 1 << 20;
    [&header.to_le_bytes()[..3], text, &[0b11]].concat()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value =
            group.iter().chain([&0; 2]).take(3).fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = char::from(LETTERS[value >> (18 - 6 * place) & 63]);
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the decoders' steps need.
const DECODING: [&str; 10] =
    ["base64", "brotli", "cat", "gunzip", "gzip", "iconv", "jq", "lz4", "python3", "zstd"];
