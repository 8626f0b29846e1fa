//! Case -> what people and other programs read: a page, a terminal summary, Markdown, tables, STIX, JSON.
//!
//! One file per output; all of them see only the [`evidence::Case`] (and what its caller hands over beside
//! it: the map's data, bytes for the hex views), so cases of old versions stay renderable. Nothing here
//! reads a file, asks the time or prints. Every value of a case is hostile text: markup is escaped where
//! HTML and Markdown are written, formulas where tables are, and characters that act without being seen
//! (terminal escapes, bidirectional controls, zero-width characters) are made visible everywhere.

pub mod apps;
pub mod assessment;
mod chain;
pub mod comparison;
mod coverage;
mod document;

pub mod csv;
mod html;
mod json;
mod markdown;
mod overview;
mod pdf;
mod plain;
mod receivers;
mod stix;
mod summary;
mod verdicts;
mod words;
mod written;

pub use html::{Atlas, Excerpt, Excerpts, HtmlOptions, Moments, Place, html};
pub use json::{json, write_json};
pub use markdown::markdown;
pub use plain::visible;
pub use stix::stix;
pub use summary::{SummaryOptions, summary};
pub use verdicts::{VERDICTS_FORMAT, verdicts_html, verdicts_json, verdicts_markdown, verdicts_page};
