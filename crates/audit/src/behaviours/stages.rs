//! What is sent in a state of the phone in which one would not expect it: in private mode, before anybody agreed,
//! signed out, while a switch is off.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Behaviour, Destination, Direction, Evidence, Finding, Grade, IdentifierKind, Mark, Severity,
    SightingGroup, Timestamp, prose,
};

use super::{Scene, Told, occasion, times, value, weight};

/// A state, and when the phone was in it.
struct Stage<'a> {
    name: String,
    spans: Vec<(Timestamp, Timestamp, &'a Mark)>,
}

/// What one receiver got of one kind, in and out of a state.
#[derive(Default)]
struct Share<'a> {
    within: u64,
    outside: u64,
    when: Option<(Timestamp, Timestamp)>,
    groups: Vec<(u32, &'a SightingGroup)>,
}

/// Judges everything that tells of somebody.
pub(super) fn judge(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for stage in stages(scene) {
        let mut shares: BTreeMap<(&str, IdentifierKind), Share<'_>> = BTreeMap::new();
        for ((index, group), moments) in (0..).zip(&scene.merged.sightings).zip(&scene.merged.times) {
            let Some(destination) = scene.merged.destinations.get(group.key.endpoint.0 as usize) else {
                continue;
            };
            let receiver = destination.receiver();
            if group.key.direction != Direction::Out
                || is_local(destination)
                || scene.is_of_another(group)
                || weight(group) < Severity::Medium
                || is_own(group, receiver)
                || stage.is_of_another_app(scene, group)
            {
                continue;
            }
            let share = shares.entry((receiver, group.key.kind)).or_default();
            let before = share.within;
            for time in moments.all() {
                if stage.holds(time) {
                    share.within += 1;
                    let (first, last) = share.when.unwrap_or((time, time));
                    share.when = Some((first.min(time), last.max(time)));
                } else {
                    share.outside += 1;
                }
            }
            if share.within > before {
                share.groups.push((index, group));
            }
        }
        let told =
            shares.into_iter().filter_map(|((receiver, kind), share)| told(&stage, receiver, kind, share));
        findings.extend(told);
    }
}

/// Whether it stays in the network that the phone is in, which it has to tell who it is in every state.
fn is_local(destination: &Destination) -> bool {
    crate::findings::receiver(destination) == crate::findings::Receiver::LocalNetwork
}

/// Whether a page's address was told to the page's own host: that is how it is fetched.
fn is_own(group: &SightingGroup, receiver: &str) -> bool {
    group.key.kind == IdentifierKind::Url && group.key.value.contains(receiver)
}

fn told(stage: &Stage<'_>, receiver: &str, kind: IdentifierKind, share: Share<'_>) -> Option<Finding> {
    let when = share.when?;
    let groups = || share.groups.iter().flat_map(|(_, group)| &group.proofs);
    let shown = groups().filter(|proof| stage.holds(proof.time)).take(3);
    let words = format!("sent {}", stage.in_words());
    let mut evidence: Vec<Evidence> = shown.map(|proof| value(&words, proof)).collect();
    let mark = stage
        .spans
        .iter()
        .find(|(first, last, _)| when.0 >= *first && when.0 <= *last)
        .map(|(.., mark)| *mark);
    evidence.extend(
        mark.and_then(|mark| occasion(format!("{}: {} {}", mark.time, mark.kind, mark.detail), mark)),
    );
    let graded = share.groups.iter().any(|(_, group)| group.key.grade > Grade::Shaped);
    let severity = match (kind.severity(), stage.name.as_str()) {
        (_, _) if !graded => Severity::Low,
        (severity, "private mode") => severity.max(Severity::High),
        (severity, "signed out") => severity.min(Severity::Medium),
        (severity, _) => severity.min(Severity::High),
    };
    let mut endpoints: Vec<_> = share.groups.iter().map(|(_, group)| group.key.endpoint).collect();
    endpoints.sort();
    endpoints.dedup();
    Some(
        Told {
            subject: format!("stage {}\n{}\n{receiver}", stage.name, kind.id()),
            severity,
            title: format!("{} went to {receiver} {}", prose::capital(kind.words()), stage.in_words()),
            words: format!(
                "It was sent {} in that state and {} outside of it. The state is told by marks of the phone or of \
                 whoever recorded it.",
                times(share.within),
                times(share.outside)
            )
            .replace("and 0 times outside", "and never outside"),
            endpoints,
            count: share.within,
            when,
            evidence,
            sightings: share.groups.iter().map(|(index, _)| *index).collect(),
            behaviour: Behaviour::Stage {
                stage: stage.name.clone(),
                identifier: kind,
                within: share.within,
                outside: share.outside,
            },
        }
        .finding(),
    )
}

