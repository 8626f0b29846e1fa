//! Folders, APKs, firmware and lists of the phone → every app in them, and what its code says.
//!
//! - `shelf`: what an input holds: files on the disk, files in an image.
//! - `pick`: which of those files are one app: base, splits, code compiled ahead.
//! - `told`: what lists and permission files say of packages.
//! - `judge`: an app's files → its part of the survey.
//!
//! In an audit, `code` asks each app's code for what was seen on the wire, and `constants` for what hidden values may have
//! been made with; `held` keeps what was read for both.
//!
//! One app is in memory for each core, and no image is.

pub(crate) mod code;
mod constants;
pub(crate) mod disk;
mod held;
mod judge;
mod pick;
mod shelf;
mod told;

use std::{path::PathBuf, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use evidence::{App, InputProblem, SURVEY_FORMAT, Survey};
pub use handset::apk::Trackers;

pub(crate) use self::{
    constants::{AppConstant, Constants, Readers, constants},
    held::{Files, Held},
    judge::signer,
};
use self::{pick::Picked, shelf::Shelves, told::Told};
use crate::{input::hex, merge::Merged, phone::Phone, progress::Meter};

/// What to survey.
#[derive(Debug, Default)]
pub struct SurveyOrder {
    /// Folders, APKs, images, archives, lists of the phone.
    pub inputs: Vec<PathBuf>,
    /// A list of trackers in the format of Exodus, besides our own.
    pub trackers: Option<Trackers>,
    /// Name and version of the program, for the survey.
    pub program: String,
}

/// Reads a list of trackers in the format of Exodus' `/api/trackers`. Fails with the reason where it is none.
pub fn trackers(json: &[u8]) -> Result<Trackers, String> {
    Trackers::exodus(json).map_err(|error| error.to_string())
}

/// Reads every app of the inputs. `meter` grows by the bytes of their files. What goes wrong is told in the survey.
pub fn survey(order: &SurveyOrder, meter: &Meter) -> Survey {
    let own = Trackers::own();
    let joined = order.trackers.as_ref().map(|more| own.with(more));
    let trackers = joined.as_ref().unwrap_or(own);
    let mut survey = Survey {
        format: SURVEY_FORMAT.to_owned(),
        program: order.program.clone(),
        inputs: order.inputs.iter().map(|path| path.display().to_string()).collect(),
        ..Survey::default()
    };
    let shelves = Shelves::open(&order.inputs, &mut survey);
    let told = Told::read(&shelves, &mut survey);
    let apps = read_all(&shelves, &mut survey, |picked| judge::app(picked, &told, trackers), meter);
    survey.apps = apps;
    told.add_unseen(&mut survey.apps);
    survey.apps.sort_by(|one, other| {
        let place = |app: &App| app.files.first().map(|file| file.path.clone());
        one.package.cmp(&other.package).then_with(|| place(one).cmp(&place(other)))
    });
    survey.oddities.sort();
    survey.unread.sort();
    survey.unread.dedup();
    survey
}

/// One thread reads files; one for each core reads what they say.
fn read_all(
    shelves: &Shelves,
    survey: &mut Survey,
    judge: impl Fn(Picked) -> App + Sync,
    meter: &Meter,
) -> Vec<App> {
    let workers = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(MOST_WORKERS);
    let (give, take) = bounded::<Picked>(1);
    let apps = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                let (take, judge) = (take.clone(), &judge);
                scope.spawn(move || work(&take, judge))
            })
            .collect();
        drop(take);
        pick_all(shelves, survey, &give, meter);
        drop(give);
        handles.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all = Vec::new();
    for apps in apps {
        match apps {
            Ok(apps) => all.extend(apps),
            Err(_) => survey.problems.push(problem("the apps", FAULT)),
        }
    }
    all
}

fn work(take: &Receiver<Picked>, judge: impl Fn(Picked) -> App) -> Vec<App> {
    take.iter().map(judge).collect()
}

fn pick_all(shelves: &Shelves, survey: &mut Survey, give: &Sender<Picked>, meter: &Meter) {
    pick::each(shelves, survey, &mut |picked| {
        let bytes = picked.bytes();
        meter.bytes.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        // A worker that is gone has panicked; joining it tells.
        let _ = give.send(picked);
    });
}

/// Adds what the code of the apps at hand says to what is told of senders.
pub(crate) fn attribute(
    mut told: evidence::Phone,
    merged: &Merged,
    apps: &Held<'_>,
    phone: Option<&Phone>,
) -> (evidence::Phone, Vec<InputProblem>) {
    let problems = code::attribute(&mut told, merged, apps, phone);
    (told, problems)
}

fn problem(input: &str, words: impl Into<String>) -> InputProblem {
    InputProblem { input: input.to_owned(), problem: words.into() }
}

/// SHA-256 in hex.
fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

const FAULT: &str = "could not be read to the end: this is a fault in phonehome; please report it";
const MOST_WORKERS: usize = 16;
