//! Bytes of XML to its tags, however they are cut, and however broken it is.
//!
//! A parser of whole documents gives up at the first mistake, and what other programs exported has many. Here
//! only where a tag begins and ends is decided; its attributes are left to `quick-xml`.

use std::mem;

use memchr::{memchr, memchr3};
use quick_xml::events::attributes::Attributes;

use crate::{Found, Oddity};

/// A tag between `<` and `>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    /// Names and values, entities resolved. The values of one name may come twice.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) kind: TagKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagKind {
    Close,
    Open,
    SelfClosing,
}

impl Tag {
    /// An attribute's value; none also where it says `null`, as exported empty columns do.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter().filter(|(it, _)| it == name);
        all.next().map(|(_, value)| value.as_str()).filter(|value| *value != "null")
    }
}

/// Cuts a stream into tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    state: State,
    /// The bytes of the tag from `<` on.
    tag: Vec<u8>,
    /// Where `tag` began.
    start: u64,
    /// The bytes of `tag` that were left out because it is too long.
    dropped: u64,
    at: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A comment, a declaration, or CDATA: up to this end.
    Aside(&'static [u8]),
    /// In a value, up to this quote.
    Quoted(u8),
    /// In a tag, outside of values.
    Tag,
    #[default]
    Text,
}

impl Tags {
    /// Takes the next bytes; `out` gets each tag that they complete, and what was odd.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut impl FnMut(Result<Found<Tag>, Oddity>)) {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Text => self.text(bytes),
                State::Tag => self.tag(bytes, out),
                State::Quoted(quote) => self.quoted(bytes, quote),
                State::Aside(end) => self.aside(bytes, end),
            };
            self.at = self.at.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Says whether the stream ended within a tag.
    pub(super) fn finish(&mut self) -> Option<Oddity> {
        let open = self.state != State::Text;
        self.state = State::Text;
        let length = mem::take(&mut self.tag).len();
        open.then(|| Oddity::new("file lacks the end of a tag", format!("{length} bytes of it"), self.start))
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let Some(at) = memchr(b'<', bytes) else { return bytes.len() };
        self.start = self.at.saturating_add(u64::try_from(at).unwrap_or(0));
        self.tag.clear();
        self.tag.push(b'<');
        self.dropped = 0;
        self.state = State::Tag;
        at.saturating_add(1)
    }

    fn tag(&mut self, bytes: &[u8], out: &mut impl FnMut(Result<Found<Tag>, Oddity>)) -> usize {
        // What kind it is shows within its first bytes, which are taken one by one.
        if self.tag.len() < LEAD {
            let Some(first) = bytes.first() else { return 0 };
            if !matches!(first, b'"' | b'\'' | b'>' | b'<') {
                self.keep(&[*first]);
                self.state = aside(&self.tag).map_or(State::Tag, State::Aside);
                return 1;
            }
        }
        let end = memchr3(b'"', b'\'', b'>', bytes).unwrap_or(bytes.len());
        if let Some(again) = memchr(b'<', bytes.get(..end).unwrap_or_default()) {
            out(Err(Oddity::new("file holds a tag that does not end before the next", "", self.start)));
            self.state = State::Text;
            return again;
        }
        self.keep(bytes.get(..end).unwrap_or_default());
        match bytes.get(end) {
            None => return end,
            Some(b'>') => self.done(out),
            Some(quote) => {
                self.keep(&[*quote]);
                self.state = State::Quoted(*quote);
            }
        }
        end.saturating_add(1)
    }

    fn quoted(&mut self, bytes: &[u8], quote: u8) -> usize {
        let end = memchr(quote, bytes).map_or(bytes.len(), |at| at.saturating_add(1));
        if memchr(quote, bytes).is_some() {
            self.state = State::Tag;
        }
        self.keep(bytes.get(..end).unwrap_or_default());
        end
    }

    fn aside(&mut self, bytes: &[u8], end: &'static [u8]) -> usize {
        let Some(first) = bytes.first() else { return 0 };
        self.tag.push(*first);
        if self.tag.ends_with(end) {
            self.state = State::Text;
        }
        // Only the end decides.
        if self.tag.len() > 2 * LEAD {
            self.tag.drain(..LEAD);
        }
        1
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.tag.len().saturating_add(bytes.len()) > LONGEST {
            self.dropped = self.dropped.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        } else {
            self.tag.extend_from_slice(bytes);
        }
    }

    fn done(&mut self, out: &mut impl FnMut(Result<Found<Tag>, Oddity>)) {
        self.state = State::Text;
        let bytes = mem::take(&mut self.tag);
        if self.dropped > 0 {
            let detail = format!("{} bytes are left out", self.dropped);
            out(Err(Oddity::new("file holds a tag that is longer than is read", detail, self.start)));
            return;
        }
        // Nothing was left out, so the tag's bytes and the `>` are what stands there.
        let length = u64::try_from(bytes.len()).unwrap_or(0).saturating_add(1);
        let end = self.start.saturating_add(length);
        let (tag, odd) = read(bytes.get(1..).unwrap_or_default());
        out(Ok(Found::new(tag, self.start..end)));
        if let Some(what) = odd {
            out(Err(Oddity::new(what, "", self.start)));
        }
    }
}

