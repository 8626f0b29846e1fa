//! Laws that hold for any input: no panic, the budget is kept, and every way gives its plaintext again.

use evidence::{IdentifierKind, Timestamp};
use proptest::prelude::*;
use unmask::{
    Budget, Constant, Context, Crib, Cribs, Field, apply, ciphers, scrambled,
    triage::{Samples, triage},
};

fn check(value: &[u8], field: &[u8], spelling: &[u8], time: i64) {
    let cribs = Cribs::new(vec![Crib {
        kind: IdentifierKind::Imei,
        label: "imei 1".into(),
        spellings: vec![spelling.to_vec()],
    }]);
    let fields = [Field { name: "k", bytes: field }];
    let constants = [Constant { bytes: field, origin: "app" }];
    let context = Context {
        fields: &fields,
        constants: &constants,
        time: Some(Timestamp(time)),
        window: 1,
        ..Context::new(&cribs)
    };
    let mut budget = Budget::new(60_000);
    let mut opened = scrambled::open(value, &context, &mut budget);
    opened.extend(ciphers::open(value, &context, &mut budget));
    assert!(budget.spent() <= 60_000);
    for opened in &opened {
        assert_eq!(apply(&opened.how, value).as_ref(), Some(&opened.plaintext));
        assert!((0.0..1e-9).contains(&opened.chance));
    }
    let mut samples = Samples::default();
    samples.add(Timestamp(time), value, Some(time));
    samples.add(Timestamp(time), field, Some(time.saturating_add(1)));
    let judged = triage(value, &opened, &samples, &context);
    assert!(!judged.reasons.is_empty() && judged.measures.entropy >= 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn anything_goes(
        value in prop::collection::vec(any::<u8>(), 0..200),
        field in prop::collection::vec(any::<u8>(), 0..40),
        spelling in prop::collection::vec(any::<u8>(), 0..20),
        time in any::<i64>(),
    ) {
        check(&value, &field, &spelling, time);
    }

    #[test]
    fn any_text_goes(value in "[ -~]{0,80}|[0-9a-f]{0,80}|[A-Za-z0-9+/]{0,80}={0,2}", field in "\\PC{0,20}", spelling in "[0-9]{6,16}") {
        check(value.as_bytes(), field.as_bytes(), spelling.as_bytes(), 1_470_104_373_000_000_000);
    }

    #[test]
    fn any_way_is_total(value in prop::collection::vec(any::<u8>(), 0..100), json in way()) {
        if let Ok(how) = serde_json::from_str::<unmask::How>(&json) {
            let _ = apply(&how, &value);
            let _ = how.to_string();
        }
    }
}

/// Ways as a file of a case may hold them, hostile ones among them.
fn way() -> impl Strategy<Value = String> {
    let number = any::<u8>();
    let step = prop_oneof![
        number.prop_map(|n| format!("{{\"less\":{n}}}")),
        any::<u8>().prop_map(|n| format!("{{\"turned\":{n}}}")),
        any::<u8>().prop_map(|n| format!("{{\"digits_less\":{n}}}")),
        any::<u8>().prop_map(|n| format!("{{\"letters_less\":{n}}}")),
        "[a-z ]{0,70}".prop_map(|text| format!("{{\"base64\":\"{text}\"}}")),
        "[a-z ]{0,20}".prop_map(|text| format!("{{\"digits\":\"{text}\"}}")),
        "([0-9a-f]{2}){0,3}".prop_map(|key| format!("{{\"xor\":{{\"key\":\"{key}\",\"source\":\"\"}}}}")),
    ];
    let scramble = prop::collection::vec(step, 0..4)
        .prop_map(|steps| format!("{{\"scramble\":{{\"steps\":[{}]}}}}", steps.join(",")));
    let algorithm = prop::sample::select(vec![
        "aes128",
        "des",
        "blowfish",
        "rc4",
        "cha-cha20",
        "chacha20",
        "xxtea",
        "tea",
    ]);
    let mode =
        prop::sample::select(vec!["cbc", "ecb", "ctr", "cfb8", "ofb", "cfb", "gcm", "poly1305", "whole"]);
    let padding = prop::sample::select(vec!["pkcs7", "zero", "none", "length"]);
    let iv = prop::sample::select(vec![
        "\"prefix\"",
        "\"none\"",
        "{\"given\":{\"bytes\":\"00\",\"source\":\"\"}}",
    ]);
    let cipher = (algorithm, mode, padding, iv, "([0-9a-f]{2}){0,33}", any::<usize>()).prop_map(
        |(algorithm, mode, padding, iv, key, skip)| {
            format!(
                "{{\"cipher\":{{\"algorithm\":\"{algorithm}\",\"mode\":\"{mode}\",\"padding\":\"{padding}\",\"key\":\"{key}\",\"key_source\":\"\",\"key_shell\":\"\",\"iv\":{iv},\"skip\":{}}}}}",
                skip % 40
            )
        },
    );
    (prop::sample::select(vec!["raw", "hex", "base64"]), prop_oneof![scramble, cipher])
        .prop_map(|(carrier, method)| format!("{{\"carrier\":\"{carrier}\",\"method\":{method}}}"))
}
