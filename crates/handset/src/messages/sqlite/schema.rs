//! Rows of `sqlite_schema` to tables with the names of their columns (section 2.6).

use super::{Row, Value};

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The root page of its tree.
    pub root: u32,
    /// Its columns, in the order of a row's values.
    pub columns: Vec<Column>,
    /// Rows lie in an index tree, which is not read.
    pub without_rowid: bool,
    /// Its keys are never used again (`AUTOINCREMENT`).
    pub autoincrement: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// It stands for the row's key, and its value in the record is empty.
    pub key: bool,
    /// What a row has that was written before the column was added.
    pub default: Value,
}

impl Table {
    /// `sqlite_schema` itself.
    pub(super) fn master() -> Self {
        let column = |name: &str| Column { name: name.to_owned(), key: false, default: Value::Null };
        let columns = ["type", "name", "tbl_name", "rootpage", "sql"].map(column).to_vec();
        Self { name: "sqlite_schema".into(), root: 1, columns, without_rowid: false, autoincrement: false }
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.position(column).is_some()
    }

    /// The value of a row in the column of this name, in any case; none where the table has no such column.
    pub fn value(&self, row: &Row, column: &str) -> Option<Value> {
        let position = self.position(column)?;
        let column = self.columns.get(position)?;
        if column.key {
            return Some(Value::Integer(row.rowid));
        }
        // What is missing from a whole row was written before the column was there.
        let missing = if row.cut { &Value::Null } else { &column.default };
        Some(row.values.get(position).unwrap_or(missing).clone())
    }

    /// The same as a number; none for other values.
    pub fn integer(&self, row: &Row, column: &str) -> Option<i64> {
        self.value(row, column)?.integer()
    }

    /// The same as text; none for other values.
    pub fn text(&self, row: &Row, column: &str) -> Option<String> {
        self.value(row, column)?.text()
    }

    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.name.eq_ignore_ascii_case(column))
    }
}

/// The table that a row of the schema describes; none for indexes, views, triggers and virtual tables.
pub(super) fn table(row: &Row) -> Option<Table> {
    let at = |index: usize| row.values.get(index);
    let Some(Value::Text(kind)) = at(0) else { return None };
    let root = u32::try_from(at(3)?.integer()?).ok().filter(|root| *root != 0)?;
    if kind != "table" {
        return None;
    }
    let sql = at(4)?.text()?;
    let tokens = tokens(&sql);
    let (columns, rest) = columns(&tokens);
    let without_rowid = rest.windows(2).any(|it| matches!(it, [a, b] if a.is("WITHOUT") && b.is("ROWID")));
    let autoincrement = tokens.iter().any(|token| token.is("AUTOINCREMENT"));
    Some(Table { name: at(1)?.text()?, root, columns, without_rowid, autoincrement })
}

/// A word of SQL.
#[derive(Clone, Debug)]
struct Token {
    text: String,
    quoted: bool,
}

impl Token {
    /// Whether it is this keyword or sign.
    fn is(&self, word: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(word)
    }
}

/// Words, quoted names and strings, numbers and single signs; comments are left out.
fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at.saturating_add(2)),
            '"' | '\'' | '`' | '[' => {
                let (text, length) = quoted(rest, if first == '[' { ']' } else { first });
                tokens.push(Token { text, quoted: true });
                length
            }
            _ if word(first) => {
                let length = rest.find(|it| !word(it)).unwrap_or(rest.len());
                tokens.push(Token { text: rest.get(..length).unwrap_or_default().to_owned(), quoted: false });
                length
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token { text: first.into(), quoted: false });
                }
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn word(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '_' | '$' | '.')
}

/// A quoted word without its quotes, doubled ones halved, and its length with them.
fn quoted(sql: &str, close: char) -> (String, usize) {
    let mut text = String::new();
    let mut chars = sql.char_indices().skip(1).peekable();
    while let Some((at, it)) = chars.next() {
        if it != close {
            text.push(it);
        } else if chars.next_if(|(_, next)| *next == close).is_some() {
            text.push(close);
        } else {
            return (text, at.saturating_add(it.len_utf8()));
        }
    }
    (text, sql.len())
}

