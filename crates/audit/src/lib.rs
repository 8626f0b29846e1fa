//! The pipeline and the judgement: captures to messages to sightings to findings, as a case.
//!
//! [`audit`] is the whole of it; `pipeline.rs` shows it on a screen.

mod conversation;
mod digest;
mod examine;
mod findings;
mod frames;
mod gather;
pub mod input;
mod merge;
mod pipeline;
mod progress;
pub mod prove;
mod records;
mod windows;
mod worker;

pub use pipeline::{AuditError, Order, audit};
pub use progress::Meter;
