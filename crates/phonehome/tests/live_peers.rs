//! Live peers as ground truth: real clients talk to real servers, tcpdump listens, and what went in must come out,
//! byte for byte; values planted in it are found, and each finding's proof holds.
//!
//! Each test plays in a network namespace of its own, for which it must be root. Where it is not, or where a peer
//! is not installed, it is skipped with a line that says why.

#![allow(clippy::type_complexity, reason = "a plan of a test is a row of a table")]
#![allow(clippy::zombie_processes, reason = "peers end with their namespace")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod kit;
mod live;

use std::{collections::BTreeMap, fmt::Write, thread};

use live::{
    aioquic, alone,
    ear::{Exchange, hear},
    nginx::{self, Transfer},
    openssl::{self, PSK, Suite, Visit, canary},
    stage::{Capture, Stage},
};

/// A connection by each suite of each version, encrypt-then-MAC on and off; the suites that phonehome does not
/// know are told as such.
#[test]
fn openssl_over_every_suite() {
    let Some(stage) = alone("openssl_over_every_suite", &["timeout"]) else { return };
    servers(&stage);
    let mut visits = Vec::new();
    for version in ["tls1", "tls1_1", "tls1_2", "tls1_3"] {
        for suite in Suite::all(&stage, version) {
            for etm in etm_too(&suite, version) {
                let port = match suite.name.contains("-DSS-") {
                    true => DSA,
                    false if etm => RSA,
                    false => NO_ETM,
                };
                let cipher = if version == "tls1_3" { "-ciphersuites" } else { "-cipher" };
                let name = if version == "tls1_3" {
                    suite.name.clone()
                } else {
                    format!("{}:@SECLEVEL=0", suite.name)
                };
                let options = [&format!("-{version}"), cipher, &name, "-psk", PSK];
                let visit = Visit::new(visits.len(), port, &options);
                visits.push((visit, suite.clone(), version));
            }
        }
    }
    assert!(visits.len() > 150, "only {} suites", visits.len());
    let only: Vec<_> = visits.iter().map(|(visit, ..)| visit.clone()).collect();
    let (file, answers, log) = play(&stage, &only);

    let heard = hear(&file, &log, None);
    let mut unknown = 0;
    for ((visit, suite, version), answer) in visits.iter().zip(&answers) {
        if suite.name.contains("ARIA") {
            unknown += 1;
            continue;
        }
        let exchange = heard.of(&format!("/{}", visit.name));
        same(visit, answer, exchange);
        let seal = exchange.request.seal.as_ref().unwrap();
        let number =
            BTreeMap::from([("tls1", 0x301), ("tls1_1", 0x302), ("tls1_2", 0x303), ("tls1_3", 0x304)]);
        assert_eq!((seal.suite, seal.version), (suite.number, number[version]), "{suite:?}");
    }
    assert_eq!(heard.exchanges.len() + unknown, visits.len());
    assert!(heard.anomalies.is_empty(), "{:?}", heard.anomalies);
    // Of the suites that are not known, data, alerts and the ends of the handshakes.
    let sealed: Vec<_> = heard.sealed().into_iter().map(|(reason, _)| reason).collect();
    let reasons = [
        "TLS alerts, encrypted",
        "TLS application data, unsupported cipher suite",
        "TLS handshake, encrypted",
    ];
    assert_eq!(sealed, reasons);

    // With the server's key alone: suites that agree by it, and those that encrypt nothing.
    let with_key = hear(&file, b"", Some(&stage.read("rsa.key")));
    let open = |suite: &Suite| suite.exchange == "RSA" || suite.name.contains("NULL");
    let expected = visits.iter().filter(|(_, suite, _)| open(suite) && !suite.name.contains("ARIA"));
    let expected: Vec<_> = expected.map(|(visit, ..)| format!("/{}", visit.name)).collect();
    expected.iter().for_each(|target| drop(with_key.of(target).clone()));
    assert_eq!(with_key.exchanges.len(), expected.len());

    let known = visits.iter().filter(|(_, suite, _)| !suite.name.contains("ARIA"));
    proved(&stage, known.map(|(visit, ..)| (visit.name.clone(), 3)));
}

