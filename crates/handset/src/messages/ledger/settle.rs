//! Accounts to rows.
//!
//! Rows are found by time. First come the rows of the stores, then what is gone from them, then the radio, the
//! bills last, whose clock is the least exact. Each account goes to the row it is nearest to, or becomes one.

use std::{collections::BTreeMap, time::Duration};

use evidence::Timestamp;

use super::{
    Account, BlindSpot, Body, Doubt, Evidence, EvidenceKind, Ledger, LedgerRow, MissingIds, SendSite,
    SourceKind, SourceNo, Sources, Tolerance, Verdict, When, blind,
};
use crate::messages::{Direction, Number, same_number};

/// Rows while they are put together.
#[derive(Default)]
struct Book {
    rows: Vec<Open>,
    /// Rows by each of the times they are known by.
    times: BTreeMap<i64, Vec<usize>>,
}

struct Open {
    row: LedgerRow,
    number: Option<Number>,
    body: Body,
}

pub(super) fn settle(sources: Sources, tolerance: Tolerance) -> Ledger {
    let Sources { sources, mut accounts, sites, missing_ids, blind: of_stores } = sources;
    accounts.sort_by_key(|it| rank(it.evidence.kind));
    let mut book = Book::default();
    let bills =
        accounts.iter().position(|it| it.evidence.kind == EvidenceKind::Bill).unwrap_or(accounts.len());
    let billed = accounts.split_off(bills);
    for account in accounts {
        let time = account.time.map(When::shown);
        book.enter(account, time, tolerance.clocks);
    }
    let mut blind = blind::of(&sources);
    blind.extend(of_stores);
    if missing_ids.len() > blind::MOST_RANGES {
        blind.push(BlindSpot::MissingIds { of: missing_ids.len() });
    }
    for (source, accounts) in by_source(billed) {
        let offset = book.offset(&accounts, tolerance.bill);
        blind.extend(blind::zone(source, &accounts, offset));
        for account in accounts {
            let time = account.time.map(|it| at(it, offset.map_or(0, |it| it.minutes)));
            book.enter(account, time, tolerance.bill);
        }
    }
    let mut rows: Vec<LedgerRow> = book.rows.into_iter().map(|it| it.row).collect();
    for row in &mut rows {
        judge(row, &sources, &missing_ids);
    }
    rows.sort_by_key(|row| (row.time.is_none(), row.time));
    let idle_sites = place_sites(&mut rows, sites);
    Ledger { sources, rows, missing_ids, idle_sites, blind }
}

/// The order in which accounts are entered.
fn rank(kind: EvidenceKind) -> u8 {
    match kind {
        EvidenceKind::StoreRow => 0,
        EvidenceKind::Backup => 1,
        EvidenceKind::GoneRow => 2,
        EvidenceKind::Radio => 3,
        EvidenceKind::SimCommand | EvidenceKind::SimDownload | EvidenceKind::SimRecord => 4,
        EvidenceKind::Report => 5,
        EvidenceKind::Bill | EvidenceKind::Code => 6,
    }
}

fn by_source(accounts: Vec<Account>) -> BTreeMap<SourceNo, Vec<Account>> {
    let mut groups: BTreeMap<SourceNo, Vec<Account>> = BTreeMap::new();
    for account in accounts {
        groups.entry(account.evidence.source).or_default().push(account);
    }
    groups
}

/// The instant of a clock that is `minutes` ahead of UTC.
fn at(when: When, minutes: i32) -> Timestamp {
    match when {
        When::At(time) => time,
        When::Local(time) => Timestamp(time.0.saturating_sub(i64::from(minutes).saturating_mul(MINUTE))),
    }
}

/// A bill's distance from UTC, as the rows it agrees with say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) minutes: i32,
    pub(super) agree: usize,
    pub(super) of: usize,
}

