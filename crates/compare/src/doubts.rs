//! Why not having seen something says less than it seems.
//!
//! A doubt is *blind* where the case could not have shown the thing, or hardly: then nobody may say that it
//! vanished.

use std::collections::BTreeSet;

use evidence::{Doubt, DoubtReason, IdentifierKind, prose};

use crate::{rows::Told, side::Sided, subject::Subject, words};

/// The reasons why `side` may not show what `others` do.
pub(crate) fn doubts(side: &Sided, subject: &Subject, others: &[(&Sided, &Told)]) -> Vec<Doubt> {
    let wire = !matches!(
        subject.kind,
        "hidden_message" | "identifier_in_message" | "identifier_received" | "logged"
    );
    let mut doubts = Vec::new();
    if wire {
        doubts.extend(unreadable(side, subject));
        let marks = missing_marks(side, others);
        let waited_for = occasions(others);
        let seldom = too_short(side, others);
        // What follows marks that this case has as well does not come at a rate.
        doubts.extend(seldom.filter(|_| waited_for.is_empty() || !marks.is_empty()));
        doubts.extend(marks);
    } else {
        doubts.extend(not_examined(side, subject));
    }
    doubts.extend(not_planted(side, subject, others));
    doubts.extend(incomplete(side));
    doubts
}

fn doubt(reason: DoubtReason, blind: bool, words: String) -> Doubt {
    Doubt { reason, blind, words }
}

/// What was encrypted and not read, to the receiver or anywhere.
fn unreadable(side: &Sided, subject: &Subject) -> Option<Doubt> {
    let receiver = subject.receiver.as_str();
    let own = &side.side;
    if own.content == 0 {
        let words = "The captures hold no content: nothing was sent, or nothing was recorded.".to_owned();
        return Some(doubt(DoubtReason::NotExamined, true, words));
    }
    // How something is protected is seen without reading it.
    if subject.kind == "protection" && side.contacted(receiver) {
        return None;
    }
    if side.sealed(receiver) {
        let reached = side.receivers.get(receiver).into_iter().flatten();
        let (flows, bytes) = reached.fold((0u64, 0u64), |(flows, bytes), one| {
            (flows.saturating_add(one.flows), bytes.saturating_add(one.bytes_out))
        });
        let words = format!(
            "{receiver} was talked to ({}, {bytes} bytes sent) and nothing of what was encrypted could be read.",
            words::counted(flows, "flow")
        );
        return Some(doubt(DoubtReason::Unreadable, true, words));
    }
    let hidden = own.encrypted.saturating_add(own.home_made).saturating_add(own.over_limit);
    let hidden = hidden.saturating_add(own.not_parsed).saturating_add(own.not_understood);
    // Media hold nothing that could be it, however much of them came in.
    let content = own.content.saturating_sub(own.media);
    (!side.contacted(receiver) && u128::from(hidden) * 100 >= u128::from(content.max(1))).then(|| {
        let share = words::share(hidden, content);
        let aside = if own.media > 0 { " (media aside)" } else { "" };
        let words = format!(
            "It may have gone another way: {share} of the content{aside} could not be read (encrypted without a \
             key, searched only as it stands, over a limit or not parsed)."
        );
        doubt(DoubtReason::Unreadable, u128::from(hidden) * 2 >= u128::from(content), words)
    })
}

/// Marks that came shortly before it in every other case and that this case lacks.
fn missing_marks(side: &Sided, others: &[(&Sided, &Told)]) -> Vec<Doubt> {
    let lacking: Vec<_> = occasions(others).into_iter().filter(|kind| side.marks_of(kind) == 0).collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    if side.side.marks.is_empty() {
        let kinds: Vec<_> = lacking.iter().map(|kind| words::mark(kind)).collect();
        let words = format!(
            "Nothing is known of what happened on the phone; elsewhere it came shortly after {}.",
            prose::list(&kinds)
        );
        return vec![doubt(DoubtReason::NoMark, true, words)];
    }
    let lack = |kind: &&str| {
        let kind = words::mark(kind);
        let words = format!("There is no mark of {kind} here; elsewhere it came shortly after one.");
        doubt(DoubtReason::NoMark, true, words)
    };
    lacking.iter().map(lack).collect()
}

