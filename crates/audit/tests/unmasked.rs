//! Values that somebody hid without protecting them are read by the audit itself, with a proof that replays; what is
//! like them and is not is left alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, num::NonZeroUsize};

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, claimed, recipe, replay},
};
use evidence::{Behaviour, Case, Finding, FindingKind, Grade, IdentifierKind, Relation, Step};
use facts::Atlas;
use identifiers::Profile;
use sha2::{Digest, Sha256};
use testkit::{
    Conversation, Endpoint, Net, PcapStyle, Side,
    apk::{self, Class, Op},
};

const IMEI: &str = "352099001761481";
const PROFILE: &str =
    "name = \"Test phone\"\n[device]\nimei = [\"352099001761481\"]\nandroid_id = \"b7e2c91f04d8a356\"\n";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of a generator that passes for random.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// The audit of requests with these bodies, a minute apart.
fn sent(bodies: &[String], effort: u64) -> (Case, tempfile::TempDir) {
    sent_to(|_| "stats.vendor.example".to_owned(), bodies, effort)
}

/// The same, each to a host of its own.
fn sent_to(host: impl Fn(u16) -> String, bodies: &[String], effort: u64) -> (Case, tempfile::TempDir) {
    let folder = recorded(host, bodies);
    (audited(&folder, effort), folder)
}

/// A folder with the capture of these requests.
fn recorded(host: impl Fn(u16) -> String, bodies: &[String]) -> tempfile::TempDir {
    let mut net = Net::new(Vec::new());
    for (port, body) in (40_000..).zip(bodies) {
        net.set_time(1_700_000_000_000_000_000 + i64::from(port - 40_000) * 61_700_000_000);
        let mut talk = Conversation::new(Endpoint::phone(port), Endpoint::server(80));
        talk.open(&mut net).unwrap();
        let request = format!(
            "POST /collect HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\n\r\n{body}",
            host(port),
            body.len()
        );
        talk.send(&mut net, Side::Client, request.as_bytes()).unwrap();
        talk.send(&mut net, Side::Server, b"HTTP/1.1 204 No Content\r\nServer: nginx\r\n\r\n").unwrap();
        talk.close(&mut net).unwrap();
    }
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    fs::write(&path, testkit::capture::pcap(PcapStyle::default(), frames)).unwrap();
    folder
}

