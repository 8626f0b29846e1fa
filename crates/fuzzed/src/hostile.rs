//! What a hostile case would hold: a base document with some of its values replaced, as the input says.

use std::collections::BTreeMap;

use serde_json::{Number, Value, json};

/// A document to be edited, and its fields: a field has one name in every element of a list.
pub(crate) struct Base {
    document: Value,
    /// Those that may hold any text.
    texts: Vec<String>,
    /// Those that may hold any whole number.
    numbers: Vec<String>,
    /// Those that hold lists.
    lists: Vec<String>,
}

impl Base {
    /// `loads` tells which documents are still read: most inputs are to come that far.
    pub(crate) fn new(document: Value, loads: impl Fn(Value) -> bool) -> Self {
        let takes = |place: &usize, value: Value| {
            let mut changed = document.clone();
            nth(&mut changed, &mut place.clone())
                .is_some_and(|place| std::mem::replace(place, value) != Value::Null)
                && loads(changed)
        };
        let (mut texts, mut numbers, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (field, places) in fields(&document) {
            let first = &places[0];
            match nth(&mut document.clone(), &mut first.clone()) {
                Some(Value::String(_)) if takes(first, json!(BAIT)) => texts.push(field),
                Some(Value::Number(_)) if takes(first, json!(7)) => numbers.push(field),
                Some(Value::Array(_)) => lists.push(field),
                _ => {}
            }
        }
        Self { document, texts, numbers, lists }
    }

    /// A copy with the edits that `script` asks for, four bytes each: what becomes of a value, which field,
    /// which of its values, and a number for the change.
    pub(crate) fn edited(&self, script: &[u8]) -> Value {
        let mut document = self.document.clone();
        for edit in script.chunks_exact(4).take(MOST_EDITS) {
            let named = match edit[0] % 8 {
                0..=4 => &self.texts,
                5 => &self.numbers,
                _ => &self.lists,
            };
            let field = &named[usize::from(edit[1]) % named.len()];
            let Some(places) = fields(&document).remove(field) else { continue };
            let mut place = places[usize::from(edit[2]) % places.len()];
            if let Some(value) = nth(&mut document, &mut place) {
                change(value, edit[0], usize::from(edit[3]), script);
            }
        }
        document
    }
}

fn change(value: &mut Value, how: u8, with: usize, script: &[u8]) {
    match how % 8 {
        0..=2 => *value = json!(TEXTS[with % TEXTS.len()]),
        3 => *value = json!(String::from_utf8_lossy(script)),
        4 => *value = json!(TEXTS[with % TEXTS.len()].repeat(1 + with * 40)),
        5 => *value = Value::Number(number(with)),
        6 => repeat(value, with),
        _ => clear(value),
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

fn clear(value: &mut Value) {
    if let Value::Array(list) = value {
        list.clear();
    }
}

/// The numbers of a document's values, by the field that they are of: a case has thousands of values, and
/// few fields.
fn fields(document: &Value) -> BTreeMap<String, Vec<usize>> {
    let mut places = BTreeMap::new();
    gather(document, String::new(), &mut 0, &mut places);
    places
}

fn gather(value: &Value, path: String, number: &mut usize, places: &mut BTreeMap<String, Vec<usize>>) {
    places.entry(path.clone()).or_default().push(*number);
    *number += 1;
    match value {
        Value::Array(list) => {
            list.iter().for_each(|value| gather(value, path.clone() + "[]", number, places));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| gather(value, format!("{path}.{name}"), number, places));
        }
        _ => {}
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
    "` <u>PWNED</u>",
    "]]>--><!--PWNED",
    "e\u{301}\u{1f468}\u{200d}\u{1f469}",
];

const NUMBERS: [u64; 10] =
    [0, 1, 2, 255, 65_536, 1 << 31, u32::MAX as u64, 1 << 53, i64::MAX as u64, u64::MAX];
