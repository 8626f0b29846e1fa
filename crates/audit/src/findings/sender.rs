//! Which app sent it: what the case knows of senders, added to a finding.

use evidence::{Attribution, Evidence, Finding, Ground, Phone, Relation};

use crate::phone::occurrence_of;

/// Adds who sent what a finding tells of, in words and with the lines that say so.
pub(super) fn add(finding: &mut Finding, phone: &Phone) {
    let mut rows: Vec<&Attribution> =
        phone.attributions.iter().filter(|row| finding.endpoints.contains(&row.endpoint)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.ground, row.flows)));
    let mut told: Vec<&[String]> = Vec::new();
    for row in rows {
        if told.contains(&row.packages.as_slice()) || told.len() >= SENDERS {
            continue;
        }
        told.push(&row.packages);
        finding.words.push(' ');
        finding.words.push_str(&words(row));
        let quotes = row.quotes.iter().filter(|quote| quote.end > quote.start);
        finding.evidence.extend(quotes.map(|quote| Evidence {
            relation: Relation::Sender,
            words: format!("line {} of the phone’s own file", quote.line.0),
            occurrence: occurrence_of(quote),
        }));
    }
}

/// `It was sent by com.example (comes with the system), as the phone's own log or tables say.`
fn words(row: &Attribution) -> String {
    let who = match (&row.packages[..], row.uid) {
        ([], Some(uid)) => format!("an app with the user id {uid}"),
        ([], None) => "an app".to_owned(),
        ([only], _) => only.clone(),
        (several, _) => format!("one of the apps that share a user id: {}", several.join(", ")),
    };
    let what =
        if row.privileges.is_empty() { String::new() } else { format!(" ({})", row.privileges.join("; ")) };
    match (row.ground, row.flows) {
        (Ground::Wire, _) => format!("It was sent by {who}{what}, as whoever recorded it noted."),
        (Ground::Log, 0) => format!("The name was looked up by {who}{what}, as the phone’s own log says."),
        (Ground::Log, _) => format!("It was sent by {who}{what}, as the phone’s own log or tables say."),
        (Ground::Code, _) => format!("The name stands in the code of {who}{what}: it could have sent it."),
    }
}

/// How many senders a finding names.
const SENDERS: usize = 3;
