//! The phone's own side: what its package lists, logs, message stores, apps and firmware say.
//!
//! Sans-io: bytes come in, facts come out, each with the range of the input it was read from ([`Found`]),
//! so that a trail can end there as it ends in a frame of a capture. What is odd in the bytes is an
//! [`Oddity`], never an error, and what could be read around it is kept.

pub mod apk;
pub mod firmware;
mod found;
mod le;

pub use found::{Found, Oddity};
