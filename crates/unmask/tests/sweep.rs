//! Values planted among all values of a space, and what is not there.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod shell;

use evidence::IdentifierKind::{self, BluetoothMac, PhoneNumber, WifiMac};
use unmask::hashed::{
    Algorithm, Attempt, Between, Budget, Mix, Origin, Recipe, Salt, Space, SpaceError, Stage, Sweep, Swept,
};

fn all(sweep: &Sweep) -> Swept {
    sweep.run(0..u64::MAX, &mut Budget::new(u64::MAX))
}

fn salt(text: &str) -> Salt {
    Salt { bytes: text.as_bytes().to_vec(), origin: Origin::AppConstant("KEY".to_owned()) }
}

fn values(swept: &Swept) -> Vec<String> {
    swept.found.iter().map(|found| String::from_utf8_lossy(&found.value).into_owned()).collect()
}

/// Digests by md5sum, sha1sum and sha256sum, of the first, the last and others between.
#[test]
fn a_type_is_tried_to_the_last_imei() {
    let digests: [&[u8]; 5] = [
        b"9e7308e75e9727220a76d29ce654af88",
        b"a30f487ece9420571b954ff2af70bc51fca77615",
        b"f95490f784e82c9be198acab3f3fe2287ad008b5f35b493a7d649aec7b9a5641",
        b"aeccb70bba350a0cd171203b0d042d7e",
        b"33ac4d5d064e888569de4b392cef189ebf9ead35",
    ];
    let sweep = Sweep::usual(Space::imei(&["35209900"]).unwrap(), &[], &digests);
    let swept = all(&sweep);
    let found: Vec<_> = swept
        .found
        .iter()
        .map(|found| (found.target, String::from_utf8(found.value.clone()).unwrap(), found.form().0))
        .collect();
    let row = |target, value: &str, form: &str| (target, value.to_owned(), form.to_owned());
    assert_eq!(
        found,
        [
            row(0, "352099000000006", "md5(value)/hex"),
            row(3, "352099001761481", "md5(value)/hex"),
            row(4, "35209900176148", "digits[..14]/sha1(value)/hex"),
            row(1, "352099005000001", "sha1(value)/hex"),
            row(2, "352099009999992", "sha256(value)/hex"),
        ]
    );
    assert!(swept.found.iter().all(|found| found.chance < 1e-20));
    for found in &swept.found {
        if let Some(shown) = shell::run(&found.shell(), b"") {
            assert_eq!(shown.trim_ascii(), digests[found.target], "{}", found.shell());
        }
    }
    assert_eq!(swept.found[2].canonical, b"352099001761481");
    assert_eq!((swept.tries, swept.next), (9_000_000, 1_000_000));
}

#[test]
fn ranges_together_are_one_run() {
    let digests: [&[u8]; 3] = [
        b"9e7308e75e9727220a76d29ce654af88",
        b"a30f487ece9420571b954ff2af70bc51fca77615",
        b"f95490f784e82c9be198acab3f3fe2287ad008b5f35b493a7d649aec7b9a5641",
    ];
    let sweep = Sweep::usual(Space::imei(&["35209900", "35209901"]).unwrap(), &[], &digests);
    let whole = all(&sweep);
    assert_eq!(whole.found.len(), 3);
    let ranges: Vec<_> = sweep.ranges(100_000).collect();
    assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, 2_000_000));
    assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
    let shares = ranges.into_iter().rev().map(|range| sweep.run(range, &mut Budget::new(u64::MAX)));
    let (mut found, mut tries) = (Vec::new(), 0);
    for share in shares {
        tries += share.tries;
        found.extend(share.found);
    }
    found.sort_by_key(|found| found.number);
    assert_eq!((&found, tries), (&whole.found, whole.tries));

    // Stopped by budgets, gone on from the number written down.
    let (mut position, mut found, mut tries) = (0, Vec::new(), 0);
    while position < sweep.space().len() {
        let share = sweep.run(position..u64::MAX, &mut Budget::new(3_333_333));
        assert!(share.tries <= 3_333_333 && share.next > position);
        position = share.next;
        tries += share.tries;
        found.extend(share.found);
    }
    assert_eq!((found, tries), (whole.found, whole.tries));
}

