//! Known values under digests that others computed: openssl, coreutils, zlib and Python's `uuid`.

use std::process::Command;

use evidence::IdentifierKind;
use unmask::hashed::{
    Algorithm, Budget, Candidate, Ended, Match, Origin, Proof, Salt, Spelling, Wanted, prove, prove_all,
};

const IMEI: &str = "352099001761481";
const SALT: &str = "s3cr3t";

fn candidate(kind: IdentifierKind, spellings: &[(&str, &str)]) -> Candidate {
    let spelling =
        |(name, text): &(&str, &str)| Spelling { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() };
    Candidate { kind, spellings: spellings.iter().map(spelling).collect() }
}

fn profile() -> Vec<Candidate> {
    vec![
        candidate(
            IdentifierKind::WifiMac,
            &[("colon-lower", "d0:37:45:ab:01:9f"), ("colon-upper", "D0:37:45:AB:01:9F")],
        ),
        candidate(IdentifierKind::Imei, &[("digits", IMEI), ("digits[..14]", "35209900176148")]),
    ]
}

fn salts() -> Vec<Salt> {
    let field = |text: &str, name: &str| Salt {
        bytes: text.as_bytes().to_vec(),
        origin: Origin::MessageField(name.to_owned()),
    };
    vec![field("1606400000", "ts"), field(SALT, "nonce")]
}

fn tried(target: &str) -> Proof {
    prove(target.as_bytes(), &profile(), &salts(), &mut Budget::new(1_000_000))
}

fn only(target: &str) -> Match {
    let mut proof = tried(target);
    assert_eq!(proof.matches.len(), 1, "{target}: {:#?}", proof.matches);
    assert_eq!(proof.ended, Ended::Found);
    proof.matches.remove(0)
}