/// Resumed sessions with tickets and with identifiers, early data, other groups (with a retried hello), padded
/// and short records.
#[test]
fn openssl_in_its_other_ways() {
    let Some(stage) = alone("openssl_in_its_other_ways", &["timeout"]) else { return };
    servers(&stage);
    let rows: [&[&str]; 10] = [
        &["-tls1_2", "-sess_out", "a.session"],
        &["-tls1_2", "-sess_in", "a.session"],
        &["-tls1_2", "-no_ticket", "-sess_out", "b.session"],
        &["-tls1_2", "-no_ticket", "-sess_in", "b.session"],
        &["-tls1_3", "-sess_out", "c.session"],
        &["-tls1_3", "-sess_in", "c.session"],
        &["-tls1_3", "-groups", "secp384r1:X25519"],
        &["-tls1_3", "-record_padding", "512"],
        &["-tls1_2", "-maxfraglen", "512"],
        &["-tls1_3", "-max_send_frag", "512"],
    ];
    let visits: Vec<_> = (0..).zip(rows).map(|(number, options)| Visit::new(number, RSA, options)).collect();
    let (file, answers, log) = play_in_order(&stage, &visits);
    let heard = hear(&file, &log, None);
    for (visit, answer) in visits.iter().zip(&answers) {
        same(visit, answer, heard.of(&format!("/{}", visit.name)));
    }
    assert!(heard.anomalies.is_empty(), "{:?}", heard.anomalies);
    assert_eq!(heard.sealed(), []);
    proved(&stage, visits.iter().map(|visit| (visit.name.clone(), 3)));
}

/// curl and nginx: HTTP/1.1 and HTTP/2 over TLS 1.2 and 1.3; bodies small, large, compressed, chunked.
#[test]
fn curl_and_nginx() {
    let Some(stage) = alone("curl_and_nginx", &["curl", "nginx"]) else { return };
    nginx::start(&stage);
    let mut dice = testkit::Dice::new(7);
    stage.write("files/noise", dice.bytes(1_500_000));
    stage.write("files/page.html", "<p>All work and no play makes a dull page.</p>\n".repeat(5000));
    stage.write("files/nothing", "");
    let capture = Capture::start(&stage);
    let mut all = Vec::new();
    for http in ["--http1.1", "--http2"] {
        for tls in ["--tls-max=1.2", "--tls-max=1.3"] {
            let first = all.len();
            let transfers = transfers(first, http, if tls.ends_with('2') { "1.2" } else { "1.3" }, &mut dice);
            nginx::curl(&stage, &transfers);
            all.extend(transfers);
        }
    }
    let file = capture.finish();
    let heard = hear(&file, &stage.read("x.keys"), None);
    for transfer in &all {
        transferred(&stage, transfer, heard.of(&transfer.target));
    }
    assert_eq!(heard.exchanges.len(), all.len());
    assert!(heard.anomalies.is_empty(), "{:?}", heard.anomalies);
    assert_eq!(heard.sealed(), []);
    let posted = |transfer: &Transfer| {
        usize::from(transfer.fields.iter().any(|(name, _)| *name == "Content-Encoding"))
    };
    proved(&stage, all.iter().enumerate().map(|(number, transfer)| (canary(number), 2 + posted(transfer))));
}

