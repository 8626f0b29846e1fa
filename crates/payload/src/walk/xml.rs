//! XML to fields (XML 1.0), and property lists written in XML: elements, their attributes and their text.
//!
//! Forgiving: end tags may be missing or wrong, the input may be cut. Text is given as it stands, entities not
//! undone.

use std::ops::Range;

use super::{Fields, Walked};
use crate::{
    FieldIndex, Name,
    sniff::{CONTROL, DASH, DIGIT, HEX_LETTER, HIGH, LOWER, UPPER, class, text_start},
};

/// Elements, attributes and text.
pub(crate) fn xml(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    Walker::new(fields, input, false).document()
}

/// A property list: what stands behind a `<key>` has its name.
pub(crate) fn plist(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    Walker::new(fields, input, true).document()
}

struct Walker<'w, 't> {
    fields: &'w mut Fields<'t>,
    input: &'w [u8],
    at: usize,
    open: Vec<Open>,
    plist: bool,
    /// The key that names the next element of a property list.
    key: Option<Range<usize>>,
    closed: usize,
}

struct Open {
    field: Option<FieldIndex>,
    tag: Range<usize>,
    count: u32,
}

impl<'w, 't> Walker<'w, 't> {
    fn new(fields: &'w mut Fields<'t>, input: &'w [u8], plist: bool) -> Self {
        Self { fields, input, at: text_start(input), open: Vec::new(), plist, key: None, closed: 0 }
    }

    fn document(&mut self) -> Option<Walked> {
        if self.rest().first() != Some(&b'<') {
            return None;
        }
        let read = self.nodes();
        let complete = read.is_some() && self.open.is_empty() && self.closed > 0;
        let consumed = self.at.min(self.input.len());
        let cut = read.is_none() && self.fields.count() > 1;
        while let Some(open) = self.open.pop() {
            self.fields.close(open.field, consumed);
        }
        (self.fields.count() > 0 && (self.closed > 0 || cut)).then_some(Walked { consumed, complete })
    }

