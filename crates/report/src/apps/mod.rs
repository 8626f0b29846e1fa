//! A survey of apps -> a table for the terminal, a page, Markdown.
//!
//! What is told of an app is put in order once (`Chapter`), so that page and Markdown say the same.

mod markdown;
mod page;
mod table;

use evidence::{App, AppFact, AppSigner, CodeCoverage, CodePlace, Outcome, Survey, prose};

use crate::words;

pub use markdown::markdown;
pub use page::html;
pub use table::{TableOptions, table};

/// Writes the survey as JSON: [`evidence::Survey`], as `serde` writes it. Fails only where memory does.
pub fn json(survey: &Survey) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(survey)?;
    text.push('\n');
    Ok(text)
}

/// Something that is told of an app, in rows.
struct Chapter {
    title: &'static str,
    rows: Vec<Row>,
    /// Rows that are not shown.
    more: usize,
}

/// A thing, more on it, and where it stands.
struct Row {
    value: String,
    detail: String,
    places: Vec<String>,
    /// Places that are not shown.
    more: u64,
}

/// Everything that is told of an app, without what there is nothing of.
fn chapters(app: &App) -> Vec<Chapter> {
    let facts = |title, facts: &[AppFact]| chapter(title, facts.iter().map(row));
    let grants = app.grants.iter().map(|grant| {
        let fixed = if grant.fixed { ", which the user cannot take back" } else { "" };
        Row {
            value: grant.what.clone(),
            detail: format!("{}{fixed}", grant_words(&grant.kind)),
            places: vec![format!("{}, bytes {} to {}", grant.file, grant.start, grant.end)],
            more: 0,
        }
    });
    let trackers = app.trackers.iter().map(|tracker| {
        let classes = words::counted(tracker.classes, "class");
        let class = Some(&tracker.class).filter(|class| !class.is_empty()).into_iter().cloned();
        Row {
            value: tracker.name.clone(),
            detail: format!(
                "{}{}{classes}",
                tracker.purpose,
                if tracker.purpose.is_empty() { "" } else { "; " }
            ),
            places: class.chain(tracker.hosts.iter().cloned()).collect(),
            more: 0,
        }
    });
    let receivers =
        app.receivers.iter().map(|receiver| plain(receiver.class.clone(), receiver.event.clone()));
    let permissions = app.permissions.iter().map(|permission| plain(permission.clone(), String::new()));
    let oddities = app.oddities.iter().map(|odd| Row {
        value: odd.what.clone(),
        detail: odd.detail.clone(),
        places: vec![format!("{}:{:#x}", odd.file, odd.offset)],
        more: 0,
    });
    let unread = app.coverage.iter().flat_map(|coverage| &coverage.unread);
    let unread = unread.map(|unread| plain(unread.what.clone(), unread_words(&unread.why, unread.bytes)));
    let undefined = app.coverage.iter().flat_map(|coverage| &coverage.undefined);
    let undefined =
        undefined.map(|class| plain(class.clone(), "declared, and in no code that was read".to_owned()));
    let all = [
        facts("Endpoints", &app.endpoints),
        facts("Telephone numbers", &app.phone_numbers),
        facts("Identifiers and personal data it can read", &app.reads),
        facts("Sends SMS", &app.sms_sends),
        facts("Deletes SMS", &app.sms_deletes),
        facts("Encryption: algorithms, and constants that can be keys", &app.crypto),
        facts("System properties it reads", &app.properties),
        chapter("Libraries that report on users", trackers),
        chapter("Privileges, and the file that grants them", grants),
        chapter("Started by the system", receivers),
        chapter("Permissions it asks for", permissions),
        chapter("Code that was not read", unread.chain(undefined)),
        chapter("Oddities", oddities),
    ];
    all.into_iter().filter(|chapter| !chapter.rows.is_empty()).collect()
}

fn chapter(title: &'static str, rows: impl Iterator<Item = Row>) -> Chapter {
    let mut rows: Vec<_> = rows.collect();
    let more = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    Chapter { title, rows, more }
}

fn row(fact: &AppFact) -> Row {
    let shown = fact.places.iter().take(PLACES).map(CodePlace::to_string).collect::<Vec<_>>();
    let detail = if fact.detail == fact.value { String::new() } else { fact.detail.clone() };
    let more = fact.count.saturating_sub(shown.len() as u64);
    Row { value: fact.value.clone(), detail, places: shown, more }
}

fn plain(value: String, detail: String) -> Row {
    Row { value, detail, places: Vec::new(), more: 0 }
}

fn unread_words(why: &str, bytes: u64) -> String {
    if bytes == 0 { why.to_owned() } else { format!("{why} ({})", words::bytes(bytes)) }
}

fn grant_words(kind: &str) -> &str {
    match kind {
        "assigned" => "given to the user id that it shares",
        "config" => "exempt from a restriction of the system",
        "default" => "given without asking the user",
        "denied" => "withheld",
        "privileged" => "given to it as a privileged app",
        other => other,
    }
}

/// Name of an app for people: its package, or its file where it tells none.
fn name(app: &App) -> &str {
    let path = app.files.first().map(|file| file.path.as_str());
    if app.package.is_empty() { path.unwrap_or("(no package name)") } else { &app.package }
}

