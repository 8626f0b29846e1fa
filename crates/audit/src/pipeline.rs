//! The whole audit on a screen: captures in, a case out.
//!
//! ```text
//! reading thread                 workers, one for each core             writer
//! secrets, the phone's
//! own files, then
//! files → frames → packets  →  flows → streams → messages → payload  →  store
//!                              tree → sightings → gathered
//!                                                   ↓
//!                              merged → destinations → findings → case
//! ```
//!
//! Memory is bounded by the open flows and by what is gathered, not by the size of the captures. What comes
//! out does not depend on the number of workers.

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, sync::OnceLock, thread};

use crossbeam_channel::{Receiver, bounded};
use evidence::{CASE_FORMAT, Case, Fate, IdentifierKind, InputProblem};
use facts::Atlas;
use handset::messages::bill::Mapping;
use identifiers::{Needles, Profile, shapes::Shapes};
use store::{Record, Store, StoreError};

use crate::{
    apps, diary,
    examine::{Examiner, Wanted},
    findings::findings,
    frames::{FrameReader, ReadOutcome},
    gather::Gathered,
    input::given,
    known::Searched,
    merge::{Merged, merge},
    messages::{Messages, Sought, is_bill},
    phone::{Phone, phone_of},
    progress::Meter,
    records::Records,
    secrets::Secrets,
    unmasked::{Effort, unmask},
    whose,
    worker::work,
};

/// What to audit, and how.
pub struct Order {
    /// Files (captures, key logs, private keys), folders, `-`.
    pub inputs: Vec<PathBuf>,
    /// Files of secrets, whatever they begin with.
    pub keys: Vec<PathBuf>,
    /// What is known of the phone.
    pub profile: Option<Profile>,
    /// Where the store is written; `None` for no store.
    pub store: Option<PathBuf>,
    /// Facts about addresses and names.
    pub atlas: Atlas,
    /// What is known of the form of operators' bills. With it, every file that reads as a bill is one.
    pub bill: Option<Mapping>,
    /// How much may be tried to undo weak protection.
    pub effort: Effort,
    /// How many workers, at most 128; as many as there are cores where `None`.
    pub workers: Option<NonZeroUsize>,
    /// Name and version of the program, for the case.
    pub program: String,
}

/// An audit that came to nothing. What is wrong with single inputs is in the case instead.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store could not be made: nothing was audited. A failure while it is written is one of the
    /// case's problems instead, under the store's path.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the program failed: a bug.
    #[error("the {0} thread failed; this is a fault in phonehome: please report it with the message above")]
    Thread(&'static str),
}

/// Audits captures. `meter` grows meanwhile.
pub fn audit(order: Order, meter: &Meter) -> Result<Case, AuditError> {
    let named = order.profile.is_some();
    let profile = order.profile.unwrap_or_default();
    let wanted = Wanted { needles: Needles::build(&profile), shapes: Shapes::new(), profile };
    let mut store = order.store.as_deref().map(Store::create).transpose()?;
    let bill = order.bill.as_ref();
    let also = |head: &[u8]| bill.is_some_and(|bill| is_bill(head, Some(bill)));
    let (inputs, problems) = given(&order.inputs, &order.keys, &also);
    let workers =
        order.workers.or_else(|| thread::available_parallelism().ok()).unwrap_or(TWO).min(MOST_WORKERS);

    let (secrets, phone) = (Secrets::default(), OnceLock::new());
    let keys = secrets.ring.clone();
    let keeps = store.is_some();
    let (read, shares, mut written) = thread::scope(|scope| {
        let (records, to_write) = bounded::<Vec<Record>>(QUEUE);
        let kept = store.as_mut();
        let writer = scope.spawn(move || write(kept, &to_write));
        let (packets, workers): (Vec<_>, Vec<_>) = (0..workers.get())
            .map(|_| {
                let (packets, batches) = bounded(QUEUE);
                let records = Records::new(keeps.then(|| records.clone()));
                let (wanted, known) = (&wanted, (&keys, &phone));
                (packets, scope.spawn(move || work(&batches, known, Examiner::new(wanted, records)).finish()))
            })
            .unzip();
        drop(records);
        let messages = Messages::new(Sought { known: Searched(&wanted.needles), shapes: &wanted.shapes });
        let reader = FrameReader::new(packets, secrets, &phone, meter);
        let read = reader.with_messages(messages, bill).run(&inputs);
        let shares: Result<Vec<_>, _> = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| AuditError::Thread("worker")))
            .collect();
        let written = writer.join().map_err(|_| AuditError::Thread("store"))?;
        Ok::<_, AuditError>((read, shares?, written))
    })?;

    let mut merged = merge_all(shares, &read, &order.atlas);
    for destination in &mut merged.destinations {
        destination.of_recording = read.radio.is_one(destination);
    }
    let own = phone.get().map(Phone::addresses).unwrap_or_default();
    whose::settle(&mut merged.devices, &wanted.profile, &own);
    let files = apps::Files::of(&read.apps);
    let held = apps::Held::over(&files);
    merged.unmasked = unmask(&mut merged, &wanted, &held, (order.effort, workers));
    let (mut case, parts) = conclude(
        merged,
        (read, phone.get(), &held),
        problems,
        (&wanted.profile, named),
        &order.atlas,
        order.program,
    );
    if let Some(store) = store {
        written = written.and_then(|()| store.finish(&case, &parts));
    }
    // The case is worth more than the store: what was found is told even where it could not be kept.
    if let (Err(error), Some(path)) = (written, order.store) {
        case.problems.push(InputProblem { input: path.display().to_string(), problem: error.to_string() });
    }
    Ok(case)
}

