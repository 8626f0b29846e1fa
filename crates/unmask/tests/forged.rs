//! A case that somebody wrote by hand holds any way to a plaintext: going it costs little, and its recipe runs
//! nothing but what a search would have written.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use unmask::{How, apply};

/// A way as JSON, with any key, vector and commands in it.
fn cipher(algorithm: &str, mode: &str, key: &[u8], iv: &[u8], shell: &str, skip: usize) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!(
        r#"{{"carrier":"raw","method":{{"cipher":{{"algorithm":"{algorithm}","mode":"{mode}","padding":"pkcs7","key":"{}","key_source":"x","key_shell":{},"iv":{{"given":{{"bytes":"{}","source":"y"}}}},"skip":{skip}}}}}}}"#,
        hex(key),
        serde_json::to_string(shell).unwrap(),
        hex(iv),
    )
}

#[test]
fn commands_of_a_forged_case_are_not_in_its_recipe() {
    for shell in [
        "touch /tmp/owned",
        "printf %s 00 | sh",
        "printf %s 00; id",
        "printf %s $(id)",
        "sed s/$/00/e",
        "cut -c1-2 /etc/passwd",
        "printf %s 00\nid",
    ] {
        for algorithm in ["aes128", "tea", "rc4"] {
            let mode = if algorithm == "rc4" { "whole" } else { "cbc" };
            let text = cipher(algorithm, mode, &[7; 16], &[0; 16], shell, 0);
            let how: How = serde_json::from_str(&text).unwrap();
            let recipe = how.recipe();
            assert!(!recipe.contains(shell), "{recipe}");
            assert!(recipe.contains("printf %s 07070707070707070707070707070707"), "{recipe}");
        }
    }
}

#[test]
fn a_long_way_is_not_gone() {
    let steps = vec!["\"reversed\""; 100_000].join(",");
    let text = format!(r#"{{"carrier":"raw","method":{{"scramble":{{"steps":[{steps}]}}}}}}"#);
    let how: How = serde_json::from_str(&text).unwrap();
    assert_eq!(apply(&how, b"abc"), None);
}

proptest! {
    #[test]
    fn any_way_is_gone_or_refused(
        algorithm in prop::sample::select(vec![
            "aes128", "aes192", "aes256", "blowfish", "cha-cha20", "des", "rc4", "sm4", "tea",
            "tea-le", "triple-des2", "triple-des3", "xxtea",
        ]),
        mode in prop::sample::select(vec!["cbc", "cfb", "cfb8", "ctr", "ecb", "ofb", "whole"]),
        key in prop::collection::vec(any::<u8>(), 0..40),
        iv in prop::collection::vec(any::<u8>(), 0..20),
        skip in prop_oneof![0..40_usize, Just(usize::MAX)],
        value in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        if let Ok(how) = serde_json::from_str::<How>(&cipher(algorithm, mode, &key, &iv, "printf %s 00", skip)) {
            let _ = apply(&how, &value);
            let _ = how.to_string();
            let _ = how.recipe();
        }
    }
}
