//! Lists in one message, recognised without a profile.

use evidence::IdentifierKind;

use crate::shapes::{FieldView, Shape};

/// Many values of one kind in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListShape {
    /// What the list is: [`IdentifierKind::PackageList`] for packages, else the kind of its members.
    pub kind: IdentifierKind,
    /// How many different values.
    pub count: u64,
    /// The caller's numbers of the fields that hold them, in order; at most [`Lists::PLACES`].
    pub places: Vec<u32>,
    /// What speaks for it, to stand after "because".
    pub why: &'static str,
}

/// Gathers the fields of one message.
#[derive(Debug, Default)]
pub struct Lists {}

impl Lists {
    /// How many places of a list are kept.
    pub const PLACES: usize = 64;

    /// Notes a field, which the caller knows by the number `place`, and what [`crate::shapes::Shapes::field`]
    /// found in it.
    pub fn field(&mut self, place: u32, field: FieldView<'_>, found: &[Shape]) {
        let _ = (place, field, found);
    }

    /// What the message holds lists of, by kind.
    pub fn finish(self) -> Vec<ListShape> {
        Vec::new()
    }
}