/// Writes until every worker is done. Goes on receiving after a failure, so that nobody waits for ever.
fn write(store: Option<&mut Store>, records: &Receiver<Vec<Record>>) -> Result<(), StoreError> {
    let Some(store) = store else { return Ok(()) };
    let mut outcome = Ok(());
    for batch in records {
        if outcome.is_ok() {
            outcome = store.write(&batch);
        }
    }
    outcome
}

fn merge_all(mut shares: Vec<Gathered>, read: &ReadOutcome, atlas: &Atlas) -> Merged {
    if let Some(share) = shares.first_mut() {
        share.ledger.merge(&read.ledger);
        share.anomalies.merge(read.anomalies.clone());
        for (capture, bytes) in &read.unread {
            let sum = share.unread.entry(*capture).or_default();
            *sum = sum.saturating_add(*bytes);
        }
    }
    merge(shares, atlas)
}

fn conclude(
    mut merged: Merged,
    (read, phone, apps): (ReadOutcome, Option<&Phone>, &apps::Held<'_>),
    mut problems: Vec<InputProblem>,
    (profile, named): (&Profile, bool),
    atlas: &Atlas,
    program: String,
) -> (Case, Vec<(u64, u32)>) {
    let logged: Vec<_> = phone.into_iter().flat_map(Phone::logged).collect();
    let told = phone_of(phone, &merged.destinations, &merged.senders);
    let (told, unread) = apps::attribute(told, &merged, apps, phone);
    problems.extend(unread);
    let messages = read.messages;
    let (fields, fields_dropped) = diary::fields(&merged.book);
    let (findings, untried) = findings(&merged, (&told, phone, &logged, &messages), profile);
    if untried > 0 {
        let reason = "kinds of requests that were not compared with the phone's marks: there are too many";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, untried);
    }
    let phone = messages.into_case(told);
    problems.extend(read.problems);
    for capture in &read.captures {
        if let Some(bytes) = merged.unread.get(&capture.id) {
            let problem = format!(
                "is damaged: {bytes} of its {} bytes could not be read as flows; the coverage tells of them",
                capture.bytes
            );
            problems.push(InputProblem { input: capture.name.clone(), problem });
        }
    }
    if merged.dropped > 0 {
        let problem = format!(
            "{} sightings were not kept: there are more different ones than an audit gathers",
            merged.dropped
        );
        problems.push(InputProblem { input: "the captures together".to_owned(), problem });
    }
    let case = Case {
        format: CASE_FORMAT.to_owned(),
        program,
        captures: read.captures,
        problems,
        profile: named.then(|| profile.name().to_owned()),
        profile_values: profile.values().len() as u64,
        profile_kinds: kinds(profile),
        data: atlas.data_sets(),
        phone,
        devices: merged.devices,
        destinations: merged.destinations,
        findings,
        sightings: merged.sightings,
        fields,
        fields_dropped,
        anomalies: merged.anomalies,
        coverage: merged.ledger,
        totals: merged.totals,
    };
    (case, merged.parts)
}

/// How many values of each kind the profile holds.
fn kinds(profile: &Profile) -> Vec<(IdentifierKind, u64)> {
    let mut kinds: BTreeMap<IdentifierKind, u64> = BTreeMap::new();
    for value in profile.values() {
        *kinds.entry(value.kind).or_default() += 1;
    }
    kinds.into_iter().collect()
}

/// More workers than one reading thread can feed only cost memory, some ten megabytes each.
const MOST_WORKERS: NonZeroUsize = NonZeroUsize::new(128).unwrap();
/// Workers where nobody knows how many cores there are.
const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();
/// Batches that may wait for a worker, or for the writer: enough that nobody idles, few enough that the
/// chunks they hold stay small.
const QUEUE: usize = 4;
