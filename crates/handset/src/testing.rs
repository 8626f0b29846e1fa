//! What the tests of several rooms need.

use crate::{
    Found,
    lines::Lines,
    reader::{Fact, LineReader},
};

/// The facts of a text.
pub(crate) fn facts_of(reader: &mut dyn LineReader, text: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut lines = Lines::default();
    lines.push(text.as_bytes(), &mut |line| reader.line(line, &mut facts));
    lines.finish(&mut |line| reader.line(line, &mut facts));
    reader.finish(&mut facts);
    facts
}

/// The part of a text that says a fact.
pub(crate) fn text_of<'a, T>(text: &'a str, found: &Found<T>) -> &'a str {
    &text[usize::try_from(found.start).unwrap()..usize::try_from(found.end).unwrap()]
}
