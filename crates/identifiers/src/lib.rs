//! What is searched for: the profile's values in all their forms, and shapes of identifiers without one.
//!
//! Pure: bytes in, matches out. `audit` decides what a match means.
//!
//! A [`Profile`] is what is known about the phone (`phone.toml`, described in `docs/profile.md`).
//! [`Needles`] are its values in every form they may leave in, searched for at once; [`shapes`] recognise
//! identifiers that nobody told us; [`bulk`] says how much of a planted set was seen.

mod digests;
mod forms;
mod profile;
mod search;
mod shown;

pub mod bulk;
pub mod shapes;

pub use digests::digests_of;
pub use forms::spellings;
pub use profile::{Place, Profile, ProfileError, Value};
pub use search::{Match, Needle, NeedleId, Needles};
pub use shown::{shows, shows_member, shows_numbers};