/// Target, form.
const ROWS: &[(&str, &str)] = &[
    ("1604c144dab483233aef52965d0c11d8", "md5(salt+value)/hex"),
    ("1604C144DAB483233AEF52965D0C11D8", "md5(salt+value)/hex-upper"),
    ("1604c144-dab4-3323-baef-52965d0c11d8", "md5(salt+value)/uuid3"),
    ("1604c144dab43323baef52965d0c11d8", "md5(salt+value)/uuid3-plain"),
    ("1604c144-dab4-8323-3aef-52965d0c11d8", "md5(salt+value)/uuid"),
    ("1604c144dab48323", "md5(salt+value)[..8]/hex"),
    ("dab483233aef5296", "md5(salt+value)[4..12]/hex"),
    ("3aef52965d0c11d8", "md5(salt+value)[8..]/hex"),
    ("1586605470212457251", "md5(salt+value)[..8]/decimal"),
    ("78bc505c8d535f0a2c4fe6c143b99aa7", "md5(value+salt)/hex"),
    ("3ad989f38c9b32c414d9fe155985232550fd6e09", "sha1(value:salt)/hex"),
    ("71625d88b951100f3f64f001c3b12a4c687bc67b326a572d914a1af8cf74db0e", "sha256(salt:value)/hex"),
    ("71625d88b951100f3f64", "sha256(salt:value)[..10]/hex"),
    ("b2b06c314f6218bed2f8db5a5a9c297d6b77b320c49e826164d650d3dee93864", "sha256(salt|value|salt)/hex"),
    ("22212421b766ddd14b5a26e5df8e2e29", "md5(value_salt)/hex"),
    ("a7de837d6c46a2dde9301b563736bdba31ce5d0b", "sha1(salt-value)/hex"),
    ("84f7e6881564baa9d4aa866a44734afc64cac05e646594f062a8672559463ec2", "sha256(value&salt)/hex"),
    ("48610a4b07ff9605ac6d125732357db1", "hmac-md5(key=salt,value)/hex"),
    ("d21c17ff6c97a7bab181467f308df7c356c4f0a9", "hmac-sha1(key=salt,value)/hex"),
    ("c7385bd53467192bdde5603748c7a926983bb399cb971b730d8a650a546400d1", "hmac-sha256(key=salt,value)/hex"),
    ("5cbc4125af5d17cea9191bbf8bfed416c41ef13788b49ec126244afcd3914b0f", "hmac-sha256(key=value,salt)/hex"),
    (
        "b1c0363ae647f25684851cac45e0294738f8f0824046829f3f862cc926fe666d5d7ea2634b99ee2bb682a87bb3c4a34d8ebb1ed7198e20eacc3c031926284430",
        "hmac-sha512(key=salt,value)/hex",
    ),
    ("d922c5de872fb53d0c0b20bbe493aec17fd1eef4f1380453397be63e32c60956", "hmac-sm3(key=salt,value)/hex"),
    ("980778a92221a7777117e7813ab3aaf7bdf63cb1889f1750eefba931466667be", "hmac-sha3-256(key=salt,value)/hex"),
    (
        "e065358023162957e52eb7373bc7a3227195f2d3aa027a38b2383d71fa50495cf8d0f0c97b2af16afe97e6fe0fa86a33",
        "hmac-sha384(key=salt,value)/hex",
    ),
    ("f94094da0beee605567eedc93679438b0ab92b71185f4d162a860271", "hmac-sha224(key=salt,value)/hex"),
    ("238b6d41600b35d008ac7a939667bc0f93de5bd2", "hmac-ripemd160(key=salt,value)/hex"),
    ("67e29c0f0ee2d8b47632e07adc16783069a3d360df36343cad8a2991ee95c57a", "hmac-blake2s(key=salt,value)/hex"),
    (
        "b944f287d1eb9d27b5820d792ebf1ab22f2f921b9ab05fcbc6b092bfaccc0b3fe4664ac783f76a9bdc196de0b5fca70d0e69ea028a201c6b024344fead850a2a",
        "hmac-blake2b(key=salt,value)/hex",
    ),
    ("3c2fcc51928d67cbd7d37f1fc162fc39ddfe0d7f", "sha1(hex(md5(value)))/hex"),
    ("4fe071d6cc5440d1c911a84c33be3824", "md5(HEX(md5(value)))/hex"),
    ("1b632efd0e8f752104381fde26022254bb3a3947a1b263e226cb773c49dda100", "sha256(md5(value))/hex"),
    ("a0701326533d22eb3c3eb3c41098128e", "md5(hex(md5(value))+salt)/hex"),
    ("020ebb8b7f570a79b62252898a7577fe", "md5(hex(md5(salt+value)))/hex"),
    ("ec8a0c457e1e02ed24985167cf285a782280cc872983b9da96399cda3fc125e4", "sha3-256(hex(md5(value)))/hex"),
    ("ea3a4c24d7b43b48db02075ba7d5fb4a2c76c6383d63203ebce3fa17", "sha224(salt+value)/hex"),
    (
        "e4ac7be25ad481b1c4558ab3ceed573789238b2b72e154d473c5d1148b71359e104c0c41ca50f3a457a5bf1dfbebc1a4",
        "sha384(salt+value)/hex",
    ),
    (
        "7c0c81c2885e28173c97b8f6045e23ac945d504ded0b17f2fd2de9939387e2f4c46a213c9d4b0117ad9fcfff218787c5a0706a976b8b2cf63f76e3ac84a1ca64",
        "sha512(salt+value)/hex",
    ),
    ("ba9ab68b3fce606814d6fbe0c22a815eaef48f421953d9f619a5822d2719b85a", "sha3-256(salt+value)/hex"),
    (
        "d227e57f35d8a1d7f1f5b4de776337024c1dc1553d97dbc9dd582eaadfcb004974abbb5e5b7d5d040a090a733853a2015d08fd5718232ae49e7f6627ec75cc75",
        "blake2b(salt+value)/hex",
    ),
    ("760d871eab8eb817d6ca01ed67e14de26b4661218685c7ab5b4b2a424c7a25da", "blake2b-256(salt+value)/hex"),
    ("642a5fc5a81d74ccf6b3e06d9165388ee9a4ddf4cea97fbc78c3d63d2704a5e5", "blake2s(salt+value)/hex"),
    ("e4e5d1f1348a3ad4abc410d93a28a37191ef009f", "ripemd160(salt+value)/hex"),
    ("b4be3bd6c959f10772e96672523e2741b1c11b4372fa602a2032c77b3523e12b", "sm3(salt+value)/hex"),
    ("EzvtFj/qQs/jDQcksbyJo65t/AA=", "sha1(salt+value)/base64"),
    ("EzvtFj/qQs/jDQcksbyJo65t/AA", "sha1(salt+value)/base64"),
    ("mlx5vgb6KaSMxHEEkOiEkiifyHdNro9ZuRo4xHw0v3Y", "sha256(salt+value)/base64"),
    ("bf7a1c5c4bed437b", "fnv1a-64(salt+value)/hex"),
];

