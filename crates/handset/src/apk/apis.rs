//! Which calls, fields and strings show that an app reads an identifier: the rows of
//! `data/identifier_apis.toml`, made ready for looking up; and what permissions alone let it read.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use crate::le;

/// One row: a kind of identifier and how code shows that it reads it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What is read.
    pub reads: String,
    /// Methods, `class.method`.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Fields, `class.field`.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Strings that begin so.
    #[serde(default)]
    pub strings: Vec<String>,
    /// One of these must stand in the same method.
    #[serde(default)]
    pub beside: Vec<String>,
    /// Why the row means that.
    pub reasoning: String,
    /// What it rests on.
    pub source: String,
}

/// What a permission lets an app read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The permission: `android.permission.READ_SMS`.
    pub permission: String,
    /// What it opens, in the words of the rows' `reads`.
    pub reads: Vec<String>,
    /// On which condition; empty where there is none.
    #[serde(default)]
    pub condition: String,
    /// Why the row means that.
    pub reasoning: String,
    /// What it rests on.
    pub source: String,
}

#[derive(Debug, Default, Deserialize)]
struct List {
    row: Vec<Row>,
    allowance: Vec<Allowance>,
}

/// The rows, by what code shows.
#[derive(Debug, Default)]
pub(super) struct Apis {
    /// Class descriptor → bare method name and row.
    pub(super) methods: HashMap<Vec<u8>, Vec<(String, usize)>>,
    /// Class descriptor → bare field name and row.
    pub(super) fields: HashMap<Vec<u8>, Vec<(String, usize)>>,
    /// First four bytes of the rows' strings → rows.
    by_start: HashMap<[u8; 4], Vec<usize>>,
    /// The first of those bytes: few, and most strings begin otherwise.
    firsts: Vec<u8>,
    /// The lengths of the classes' descriptors, as bits: most classes have another.
    lengths: u128,
}

/// All rows. Empty where the program was built with a damaged file, which [`check`] tells.
pub fn rows() -> &'static [Row] {
    LIST.as_ref().map_or(&[], |list| &list.row)
}

/// What permissions let apps read. Empty where [`check`] tells of a damaged file.
pub fn allowances() -> &'static [Allowance] {
    LIST.as_ref().map_or(&[], |list| &list.allowance)
}

/// What is wrong with the program's own table; tests ask it, so that no such program is built.
pub fn check() -> Result<(), String> {
    let list = LIST.as_ref().map_err(Clone::clone)?;
    for row in &list.row {
        let names = row.methods.iter().chain(&row.fields);
        if row.reasoning.is_empty() || row.source.is_empty() {
            return Err(format!("{}: lacks its reasoning or source", row.reads));
        }
        if row.strings.iter().chain(&row.beside).any(|text| text.len() < 4) {
            return Err(format!("{}: has a string of less than four bytes", row.reads));
        }
        if let Some(name) = names.into_iter().find(|name| !name.contains('.')) {
            return Err(format!("{name}: lacks its class"));
        }
    }
    for row in &list.allowance {
        if row.reasoning.is_empty() || row.source.is_empty() {
            return Err(format!("{}: lacks its reasoning or source", row.permission));
        }
        if let Some(reads) = row.reads.iter().find(|reads| list.row.iter().all(|row| row.reads != **reads)) {
            return Err(format!("{}: {reads} is what no row reads", row.permission));
        }
    }
    Ok(())
}

impl Apis {
    /// Whether a row names a member of that class.
    pub(super) fn is_class(&self, descriptor: &[u8]) -> bool {
        let known = bit(descriptor.len()) & self.lengths != 0;
        known && (self.methods.contains_key(descriptor) || self.fields.contains_key(descriptor))
    }

    /// The rows with a string that begins like this one.
    pub(super) fn beginning(&self, text: &[u8]) -> &[usize] {
        let start = le::array::<4>(text, 0).filter(|[first, ..]| self.firsts.contains(first));
        start.and_then(|start| self.by_start.get(&start)).map_or(&[], Vec::as_slice)
    }
}

pub(super) static APIS: LazyLock<Apis> = LazyLock::new(|| {
    let mut apis = Apis::default();
    for (index, row) in rows().iter().enumerate() {
        for name in &row.methods {
            enter(&mut apis.methods, name, index);
        }
        for name in &row.fields {
            enter(&mut apis.fields, name, index);
        }
        for text in row.strings.iter().chain(&row.beside) {
            let rows = le::array(text.as_bytes(), 0).map(|start| apis.by_start.entry(start).or_default());
            if let Some(rows) = rows.filter(|rows| !rows.contains(&index)) {
                rows.push(index);
            }
        }
    }
    let classes = apis.methods.keys().chain(apis.fields.keys());
    apis.lengths = classes.fold(0, |lengths, class| lengths | bit(class.len()));
    apis.firsts = apis.by_start.keys().map(|[first, ..]| *first).collect();
    apis.firsts.sort_unstable();
    apis.firsts.dedup();
    apis
});

/// Longer ones share the last bit.
fn bit(len: usize) -> u128 {
    1 << len.min(127)
}

/// `a.b.C` as `La/b/C;`
pub(super) fn descriptor(class: &str) -> Vec<u8> {
    format!("L{};", class.replace('.', "/")).into_bytes()
}

fn enter(map: &mut HashMap<Vec<u8>, Vec<(String, usize)>>, name: &str, row: usize) {
    if let Some((class, member)) = name.rsplit_once('.') {
        map.entry(descriptor(class)).or_default().push((member.to_owned(), row));
    }
}

static LIST: LazyLock<Result<List, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../../data/identifier_apis.toml")).map_err(|error| error.to_string())
});

#[cfg(test)]
mod tests {
    #[test]
    fn every_row_can_be_used() {
        assert_eq!(super::check(), Ok(()));
        assert!(super::rows().len() > 20);
    }
}
