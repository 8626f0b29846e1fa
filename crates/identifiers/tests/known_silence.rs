//! Captures of other people's phones hold nothing of this profile: sixty values, thousands of forms, no match.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's own bytes; it may fail"
)]

use std::path::{Path, PathBuf};

use identifiers::{Needles, Profile};

/// The captures, or `None` with a word on it. In CI they must be there.
fn corpora() -> Option<PathBuf> {
    let named = std::env::var_os("PHONEHOME_CORPORA").map(PathBuf::from);
    let beside = || {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .map(|folder| folder.join("../shared/corpora"))
            .find(|path| path.is_dir())
    };
    let found = named.or_else(beside).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "the corpora are missing: set PHONEHOME_CORPORA"
        );
        println!("SKIP the corpora are missing: set PHONEHOME_CORPORA");
    }
    found
}

/// SplitMix64: the same values in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % limit
    }

    fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap()).collect()
    }

    fn digits(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from_digit(self.below(10) as u32, 10).unwrap()).collect()
    }

    fn word(&mut self, len: usize) -> String {
        (0..len).map(|place| if place % 2 == 0 { b"bdfgklmnprstvz"[self.below(14) as usize] } else { b"aeiou"[self.below(5) as usize] } as char).collect()
    }
}

fn profile(seed: u64) -> Profile {
    let mut random = Random(seed);
    let mut text = format!(
        "[device]\nmodel = \"QX-{}\"\nserial = \"{}\"\nimei = [\"35{}\", \"86{}\"]\nmeid = \"a1{}\"\nwifi_mac = \"d0:{}\"\nbluetooth_mac = \"d0:{}\"\nandroid_id = \"{}\"\n",
        random.digits(4),
        random.hex(12),
        random.digits(12),
        random.digits(12),
        random.hex(12),
        mac(&mut random),
        mac(&mut random),
        random.hex(16)
    );
    for _ in 0..2 {
        text += &format!(
            "[[sims]]\nimsi = \"26201{}\"\niccid = \"894902{}\"\nnumber = \"+49155{}\"\nmcc = 262\nmnc = \"{}\"\noperator = \"{}\"\n[[cells]]\ncell_id = {}\nlac = {}\n",
            random.digits(10),
            random.digits(13),
            random.digits(8),
            random.digits(2),
            random.word(7),
            1_000_000 + random.below(200_000_000),
            1 + random.below(60_000)
        );
    }
    text += &format!(
        "[accounts]\nnames = [\"{}\"]\nemails = [\"{}@example.org\"]\n[ids]\ngaid = \"{}\"\noaid = \"{}\"\n",
        random.word(10),
        random.word(9),
        random.hex(32),
        random.hex(16)
    );
    text += &format!(
        "[network]\nbssid = \"9c:{}\"\nssid = \"{}-5G\"\n[position]\nlat = 53.{}\nlon = 9.{}\n",
        mac(&mut random),
        random.word(8),
        random.digits(6),
        random.digits(6)
    );
    for _ in 0..10 {
        text += &format!(
            "[[contacts]]\nname = \"{} {}\"\nnumbers = [\"+4917{}\"]\n",
            random.word(6),
            random.word(9),
            random.digits(9)
        );
    }
    let words: Vec<String> = (0..8).map(|_| format!("\"{}\"", random.word(9))).collect();
    text += &format!(
        "[planted]\nwords = [{}]\npackages = [\"org.{}.{}\"]\n",
        words.join(","),
        random.word(7),
        random.word(7)
    );
    Profile::parse(&text, &mut |_| Err(String::new())).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"))
}

fn mac(random: &mut Random) -> String {
    (0..5).map(|_| random.hex(2)).collect::<Vec<_>>().join(":")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (folders, mut files): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| path.is_dir());
    folders.iter().for_each(|folder| files.extend(self::files(folder)));
    files
}

#[test]
fn other_peoples_captures_are_silent() {
    let Some(corpora) = corpora() else { return };
    let profile = profile(7);
    assert!(profile.values().len() >= 55, "{}", profile.values().len());
    let needles = Needles::build(&profile);
    let (mut bytes, mut matches) = (0, Vec::new());
    for path in ["http", "hostile", "har"].iter().flat_map(|folder| files(&corpora.join(folder))) {
        let content = std::fs::read(&path).unwrap();
        bytes += content.len();
        let mut found = Vec::new();
        needles.search(&content, &mut found);
        // Strings between the marks of text formats stand in for fields.
        let mut name = String::new();
        for piece in content.split(|byte| b"\"&=;,\r\n\0".contains(byte)).filter(|piece| piece.len() > 1) {
            needles.search_field(&name, piece, &mut found);
            name = String::from_utf8_lossy(&piece[..piece.len().min(30)]).into_owned();
        }
        matches.extend(found.iter().map(|found| {
            let needle = needles.needle(found.needle);
            (path.display().to_string(), profile.values()[needle.value].label.clone(), needle.form.0.clone())
        }));
    }
    println!("{} needles, {bytes} bytes", needles.len());
    assert_eq!(matches, []);
}
