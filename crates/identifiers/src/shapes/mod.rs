//! Shapes: identifiers recognised without knowing their value.
//!
//! A named field of a decoded message, or a stretch of free text, becomes the identifiers that its name
//! and form give away. The field's name is looked up in a lexicon (`data/field_names.toml`), and what the
//! lexicon suspects is put to the test by a validator: a check digit, a numbering plan, a syntax. Few forms
//! are unmistakable enough to be believed without a name. Placeholders (`data/placeholders.toml`) never are.

mod agent;
mod checks;
mod free_text;
mod gsm;
mod lexicon;
mod network;
mod place;
mod placeholders;
mod seen;
mod tokens;
mod words;

use evidence::{Carrier, Form, IdentifierKind};

use self::{
    checks::{Check, Hit},
    lexicon::{Lexicon, Row},
    placeholders::Placeholders,
    seen::{Question, Seen},
};
pub(crate) use self::{
    gsm::is_international_number,
    words::{is_package, maker as maker_of_package},
};

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

impl FieldView<'_> {
    /// The part of the message, for the lexicon. A document in an address, a header or a raw stream holds what
    /// a body would: an application's report, and not the request itself.
    fn reported_in(&self) -> Carrier {
        match self.carrier {
            Carrier::Header | Carrier::Query | Carrier::Raw if DOCUMENTS.contains(&self.decoder) => {
                Carrier::Body
            }
            carrier => carrier,
        }
    }

    /// Whether a value that any text would be may be believed. A name of one or two letters is soon there by
    /// chance: eight random bytes read as a form are `q=/x` once in some millions of times.
    fn is_believable(&self, check: Check, hit: &Hit) -> bool {
        let letters = |name: &str| name.bytes().filter(u8::is_ascii_alphabetic).count();
        let name = match letters(self.name) {
            0 => letters(self.parent),
            some => some,
        };
        // A form within a value is most of all what noise decodes to.
        let nested = !self.parent.is_empty() && matches!(self.decoder, "cookie" | "form" | "query");
        match check {
            _ if name > 2 => true,
            Check::Account => hit.form == "digits",
            Check::Model => !nested,
            Check::Text => words::is_typed(&hit.canonical, if nested { 6 } else { 3 }),
            _ => true,
        }
    }
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
pub struct Shapes {
    lexicon: Lexicon,
    /// The lexicon's answers to the names met so far.
    seen: Seen,
    placeholders: Placeholders,
}

impl Shapes {
    /// How many shapes one call adds at most.
    pub const MOST: usize = 5_000;

    /// Makes the tables from the data that ship with the program.
    pub fn new() -> Self {
        Self { lexicon: Lexicon::built_in(), seen: Seen::new(), placeholders: Placeholders::built_in() }
    }

    /// Adds to `found` what one named value gives away. Allocates only where it finds something.
    ///
    /// Meant for the innermost fields: what an outer one holds is found again in it. `false` where there is
    /// more than [`Self::MOST`].
    pub fn field(&self, field: FieldView<'_>, found: &mut Vec<Shape>) -> bool {
        if field.value.is_empty() {
            return true;
        }
        let first = found.len();
        self.named(field, found);
        if field.value.len() > SHORT {
            return self.free(field.carrier, field.value, first, found);
        }
        self.formed(field, first, found);
        true
    }

    /// Adds to `found` what free text or bytes without fields give away: raw streams, bodies nobody decoded,
    /// paths, header values. `name` is the header's name, or empty. Linear in the length. `false` where
    /// there is more than [`Self::MOST`].
    pub fn text(&self, carrier: Carrier, name: &str, bytes: &[u8], found: &mut Vec<Shape>) -> bool {
        let first = found.len();
        if !name.is_empty() {
            self.named(FieldView { name, parent: "", value: bytes, carrier, decoder: "" }, found);
        } else if agent::begins(bytes) {
            self.keep_all(IdentifierKind::Model, Some(Confidence::ByForm), found, |hits| {
                agent::agent(bytes, hits);
            });
        }
        self.free(carrier, bytes, first, found)
    }

    /// What the field's name suggests: of several readings the first that stands up to its check.
    fn named(&self, field: FieldView<'_>, found: &mut Vec<Shape>) {
        let (name, carrier) = (field.name.as_bytes(), field.reported_in());
        let look = || self.lexicon.row_numbers(name, field.parent, carrier);
        match self.seen.rows(Question { name, parent: field.parent.as_bytes(), carrier }, look) {
            Some([]) => {}
            Some(rows) => self.tell(field, rows.iter().filter_map(|number| self.lexicon.row(*number)), found),
            None => self.tell(field, self.lexicon.rows(name, field.parent, carrier), found),
        }
    }