/// Every space, every layout and every function that runs in lanes, against the plain functions.
#[test]
fn lanes_find_what_the_plain_functions_make() {
    let spaces = [
        Space::imei(&["35209900", "86012304"]).unwrap(),
        Space::imeisv(&["35209900"]).unwrap(),
        Space::imsi(&["26201", "310260"]).unwrap(),
        Space::mac(WifiMac, &["d0:37:45", "F4F5D8"]).unwrap(),
        Space::mac(BluetoothMac, &["00-1A-7D"]).unwrap(),
        Space::numbers(PhoneNumber, &["+49 155 ########", "+7 (8) 9[0-26]#######", "+1 212-555-####"])
            .unwrap(),
        Space::decimal(IdentifierKind::Account, 9).unwrap(),
        Space::ipv4().unwrap(),
    ];
    let salts =
        [None, Some(salt("k")), Some(salt("2026")), Some(salt("a salt of 38 bytes, to fill the block."))];
    for space in spaces {
        for layout in 0..space.layouts().len() {
            for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256] {
                for (place, salt) in salts.iter().enumerate() {
                    let mix = match salt {
                        None => Mix::Plain,
                        Some(_) if place % 2 == 0 => Mix::Before(":"),
                        Some(_) => Mix::After("_"),
                    };
                    let attempt =
                        Attempt { layout, recipe: Recipe::single(mix, algorithm), salt: salt.clone() };
                    for number in [0, 1, 10, space.len() / 3, space.len() / 2 + 7, space.len() - 1] {
                        planted(&space, &attempt, number);
                    }
                }
            }
        }
    }
}

fn planted(space: &Space, attempt: &Attempt, number: u64) {
    let value = space.spell(attempt.layout, number).unwrap();
    let salt = attempt.salt.as_ref().map_or(&b""[..], |salt| &salt.bytes);
    let digest = attempt.recipe.apply(&value, salt).unwrap();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    // Cut as well: the end and the middle are watched elsewhere than the beginning.
    for text in [&hex[..], &hex[..16], &hex[hex.len() - 16..]] {
        let sweep = Sweep::new(space.clone(), vec![attempt.clone()], &[text.as_bytes()]);
        let swept = sweep.run(number.saturating_sub(3)..number + 3, &mut Budget::new(100));
        let found: Vec<_> = swept.found.iter().map(|found| (found.number, &found.value)).collect();
        assert_eq!(found, [(number, &value)], "{} {:?} {text}", space.words, attempt);
    }
}

#[test]
fn recipes_that_do_not_run_in_lanes_are_tried_one_by_one() {
    let space = Space::numbers(PhoneNumber, &["+49 155 501123##"]).unwrap();
    let stage = |mix, algorithm| Stage { mix, algorithm };
    let nested = |algorithm| Recipe {
        first: stage(Mix::Plain, Algorithm::Md5),
        again: 0,
        second: Some((Between::Hex, stage(Mix::Plain, algorithm))),
    };
    let recipes = [
        Recipe::single(Mix::SaltIsKey, Algorithm::Sha256),
        Recipe::single(Mix::Plain, Algorithm::Sha512),
        Recipe::single(Mix::Around(""), Algorithm::Md5),
        nested(Algorithm::Sha1),
    ];
    for recipe in recipes {
        let salt = salt("a salt that is much too long to go into one block with the value and its padding");
        planted(&space, &Attempt { layout: 0, recipe, salt: Some(salt) }, 58);
    }
}