/// The columns between the outermost brackets, and what follows these.
fn columns(tokens: &[Token]) -> (Vec<Column>, &[Token]) {
    let Some(open) = tokens.iter().position(|token| token.is("(")) else { return (Vec::new(), &[]) };
    let body = tokens.get(open.saturating_add(1)..).unwrap_or_default();
    let (mut depth, mut start, mut columns, mut keys) = (0usize, 0usize, Vec::new(), Vec::new());
    for (at, token) in body.iter().enumerate() {
        let part = || body.get(start..at).unwrap_or_default();
        match () {
            () if token.is("(") => depth = depth.saturating_add(1),
            () if depth == 0 && (token.is(",") || token.is(")")) => {
                define(part(), &mut columns, &mut keys);
                start = at.saturating_add(1);
                if token.is(")") {
                    mark_keys(&mut columns, &keys);
                    return (
                        columns.into_iter().map(|it| it.0).collect(),
                        body.get(start..).unwrap_or_default(),
                    );
                }
            }
            () if token.is(")") => depth = depth.saturating_sub(1),
            () => {}
        }
    }
    mark_keys(&mut columns, &keys);
    (columns.into_iter().map(|it| it.0).collect(), &[])
}

/// A column's definition, or a constraint of the table. A column comes with whether its type is `INTEGER`.
fn define(part: &[Token], columns: &mut Vec<(Column, bool)>, keys: &mut Vec<String>) {
    let Some(first) = part.first() else { return };
    if ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| first.is(word)) {
        keys.extend(primary_key(part));
        return;
    }
    let integer = matches!(part.get(1), Some(kind) if kind.text.eq_ignore_ascii_case("INTEGER"));
    // With `DESC` the column is an ordinary one (a quirk the format's page describes).
    let key = integer
        && part.windows(2).any(|it| matches!(it, [a, b] if a.is("PRIMARY") && b.is("KEY")))
        && !part.iter().any(|token| token.is("DESC"));
    columns.push((Column { name: first.text.clone(), key, default: default(part) }, integer));
}

/// The column of `PRIMARY KEY (column)`, where it is one.
fn primary_key(part: &[Token]) -> Option<String> {
    let at = part.windows(2).position(|it| matches!(it, [a, b] if a.is("PRIMARY") && b.is("KEY")))?;
    match part.get(at.saturating_add(2)..)? {
        [open, name, next, ..] if open.is("(") && !next.is(",") => Some(name.text.clone()),
        _ => None,
    }
}

fn mark_keys(columns: &mut [(Column, bool)], keys: &[String]) {
    for (column, integer) in columns {
        column.key |= *integer && keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
    }
}

/// The literal after `DEFAULT`; an expression counts as nothing.
fn default(part: &[Token]) -> Value {
    let at = part.iter().position(|token| token.is("DEFAULT"));
    let rest = at.and_then(|at| part.get(at.saturating_add(1)..)).unwrap_or_default();
    match rest {
        [text, ..] if text.quoted => Value::Text(text.text.clone()),
        [sign, number, ..] if sign.is("-") => {
            number.text.parse::<i64>().map_or(Value::Null, |it| Value::Integer(it.saturating_neg()))
        }
        [number, ..] => number.text.parse().map_or(Value::Null, Value::Integer),
        [] => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::{columns, tokens};
    use crate::messages::sqlite::Value;

    #[test]
    fn columns_from_the_text() {
        let sql = "CREATE TABLE \"a b\" (_id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key, so\n [from] TEXT,\
                   'x''y' NUMERIC(10,2) DEFAULT -1, note TEXT DEFAULT 'n/a' CHECK (note IN ('a,b', 'c')),\
                   UNIQUE (from, note)) WITHOUT ROWID";
        let tokens = tokens(sql);
        let (columns, rest) = columns(&tokens);
        let names: Vec<_> = columns.iter().map(|it| (it.name.as_str(), it.key)).collect();
        assert_eq!(names, [("_id", true), ("from", false), ("x'y", false), ("note", false)]);
        assert_eq!(columns[2].default, Value::Integer(-1));
        assert_eq!(columns[3].default, Value::Text("n/a".into()));
        assert_eq!(rest.len(), 2);
    }

    #[test]
    fn a_key_of_the_table_is_one_of_its_column() {
        let tokens = tokens("CREATE TABLE t(a INTEGER, b TEXT, PRIMARY KEY(a))");
        assert!(columns(&tokens).0[0].key);
    }
}
