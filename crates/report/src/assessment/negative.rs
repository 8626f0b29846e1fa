//! What was not seen, with what it would have taken to see it: a negative says region, build, account, time and
//! coverage, or why it could not have been anything else.

use evidence::{Holds, Timestamp};

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
        let recorded = span
            .map(|(first, last)| format!("{} UTC ({})", words::period(first, last), words::duration(nanos)));
        let mut accounts = case.phone.marks.iter().filter(|mark| mark.kind.contains("account"));
        let account = accounts.next_back().map(|mark| words::mark(&mark.kind));
        Self {
            recorded: recorded.unwrap_or_else(not_told),
            build: told(&["fingerprint", "build", "incremental", "display", "model"]),
            region: told(&["region", "country", "locale"]),
            account: account.unwrap_or_else(not_told),
            time: words::duration(nanos),
            share: words::share(device.coverage.searched(), device.coverage.content),
            lacks: NEEDS.into_iter().filter(|need| !meets(device, *need)).collect(),
        }
    }

    /// `not seen in 26 h; region EU; build X; account: not told; 92% of the content readable`.
    pub(super) fn not_seen(&self, texts: &Texts) -> String {
        texts.fill(
            "not_seen",
            &[
                ("time", &self.time),
                ("region", &self.region),
                ("build", &self.build),
                ("account", &self.account),
                ("share", &self.share),
            ],
        )
    }

    /// The same, or why what the rule tells of could not be seen.
    pub(super) fn of_rule(&self, texts: &Texts, rule: &Rule) -> String {
        let lacking = rule.needs.iter().find(|need| self.lacks.contains(need));
        match lacking {
            None => self.not_seen(texts),
            Some(need) => texts.fill("could_not", &[("why", texts.say(why(*need)))]),
        }
    }
}

fn meets(device: &Device, need: Need) -> bool {
    let case = device.case();
    match need {
        Need::Log => case.captures.iter().any(|capture| capture.holds == Holds::Phone),
        Need::Messages => !case.phone.messages.is_empty() || !case.phone.message_blind_spots.is_empty(),
        Need::Profile => case.profile.is_some(),
        Need::Readable => device.coverage.searched() > 0,
        Need::Traffic => device.coverage.content > 0,
    }
}

fn why(need: Need) -> &'static str {
    match need {
        Need::Log => "why_log",
        Need::Messages => "why_messages",
        Need::Profile => "why_profile",
        Need::Readable => "why_readable",
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

const NEEDS: [Need; 5] = [Need::Log, Need::Messages, Need::Profile, Need::Readable, Need::Traffic];
