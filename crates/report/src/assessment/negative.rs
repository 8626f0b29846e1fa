//! What was not seen, with what it would have taken to see it: a negative says region, build, account, time and
//! coverage, or why it could not have been anything else.

use evidence::{Capture, Fate, Holds, IdentifierKind, Mark, MessageSource, Timestamp};

use super::{
    Device,
    limits::counters,
    rules::{Need, Rule},
    texts::Texts,
};
use crate::words;

/// Under which conditions a device was examined, in words.
pub(super) struct Conditions {
    pub(super) recorded: String,
    pub(super) build: String,
    pub(super) region: String,
    pub(super) account: String,
    time: String,
    share: String,
    /// The share that was read, where that is not all.
    part: Option<String>,
    /// What went past the captures, by the phone's own counters.
    counters: Option<String>,
    /// Sources of messages, in words.
    sources: Vec<String>,
    /// What it takes and is not there.
    lacks: Vec<Need>,
    /// Kinds of values that were looked for.
    planted: Vec<(IdentifierKind, u64)>,
}

impl Conditions {
    pub(super) fn of(texts: &Texts, device: &Device) -> Self {
        let case = device.case();
        let not_told = || texts.say("not_told").to_owned();
        let told = |names: &[&str]| {
            let build = names.iter().find_map(|name| case.phone.build.iter().find(|(what, _)| what == name));
            build.map_or_else(not_told, |(_, said)| said.clone())
        };
        let nanos = covered(device.overview.recorded());
        let span = device.overview.span();
        let recorded = span.map(|(first, last)| {
            let (period, duration) = (texts.period(first, last), texts.duration(nanos));
            texts.fill("recorded", &[("period", &period), ("duration", &duration)])
        });
        Self {
            recorded: recorded.unwrap_or_else(not_told),
            build: told(&["fingerprint", "build", "incremental", "display", "model"]),
            region: told(&["region", "country", "locale"]),
            account: account(texts, &case.phone.marks).unwrap_or_else(not_told),
            time: texts.duration(nanos),
            share: share(texts, device),
            part: part(texts, device),
            counters: counters(texts, &device.coverage),
            sources: sources(device).into_iter().map(|source| texts.say(source).to_owned()).collect(),
            planted: case.profile_kinds.clone(),
            lacks: NEEDS.into_iter().filter(|need| !meets(device, *need)).collect(),
        }
    }

    /// `26 h; region EU; build X; account: not told; 92% of the content readable, 3% more only searched as it stands`,
    /// and what went past the captures.
    pub(super) fn words(&self, texts: &Texts) -> String {
        let words = texts.fill(
            "conditions",
            &[
                ("time", &self.time),
                ("region", &self.region),
                ("build", &self.build),
                ("account", &self.account),
                ("share", &self.share),
            ],
        );
        match &self.counters {
            Some(counters) => {
                texts.fill("conditions_counters", &[("conditions", &words), ("counters", counters)])
            }
            None => words,
        }
    }

    /// That it was not seen, or why what the rule tells of could not be.
    pub(super) fn of_rule(&self, texts: &Texts, rule: &Rule) -> String {
        let lacking = rule.needs.iter().find(|need| self.lacks.contains(need));
        if let Some(need) = lacking {
            return texts.fill("could_not", &[("why", texts.say(why(*need)))]);
        }
        if rule.needs.contains(&Need::Profile) && !rule.is_planted(&self.planted) {
            return texts.fill("could_not", &[("why", texts.say("why_not_planted"))]);
        }
        // What was not seen was not seen in something: how much of it there was is part of the result.
        let of_messages = rule.needs.contains(&Need::Messages);
        let of_content = rule.needs.contains(&Need::Readable);
        match &self.part {
            _ if of_messages => texts.fill("not_seen_sources", &[("sources", &texts.list(&self.sources))]),
            Some(share) if of_content => texts.fill("not_seen_part", &[("share", share)]),
            _ => texts.say("not_seen").to_owned(),
        }
    }
}

/// How much of the content was read. What no decoder knew was searched as it stands, and is told apart.
fn share(texts: &Texts, device: &Device) -> String {
    let coverage = &device.coverage;
    let read = texts.share(coverage.bytes(Fate::Decoded), coverage.to_read());
    let share = match coverage.bytes(Fate::NotUnderstood) {
        0 => texts.fill("readable", &[("share", &read)]),
        unknown => {
            let unknown = texts.share(unknown, coverage.to_read());
            texts.fill("readable_part", &[("share", &read), ("unknown", &unknown)])
        }
    };
    if coverage.bytes(Fate::Media) > 0 { texts.fill("media_aside", &[("share", &share)]) } else { share }
}

