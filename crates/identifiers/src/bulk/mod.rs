//! Bulk data: many values of one kind, told from single ones.
