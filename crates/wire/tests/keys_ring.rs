//! Key logs and private keys to secrets: every form of line, however the text is cut, with the place of each.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use evidence::{CaptureId, FrameNo};
use wire::{
    KeyRing,
    keys::{Label, LogTally, PrivateKeyError},
};

const FILE: CaptureId = CaptureId(7);

fn digits(byte: u8, len: usize) -> String {
    format!("{byte:02x}").repeat(len)
}

/// A log with every form of line; the client random of most is 0x11…
fn log() -> String {
    let random = digits(0x11, 32);
    let short = |byte| digits(byte, 32);
    let long = |byte| digits(byte, 48);
    [
        "\u{feff}# a comment".to_owned(),
        String::new(),
        format!("CLIENT_RANDOM {random} {}", long(1)),
        format!("CLIENT_HANDSHAKE_TRAFFIC_SECRET {random} {}\r", short(2)),
        format!("SERVER_HANDSHAKE_TRAFFIC_SECRET\t{random}  {}", long(3).to_uppercase()),
        format!("  CLIENT_TRAFFIC_SECRET_0 {random} {} ", short(4)),
        format!("SERVER_TRAFFIC_SECRET_2 {random} {}", short(5)),
        format!("CLIENT_EARLY_TRAFFIC_SECRET {random} {}", short(6)),
        format!("QUIC_SERVER_TRAFFIC_SECRET_0 {random} {}", short(7)),
        format!("PMS_CLIENT_RANDOM {random} {}", digits(8, 256)),
        format!("RSA {} {}", digits(0x22, 8), long(9)),
        format!("RSA Session-ID:{} Master-Key:{}", digits(0x33, 32), long(10)),
        format!("EXPORTER_SECRET {random} {}", short(11)),
        format!("ECH_CONFIG {random} fe0d"),
        format!("CLIENT_TRAFFIC_SECRET_N {random} {}", short(13)),
        format!("CLIENT_RANDOM {random} {}", long(1)),
        format!("CLIENT_RANDOM {random} {}", long(12)),
        "CLIENT_RANDOM 11 22".to_owned(),
        format!("CLIENT_RANDOM {random}"),
        format!("CLIENT_RANDOM {random} {}x", long(1)),
        format!("SERVER_TRAFFIC_SECRET_ {random} {}", short(5)),
        "nonsense".to_owned(),
    ]
    .join("\n")
        + "\n"
}

fn bytes(ring: &KeyRing, label: Label) -> Vec<Vec<u8>> {
    ring.secrets(&[0x11; 32], label).into_iter().map(|secret| secret.bytes).collect()
}

fn expect(ring: &KeyRing) {
    assert_eq!(bytes(ring, Label::Master), [[1; 48], [12; 48]]);
    assert_eq!(bytes(ring, Label::ClientHandshake), [[2; 32]]);
    assert_eq!(bytes(ring, Label::ServerHandshake), [[3; 48]]);
    assert_eq!(bytes(ring, Label::ClientTraffic(0)), [[4; 32]]);
    assert_eq!(bytes(ring, Label::ServerTraffic(2)), [[5; 32]]);
    assert_eq!(bytes(ring, Label::ClientEarly), [[6; 32]]);
    assert_eq!(bytes(ring, Label::ServerTraffic(0)), [[7; 32]]);
    assert_eq!(bytes(ring, Label::Premaster), [[8; 256]]);
    assert_eq!(ring.premasters_of_encrypted(&[0x22; 128])[0].bytes, [9; 48]);
    assert_eq!(ring.masters_of_session(&[0x33; 32])[0].bytes, [10; 48]);
    assert!(ring.masters_of_session(&[0x33; 31]).is_empty() && ring.masters_of_session(&[]).is_empty());
    assert!(ring.secrets(&[0x12; 32], Label::Master).is_empty());
    assert!(ring.secrets(&[0x11; 31], Label::Master).is_empty());
}

#[test]
fn every_form_of_line_is_read() {
    let (ring, log) = (KeyRing::default(), log());
    assert!(ring.is_empty());
    let tally = ring.add_log(FILE, 0, 1, log.as_bytes());
    let expected =
        LogTally { used: log.len(), lines: 22, secrets: 11, known: 1, unused: 3, odd: 5, over_limit: 0 };
    assert_eq!(tally, expected);
    assert_eq!((ring.is_empty(), ring.generation()), (false, 11));
    expect(&ring);
}

