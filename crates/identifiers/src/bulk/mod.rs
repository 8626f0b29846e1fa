//! Bulk data: many values of one kind, told from single ones.
//!
//! With a profile, [`Planted`] turns the labels seen (`contacts[3].number`) into "412 of 500". Without one,
//! [`Lists`] gathers what one message holds and tells where it is a list: installed packages, telephone
//! numbers, MAC addresses, e-mail addresses.

mod lists;
mod overlap;

pub use lists::{ListShape, Lists};
pub use overlap::{Overlap, Planted};
