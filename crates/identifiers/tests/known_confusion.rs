//! Two phones whose values differ in one digit each: what one sends is never taken for the other's.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own bytes; it may fail"
)]

use identifiers::{Match, NeedleId, Needles, Profile};

/// SplitMix64: the same values in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) % limit as u64) as usize
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// As many digits as there are `?` in a pattern, in their places.
    fn fill(&mut self, pattern: &str, digits: &[u8]) -> String {
        let fill = |letter| if letter == '?' { digits[self.below(digits.len())] as char } else { letter };
        pattern.chars().map(fill).collect()
    }

    /// The text with another digit in one of the places where the pattern has a `?`.
    fn other(&mut self, text: &str, pattern: &str, digits: &[u8]) -> String {
        let places: Vec<usize> = pattern.match_indices('?').map(|(place, _)| place).collect();
        let place = places[self.below(places.len())];
        let mut bytes = text.as_bytes().to_vec();
        while bytes == text.as_bytes() {
            bytes[place] = digits[self.below(digits.len())];
        }
        String::from_utf8(bytes).unwrap()
    }
}

const DECIMAL: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// Keys of a profile, what is random in their values, its digits, and whether a check digit follows.
const KEYS: [(&str, &str, &[u8], bool); 9] = [
    ("device.imei", "35????????????", DECIMAL, true),
    ("sims.imsi", "26201??????????", DECIMAL, false),
    ("sims.iccid", "894902????????????", DECIMAL, true),
    ("sims.number", "+4915?????????", DECIMAL, false),
    ("device.wifi_mac", "d0:??:??:??:??:??", HEX, false),
    ("device.android_id", "????????????????", HEX, false),
    ("device.meid", "a1????????????", HEX, false),
    ("device.serial", "PLE??????????", DECIMAL, false),
    ("ids.gaid", "????????-????-????-????-????????????", HEX, false),
];

fn luhn(digits: &str) -> u8 {
    let sum: u32 = digits.bytes().rev().enumerate().fold(0, |sum, (place, digit)| {
        let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        sum + digit / 10 + digit % 10
    });
    b'0' + ((10 - sum % 10) % 10) as u8
}

fn checked(text: String, check: bool) -> String {
    let digit = if check { char::from(luhn(&text)).to_string() } else { String::new() };
    text + &digit
}

/// Two sets of values, each pair of which differs in one digit, and in the check digit that follows from it.
fn twins(random: &mut Random) -> [Vec<String>; 2] {
    let pairs = KEYS.iter().map(|&(_, pattern, digits, check)| {
        let one = random.fill(pattern, digits);
        let other = random.other(&one, pattern, digits);
        [checked(one, check), checked(other, check)]
    });
    let pairs: Vec<[String; 2]> = pairs.collect();
    [0, 1].map(|which| pairs.iter().map(|pair| pair[which].clone()).collect())
}

fn needles(values: &[String]) -> Needles {
    let mut text = String::new();
    for section in ["device", "sims", "ids"] {
        text += &if section == "sims" { "[[sims]]\n".to_owned() } else { format!("[{section}]\n") };
        for ((key, ..), value) in KEYS.iter().zip(values) {
            if let Some(key) = key.strip_prefix(section).and_then(|key| key.strip_prefix('.')) {
                text += &format!("{key} = \"{value}\"\n");
            }
        }
    }
    let profile = Profile::parse(&text, &mut |_| Err(String::new()));
    Needles::build(&profile.unwrap_or_else(|errors| panic!("{text}\n{errors:?}")))
}

fn found(needles: &Needles, text: &[u8]) -> Vec<Match> {
    let mut found = Vec::new();
    needles.search(text, &mut found);
    needles.search_field("value", text, &mut found);
    found
}

fn forms(needles: &Needles, found: &[Match]) -> Vec<String> {
    found.iter().map(|found| needles.needle(found.needle).form.0.clone()).collect()
}

#[test]
fn no_form_of_a_value_is_taken_for_its_neighbours() {
    let mut random = Random(20);
    for _ in 0..30 {
        let [sent, known] = twins(&mut random);
        let (sender, known) = (needles(&sent), needles(&known));
        for id in (0..sender.len()).map(|id| NeedleId(id as u32)) {
            let (text, _) = sender.example(id);
            let found = found(&known, &text);
            assert!(found.is_empty(), "{} as {:?}", sender.needle(id).form.0, forms(&known, &found));
        }
    }
}

/// Base64 hides the edges of a text in characters that it shares with what stands beside it.
#[test]
fn within_base64_and_hex_a_value_is_found_and_its_neighbour_is_not() {
    let mut random = Random(30);
    for _ in 0..12 {
        let [sent, known] = twins(&mut random);
        let (sender, neighbour) = (needles(&sent), needles(&known));
        for text in &sent {
            for before in 0..6 {
                for after in 0..4 {
                    let whole =
                        [&around(&mut random, before), text.as_bytes(), &around(&mut random, after)].concat();
                    for coded in [
                        base64(&whole),
                        base64(&whole) + "==",
                        format!("\"{}\"", base64(&whole)),
                        hex(&whole),
                    ] {
                        assert!(!found(&sender, coded.as_bytes()).is_empty(), "{text} in {coded}");
                        let wrong = found(&neighbour, coded.as_bytes());
                        assert!(wrong.is_empty(), "{text} in {coded} as {:?}", forms(&neighbour, &wrong));
                    }
                }
            }
        }
    }
}

/// A longer number is another one, in a code as in plain text.
#[test]
fn within_base64_and_hex_a_part_of_a_longer_number_is_not_the_number() {
    let [sent, _] = twins(&mut Random(40));
    let (needles, number) = (needles(&sent), &sent[1]);
    for before in ["", "1", "ab", "ab7", "abc", "abc4"] {
        for after in ["", "1", "23", "\",", "a"] {
            let whole = format!("{before}{number}{after}");
            let digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
            let longer = digit(before.chars().last()) || digit(after.chars().next());
            for coded in [base64(whole.as_bytes()), hex(whole.as_bytes()), whole.clone()] {
                assert_eq!(found(&needles, coded.as_bytes()).is_empty(), longer, "{whole} as {coded}");
            }
        }
    }
}

/// Without the character that holds the last bits of a value it is undecided which value it is.
#[test]
fn cut_before_its_last_bits_a_value_is_not_known() {
    let [sent, _] = twins(&mut Random(50));
    let needles = needles(&sent);
    let whole = base64(sent[1].as_bytes()) + "xx";
    assert_eq!(sent[1].len() % 3, 0, "ends with a group");
    assert!(!found(&needles, whole.as_bytes()).is_empty());
    let shifted = base64(format!("x{}", sent[1]).as_bytes());
    assert!(!found(&needles, shifted.as_bytes()).is_empty());
    assert!(found(&needles, &shifted.as_bytes()[..shifted.len() - 1]).is_empty());
    assert!(found(&needles, &shifted.as_bytes()[1..]).is_empty());
}

/// Bytes that continue no value: as of JSON and of binary formats.
fn around(random: &mut Random, len: usize) -> Vec<u8> {
    let apart = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte < 0x80;
    let mut bytes = Vec::new();
    while bytes.len() < len {
        bytes.extend(random.bytes(8).into_iter().filter(apart));
    }
    bytes.truncate(len);
    bytes
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let sextets = bits.as_bytes().chunks(6).map(|bits| {
        let bits = format!("{:0<6}", std::str::from_utf8(bits).unwrap());
        alphabet[usize::from_str_radix(&bits, 2).unwrap()] as char
    });
    sextets.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
