//! How fast the search is: gigabytes a second on one core, beside aho-corasick with the same needles, and
//! whether both find the same.
//!
//! `cargo run -p identifiers --release --example throughput [MEGABYTES]`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{fmt::Write, sync::LazyLock, time::Instant};

use evidence::Carrier;
use identifiers::{
    Needles, Profile,
    shapes::{FieldView, Shapes},
};

fn main() {
    let megabytes: usize = std::env::args().nth(1).map_or(200, |text| text.parse().unwrap());
    let profile = Profile::parse(&profile(), &mut |_| Err("no files".to_owned())).unwrap();
    let start = Instant::now();
    let needles = Needles::build(&profile);
    println!("{} values, {} needles, built in {:?}", profile.values().len(), needles.len(), start.elapsed());

    for (name, text) in
        [("json", json(megabytes)), ("base64", base64(megabytes)), ("binary", binary(megabytes))]
    {
        let mut found = Vec::new();
        let best = (0..5)
            .map(|_| {
                timed(|| {
                    found.clear();
                    needles.search(&text, &mut found);
                })
            })
            .fold(f64::MAX, f64::min);
        let planted = text.len() / BLOCK;
        println!(
            "{name:>7}: {:.2} GB/s, {} matches of {planted} planted",
            text.len() as f64 / best / 1e9,
            found.len()
        );
        assert!(found.len() >= planted, "planted values were missed");
    }
    fields(&needles);
    shapes();
    small(&needles, &json(20));
    aho_corasick(&needles, &json(20));
}

/// Seconds of this thread on a processor, so that other work on the machine does not count.
fn timed(mut run: impl FnMut()) -> f64 {
    let start = clock();
    run();
    clock() - start
}

fn clock() -> f64 {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = nanoseconds.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The same text in messages of 500 bytes: what a call costs.
fn small(needles: &Needles, text: &[u8]) {
    let mut found = Vec::new();
    let time = timed(|| text.chunks(500).for_each(|message| needles.search(message, &mut found)));
    println!("  500 B: {:.2} GB/s", text.len() as f64 / time / 1e9);
}

/// Ten million short fields.
fn fields(needles: &Needles) {
    let values = [
        "1280",
        "zh_CN",
        "2026-11-20 11:32:07",
        "a8f5f167f44f4964e6c998dee827110c",
        "wifi",
        "true",
        "Mozilla/5.0 (Linux; Android 9; TA-1047) AppleWebKit/537.36",
    ];
    let bytes: usize = values.iter().map(|value| value.len()).sum();
    let mut found = Vec::new();
    let rounds = 1_000_000;
    let time = timed(|| {
        (0..rounds).for_each(|_| {
            values.iter().for_each(|value| {
                found.clear();
                needles.search_field("value", value.as_bytes(), &mut found);
            });
        });
    });
    println!(
        " fields: {:.0} ns each, {:.2} GB/s",
        time * 1e9 / (rounds * values.len()) as f64,
        (bytes * rounds) as f64 / time / 1e9
    );
}

/// Ten million fields of a report of use: with names met before, and where the memory of names is full.
fn shapes() {
    let rows = [
        ("_track_id", "", "918273645"),
        ("time", "", "1785990000000"),
        ("type", "", "track"),
        ("event", "", "page_view"),
        ("$os", "properties", "Android"),
        ("$screen_name", "properties", "main"),
        ("session", "properties", "a8f5f167f44f4964"),
        ("network_type", "properties", "4G"),
        ("value", "properties", "1280"),
        ("position_in_list", "properties", "3"),
    ];
    let fresh = Shapes::new();
    let full = Shapes::new();
    let mut found = Vec::new();
    for number in 0..17_576_u32 {
        let letter = |place: u32| char::from(b'a' + (number / place % 26) as u8);
        let name = format!("{}{}{}", letter(1), letter(26), letter(676));
        full.field(view(&name, "", "x"), &mut found);
    }
    for (label, shapes) in [("names met", &fresh), ("  not met", &full)] {
        let rounds = 1_000_000;
        let time = timed(|| {
            (0..rounds).for_each(|_| {
                for (name, parent, value) in rows {
                    found.clear();
                    shapes.field(view(name, parent, value), &mut found);
                }
            });
        });
        println!(
            "{label}: {:.1} ns a field, {} found",
            time * 1e9 / (rounds * rows.len()) as f64,
            found.len()
        );
    }
}

fn view<'a>(name: &'a str, parent: &'a str, value: &'a str) -> FieldView<'a> {
    FieldView { name, parent, value: value.as_bytes(), carrier: Carrier::Body, decoder: "json" }
}

