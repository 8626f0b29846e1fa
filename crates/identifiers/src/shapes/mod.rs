//! Shapes: identifiers recognised without knowing their value.
//!
//! A named field of a decoded message, or a stretch of free text, becomes the identifiers that its name
//! and form give away. The field's name is looked up in a lexicon (`data/field_names.toml`), and what the
//! lexicon suspects is put to the test by a validator: a check digit, a numbering plan, a syntax. Few forms
//! are unmistakable enough to be believed without a name. Placeholders (`data/placeholders.toml`) never are.

use evidence::{Carrier, Form, IdentifierKind};

/// One named value of an outbound message.
#[derive(Clone, Copy, Debug)]
pub struct FieldView<'a> {
    /// The innermost name, as sent. Empty or a number where the format has no names (protobuf, lists).
    pub name: &'a str,
    /// The next outer *name*, `device` in `device.mac`; positions in lists are passed over
    /// (`contacts` for the `number` of `contacts.[].number`). Empty where there is none.
    pub parent: &'a str,
    /// The value, decoded.
    pub value: &'a [u8],
    /// The part of the message that holds it.
    pub carrier: Carrier,
    /// The decoder that named the field: `json`, `form` …; empty for what the message's head names.
    pub decoder: &'static str,
}

/// What makes us believe that a value is what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Name and form agree: a field called IMEI with a right check digit.
    Both,
    /// The form alone: an e-mail address is one wherever it stands.
    ByForm,
    /// The field's name alone; the form does not contradict it.
    ByName,
}

/// An identifier recognised by name or form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What it is.
    pub kind: IdentifierKind,
    /// The value in canonical writing. At most 256 characters.
    pub canonical: String,
    /// The form it stood in: `digits`, `colon-lower`, `uuid`, `hex`, `md5/hex` …
    pub form: Form,
    /// First byte in the value or text.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// What speaks for it.
    pub confidence: Confidence,
    /// The same for the reader, to stand after "because".
    pub why: &'static str,
}

/// The recogniser: tables made once, then shared by all threads.
#[derive(Debug, Default)]
pub struct Shapes {}

impl Shapes {
    /// Makes the tables from the data that ship with the program.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to `found` what one named value gives away. Allocates only where it finds something.
    pub fn field(&self, field: FieldView<'_>, found: &mut Vec<Shape>) {
        let _ = (field, found);
    }

    /// Adds to `found` what free text or bytes without fields give away: raw streams, bodies nobody decoded,
    /// paths, header values. `name` is the header's name, or empty. One pass, linear.
    pub fn text(&self, carrier: Carrier, name: &str, bytes: &[u8], found: &mut Vec<Shape>) {
        let _ = (carrier, name, bytes, found);
    }
}
