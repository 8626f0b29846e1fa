//! Findings of several cases under the same subject -> a row with one cell for each case.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Cell, Change, Difference, Finding, Grade, Presence, Severity, Shift};

use crate::{
    doubts::doubts,
    side::Sided,
    subject::{CLEAR, ENCRYPTED, Facts, SECURITY, Subject, facts},
};

/// The findings of one case about one subject.
#[derive(Default)]
pub(crate) struct Told<'a> {
    pub(crate) findings: Vec<&'a Finding>,
    facts: Facts,
}

impl<'a> Told<'a> {
    fn join(&mut self, other: Told<'a>) {
        self.findings.extend(other.findings);
        for (name, values) in other.facts {
            self.facts.entry(name).or_default().extend(values);
        }
    }

    fn count(&self) -> u64 {
        self.findings.iter().fold(0, |sum, finding| sum.saturating_add(finding.count))
    }

    /// The surest grade that any of them says.
    pub(crate) fn known(&self) -> bool {
        use evidence::FindingKind::{IdentifierInMessage, IdentifierReceived, IdentifierSent, Logged};
        self.findings.iter().any(|finding| match &finding.kind {
            IdentifierInMessage { grade, .. }
            | IdentifierReceived { grade, .. }
            | IdentifierSent { grade, .. }
            | Logged { grade, .. } => *grade > Grade::Shaped,
            _ => false,
        })
    }
}

/// All rows, what differs first, then the worst first.
pub(crate) fn rows(sides: &[Sided]) -> Vec<Difference> {
    let mut subjects: BTreeMap<Subject, Vec<Told>> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        for finding in &side.case.findings {
            let told = subjects
                .entry(Subject::of(side, finding))
                .or_insert_with(|| sides.iter().map(|_| Told::default()).collect());
            if let Some(told) = told.get_mut(place) {
                told.findings.push(finding);
                facts(side, finding, &mut told.facts);
            }
        }
    }
    join_bulk(&mut subjects);
    let mut rows: Vec<_> = subjects.iter().map(|(subject, told)| row(sides, subject, told)).collect();
    rows.sort_by(|one, other| {
        let order = |row: &Difference| (row.change, std::cmp::Reverse(row.severity));
        order(one).cmp(&order(other)).then_with(|| one.subject.cmp(&other.subject))
    });
    rows
}

/// Many values of a kind in one case, and a few of it to the same receiver in another, are about the same: how many it
/// was is a fact in which they differ.
fn join_bulk(subjects: &mut BTreeMap<Subject, Vec<Told<'_>>>) {
    let bulk: Vec<Subject> =
        subjects.keys().filter_map(|subject| subject.of_one().map(|_| subject.clone())).collect();
    for subject in bulk {
        let Some(one) = subject.of_one() else { continue };
        let complements =
            |(many, few): (&Told<'_>, &Told<'_>)| many.findings.is_empty() && !few.findings.is_empty();
        let joined = match (subjects.get(&subject), subjects.get(&one)) {
            (Some(many), Some(few)) => many.iter().zip(few).any(complements),
            _ => false,
        };
        if !joined {
            continue;
        }
        let many = subjects.remove(&subject).unwrap_or_default();
        let few = subjects.entry(one).or_default();
        few.iter_mut().zip(many).for_each(|(few, many)| few.join(many));
    }
}

fn row(sides: &[Sided], subject: &Subject, told: &[Told]) -> Difference {
    let cells: Vec<_> = sides
        .iter()
        .zip(told)
        .map(|(side, own)| match own.findings.is_empty() {
            true => absent(side, subject, sides, told),
            false => seen(side, subject, own),
        })
        .collect();
    let present: Vec<_> = cells.iter().map(|cell| cell.presence == Presence::Seen).collect();
    let shifts = shifts(told, &cells);
    let severity = cells.iter().filter_map(|cell| cell.severity).max().unwrap_or(Severity::Info);
    Difference {
        kind: subject.kind.to_owned(),
        subject: subject.what.clone(),
        receiver: subject.receiver.clone(),
        identifier: subject.identifier,
        severity,
        change: change(&present, !shifts.is_empty()),
        unclear: cells.iter().any(|cell| cell.presence == Presence::CouldNotBeSeen),
        remarks: remarks(&shifts),
        cells,
        shifts,
    }
}

/// What became of something, by who has it.
pub(crate) fn change(present: &[bool], differs: bool) -> Change {
    match present {
        [false, true] => Change::Appeared,
        [true, false] => Change::Vanished,
        all if all.iter().all(|one| *one) && differs => Change::Changed,
        all if all.iter().all(|one| *one) => Change::Same,
        _ => Change::Partly,
    }
}

