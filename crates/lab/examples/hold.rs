//! Holds a case's `expected.toml` against a `case.json`: `cargo run -p lab --example hold -- nokia-7-plus before-foreign case.json`,
//! and the name of a variant behind that.

use std::{error::Error, fs, io::Write as _};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [slug, run, file, variant @ ..] = arguments.as_slice() else {
        return Err("CASE RUN case.json".into());
    };
    let case = lab::Case::named(slug).ok_or("there is no such case")?;
    let found = serde_json::from_slice(&fs::read(file)?)?;
    let mut out = std::io::stdout().lock();
    let mut expected = case.expected()?;
    if let Some(variant) = variant.first() {
        let variant = lab::Variant::named(variant).ok_or("there is no such variant")?;
        let plain = case.scenario(run)?;
        expected = variant.adapt(expected, &plain, &variant.apply(plain.clone()));
    }
    for outcome in expected.hold(run, &found) {
        let sign = if outcome.is_met { "yes" } else { "NO " };
        let not = if outcome.is_absence { "absent: " } else { "" };
        writeln!(out, "{sign} {not}{} {}", outcome.item, outcome.by.join(" "))?;
    }
    Ok(())
}