impl Book {
    /// Adds an account to the row it is of, or makes it one.
    fn enter(&mut self, account: Account, time: Option<Timestamp>, tolerance: Duration) {
        let row = time.and_then(|time| self.row_of(&account, time, tolerance));
        match row.and_then(|at| self.rows.get_mut(at)) {
            Some(row) => row.add(account),
            None => {
                let index = self.rows.len();
                for time in time.into_iter().chain(account.other_time) {
                    self.times.entry(time.0).or_default().push(index);
                }
                self.rows.push(Open::new(account, time));
            }
        }
    }

    /// The nearest row that can be the same message.
    fn row_of(&self, account: &Account, time: Timestamp, tolerance: Duration) -> Option<usize> {
        let fits = self.near(time, tolerance).filter(|(_, _, row)| row.takes(account));
        let best = fits.min_by_key(|(distance, at, row)| (!row.body.is(&account.body), *distance, *at));
        best.map(|(_, at, _)| at)
    }

    /// Rows known by a time near to this: how far, which, and the row.
    fn near(&self, time: Timestamp, tolerance: Duration) -> impl Iterator<Item = (u64, usize, &Open)> {
        let reach = i64::try_from(tolerance.as_nanos()).unwrap_or(i64::MAX);
        let range = time.0.saturating_sub(reach)..=time.0.saturating_add(reach);
        let rows = self.times.range(range).flat_map(|(at, rows)| rows.iter().map(move |row| (at, row)));
        rows.take(MOST_NEAR)
            .filter_map(move |(at, row)| Some((at.abs_diff(time.0), *row, self.rows.get(*row)?)))
    }

    /// The quarter of an hour at which most of a bill's readings meet a row with their number.
    fn offset(&self, accounts: &[Account], tolerance: Duration) -> Option<Offset> {
        let local: Vec<&Account> =
            accounts.iter().filter(|it| matches!(it.time, Some(When::Local(_)))).collect();
        let tried = local.get(..local.len().min(MOST_TRIED)).unwrap_or_default();
        let meets = |account: &&&Account, minutes: i32| {
            let Some(when) = account.time else { return false };
            self.near(at(when, minutes), tolerance).any(|(_, _, row)| row.takes(account))
        };
        let quarters = (-12 * 4..=14 * 4i32).map(|it| it.saturating_mul(15));
        let offsets = quarters.map(|minutes| {
            let agree = tried.iter().filter(|it| meets(it, minutes)).count();
            Offset { minutes, agree, of: tried.len() }
        });
        // Of equal ones whole hours, then those nearest to UTC.
        let best = offsets.max_by_key(|it| (it.agree, it.minutes % 60 == 0, -it.minutes.abs()));
        best.filter(|it| it.agree > 0)
    }
}

impl Open {
    fn new(account: Account, time: Option<Timestamp>) -> Self {
        let row = LedgerRow {
            direction: account.direction,
            number: account.number.as_ref().map(Number::to_string),
            time,
            body: None,
            parts: account.parts,
            verdict: Verdict::LoggedOnly,
            folder: None,
            creator: None,
            silent: false,
            carried: Vec::new(),
            logged: Vec::new(),
            gone: Vec::new(),
            sites: Vec::new(),
            missing_ids: Vec::new(),
        };
        let mut open = Self { row, number: account.number.clone(), body: Body::Unknown };
        open.add(account);
        open
    }

    /// Whether the account can be of this message.
    fn takes(&self, account: &Account) -> bool {
        let numbers = match (&self.number, &account.number) {
            (Some(a), Some(b)) => a.is_like(b),
            _ => self.body.is(&account.body),
        };
        let source = account.evidence.source;
        let told =
            self.evidence().filter(|it| it.source == source && it.kind == account.evidence.kind).count();
        // A bill has one row for each part; all others tell of a message once.
        let most = match account.evidence.kind {
            EvidenceKind::Bill | EvidenceKind::Report => {
                usize::try_from(self.row.parts).unwrap_or(usize::MAX)
            }
            _ => 1,
        };
        // A store's row and one that is gone from the same store are two messages, unless it was only renumbered.
        let same = self.body.is(&account.body) && self.row.time == account.time.map(When::shown);
        let both = account.evidence.kind == EvidenceKind::GoneRow
            && !same
            && self.row.logged.iter().any(|it| it.source == source);
        self.row.direction == account.direction
            && numbers
            && told < most
            && !both
            && self.body.agrees(&account.body)
    }

    fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.row.carried.iter().chain(&self.row.logged).chain(&self.row.gone)
    }

    fn add(&mut self, account: Account) {
        if !matches!(self.body, Body::Whole(_)) && account.body != Body::Unknown {
            self.body = account.body;
            self.row.body = self.body.text().map(str::to_owned);
        }
        let row = &mut self.row;
        row.parts = row.parts.max(account.parts);
        row.folder = row.folder.or(account.folder);
        row.creator = row.creator.take().or(account.creator);
        row.silent |= account.silent;
        match account.evidence.kind {
            EvidenceKind::StoreRow | EvidenceKind::Backup => row.logged.push(account.evidence),
            EvidenceKind::GoneRow => row.gone.push(account.evidence),
            _ => row.carried.push(account.evidence),
        }
    }
}

fn judge(row: &mut LedgerRow, sources: &[super::Source], missing_ids: &[(SourceNo, MissingIds)]) {
    let gone = row.gone.iter().any(|gone| !row.logged.iter().any(|it| it.source == gone.source));
    row.verdict = match (row.carried.is_empty(), row.logged.is_empty(), gone) {
        (_, _, true) => Verdict::LoggedAndGone,
        (false, false, false) => Verdict::CarriedAndLogged,
        (true, _, false) => Verdict::LoggedOnly,
        (false, true, false) => doubt(row, sources).map_or(Verdict::CarriedNotLogged, Verdict::Undecided),
    };
    if row.logged.is_empty() {
        row.missing_ids = missing_ids
            .iter()
            .take(blind::MOST_RANGES)
            .enumerate()
            .filter(|(_, (_, range))| during(range, row.time))
            .map(|(at, _)| at)
            .collect();
    }
}

/// Why no store can say that it was not logged. One that covers the time is enough.
fn doubt(row: &LedgerRow, sources: &[super::Source]) -> Option<Doubt> {
    let Some(time) = row.time else { return Some(Doubt::NoTime) };
    let stores = sources.iter().filter(|it| it.kind == SourceKind::Store);
    let doubts = stores.map(|store| match store.window {
        Some((first, _)) if time < first => Some(Doubt::BeforeStore),
        Some((_, last)) if time > last => Some(Doubt::AfterStore),
        Some(_) => None,
        None => Some(Doubt::NoStore),
    });
    doubts.min().unwrap_or(Some(Doubt::NoStore))
}

/// Whether the missing numbers were given at that time, half an hour more or less: clocks differ, and a store
/// logs a message when it is written, not when it leaves.
fn during(range: &MissingIds, time: Option<Timestamp>) -> bool {
    let Some(time) = time else { return false };
    let slack = 30 * MINUTE;
    range.after.is_none_or(|after| time.0.saturating_add(slack) >= after.0)
        && range.before.is_none_or(|before| time.0.saturating_sub(slack) <= before.0)
}

/// Puts each site to the rows with its number; those without one come back.
fn place_sites(rows: &mut [LedgerRow], sites: Vec<(Evidence, SendSite)>) -> Vec<(Evidence, SendSite)> {
    let mut numbers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.direction == Direction::Outgoing) {
        if let Some(number) = &row.number {
            numbers.entry(number.clone()).or_default().push(at);
        }
    }
    let mut idle = Vec::new();
    for (evidence, site) in sites {
        let alike = numbers.iter().filter(|(number, _)| same_number(number, &site.number.value));
        let places: Vec<usize> = alike.flat_map(|(_, places)| places).copied().collect();
        for at in &places {
            if let Some(row) = rows.get_mut(*at) {
                row.sites.push(evidence.clone());
            }
        }
        if places.is_empty() {
            idle.push((evidence, site));
        }
    }
    idle
}

const MINUTE: i64 = 60 * 1_000_000_000;

/// Rows compared with an account: a hostile store may put all of them into one second.
const MOST_NEAR: usize = 500;

/// Readings of a bill that its zone is guessed from.
const MOST_TRIED: usize = 500;
