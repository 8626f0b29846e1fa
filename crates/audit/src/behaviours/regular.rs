//! What is sent at regular times: by each device, to one host or to several of one owner in turn. What follows at once on
//! something that somebody did has the rhythm of that, and none of its own.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Behaviour, CaptureId, Device, EndpointId, Evidence, ExchangeId, Finding, FrameNo, Severity, Timestamp,
};

use super::{Line, Scene, Told, receivers_words, rhythm, rhythm::Rhythm, series::is_telling, times, value};

/// Judges all lines: those with the same request to one owner together.
pub(super) fn judge(scene: &Scene<'_>, lines: &[Line<'_>], findings: &mut Vec<Finding>) {
    let mut kin: BTreeMap<(&str, &str), Vec<&Line<'_>>> = BTreeMap::new();
    for line in lines.iter().filter(|line| is_telling(line)) {
        kin.entry((owner(scene, line), line.request)).or_default().push(line);
    }
    for lines in kin.into_values() {
        for (whose, mut seen) in by_device(scene, &lines) {
            if whose.is_none() {
                let caused = caused(scene, &seen.iter().map(|seen| seen.time).collect::<Vec<_>>());
                seen.retain(|seen| !caused.contains(&seen.time));
            }
            let found = alike(rhythms(&seen)).into_iter();
            findings.extend(found.map(|found| {
                let lines: Vec<&Line<'_>> =
                    found.lines().iter().filter_map(|place| lines.get(*place).copied()).collect();
                let seen: Vec<&Seen> = seen.iter().filter(|seen| found.of.contains(&seen.line)).collect();
                finding(scene, &lines, whose, &seen, found)
            }));
        }
    }
}

/// The times at once behind something that somebody did: behind a kind of mark most of which are followed so.
fn caused(scene: &Scene<'_>, times: &[Timestamp]) -> BTreeSet<Timestamp> {
    let (first, last) = scene.span;
    let mut caused = BTreeSet::new();
    for (_, marks) in scene.causes.iter().filter(|(kind, _)| DONE.contains(kind)) {
        let watched: Vec<Timestamp> =
            marks.iter().copied().filter(|mark| (first..=last).contains(mark)).collect();
        // So many marks have something behind them by chance.
        if watched.len() as i64 * AT_ONCE * 10 > last.since(first) {
            continue;
        }
        let behind = |mark: &Timestamp| {
            let next = times.get(times.partition_point(|time| time < mark)).copied();
            next.filter(|next| next.since(*mark) <= AT_ONCE)
        };
        let followed: Vec<Timestamp> = watched.iter().filter_map(behind).collect();
        if followed.len() * 2 >= watched.len() {
            caused.extend(followed);
        }
    }
    caused
}

/// Who is behind a line's receiver: the group of its owner, else its domain.
fn owner<'a>(scene: &Scene<'a>, line: &Line<'a>) -> &'a str {
    let number = line.entry.endpoints.first().map_or(usize::MAX, |id| id.0 as usize);
    let domain = scene.merged.destinations.get(number).map(|destination| destination.receiver());
    scene.group_behind(line).or(domain).unwrap_or(line.receiver)
}

/// One time that it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    time: Timestamp,
    exchange: ExchangeId,
    frame: FrameNo,
    /// Which of the lines.
    line: usize,
}

/// The device that sent something: none for the phone, whatever its addresses.
type Whose<'s> = Option<&'s Device>;

/// The times of lines by who sent them, in order.
fn by_device<'s>(scene: &Scene<'s>, lines: &[&Line<'_>]) -> Vec<(Whose<'s>, Vec<Seen>)> {
    let mut by_name: BTreeMap<&str, (Whose<'s>, Vec<Seen>)> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        for ((time, exchange), moment) in &line.entry.series.moments {
            let device = scene.device(moment.device).filter(|device| device.is_phone != Some(true));
            let name =
                device.map(|device| device.mac.as_deref().unwrap_or(&device.address)).unwrap_or_default();
            let (_, seen) = by_name.entry(name).or_insert_with(|| (device, Vec::new()));
            seen.push(Seen { time: *time, exchange: *exchange, frame: moment.frame, line: place });
        }
    }
    let mut all: Vec<_> = by_name.into_values().collect();
    all.iter_mut().for_each(|(_, seen)| seen.sort_unstable());
    all
}