/// 32 bits, told from accidents by the few attempts that a single salt takes.
const SHORT: &[(&str, &str)] = &[
    ("db3d1dc3", "crc32(salt+value)/hex"),
    ("3678215619", "crc32(salt+value)/decimal"),
    ("731156092", "java-hash(salt+value)/decimal"),
    ("8c6ca4db", "fnv1a-32(salt+value)/hex"),
];

#[test]
fn every_recipe_is_found_and_named() {
    for (target, form) in ROWS.iter().chain(SHORT) {
        let found = only(target);
        assert_eq!(found.form().0, *form, "{target}");
        assert_eq!((found.kind, found.canonical), (IdentifierKind::Imei, true));
        assert!(found.chance < 1e-4, "{target}: {}", found.chance);
        let salted = found.recipe.is_salted();
        assert_eq!(found.salt.as_ref().map(|salt| &salt.bytes[..]), salted.then_some(SALT.as_bytes()));
    }
}

#[test]
fn the_shell_prints_the_same() {
    let tools = ["openssl version", "python3 --version", "od --version", "base64 --version"];
    for tool in tools {
        if !Command::new("sh").args(["-c", tool]).output().unwrap().status.success() {
            eprintln!("not run: {tool} fails");
            return;
        }
    }
    for (target, form) in ROWS.iter().chain(SHORT) {
        let recipe = only(target).shell();
        let output = Command::new("sh").args(["-c", &recipe]).output().unwrap();
        assert!(output.status.success(), "{form}: {recipe}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.trim().trim_end_matches('='), target.trim_end_matches('='), "{form}: {recipe}");
    }
}

/// `printf '%s' 's3cr3tD0:37:45:AB:01:9F' | sha256sum`
#[test]
fn another_writing_of_the_value_is_told() {
    let found = only("33980961460e5eec99c9cef1dbde9fe23245fa701339b998e5899f19af7c6c56");
    assert_eq!(found.form().0, "colon-upper/sha256(salt+value)/hex");
}

#[test]
fn what_is_no_hash_of_the_values_is_refuted() {
    let rows = [
        // Of the IMEI with another check digit, with the salt: `printf '%s' s3cr3t352099001761482 | md5sum`.
        "d158be3e4136e3b36a9f59e93fa5851a",
        // md5 and sha256 of nothing.
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        // Random.
        "6fd1a2b7c3e94805",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "00000000000000000000000000000000",
        "deadbeef",
        "1606400000",
        "not a digest",
        "",
        "ab",
    ];
    for target in rows {
        let proof = tried(target);
        assert!(proof.matches.is_empty() && proof.doubtful.is_empty(), "{target}: {proof:#?}");
        assert_eq!(proof.ended, Ended::Exhausted);
    }
}

#[test]
fn a_short_digest_among_many_tries_is_a_doubt() {
    let many: Vec<_> = (0..5_000_u32)
        .map(|number| candidate(IdentifierKind::ContactNumber, &[("e164", &format!("+4915{number:08}"))]))
        .collect();
    let crc = Algorithm::Crc32.digest(b"+491500001234");
    let target = u32::from_be_bytes(crc.try_into().unwrap()).to_string();
    let proof = prove(target.as_bytes(), &many, &[], &mut Budget::new(u64::MAX));
    assert_eq!(proof.matches, []);
    assert_eq!(proof.doubtful.first().map(|found| found.candidate), Some(1_234));
    assert!(proof.doubtful[0].chance > 1e-4);
}

#[test]
fn a_budget_is_never_exceeded() {
    let target = "71625d88b951100f3f64f001c3b12a4c687bc67b326a572d914a1af8cf74db0e";
    for digests in [0, 1, 2, 50, 200] {
        let mut budget = Budget::new(digests);
        let proof = prove(target.as_bytes(), &profile(), &salts(), &mut budget);
        assert_eq!(proof.ended, Ended::OutOfBudget);
        assert_eq!(proof.tries + budget.left(), digests);
    }
}

#[test]
fn absurd_inputs_end_quietly() {
    let empty = candidate(IdentifierKind::Imei, &[("digits", ""), ("digits[..14]", "")]);
    let nobody = Candidate { kind: IdentifierKind::Imei, spellings: Vec::new() };
    let huge = Candidate {
        kind: IdentifierKind::MessageText,
        spellings: vec![Spelling { name: "text".to_owned(), bytes: vec![0xFF; 100_000] }],
    };
    let salts = [b"".to_vec(), vec![0; 100_000]].map(|bytes| Salt { bytes, origin: Origin::PackageName });
    for target in [&b""[..], b"\x01", b"\xff\xfe\xfd", &[0x80; 64], &[7; 65], b"0x", b"====", b"-1", b"+"] {
        let proof =
            prove(target, &[empty.clone(), nobody.clone(), huge.clone()], &salts, &mut Budget::new(500));
        assert!(proof.matches.is_empty());
    }
}

/// What is told of a match, without the tries, which a batch counts in another order.
fn told(proof: &Proof) -> (Ended, Vec<(String, usize, Option<Salt>)>) {
    let matches = proof.matches.iter().chain(&proof.doubtful);
    let told = matches.map(|found| (found.form().0, found.candidate, found.salt.clone()));
    (proof.ended, told.collect())
}

#[test]
fn together_and_alone_values_are_explained_alike() {
    let hopeless = ["6fd1a2b7c3e94805", "0f8fad5b-d9cb-469f-a165-70867728950e", "not a digest", ""];
    let values: Vec<_> = ROWS.iter().map(|(target, _)| *target).chain(hopeless).collect();
    let common: Vec<_> = Salt::common().iter().take(3).cloned().collect();
    let own = salts();
    let wanted: Vec<_> = values.iter().map(|value| Wanted { value: value.as_bytes(), salts: &own }).collect();
    let mut budget = Budget::new(u64::MAX);
    let together = prove_all(&wanted, &profile(), &common, &mut budget);
    assert_eq!(together.len(), values.len());
    let (all, mut sum) = ([own, common].concat(), 0);
    for (value, proof) in values.iter().zip(&together) {
        let alone = prove(value.as_bytes(), &profile(), &all, &mut Budget::new(u64::MAX));
        assert_eq!(told(proof), told(&alone), "{value}");
        assert!(proof.matches.iter().all(|found| found.chance < 1e-4));
        sum += proof.tries;
    }
    assert!((u64::MAX - budget.left()) * 4 < sum, "what is shared costs once");
}

#[test]
fn salts_of_one_message_are_tried_for_its_values_only() {
    let all = salts();
    let target = b"1604c144dab483233aef52965d0c11d8";
    let (own, other) = all.split_at(1);
    let wanted = [Wanted { value: target, salts: own }, Wanted { value: target, salts: other }];
    let proofs = prove_all(&wanted, &profile(), &[], &mut Budget::new(u64::MAX));
    assert_eq!((proofs[0].ended, proofs[1].ended), (Ended::Exhausted, Ended::Found));
    assert_eq!(proofs[1].matches[0].salt.as_ref(), other.first());
}

#[test]
fn a_batch_keeps_its_budget_and_tells_what_it_left_out() {
    let own = salts();
    let wanted = [
        Wanted { value: b"71625d88b951100f3f64f001c3b12a4c687bc67b326a572d914a1af8cf74db0e", salts: &own },
        Wanted { value: b"6fd1a2b7c3e94805", salts: &own },
        Wanted { value: b"no digest", salts: &own },
    ];
    for digests in [0, 100, 1_000, 3_000] {
        let mut budget = Budget::new(digests);
        let proofs = prove_all(&wanted, &profile(), Salt::common(), &mut budget);
        assert!(proofs.iter().all(|proof| proof.tries <= digests - budget.left()));
        let ended: Vec<_> = proofs.iter().map(|proof| proof.ended).collect();
        assert!(ended[0] != Ended::Exhausted, "{digests}: {ended:?}");
        assert_eq!(&ended[1..], [Ended::OutOfBudget, Ended::Exhausted]);
    }
}

/// 1606400000 is 2020-11-26 14:13:20 UTC, as `date -u -d @1606400000` says.
#[test]
fn a_time_of_sending_joined_with_the_value_is_found() {
    let salts = Salt::times(1_606_400_000);
    for (joined, form) in TIMES {
        for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256] {
            let digest = hex(&algorithm.digest(joined.as_bytes()));
            let proof = prove(digest.as_bytes(), &profile(), &salts, &mut Budget::new(1_000_000));
            let origins: Vec<_> = proof.matches.iter().filter_map(|found| found.salt.clone()).collect();
            let expected = Origin::Time((*form).to_owned());
            assert!(origins.iter().any(|salt| salt.origin == expected), "{joined}: {origins:?}");
            assert!(
                proof
                    .matches
                    .iter()
                    .all(|found| found.chance < 1e-9 && found.spelling.bytes == IMEI.as_bytes())
            );
        }
    }
}

