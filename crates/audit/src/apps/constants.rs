//! Constants of the apps at hand that can be keys: what hidden values are tried with. All of an app's code is read for
//! that; what it tells of who reads identifiers is kept for [who sent what](super::code).

use std::{collections::BTreeMap, num::NonZeroUsize};

use evidence::CaptureId;
use handset::apk::{Apk, Crypto, Fact, Trackers, text::KeyForm};

use super::held::Held;
use crate::cores::in_parallel;

/// A constant of an app's code or libraries that has the size of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppConstant {
    /// The app's package; empty where its manifest names none.
    pub(crate) package: String,
    /// As the code has it.
    pub(crate) bytes: Vec<u8>,
    /// Whose, and where it stands.
    pub(crate) origin: String,
}

/// What the code of the apps at hand told.
#[derive(Debug, Default)]
pub(crate) struct Constants {
    /// The first constants of each app, in the apps' order.
    pub(crate) kept: Vec<AppConstant>,
    /// How many more there are.
    pub(crate) more: u64,
    pub(crate) readers: Readers,
}

/// The methods that read identifiers, of each app that was read.
pub(crate) type Readers = BTreeMap<CaptureId, Vec<Fact<String>>>;

/// Reads the code of all apps. Apps that cannot be read have nothing: that is told where their code is asked who sent
/// what.
pub(crate) fn constants(apps: &Held<'_>, workers: NonZeroUsize) -> Constants {
    let mut all = Constants::default();
    let places: Vec<_> = apps.all().map(|(place, capture, _)| (place, capture)).collect();
    for told in in_parallel(&places, workers, |(place, capture)| (*capture, apps.first(*place, of_app))) {
        let (capture, Ok((mut constants, readers))) = told else { continue };
        all.more += constants.len().saturating_sub(OF_APP) as u64;
        constants.truncate(OF_APP);
        all.kept.extend(constants);
        all.readers.insert(capture, readers);
    }
    all
}

fn of_app(apk: &Apk<'_>) -> (Vec<AppConstant>, Vec<Fact<String>>) {
    let contents = apk.contents(Trackers::own());
    let package = apk.manifest().package();
    (contents.crypto.iter().filter_map(|fact| constant(package, fact)).collect(), contents.reads)
}

fn constant(package: &str, fact: &Fact<Crypto>) -> Option<AppConstant> {
    let Crypto::Key(form, text) = &fact.value else { return None };
    let secret = matches!(form, KeyForm::Array(_) | KeyForm::Base64(_) | KeyForm::Hex(_) | KeyForm::Raw(_));
    let place = fact.holders.first().map(|holder| format!(", {holder}")).unwrap_or_default();
    secret.then(|| AppConstant {
        package: package.to_owned(),
        bytes: match form {
            // An array is told in hex.
            KeyForm::Array(_) => {
                payload::replay_up_to("hex", text.as_bytes(), text.len()).unwrap_or_default()
            }
            _ => text.clone().into_bytes(),
        },
        origin: format!("{package}{place}"),
    })
}

/// Constants of one app that are kept.
const OF_APP: usize = 256;