fn version(app: &App) -> String {
    match (app.version_name.as_str(), app.version_code) {
        ("", None) => String::new(),
        ("", Some(code)) => code.to_string(),
        (name, None) => name.to_owned(),
        (name, Some(code)) => format!("{name} ({code})"),
    }
}

/// What it is and does, in words.
fn marks(app: &App) -> Vec<String> {
    let mut marks = Vec::new();
    let mut mark = |is: bool, words: &str| marks.extend(is.then(|| words.to_owned()));
    mark(app.standing.system, "comes with the system");
    mark(app.standing.privileged, "privileged");
    mark(app.hidden == Some(true), "no icon among the apps");
    mark(starts_at(app, "boot"), "starts at boot");
    mark(!app.sms_sends.is_empty(), "sends SMS");
    mark(app.sms_sends.is_empty() && app.can_send_sms() == Some(true), "may send SMS");
    mark(!app.sms_deletes.is_empty(), "deletes SMS");
    if !app.standing.shared_user.is_empty() {
        marks.push(format!("shares the user id {}", app.standing.shared_user));
    }
    marks
}

fn starts_at(app: &App, event: &str) -> bool {
    app.receivers.iter().any(|receiver| receiver.event == event)
}

/// The signer that a phone of today believes: of the newest scheme, the one whose signature is worst.
fn signer(app: &App) -> Option<&AppSigner> {
    let newest = app.signers.iter().map(|signer| &signer.scheme).max()?;
    let of_newest = app.signers.iter().filter(|signer| signer.scheme == *newest);
    of_newest.min_by_key(|signer| signer.outcome)
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Invalid => "invalid",
        Outcome::Told => "told",
        Outcome::Unsupported => "unsupported",
        Outcome::Valid => "valid",
    }
}

fn signer_words(signer: &AppSigner) -> String {
    let reason = if signer.reason.is_empty() { String::new() } else { format!(": {}", signer.reason) };
    let scheme = if signer.scheme.is_empty() { "a list of the phone" } else { &signer.scheme };
    let subject = if signer.subject.is_empty() { String::new() } else { format!(", {}", signer.subject) };
    format!("{scheme}, {}{reason}{subject}", outcome(signer.outcome))
}

/// `87.5 %`, `at most 100 %` where nobody knows how much is missing.
fn share(coverage: &CodeCoverage) -> String {
    match coverage.share() {
        None if coverage.lacks() => "none".to_owned(),
        None => "no code".to_owned(),
        Some(share) => {
            let most = if coverage.lacks() { "≤ " } else { "" };
            let tenths = if share % 10 == 0 { String::new() } else { format!(".{}", share % 10) };
            format!("{most}{}{tenths} %", share / 10)
        }
    }
}

/// What was read of an app's code, as a sentence.
fn coverage_words(app: &App) -> String {
    let Some(coverage) = &app.coverage else {
        return "None of its code was at hand: only lists of the phone name it.".to_owned();
    };
    let native = if coverage.native > 0 {
        let files = if coverage.native == 1 { "library" } else { "libraries" };
        format!(
            " Of {} native {files} ({}) only the printable text was looked at.",
            coverage.native,
            words::bytes(coverage.native_bytes)
        )
    } else {
        String::new()
    };
    if coverage.methods == 0 && coverage.dex_bytes == 0 && !coverage.lacks() {
        return format!("It has no code for Android’s own machine.{native}");
    }
    format!(
        "{} of its code was read: {} of DEX files, {} with code.{native}",
        prose::capital(&share(coverage)),
        words::bytes(coverage.dex_bytes),
        words::counted(coverage.methods, "method")
    )
}

/// A sentence over the whole survey.
fn headline(survey: &Survey) -> String {
    let apps = words::counted(survey.apps.len() as u64, "app");
    let hidden = tally(survey, App::has_no_icon, ("without an icon", "how many are without an icon"));
    let sending = tally(survey, App::can_send_sms, ("that can send SMS", "how many can send SMS"));
    format!("{apps}: {hidden}, {sending}")
}

/// Of how many apps something holds, and of how many nobody knows.
fn tally(survey: &Survey, holds: fn(&App) -> Option<bool>, (those, how_many): (&str, &str)) -> String {
    let count = |wanted| survey.apps.iter().filter(|app| holds(app) == wanted).count();
    match (count(Some(true)), count(None)) {
        (known, 0) => format!("{known} {those}"),
        (_, unknown) if unknown == survey.apps.len() => format!("{how_many} is not known"),
        (known, unknown) => format!("{known} {those} (not known of {unknown})"),
    }
}

/// What is told in place of a signer, where there is none.
fn no_signer(app: &App) -> &'static str {
    if app.coverage.is_some() { "none" } else { UNKNOWN }
}

/// What it can read, in a row; by its permissions where no code of it was read.
fn reads(app: &App) -> String {
    app.reads.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// In place of what nothing tells.
const UNKNOWN: &str = "not known";
/// Rows shown of a chapter.
const MOST: usize = 400;
/// Places shown of a row.
const PLACES: usize = 8;
