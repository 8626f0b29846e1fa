//! The fields of all series, as the case lists them.

use evidence::{Direction, FieldSeries, FieldValue, Security};
use sha2::{Digest, Sha256};

use super::{Book, BookEntry, FieldNotes, fields::hash_of};
use crate::{examine::readable, input::hex};

/// The fields with the fewest different values first, and how many more there were than are listed.
pub(crate) fn fields(book: &Book) -> (Vec<FieldSeries>, u64) {
    let series = book.entries.iter().flat_map(|((_, request), entry)| {
        let leaves = entry.series.fields.values().filter(|field| field.leaf && field.length.1 >= SHORTEST);
        leaves.filter_map(move |field| told(request, entry, field))
    });
    let mut series: Vec<FieldSeries> = series.collect();
    let place = |field: &FieldSeries| {
        (field.distinct, field.endpoint, field.request.clone(), field.field.clone(), field.carrier)
    };
    series.sort_by_cached_key(place);
    let dropped = series.len().saturating_sub(FieldSeries::LISTED) as u64;
    series.truncate(FieldSeries::LISTED);
    (series, dropped)
}

fn told(request: &str, entry: &BookEntry, field: &FieldNotes) -> Option<FieldSeries> {
    let value = |bytes: &[u8]| FieldValue {
        text: readable(bytes),
        sha256: hex(&Sha256::digest(bytes)),
        messages: field.different.times(hash_of(bytes)),
    };
    let values = field.samples.values().take(FieldSeries::VALUES);
    // A way to the bytes costs ten times what a value does; what may be a name is worth it.
    let constant = field.different.len() == 1;
    Some(FieldSeries {
        endpoint: *entry.endpoints.first()?,
        request: request.to_owned(),
        field: field.path.clone(),
        carrier: field.carrier,
        direction: Direction::Out,
        security: if entry.series.clear { Security::Clear } else { Security::Encrypted },
        messages: field.messages,
        distinct: (field.different.len() as u64).min(FieldSeries::DISTINCT),
        length: field.length,
        values: values.map(|bytes| value(bytes)).collect(),
        proof: field.proof.as_ref().filter(|_| constant).map(|(_, proof)| proof.occurrence()),
    })
}

/// The shortest longest value that is worth comparing, in bytes.
const SHORTEST: u64 = 4;
