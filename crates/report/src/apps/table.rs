//! A survey -> the table in the terminal: a line for each app, and a second one for what it can read.
//!
//! Marks are letters: what an app is to the system (`S` comes with it, `P` privileged, `U` shares a user id) and
//! what it does (`h` has no icon, `b` starts at boot, `s` can send SMS, `d` deletes SMS; `?` where only lists
//! of the phone tell of it).

use std::fmt::Write;

use evidence::{App, Survey};

use super::{headline, name, no_signer, outcome, reads, share, signer, starts_at};
use crate::plain;

/// How to write it.
#[derive(Clone, Copy, Debug)]
pub struct TableOptions {
    /// Columns of the terminal; less than 80 counts as 80, more than 140 as 140.
    pub width: usize,
}

/// Writes the table, ending in a newline. It holds no escape sequence.
pub fn table(survey: &Survey, options: TableOptions) -> String {
    let width = options.width.clamp(80, 140);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, survey, width);
    out
}

fn write(out: &mut String, survey: &Survey, width: usize) -> std::fmt::Result {
    writeln!(out, "{}\n", headline(survey))?;
    if survey.apps.is_empty() {
        return Ok(());
    }
    let package = width.saturating_sub(FIXED);
    line(out, package, ["PACKAGE", "VERSION", "SIGNER", "", "IS", "DOES", "TRK", "ENDP", "CODE"])?;
    for app in &survey.apps {
        row(out, package, app)?;
        if !app.reads.is_empty() {
            let word = if app.reads_by_permission() { "may read" } else { "reads" };
            let words = plain::fitted(&format!("{word} {}", reads(app)), width.saturating_sub(2));
            writeln!(out, "  {words}")?;
        }
    }
    writeln!(
        out,
        "\nS comes with the system, P privileged, U shares a user id; h no icon, b starts at boot, s can send\nSMS by its code or by permission, d deletes SMS, ? what else is not known; TRK trackers, ENDP endpoints,\nCODE how much of its code was read; may read: by permission, where no code was;\nits conditions, as the version of Android, are in the page of --out"
    )?;
    unread(out, survey, width)
}

fn row(out: &mut String, package: usize, app: &App) -> std::fmt::Result {
    let signer = signer(app);
    let hash: String = signer.map(|one| one.certificate.chars().take(8).collect()).unwrap_or_default();
    let verdict = signer.map_or(no_signer(app), |one| outcome(one.outcome));
    let code = app.coverage.as_ref().map_or_else(|| "-".to_owned(), share);
    let held = |facts: usize| app.coverage.as_ref().map_or_else(|| "-".to_owned(), |_| facts.to_string());
    let (trackers, endpoints) = (held(app.trackers.len()), held(app.endpoints.len()));
    let (is, does) = (is(app), does(app));
    let code_number = app.version_code.map(|code| code.to_string()).unwrap_or_default();
    let short = if app.version_name.is_empty() { &code_number } else { &app.version_name };
    line(out, package, [name(app), short, &hash, verdict, &is, &does, &trackers, &endpoints, &code])
}

fn line(out: &mut String, package: usize, cells: [&str; 9]) -> std::fmt::Result {
    let widths = [package, 10, 8, 11, 3, 4, 4, 5, 8];
    let mut line = String::new();
    for (number, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
        let cell = plain::fitted(cell, width);
        let pad = " ".repeat(width.saturating_sub(plain::width(&cell)));
        let gap = if number == 0 { "" } else { " " };
        let (before, after) = if number > 5 { (pad.as_str(), "") } else { ("", pad.as_str()) };
        write!(line, "{gap}{before}{cell}{after}")?;
    }
    writeln!(out, "{}", line.trim_end())
}

fn is(app: &App) -> String {
    letters([
        (app.standing.system, 'S'),
        (app.standing.privileged, 'P'),
        (!app.standing.shared_user.is_empty(), 'U'),
    ])
}

fn does(app: &App) -> String {
    letters([
        (app.hidden == Some(true), 'h'),
        (starts_at(app, "boot"), 'b'),
        (app.can_send_sms() == Some(true), 's'),
        (!app.sms_deletes.is_empty(), 'd'),
        (app.coverage.is_none(), '?'),
    ])
}

fn letters<const N: usize>(marks: [(bool, char); N]) -> String {
    let told: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect();
    if told.is_empty() { "-".to_owned() } else { told }
}

fn unread(out: &mut String, survey: &Survey, width: usize) -> std::fmt::Result {
    for unread in survey.unread.iter().take(UNREAD) {
        let words = format!("not read: {}: {}", unread.what, super::unread_words(&unread.why, unread.bytes));
        writeln!(out, "{}", plain::fitted(&words, width))?;
    }
    match survey.unread.len().saturating_sub(UNREAD) {
        0 => Ok(()),
        more => writeln!(out, "not read: {more} more; see --json or --out"),
    }
}

/// Columns of all cells but the package's, and the gaps.
const FIXED: usize = 10 + 8 + 11 + 3 + 4 + 4 + 5 + 8 + 8;
const UNREAD: usize = 10;
