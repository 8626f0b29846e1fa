//! What an investigator holds: the profile's values in their spellings, the fields beside a value, what the apps' code has,
//! common salts.

use evidence::{ExchangeId, IdentifierKind, Timestamp};
use identifiers::spellings;
use unmask::{
    Budget, Carrier, Constant, Context, Crib, Cribs, Field, Opened, ciphers,
    hashed::{Candidate, Origin, Salt, Spelling},
    scrambled,
    triage::{self, Samples, Triage},
};

use super::purse::Purse;
use crate::{
    apps::AppConstant,
    diary::{BookEntry, FieldNotes},
    examine::Wanted,
};

/// What is known.
pub(super) struct Known<'w> {
    pub(super) wanted: &'w Wanted,
    pub(super) candidates: Vec<Candidate>,
    /// The place of each candidate among the profile's values.
    pub(super) values: Vec<usize>,
    /// Salts that are tried for all values: those of everybody, and the first values of the phone.
    pub(super) common: Vec<Salt>,
    cribs: Cribs,
    /// What the apps at hand carry.
    constants: Vec<AppConstant>,
    /// Those that were not kept.
    more_constants: u64,
    /// Values of the profile that are not tried.
    left_out: u64,
}

/// A field beside another one, in the same message.
pub(super) struct Beside<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
}

impl<'w> Known<'w> {
    pub(super) fn of(wanted: &'w Wanted, (constants, more_constants): (Vec<AppConstant>, u64)) -> Self {
        let telling = || (0..).zip(wanted.profile.values()).filter(|(_, value)| is_worth(value.kind));
        let (mut candidates, mut values, mut cribs) = (Vec::new(), Vec::new(), Vec::new());
        let mut common = Salt::common().to_vec();
        for (place, value) in telling().take(MOST) {
            let written = spellings(value.kind, &value.canonical);
            let bytes = written.iter().map(|(_, bytes)| bytes.clone()).collect();
            let first = written.first().map(|(_, bytes)| bytes).filter(|_| values.len() < OTHERS);
            common.extend(first.filter(|bytes| (OTHER..=SALT).contains(&bytes.len())).map(|bytes| Salt {
                bytes: bytes.clone(),
                origin: Origin::DeviceValue(value.label.clone()),
            }));
            cribs.push(Crib { kind: value.kind, label: value.label.clone(), spellings: bytes });
            let spellings = written.into_iter().map(|(name, bytes)| Spelling { name, bytes }).collect();
            candidates.push(Candidate { kind: value.kind, spellings });
            values.push(place);
        }
        Self {
            wanted,
            candidates,
            values,
            common,
            cribs: Cribs::new(cribs),
            constants,
            more_constants,
            left_out: telling().count().saturating_sub(MOST) as u64,
        }
    }

