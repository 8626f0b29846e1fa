//! Breaks weak protection: what was hashed, scrambled or weakly encrypted to look anonymous.
//!
//! Pure: bytes in, claims out, each with the steps that lead to it, what was tried, and how probable it is that
//! chance alone would have given it. Effort comes in as a number of attempts; time is a caller's matter.

pub mod hashed;