fn seen(side: &Sided, subject: &Subject, told: &Told) -> Cell {
    let proof = told.findings.iter().find_map(|finding| finding.place());
    let capture = |id| side.case.captures.iter().find(|capture| capture.id == id);
    let count = told.count();
    Cell {
        presence: Presence::Seen,
        findings: told.findings.iter().take(FINDINGS).map(|finding| finding.id.clone()).collect(),
        severity: told.findings.iter().map(|finding| finding.severity).max(),
        count,
        per_1000_h: rate(count, side.side.recorded_s),
        proof: proof.map(|(id, frame, exchange)| {
            (capture(id).map_or_else(|| id.to_string(), |capture| capture.name.clone()), exchange, frame)
        }),
        contacted: side.contacted(&subject.receiver),
        doubts: Vec::new(),
    }
}

fn absent(side: &Sided, subject: &Subject, sides: &[Sided], told: &[Told]) -> Cell {
    let others = sides.iter().zip(told).filter(|(_, told)| !told.findings.is_empty());
    let doubts = doubts(side, subject, &others.collect::<Vec<_>>());
    let blind = doubts.iter().any(|doubt| doubt.blind);
    Cell {
        presence: if blind { Presence::CouldNotBeSeen } else { Presence::NotSeen },
        contacted: side.contacted(&subject.receiver),
        doubts,
        ..Cell::default()
    }
}

/// How often in a thousand hours.
fn rate(count: u64, recorded_s: u64) -> Option<u64> {
    let rate = u128::from(count).saturating_mul(3_600_000).checked_div(u128::from(recorded_s))?;
    Some(u64::try_from(rate).unwrap_or(u64::MAX))
}

/// Facts that are not alike in all cases that have the subject.
fn shifts(told: &[Told], cells: &[Cell]) -> Vec<Shift> {
    let present: Vec<_> = told.iter().filter(|told| !told.findings.is_empty()).collect();
    let names: BTreeSet<&str> = present.iter().flat_map(|told| told.facts.keys().copied()).collect();
    let differs = |name: &&str| {
        let mut values = present.iter().map(|told| told.facts.get(name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let shift = |name: &str| Shift {
        what: name.to_owned(),
        values: told
            .iter()
            .map(|told| told.facts.get(name).into_iter().flatten().cloned().collect())
            .collect(),
    };
    let facts = names.into_iter().filter(differs).map(shift);
    facts.chain(frequency(cells)).collect()
}

/// How often it is seen, where that is at least twice as often in one case as in another and both have seen it
/// often enough to say so.
fn frequency(cells: &[Cell]) -> Option<Shift> {
    let sure = |cell: &&Cell| cell.presence == Presence::Seen && cell.count >= OFTEN;
    let rates: Vec<u64> = cells.iter().filter(sure).filter_map(|cell| cell.per_1000_h).collect();
    let (least, most) = (rates.iter().min()?, rates.iter().max()?);
    (*most >= least.saturating_mul(2).max(1) && rates.len() > 1).then(|| Shift {
        what: "how often".to_owned(),
        values: cells.iter().map(|cell| cell.per_1000_h.map(hourly).into_iter().collect()).collect(),
    })
}

/// `2.5 times an hour`, `3 times in 1,000 hours`.
fn hourly(per_1000_h: u64) -> String {
    match per_1000_h {
        0..100 => format!("{per_1000_h} times in 1000 hours"),
        _ => format!("{}.{} times an hour", per_1000_h / 1000, per_1000_h / 100 % 10),
    }
}

fn remarks(shifts: &[Shift]) -> Vec<String> {
    let security = shifts.iter().find(|shift| shift.what == SECURITY);
    let clear = |values: &Vec<String>| values.iter().any(|value| value == CLEAR);
    let sealed = |values: &Vec<String>| values.iter().any(|value| value == ENCRYPTED) && !clear(values);
    let Some(security) = security else { return Vec::new() };
    let (first_clear, first_sealed) =
        (security.values.iter().position(clear), security.values.iter().position(sealed));
    match (first_clear, first_sealed) {
        (Some(clear), Some(sealed)) if clear < sealed => vec![TO_RECEIVER.to_owned()],
        (Some(_), Some(_)) => vec![TO_ANYONE.to_owned()],
        _ => Vec::new(),
    }
}

const TO_RECEIVER: &str = "The grade moves from readable by anyone on the way to readable by the vendor or whoever \
    else receives it, not to gone.";
const TO_ANYONE: &str = "The grade moves from readable by the receiver to readable by anyone on the way.";

/// How many findings of one subject a cell names.
const FINDINGS: usize = 20;
/// How often something must be seen before its frequency is compared.
const OFTEN: u64 = 5;