fn aho_corasick(needles: &Needles, text: &[u8]) {
    let all = (0..needles.len())
        .map(|id| identifiers::NeedleId(id as u32))
        .filter(|&id| !needles.needle(id).field_only);
    let automaton = aho_corasick::AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(all.map(|id| needles.bytes(id)))
        .unwrap();
    let mut count = 0;
    let time = timed(|| count = automaton.find_iter(text).count());
    println!("aho-corasick on JSON: {:.2} GB/s, {count} matches", text.len() as f64 / time / 1e9);
}

/// Sixty values, none of anybody.
fn profile() -> String {
    let mut text = String::from(
        "calling_code = 49\n[device]\nmodel = \"TA-1046\"\nserial = \"PLE7X19213000482\"\nimei = [\"352099001761481\", \"352099001761499\"]\nwifi_mac = \"d0:37:45:ab:01:9f\"\nbluetooth_mac = \"d0:37:45:ab:01:a0\"\nandroid_id = \"b7e2c91f04d8a356\"\n[accounts]\nnames = [\"lena.muster.1987\"]\nemails = [\"lena.muster@example.org\"]\n[ids]\ngaid = \"5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6\"\n[network]\nbssid = \"9c:c7:a6:5d:21:40\"\nssid = \"Zaunkoenig-5GHz\"\n[position]\nlat = 53.561273\nlon = 9.914682\n",
    );
    for sim in 0..2 {
        let _ = write!(
            text,
            "[[sims]]\nimsi = \"26201948371526{sim}\"\niccid = \"894902007351826491{sim}\"\nnumber = \"+4915550112{sim}58\"\nmcc = \"262\"\nmnc = \"0{sim}\"\noperator = \"Musterfunk {sim}\"\n[[cells]]\ncell_id = 2744{sim}297\nlac = 4125{sim}\n"
        );
    }
    for contact in 0..10 {
        let _ = write!(
            text,
            "[[contacts]]\nname = \"Quirin Abendroth {contact}\"\nnumbers = [\"+4915550{}\"]\n",
            183_921 + contact * 7919
        );
    }
    text.push_str("[planted]\n");
    for (key, stem) in
        [("words", "quittenmarmelade"), ("songs", "Lied der Rohrdommel "), ("files", "Nachtigall-Protokoll-")]
    {
        let list: Vec<String> = (0..4).map(|number| format!("\"{stem}{number}\"")).collect();
        let _ = writeln!(text, "{key} = [{}]", list.join(", "));
    }
    text
}

fn json(megabytes: usize) -> Vec<u8> {
    let mut random = Random(1);
    filled(megabytes, || {
        format!("{{\"_track_id\":{},\"time\":17{:011},\"type\":\"track\",\"event\":\"page_view\",\"properties\":{{\"$model\":\"M2007J17G\",\"$os\":\"Android\",\"uuid\":\"{:016x}{:016x}\",\"url\":\"https://www.example.com/p/{:x}?id={}\"}}}}\n",
            random.next() % 1_000_000_000, random.next() % 100_000_000_000, random.next(), random.next(), random.next(), random.next() % 100_000).into_bytes()
    })
}

fn base64(megabytes: usize) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = Random(2);
    filled(megabytes, || (0..64).map(|_| alphabet[(random.next() >> 32) as usize % 64]).collect())
}

fn binary(megabytes: usize) -> Vec<u8> {
    let mut random = Random(3);
    filled(megabytes, || random.next().to_le_bytes().to_vec())
}

/// Text with an IMEI in each block.
fn filled(megabytes: usize, mut piece: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    let mut text = Vec::with_capacity(megabytes << 20);
    while text.len() < megabytes << 20 {
        let end = text.len() + BLOCK - 40;
        while text.len() < end {
            text.extend(piece());
        }
        text.truncate(end);
        text.extend(b"\"imei\":\"352099001761481\",\"a\":\"          ");
        text.resize(end + 40, b' ');
    }
    text
}

const BLOCK: usize = 64 * 1024;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}