/// HTTP/3 as aioquic speaks it: QUIC 1 and 2, three ciphers, key updates and changed connection ids.
#[test]
fn aioquic_with_itself() {
    let Some(stage) = alone("aioquic_with_itself", &[]) else { return };
    let Some(python) = aioquic::python() else { return };
    stage.certificate("ec", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let capture = Capture::start(&stage);
    let said = aioquic::talk(&stage, &python);
    let file = capture.finish();
    let heard = hear(&file, &stage.read("x.keys"), None);
    for talk in &said {
        let exchange = heard.of(&talk.target);
        let (request, response) = (&exchange.request, &exchange.response);
        assert!(request.whole && response.whole, "{}: cut", talk.target);
        assert_eq!((request.protocol, &request.fields), ("HTTP/3", &talk.request.0), "{}", talk.target);
        assert_eq!(response.fields, talk.response.0, "{}", talk.target);
        assert!(
            request.body == talk.request.1 && response.body == talk.response.1,
            "{}: bodies",
            talk.target
        );
        let seal = request.seal.as_ref().unwrap();
        assert_eq!(
            (seal.protocol, seal.version, seal.suite),
            ("QUIC", talk.version, talk.suite),
            "{}",
            talk.target
        );
    }
    assert_eq!(heard.exchanges.len(), said.len());
    assert!(heard.anomalies.is_empty(), "{:?}", heard.anomalies);
    assert_eq!(heard.sealed(), []);
    proved(&stage, said.iter().map(|talk| (talk.canary.clone(), 3)));
}

/// Chromium reads a page of nginx: its own scripts post and fetch.
#[test]
fn chromium_and_nginx() {
    let Some(stage) = alone("chromium_and_nginx", &["nginx"]) else { return };
    let Some(browser) = live::program("chromium") else { return live::skip("chromium is not installed") };
    nginx::start(&stage);
    stage.write("files/page.html", PAGE.replace("CANARY", &canary(0)));
    stage.write("files/picture.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
    let capture = Capture::start(&stage);
    let mut chromium = stage.command("timeout");
    chromium.arg("60").arg(browser).env("SSLKEYLOGFILE", stage.join("x.keys")).env("HOME", stage.path());
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
    ]);
    chromium.args(["--ignore-certificate-errors", "--virtual-time-budget=10000", "--dump-dom"]);
    chromium.arg(format!("--user-data-dir={}", stage.join("browser").display()));
    let page = chromium.arg(format!("https://127.0.0.1:{}/page.html", nginx::PORT)).output().unwrap();
    let (page, said) = (String::from_utf8_lossy(&page.stdout), String::from_utf8_lossy(&page.stderr));
    assert!(page.contains("<p>thanks for /post/"), "{page}\n{said}");
    let file = capture.finish();
    let heard = hear(&file, &stage.read("x.keys"), None);
    let posted = heard.of(&format!("/post/{}", canary(0)));
    assert_eq!(String::from_utf8_lossy(&posted.request.body), format!("{{\"canary\":\"{}\"}}", canary(0)));
    assert!(
        posted.request.fields.contains(&("x-canary".to_owned(), canary(0))),
        "{:?}",
        posted.request.fields
    );
    assert_eq!(heard.of("/page.html").request.protocol, "HTTP/2");
    // What nginx was asked for, no more and no less.
    let asked = String::from_utf8(stage.read("asked.log")).unwrap();
    let mut asked: Vec<_> = asked.lines().map(str::to_owned).collect();
    let heads = heard.exchanges.iter().map(|exchange| &exchange.request.head);
    let mut found: Vec<_> = heads.map(|head| format!("{} {} HTTP/2.0", head.method, head.target)).collect();
    asked.sort();
    found.sort();
    assert_eq!(found, asked);
    proved(&stage, [(canary(0), 3)].into_iter());
}