/// The rhythms of lines, each with the lines it is of. That of all together is told where it holds most of what
/// those of single ones do: hosts that are asked in turn.
fn rhythms(seen: &[Seen]) -> Vec<(BTreeSet<usize>, Rhythm)> {
    let mut of_line: BTreeMap<usize, Vec<Timestamp>> = BTreeMap::new();
    seen.iter().for_each(|seen| of_line.entry(seen.line).or_default().push(seen.time));
    let single = of_line.iter().flat_map(|(line, times)| {
        let found = rhythm::rhythms(times).into_iter();
        found.map(|rhythm| (BTreeSet::from([*line]), rhythm))
    });
    let mut single: Vec<_> = single.collect();
    if of_line.len() < 2 {
        return single;
    }
    for (of, mut rhythm) in together(seen) {
        let starts: BTreeSet<i64> = rhythm.starts.iter().copied().collect();
        // Hosts that are each asked at these times have the rhythm by themselves.
        if single.iter().any(|(_, other)| other.rule == rhythm.rule) {
            continue;
        }
        let held = |other: &Rhythm| {
            let both = other.starts.iter().filter(|start| starts.contains(start)).count();
            both * 10 >= other.starts.len() * 9
        };
        let round = rhythm.interval.saturating_mul(of.len() as u64);
        let part = |(line, other): &(BTreeSet<usize>, Rhythm)| {
            line.is_subset(&of) && (held(other) || is_near(other.interval, round))
        };
        single.extract_if(.., |one| part(one)).for_each(|(_, other)| rhythm.include(&other));
        single.push((of, rhythm));
    }
    single
}

/// A rhythm of a request.
struct Found {
    /// The lines that it is of.
    of: BTreeSet<usize>,
    rhythm: Rhythm,
    /// Other lines that have the same one, each by itself.
    others: Vec<(usize, Rhythm)>,
}

