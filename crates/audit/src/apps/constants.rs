//! Constants of the apps at hand that can be keys: what hidden values are tried with.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use evidence::CaptureId;
use handset::apk::{Apk, Crypto, Fact, Trackers, text::KeyForm};

use super::code::read;
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

/// The first constants of each app, in the apps' order, and how many more there are. Apps that cannot be read have none:
/// that is told where their code is asked who sent what.
pub(crate) fn constants(apps: &[(CaptureId, PathBuf)], workers: NonZeroUsize) -> (Vec<AppConstant>, u64) {
    let (mut all, mut more) = (Vec::new(), 0);
    for mut of_app in in_parallel(apps, workers, |(_, path)| of_app(path)) {
        more += of_app.len().saturating_sub(OF_APP) as u64;
        of_app.truncate(OF_APP);
        all.extend(of_app);
    }
    (all, more)
}

fn of_app(path: &Path) -> Vec<AppConstant> {
    let Ok(bytes) = read(path) else { return Vec::new() };
    let apk = Apk::read(&bytes);
    let contents = apk.contents(Trackers::own());
    contents.crypto.iter().filter_map(|fact| constant(apk.manifest().package(), fact)).collect()
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