fn transfers(first: usize, http: &'static str, tls: &'static str, dice: &mut testkit::Dice) -> Vec<Transfer> {
    let json = |number: usize, times: usize| {
        let events: Vec<_> = (0..times)
            .map(|event| format!("{{\"event\":{event},\"session\":\"{:x}\"}}", number * 77))
            .collect();
        format!("{{\"canary\":\"{}\",\"events\":[{}]}}", canary(number), events.join(","))
    };
    let octets = ("Content-Type", "application/octet-stream".to_owned());
    let mut plans: Vec<(&str, Vec<u8>, Vec<(&'static str, String)>)> = Vec::new();
    let as_json = ("Content-Type", "application/json".to_owned());
    let gzipped = ("Content-Encoding", "gzip".to_owned());
    for times in [1, 3000] {
        let body = kit::gzip(json(first + plans.len(), times).as_bytes());
        plans.push(("/post/", body, vec![as_json.clone(), gzipped.clone(), ("Expect", String::new())]));
    }
    plans.push(("/post/", dice.bytes(2_000_000), vec![octets.clone()]));
    plans.push(("/post/", dice.bytes(100_000), vec![octets, ("Transfer-Encoding", "chunked".to_owned())]));
    plans.push(("/noise", Vec::new(), Vec::new()));
    plans.push(("/page.html", Vec::new(), vec![("Accept-Encoding", "gzip".to_owned())]));
    plans.push(("/nothing", Vec::new(), Vec::new()));
    plans.push(("/page.html", Vec::new(), vec![("Range", "bytes=10-200000".to_owned())]));
    plans.push(("/there-is-no-such-file", Vec::new(), Vec::new()));
    let number = first..;
    number
        .zip(plans)
        .map(|(number, (path, body, mut fields))| {
            fields.push(("X-Canary", canary(number)));
            Transfer {
                name: format!("t{number}"),
                target: format!("{path}{}{}", if path == "/post/" { "" } else { "?for=" }, canary(number)),
                body,
                options: vec![http, "--tls-max", tls],
                fields,
            }
        })
        .collect()
}

/// The exchange is the transfer: request line, fields and body as they were given to curl; status, fields and body
/// as curl got them.
fn transferred(stage: &Stage, transfer: &Transfer, exchange: &Exchange) {
    let (request, response) = (&exchange.request, &exchange.response);
    let what = format!("{:?} {}", transfer.options, transfer.target);
    assert!(request.whole && response.whole, "{what}: cut");
    assert!(request.seal.is_some() && request.seal == response.seal, "{what}");
    let (second, tls) = (transfer.options.contains(&"--http2"), transfer.options.contains(&"1.3"));
    assert_eq!(request.protocol, if second { "HTTP/2" } else { "HTTP/1" }, "{what}");
    assert_eq!(request.seal.as_ref().unwrap().version, if tls { 0x304 } else { 0x303 }, "{what}");
    assert_eq!(request.head.method, if transfer.body.is_empty() { "GET" } else { "POST" }, "{what}");
    assert!(request.body == transfer.body, "{what}: {} bytes of {}", request.body.len(), transfer.body.len());
    let fields = request.sorted_fields();
    for (name, value) in &transfer.fields {
        // HTTP/2 has no chunks; without a value curl leaves a field out.
        let left_out = value.is_empty() || (second && *name == "Transfer-Encoding");
        let field = (name.to_lowercase(), value.clone());
        assert_eq!(
            fields.iter().filter(|known| **known == field).count(),
            usize::from(!left_out),
            "{what}: {fields:?}"
        );
    }
    let own = [
        ("accept", "*/*"),
        ("content-length", ""),
        ("expect", ""),
        ("host", ""),
        ("user-agent", nginx::AGENT),
    ];
    for (name, value) in &fields {
        let given = transfer.fields.iter().any(|(given, _)| given.to_lowercase() == *name);
        let own = own.iter().any(|(known, say)| name == known && (say.is_empty() || say == value));
        assert!(given || own, "{what}: {name}: {value}");
    }
    let (status, fields, body) = transfer.answer(stage);
    assert_eq!(response.head.status, status, "{what}");
    assert_eq!(response.sorted_fields(), fields, "{what}");
    assert!(response.body == body, "{what}: {} bytes of {}", response.body.len(), body.len());
}

fn servers(stage: &Stage) {
    stage.certificate("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    stage.certificate("ec", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let dsa = [
        "genpkey",
        "-genparam",
        "-algorithm",
        "DSA",
        "-pkeyopt",
        "dsa_paramgen_bits:1024",
        "-out",
        "dsa.parameters",
    ];
    live::stage::run(stage.command("openssl").args(dsa));
    stage.certificate("dsa", &["-paramfile", "dsa.parameters"]);
    openssl::server(stage, RSA, &["rsa", "ec"], &[]);
    openssl::server(stage, DSA, &["dsa"], &[]);
    openssl::server(stage, NO_ETM, &["rsa", "ec"], &["-no_etm"]);
}

/// Encrypt-then-MAC is for block ciphers alone, and the same however the secret was agreed on: the others go once.
fn etm_too(suite: &Suite, version: &str) -> Vec<bool> {
    let sealing = ["GCM", "CCM", "POLY1305", "NULL"];
    let blocks = version != "tls1_3" && !sealing.iter().any(|word| suite.name.contains(word));
    if blocks && suite.exchange == "RSA" { vec![true, false] } else { vec![true] }
}

/// The messages are what went in at one end and came out at the other.
fn same(visit: &Visit, answer: &[u8], exchange: &Exchange) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&exchange.request.raw), text(&visit.request), "{visit:?}");
    assert_eq!(text(&exchange.response.raw), text(answer), "{visit:?}");
    assert!(exchange.request.whole && exchange.response.whole, "{visit:?}");
}

