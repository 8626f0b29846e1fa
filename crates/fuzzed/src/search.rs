//! Any bytes searched for the forms of a profile, and for shapes: what is found lies in the bytes, the same
//! is found again, and a form that is planted is found.

use std::sync::LazyLock;

use evidence::Carrier;
use identifiers::{
    Match, NeedleId, Needles, Profile,
    shapes::{FieldView, Shape, Shapes},
};

/// The first two bytes say which form is planted, the third where, among the others.
pub(crate) fn needles(input: &[u8]) {
    let Some((choice, text)) = input.split_first_chunk::<3>() else { return };
    let needles = &*NEEDLES;
    let found = search(needles, text);
    assert_eq!(found, search(needles, text), "a second search finds something else");
    check(needles, &found, text);
    field(needles, text, usize::from(choice[2]));
    plant(needles, text, choice);
}

fn search(needles: &Needles, bytes: &[u8]) -> Vec<Match> {
    let mut found = Vec::new();
    needles.search(bytes, &mut found);
    found
}

fn check(needles: &Needles, found: &[Match], bytes: &[u8]) {
    assert!(found.is_sorted_by_key(|found| found.start), "out of order");
    for one in found {
        assert!(one.start < one.end && one.end <= bytes.len(), "{one:?} lies outside");
        assert!(!needles.form(one, bytes).0.is_empty());
    }
}

/// A field in the middle of the bytes, under a name from among them.
fn field(needles: &Needles, text: &[u8], choice: usize) {
    let range = text.len() / 4..text.len() - text.len() / 4;
    let name = NAMES[choice % NAMES.len()];
    let first = Match { start: 7, end: 9, needle: NeedleId(0) };
    let mut found = vec![first];
    needles.search_value(name, text, range.clone(), &mut found);
    assert_eq!(found.first(), Some(&first), "what was found before is gone");
    for one in &found[1..] {
        assert!(
            range.start <= one.start && one.start < one.end && one.end <= range.end,
            "{one:?} lies outside"
        );
        needles.form(one, text);
    }
}

fn plant(needles: &Needles, text: &[u8], choice: &[u8; 3]) {
    let id = NeedleId(
        u32::from(u16::from_be_bytes([choice[0], choice[1]])) % u32::try_from(needles.len()).unwrap(),
    );
    let needle = needles.needle(id);
    if needle.field_only {
        return;
    }
    let (before, after) = text.split_at(text.len() * usize::from(choice[2]) / 255);
    // The version's two digits belong to the form, not to the needle.
    let version: &[u8] = if needle.form.0.starts_with("imeisv") { b"07" } else { b"" };
    let (example, own) = needles.example(id);
    let whole = [before, FENCE, &example, version, FENCE, after].concat();
    let place = before.len() + FENCE.len() + own.start;
    let found = search(needles, &whole);
    check(needles, &found, &whole);
    let met = |found: &Match| {
        needles.needle(found.needle).value == needle.value && found.start <= place && place < found.end
    };
    assert!(found.iter().any(met), "{} of value {} is not found", needle.form.0, needle.value);
}

/// The first byte says where the others stand, the second what they are called.
pub(crate) fn shapes(input: &[u8]) {
    let Some((choice, value)) = input.split_first_chunk::<2>() else { return };
    let carrier = CARRIERS[usize::from(choice[0]) % CARRIERS.len()];
    let name = NAMES[usize::from(choice[1]) % NAMES.len()];
    let parent = NAMES[usize::from(choice[0]) % NAMES.len()];
    let decoder = ["", "json", "form", "protobuf"][usize::from(choice[1] >> 6)];
    let view = FieldView { name, parent, value, carrier, decoder };
    check_shapes(value, |found| SHAPES.field(view, found));
    check_shapes(value, |found| SHAPES.text(carrier, name, value, found));
    check_shapes(value, |found| SHAPES.text(carrier, "", value, found));
}

fn check_shapes(value: &[u8], search: impl Fn(&mut Vec<Shape>) -> bool) {
    let (mut found, mut again) = (Vec::new(), Vec::new());
    assert_eq!(search(&mut found), search(&mut again));
    assert_eq!(found, again, "a second look finds something else");
    assert!(found.len() <= Shapes::MOST, "{} shapes", found.len());
    for shape in &found {
        assert!(shape.start < shape.end && shape.end <= value.len(), "{shape:?} lies outside");
        let len = shape.canonical.chars().count();
        assert!((1..=256).contains(&len), "{shape:?} is written in {len} characters");
        assert!(!shape.form.0.is_empty() && !shape.why.is_empty());
    }
}

/// A profile with a value of every kind that the format knows: the template, filled in with its examples.
fn every_kind() -> Profile {
    let template = Profile::template();
    let lines = template.lines().filter(|line| !line.contains("_file =") && !line.starts_with("# "));
    let text: String = lines.map(|line| line.trim_start_matches('#').to_owned() + "\n").collect();
    Profile::parse(&text, &mut |_| Err("no lists".into())).unwrap()
}

static NEEDLES: LazyLock<Needles> = LazyLock::new(|| Needles::build(&every_kind()));
static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::new);

/// Continues no form, in no alphabet.
const FENCE: &[u8] = &[1, 1];

const CARRIERS: [Carrier; 7] = [
    Carrier::Body,
    Carrier::Cookie,
    Carrier::Header,
    Carrier::HostName,
    Carrier::Path,
    Carrier::Query,
    Carrier::Raw,
];

/// Names of fields that the lexicon knows, and some that it does not.
const NAMES: [&str; 32] = [
    "",
    "imei",
    "imsi",
    "iccid",
    "msisdn",
    "mac",
    "bssid",
    "ssid",
    "android_id",
    "gaid",
    "idfa",
    "lat",
    "lon",
    "location",
    "email",
    "phone",
    "token",
    "model",
    "build",
    "os_version",
    "mcc",
    "mnc",
    "mccmnc",
    "lac",
    "cell_id",
    "apps",
    "packages",
    "url",
    "q",
    "user-agent",
    "uuid",
    "0",
];