impl Found {
    fn lines(&self) -> BTreeSet<usize> {
        self.of.iter().copied().chain(self.others.iter().map(|(line, _)| *line)).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Rhythm> {
        std::iter::once(&self.rhythm).chain(self.others.iter().map(|(_, rhythm)| rhythm))
    }
}

/// Hosts of one owner that are each asked in the same rhythm are told of together.
fn alike(found: Vec<(BTreeSet<usize>, Rhythm)>) -> Vec<Found> {
    let mut told: Vec<Found> = Vec::new();
    for (of, rhythm) in found {
        let single = of.first().copied().filter(|_| of.len() == 1);
        let same = |known: &&mut Found| {
            known.of.len() == 1
                && known.rhythm.rule == rhythm.rule
                && single.is_some_and(|line| !known.lines().contains(&line))
        };
        match (told.iter_mut().find(same), single) {
            (Some(known), Some(line)) => known.others.push((line, rhythm)),
            _ => told.push(Found { of, rhythm, others: Vec::new() }),
        }
    }
    told
}

/// The rhythms that several lines have together, with the lines that are part of each. Stretches of nearly the same
/// length are one: a timer that is put off now and then.
fn together(seen: &[Seen]) -> Vec<(BTreeSet<usize>, Rhythm)> {
    let times: Vec<Timestamp> = seen.iter().map(|seen| seen.time).collect();
    let mut found: Vec<(BTreeSet<usize>, Rhythm)> = Vec::new();
    for rhythm in rhythm::rhythms(&times).into_iter().filter(|rhythm| rhythm.occurrences >= FEWEST) {
        let starts: BTreeSet<i64> = rhythm.starts.iter().copied().collect();
        let within = |seen: &&Seen| starts.contains(&seen.time.seconds());
        let of: BTreeSet<usize> = seen.iter().filter(within).map(|seen| seen.line).collect();
        if of.len() < 2 {
            continue;
        }
        match found.iter_mut().find(|(_, known)| is_near(rhythm.interval, known.interval)) {
            Some((lines, known)) => {
                lines.extend(of);
                known.include(&rhythm);
            }
            None => found.push((of, rhythm)),
        }
    }
    found
}

/// Whether two lengths are the same to a tenth.
fn is_near(length: u64, other: u64) -> bool {
    length.abs_diff(other) <= other / 10
}

fn finding(
    scene: &Scene<'_>,
    lines: &[&Line<'_>],
    whose: Whose<'_>,
    seen: &[&Seen],
    found: Found,
) -> Finding {
    let request = lines.first().map(|line| line.request).unwrap_or_default();
    let receivers: Vec<&str> = lines.iter().map(|line| line.receiver).collect();
    let (sender, paragraph) = sender_words(whose);
    let foreign = whose.is_some_and(|device| device.is_phone == Some(false));
    let telling = lines.iter().any(|line| line.tells()) && !foreign;
    let carried = lines.iter().max_by_key(|line| line.kinds().len()).map(|line| line.carried_words());
    let occurrences = occurrences(&found.rhythm, seen);
    let words = format!(
        "{}{}{paragraph}{}",
        times_words(&found, lines),
        frames_words(&occurrences),
        carried.unwrap_or_default(),
    );
    let mut endpoints: Vec<EndpointId> = lines.iter().flat_map(|line| line.endpoints()).collect();
    endpoints.sort();
    endpoints.dedup();
    let each = if found.others.is_empty() { "" } else { "each of " };
    let (first, last) = (found.all().map(|it| it.first).min(), found.all().map(|it| it.last).max());
    let count = found.all().map(|rhythm| rhythm.occurrences).sum();
    let rhythm = found.rhythm;
    Told {
        subject: format!("rhythm {}\n{request}\n{}{sender}", rhythm.rule, receivers.join(" and ")),
        severity: if telling { Severity::Medium } else { Severity::Low },
        title: format!("{request} is sent {} to {each}{}{sender}", rhythm.rule, receivers_words(&receivers)),
        words,
        endpoints,
        count,
        when: (first.unwrap_or(rhythm.first), last.unwrap_or(rhythm.last)),
        evidence: proofs(scene, lines, &occurrences),
        sightings: Vec::new(),
        behaviour: Behaviour::Rhythm {
            request: request.to_owned(),
            rule: rhythm.rule,
            interval_s: rhythm.interval,
            jitter_s: rhythm.jitter,
            occurrences: rhythm.occurrences,
            confidence: rhythm.confidence,
            at: listed(&occurrences),
            number: String::new(),
        },
    }
    .finding()
}

/// `The same request was seen 60 times from … to … (UTC), to the second (certainty: 99 of 100).` Of several hosts the
/// first one's, with how often it went to the others.
fn times_words(found: &Found, lines: &[&Line<'_>]) -> String {
    let rhythm = &found.rhythm;
    let receivers: BTreeMap<usize, &str> =
        found.lines().into_iter().zip(lines).map(|(place, line)| (place, line.receiver)).collect();
    let receiver = |place: &usize| receivers.get(place).copied().unwrap_or_default();
    let (by, others) = match found.others.as_slice() {
        [] => (String::new(), String::new()),
        others => {
            let others: Vec<String> = others
                .iter()
                .map(|(place, rhythm)| format!("{} ({})", receiver(place), times(rhythm.occurrences)))
                .collect();
            let by = found.of.first().map(|place| format!(" at {}", receiver(place)));
            (by.unwrap_or_default(), format!(" In the same rhythm: {}.", others.join(", ")))
        }
    };
    format!(
        "The same request was seen{by} {} from {} to {} (UTC), {} (certainty: {} of 100).{others}",
        times(rhythm.occurrences),
        rhythm.first.to_the_second(),
        rhythm.last.to_the_second(),
        off_words(rhythm),
        rhythm.confidence,
    )
}

/// How far off its rhythm it was.
fn off_words(rhythm: &Rhythm) -> String {
    let off = rhythm::span(i64::try_from(rhythm.jitter).unwrap_or(i64::MAX));
    match (rhythm.jitter, rhythm.occurrences) {
        (0, _) => "to the second".to_owned(),
        (_, ..10) => format!("about {off} off that rhythm at most"),
        _ => format!("nine of ten times no more than {off} off that rhythm"),
    }
}

/// Who sent it, behind the title, and in a sentence. Nothing for the phone.
fn sender_words(whose: Whose<'_>) -> (String, String) {
    let Some(device) = whose else { return (String::new(), String::new()) };
    let address =
        if device.address.is_empty() { "an address that was not recorded" } else { &device.address };
    let told = match device.is_phone {
        Some(false) => "which is not the phone",
        _ => "and nothing says whether that is the phone",
    };
    (format!(" by {address}"), format!(" It was sent by {address}, {told}."))
}

/// The requests that the rhythm is made of: of each burst the first one.
fn occurrences<'s>(rhythm: &Rhythm, seen: &[&'s Seen]) -> Vec<&'s Seen> {
    let first = |start: &i64| {
        let next = seen.partition_point(|seen| seen.time.seconds() < *start);
        seen.get(next).copied().filter(|seen| seen.time.seconds() == *start)
    };
    rhythm.starts.iter().filter_map(first).collect()
}

