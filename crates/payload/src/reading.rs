//! Which decoders may read some bytes: the order of trials, from what the label says over what the first bytes
//! say to what has no mark and must be tried.

use crate::{
    FieldKind, Gives,
    decode::{inflate, stream},
    label::Label,
    plausible, registry,
    sniff::{self, AMPERSAND, BACKSLASH, BASE64, EQUALS, HEX, Magic, PERCENT, PLUS_SLASH, SEPARATOR, SPACE},
    values::{Values, may_hold_pairs, value_kind},
    walk::{form, path, protobuf, url, zip},
    work::{Task, TaskKind, Work},
};

impl Work<'_, '_> {
    /// Looks at one stretch of bytes.
    pub(crate) fn examine(&mut self, task: &Task) {
        match task.kind {
            _ if task.range.is_empty() => {}
            TaskKind::Asked(decoder) => {
                if !self.transform(decoder, task, Label::default(), |_, _| true) {
                    self.body(task, Label::default());
                }
            }
            TaskKind::Body(label) => self.body(task, label),
            TaskKind::Leaf(decoder) => self.leaf(task, decoder),
            TaskKind::Part(kind) => self.part(task, kind),
        }
    }

    /// A part of a message's head.
    fn part(&mut self, task: &Task, kind: FieldKind) {
        let found = sniff::classes(self.bytes(task));
        match kind {
            FieldKind::Path => {
                let bytes = self.bytes(task);
                let name = if url::has_scheme(bytes) { "url" } else { "query" };
                let marked = found & EQUALS != 0 && memchr::memchr2(b'?', b'#', bytes).is_some();
                if !marked || self.address_by(name, task).is_none() {
                    self.path(task);
                }
            }
            FieldKind::Query if form::looks_like_form(self.bytes(task)) => {
                self.structure("form", task);
            }
            FieldKind::Query => self.leaf(task, "form"),
            FieldKind::Cookie if found & EQUALS != 0 => {
                self.structure("cookie", task);
            }
            FieldKind::HostName => {}
            FieldKind::Header if found & EQUALS != 0 => self.header(task, found),
            _ => self.value(task),
        }
    }

    /// A header's value with an `=` in it: an address, parameters, or a value of its own.
    fn header(&mut self, task: &Task, found: u16) {
        if self.address(task).is_some() {
            return;
        }
        let bytes = self.bytes(task);
        let markup = matches!(bytes, [b'{' | b'[' | b'<', ..]);
        if markup || found & SEPARATOR == 0 || found & AMPERSAND != 0 && form::looks_like_form(bytes) {
            return self.value(task);
        }
        let first = self.next_field();
        if self.structure("cookie", task).is_some() {
            self.beside(task, first, |work, task| work.embedded(task, 0));
        }
    }

    fn value(&mut self, task: &Task) {
        if let Some(kind) = value_kind(Values::of(""), self.bytes(task)) {
            self.examine(&Task { kind, ..task.clone() });
        }
    }

