//! A vendor's statements, judged over cases: *contradicted*, *consistent with what was seen*, or *not testable*.
//!
//! [`Claims::read`] takes the text of a `claims.toml` (its fields are those of [`mod@file`]), [`judge`] asks its
//! conditions over what a case shows of itself ([`schema`]), and [`text()`] writes what came out. Many
//! statements are said again and again: `templates.toml` has their conditions, with the reasoning.
//!
//! Nothing here reads a file, asks the time or prints. A file of claims may come from anybody: conditions are
//! bounded before they are asked ([`mod@expression`]).

mod about;
pub mod expression;
pub mod file;
mod judge;
mod node;
pub mod schema;
mod shape;
mod text;
mod view;

pub use file::{CLAIMS_FORMAT, Claims, ClaimsError, template_names, template_reference};
pub use judge::{judge, judge_among};
pub use text::text;