/// The first and the last ones, for whoever reckons again.
fn listed(occurrences: &[&Seen]) -> Vec<(Timestamp, CaptureId, FrameNo)> {
    let cut = occurrences.len().saturating_sub(LISTED);
    let left_out = LISTED / 2..(LISTED / 2).saturating_add(cut);
    let kept = (0..).zip(occurrences).filter(|(place, _)| !left_out.contains(place));
    kept.map(|(_, seen)| (seen.time, seen.exchange.flow.capture, seen.frame)).collect()
}

/// ` It began at 2019-01-14 06:01:08 in frame 12, …`.
fn frames_words(occurrences: &[&Seen]) -> String {
    let several = occurrences
        .windows(2)
        .any(|pair| matches!(pair, [one, other] if one.exchange.flow.capture != other.exchange.flow.capture));
    let told = |seen: &&Seen| {
        let capture = match several {
            true => format!(" of capture {}", seen.exchange.flow.capture.0.saturating_add(1)),
            false => String::new(),
        };
        format!("{} (frame {}{capture})", seen.time.to_the_second(), seen.frame.0)
    };
    let (first, rest) = occurrences.split_at(occurrences.len().min(SHOWN));
    let (between, last) = rest.split_at(rest.len().saturating_sub(SHOWN));
    let mut words: Vec<String> = first.iter().map(told).collect();
    if !between.is_empty() {
        words.push(format!("{} more", between.len()));
    }
    words.extend(last.iter().map(told));
    if words.is_empty() { String::new() } else { format!(" The times: {}.", words.join(", ")) }
}

/// Proofs of occurrences, of those that there are some: the first few and some from all of the time; and what names the
/// receivers. Where none is left, the first few requests.
fn proofs(scene: &Scene<'_>, lines: &[&Line<'_>], occurrences: &[&Seen]) -> Vec<Evidence> {
    let known: BTreeSet<ExchangeId> = occurrences.iter().map(|seen| seen.exchange).collect();
    let series = || lines.iter().map(|line| &line.entry.series);
    let kept = series().flat_map(|series| series.proofs.iter().chain(series.spread.values()));
    let mut of_it: Vec<_> = kept.filter(|proof| known.contains(&proof.exchange)).collect();
    of_it.sort_by_key(|proof| (proof.time, proof.exchange, proof.frame));
    of_it.dedup_by_key(|proof| (proof.exchange, proof.frame));
    let mut evidence: Vec<Evidence> =
        of_it.iter().map(|proof| value("one of these requests", &proof.occurrence())).take(PROOFS).collect();
    if evidence.is_empty() {
        let others = series().flat_map(|series| &series.proofs);
        evidence.extend(
            others.map(|proof| value("another one of the requests", &proof.occurrence())).take(PROOFS),
        );
    }
    evidence.extend(lines.iter().filter_map(|line| line.naming(scene)).take(PROOFS));
    evidence
}