    /// An address: the pairs in it are fields, each to be decoded by itself; what stands beside them is
    /// unescaped as it stands.
    fn address(&mut self, task: &Task) -> Option<&'static str> {
        let name = url::decoder(self.bytes(task))?;
        self.address_by(name, task)
    }

    fn address_by(&mut self, name: &'static str, task: &Task) -> Option<&'static str> {
        let first = self.next_field();
        self.structure(name, task)?;
        self.around(task, first, |work, part| {
            let is_path = part.range.start == task.range.start;
            // Of addresses that are values themselves, most are of pages: a short word is no value of its own.
            match is_path && (task.level == 0 || path::has_long_segment(work.bytes(part))) {
                true => work.path(part),
                false => work.plain(part),
            }
        });
        Some(name)
    }

    /// The path of an address: each segment is a value. Where none holds more than it says, base64 may go on
    /// over the slashes in it.
    fn path(&mut self, task: &Task) {
        let waiting = self.waiting();
        match self.structure("path", task) {
            Some(walked) if self.waiting() > waiting => {
                let range = task.range.start.saturating_add(walked.consumed)..task.range.end;
                self.plain(&Task { range, kind: TaskKind::Leaf(""), ..task.clone() });
            }
            _ => self.plain(task),
        }
    }

    pub(crate) fn unescape(&mut self, task: &Task, decoder: &'static str, wanted: u16) -> bool {
        wanted != 0 && self.transform(decoder, task, Label::default(), |_, _| true)
    }

    /// A value inside a format: its own escapes first.
    fn leaf(&mut self, task: &Task, decoder: &'static str) {
        let found = sniff::classes(self.bytes(task));
        let in_form = matches!(decoder, "form" | "query" | "url");
        if decoder == "json" && self.unescape(task, "json-string", found & BACKSLASH) {
            return;
        }
        if matches!(decoder, "xml" | "plist") && self.unescape(task, "xml-text", found & AMPERSAND) {
            return;
        }
        let bytes = self.bytes(task);
        if may_hold_pairs(bytes, found) && self.address(task).is_some() {
            return;
        }
        let plus_is_space = in_form && !self.is_raw_base64(task, found);
        let escaped = match plus_is_space {
            true => self.unescape(task, "form-value", found & (PERCENT | PLUS_SLASH)),
            false => self.unescape(task, "percent", found & PERCENT),
        };
        if !escaped {
            self.body(task, Label::default());
        }
    }

    /// Whether a form's value is base64 whose `+` a careless client left as it is.
    fn is_raw_base64(&self, task: &Task, found: u16) -> bool {
        let bytes = self.bytes(task);
        let alphabet = found & PLUS_SLASH != 0 && found & !(BASE64 & !SPACE | PERCENT) == 0;
        let plain = memchr::memchr(b'%', bytes).and_then(|end| bytes.get(..end)).unwrap_or(bytes);
        alphabet && plausible::may_be_base64(plain)
    }

    /// Bytes of their own.
    fn body(&mut self, task: &Task, label: Label) {
        let label = match label.next_coding() {
            Some((coding, rest)) if self.coded(task, coding, rest) => return,
            Some((coding, rest)) => {
                self.refute(task, coding);
                rest.decoded()
            }
            None => label,
        };
        if self.bytes(task).starts_with(b"--") && self.walk("multipart", task).is_some() {
            return self.check_label(task, label, Some("multipart"));
        }
        let bytes = self.bytes(task);
        let read = match sniff::magic(bytes) {
            Some(Magic::Named(name)) => {
                self.name(task, name);
                return self.check_label(task, label, Some(name));
            }
            Some(Magic::Decoder("zip")) if zip::is_package(bytes) => {
                self.recognise(task, "package");
                return;
            }
            Some(Magic::Decoder(name)) => self.marked(task, name, label),
            None if inflate::zlib_header(bytes) => self
                .attempt("zlib", task, label, |bytes, done| done.complete || plausible::no_accident(bytes)),
            None => None,
        };
        if read.is_some() {
            return;
        }
        let read =
            if sniff::textual(self.bytes(task)) { self.text(task, label) } else { self.binary(task, label) };
        self.check_label(task, label, read);
    }

    /// Undoes the coding that the label names.
    fn coded(&mut self, task: &Task, coding: &'static str, rest: Label) -> bool {
        let any = |_: &[u8], _| true;
        let read = self.attempt(coding, task, rest, any);
        // Many servers mean deflate without its wrapping; Snappy comes framed or not.
        let read = read.or_else(|| match coding {
            "zlib" => self
                .attempt("deflate", task, rest, |bytes, done| done.complete || plausible::no_accident(bytes)),
            "snappy-block" => self.attempt("snappy", task, rest, any),
            _ => None,
        });
        read.is_some()
    }

    /// Runs the decoder whose magic the bytes begin with.
    fn marked(&mut self, task: &Task, name: &'static str, label: Label) -> Option<&'static str> {
        match self.attempt(name, task, label.decoded(), |_, _| true) {
            Some(name) => Some(name),
            None => self.walk(name, task),
        }
    }

    /// A transform, noted where it was kept.
    fn attempt(
        &mut self,
        name: &'static str,
        task: &Task,
        label: Label,
        keep: impl FnOnce(&[u8], crate::output::Done) -> bool,
    ) -> Option<&'static str> {
        let kept = self.transform(name, task, label, keep);
        if kept {
            self.recognise(task, name);
        }
        kept.then_some(name)
    }

    /// A walk, noted where it succeeded.
    fn walk(&mut self, name: &'static str, task: &Task) -> Option<&'static str> {
        self.structure(name, task)?;
        self.recognise(task, name);
        Some(name)
    }

    fn check_label(&mut self, task: &Task, label: Label, read: Option<&'static str>) {
        let Some(media) = label.media.filter(|_| label.claimed) else {
            return;
        };
        // What a decoder made is what the label speaks of; it went on with it.
        if read.and_then(registry::decoder).is_some_and(|decoder| decoder.gives() == Gives::Buffer) {
            return;
        }
        let same = |read: &str| {
            read == media || matches!((media, read), ("xml" | "html", "plist" | "html" | "xml" | "text"))
        };
        if !read.is_some_and(same) {
            self.refute(task, media);
        }
    }

    /// Text: the structured forms, then encodings of other bytes, then what is embedded.
    fn text(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        let bytes = self.bytes(task);
        let start = sniff::text_start(bytes);
        let mut known = 0;
        let read = match bytes.get(start..).unwrap_or_default() {
            [b'<', ..] if is_html(bytes) => {
                self.recognise(task, "html");
                self.scattered(task);
                return Some("html");
            }
            [b'<', ..] if is_plist(bytes) => self.walk("plist", task),
            [b'<', ..] => self.walk("xml", task),
            _ if may_begin_json(bytes, start) => match self.structure("json", task) {
                Some(walked) => {
                    self.recognise(task, "json");
                    known = walked.consumed;
                    Some("json")
                }
                None => None,
            },
            _ => None,
        };
        match read {
            Some(name @ ("plist" | "xml")) => return Some(name),
            Some(name @ "json") if known >= bytes_len(task) => return Some(name),
            Some(name) => {
                self.embedded(task, known);
                return Some(name);
            }
            None => {}
        }
        let first = self.next_field();
        let read = self
            .encoded_text(task, label)
            .or_else(|| self.pairs(task, label))
            .or_else(|| self.escaped_text(task, label));
        match read {
            Some("lines") => self.beside(task, first, Self::scattered),
            Some(_) => {}
            None => self.scattered(task),
        }
        read.or_else(|| {
            self.recognise(task, "text");
            Some("text")
        })
    }

    /// Text that is escaped once more, or as a whole.
    fn escaped_text(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        let bytes = self.bytes(task);
        let made_by = self.made_by(task);
        let again = matches!(made_by, "percent" | "form-value" | "json-string" | "xml-text");
        if !again && bytes.first() != Some(&b'%') || memchr::memchr(b'%', bytes).is_none() {
            return None;
        }
        self.attempt("percent", task, label, |_, _| true)
    }

    /// Text that encodes other bytes as a whole.
    fn encoded_text(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        let bytes = self.bytes(task);
        let head = sniff::classes(bytes.get(..256).unwrap_or(bytes));
        if head & !HEX & !SPACE == 0
            && sniff::classes(bytes) & !(HEX | SPACE) == 0
            && bytes.len() >= plausible::SHORTEST_HEX << self.layers(task)
            && plausible::may_be_hex(bytes)
        {
            return self.attempt("hex", task, label, |_, _| true);
        }
        if head & !BASE64 == 0
            && sniff::classes(bytes) & !BASE64 == 0
            && bytes.len() >= plausible::SHORTEST_BASE64 << self.layers(task)
            && plausible::may_be_base64(bytes.trim_ascii())
        {
            return self.attempt("base64", task, label, |_, _| true);
        }
        if bytes.starts_with(b"eyJ") { self.walk("jwt", task) } else { None }
    }

    /// How many times in a row the text was made from text that encodes bytes. Chance goes on for a few
    /// layers, so each must hold twice the text of the one around it.
    fn layers(&self, task: &Task) -> usize {
        let origin = |buffer| self.tree.buffer(buffer).and_then(|buffer| buffer.origin.as_ref());
        std::iter::successors(origin(task.buffer), |inner| origin(inner.source))
            .take_while(|origin| matches!(origin.decoder, "hex" | "base64"))
            .take(MOST_LAYERS)
            .count()
    }

    /// Text of names and values.
    fn pairs(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        let bytes = self.bytes(task);
        let claimed = label.media == Some("form") && bytes.contains(&b'=');
        let chance = bytes.len() <= SHORT && matches!(self.made_by(task), "hex" | "base64");
        if chance && !plausible::is_named(bytes) {
            return None;
        }
        if claimed || form::looks_like_form(bytes) {
            let has_scheme = url::has_scheme(bytes);
            let read = self.address(task);
            if let Some(name) = read {
                self.recognise(task, name);
            }
            return read.or_else(|| if has_scheme { None } else { self.walk("form", task) });
        }
        if bytes.len() > LONGEST_LINES {
            return None;
        }
        self.walk("lines", task).or_else(|| self.walk("list", task))
    }

    /// Bytes that are no text: formats that can be checked, then compressions without a mark.
    fn binary(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        // A message in a message that holds wide text looks like wide text itself.
        if label.media == Some("protobuf") && self.expected_protobuf(task) {
            return Some("protobuf");
        }
        if let Some(order) = sniff::utf16(self.bytes(task)) {
            return self.attempt(order, task, label.decoded(), |_, _| true);
        }
        let (mut read, whole) = self.messages(task, label);
        if read.is_none() {
            read = self.unmarked(task, label);
        }
        if read.is_none() || !whole {
            self.scattered(task);
            self.embedded_compressed(task);
        }
        read
    }

    fn expected_protobuf(&mut self, task: &Task) -> bool {
        let read = self.structure_with("protobuf", protobuf::protobuf_expected, task).is_some();
        if read {
            self.recognise(task, "protobuf");
        }
        read
    }

    /// Formats of binary messages, and whether one of them read all. More than one may fit.
    fn messages(&mut self, task: &Task, label: Label) -> (Option<&'static str>, bool) {
        let (mut read, mut whole) = (None, false);
        for name in ["grpc", "length-prefixed", "protobuf", "protobuf-delimited", "msgpack", "cbor"] {
            let Some(walked) = self.structure(name, task) else { continue };
            self.recognise(task, name);
            // Few bytes are needed to look like these by chance.
            let expected = !matches!(name, "msgpack" | "cbor") || label.media == Some(name);
            whole |= expected && walked.complete && walked.consumed == bytes_len(task);
            read = read.or(Some(name));
            if matches!(read, Some("grpc" | "length-prefixed")) {
                break;
            }
        }
        (read, whole)
    }

    /// Compressions that have no mark: known only by what comes out.
    fn unmarked(&mut self, task: &Task, label: Label) -> Option<&'static str> {
        if bytes_len(task) < SHORTEST_UNMARKED {
            return None;
        }
        ["deflate", "snappy-block", "br", "lz4-block"].into_iter().find(|name| {
            if *name == "br" && !stream::may_be_brotli(self.bytes(task)) {
                return false;
            }
            let tried = self.run(name, task, TRIAL).is_some() && plausible::no_accident(&self.out.bytes);
            let whole = |bytes: &[u8], done: crate::output::Done| {
                plausible::no_accident(bytes) && (done.complete || bytes.len() > TRIAL)
            };
            tried && self.attempt(name, task, label.decoded(), whole).is_some()
        })
    }
}

