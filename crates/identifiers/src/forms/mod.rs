//! The forms of a value.
