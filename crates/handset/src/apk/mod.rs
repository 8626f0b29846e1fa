//! An app's package → what it is, what it may do, and what its code says.
//!
//! [`Apk::read`] takes the archive as one slice. [`zip`] finds the members, [`manifest`] and [`resources`]
//! say what the app is called and listens to, [`dex`] who uses what in its code, [`report`] gathers what an
//! investigator asks of it, [`callers`] who calls both of two methods.

pub mod apis;
mod app;
pub mod axml;
pub mod callers;
pub mod code;
pub mod dex;
pub mod manifest;
pub mod native;
mod packers;
mod pool;
pub mod report;
pub mod resources;
mod roles;
pub mod signatures;
pub mod text;
pub mod trackers;
pub mod zip;

pub use app::{Apk, Contained, Coverage, Limits, Unread};
pub use callers::{Callers, CommonCaller};
pub use code::{Code, Held, HeldBy, Holder};
pub use manifest::{Component, ComponentKind, Filter, Manifest};
pub use report::{Contents, Crypto, Fact, TrackerFound};
pub use signatures::{Certificate, Outcome, Scheme, Signatures, Signer};
pub use trackers::Trackers;
