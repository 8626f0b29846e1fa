//! Protection named: the families of the cases, and what is none.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use evidence::Timestamp;
use unmask::{
    Budget, Context, Cribs, Field, ciphers,
    triage::{Class, Samples, Triage, triage},
};

fn judge(values: &[&[u8]], counter: bool, fields: &[Field<'_>]) -> Triage {
    let none = Cribs::default();
    let context = Context { fields, ..Context::new(&none) };
    let mut samples = Samples::default();
    for (at, value) in (0_i64..).zip(values) {
        samples.add(Timestamp::new(1_500_000_000 + at * 3600, 0), value, counter.then_some(at));
    }
    triage(values[0], &[], &samples, &context)
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

fn base64url(bytes: &[u8]) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let held = group.iter().fold(0_usize, |held, &byte| held << 8 | usize::from(byte))
            << (8 * (3 - group.len()));
        text.extend((0..=group.len()).map(|at| alphabet[held >> (18 - 6 * at) & 63]));
    }
    text
}

/// A sales tracker: RSA-1024 with random padding, base64url without padding, a message number beside it.
#[test]
fn a_block_of_rsa_with_a_counter_is_undecidable_and_never_clean() {
    let values: Vec<_> = (1..4).map(|seed| base64url(&noise(seed, 128))).collect();
    assert_eq!(values[0].len(), 171);
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let judged = judge(&values, true, &[]);
    assert_eq!((judged.class, judged.measures.rsa_bits), (Class::Undecidable, 1024));
    assert!(judged.reasons.iter().any(|reason| reason.contains("a counter stands beside it")), "{judged:?}");
    // One of them alone is no cleaner.
    assert_eq!(judge(&values[..1], false, &[]).class, Class::Undecidable);
}

#[test]
fn what_gives_a_cipher_away_is_named() {
    let ecb = [noise(5, 32), noise(6, 16), noise(6, 16), noise(7, 64)].concat();
    let judged = judge(&[&ecb], false, &[]);
    assert_eq!(judged.class, Class::WeakNotBroken);
    assert!(judged.reasons.iter().any(|reason| reason.contains("(ECB)")), "{judged:?}");

    let (one, two) = (noise(8, 96), noise(9, 112));
    let judged = judge(&[&one, &two, &one], false, &[]);
    assert_eq!(judged.class, Class::WeakNotBroken);

    let heads: Vec<_> = (20..24).map(|seed| [noise(1, 16), noise(seed, 80)].concat()).collect();
    let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
    assert!(judge(&heads, false, &[]).reasons.iter().any(|reason| reason.contains("same 16 bytes")));

    let lengths: Vec<_> = [61, 62, 75].map(|len| noise(len, usize::try_from(len).unwrap())).into();
    let lengths: Vec<&[u8]> = lengths.iter().map(Vec::as_slice).collect();
    assert!(judge(&lengths, false, &[]).reasons.iter().any(|reason| reason.contains("to the byte")));

    let beside = [Field { name: "body.iv", bytes: b"8f3a11c09d7e4425" }];
    assert_eq!(judge(&[&one], false, &beside).class, Class::WeakNotBroken);
}

#[test]
fn classes_have_their_examples() {
    let strong: Vec<_> =
        (30..34).map(|seed| noise(seed, 160 + 16 * usize::try_from(seed % 3).unwrap())).collect();
    let strong: Vec<&[u8]> = strong.iter().map(Vec::as_slice).collect();
    assert_eq!(judge(&strong, false, &[]).class, Class::Strong);
    let (hash, jpeg) = (noise(40, 20), [b"\xff\xd8\xff\xe0".to_vec(), noise(41, 300)].concat());
    let film = [b"\0\0\0\x20ftypisom".to_vec(), noise(42, 300)].concat();
    let record = [b"\x17\x03\x03\0\x80".to_vec(), noise(43, 128)].concat();
    let rows: [(&[u8], Class); 6] = [
        (&hash, Class::Undecidable),
        (&jpeg, Class::NotProtected),
        (&film, Class::NotProtected),
        (&record, Class::NotProtected),
        (b"7b22696d6569223a22303034343031353132333435363738227d", Class::Encoded),
        (b"abc", Class::Encoded),
    ];
    for (value, class) in rows {
        let judged = judge(&[value], false, &[]);
        assert_eq!(judged.class, class, "{judged:?}");
        assert!(!judged.class.words().is_empty());
    }
}

#[test]
fn what_was_opened_is_weak_and_broken() {
    // printf %s 'quittenmarmelade kochen' | openssl enc -des-ecb -K 3134373031303433 -provider legacy -provider default | xxd -p
    let value = b"815f4273c1830476b5698c9734442d24ffa0d67116adf707";
    let none = Cribs::default();
    let fields = [Field { name: "t", bytes: b"1470104373232" }];
    let context = Context { fields: &fields, ..Context::new(&none) };
    let opened = ciphers::open(value, &context, &mut Budget::new(1 << 20));
    let judged = triage(value, &opened, &Samples::default(), &context);
    assert_eq!(judged.class, Class::WeakBroken);
    assert_eq!(judged.reasons, ["it was opened: hex > des-ecb/pkcs7 key=field \"t\"[..8]"]);
}
