//! `phonehome unmask`: digests in; what they are digests of, and what it cost to learn that, out.
//!
//! The profile's values come first, with salts. Then the spaces that were asked for are swept on all cores. A
//! resume file keeps how far the sweep came and what it found; it is replaced whole every few seconds, so that a
//! run may be ended at any moment.

mod job;
mod results;
mod work;

use std::{collections::BTreeSet, path::Path, time::Instant};

use evidence::{Case, FindingKind, Grade, IdentifierKind};
use identifiers::{Profile, spellings};
use unmask::hashed::{Budget, Candidate, Salt, Spelling, Target, Wanted, is_plain, prove_all};

use self::{job::Job, results::Results, work::Work};
use super::profile;
use crate::{
    case,
    cli::UnmaskArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &UnmaskArguments) -> anyhow::Result<Exit> {
    let profile = arguments.profile.as_deref().map(profile::load).transpose()?;
    let digests = digests(&arguments.digests, profile.as_ref())?;
    let job = Job::of(arguments, &digests)?;
    if arguments.profile.is_none() && job.sweeps.is_empty() {
        let words =
            "say what to try: --profile, or a space (--imei, --imsi, --mac, --phone, --digits, --ipv4)";
        return Err(Failed::with(Exit::Usage, words));
    }
    if let Some(resume) = &arguments.resume {
        let read: Vec<_> = arguments.profile.iter().cloned().collect();
        write::spare(&read, [resume.as_path()])?;
    }
    let started = Instant::now();
    let mut results = Results::new(digests);
    if let Some(profile) = &profile {
        try_profile(profile, &job.salts, &mut results, started);
    }
    let work = Work::new(&job, results, started);
    let results = work.run(arguments)?;
    match arguments.json {
        true => print::plain(format!("{:#}\n", results.json(&job)).as_bytes())?,
        false => print::text(&results.text(&job))?,
    }
    Ok(Exit::Done)
}

/// The digests given, each once: as they stand, and those of cases, of which values of the profile are none.
fn digests(given: &[String], profile: Option<&Profile>) -> anyhow::Result<Vec<String>> {
    let mut digests = Vec::new();
    let own = profile.into_iter().flat_map(Profile::values);
    let own: BTreeSet<Vec<u8>> = own.flat_map(|value| written(value.kind, &value.canonical)).collect();
    for given in given {
        let path = Path::new(given);
        if path.is_dir() || path.is_file() {
            digests.extend(of_case(&case::load(path)?.1, &own));
        } else if is_digest(given) {
            digests.push(given.clone());
        } else {
            let shown: String = given.chars().take(SHOWN).collect();
            let words = format!(
                "{shown:?} is no digest (4 to 64 bytes in hex, base64, as a UUID or a number) and no case's folder"
            );
            return Err(Failed::with(Exit::Usage, words));
        }
    }
    let mut seen = BTreeSet::new();
    digests.retain(|digest| seen.insert(digest.clone()));
    match digests.len() {
        0 => Err(Failed::with(Exit::Nothing, "the case holds no value that is like a digest")),
        1..=MOST_DIGESTS => Ok(digests),
        more => Err(Failed::with(
            Exit::Usage,
            format!("{more} digests are more than the {MOST_DIGESTS} that are tried at a time"),
        )),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() <= LONGEST && !Target::readings(text.as_bytes()).is_empty()
}

/// What is like a digest in a case: values of fields, and findings that rest on their shape alone. What the audit knew as
/// a value of the profile, or `own` holds, stands in the clear; names of hosts, paths and programs are the same for
/// everybody.
fn of_case(case: &Case, own: &BTreeSet<Vec<u8>>) -> Vec<String> {
    let known = case.sightings.iter().map(|group| &group.key).filter(|key| key.grade == Grade::Known);
    let known: BTreeSet<Vec<u8>> = known.flat_map(|key| written(key.kind, &key.value)).collect();
    let values = case.fields.iter().flat_map(|series| &series.values).map(|value| &value.text);
    let shaped = case.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::IdentifierSent { value, grade: Grade::Shaped, .. } => Some(value),
        _ => None,
    });
    // Numbers and short texts of cases are seldom digests, and would be found among any hundred million.
    let telling = |text: &&String| {
        let long = |target: &Target| target.bytes.len() >= 8;
        let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        text.len() <= LONGEST
            && !number
            && !is_plain(text.as_bytes())
            && Target::readings(text.as_bytes()).iter().any(long)
    };
    let open = |text: &&String| !known.contains(text.as_bytes()) && !own.contains(text.as_bytes());
    values.chain(shaped).filter(telling).filter(open).cloned().collect()
}

/// The ways a value is written.
fn written(kind: IdentifierKind, canonical: &str) -> impl Iterator<Item = Vec<u8>> + use<> {
    spellings(kind, canonical).into_iter().map(|(_, bytes)| bytes)
}

/// Tries the profile's values with all salts, for all digests together.
fn try_profile(profile: &Profile, salts: &[Salt], results: &mut Results, started: Instant) {
    let candidate = |value: &identifiers::Value| Candidate {
        kind: value.kind,
        spellings: spellings(value.kind, &value.canonical)
            .into_iter()
            .map(|(name, bytes)| Spelling { name, bytes })
            .collect(),
    };
    let candidates: Vec<_> = profile.values().iter().map(candidate).collect();
    let mut budget = Budget::new(PROFILE_DIGESTS);
    let digests = results.digests().to_vec();
    let wanted: Vec<_> = digests.iter().map(|digest| Wanted { value: digest.as_bytes(), salts }).collect();
    let proofs = prove_all(&wanted, &candidates, Salt::common(), &mut budget);
    results.prove(&proofs, PROFILE_DIGESTS.saturating_sub(budget.left()), started.elapsed());
}

/// Digests that are tried at a time.
const MOST_DIGESTS: usize = 10_000;
/// Digests of the profile's values that are made, over all digests given.
const PROFILE_DIGESTS: u64 = 200_000_000;
/// The longest text of a digest.
const LONGEST: usize = 256;
/// Characters of a wrong argument that are told.
const SHOWN: usize = 80;
