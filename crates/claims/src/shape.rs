//! How large things are that a condition goes through: an upper bound, known before it runs.

use std::{collections::BTreeMap, rc::Rc};

use crate::node::Node;

/// The size of a value, or of the largest of many values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// Scalars in it; a long text counts as several.
    pub(crate) weight: u64,
    /// Elements or names in it.
    pub(crate) len: u64,
    item: Option<Rc<Shape>>,
    fields: Rc<BTreeMap<String, Shape>>,
}

impl Shape {
    pub(crate) fn scalar() -> Self {
        Self { weight: 1, ..Self::default() }
    }

    /// A scalar of a certain weight.
    pub(crate) fn heavy(weight: u64) -> Self {
        Self { weight, ..Self::default() }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self { weight: 1 + (text.len() / 16) as u64, ..Self::default() }
    }

    /// So many of one shape.
    pub(crate) fn many(len: u64, item: Self) -> Self {
        let weight = len.saturating_mul(item.weight).saturating_add(1);
        Self { weight, len, item: Some(Rc::new(item)), fields: Rc::default() }
    }

    pub(crate) fn list(items: impl Iterator<Item = Self>) -> Self {
        let (mut weight, mut len, mut largest) = (1u64, 0, None::<Self>);
        for item in items {
            weight = weight.saturating_add(item.weight);
            len += 1;
            largest = Some(match largest {
                Some(largest) => largest.or(&item),
                None => item,
            });
        }
        Self { weight, len, item: largest.map(Rc::new), fields: Rc::default() }
    }

    pub(crate) fn of(node: &Node) -> Self {
        match node {
            Node::Bool(_) | Node::Int(_) | Node::Number(_) => Self::scalar(),
            Node::Text(text) => Self::text(text),
            Node::List(items) => Self::list(items.iter().map(Self::of)),
            Node::Map(nodes) => {
                Self::record(nodes.iter().map(|(name, node)| (name.clone(), Self::of(node))).collect())
            }
        }
    }

    pub(crate) fn record(fields: BTreeMap<String, Self>) -> Self {
        let weight =
            fields.values().fold(1, |sum: u64, shape| sum.saturating_add(shape.weight).saturating_add(1));
        Self { weight, len: fields.len() as u64, item: None, fields: Rc::new(fields) }
    }

    /// What is under a name.
    pub(crate) fn field(&self, name: &str) -> Self {
        self.fields.get(name).cloned().unwrap_or_else(|| self.any())
    }

    /// The largest thing in it; of a scalar, itself.
    pub(crate) fn any(&self) -> Self {
        let fields = self
            .fields
            .values()
            .fold(None::<Self>, |all, one| Some(all.map_or_else(|| one.clone(), |all| all.or(one))));
        match (&self.item, fields) {
            (Some(item), None) => Self::clone(item),
            (Some(item), Some(fields)) => fields.or(item),
            (None, Some(fields)) => fields,
            (None, None) => Self { weight: self.weight, ..Self::default() },
        }
    }

    /// The larger of the two, part by part.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.grow(other);
        self
    }

    /// Makes each part at least as large as the other's.
    fn grow(&mut self, other: &Self) {
        self.weight = self.weight.max(other.weight);
        self.len = self.len.max(other.len);
        match (&mut self.item, &other.item) {
            (Some(one), Some(two)) => Rc::make_mut(one).grow(two),
            (one @ None, two) => one.clone_from(two),
            (Some(_), None) => {}
        }
        if other.fields.is_empty() {
            return;
        }
        let fields = Rc::make_mut(&mut self.fields);
        for (name, shape) in other.fields.iter() {
            match fields.get_mut(name) {
                Some(there) => there.grow(shape),
                None => drop(fields.insert(name.clone(), shape.clone())),
            }
        }
    }

    /// Both behind each other.
    pub(crate) fn and(self, other: &Self) -> Self {
        let (weight, len) = (self.weight.saturating_add(other.weight), self.len.saturating_add(other.len));
        Self { weight, len, ..self.or(other) }
    }
}
