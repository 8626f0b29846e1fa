//! The workers' diaries as one, by the endpoints' final names.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Endpoint, EndpointId};
use foldhash::HashSet;

use super::{Diary, NameNotes, Series};
use crate::gather::Gathered;

/// All that was noted.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By receiver (host, else address) and request.
    pub(crate) entries: BTreeMap<Whom, Entry>,
    pub(crate) names: NameNotes,
    pub(crate) heard: HashSet<u64>,
    pub(crate) dropped: u64,
    pub(crate) parties_dropped: u64,
    pub(crate) fields_dropped: u64,
}

/// A receiver (host, else address), and what was asked of it.
pub(crate) type Whom = (String, String);

/// A series, and the endpoints it went to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) endpoints: BTreeSet<EndpointId>,
    /// The apps that asked, as far as they are known.
    pub(crate) apps: BTreeSet<String>,
    /// Addresses of the devices that asked.
    pub(crate) devices: BTreeSet<String>,
    pub(crate) series: Series,
}

/// Puts the shares' diaries together, taking them. `place` gives the final number and name of an endpoint.
pub(crate) fn book(
    shares: &mut [Gathered],
    place: impl Fn(&Endpoint) -> Option<(EndpointId, Endpoint)>,
) -> Book {
    let mut book = Book::default();
    for share in shares {
        let Diary { requests, series, names, heard, dropped, parties_dropped, fields_dropped, .. } =
            std::mem::take(&mut share.diary);
        book.names.merge(names);
        book.heard.extend(heard);
        book.dropped += dropped;
        book.parties_dropped += parties_dropped;
        book.fields_dropped += fields_dropped;
        for (key, series) in series {
            let parties = series.parties.iter();
            let placed: Vec<(EndpointId, Endpoint)> =
                parties.clone().filter_map(|of| place(share.endpoints.at(of.endpoint)?)).collect();
            let Some((_, endpoint)) = placed.first() else { continue };
            let host = if endpoint.host.is_empty() { &endpoint.address } else { &endpoint.host };
            let request = requests.at(key.request).cloned().unwrap_or_default();
            let entry = book.entries.entry((host.clone(), request)).or_default();
            entry.endpoints.extend(placed.iter().map(|(id, _)| *id));
            for of in parties {
                entry.apps.extend(share.texts.at(of.app).filter(|app| !app.is_empty()).cloned());
                entry.devices.extend(share.texts.at(of.device).cloned());
            }
            entry.series.merge(series);
        }
    }
    book
}
