//! Cases -> what differs between them: what appeared, vanished, changed or stayed, who is told apart by what, and
//! what each case could not have shown.
//!
//! ```text
//! cases with names → sides (side.rs): looked up, and what each was able to show
//!                  → rows (rows.rs): findings under the same subject (subject.rs), one cell for each side
//!                       ↳ doubts (doubts.rs): why not having seen it says less than it seems
//!                  → values, destinations, inventories, fields: the same for what is no finding
//! ```
//!
//! *Vanished* is a strong word. A row says it together with every reason that is known why the other case could
//! not have shown the thing: its receiver was talked to and nothing was readable, nobody restarted the phone, it
//! was recorded for an hour, the value was in no profile.

mod destinations;
mod doubts;
mod fields;
mod inventories;
mod kinship;
mod rows;
mod side;
mod subject;
mod values;
mod words;

use evidence::{COMPARISON_FORMAT, Case, Comparison};

use side::Sided;

/// A case and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// `before`, `private mode`: for the reader.
    pub name: &'a str,
    /// The case.
    pub case: &'a Case,
}

/// Puts cases beside each other. With two, the first is what was before. `program` is the name and version of the
/// program that asks.
pub fn compare(cases: &[Named], program: &str) -> Comparison {
    let sides: Vec<Sided> = cases.iter().map(Sided::of).collect();
    let kinship = kinship::kinship(&sides);
    let (fields, fields_dropped) = fields::fields(&sides, kinship);
    Comparison {
        format: COMPARISON_FORMAT.to_owned(),
        program: program.to_owned(),
        kinship,
        differences: rows::rows(&sides),
        values: values::values(&sides, kinship),
        destinations: destinations::destinations(&sides),
        inventories: inventories::inventories(&sides),
        fields,
        fields_dropped,
        sides: sides.into_iter().map(|sided| sided.side).collect(),
    }
}