    fn tell<'a>(&self, field: FieldView<'_>, rows: impl Iterator<Item = &'a Row>, found: &mut Vec<Shape>) {
        // `/user/login.png` is nobody: the word before a segment says less than a parameter's name.
        let routed = field.decoder == "path";
        for row in rows {
            let held = self.keep_all(row.kind, None, found, |hits| {
                row.check.run(field.value, hits);
                if row.hashed && hits.is_empty() {
                    checks::hash(field.value, hits);
                }
                hits.retain(|hit| {
                    hit.sure || !routed && (row.needs_parent() || field.is_believable(row.check, hit))
                });
            });
            if held {
                return;
            }
        }
    }

    /// Forms that need no name, in a short value. Each is asked for only where a byte or the length allows.
    fn formed(&self, field: FieldView<'_>, first: usize, found: &mut Vec<Shape>) {
        let value = field.value;
        let nameless = || says_nothing(field.name) && says_nothing(field.parent);
        let mut hits = Vec::new();
        match value {
            [b'/', ..] => hits.extend(words::stored_file(value, 0)),
            [b'a', ..] => hits.extend(network::android_host(value, 0)),
            [b'0'..=b'9', ..] if nameless() => numbers(value, &mut hits),
            _ => {}
        }
        if value.len() >= 6 && memchr::memchr(b'@', value).is_some() {
            words::email(value, &mut hits);
            hits.retain(|hit| hit.kind != Some(IdentifierKind::Email) || hit.range.len() >= SHORTEST_EMAIL);
        }
        if matches!(value.len(), 17..=19) {
            network::separated(value, &mut hits);
        }
        for hit in hits {
            let kind = hit.kind.unwrap_or(IdentifierKind::WifiMac);
            self.keep(hit, kind, Confidence::ByForm, (first, found));
        }
    }

    fn free(&self, carrier: Carrier, bytes: &[u8], first: usize, found: &mut Vec<Shape>) -> bool {
        let mut complete = true;
        free_text::scan(&self.lexicon, carrier, bytes, &mut |hit, kind, confidence| {
            let kind = hit.kind.unwrap_or(kind);
            self.keep(hit, kind, confidence, (first, found));
            complete = found.len() - first < Self::MOST;
            complete
        });
        complete
    }

    /// Keeps what `check` finds; whether that was anything.
    fn keep_all(
        &self,
        kind: IdentifierKind,
        confidence: Option<Confidence>,
        found: &mut Vec<Shape>,
        check: impl FnOnce(&mut Vec<Hit>),
    ) -> bool {
        let mut hits = Vec::new();
        check(&mut hits);
        let before = found.len();
        for hit in hits {
            let by_name = if hit.sure { Confidence::Both } else { Confidence::ByName };
            let kind = hit.kind.unwrap_or(kind);
            self.keep(hit, kind, confidence.unwrap_or(by_name), (before, found));
        }
        found.len() > before
    }

    /// Keeps a hit that is no placeholder, nor within something of its kind that was found since `first`.
    fn keep(
        &self,
        hit: Hit,
        kind: IdentifierKind,
        confidence: Confidence,
        (first, found): (usize, &mut Vec<Shape>),
    ) {
        let since = found.get(first..).unwrap_or_default();
        let known = since.iter().rev().take(NEAR).any(|shape| {
            let overlaps = shape.start < hit.range.end && hit.range.start < shape.end;
            overlaps && (shape.kind == kind || confidence == Confidence::ByForm)
        });
        if known || self.placeholders.contain(hit.canonical.as_bytes()) {
            return;
        }
        found.push(Shape {
            kind,
            canonical: hit.canonical,
            form: Form(hit.form.to_owned()),
            start: hit.range.start,
            end: hit.range.end,
            confidence,
            why: hit.why,
        });
    }
}

/// Whether a name is none, a number (as in protobuf) or one letter (`a`, `p1`), as code has that hides its names.
fn says_nothing(name: &str) -> bool {
    name.bytes().filter(|byte| byte.is_ascii_alphabetic()).count() <= 1 && name.is_ascii()
}

/// Numbers so well marked that they are believed where no name near says anything.
fn numbers(value: &[u8], hits: &mut Vec<Hit>) {
    let before = hits.len();
    match value.len() {
        15 => gsm::imei_strict(value, hits),
        19 | 20 if value.starts_with(b"89") => gsm::iccid(value, hits),
        _ => {}
    }
    for hit in hits.iter_mut().skip(before) {
        hit.kind = Some(if value.len() == 15 { IdentifierKind::Imei } else { IdentifierKind::Iccid });
        hit.why = "its prefix and its check digit (Luhn) fit, and no name near says anything";
    }
    hits.retain(|hit| hit.sure);
}

/// Decoders that read documents: what they name was written down, and is no part of an address.
const DOCUMENTS: [&str; 7] = ["bplist", "cbor", "json", "msgpack", "plist", "protobuf", "xml"];
/// Shorter e-mail addresses need a name: eight random bytes may be one.
const SHORTEST_EMAIL: usize = 10;
/// Longer values are searched as free text.
const SHORT: usize = 64;
/// How many of the last shapes a new one is compared with: passes go from front to back.
const NEAR: usize = 64;
