//! The phone's own files: what it is, what happened on it, which app sent what, what apps do by habit, and its text
//! messages.

use evidence::{Attribution, Direction, Ground, Habit, Mark, MissingIds, Quote, ShortMessage, prose};
use maud::{Markup, html};

use super::Page;
use super::show::{Prose, Shown, codes};
use crate::overview::host;
use crate::words;

impl Page<'_> {
    pub(super) fn phone(&self) -> Markup {
        let phone = &self.overview.case.phone;
        html! {
            @if !phone.is_empty() {
                section #phone aria-labelledby="phone-title" {
                    h2 #phone-title { "The phone’s own files" }
                    p.intro { "What the phone’s logs, lists and stores say of themselves. They say who did something, and what crossed no network; where they and the captures differ, the captures are the better witness." }
                    (self.build())
                    (self.attributions())
                    (self.completeness())
                    (self.habits())
                    (self.messages())
                    (self.marks())
                }
            }
        }
    }

    fn build(&self) -> Markup {
        let phone = &self.overview.case.phone;
        html! {
            @if !phone.build.is_empty() || phone.packages > 0 {
                h3 { "What it is" }
                dl.facts {
                    @for (name, value) in &phone.build { dt { (Shown(&prose::capital(name))) } dd { (Shown(value)) } }
                    @if phone.packages > 0 { dt { "Packages" } dd { (words::number(phone.packages)) } }
                }
            }
        }
    }

    fn attributions(&self) -> Markup {
        let rows = &self.overview.case.phone.attributions;
        html! {
            @if !rows.is_empty() {
                h3 { "Which app sent it" }
                div.scroll role="region" aria-label="Which app sent what" tabindex="0" {
                    table.stack {
                        caption { "Senders by destination, and what says so" }
                        thead { tr { @for name in ["Destination", "Sent by", "What that app is", "On what ground", "Where it says so"] { th scope="col" { (name) } } } }
                        tbody { @for row in rows.iter().take(MOST) { (self.attribution(row)) } }
                    }
                }
                (more(rows.len(), MOST, "sender"))
            }
        }
    }

    fn attribution(&self, row: &Attribution) -> Markup {
        let to = self.overview.destination(row.endpoint);
        html! {
            tr {
                th scope="row" { @match to { Some(to) => { (Shown(host(to))) } None => "unknown" } }
                td data-label="Sent by" {
                    @if row.packages.is_empty() { "an app that no list names" }
                    (codes(row.packages.iter().take(MOST_PACKAGES).map(String::as_str)))
                    @if row.packages.len() > MOST_PACKAGES { " and " (row.packages.len() - MOST_PACKAGES) " more" }
                    @if row.packages.len() > 1 { span.muted { ", one of these" } }
                    @if let Some(uid) = row.uid { span.muted { ", user id " (uid) } }
                }
                td data-label="What that app is" { @if row.privileges.is_empty() { "–" } @else { (Prose(&row.privileges.join("; "))) } }
                td data-label="On what ground" { (ground(row.ground, row.flows)) }
                td data-label="Where it says so" { (self.quotes(&row.quotes)) }
            }
        }
    }

    fn quotes(&self, quotes: &[Quote]) -> Markup {
        html! {
            ul.plain {
                @for quote in quotes {
                    li.muted { (Shown(&words::place(self.overview.case, quote.capture, quote.line))) }
                }
            }
        }
    }

    fn completeness(&self) -> Markup {
        let rows = &self.overview.case.phone.completeness;
        html! {
            @if !rows.is_empty() {
                h3 { "How much of it was captured" }
                p.intro { "The phone counts the bytes of every app, headers included, over all its networks. Of the captures count the flows that are known to be the app’s, with the least headers that packets have. What it counted and nobody captured left unseen; since Android 10 it counts an app’s questions for names as well, which are no flows of the app’s." }
                div.scroll role="region" aria-label="Completeness" tabindex="0" {
                    table {
                        caption { "Bytes that the phone counted, and those of them that the captures hold" }
                        thead { tr { th scope="col" { "App" } th.number scope="col" { "Sent, counted" } th.number scope="col" { "captured" } th.number scope="col" { "Received, counted" } th.number scope="col" { "captured" } } }
                        tbody {
                            @for row in rows.iter().take(MOST) {
                                tr {
                                    th scope="row" {
                                        (codes(row.packages.iter().take(MOST_PACKAGES).map(String::as_str)))
                                        span.muted { "user id " (row.uid) }
                                    }
                                    @for (counted, seen) in row.counted.iter().zip(row.seen) {
                                        td.number { (words::exact_bytes(*counted)) }
                                        td.number { (words::exact_bytes(seen)) span.muted { " (" (words::share(seen, *counted)) ")" } }
                                    }
                                }
                            }
                        }
                    }
                }
                (more(rows.len(), MOST, "app"))
            }
        }
    }

    fn habits(&self) -> Markup {
        let phone = &self.overview.case.phone;
        let rest = phone.habits.len().saturating_sub(MOST) as u64 + phone.habits_dropped;
        html! {
            @if !phone.habits.is_empty() {
                h3 { "What apps do by habit" }
                p.intro { "What the phone’s own counters and lists tell of its apps, those that sent something first. It says what an app had at hand and when, not that it was sent." }
                div.scroll role="region" aria-label="Habits of apps" tabindex="0" {
                    table {
                        caption { "Uses of permissions, requests for the position, alarms, and bytes" }
                        thead { tr { th scope="col" { "App" } th scope="col" { "What it does" } th.number scope="col" { "How often" } th scope="col" { "Last (UTC)" } th scope="col" { "Where it says so" } } }
                        tbody { @for habit in phone.habits.iter().take(MOST) { (self.habit(habit)) } }
                    }
                }
                @if rest > 0 { p.muted { "and " (words::counted(rest, "habit")) " more" } }
            }
        }
    }

    fn habit(&self, habit: &Habit) -> Markup {
        html! {
            tr {
                th scope="row" {
                    @if habit.package.is_empty() { "whatever has" } @else { code { (Shown(&habit.package)) } }
                    @if let Some(uid) = habit.uid { span.muted { " user id " (uid) } }
                }
                td { (Prose(&words::deed(&habit.deed))) }
                td.number { @match habit.count { Some(count) => { (words::number(count)) } None => "–" } }
                td.time { @match habit.last { Some(last) => { (words::moment(last)) } None => "–" } }
                td { span.muted { (Shown(&words::place(self.overview.case, habit.quote.capture, habit.quote.line))) } }
            }
        }
    }

    fn messages(&self) -> Markup {
        let phone = &self.overview.case.phone;
        let (usual, told): (Vec<_>, Vec<_>) = phone.messages.iter().partition(|row| is_usual(row));
        let (first, further) = told.split_at(told.len().min(OPEN));
        html! {
            @if !phone.messages.is_empty() || !phone.message_blind_spots.is_empty() {
                h3 { "Text messages" }
                p.intro { "Each message is one row, put together from all that tell of it: the phone’s store, backups, the operator’s bill, the radio." }
                @if !told.is_empty() { (self.ledger_of_messages("Messages that the phone does not show, or of which nobody can tell whether it does", first)) }
                @if !further.is_empty() {
                    details.more {
                        summary { "and " (words::counted(further.len() as u64, "message")) " more of these" }
                        (self.ledger_of_messages("Further such messages", further))
                    }
                }
                @if !usual.is_empty() {
                    details.more {
                        summary { @if !told.is_empty() { "and " } (words::counted(usual.len() as u64, "message")) " that the phone’s store or a backup has" }
                        (self.ledger_of_messages("Messages of the store or a backup", &usual))
                    }
                }
                @if phone.messages_dropped > 0 { p.muted { "and " (words::counted(phone.messages_dropped, "message")) " more, not listed" } }
                (self.missing_ids(&phone.missing_message_ids))
                @if !phone.message_blind_spots.is_empty() {
                    h4 { "What these sources could not have shown" }
                    ul { @for blind in phone.message_blind_spots.iter().take(MOST) { li { (Prose(blind)) } } }
                }
            }
        }
    }

    fn ledger_of_messages(&self, caption: &str, rows: &[&ShortMessage]) -> Markup {
        html! {
            div.scroll role="region" aria-label=(caption) tabindex="0" {
                table.stack {
                    caption { (caption) }
                    thead { tr { @for name in ["When (UTC)", "Number", "What became of it", "Written by", "Who tells of it"] { th scope="col" { (name) } } } }
                    tbody { @for row in rows.iter().take(MOST) { (self.message(row)) } }
                }
            }
            (more(rows.len(), MOST, "message"))
        }
    }

    fn message(&self, row: &ShortMessage) -> Markup {
        let way = if row.direction == Direction::Out { "to" } else { "from" };
        html! {
            tr {
                td.time data-label="When (UTC)" { @match row.time { Some(time) => { (words::moment(time)) } None => "not known" } }
                td data-label="Number" {
                    (way) " " strong { @if row.number.is_empty() { "unknown" } @else { (Shown(&row.number)) } }
                    @if row.in_address_book == Some(false) { span.muted { " not in the address book" } }
                }
                td data-label="What became of it" {
                    (Shown(&row.verdict))
                    @if row.silent { span.muted { " marked by the network as not to be shown" } }
                    @if row.parts > 1 { span.muted { " in " (row.parts) " parts" } }
                }
                td data-label="Written by" { @if row.package.is_empty() { "–" } @else { code { (Shown(&row.package)) } } }
                td data-label="Who tells of it" {
                    ul.plain {
                        @for account in &row.accounts {
                            li { (Shown(&account.words)) span.muted { " " (Shown(&words::place_of(self.overview.case, &account.occurrence))) } }
                        }
                    }
                }
            }
        }
    }

    fn missing_ids(&self, rows: &[MissingIds]) -> Markup {
        let time = |time: Option<evidence::Timestamp>| time.map_or_else(|| "–".to_owned(), words::moment);
        html! {
            @if !rows.is_empty() {
                div.scroll role="region" aria-label="Missing numbers" tabindex="0" {
                    table {
                        caption { "Numbers that a store gave to messages it no longer has: each message gets the next one, so a missing number is a message that was deleted" }
                        thead { tr { th scope="col" { "Store" } th scope="col" { "Numbers" } th scope="col" { "Logged after" } th scope="col" { "and before" } th.number scope="col" { "Still to be seen" } } }
                        tbody {
                            @for row in rows.iter().take(MOST) {
                                tr {
                                    th scope="row" { (Shown(&words::capture(self.overview.case, row.capture))) }
                                    td { (row.first) @if row.last != row.first { " to " (row.last) } }
                                    td.time { (time(row.after)) }
                                    td.time { (time(row.before)) }
                                    td.number { (words::number(row.seen)) }
                                }
                            }
                        }
                    }
                }
                (more(rows.len(), MOST, "gap"))
            }
        }
    }

    fn marks(&self) -> Markup {
        let phone = &self.overview.case.phone;
        let rest = phone.marks.len().saturating_sub(MOST) as u64 + phone.marks_dropped;
        html! {
            @if !phone.marks.is_empty() {
                h3 { "What happened on it" }
                details.more {
                    summary { (words::counted(phone.marks.len() as u64, "event")) " of the phone’s log" }
                    div.scroll role="region" aria-label="Events" tabindex="0" {
                        table.stack {
                            caption { "Events, the earliest first" }
                            thead { tr { @for name in ["When (UTC)", "What", "Package", "Told as"] { th scope="col" { (name) } } } }
                            tbody { @for mark in phone.marks.iter().take(MOST) { (self.mark(mark)) } }
                        }
                    }
                    @if rest > 0 { p.muted { "and " (words::counted(rest, "event")) " more" } }
                }
            }
        }
    }

    fn mark(&self, mark: &Mark) -> Markup {
        html! {
            tr {
                td.time data-label="When (UTC)" { (words::moment(mark.time)) }
                th scope="row" { (Shown(&words::mark(&mark.kind))) }
                td data-label="Package" { @if mark.package.is_empty() { "–" } @else { code { (Shown(&mark.package)) } } }
                td data-label="Told as" { (Shown(&mark.detail)) span.muted { " " (Shown(&words::place(self.overview.case, mark.quote.capture, mark.quote.line))) } }
            }
        }
    }
}

/// Whether the phone's store or a backup has it, as it should.
fn is_usual(row: &ShortMessage) -> bool {
    matches!(row.verdict.as_str(), "logged" | "sent and logged" | "received and logged") && !row.silent
}

fn ground(ground: Ground, flows: u64) -> String {
    let flows = words::counted(flows, "flow");
    match ground {
        Ground::Wire => format!("noted with the traffic, {flows}"),
        Ground::Log if flows.starts_with("0 ") => "the phone’s log has it look the name up".to_owned(),
        Ground::Log => format!("the phone’s log or tables, {flows}"),
        Ground::Code => "its code holds the name: it could have".to_owned(),
    }
}

fn more(all: usize, shown: usize, word: &str) -> Markup {
    let rest = all.saturating_sub(shown);
    html! { @if rest > 0 { p.muted { "and " (words::counted(rest as u64, word)) " more in the case file" } } }
}

/// Messages that are not folded.
const OPEN: usize = 8;
/// Rows of a table.
const MOST: usize = 100;
/// Packages named in one cell.
const MOST_PACKAGES: usize = 6;