/// Kinds of marks before every time that any other case has it at, in the minutes before.
fn occasions<'a>(others: &[(&Sided<'a>, &Told)]) -> BTreeSet<&'a str> {
    let mut common: Option<BTreeSet<&str>> = None;
    for (side, told) in others {
        for finding in told.findings.iter().take(FINDINGS) {
            let proofs = finding.evidence.iter().take(PROOFS).map(|evidence| evidence.occurrence.time);
            let mut moments: BTreeSet<_> = proofs.collect();
            moments.insert(finding.first);
            // Grounds from elsewhere (a label, an answer) have times of their own near the value's.
            let before: BTreeSet<_> =
                moments.iter().flat_map(|moment| side.marks_before(*moment, BEFORE)).collect();
            common = Some(match common {
                None => before,
                Some(common) => common.intersection(&before).copied().collect(),
            });
        }
    }
    common.unwrap_or_default()
}

/// That at the rate of another case it would not have been seen in so short a time.
fn too_short(side: &Sided, others: &[(&Sided, &Told)]) -> Option<Doubt> {
    let own = side.side.recorded_s;
    let expected = others.iter().filter(|(other, _)| other.side.recorded_s > 0).map(|(other, told)| {
        let count = told.findings.iter().fold(0u64, |sum, one| sum.saturating_add(one.count));
        let tenths = u128::from(count) * 10 * u128::from(own) / u128::from(other.side.recorded_s);
        (tenths, *other)
    });
    let (tenths, other) = expected.max_by_key(|(tenths, _)| *tenths)?;
    (tenths < ENOUGH).then(|| {
        let words = format!(
            "Recorded were {}, in {} {}: at the rate seen there one would expect it {}.{} times here, few \
             enough to be missed by chance.",
            words::duration(own),
            other.side.name,
            words::duration(other.side.recorded_s),
            tenths / 10,
            tenths % 10
        );
        doubt(DoubtReason::TooShort, true, words)
    })
}

/// That such files were not among the inputs.
fn not_examined(side: &Sided, subject: &Subject) -> Option<Doubt> {
    if subject.kind == "hidden_message" && !side.case.phone.could_show_hidden_messages() {
        let words = "A message that its owner does not see takes the phone's message store beside a capture of the \
                     radio or a bill, and these were not examined together here.";
        return Some(doubt(DoubtReason::NotExamined, true, words.to_owned()));
    }
    let examined = match subject.kind {
        "logged" => side.has_phone_files(),
        _ => !side.case.phone.messages.is_empty() || !side.case.phone.message_blind_spots.is_empty(),
    };
    let what = if subject.kind == "logged" { "log of the phone" } else { "source of text messages" };
    (!examined).then(|| doubt(DoubtReason::NotExamined, true, format!("No {what} was examined here.")))
}

/// That nobody looked for the value.
fn not_planted(side: &Sided, subject: &Subject, others: &[(&Sided, &Told)]) -> Option<Doubt> {
    let kind = subject.identifier.filter(|_| others.iter().any(|(_, told)| told.known()))?;
    let lacks = |kinds: &[IdentifierKind]| !kinds.is_empty() && !kinds.contains(&kind);
    if side.side.profile.is_none() {
        let words =
            "The audit ran without a profile: only what has the shape of an identifier could be found.";
        return Some(doubt(DoubtReason::NotPlanted, true, words.to_owned()));
    }
    if lacks(&side.side.profile_kinds) {
        let words = format!("The profile holds no {}.", kind.words());
        return Some(doubt(DoubtReason::NotPlanted, true, words));
    }
    side.side.profile_kinds.is_empty().then(|| {
        let words = format!("The case does not tell whether its profile holds a {}.", kind.words());
        doubt(DoubtReason::NotPlanted, false, words)
    })
}

/// That some of the traffic is not there.
fn incomplete(side: &Sided) -> Option<Doubt> {
    let own = &side.side;
    let words = match (own.missing, own.problems) {
        (0, 0) => return None,
        (0, problems) => format!("{} gave trouble.", words::counted(problems, "input")),
        (bytes, 0) => format!("The captures lack {bytes} bytes that were sent."),
        (bytes, problems) => {
            let inputs = words::counted(problems, "input");
            format!("The captures lack {bytes} bytes that were sent, and {inputs} gave trouble.")
        }
    };
    Some(doubt(DoubtReason::Incomplete, false, words))
}

/// How long before something a mark may have been its occasion, in seconds.
const BEFORE: i64 = 120;
/// Findings and proofs that are looked at for their occasions.
const FINDINGS: usize = 50;
const PROOFS: usize = 20;
/// Tenths of times that one must expect something before its absence says much: with three, the chance that it
/// does not show is one in twenty.
const ENOUGH: u128 = 30;