#[test]
fn a_secret_knows_where_its_digits_stand() {
    let (ring, log) = (KeyRing::default(), log());
    ring.add_log(FILE, 1000, 5, log.as_bytes());
    let place = |secret: &wire::keys::Secret| {
        let (file, line, offset) = secret.key.input.place(0).unwrap();
        assert_eq!(file, FILE);
        let at = usize::try_from(offset).unwrap() - 1000;
        let len = usize::try_from(secret.key.len).unwrap();
        (line, log[at..at + len].to_lowercase())
    };
    let early = &ring.secrets(&[0x11; 32], Label::ClientEarly)[0];
    assert_eq!(place(early), (FrameNo(12), digits(6, 32)));
    let upper = &ring.secrets(&[0x11; 32], Label::ServerHandshake)[0];
    assert_eq!(place(upper), (FrameNo(9), digits(3, 48)));
    assert_eq!(place(&ring.masters_of_session(&[0x33; 32])[0]), (FrameNo(16), digits(10, 48)));
}

#[test]
fn a_log_that_grows_is_read_as_it_grows() {
    let log = log();
    for step in [1, 7, 100] {
        let (ring, mut start, mut line, mut waiting) = (KeyRing::default(), 0, 1, Vec::new());
        for piece in log.as_bytes().chunks(step) {
            waiting.extend_from_slice(piece);
            let tally = ring.add_log(FILE, start, line, &waiting);
            waiting.drain(..tally.used);
            start += tally.used as u64;
            line += tally.lines;
        }
        assert!(waiting.is_empty());
        expect(&ring);
        let early = &ring.secrets(&[0x11; 32], Label::ClientEarly)[0];
        assert_eq!(early.key.input.place(0).unwrap().1, FrameNo(8));
    }
}

#[test]
fn many_connections_are_found_and_a_flood_of_one_is_bounded() {
    let ring = KeyRing::default();
    let mut log = String::new();
    for number in 0..20_000 {
        log += &format!("CLIENT_RANDOM {number:064x} {number:096x}\n");
    }
    assert_eq!(ring.add_log(FILE, 0, 1, log.as_bytes()).secrets, 20_000);
    for number in (0..20_000u32).step_by(97) {
        let mut random = [0; 32];
        random[28..].copy_from_slice(&number.to_be_bytes());
        let secrets = ring.secrets(&random, Label::Master);
        assert_eq!((secrets.len(), &secrets[0].bytes[44..]), (1, &number.to_be_bytes()[..]));
        assert_eq!(secrets[0].key.input.place(0).unwrap().1, FrameNo(u64::from(number) + 1));
    }
    let flood: String =
        (0..1000).map(|number| format!("CLIENT_RANDOM {} {number:096x}\n", digits(0x44, 32))).collect();
    let tally = ring.add_log(FILE, 0, 1, flood.as_bytes());
    assert_eq!((tally.secrets, tally.over_limit), (64, 936));
}

#[test]
fn private_keys_are_read_and_others_refused() {
    let ring = KeyRing::default();
    assert_eq!(ring.add_private_key(FILE, b""), Err(PrivateKeyError::None));
    let certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(ring.add_private_key(FILE, certificate), Err(PrivateKeyError::None));
    let locked = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(ring.add_private_key(FILE, locked), Err(PrivateKeyError::Encrypted));
    let broken = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(ring.add_private_key(FILE, broken), Err(PrivateKeyError::Unusable));
    let endless = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n";
    assert_eq!(ring.add_private_key(FILE, endless), Err(PrivateKeyError::None));
    let Some(corpora) = testkit::corpora::corpora() else { return };
    let pem = std::fs::read(corpora.join("decrypt/keys/rsasnakeoil2.key")).unwrap();
    assert_eq!(ring.add_private_key(FILE, &pem), Ok(1));
    assert_eq!(ring.add_private_key(FILE, &pem), Ok(0));
    assert!(!ring.is_empty());
    assert!(ring.opened_premasters(&[1; 128]).is_empty());
}

#[test]
fn lines_end_as_on_any_system() {
    let line = |byte: &str| format!("CLIENT_RANDOM {} {}", byte.repeat(32), "a0".repeat(48));
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("# keys{end}{}{end}{end}{}{end}\n", line("5f"), line("60"));
        let tally = KeyRing::default().add_log(CaptureId(0), 0, 1, text.as_bytes());
        assert_eq!((tally.secrets, tally.odd, tally.used), (2, 0, text.len()), "{end:?}");
        assert_eq!(tally.lines, if end == "\r" { 4 } else { 5 }, "{end:?}");
    }
}