#[test]
fn what_is_not_in_the_space_is_not_found() {
    let misses: [&[u8]; 6] = [
        // Random; the MD5 of nothing; an IMEI of another type; one with a wrong check digit; no digests.
        b"6fd1a2b7c3e948056fd1a2b7c3e94805",
        b"d41d8cd98f00b204e9800998ecf8427e",
        b"8824905681155a63e8b93e8b5688c3b0",
        b"03c3c71ebe57aea967b73532e9769599",
        b"",
        b"\x01",
    ];
    let sweep = Sweep::usual(Space::imei(&["35209900"]).unwrap(), &[salt("x")], &misses);
    assert_eq!(values(&all(&sweep)), [""; 0]);
    let nothing = Sweep::new(Space::imei(&["35209900"]).unwrap(), Vec::new(), &misses);
    assert_eq!((all(&nothing).tries, nothing.cost()), (0, 0));
}

#[test]
fn many_digests_are_looked_for_at_once() {
    let space = Space::mac(WifiMac, &["d03745"]).unwrap();
    let picked: Vec<u64> = (0..500).map(|place| place * 97 + 13).collect();
    let digests: Vec<String> = picked
        .iter()
        .map(|number| {
            let digest = Algorithm::Sha1.digest(&space.spell(1, *number).unwrap());
            digest.iter().map(|byte| format!("{byte:02X}")).collect()
        })
        .collect();
    let digests: Vec<&[u8]> = digests.iter().map(|text| text.as_bytes()).collect();
    let sweep = Sweep::usual(space, &[], &digests);
    let swept = sweep.run(0..50_000, &mut Budget::new(u64::MAX));
    assert_eq!(swept.found.iter().map(|found| found.number).collect::<Vec<_>>(), picked);
}

#[test]
fn numbers_are_values_in_order() {
    let decimal = Space::decimal(IdentifierKind::Account, 14).unwrap();
    for number in [0, 1, 9, 10, 99, 100, 12_345, 99_999_999_999_999] {
        assert_eq!(decimal.spell(0, number), Some(number.to_string().into_bytes()));
    }
    assert_eq!(decimal.spell(0, decimal.len()), None);
    let addresses = Space::ipv4().unwrap();
    assert_eq!(addresses.len(), 1 << 32);
    let mut seen = std::collections::BTreeSet::new();
    for number in (0..1_u64 << 32).step_by(999_983) {
        let text = String::from_utf8(addresses.spell(0, number).unwrap()).unwrap();
        let address: std::net::Ipv4Addr = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
        assert!(seen.insert(address));
    }
    let plan = Space::numbers(PhoneNumber, &["+7 (8) 9[0-26]#-##"]).unwrap();
    assert_eq!(plan.len(), 4_000);
    assert_eq!(plan.spell(0, 3_999), Some(b"+796999".to_vec()));
    assert_eq!(plan.spell(3, 0), Some(b"890000".to_vec()));
}

#[test]
fn absurd_spaces_are_refused() {
    let rows = [
        Space::imei(&["3520990"]),
        Space::imei(&["3520990x"]),
        Space::imei(&[]),
        Space::imsi(&["2620", "26201"]),
        Space::mac(WifiMac, &["d0:37"]),
        Space::mac(WifiMac, &["d0:37:45:00"]),
        Space::numbers(PhoneNumber, &["49 151 ########"]),
        Space::numbers(PhoneNumber, &["+49 151 [9-0]"]),
        Space::numbers(PhoneNumber, &["+49 151 [12"]),
        Space::numbers(PhoneNumber, &["+49 ################"]),
        Space::numbers(PhoneNumber, &["+"]),
        Space::decimal(IdentifierKind::Account, 0),
        Space::decimal(IdentifierKind::Account, u32::MAX),
    ];
    for row in rows {
        assert!(matches!(row, Err(SpaceError::Malformed(..))), "{row:?}");
    }
    let large = Space::numbers(PhoneNumber, &["+49 ###############"]);
    assert!(matches!(large, Err(SpaceError::TooLarge(_))));
}
