//! Writes the page of the tests' synthetic case, to look at: `cargo run -p report --example preview -- case x.html`.
//! The first argument is `case`, `clean`, `many` or `hostile`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for whoever works on the page"
)]

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use report::{Atlas, Excerpt, HtmlOptions, Place, SummaryOptions};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let case = match arguments[1].as_str() {
        "case" => synthetic::case(),
        "clean" => synthetic::clean(),
        "many" => synthetic::many(500),
        "hostile" => synthetic::hostile(),
        other => panic!("{other}: case, clean, many or hostile"),
    };
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/");
    let read = |name: &str| std::fs::read_to_string(format!("{data}{name}")).unwrap();
    let (land, borders, countries) =
        (read("world-land.path"), read("world-borders.path"), read("countries.tsv"));
    let place = |code: &str| {
        let row: Vec<&str> =
            countries.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|row| row[0] == code)?;
        Some(Place {
            name: row[1].to_owned(),
            latitude: row[3].parse().ok()?,
            longitude: row[4].parse().ok()?,
        })
    };
    let excerpts = |occurrence: &evidence::Occurrence| {
        vec![Excerpt {
            title: "After Base64".to_owned(),
            offset: 48,
            bytes: format!(
                "LTEIMSI\":\"001010123456789\",\"MACID\":\"{}\",\"OSVER\":\"8.1\"}}",
                occurrence.found
            )
            .into_bytes(),
            highlight: 36..36 + occurrence.found.len(),
        }]
    };
    let options = HtmlOptions {
        case: "nokia.case",
        atlas: Some(Atlas { land: &land, borders: &borders, place: &place }),
        excerpts: Some(&excerpts),
        ..HtmlOptions::default()
    };
    std::fs::write(&arguments[2], report::html(&case, &options)).unwrap();
    let files = vec![("report".to_owned(), arguments[2].clone())];
    let colour = arguments.len() > 3;
    println!("{}", report::summary(&case, &SummaryOptions { colour, files, ..SummaryOptions::default() }));
}
