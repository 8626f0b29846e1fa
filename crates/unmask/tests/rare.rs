//! What `docs/unmask.md` states of rare ciphers: each has its turn within what an audit gives to one value.

#[path = "../examples/rare.rs"]
mod rare;

/// Of the eight million bytes that one value has, for there may be many values.
const LIKELY: u64 = 1_000_000;
const ANY: u64 = 4_000_000;

#[test]
fn every_cipher_has_its_turn_with_every_key_of_the_message() {
    for (cipher, row) in rare::table(8_000_000) {
        // Its set-up is worth hundreds of blocks: with unlikely keys it comes last.
        let dear = cipher.starts_with("Blowfish");
        for (key, spent) in row.into_iter().filter(|(key, _)| !dear || *key != "SHA1PRNG") {
            let likely =
                !(dear || cipher.starts_with("SM4-CTR")) && ["sent in hex", "MD5", "SHA-256"].contains(&key);
            let most = if likely { LIKELY } else { ANY };
            let most =
                if cipher.starts_with("Blowfish") || cipher.starts_with("SM4-CTR") { ANY } else { most };
            assert!(spent.is_some_and(|spent| spent <= most), "{cipher}, {key}: {spent:?}");
        }
    }
}

#[test]
fn noise_stays_closed_however_much_is_tried() {
    assert_eq!(rare::opened_of_noise(24, ANY), 0);
}
