//! `phonehome unmask`: digests in; what they are digests of, and what it cost to learn that, out.
//!
//! The profile's values come first, with salts. Then the spaces that were asked for are swept on all cores. A
//! resume file keeps how far the sweep came and what it found; it is replaced whole every few seconds, so that a
//! run may be ended at any moment.

mod job;
mod results;
mod work;

use std::{path::Path, time::Instant};

use evidence::{Case, FindingKind, Grade};
use identifiers::spellings;
use unmask::hashed::{Budget, Candidate, Salt, Spelling, Target, prove};

use self::{job::Job, results::Results, work::Work};
use super::profile;
use crate::{
    case,
    cli::UnmaskArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &UnmaskArguments) -> anyhow::Result<Exit> {
    let digests = digests(&arguments.digests)?;
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
    if let Some(file) = &arguments.profile {
        try_profile(file, &job.salts, &mut results, started)?;
    }
    let work = Work::new(&job, results, started);
    let results = work.run(arguments)?;
    match arguments.json {
        true => print::plain(format!("{:#}\n", results.json(&job)).as_bytes())?,
        false => print::text(&results.text(&job))?,
    }
    Ok(Exit::Done)
}

/// The digests given, each once: as they stand, and those of cases.
fn digests(given: &[String]) -> anyhow::Result<Vec<String>> {
    let mut digests = Vec::new();
    for given in given {
        let path = Path::new(given);
        if path.is_dir() || path.is_file() {
            digests.extend(of_case(&case::load(path)?.1));
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
    let mut seen = std::collections::BTreeSet::new();
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

/// What is like a digest in a case: values of fields, and findings that rest on their shape alone.
fn of_case(case: &Case) -> Vec<String> {
    let values = case.fields.iter().flat_map(|series| &series.values).map(|value| &value.text);
    let shaped = case.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::IdentifierSent { value, grade: Grade::Shaped, .. } => Some(value),
        _ => None,
    });
    // Numbers and short texts of cases are seldom digests, and would be found among any hundred million.
    let telling = |text: &&String| {
        let long = |target: &Target| target.bytes.len() >= 8;
        let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        text.len() <= LONGEST && !number && Target::readings(text.as_bytes()).iter().any(long)
    };
    values.chain(shaped).filter(telling).cloned().collect()
}

/// Tries the profile's values with all salts.
fn try_profile(file: &Path, salts: &[Salt], results: &mut Results, started: Instant) -> anyhow::Result<()> {
    let profile = profile::load(file)?;
    let candidate = |value: &identifiers::Value| Candidate {
        kind: value.kind,
        spellings: spellings(value.kind, &value.canonical)
            .into_iter()
            .map(|(name, bytes)| Spelling { name, bytes })
            .collect(),
    };
    let candidates: Vec<_> = profile.values().iter().map(candidate).collect();
    let salts: Vec<_> = salts.iter().chain(Salt::common()).cloned().collect();
    let mut budget = Budget::new(PROFILE_DIGESTS);
    for place in 0..results.digests().len() {
        let Some(digest) = results.digests().get(place).cloned() else { continue };
        let proof = prove(digest.as_bytes(), &candidates, &salts, &mut budget);
        results.prove(place, &proof, started.elapsed());
    }
    Ok(())
}

/// Digests that are tried at a time.
const MOST_DIGESTS: usize = 10_000;
/// Digests of the profile's values that are made, over all digests given.
const PROFILE_DIGESTS: u64 = 200_000_000;
/// The longest text of a digest.
const LONGEST: usize = 256;
/// Characters of a wrong argument that are told.
const SHOWN: usize = 80;
