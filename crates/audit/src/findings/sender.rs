//! Which app sent it: what the case knows of senders, added to a finding.

use evidence::{
    Attribution, CodeMeeting, CodeTie, Evidence, Finding, FindingKind, Ground, IdentifierKind, Phone,
    Relation,
};

use crate::phone::occurrence_of;

/// Adds who sent what a finding tells of, in words and with the lines that say so.
pub(super) fn add(finding: &mut Finding, phone: &Phone) {
    let sent = match &finding.kind {
        FindingKind::BulkData { identifier, .. } | FindingKind::IdentifierSent { identifier, .. } => {
            Some(*identifier)
        }
        _ => None,
    };
    let arrived = matches!(finding.kind, FindingKind::PackageArrived { .. });
    let about = |row: &&Attribution| finding.endpoints.contains(&row.endpoint);
    // Who could have asked is nothing new of what came in.
    let grounds = |row: &&Attribution| !arrived || row.ground > Ground::Code;
    let mut rows: Vec<&Attribution> = phone.attributions.iter().filter(about).filter(grounds).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.ground, row.flows)));
    let mut told: Vec<(bool, &[String])> = Vec::new();
    for row in rows {
        let one = (row.ground == Ground::Code, row.packages.as_slice());
        if told.contains(&one) || told.iter().filter(|known| known.0 == one.0).count() >= SENDERS {
            continue;
        }
        // What the app may do is told with its name once, whichever grounds there are besides.
        let introduced = told.iter().any(|(_, packages)| *packages == one.1);
        told.push(one);
        finding.words.push(' ');
        let words = words(row, sent, !introduced);
        let words = if arrived { words.replacen("It was sent by", "It was asked for by", 1) } else { words };
        finding.words.push_str(&words);
        let quotes = row.quotes.iter().filter(|quote| quote.end > quote.start);
        finding.evidence.extend(quotes.map(|quote| Evidence {
            relation: Relation::Sender,
            words: format!("line {} of the phone’s own file", quote.line.0),
            occurrence: occurrence_of(quote),
        }));
        let proofs = row.ties.iter().filter_map(|tie| Some((tie, tie.proof.clone()?))).take(PROOFS);
        finding.evidence.extend(proofs.map(|(tie, occurrence)| Evidence {
            relation: Relation::Sender,
            words: format!("{} in the code of {}{}", tie.what, row.packages.join(", "), place(tie)),
            occurrence,
        }));
    }
}

/// ` (class.method @ classes.dex:0x1a2b)`
fn place(tie: &CodeTie) -> String {
    tie.places.first().map_or_else(String::new, |place| format!(" ({place})"))
}

/// `The code of com.example holds host a.example (Net.post @ classes.dex:0x1a2b), key imei: it could have sent it.
/// Report.start calls that and Phone.ids @ classes.dex:0x2c, which reads the device number (IMEI).`
fn code_words(who: &str, row: &Attribution, sent: Option<IdentifierKind>) -> String {
    let ties: Vec<_> = row.ties.iter().take(TIES).map(|tie| format!("{}{}", tie.what, place(tie))).collect();
    let mut words = format!("The code of {who} holds {}: it could have sent it.", ties.join(", "));
    let about = |meeting: &&CodeMeeting| sent.is_none_or(|sent| meeting.identifier == sent);
    if let Some(meeting) = row.meetings.iter().find(about) {
        words.push_str(&format!(
            " From {} both the method that holds the name, {}, and {}, which reads the {}, are reached.",
            meeting.caller(),
            meeting.holder,
            meeting.reader,
            meeting.identifier.words()
        ));
    }
    words
}

/// `It was sent by com.example (comes with the system), as the phone's own log or tables say.` The privileges in brackets
/// only where they are to be told.
fn words(row: &Attribution, sent: Option<IdentifierKind>, privileges: bool) -> String {
    let who = match (&row.packages[..], row.uid) {
        ([], Some(uid)) => format!("an app with the user id {uid}"),
        ([], None) => "an app".to_owned(),
        ([only], _) => only.clone(),
        (several, _) => format!("one of the apps that share a user id: {}", several.join(", ")),
    };
    let told = privileges && !row.privileges.is_empty();
    let what = if told { format!(" ({})", row.privileges.join("; ")) } else { String::new() };
    match (row.ground, row.flows) {
        (Ground::Wire, _) => format!("It was sent by {who}{what}, as whoever recorded it noted."),
        (Ground::Log, 0) => format!("The name was looked up by {who}{what}, as the phone’s own log says."),
        (Ground::Log, _) => format!("It was sent by {who}{what}, as the phone’s own log or tables say."),
        (Ground::Code, _) => code_words(&format!("{who}{what}"), row, sent),
    }
}

/// How many senders a finding names.
const SENDERS: usize = 3;
/// How much of an app's code is told in words, and proved.
const TIES: usize = 4;
const PROOFS: usize = 2;
