//! What a hostile case would hold: a base document with some of its values replaced, as the input says.

use serde_json::{Number, Value, json};

/// A copy of `base` with the edits that `script` asks for, four bytes each: which value (two), what becomes
/// of it, and a number for that.
pub(crate) fn edited(base: &Value, script: &[u8]) -> Value {
    let mut document = base.clone();
    for edit in script.chunks_exact(4).take(MOST_EDITS) {
        let place = usize::from(u16::from_be_bytes([edit[0], edit[1]]));
        let count = count(&document);
        if let Some(value) = nth(&mut document, &mut (place % count)) {
            change(value, edit[2], edit[3], script);
        }
    }
    document
}

fn change(value: &mut Value, how: u8, with: u8, script: &[u8]) {
    let with = usize::from(with);
    match how % 8 {
        0..=2 => *value = json!(TEXTS[with % TEXTS.len()]),
        3 => *value = Value::Number(number(with)),
        4 => *value = json!(String::from_utf8_lossy(script)),
        5 => *value = json!(TEXTS[with % TEXTS.len()].repeat(1 + with * 40)),
        6 => repeat(value, with),
        _ => shrink(value),
    }
}

fn number(with: usize) -> Number {
    match NUMBERS.get(with % (NUMBERS.len() + 1)) {
        Some(number) => Number::from(*number),
        None => Number::from(i64::MIN),
    }
}

/// Gives a list its own first element some times more.
fn repeat(value: &mut Value, times: usize) {
    if let Value::Array(list) = value {
        let first = list.first().cloned();
        list.extend(first.into_iter().cycle().take(times));
    }
}

fn shrink(value: &mut Value) {
    match value {
        Value::Array(list) => list.clear(),
        Value::Bool(truth) => *truth = !*truth,
        Value::String(text) => text.clear(),
        Value::Number(number) => *number = Number::from(number.as_u64().unwrap_or(0) / 2),
        Value::Null | Value::Object(_) => *value = Value::Null,
    }
}

/// How many values a document has, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The value of that number, in the order of the document.
fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| nth(value, left)),
        Value::Object(members) => members.values_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}

/// More edits make a document that is hostile no more, but broken.
const MOST_EDITS: usize = 24;

/// The word by which an output that lets a value act gives itself away.
pub(crate) const BAIT: &str = "PWNED";

const TEXTS: [&str; 24] = [
    "<script>PWNED</script>",
    "\"><img src=x onerror=PWNED>",
    "' onload='PWNED",
    "'; PWNED #",
    "$(PWNED)",
    "`PWNED`",
    "``<u>PWNED</u>``",
    "a\nPWNED\r\nPWNED",
    "=PWNED()",
    "+PWNED",
    "\t@PWNED",
    "\u{1b}]0;PWNED\u{7}\u{1b}[2J",
    "\u{9b}31mPWNED",
    "moc.\u{202e}PWNED",
    "\u{2028}PWNED\u{0}",
    "](javascript:PWNED)",
    "javascript:PWNED",
    "\\",
    "|PWNED|",
    "--PWNED",
    "../../PWNED",
    "%s%n{PWNED}",
    "]]>--><!--PWNED",
    "e\u{301}\u{1f468}\u{200d}\u{1f469}",
];

const NUMBERS: [u64; 10] =
    [0, 1, 2, 255, 65_536, 1 << 31, u32::MAX as u64, 1 << 53, i64::MAX as u64, u64::MAX];