fn audited(folder: &tempfile::TempDir, effort: u64) -> Case {
    let order = Order {
        keys: Vec::new(),
        bill: None,
        inputs: vec![folder.path().to_owned()],
        profile: Some(Profile::parse(PROFILE, &mut |_| Err(String::new())).unwrap()),
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(effort),
        workers: NonZeroUsize::new(2),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

fn imei(case: &Case) -> Option<&Finding> {
    case.findings.iter().find(|finding| {
        matches!(&finding.kind, FindingKind::IdentifierSent { identifier: IdentifierKind::Imei, value, .. } if value == IMEI)
    })
}

/// Runs every proof of a finding again, and gives its script.
fn proved(case: &Case, finding: &Finding, folder: &tempfile::TempDir) -> String {
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let mut replays = Vec::new();
    for evidence in &finding.evidence {
        let replayed = replay(&evidence.occurrence, &mut files).unwrap();
        claimed(finding, evidence, &replayed).unwrap();
        replays.push(replayed);
    }
    recipe(finding, &case.captures, &replays)
}

#[test]
fn a_key_that_is_sent_along_opens() {
    let plain = format!("{{\"imei\":\"{IMEI}\",\"v\":3}}");
    let key = noise(7, 16);
    let hidden: Vec<u8> = plain.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    let (case, folder) = sent(&[format!("{{\"k\":\"{}\",\"d\":\"{}\"}}", hex(&key), hex(&hidden))], 50);
    let finding = imei(&case).unwrap();
    let FindingKind::IdentifierSent { grade, .. } = &finding.kind else { unreachable!() };
    assert_eq!(*grade, Grade::Known);
    let proof = &finding.proof().unwrap().occurrence;
    assert!(proof.trail.buffers.iter().any(|buffer| matches!(buffer.step, Step::Unmask(_))));
    let script = proved(&case, finding, &folder);
    assert!(script.contains("undone1_"), "{script}");
    let is = |finding: &&Finding| matches!(&finding.kind, FindingKind::Behaviour(Behaviour::Opaque { class, .. }) if class == "scrambled");
    assert!(case.findings.iter().any(|finding| is(&finding)));
    let bytes: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
    assert_eq!(case.coverage.total(), bytes);
}

#[test]
fn a_salted_digest_is_told_with_its_salt_and_its_cost() {
    let digest = Sha256::digest(format!("a81f02{IMEI}"));
    let (case, folder) = sent(&[format!("{{\"nonce\":\"a81f02\",\"id\":\"{}\"}}", hex(&digest))], 50);
    let finding = imei(&case).unwrap();
    let FindingKind::IdentifierSent { grade, hashed, .. } = &finding.kind else { unreachable!() };
    assert_eq!(*grade, Grade::Derived);
    let how = hashed.first().unwrap();
    assert!(how.salt_from.contains("nonce") && how.tries > 0, "{how:?}");
    assert!(finding.words.contains("salt"), "{}", finding.words);
    proved(&case, finding, &folder);
    // A case that says another salt does not hold.
    let mut forged = finding.clone();
    if let FindingKind::IdentifierSent { hashed, .. } = &mut forged.kind {
        hashed.iter_mut().for_each(|how| how.salt = None);
    }
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let evidence = forged.evidence.first().unwrap();
    let replayed = replay(&evidence.occurrence, &mut files).unwrap();
    assert!(claimed(&forged, evidence, &replayed).is_err());
}

/// A value that stays the same is looked at once, and was sent all the same.
#[test]
fn a_salted_digest_that_stays_is_counted_as_often_as_it_was_sent() {
    let digest = hex(&Sha256::digest(format!("a81f02{IMEI}")));
    let body = |number: usize| format!("{{\"key\":\"a81f02\",\"id\":\"{digest}\",\"n\":{number}}}");
    let (case, folder) = sent(&(0..5).map(body).collect::<Vec<_>>(), 50);
    let finding = imei(&case).unwrap();
    assert_eq!((finding.count, finding.last.since(finding.first)), (5, 4 * 61_700_000_000));
    assert!(finding.words.contains("in 5 messages"), "{}", finding.words);
    proved(&case, finding, &folder);
    // Where other messages have another value, its last time is not known, but how often it came is.
    let mut bodies: Vec<String> = (0..5).map(body).collect();
    bodies.push("{\"key\":\"a81f02\",\"id\":\"none\"}".to_owned());
    let (case, _folder) = sent(&bodies, 50);
    let finding = imei(&case).unwrap();
    assert_eq!(finding.count, 5);
    assert!(finding.words.contains("at 5 places in messages"), "{}", finding.words);
}

#[test]
fn a_digest_between_two_salts_is_told_with_both() {
    let body = |number: u8| {
        let (nonce, rnd) = (hex(&noise(u64::from(number) + 3, 5)), hex(&noise(u64::from(number) + 9, 6)));
        let digest = Sha256::digest(format!("{nonce}{IMEI}{rnd}"));
        format!("{{\"nonce\":\"{nonce}\",\"uid\":\"{}\",\"rnd\":\"{rnd}\"}}", hex(&digest))
    };
    let (case, folder) = sent(&[body(0), body(1), body(2)], Effort::USUAL);
    let finding = imei(&case).unwrap();
    assert_eq!(finding.count, 3);
    let told = "the salt is the field nonce sent along before it and the field rnd sent along behind it";
    assert!(finding.words.contains(told), "{}", finding.words);
    proved(&case, finding, &folder);
}

/// What the search reads backwards is no second sighting.
#[test]
fn what_is_read_as_it_stands_is_not_told_again_as_opened() {
    let turned: String = IMEI.chars().rev().collect();
    let body = |number: usize| format!("{{\"uid\":\"device-{turned}\",\"n\":{number}}}");
    let (case, _folder) = sent(&[body(0), body(1)], Effort::USUAL);
    let finding = imei(&case).unwrap();
    assert_eq!((finding.count, finding.sightings.len()), (2, 1), "{}", finding.words);
}

/// What a server calls itself is no answer.
#[test]
fn an_answer_is_shown_by_its_first_line() {
    let (case, _folder) = sent(&[format!("{{\"uid\":\"{IMEI}\"}}")], 0);
    let answers = case.findings.iter().flat_map(|finding| &finding.evidence);
    let answers = answers.filter(|evidence| evidence.relation == Relation::Answer);
    let found: Vec<&str> = answers.map(|evidence| evidence.occurrence.found.as_str()).collect();
    assert_eq!(found, ["HTTP/1.1 204 No Content"]);
}

/// The needles have all plain digests, whichever way they are written.
#[test]
fn a_plain_digest_is_told_once() {
    // printf %s 352099001761481 | openssl dgst -sha256 -binary | base64
    let digest = "GVZckwiiy1RHhF11aS26xdHY8InrRkfAm3E36fuNIkw=";
    let body = |number: usize| format!("{{\"uid\":\"{digest}\",\"n\":{number}}}");
    let (case, _folder) = sent(&[body(0), body(1)], Effort::USUAL);
    let finding = imei(&case).unwrap();
    let FindingKind::IdentifierSent { forms, .. } = &finding.kind else { unreachable!() };
    assert_eq!((finding.count, forms.len()), (2, 1), "{forms:?}");
}

/// A key that opened what stands beside it has told what it is.
#[test]
fn a_key_is_not_told_as_unreadable() {
    let body = |number: u8| {
        let key = noise(u64::from(number) + 40, 32);
        let plain = format!("{{\"imei\":\"{IMEI}\",\"version\":{number},\"model\":\"TA-1046\"}}");
        let hidden: Vec<u8> = plain.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        format!("{{\"k\":\"{}\",\"d\":\"{}\"}}", hex(&key), hex(&hidden))
    };
    let (case, _folder) = sent(&[body(0), body(1), body(2)], Effort::USUAL);
    assert!(imei(&case).is_some());
    let fields = case.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::Behaviour(Behaviour::Opaque { field, .. }) => Some(field.as_str()),
        _ => None,
    });
    assert_eq!(fields.collect::<Vec<_>>(), ["d"]);
}

