//! Texts with values in them: `${imei1}`, `${event.word|percent}`, `${time:%Y-%m-%d %H:%M:%S}`.
//!
//! A value is bytes, so that filters may make what is no text. Braces without a dollar sign are text.

use testkit::Dice;

use crate::{
    LabError,
    filters::{self, Means},
};

/// Gives the values of a template.
pub(crate) trait Values {
    /// The value of a name; none where there is no such.
    fn value(&mut self, name: &str) -> Option<Vec<u8>>;
    /// The part of a name.
    fn part(&self, name: &str) -> Option<Vec<u8>>;
    /// What is random.
    fn dice(&mut self) -> &mut Dice;
}

/// Fills a template and puts it through the filters of `encode`.
pub(crate) fn made(template: &str, encode: &[String], values: &mut dyn Values) -> Result<Vec<u8>, LabError> {
    let filled = filled(template, values)?;
    encode.iter().try_fold(filled, |value, filter| filter_with(filter, value, values))
}

/// The same as text.
pub(crate) fn text(template: &str, values: &mut dyn Values) -> Result<String, LabError> {
    Ok(String::from_utf8_lossy(&filled(template, values)?).into_owned())
}

fn filled(template: &str, values: &mut dyn Values) -> Result<Vec<u8>, LabError> {
    let mut out = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("${") {
        out.extend(before.as_bytes());
        let (inner, behind) = behind.split_once('}').ok_or_else(|| wrong("a ${ is not closed", template))?;
        out.extend(one(inner, values)?);
        rest = behind;
    }
    out.extend(rest.as_bytes());
    Ok(out)
}

fn one(inner: &str, values: &mut dyn Values) -> Result<Vec<u8>, LabError> {
    let mut filters = inner.split('|');
    let name = filters.next().unwrap_or_default();
    let value = values.value(name).ok_or_else(|| wrong("there is no value", name))?;
    filters.try_fold(value, |value, filter| filter_with(filter, value, values))
}

fn filter_with(filter: &str, value: Vec<u8>, values: &mut dyn Values) -> Result<Vec<u8>, LabError> {
    let argument = filter.split_once(':').map_or("", |(_, argument)| argument);
    let part = values.part(argument);
    let named = |_: &str| part.clone();
    let mut means = Means { dice: values.dice(), part: &named };
    filters::apply(filter, value, &mut means).ok_or_else(|| wrong("the value does not go through", filter))
}

fn wrong(what: &str, which: &str) -> LabError {
    LabError::Template(format!("{what}: {which}"))
}
