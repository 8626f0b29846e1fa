//! Our JSON fields against a parser's: the same values under the same names.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod support;

use payload::{Name, Tree};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::Value;
use support::explore;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        r#"[\\"/\n\t a-z]{0,12}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\\\\\"]{1,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Path and text of every leaf.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|item| leaves(item, &format!("{path}.[]"), found));
        }
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, member)| leaves(member, &format!("{path}.{name}"), found));
        }
        other => found.push((path.to_owned(), other.to_string())),
    }
}

/// The same of our fields: those of buffer 0 that hold no other.
fn our_leaves(tree: &Tree<'_>) -> Vec<(String, String)> {
    let own = (0_u32..).zip(&tree.fields).filter(|(_, field)| field.buffer == 0 && field.decoder == "json");
    let parents: Vec<_> = own.clone().filter_map(|(_, field)| field.parent).collect();
    own.filter(|(index, _)| !parents.contains(index))
        .map(|(index, field)| {
            let mut range = field.value.clone();
            // Strings are given without their quotes.
            if range.start > 0
                && tree.buffers[0].bytes[range.start - 1] == b'"'
                && tree.buffers[0].bytes.get(range.end) == Some(&b'"')
            {
                range = range.start - 1..range.end + 1;
            }
            (tree.path(index), String::from_utf8_lossy(&tree.buffers[0].bytes[range]).into_owned())
        })
        .collect()
}

proptest! {
    #[test]
    fn fields_are_what_a_parser_reads(value in values()) {
        let value = serde_json::json!({ "top": value });
        let text = value.to_string();
        let tree = explore(text.as_bytes(), "", "");
        let mut expected = Vec::new();
        leaves(&value, "root", &mut expected);
        assert_eq!(our_leaves(&tree), expected, "{text}");
    }

    #[test]
    fn a_lookup_gives_the_smallest_field_around(value in values(), at in any::<prop::sample::Index>()) {
        let text = serde_json::json!({ "top": value }).to_string();
        let tree = explore(text.as_bytes(), "", "");
        let start = at.index(text.len());
        let range = start..(start + 1).min(text.len());
        let holds = |field: &&payload::Field| field.buffer == 0 && field.value.start <= range.start && range.end <= field.value.end;
        let smallest = tree.fields.iter().filter(holds).map(|field| field.value.len()).min();
        let found = tree.innermost(0, range.clone()).map(|index| tree.value_bytes(index).len());
        assert_eq!(found, smallest, "{text} {range:?}");
    }
}

#[test]
fn names_with_escapes_are_undone() {
    let tree = explore(br#"{"a\u0041\"":1}"#, "", "");
    assert_eq!(tree.fields[1].name, Name::Owned("aA\"".into()));
}