/// Kinds of marks that somebody's doing leaves: no timer of the phone's does.
const DONE: [&str; 16] = [
    "account-added",
    "account-removed",
    "boot-completed",
    "consent-given",
    "consent-refused",
    "contact-changed",
    "package-installed",
    "package-removed",
    "page-opened",
    "private-mode-off",
    "private-mode-on",
    "search-typed",
    "setting-off",
    "setting-on",
    "sms-received",
    "unlocked",
];
/// How soon something is sent because of it, in nanoseconds.
const AT_ONCE: i64 = 10_000_000_000;
/// Occurrences of hosts together from which on their rhythm is told.
const FEWEST: u64 = 4;
/// Occurrences that are listed, and shown at the beginning and at the end.
const LISTED: usize = 64;
const SHOWN: usize = 3;
/// Proofs of one finding.
const PROOFS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: usize, seconds: impl IntoIterator<Item = i64>) -> Vec<Seen> {
        let one = |second| Seen {
            time: Timestamp::new(second, 0),
            exchange: ExchangeId::default(),
            frame: FrameNo(second.unsigned_abs()),
            line,
        };
        seconds.into_iter().map(one).collect()
    }

    fn rules(mut all: Vec<Seen>) -> Vec<(Vec<usize>, String, u64)> {
        all.sort_unstable();
        let told = |(of, rhythm): (BTreeSet<usize>, Rhythm)| {
            (of.into_iter().collect(), rhythm.rule, rhythm.occurrences)
        };
        rhythms(&all).into_iter().map(told).collect()
    }

    #[test]
    fn hosts_that_are_asked_in_turn_are_one_rhythm() {
        let hour = |n: i64| 1_000 + n * 3_600;
        // Each by itself every second hour: the rhythm is that of both.
        let even = seen(0, (0..12).step_by(2).map(hour));
        let odd = seen(1, (1..12).step_by(2).map(hour));
        assert_eq!(rules([even.clone(), odd].concat()), [(vec![0, 1], "every 1 h".to_owned(), 12)]);
        // Without an order, so that neither has one of its own.
        let turns = [0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1];
        let mixed = turns.iter().zip(0..).flat_map(|(line, n)| seen(*line, [hour(n)])).collect();
        assert_eq!(rules(mixed), [(vec![0, 1], "every 1 h".to_owned(), 12)]);
        // Both at the same times: each has its own.
        let both = [even.clone(), seen(1, (0..12).step_by(2).map(|n| hour(n) + 1))].concat();
        let two = |line| (vec![line], "every 2 h".to_owned(), 6);
        assert_eq!(rules(both), [two(0), two(1)]);
        // Five in turn, each time put off by some minutes: each by itself has about five times the length.
        let late = [
            122, 1_940, 3_887, 5_422, 7_240, 9_134, 11_097, 12_898, 14_649, 16_386, 18_272, 20_040, 21_847,
            23_543, 25_323, 27_027, 28_980, 30_819, 32_683, 34_380,
        ];
        let put_off = late.iter().zip(0..).flat_map(|(second, n)| seen(n % 5, [*second])).collect();
        let told = rules(put_off);
        assert!(
            matches!(told.as_slice(), [(of, rule, 20)] if of.len() == 5 && rule == "every 30 min"),
            "{told:?}"
        );
        // Another one that is asked at random takes nothing from the first.
        let random = seen(1, [5_000, 17_777, 18_901, 30_404]);
        assert_eq!(rules([even, random].concat()), [two(0)]);
    }

    #[test]
    fn hosts_with_the_same_rhythm_are_told_of_together() {
        let hour = |n: i64| 1_000 + n * 3_600;
        let each = |line, every| seen(line, (0..12).step_by(every).map(move |n| hour(n) + line as i64));
        let mut all = [each(0, 2), each(1, 2), each(2, 1)].concat();
        all.sort_unstable();
        let told: Vec<(Vec<usize>, String)> = alike(rhythms(&all))
            .into_iter()
            .map(|found| (found.lines().into_iter().collect(), found.rhythm.rule))
            .collect();
        assert_eq!(told, [(vec![0, 1], "every 2 h".to_owned()), (vec![2], "every 1 h".to_owned())]);
    }

    #[test]
    fn a_title_names_a_few_hosts() {
        assert_eq!(receivers_words(&["a", "b"]), "a and b");
        assert_eq!(receivers_words(&["a", "b", "c"]), "a, b and c");
        assert_eq!(receivers_words(&["a", "b", "c", "d"]), "a, b and 2 hosts more");
    }

    #[test]
    fn the_times_are_those_of_the_rhythm() {
        let all = seen(0, (0..100).map(|n| n * 3_600).chain([3_601, 7_202]));
        let all: Vec<&Seen> = all.iter().collect();
        let mut sorted = all;
        sorted.sort_unstable();
        let times: Vec<Timestamp> = sorted.iter().map(|seen| seen.time).collect();
        let found = rhythm::rhythms(&times).remove(0);
        let occurrences = occurrences(&found, &sorted);
        assert_eq!((found.occurrences, occurrences.len()), (100, 100));
        let listed = listed(&occurrences);
        assert_eq!(listed.len(), LISTED);
        assert_eq!(listed.last().map(|(_, _, frame)| frame.0), Some(99 * 3_600));
        let words = frames_words(&occurrences);
        assert!(words.ends_with("(frame 352800), 1970-01-05 03:00:00 (frame 356400)."), "{words}");
        assert!(words.contains(", 94 more, "), "{words}");
    }
}