/// How what begins like this ends, where it is no tag.
fn aside(tag: &[u8]) -> Option<&'static [u8]> {
    match tag {
        b"<!--" => Some(b"-->"),
        b"<![CDATA[" => Some(b"]]>"),
        b"<?" => Some(b"?>"),
        _ => None,
    }
}

/// The name and the attributes of what stands between `<` and `>`.
fn read(bytes: &[u8]) -> (Tag, Option<&'static str>) {
    let text = String::from_utf8_lossy(bytes);
    let mut odd = matches!(text, std::borrow::Cow::Owned(_)).then_some("file holds a tag that is no UTF-8");
    let (text, kind) = match (text.strip_prefix('/'), text.strip_suffix('/')) {
        (Some(text), _) => (text, TagKind::Close),
        (None, Some(text)) => (text, TagKind::SelfClosing),
        (None, None) => (&*text, TagKind::Open),
    };
    let end = text.find(|it: char| it.is_whitespace()).unwrap_or(text.len());
    let mut attributes = Vec::new();
    for attribute in Attributes::html(text, end).with_checks(false) {
        match attribute {
            Ok(it) => attributes.push((it.key.as_ref().to_owned(), resolve(&it.value))),
            Err(_) => odd = Some("file holds a tag with a broken attribute"),
        }
    }
    let name = text.get(..end).unwrap_or_default().to_owned();
    (Tag { name, attributes, kind }, odd)
}

/// A value with its entities resolved. Pairs of surrogates, which XML forbids and exporters write for emoji,
/// become the character they stand for; what is no entity stays as it is.
fn resolve(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut high: Option<u32> = None;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut text, &mut high);
        }
        text.push_str(before);
        let Some((code, length)) = entity(from) else {
            flush(&mut text, &mut high);
            text.push('&');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        rest = from.get(length..).unwrap_or_default();
        match (high.take(), code) {
            (Some(lead), 0xdc00..=0xdfff) => {
                let low = code.wrapping_sub(0xdc00);
                let code =
                    lead.wrapping_sub(0xd800).wrapping_mul(0x400).wrapping_add(low).wrapping_add(0x1_0000);
                text.extend(char::from_u32(code));
            }
            (lead, code) => {
                high = lead;
                flush(&mut text, &mut high);
                match code {
                    0xd800..=0xdbff => high = Some(code),
                    code => text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
        }
    }
    flush(&mut text, &mut high);
    text.push_str(rest);
    text
}

/// A surrogate without its other half.
fn flush(text: &mut String, high: &mut Option<u32>) {
    if high.take().is_some() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
}

/// The code of the entity that `text` begins with, and its length.
fn entity(text: &str) -> Option<(u32, usize)> {
    let after = text.get(1..)?;
    let end = after.bytes().take(LONGEST_ENTITY).position(|it| it == b';')?;
    let name = after.get(..end)?;
    let code = match name {
        "amp" => u32::from('&'),
        "apos" => u32::from('\''),
        "gt" => u32::from('>'),
        "lt" => u32::from('<'),
        "quot" => u32::from('"'),
        _ => match name.strip_prefix("#x").or(name.strip_prefix("#X")) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    Some((code, name.len().saturating_add(2)))
}

/// Bytes that tell a tag from a comment or CDATA.
const LEAD: usize = 9;

/// Bytes of an entity: `#x0010FFFF;`.
const LONGEST_ENTITY: usize = 12;

/// The longest tag kept: a part of a multimedia message with its content, as operators limit them, many times.
const LONGEST: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::{Tags, resolve};

    #[test]
    fn entities() {
        let rows = [
            ("a &lt;b&gt; &amp;amp; &#233;&#xE9;", "a <b> &amp; éé"),
            ("&#55357;&#56832;!", "😀!"),
            ("&#55357;x &#56832;", "\u{fffd}x \u{fffd}"),
            ("R&D & &nope; &#x110000;", "R&D & &nope; \u{fffd}"),
            ("&é;&", "&é;&"),
        ];
        for (value, expected) in rows {
            assert_eq!(resolve(value), expected, "{value}");
        }
    }

    #[test]
    fn tags_with_their_places() {
        let text =
            "<?xml version='1.0' ?><a x='1>2'>text<!-- <no> --><b y=\"3\"/><![CDATA[<c>]]><broken <d></a>";
        for step in [1, 3, text.len()] {
            let (mut tags, mut seen) = (Tags::default(), Vec::new());
            for bytes in text.as_bytes().chunks(step) {
                tags.push(bytes, &mut |it| match it {
                    Ok(tag) => {
                        let range = usize::try_from(tag.start).unwrap()..usize::try_from(tag.end).unwrap();
                        seen.push(text[range].to_owned());
                    }
                    Err(odd) => seen.push(odd.what.into_owned()),
                });
            }
            let broken = "file holds a tag that does not end before the next";
            assert_eq!(seen, ["<a x='1>2'>", "<b y=\"3\"/>", broken, "<d>", "</a>"], "in steps of {step}");
            assert_eq!(tags.finish(), None);
        }
    }
}