    fn rest(&self) -> &'w [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Reads to the end of the input; `None` where that comes too early.
    fn nodes(&mut self) -> Option<()> {
        while !self.rest().is_empty() {
            let rest = self.rest();
            match rest {
                [b'<', b'/', ..] => self.end_tag()?,
                [b'<', b'!', b'-', b'-', ..] => self.skip_behind(b"-->")?,
                [b'<', b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => self.cdata()?,
                [b'<', b'?', ..] => self.skip_behind(b"?>")?,
                [b'<', b'!', ..] => self.doctype()?,
                [b'<', first, ..] if is_name_start(*first) => self.start_tag()?,
                _ => self.text()?,
            }
        }
        Some(())
    }

    fn skip_behind(&mut self, end: &[u8]) -> Option<()> {
        let found = memchr::memmem::find(self.rest(), end);
        self.at = found.map_or(self.input.len(), |found| self.at + found + end.len());
        found.map(|_| ())
    }

    /// A document type, with the declarations in its brackets.
    fn doctype(&mut self) -> Option<()> {
        let end = memchr::memchr2(b'>', b'[', self.rest())?;
        if self.rest().get(end) == Some(&b'[') {
            self.skip_behind(b"]")?;
        }
        self.skip_behind(b">")
    }

    fn cdata(&mut self) -> Option<()> {
        let start = self.at + 9;
        let found = memchr::memmem::find(self.rest(), b"]]>");
        let end = found.map_or(self.input.len(), |found| self.at + found).max(start);
        self.leaf(start.min(self.input.len())..end.min(self.input.len()))?;
        self.at = found.map_or(self.input.len(), |found| self.at + found + 3);
        found.map(|_| ())
    }

    fn text(&mut self) -> Option<()> {
        let rest = self.rest();
        // A `<` here begins no tag, so it is text.
        let len = memchr::memchr(b'<', rest.get(1..)?).map_or(rest.len(), |found| found + 1);
        let text = rest.get(..len)?;
        let inner = text.trim_ascii();
        let start = self.at + (text.len() - text.trim_ascii_start().len());
        self.at += len;
        if inner.is_empty() { Some(()) } else { self.leaf(start..start + inner.len()) }
    }

    /// Text of the innermost open element. Outside of all there is none.
    fn leaf(&mut self, range: Range<usize>) -> Option<()> {
        let Some(top) = self.open.last() else {
            return Some(());
        };
        if self.plist && self.input.get(top.tag.clone()) == Some(b"key") {
            self.key = Some(range);
            return Some(());
        }
        let field = self.fields.add(top.field, Name::None, range)?;
        if self.plist && self.input.get(top.tag.clone()) == Some(b"data") {
            self.fields.ask(Some(field), "base64");
        }
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let tag = self.name();
        if !self.fields.may_nest(self.open.len()) {
            return None;
        }
        let field = match self.element_name(&tag) {
            Some(name) => Some(self.fields.add(self.parent(), name, start..start)?),
            None => self.parent(),
        };
        let empty = self.attributes(field)?;
        if empty {
            self.fields.close(field, self.at);
            self.closed += 1;
        } else {
            self.open.push(Open { field, tag, count: 0 });
        }
        Some(())
    }

    fn parent(&self) -> Option<FieldIndex> {
        self.open.last().and_then(|open| open.field)
    }

    /// What an element's field is called; `None` where it gets no field of its own.
    fn element_name(&mut self, tag: &Range<usize>) -> Option<Name> {
        if !self.plist {
            return Some(Name::Range(tag.clone()));
        }
        let in_array = |open: &&mut Open| self.input.get(open.tag.clone()) == Some(b"array");
        match self.key.take() {
            Some(key) => Some(Name::Range(key)),
            None => self.open.last_mut().filter(in_array).map(|open| {
                open.count += 1;
                Name::Index(open.count - 1)
            }),
        }
    }

    /// Reads up to the end of a start tag; whether the element is empty.
    fn attributes(&mut self, element: Option<FieldIndex>) -> Option<bool> {
        loop {
            let blank = self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.at += blank;
            match self.rest() {
                [b'/', b'>', ..] => {
                    self.at += 2;
                    return Some(true);
                }
                [b'>', ..] => {
                    self.at += 1;
                    return Some(false);
                }
                [first, ..] if is_name_start(*first) => {
                    let name = self.name();
                    if let Some(value) = self.attribute_value()? {
                        self.fields.add(element, Name::Range(name), value)?;
                    }
                }
                [] => return None,
                _ => self.at += 1,
            }
        }
    }

    /// `= "value"`; `None` inside where an attribute has no value, outside where the input ends in it.
    #[expect(clippy::option_option, reason = "no value and no end are two answers")]
    fn attribute_value(&mut self) -> Option<Option<Range<usize>>> {
        let rest = self.rest();
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if rest.get(blank) != Some(&b'=') {
            return Some(None);
        }
        let behind = rest.get(blank + 1..)?;
        let skip = blank + 1 + behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = self.at + skip;
        let value = self.input.get(start..)?;
        let (start, len, end) = match value.first()? {
            quote @ (b'"' | b'\'') => {
                let len = memchr::memchr(*quote, value.get(1..)?)?;
                (start + 1, len, start + len + 2)
            }
            _ => {
                let len =
                    value.iter().take_while(|&&byte| !byte.is_ascii_whitespace() && byte != b'>').count();
                (start, len, start + len)
            }
        };
        self.at = end;
        Some(Some(start..start + len))
    }

    fn end_tag(&mut self) -> Option<()> {
        self.at += 2;
        let tag = self.name();
        let name = self.input.get(tag)?;
        let end = memchr::memchr(b'>', self.rest());
        self.at = end.map_or(self.input.len(), |end| self.at + end + 1);
        let deepest = self.open.len().saturating_sub(FORGIVEN);
        let near = self.open.get(deepest..)?;
        let found = near.iter().rposition(|open| self.input.get(open.tag.clone()) == Some(name));
        if let Some(found) = found {
            for open in self.open.drain(deepest + found..) {
                self.fields.close(open.field, self.at);
            }
            self.closed += 1;
        }
        end.map(|_| ())
    }

    fn name(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += self.rest().iter().take_while(|&&byte| is_name(byte)).count();
        start..self.at
    }
}

fn is_name_start(byte: u8) -> bool {
    class(byte) & (HEX_LETTER | LOWER | UPPER | HIGH) != 0 && class(byte) & DIGIT == 0 || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    class(byte) & (DIGIT | HEX_LETTER | LOWER | UPPER | HIGH | DASH) != 0 || matches!(byte, b':' | b'.')
}

const _: () = assert!(CONTROL & HIGH == 0);
/// How many elements an end tag may close that lack their own.
const FORGIVEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    fn rows(
        walker: fn(&mut Fields<'_>, &[u8]) -> Option<Walked>,
        input: &str,
    ) -> Option<(bool, Vec<String>)> {
        let (walked, rows) = walk_alone(walker, input.as_bytes())?;
        Some((walked.complete, rows.iter().map(|(name, value)| format!("{name}={value}")).collect()))
    }

    #[test]
    fn attributes_and_text_are_fields() {
        let input = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"b\">]><r v='1'><imei>0044</imei>\
            <!-- <no> --><e a = \"x &amp; y\" b/>t<![CDATA[<raw>]]></r>\n";
        let (complete, rows) = rows(xml, input).unwrap();
        assert!(complete);
        assert_eq!(rows, ["r.v=1", "r.imei=0044", "r.e.a=x &amp; y", "r=t", "r=<raw>"]);
    }

    #[test]
    fn property_lists_are_named_by_their_keys() {
        let input = "<plist version=\"1.0\"><dict><key>IMEI</key><string>0044</string><key>L</key><array>\
            <integer>1</integer><data>\nSGk=\n</data></array><key>On</key><true/></dict></plist>";
        let (complete, rows) = rows(plist, input).unwrap();
        assert!(complete);
        assert_eq!(rows[1..], ["IMEI=0044", "L.[]=1", "L.[]=SGk=", "On=<true/>"]);
    }

    #[test]
    fn cut_and_sloppy_documents_are_read() {
        assert_eq!(rows(xml, "<r><a>1</a><b>tw").unwrap(), (false, vec!["r.a=1".into(), "r.b=tw".into()]));
        assert_eq!(rows(xml, "<r><p>1<p>2</r>").unwrap().1, ["r.p=1", "r.p.p=2"]);
        assert_eq!(rows(xml, "<3 you"), None);
        assert_eq!(rows(xml, "< a"), None);
        assert_eq!(rows(xml, "<<<<"), None);
    }
}
