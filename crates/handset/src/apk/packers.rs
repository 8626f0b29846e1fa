//! Libraries that unpack an app's real code: the rows of `data/packers.toml`.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Deserialize;

use super::zip::Member;

/// The packers whose libraries are among the members.
pub(super) fn of(members: &[Member]) -> BTreeSet<String> {
    let names = members
        .iter()
        .filter_map(|member| member.name.rsplit('/').next())
        .filter(|name| name.starts_with("lib"));
    let row = |name: &str| {
        let starts = |row: &&Row| row.libraries.iter().any(|library| name.starts_with(library.as_str()));
        LIST.row.iter().find(starts).map(|row| row.name.clone())
    };
    names.filter_map(row).collect()
}

#[derive(Debug, Default, Deserialize)]
struct List {
    row: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    libraries: Vec<String>,
    #[serde(rename = "reasoning")]
    _reasoning: String,
    #[serde(rename = "source")]
    _source: String,
}

static LIST: LazyLock<List> =
    LazyLock::new(|| toml::from_str(include_str!("../../../../data/packers.toml")).unwrap_or_default());

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_whole() {
        assert!(super::LIST.row.len() > 5);
        assert!(super::LIST.row.iter().all(|row| !row.libraries.is_empty()));
    }
}
