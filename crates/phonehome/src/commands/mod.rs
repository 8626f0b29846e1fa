//! The commands, one file each.

pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod claims;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod export;
pub(crate) mod lab;
pub(crate) mod man;
pub(crate) mod profile;
pub(crate) mod prove;
pub(crate) mod report;
pub(crate) mod unmask;