#[test]
fn what_is_like_it_and_is_not_is_left_alone() {
    let bodies: Vec<String> = (1..40)
        .map(|seed| {
            let digest = hex(&Sha256::digest(noise(seed, 20)));
            let cipher = hex(&noise(seed + 1_000, 96));
            format!("{{\"id\":\"{digest}\",\"d\":\"{cipher}\",\"t\":{seed}}}")
        })
        .collect();
    let (case, _folder) = sent(&bodies, 50);
    assert!(imei(&case).is_none());
    let graded = case.sightings.iter().filter(|group| group.key.grade > Grade::Shaped);
    assert_eq!(graded.map(|group| group.key.clone()).collect::<Vec<_>>(), []);
    let unread = case.findings.iter().find_map(|finding| match &finding.kind {
        FindingKind::Behaviour(Behaviour::Opaque { field, counter, .. }) if field == "d" => {
            Some(counter.clone())
        }
        _ => None,
    });
    assert_eq!(unread.as_deref(), Some("t"), "it is told that it could not be read");
}

#[test]
fn without_a_budget_the_ledger_tells_what_was_not_tried() {
    let digest = Sha256::digest(format!("a81f02{IMEI}"));
    let (case, _folder) = sent(&[format!("{{\"nonce\":\"a81f02\",\"id\":\"{}\"}}", hex(&digest))], 0);
    assert!(imei(&case).is_none());
    assert!(
        case.coverage.rows().iter().any(|row| row.reason.starts_with("hidden values: ")),
        "{:?}",
        case.coverage.rows()
    );
}

/// A few values stand for all that the same code sends to the hosts of a domain; the others are counted.
#[test]
fn hosts_of_one_domain_are_tried_together() {
    let bodies: Vec<String> =
        (0..400).map(|seed| format!("{{\"blob\":\"{}\"}}", hex(&noise(seed + 1, 40)))).collect();
    let (case, _folder) = sent_to(|port| format!("h{port}.example.com"), &bodies, 1);
    let passed =
        case.coverage.rows().into_iter().find(|row| row.reason.contains("the first of the same field"));
    assert_eq!(passed.unwrap().pieces, 396);
}

/// The key stands in the code of one app, which nobody but its code ties to the traffic.
#[test]
fn a_key_in_the_code_of_an_app_opens() {
    const KEY: &str = "Zx8#kLm2!pQ9vRt4";
    let sealed = |number: usize| {
        let text = format!("{{\"seq\":{number},\"dev\":\"{IMEI}\",\"net\":\"wifi\"}}");
        let short = 16 - text.len() % 16;
        let padded = [text.as_bytes(), &vec![u8::try_from(short).unwrap(); short]].concat();
        let cipher = aes::Aes128::new(&Array::try_from(KEY.as_bytes()).unwrap());
        let blocks = padded.chunks_exact(16).flat_map(|block| {
            let mut block = Array::try_from(block).unwrap();
            cipher.encrypt_block(&mut block);
            block.to_vec()
        });
        format!("{{\"v\":2,\"blob\":\"{}\"}}", hex(&blocks.collect::<Vec<u8>>()))
    };
    let bodies: Vec<String> = (0..6).map(sealed).collect();
    let folder = recorded(|_| "stats.vendor.example".to_owned(), &bodies);
    let without = audited(&folder, Effort::USUAL);
    assert!(imei(&without).is_none(), "{:?}", imei(&without));
    let keyboard = apk::App::new("com.maker.keyboard").class(Class::new("com.maker.keyboard.Seal").method(
        "seal",
        &[Op::Text(KEY), Op::Text("AES/ECB/PKCS5Padding"), Op::Call("javax.crypto.Cipher.getInstance")],
    ));
    fs::write(folder.path().join("keyboard.apk"), keyboard.build()).unwrap();
    let case = audited(&folder, Effort::USUAL);
    let finding = imei(&case).expect("the key of the app opens it");
    let told = proved(&case, finding, &folder);
    assert!(told.contains("com.maker.keyboard.Seal.seal @ classes.dex:0x"), "{told}");
}
