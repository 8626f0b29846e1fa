//! Breaks weak protection: what was hashed, scrambled or weakly encrypted to look anonymous.
//!
//! Pure: bytes in, claims out, each with the steps that lead to it, what was tried, and how probable it is that
//! chance alone would have given it. Effort comes in as a number of attempts; time is a caller's matter.
//!
//! A value that a reader of formats could not read is given to [`scrambled::open`] and [`ciphers::open`], with
//! what an investigator holds beside it: a [`Context`]. What they give is an [`Opened`]: the plaintext, the way
//! to it ([`How`], which [`apply`] goes again) and a recipe of public tools. What stays closed is named by
//! [`triage`]. What only a digest is left of is [`hashed`]'s.

pub mod ciphers;
pub mod hashed;
pub mod scrambled;
pub mod triage;

mod budget;
mod carrier;
mod context;
mod opened;
mod plausible;
mod recipe;

pub use budget::Budget;
pub use carrier::Carrier;
pub use context::{Constant, Context, Crib, Field};
pub use opened::{BOUND_BITS, Ground, How, Method, Opened, apply};
pub use plausible::Cribs;
