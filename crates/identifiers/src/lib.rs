//! What is searched for: the profile's values in all their forms, and shapes of identifiers without one.
//!
//! Pure: bytes in, matches out. `audit` decides what a match means.

pub mod shapes;
