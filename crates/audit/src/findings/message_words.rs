//! The words of findings on messages and logs: sentences a lay reader understands.

use evidence::{Direction, Grade, IdentifierKind};
use handset::messages::ledger::{Doubt, Verdict};

use super::words::{named, sentence};
use crate::messages::SettledRow;

/// `2 text messages to +8613800000000 were sent, and the phone’s message store does not have them`.
pub(super) fn hidden_title(number: &str, direction: Direction, verdict: Verdict, count: usize) -> String {
    let out = direction == Direction::Out;
    let (many, were, them) = match count {
        1 => ("A text message".to_owned(), "was", "it"),
        count => (format!("{count} text messages"), "were", "them"),
    };
    let way = if out { "to" } else { "from" };
    let who = who(number);
    match verdict {
        Verdict::LoggedAndGone => format!("{many} {way} {who} {were} deleted from the phone’s message store"),
        Verdict::Undecided(_) => format!(
            "{many} {way} {who} {were} sent, and the phone’s message store, from which newer ones were deleted, does \
             not have {them}"
        ),
        _ => {
            let sent = if out { "sent" } else { "received" };
            format!("{many} {way} {who} {were} {sent}, and the phone’s message store does not have {them}")
        }
    }
}

/// Who says so, what the store says, what it may mean.
pub(super) fn hidden_paragraph(direction: Direction, verdict: Verdict, rows: &[&SettledRow]) -> String {
    let carried = rows.iter().filter(|row| row.carried).count();
    let mut words = meaning(direction, verdict, carried).to_owned();
    if rows.iter().any(|row| row.message.silent) {
        sentence(&mut words, "The network marked it as one that the phone must not show.");
    }
    let packages: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row.message.package.as_str()).filter(|package| !package.is_empty()).collect();
    if !packages.is_empty() {
        let packages: Vec<&str> = packages.into_iter().take(MOST_PACKAGES).collect();
        sentence(&mut words, &format!("It was written to the store by {}.", packages.join(", ")));
    }
    if rows.iter().all(|row| row.message.in_address_book == Some(false)) {
        sentence(&mut words, "The number is not in the phone’s address book.");
    }
    words
}

fn meaning(direction: Direction, verdict: Verdict, carried: usize) -> &'static str {
    match (verdict, carried, direction) {
        (Verdict::LoggedAndGone, 0, _) => {
            "An older page of the store still holds what was deleted; nothing else tells of it. Whoever uses the phone may have deleted it by hand."
        }
        (Verdict::LoggedAndGone, ..) => {
            "It was carried, it stood in the store, and it was deleted from there. The store does not say by whom: an app, or whoever uses the phone."
        }
        (Verdict::Undecided(_), ..) => {
            "A record from outside of the phone’s store tells of it. The store ends before it, but has given away numbers after its newest message: it was in use since, and what got those numbers was deleted. Whether this was among them is not known: a copy of the store made later would tell."
        }
        (_, _, Direction::Out) => {
            "A record from outside of the phone’s store tells of it, and the store, which holds older and newer messages, does not. Apps can send messages that are never written to the store; the owner then cannot see them."
        }
        (_, _, Direction::In) => {
            "A record from outside of the phone’s store tells of it, and the store, which holds older and newer messages, does not. Apps can take messages before they are written to the store; the owner then cannot see them."
        }
    }
}

/// `The phone’s device number (IMEI) was sent in a text message to +8613800000000`.
pub(super) fn in_message_title(subject: (IdentifierKind, Grade), number: &str, carried: bool) -> String {
    let who = who(number);
    let what = named(subject.0, subject.1);
    match carried {
        true => format!("{what} was sent in a text message to {who}"),
        false => format!("{what} stands in an outgoing text message to {who}"),
    }
}

/// `The phone’s device number (IMEI) stands in a text message from +8613800000000`.
pub(super) fn received_title(subject: (IdentifierKind, Grade), number: &str) -> String {
    format!("{} stands in a text message from {}", named(subject.0, subject.1), who(number))
}

/// How often, and what that does not say.
pub(super) fn received_paragraph(rows: &[&SettledRow], label: &str) -> String {
    let count = match rows.len() {
        1 => "One message that came in has it".to_owned(),
        count => format!("{count} messages that came in have it"),
    };
    let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
    let mut words = format!("{count}{label}.");
    sentence(
        &mut words,
        "Whoever wrote it knew the value, and operators on the way could read it. Nothing left the phone by it: this finding counts for nothing that was sent.",
    );
    sentence(&mut words, sight(rows));
    words
}

/// How it is known, who could read it, and whether the owner can see it.
pub(super) fn in_message_paragraph(rows: &[&SettledRow], label: &str) -> String {
    let count = match rows.len() {
        1 => "One message has it".to_owned(),
        count => format!("{count} messages have it"),
    };
    let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
    let mut words = format!("{count}{label}; {}.", carriage(rows));
    sentence(
        &mut words,
        "Text messages are not encrypted: the operators on the way, and whoever has the number, can read them.",
    );
    sentence(&mut words, sight(rows));
    if rows.iter().all(|row| row.visible) {
        sentence(&mut words, "The owner may have written it.");
    }
    words
}

/// How many of them are known to have been carried.
fn carriage(rows: &[&SettledRow]) -> String {
    match rows.iter().filter(|row| row.carried).count() {
        0 => "the phone’s own files tell so, and whether it was carried is not on record".to_owned(),
        all if all == rows.len() => "that it was carried is on record".to_owned(),
        some => format!("that {some} of them were carried is on record"),
    }
}

/// Whether the phone shows them.
fn sight(rows: &[&SettledRow]) -> &'static str {
    let shown = rows.iter().filter(|row| row.visible).count();
    if rows.iter().all(|row| matches!(row.verdict, Verdict::Undecided(Doubt::NoStore))) {
        return "No message store was given, so that nobody can say whether the phone shows it.";
    }
    if rows.iter().all(|row| matches!(row.verdict, Verdict::Undecided(Doubt::AfterStore))) {
        return "The phone’s message store ends before it, so that nobody can say whether the phone shows it.";
    }
    match shown {
        0 => "The phone’s message store does not show it.",
        all if all == rows.len() => "The phone’s message store or a backup of it shows it.",
        _ => "The phone’s message store, or a backup of it, shows some of them and not the others.",
    }
}

/// `The phone’s device number (IMEI) stands in the phone’s own log`.
pub(super) fn logged_title(subject: (IdentifierKind, Grade)) -> String {
    format!("{} stands in the phone’s own log", named(subject.0, subject.1))
}

/// How often, written by what, and what that does not say.
pub(super) fn logged_paragraph(count: u64, tags: &[String], label: &str) -> String {
    let times = match count {
        1 => "One line of the log has it".to_owned(),
        count => format!("{count} lines of the log have it"),
    };
    let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
    let by: Vec<String> = tags.iter().map(|tag| format!("“{tag}”")).collect();
    format!(
        "{times}{label}, written under {}. A log says what a program had at hand, often before it was encrypted. It does not say that it was sent: this finding counts for nothing that left the phone.",
        by.join(", ")
    )
}

fn who(number: &str) -> &str {
    if number.is_empty() { "an unknown number" } else { number }
}

/// Packages that are named.
const MOST_PACKAGES: usize = 4;
