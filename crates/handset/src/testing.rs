//! What the tests of several rooms need.

use crate::{
    Found,
    lines::Lines,
    reader::{Fact, LineReader},
    system::Operation,
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

/// What apps did, a line each.
pub(crate) fn operations(facts: Vec<Fact>) -> Vec<String> {
    let operation = |fact| match fact {
        Fact::Operation(found) => found.value,
        other => panic!("{other:?}"),
    };
    let line = |it: Operation| {
        let uid = it.uid.map(|uid| uid.to_string()).unwrap_or_default();
        let time = it.time.map(|time| time.to_string()).unwrap_or_default();
        let outcome = it.outcome.map(|outcome| format!("{outcome:?}")).unwrap_or_default();
        let Operation { package, name, mode, duration, state, .. } = it;
        format!("{uid} {package} {name} {mode} {outcome} {time} {duration:?} {state}")
    };
    facts.into_iter().map(operation).map(line).collect()
}

/// The part of a text that says a fact.
pub(crate) fn text_of<'a, T>(text: &'a str, found: &Found<T>) -> &'a str {
    &text[usize::try_from(found.start).unwrap()..usize::try_from(found.end).unwrap()]
}
