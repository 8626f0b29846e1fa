//! Weak protection: what stands before the first line feed is a field beside the value, or the way to open it.

use std::collections::BTreeSet;

use evidence::{IdentifierKind, Timestamp};
use unmask::{
    Budget, Context, Crib, Cribs, Field, How, apply, ciphers,
    hashed::{self, Candidate, Origin, Salt, Spelling},
    scrambled, triage,
};

/// A value is opened within its budget, and the way there leads to the same plaintext again.
pub(crate) fn open(bytes: &[u8]) {
    let (field, value) = parted(bytes);
    let spelling = b"352099001761481".to_vec();
    let crib =
        Crib { kind: IdentifierKind::Imei, label: "imei".to_owned(), spellings: vec![spelling.clone()] };
    let cribs = Cribs::new(vec![crib]);
    let fields = [Field { name: "k", bytes: field }];
    let time = Some(Timestamp::new(1_470_104_375, 0));
    let context = Context { fields: &fields, time, window: 1, ..Context::new(&cribs) };
    let mut budget = Budget::new(BYTES);
    let mut opened = scrambled::open(value, &context, &mut budget);
    opened.extend(ciphers::open(value, &context, &mut budget));
    assert!(budget.spent() <= BYTES, "more was spent than there was");
    for opened in &opened {
        assert_eq!(apply(&opened.how, value).as_ref(), Some(&opened.plaintext), "{}", opened.how);
        let text = serde_json::to_string(&opened.how).expect("a way is text");
        assert_eq!(serde_json::from_str::<How>(&text).expect("it is a way"), opened.how);
    }
    let _ = triage::triage(value, &opened, &triage::Samples::default(), &context);
    let spellings = vec![Spelling { name: "digits".to_owned(), bytes: spelling }];
    let candidates = [Candidate { kind: IdentifierKind::Imei, spellings }];
    let salts = [Salt { bytes: field.to_vec(), origin: Origin::MessageField("k".to_owned()) }];
    let mut digests = hashed::Budget::new(DIGESTS);
    let proof = hashed::prove(value, &candidates, &salts, &mut digests);
    assert!(proof.tries <= DIGESTS && proof.tries == DIGESTS - digests.left());
}

/// Any way is gone or refused: a case may be forged. What its recipe runs is of known programs.
pub(crate) fn way(bytes: &[u8]) {
    let (way, value) = parted(bytes);
    let Ok(how) = serde_json::from_slice::<How>(way) else { return };
    let (once, again) = (apply(&how, value), apply(&how, value));
    assert_eq!(once, again, "{how}");
    assert!(once.is_none_or(|plain| plain.len() <= value.len()), "{how} made more of it");
    let recipe = how.recipe();
    let keys: BTreeSet<_> = recipe.lines().filter_map(|line| line.strip_prefix("K=$(")).collect();
    for key in keys {
        assert!(
            !key.contains([';', '&', '`', '<', '>']) && !key.trim_end_matches(')').contains("$("),
            "{key}"
        );
    }
}

fn parted(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    (&bytes[..at], bytes.get(at + 1..).unwrap_or_default())
}

/// Bytes that may be worked on.
const BYTES: u64 = 200_000;
/// Digests that may be made.
const DIGESTS: u64 = 2_000;
