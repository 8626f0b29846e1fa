//! What `docs/unmask.md` states of rare ciphers: each has its turn within what an audit gives to one value.

#[path = "../examples/rare.rs"]
mod rare;

/// Bytes that an audit gives to one value.
const ALL: u64 = 8_000_000;
/// Bytes that do for likely keys: with many values to open, each has less.
const LIKELY: u64 = 1_000_000;
/// Ciphers that are tried last: the set-up of one is worth hundreds of blocks, the other is nearly never seen.
const LAST: [&str; 2] = ["Blowfish-ECB", "SM4-CTR, counter before"];

#[test]
fn every_cipher_has_its_turn_with_every_key_of_the_message() {
    for (cipher, row) in rare::table(ALL) {
        let last = LAST.contains(&cipher);
        for (key, spent) in row {
            let likely = ["sent in hex", "MD5", "SHA-256"].contains(&key);
            let most = if likely && !last { LIKELY } else { ALL };
            assert!(
                spent.is_some_and(|spent| spent <= most) || last && !likely,
                "{cipher}, {key}: {spent:?}"
            );
        }
    }
}

#[test]
fn noise_stays_closed_however_much_is_tried() {
    assert_eq!(rare::opened_of_noise(24, ALL), 0);
}