    /// The fields that stood beside a value of `field` in a message (those of the same message, and those that never
    /// change), and whether there were more than are looked at.
    pub(super) fn fields_beside<'a>(
        &self,
        entry: &'a BookEntry,
        field: &FieldNotes,
        exchange: ExchangeId,
    ) -> (Vec<Beside<'a>>, bool) {
        let others = entry.series.fields.values().filter(|other| other.path != field.path && other.leaf);
        let mut beside = others.filter_map(|other| {
            let bytes = other.in_exchange(exchange).or_else(|| other.only())?;
            Some(Beside { name: &other.path, bytes })
        });
        let kept = beside.by_ref().take(FIELDS).collect();
        (kept, beside.next().is_some())
    }

    /// What the apps carry that may have sent it: first those that are known to have, then the others.
    fn constants(&self, entry: &BookEntry) -> Vec<&AppConstant> {
        let (known, others): (Vec<_>, Vec<_>) =
            self.constants.iter().partition(|constant| entry.apps.contains(&constant.package));
        known.into_iter().chain(others).take(CONSTANTS).collect()
    }

    /// Salts of a message: what stands beside the value, what the app carries and its name, and the time.
    pub(super) fn salts(&self, fields: &[Beside<'_>], entry: &BookEntry, time: Timestamp) -> Vec<Salt> {
        let short = fields.iter().filter(|field| field.bytes.len() <= SALT);
        let beside = short.map(|field| Salt {
            bytes: field.bytes.to_vec(),
            origin: Origin::MessageField(field.name.to_owned()),
        });
        let written = fields.iter().filter(|field| field.bytes.len() <= SALT * 2).flat_map(|field| {
            let readings = Carrier::readings(field.bytes).into_iter();
            readings.filter(|(carrier, bytes)| *carrier != Carrier::Raw && bytes.len() <= SALT).map(
                |(carrier, bytes)| Salt {
                    bytes,
                    origin: Origin::MessageField(format!("{}, read as {carrier}", field.name)),
                },
            )
        });
        let packages = entry.apps.iter().filter(|app| app.contains('.'));
        let packages =
            packages.map(|app| Salt { bytes: app.as_bytes().to_vec(), origin: Origin::PackageName });
        let carried = self.constants(entry).into_iter().map(|constant| Salt {
            bytes: constant.bytes.clone(),
            origin: Origin::AppConstant(constant.origin.clone()),
        });
        let times = Salt::times(u64::try_from(time.seconds()).unwrap_or(0));
        beside.chain(packages).chain(carried).chain(times).chain(written).collect()
    }

    /// Opens a value of an entry's, sent at a time, that was scrambled or encrypted.
    pub(super) fn open(
        &self,
        purse: &mut Purse,
        value: &[u8],
        fields: &[Beside<'_>],
        (entry, time): (&BookEntry, Timestamp),
    ) -> Vec<Opened> {
        if purse.is_empty() {
            return Vec::new();
        }
        let fields: Vec<Field<'_>> =
            fields.iter().map(|field| Field { name: field.name, bytes: field.bytes }).collect();
        let constants = self.constants(entry);
        let constants: Vec<Constant<'_>> = constants
            .iter()
            .map(|constant| Constant { bytes: &constant.bytes, origin: &constant.origin })
            .collect();
        let context = Context {
            cribs: &self.cribs,
            fields: &fields,
            constants: &constants,
            time: Some(time),
            window: WINDOW,
        };
        // One value must not use up what all the others need.
        let mut budget = Budget::new(ONE.min(purse.scrambles.left()));
        let mut opened = scrambled::open(value, &context, &mut budget);
        purse.scrambles.spend(&budget);
        if opened.is_empty() {
            let mut budget = Budget::new(ONE.min(purse.ciphers.left()));
            opened = ciphers::open(value, &context, &mut budget);
            purse.ciphers.spend(&budget);
        }
        opened
    }

    /// Names what a value looks like.
    pub(super) fn triage(&self, value: &[u8], opened: &[Opened], samples: &Samples) -> Triage {
        triage::triage(value, opened, samples, &Context::new(&self.cribs))
    }

    /// What was not tried, and how much of it.
    pub(super) fn untried(&self) -> impl Iterator<Item = (String, u64)> {
        let beyond = self.constants.len().saturating_sub(CONSTANTS) as u64;
        let constants = beyond.saturating_add(self.more_constants);
        let rows = [
            ("values of the profile that they were not compared with", self.left_out),
            ("spellings of the profile's values that they were not compared with", self.cribs.left_out()),
            ("constants of apps that were not tried as keys on them", constants),
        ];
        rows.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| (what.to_owned(), count))
    }
}

/// Whether anybody would hide it: words of which there are few are found by themselves.
fn is_worth(kind: IdentifierKind) -> bool {
    !matches!(
        kind,
        IdentifierKind::Locale
            | IdentifierKind::MccMnc
            | IdentifierKind::Model
            | IdentifierKind::OperatorName
            | IdentifierKind::OsVersion
            | IdentifierKind::Screen
            | IdentifierKind::Hostname
            | IdentifierKind::Build
    )
}

/// Values of the profile that are tried: the numbers of a phone come first, then those of an address book.
const MOST: usize = 600;
/// Values of the profile that are tried as salts of others, and the shortest of them, in bytes.
const OTHERS: usize = 16;
const OTHER: usize = 6;
/// Fields beside a value that are looked at.
const FIELDS: usize = 64;
/// Constants of apps that one value is tried with.
const CONSTANTS: usize = 48;
/// The longest field that is tried as a salt, in bytes.
const SALT: usize = 64;
/// How far a key may be from the message's time, in seconds.
const WINDOW: u16 = 3;
/// Bytes that scrambles may work on for one value, and ciphers as well.
const ONE: u64 = 8_000_000;
