//! The pipeline and the judgement: captures to messages to sightings to findings, as a case.
//!
//! [`audit`] is the whole of it; `pipeline.rs` shows it on a screen. [`export`] writes the same messages down for
//! other programs.

pub mod apps;
mod arrivals;
mod behaviours;
mod channel;
mod conversation;
mod copies;
mod cores;
mod diary;
mod digest;
mod entries;
mod examine;
pub mod export;
mod findings;
mod frames;
mod gather;
pub mod input;
mod kind;
mod known;
mod lines;
mod merge;
mod messages;
mod packed;
mod phone;
mod pipeline;
mod progress;
pub mod prove;
mod readings;
mod records;
mod secrets;
mod unmasked;
mod whose;
mod windows;
mod worker;

pub use handset::messages::bill::Mapping as BillMapping;
pub use kind::Kind;
pub use pipeline::{AuditError, Order, audit};
pub use progress::Meter;
pub use unmasked::Effort;
