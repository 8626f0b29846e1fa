//! A value in a JSON document to the path by which `jq` gives the same value.

use std::ops::Range;

use payload::{Explorer, FieldKind, Hint, Limits, Name, Root, RootField, Tree};
use serde_json::Value;

/// The path of the member or element whose value is exactly the bytes `range` of a JSON document, as jq
/// writes it: `.list[2].imei`.
///
/// `None` where the bytes are no JSON document, or `range` is no whole value in it, or the path is not simple
/// (names of letters, digits and a few signs), or jq would write the value another way than it stands there.
pub(super) fn path(document: &[u8], range: &Range<u64>) -> Option<String> {
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    let value = document.get(start..end).filter(|_| document.len() <= LARGEST)?;
    let whole: Value = serde_json::from_slice(document).ok()?;
    let steps = steps(document, start..end)?;
    let found = steps.iter().try_fold(&whole, |value, step| step.of(value))?;
    gives(found, value).then(|| written(&steps))
}

/// The steps as jq writes them. A path begins with a dot, whatever its first step is: `[0]` alone is a list.
fn written(steps: &[Step]) -> String {
    let path: String = steps.iter().map(Step::written).collect();
    if path.starts_with('.') { path } else { format!(".{path}") }
}

/// One step into a document.
enum Step {
    Element(usize),
    Member(String),
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Element(index) => value.get(*index),
            Self::Member(name) => value.get(name),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Element(index) => format!("[{index}]"),
            Self::Member(name) if is_word(name) => format!(".{name}"),
            Self::Member(name) => format!("[\"{name}\"]"),
        }
    }
}

/// From the outermost to the innermost field that holds `range`, which must be all of that one.
fn steps(document: &[u8], range: Range<usize>) -> Option<Vec<Step>> {
    let body = RootField {
        name: Name::None,
        value: 0..document.len(),
        kind: FieldKind::Body,
        hint: Hint { media: "application/json", coding: "" },
    };
    let root = Root { bytes: document.into(), fields: vec![body] };
    // No decoder is to run: only the fields of the document itself are of interest.
    let tree = Explorer::new(Limits { depth: 0, ..Limits::default() }).explore(vec![root]);
    let innermost = tree.innermost(0, range.clone())?;
    if tree.field(innermost)?.value != range {
        return None;
    }
    let fields = tree.ancestry(innermost).filter(|&field| field > 0).take(DEEPEST + 1);
    let mut steps: Vec<_> = fields.map(|field| step(&tree, field)).collect::<Option<_>>()?;
    steps.reverse();
    (1..=DEEPEST).contains(&steps.len()).then_some(steps)
}

fn step(tree: &Tree<'_>, index: payload::FieldIndex) -> Option<Step> {
    let field = tree.field(index).filter(|field| field.decoder == "json")?;
    match &field.name {
        Name::Index(index) => Some(Step::Element(usize::try_from(*index).ok()?)),
        Name::Range(_) | Name::Owned(_) => {
            Some(tree.name(index).into_owned()).filter(|name| is_simple(name)).map(Step::Member)
        }
        Name::None => None,
    }
}

/// Whether a name can stand between the quotes of a path and of the shell.
fn is_simple(name: &str) -> bool {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | ' ' | '@');
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(simple)
}

/// Whether jq takes a name without quotes.
fn is_word(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether `jq -j` writes a value as these bytes.
fn gives(value: &Value, bytes: &[u8]) -> bool {
    match value {
        Value::String(text) => text.as_bytes() == bytes,
        // Longer numbers lose digits in older versions of jq.
        Value::Number(number) => {
            number.is_u64() && bytes.len() <= 15 && number.to_string().as_bytes() == bytes
        }
        _ => false,
    }
}

/// The largest document a path is looked for in.
const LARGEST: usize = 1 << 20;
/// The longest path and name that a reader is expected to look at.
const DEEPEST: usize = 12;
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// The path of the first place where `value` stands.
    fn path_of(document: &str, value: &str) -> Option<String> {
        let start = document.find(value).unwrap() as u64;
        path(document.as_bytes(), &(start..start + value.len() as u64))
    }

    #[test]
    fn a_value_is_named_by_its_path() {
        let document = r#"{"a":{"list":[{"x":1},{"IMEI 1":"3520990017614"}]},"n":987654,"long":12345678901234567890,"esc":"a\/bcd","it's":"quoted","deep":"part of it"}"#;
        let rows = [
            ("3520990017614", Some(r#".a.list[1]["IMEI 1"]"#)),
            ("987654", Some(".n")),
            ("12345678901234567890", None),
            (r"a\/bcd", None),
            ("quoted", None),
            ("part of", None),
        ];
        for (value, expected) in rows {
            assert_eq!(path_of(document, value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_path_begins_with_a_dot_whatever_the_document_is() {
        let rows = [
            (r#"[{"imei":"352099"}]"#, "352099", ".[0].imei"),
            (r#"[["x","352099"]]"#, "352099", ".[0][1]"),
            (r#"{"IMEI 1":"352099"}"#, "352099", r#".["IMEI 1"]"#),
            (r#"{"4g":{"imei":"352099"}}"#, "352099", r#".["4g"].imei"#),
        ];
        for (document, value, expected) in rows {
            assert_eq!(path_of(document, value).as_deref(), Some(expected), "{document}");
        }
    }

    #[test]
    fn what_jq_would_read_otherwise_has_no_path() {
        assert_eq!(path_of(r#"{"a":"first","a":"second"}"#, "first"), None, "the last of two members counts");
        assert_eq!(path_of(r#"{"a":"cut off"#, "cut off"), None);
        assert_eq!(path_of("a=value", "value"), None);
    }
}
