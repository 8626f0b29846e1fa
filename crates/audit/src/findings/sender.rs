//! Which app sent it: what the case knows of senders, added to a finding.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Attribution, Behaviour, CodeMeeting, CodeTie, Evidence, Finding, FindingKind, Ground, IdentifierKind,
    Phone, Relation, prose,
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
    let about = |row: &&Attribution| finding.endpoints.contains(&row.endpoint);
    // Who could have asked is nothing new of what came in.
    let grounds = |row: &&Attribution| !came_in(&finding.kind) || row.ground > Ground::Code;
    let mut rows: Vec<&Attribution> = phone.attributions.iter().filter(about).filter(grounds).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.ground, row.flows)));
    let mut told: BTreeMap<Told, Vec<&Attribution>> = BTreeMap::new();
    let mut known: BTreeSet<(Told, &[String])> = BTreeSet::new();
    for row in rows {
        if known.insert((Told::of(row), row.packages.as_slice())) {
            told.entry(Told::of(row)).or_default().push(row);
        }
    }
    let deed = if came_in(&finding.kind) { "fetched" } else { "sent" };
    let mut introduced: BTreeSet<&[String]> = BTreeSet::new();
    for (how, rows) in told {
        if how == Told::Code {
            for row in rows.iter().take(CODES) {
                let who = who(row, !introduced.contains(row.packages.as_slice()));
                finding.words.push_str(&format!(" {}", code_words(&who, row, sent)));
            }
        } else {
            finding.words.push_str(&format!(" {}", how.words(deed, &names(&rows, &introduced))));
        }
        introduced.extend(rows.iter().map(|row| row.packages.as_slice()));
        let shown = if how == Told::Code { CODES } else { SENDERS };
        rows.iter().take(shown).for_each(|row| proofs(finding, row));
    }
}

/// Whether a finding tells of what the phone asked for.
fn came_in(kind: &FindingKind) -> bool {
    match kind {
        FindingKind::PackageArrived { .. } => true,
        FindingKind::Behaviour(behaviour) => {
            matches!(behaviour, Behaviour::KeywordList { .. } | Behaviour::RemoteSwitch { .. })
        }
        _ => false,
    }
}

/// How it is known who sent something, the best way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Wire,
    Log,
    Lookup,
    Code,
}

impl Told {
    fn of(row: &Attribution) -> Self {
        match (row.ground, row.flows) {
            (Ground::Wire, _) => Self::Wire,
            (Ground::Log, 0) => Self::Lookup,
            (Ground::Log, _) => Self::Log,
            (Ground::Code, _) => Self::Code,
        }
    }

    fn words(self, deed: &str, who: &str) -> String {
        match self {
            Self::Wire => format!("It was {deed} by {who}, as whoever recorded it noted."),
            Self::Log => format!("It was {deed} by {who}, as the phone’s own log or tables say."),
            Self::Lookup => format!("The name was looked up by {who}, as the phone’s own log says."),
            Self::Code => String::new(),
        }
    }
}

/// `com.a (comes with the system), com.b and 2 more`. What an app may do is told with its name once, whichever grounds
/// there are besides.
fn names(rows: &[&Attribution], introduced: &BTreeSet<&[String]>) -> String {
    let told = |row: &&Attribution| who(row, !introduced.contains(row.packages.as_slice()));
    let mut names: Vec<String> = rows.iter().take(SENDERS).map(told).collect();
    match rows.len().saturating_sub(SENDERS) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    prose::list(&names)
}

/// The lines that say so.
fn proofs(finding: &mut Finding, row: &Attribution) {
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

/// `com.example (comes with the system)`. The privileges in brackets only where they are to be told.
fn who(row: &Attribution, privileges: bool) -> String {
    let who = match (&row.packages[..], row.uid) {
        ([], Some(uid)) => format!("an app with the user id {uid}"),
        ([], None) => "an app".to_owned(),
        ([only], _) => only.clone(),
        (several, _) => format!("one of the apps that share a user id: {}", several.join(", ")),
    };
    let told = privileges && !row.privileges.is_empty();
    if told { format!("{who} ({})", row.privileges.join("; ")) } else { who }
}

/// How many senders a finding names.
const SENDERS: usize = 8;
/// Of how many apps it tells what their code holds.
const CODES: usize = 3;
/// How much of an app's code is told in words, and proved.
const TIES: usize = 4;
const PROOFS: usize = 2;
