//! What was not seen, with what it would have taken to see it: a negative says region, build, account, time and
//! coverage, or why it could not have been anything else.

use evidence::{Capture, Holds, Mark, Timestamp};

use super::{
    Device,
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
    /// What it takes and is not there.
    lacks: Vec<Need>,
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
            share: texts.share(device.coverage.searched(), device.coverage.content),
            lacks: NEEDS.into_iter().filter(|need| !meets(device, *need)).collect(),
        }
    }

    /// `26 h; region EU; build X; account: not told; 92% of the content readable`.
    pub(super) fn words(&self, texts: &Texts) -> String {
        texts.fill(
            "conditions",
            &[
                ("time", &self.time),
                ("region", &self.region),
                ("build", &self.build),
                ("account", &self.account),
                ("share", &self.share),
            ],
        )
    }

    /// That it was not seen, or why what the rule tells of could not be.
    pub(super) fn of_rule(&self, texts: &Texts, rule: &Rule) -> String {
        let lacking = rule.needs.iter().find(|need| self.lacks.contains(need));
        match lacking {
            None => texts.say("not_seen").to_owned(),
            Some(need) => texts.fill("could_not", &[("why", texts.say(why(*need)))]),
        }
    }
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
    let case = device.case();
    match need {
        Need::Log => case.captures.iter().any(holds_a_log),
        Need::Messages => !case.phone.messages.is_empty() || !case.phone.message_blind_spots.is_empty(),
        Need::Profile => case.profile.is_some(),
        Need::Readable => device.coverage.searched() > 0,
        Need::Stages => case.phone.marks.iter().any(|mark| tells_of_a_stage(&mark.kind)),
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
        Need::Log => "why_log",
        Need::Messages => "why_messages",
        Need::Profile => "why_profile",
        Need::Readable => "why_readable",
        Need::Stages => "why_stages",
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
const NEEDS: [Need; 6] =
    [Need::Log, Need::Messages, Need::Profile, Need::Readable, Need::Stages, Need::Traffic];
