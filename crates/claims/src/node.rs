//! The values that conditions see, before they go to the language: plain trees, whose size is known.

use std::{collections::BTreeMap, sync::Arc};

use cel::{Value, objects::Key};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Many, in order.
    List(Vec<Node>),
    /// By name.
    Map(BTreeMap<String, Node>),
    /// A number with a fraction.
    Number(f64),
    /// A text.
    Text(String),
}

impl Node {
    /// A text, cut to [`LONGEST`] characters.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.chars().take(LONGEST).collect())
    }

    /// A count; the language's whole numbers end at 2^63.
    pub(crate) fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Texts, each once.
    pub(crate) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let once: std::collections::BTreeSet<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        Self::List(once.into_iter().map(Self::text).collect())
    }

    /// Counts by name.
    pub(crate) fn counts<K: Into<String>>(counts: impl IntoIterator<Item = (K, u64)>) -> Self {
        let mut map = BTreeMap::new();
        for (name, count) in counts {
            let sum: &mut u64 = map.entry(name.into()).or_default();
            *sum = sum.saturating_add(count);
        }
        Self::Map(map.into_iter().map(|(name, count)| (name, Self::count(count))).collect())
    }

    /// A record; names are of the [schema](crate::schema).
    pub(crate) fn record<const N: usize>(fields: [(&str, Node); N]) -> Self {
        Self::Map(fields.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    /// The part under a name.
    pub(crate) fn at(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(fields) => fields.get(name),
            _ => None,
        }
    }

    /// Its parts, where it is a list.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Its text, where it is one.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// Whether it is true; what is neither true nor false is not.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Its number; 0 where it is no whole one.
    pub(crate) fn as_int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            _ => 0,
        }
    }

    /// As the language has it.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Int(number) => Value::Int(*number),
            Self::List(items) => Value::List(Arc::new(items.iter().map(Self::value).collect())),
            Self::Map(fields) => {
                let entry =
                    |(name, node): (&String, &Self)| (Key::String(Arc::new(name.clone())), node.value());
                Value::Map(cel::objects::Map { map: Arc::new(fields.iter().map(entry).collect()) })
            }
            Self::Number(number) => Value::Float(*number),
            Self::Text(text) => Value::String(Arc::new(text.clone())),
        }
    }
}

/// Characters of a text that conditions see.
const LONGEST: usize = 256;