/// The states that marks tell of.
fn stages<'a>(scene: &Scene<'a>) -> Vec<Stage<'a>> {
    let marks = scene.events;
    let mut stages = vec![
        between("private mode", marks, "private-mode-on", "private-mode-off"),
        between("consent refused", marks, "consent-refused", "consent-given"),
        until("before consent", scene, "consent-given"),
        until("signed out", scene, "account-added"),
    ];
    let mut settings: Vec<&str> =
        marks.iter().filter(|mark| mark.kind == "setting-off").map(|mark| mark.detail.as_str()).collect();
    settings.sort_unstable();
    settings.dedup();
    for setting in settings.into_iter().take(SETTINGS) {
        let of_setting = |mark: &&Mark| mark.detail == setting;
        let name =
            if setting.is_empty() { "switched off".to_owned() } else { format!("{setting} switched off") };
        stages.push(spans(name, marks.iter().filter(of_setting), "setting-off", "setting-on"));
    }
    stages.retain(|stage| !stage.spans.is_empty());
    stages
}

fn between<'a>(name: &str, marks: &'a [Mark], on: &str, off: &str) -> Stage<'a> {
    spans(name.to_owned(), marks.iter(), on, off)
}

fn spans<'a>(name: String, marks: impl Iterator<Item = &'a Mark>, on: &str, off: &str) -> Stage<'a> {
    let (mut spans, mut begun) = (Vec::new(), None::<&Mark>);
    for mark in marks {
        if mark.kind == on {
            begun = begun.or(Some(mark));
        } else if mark.kind == off
            && let Some(first) = begun.take()
        {
            spans.push((first.time, mark.time, first));
        }
    }
    if let Some(first) = begun {
        spans.push((first.time, Timestamp(i64::MAX), first));
    }
    Stage { name, spans }
}

/// The state from the beginning to the first mark of a kind.
fn until<'a>(name: &str, scene: &Scene<'a>, ends: &str) -> Stage<'a> {
    let end = scene.events.iter().find(|mark| mark.kind == ends);
    let spans =
        end.filter(|mark| mark.time > scene.span.0).map(|mark| (Timestamp(i64::MIN), mark.time, mark));
    Stage { name: name.to_owned(), spans: spans.into_iter().collect() }
}

impl Stage<'_> {
    fn holds(&self, time: Timestamp) -> bool {
        self.spans.iter().any(|(first, last, _)| time >= *first && time < *last)
    }

    /// Whether the setting is one of apps that are known not to have sent it. Where somebody went and what they typed may
    /// be told by any app.
    fn is_of_another_app(&self, scene: &Scene<'_>, group: &SightingGroup) -> bool {
        let of_setting = || self.spans.iter().filter(|(.., mark)| mark.kind == "setting-off");
        let packages: BTreeSet<&str> = of_setting()
            .map(|(.., mark)| mark.package.as_str())
            .filter(|package| !package.is_empty())
            .collect();
        if packages.is_empty() || TYPED.contains(&group.key.kind) {
            return false;
        }
        let told = scene.senders(group.key.endpoint);
        let senders: BTreeSet<&str> =
            told.into_iter().chain([group.key.app.as_str()]).filter(|sender| !sender.is_empty()).collect();
        !senders.is_empty() && senders.is_disjoint(&packages)
    }

    /// The state, to stand behind what was done in it: `in private mode`.
    fn in_words(&self) -> String {
        match self.name.as_str() {
            "private mode" => "in private mode".to_owned(),
            "consent refused" => "after consent was refused".to_owned(),
            "before consent" => "before anybody consented".to_owned(),
            "signed out" => "while nobody was signed in".to_owned(),
            "switched off" => "with a setting switched off".to_owned(),
            setting => format!("with {setting}"),
        }
    }
}

/// What somebody types, and where they go.
const TYPED: [IdentifierKind; 3] =
    [IdentifierKind::SearchWord, IdentifierKind::TypedWord, IdentifierKind::Url];
/// Settings that are told apart.
const SETTINGS: usize = 8;