/// The share that was read, where it is not all.
fn part(texts: &Texts, device: &Device) -> Option<String> {
    let (read, content) = (device.coverage.bytes(Fate::Decoded), device.coverage.to_read());
    (read < content).then(|| texts.share(read, content))
}

/// The texts that name what told of messages.
fn sources(device: &Device) -> Vec<&'static str> {
    let case = device.case();
    let of_phone = case.phone.message_sources().into_iter().map(|source| match source {
        MessageSource::Bill => "source_bill",
        MessageSource::Radio => "source_radio",
        MessageSource::Store => "source_store",
    });
    let export = case.captures.iter().any(is_export).then_some("source_export");
    of_phone.chain(export).collect()
}

/// Whether a file is an export of messages: it has what is in the store, and nothing of what is no more.
fn is_export(capture: &Capture) -> bool {
    capture.holds == Holds::Phone && EXPORTS.iter().any(|begins| capture.format.starts_with(begins))
}

/// Whether the phone was signed in, as marks tell: when that changed first and last.
fn account(texts: &Texts, marks: &[Mark]) -> Option<String> {
    let text = |mark: &Mark| match mark.kind.as_str() {
        "account-added" => Some("account_added"),
        "account-removed" => Some("account_removed"),
        _ => None,
    };
    let mut changes = marks.iter().filter_map(|mark| Some((text(mark)?, mark.time)));
    let said = |(name, time)| texts.fill(name, &[("time", &words::moment(time))]);
    let first = said(changes.next()?);
    let last = changes.next_back().map(said);
    Some(last.map_or_else(
        || first.clone(),
        |then| texts.fill("account_switched", &[("first", &first), ("then", &then)]),
    ))
}

fn meets(device: &Device, need: Need) -> bool {
    let (case, sources) = (device.case(), sources(device));
    let has = |wanted: &[&str]| sources.iter().any(|source| wanted.contains(source));
    match need {
        Need::Carried => has(&["source_bill", "source_radio"]),
        Need::Log => case.captures.iter().any(holds_a_log),
        Need::Messages => !sources.is_empty(),
        Need::Profile => case.profile.is_some(),
        Need::Readable => device.coverage.bytes(Fate::Decoded) > 0,
        Need::Stages => case.phone.marks.iter().any(|mark| tells_of_a_stage(&mark.kind)),
        Need::Store => has(&["source_store"]),
        Need::Texts => has(&["source_export", "source_radio", "source_store"]),
        Need::Traffic => device.coverage.content > 0,
    }
}

/// Whether a file is a log of the phone's, or has one in it; lists and stores of the phone tell nothing of what was logged.
fn holds_a_log(capture: &Capture) -> bool {
    capture.holds == Holds::Phone && LOGS.iter().any(|begins| capture.format.starts_with(begins))
}

fn tells_of_a_stage(mark: &str) -> bool {
    ["private-mode-", "consent-", "account-", "setting-"].iter().any(|begins| mark.starts_with(begins))
}

fn why(need: Need) -> &'static str {
    match need {
        Need::Carried => "why_carried",
        Need::Log => "why_log",
        Need::Messages => "why_messages",
        Need::Profile => "why_profile",
        Need::Readable => "why_readable",
        Need::Stages => "why_stages",
        Need::Store => "why_store",
        Need::Texts => "why_texts",
        Need::Traffic => "why_traffic",
    }
}

/// Nanoseconds that the periods cover together.
fn covered(mut periods: Vec<(Timestamp, Timestamp)>) -> i64 {
    periods.sort_unstable();
    let (mut nanos, mut until) = (0i64, Timestamp(i64::MIN));
    for (first, last) in periods {
        nanos = nanos.saturating_add(last.since(first.max(until)).max(0));
        until = until.max(last);
    }
    nanos
}

/// What the formats of files with logs begin with.
const LOGS: [&str; 3] = ["bugreport", "intrusion log", "logcat"];
/// What the formats of exports of messages begin with.
const EXPORTS: [&str; 2] = [Capture::BACKUP, "SMS Backup & Restore"];
const NEEDS: [Need; 9] = [
    Need::Carried,
    Need::Log,
    Need::Messages,
    Need::Profile,
    Need::Readable,
    Need::Stages,
    Need::Store,
    Need::Texts,
    Need::Traffic,
];