/// Plays the visits, four at a time. Gives the capture, what each client got, and the key log.
fn play(stage: &Stage, visits: &[Visit]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let capture = begin(stage, visits);
    let answers = thread::scope(|scope| {
        let parts: Vec<_> = visits
            .chunks(visits.len().div_ceil(4))
            .map(|part| scope.spawn(move || part.iter().map(|visit| visit.pay(stage)).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    end(stage, visits, capture, answers)
}

/// The same one after the other: one needs what another left.
fn play_in_order(stage: &Stage, visits: &[Visit]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let capture = begin(stage, visits);
    let answers = visits.iter().map(|visit| visit.pay(stage)).collect();
    end(stage, visits, capture, answers)
}

fn begin(stage: &Stage, visits: &[Visit]) -> Capture {
    for (number, visit) in visits.iter().enumerate() {
        visit.lay_answer(stage, format!("answer {number} ").repeat(number % 50 * 20).as_bytes());
    }
    Capture::start(stage)
}

fn end(
    stage: &Stage,
    visits: &[Visit],
    capture: Capture,
    answers: Vec<Vec<u8>>,
) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let file = capture.finish();
    // A resumed connection has none.
    let logs =
        visits.iter().filter_map(|visit| std::fs::read(stage.join(&format!("{}.keys", visit.name))).ok());
    let log = logs.collect::<Vec<_>>().concat();
    stage.write("x.keys", &log);
    (file, answers, log)
}

/// The program finds each planted value so many times on its way out, and nothing else of the profile; every
/// finding is proved.
fn proved(stage: &Stage, planted: impl Iterator<Item = (String, usize)>) {
    let planted: BTreeMap<_, _> = planted.collect();
    let mut profile = String::from("name = \"Live\"\n[planted]\nwords = [");
    planted.keys().for_each(|word| write!(profile, "\"{word}\",").unwrap());
    stage.write("phone.toml", profile + "]\n");
    let phonehome =
        |arguments: &[&str]| kit::phonehome().current_dir(stage.path()).args(arguments).assert().success();
    phonehome(&["audit", "x.pcap", "--keys", "x.keys", "-p", "phone.toml", "--out", "x.case", "--quiet"]);
    let database = rusqlite::Connection::open(stage.join("x.case/case.sqlite")).unwrap();
    let mut query = database
        .prepare(
            "SELECT value, count(*) FROM leak WHERE direction = 'out' AND grade = 'known' GROUP BY value",
        )
        .unwrap();
    let found = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))).unwrap();
    let found: BTreeMap<String, usize> = found.map(Result::unwrap).collect();
    assert_eq!(found, planted);
    phonehome(&["prove", "x.case"]);
}

/// Port of the server with an RSA and an ECDSA certificate.
const RSA: u16 = 4433;
/// Port of the one with a DSA certificate.
const DSA: u16 = 4434;
/// Port of the one that does no encrypt-then-MAC.
const NO_ETM: u16 = 4435;

/// A page whose script posts a value in path, field and body.
const PAGE: &str = r#"<!doctype html><title>Live</title><img src="picture.svg"><p id="said"></p><script>
fetch("/post/CANARY", { method: "POST", headers: { "X-Canary": "CANARY" }, body: JSON.stringify({ canary: "CANARY" }) })
  .then(answer => answer.text()).then(text => { document.getElementById("said").outerHTML = `<p>${text}</p>`; });
</script>"#;