fn is_html(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes).to_ascii_lowercase();
    memchr::memmem::find(&head, b"<html").is_some()
        || memchr::memmem::find(&head, b"<!doctype html").is_some()
}

fn is_plist(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes.get(..HEAD).unwrap_or(bytes), b"<plist").is_some()
}

/// Whether text may be JSON, also behind a guard or in a call.
fn may_begin_json(bytes: &[u8], start: usize) -> bool {
    let head = bytes.get(start..).unwrap_or_default();
    let head = head.get(..96).unwrap_or(head);
    match head {
        [b'{' | b'[', ..] => true,
        [b')' | b'w' | b'f' | b'/' | b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
            memchr::memchr2(b'{', b'[', head).is_some()
        }
        _ => false,
    }
}

fn bytes_len(task: &Task) -> usize {
    task.range.len()
}

/// More layers than that are not counted.
const MOST_LAYERS: usize = 24;
/// What chance may make of an id in hex or base64.
const SHORT: usize = 16;
/// Text in lines of names and values is not longer.
const LONGEST_LINES: usize = 1 << 20;
/// Shorter bytes are not tried for compressions without a mark.
const SHORTEST_UNMARKED: usize = 16;
/// Output that is looked at before a decoder without a mark may go on.
const TRIAL: usize = 4096;
/// Bytes that are looked at to tell a page from other markup.
const HEAD: usize = 512;