const TIMES: &[(&str, &str)] = &[
    ("352099001761481446222", "hours"),
    ("18592|352099001761481", "days"),
    ("3520990017614812020-11-26 14", "yyyy-mm-dd hh"),
    ("2020-11-26T14352099001761481", "yyyy-mm-ddThh"),
    ("352099001761481_1606399200", "seconds without those over 3600"),
    ("1606399200000352099001761481", "milliseconds without seconds over 3600"),
    ("3520990017614811606348800", "seconds without those over 86400"),
    ("352099001761481:1606399999", "seconds, 1 before"),
    ("352099001761481446221", "hours, one before"),
    ("2020112622352099001761481", "yyyymmddhh, UTC+8"),
    ("20201125352099001761481", "yyyymmdd, a day before"),
];

/// Of other people's numbers with the same times, and of noise, nothing is taken: of a digest of 128 bits and a million
/// comparisons the chance is 2⁻¹⁰⁸.
#[test]
fn others_digests_with_a_time_are_not_taken() {
    let salts = Salt::times(1_606_400_000);
    for number in 0..50 {
        let other = format!("{}", 352_099_001_761_482_u64 + number);
        for joined in [format!("{other}446222"), format!("20201126{other}"), format!("noise {number}")] {
            let digest = hex(&Algorithm::Sha256.digest(joined.as_bytes()));
            let proof = prove(digest.as_bytes(), &profile(), &salts, &mut Budget::new(20_000));
            assert!(proof.matches.is_empty() && proof.doubtful.is_empty(), "{joined}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// printf %s 352099001761481 | md5sum, three times over; `openssl dgst -sha512 -hmac s3cr3t`; `printf s3cr3t… | sha512sum`.
#[test]
fn long_functions_and_three_digests_have_their_turn() {
    let hash = |command: &str| {
        let output = Command::new("sh").args(["-c", command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let rows = [
        (
            "printf %s 352099001761481 | openssl md5 -r | cut -c1-32 | tr -d '\\n' | openssl md5 -r | cut -c1-32 | tr -d '\\n' | openssl md5 -r | cut -c1-32",
            "md5(hex(md5(hex(md5(value)))))/hex",
        ),
        (
            "printf %s 352099001761481 | openssl sha512 -r -hmac s3cr3t | cut -c1-128",
            "hmac-sha512(key=salt,value)/hex",
        ),
        ("printf %s s3cr3t352099001761481 | openssl sha384 -r | cut -c1-96", "sha384(salt+value)/hex"),
    ];
    for (command, form) in rows {
        let target = hash(command);
        let found = only(&target);
        assert_eq!(found.form().0, form);
        assert_eq!(hash(&found.shell()), target, "{}", found.shell());
        assert!(found.tries < 20_000, "{form}: {}", found.tries);
    }
}

/// printf %s 352099001761481d0:37:45:ab:01:9f | md5sum
#[test]
fn another_value_of_the_phone_may_be_the_salt() {
    let salt =
        Salt { bytes: b"d0:37:45:ab:01:9f".to_vec(), origin: Origin::DeviceValue("wifi_mac".to_owned()) };
    let target = Command::new("sh")
        .args(["-c", "printf %s 352099001761481d0:37:45:ab:01:9f | openssl md5 -r | cut -c1-32"])
        .output()
        .unwrap();
    let target = String::from_utf8(target.stdout).unwrap().trim().to_owned();
    let wanted = [Wanted { value: target.as_bytes(), salts: &[] }];
    let proofs = prove_all(&wanted, &profile(), &[salt], &mut Budget::new(1_000_000));
    let found: Vec<_> = proofs[0].matches.iter().map(|found| found.salt.as_ref().unwrap().words()).collect();
    assert_eq!(found, ["another value of the phone (wifi_mac)"]);
}

#[test]
fn two_salts_of_a_message_may_stand_around_the_value() {
    for (joined, form) in [
        (format!("1606400000{IMEI}{SALT}"), "md5(salt+value+salt2)/hex"),
        (format!("{SALT}|{IMEI}|1606400000"), "md5(salt|value|salt2)/hex"),
    ] {
        let target = hex(&Algorithm::Md5.digest(joined.as_bytes()));
        let found = only(&target);
        assert_eq!(found.form().0, form);
        let salt = found.salt.clone().unwrap();
        let names = ["the field ts sent along", "the field nonce sent along"];
        let (first, second) =
            salt.words().split_once(" before it and ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(names.contains(&&*first) && second.ends_with("sent along behind it"), "{}", salt.words());
        let again = found.recipe.apply(IMEI.as_bytes(), &salt.bytes).unwrap();
        assert_eq!(hex(&again), target);
        let shell = Command::new("sh").arg("-c").arg(found.shell()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&shell.stdout).trim(), target, "{}", found.shell());
    }
    // One of them alone is no pair, and what neither was mixed with stays closed.
    let other = hex(&Algorithm::Md5.digest(format!("1606400000{IMEI}other").as_bytes()));
    assert_eq!(tried(&other).ended, Ended::Exhausted);
}

/// The budget is that of one value among many: as much as the usual ways take of the message's own salts.
#[test]
fn salts_of_the_message_come_before_everybodys() {
    for (joined, form) in [
        (format!("{SALT}{IMEI}{SALT}"), "md5(salt+value+salt)/hex"),
        (format!("{}{SALT}", hex(&Algorithm::Md5.digest(IMEI.as_bytes()))), "md5(hex(md5(value))+salt)/hex"),
        (format!("{SALT}|{IMEI}|{SALT}"), "md5(salt|value|salt)/hex"),
    ] {
        let target = hex(&Algorithm::Md5.digest(joined.as_bytes()));
        let wanted = [Wanted { value: target.as_bytes(), salts: &salts() }];
        let proof = &prove_all(&wanted, &profile(), Salt::common(), &mut Budget::new(20_000))[0];
        assert_eq!(proof.matches.first().map(|found| found.form().0), Some(form.to_owned()));
    }
}
