//! JSON text to fields (RFC 8259): members and elements with the place of their values; documents in a row
//! (JSON lines), cut ones and those behind a guard (`)]}'`) or a call (JSONP) included.
//!
//! A string's value is what stands between its quotes, escapes not undone. Reading ends at the first byte
//! that fits nowhere; what was read until then stays.

use std::ops::Range;

use super::{Fields, Walked};
use crate::{
    FieldIndex, Name, decode,
    output::Output,
    sniff::{DASH, DIGIT, HEX_LETTER, LOWER, UPPER, class, find_either, text_start},
};

/// Objects and arrays; a number or a string alone has no field.
pub(crate) fn json(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let start = guard_end(input)?;
    let mut walker = Walker { fields, input, at: start, open: Vec::new(), escaped: false };
    let mut ended = Ended::Odd;
    let mut consumed = start;
    while matches!(walker.peek(), Some(b'{' | b'[')) {
        ended = walker.document();
        consumed = walker.at;
        if ended != Ended::Whole {
            break;
        }
        walker.skip(|byte| b") ;,\t\r\n\0\x1e".contains(&byte));
    }
    let to_the_end = walker.at >= input.len();
    consumed = if to_the_end { input.len() } else { consumed };
    // An odd byte behind some members is a damaged document; right at the start it is another language.
    let good = match ended {
        Ended::Whole => to_the_end || walker.fields.count() > usize::from(input.get(start) == Some(&b'[')),
        Ended::Cut => walker.fields.count() > 0,
        Ended::Odd => walker.fields.count() > 2,
    };
    good.then_some(Walked { consumed, complete: ended == Ended::Whole })
}

struct Walker<'w, 't> {
    fields: &'w mut Fields<'t>,
    input: &'w [u8],
    at: usize,
    open: Vec<Open>,
    /// Whether the last string has escapes.
    escaped: bool,
}

/// An object or array that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    field: Option<FieldIndex>,
    object: bool,
    /// Values in it so far.
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The input ended inside a document, or there was no room for more.
    Cut,
    /// A byte fits nowhere.
    Odd,
    /// The document was closed.
    Whole,
}

impl Walker<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    #[inline]
    fn skip(&mut self, blank: impl Fn(u8) -> bool) {
        while let Some(byte) = self.peek()
            && blank(byte)
        {
            self.at += 1;
        }
    }

    fn skip_blank(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    }

    /// Reads the object or array at hand to its end.
    fn document(&mut self) -> Ended {
        let object = self.peek() == Some(b'{');
        self.at += 1;
        self.open.clear();
        let mut top = Open { field: None, object, count: 0 };
        loop {
            self.skip_blank();
            let Some(byte) = self.peek() else {
                return self.cut(top);
            };
            let result = match byte {
                b'}' | b']' if (byte == b'}') == top.object => {
                    self.at += 1;
                    self.fields.close(top.field, self.at);
                    let Some(outer) = self.open.pop() else {
                        return Ended::Whole;
                    };
                    top = outer;
                    Ok(())
                }
                _ => self.item(&mut top, byte),
            };
            match result {
                Ok(()) => {}
                Err(Ended::Cut) => return self.cut(top),
                Err(ended) => {
                    self.close_all(top);
                    return ended;
                }
            }
        }
    }

    fn cut(&mut self, top: Open) -> Ended {
        self.at = if self.fields.limit().is_none() { self.input.len() } else { self.at };
        self.close_all(top);
        Ended::Cut
    }

    fn close_all(&mut self, top: Open) {
        let end = self.at;
        self.fields.close(top.field, end);
        while let Some(outer) = self.open.pop() {
            self.fields.close(outer.field, end);
        }
    }

    /// The comma before a member or element, its name, and the start of its value.
    #[inline]
    fn item(&mut self, top: &mut Open, byte: u8) -> Result<(), Ended> {
        if top.count > 0 {
            if byte != b',' {
                return Err(Ended::Odd);
            }
            self.at += 1;
            self.skip_blank();
            // A comma too many is forgiven.
            if matches!(self.peek(), Some(b'}' | b']')) {
                return Ok(());
            }
        }
        let name = if top.object { self.key()? } else { Name::Index(top.count) };
        top.count = top.count.saturating_add(1);
        self.value(top, name)
    }

    #[inline]
    fn key(&mut self) -> Result<Name, Ended> {
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err(Ended::Odd),
            None => return Err(Ended::Cut),
        }
        let key = self.string().map_err(|_| Ended::Cut)?;
        self.skip_blank();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Ended::Odd),
            None => return Err(Ended::Cut),
        }
        self.skip_blank();
        Ok(self.name(key))
    }

    fn name(&self, key: Range<usize>) -> Name {
        if !self.escaped {
            return Name::Range(key);
        }
        let bytes = self.input.get(key.clone()).unwrap_or_default();
        let mut out = Output::new(bytes.len().saturating_add(4), 300);
        match decode::escape::json_string(&mut out, bytes) {
            Some(_) => Name::Owned(String::from_utf8_lossy(&out.bytes).into()),
            None => Name::Range(key),
        }
    }

    #[inline]
    fn value(&mut self, top: &mut Open, name: Name) -> Result<(), Ended> {
        let start = self.at;
        match self.peek().ok_or(Ended::Cut)? {
            b'"' => {
                let read = self.string();
                let cut = read.is_err();
                let range = read.unwrap_or_else(|range| range);
                self.fields.add(top.field, name, range).ok_or(Ended::Cut)?;
                if cut { Err(Ended::Cut) } else { Ok(()) }
            }
            byte @ (b'{' | b'[') => {
                if !self.fields.may_nest(self.open.len()) {
                    return Err(Ended::Cut);
                }
                let field = self.fields.add(top.field, name, start..start).ok_or(Ended::Cut)?;
                self.at += 1;
                self.open.push(*top);
                *top = Open { field: Some(field), object: byte == b'{', count: 0 };
                Ok(())
            }
            _ => {
                self.skip(|byte| class(byte) & WORD != 0 || matches!(byte, b'+' | b'.'));
                let word = self.input.get(start..self.at).unwrap_or_default();
                if !is_literal(word, self.at == self.input.len()) {
                    self.at = start;
                    return Err(Ended::Odd);
                }
                self.fields.add(top.field, name, start..self.at).ok_or(Ended::Cut)?;
                Ok(())
            }
        }
    }

    /// The range between the quote at hand and its partner; `Err` with what there is where that is missing.
    #[inline]
    fn string(&mut self) -> Result<Range<usize>, Range<usize>> {
        let start = self.at + 1;
        let mut at = start;
        self.escaped = false;
        loop {
            let rest = self.input.get(at..).unwrap_or_default();
            let Some(found) = find_either(b'"', b'\\', rest) else {
                break;
            };
            at += found;
            if self.input.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Ok(start..at);
            }
            self.escaped = true;
            at += 2;
        }
        self.at = self.input.len();
        Err(start.min(self.at)..self.at)
    }
}

fn is_literal(word: &[u8], cut: bool) -> bool {
    match word {
        [b'0'..=b'9' | b'-', rest @ ..] => {
            rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        }
        [] => false,
        _ => WORDS.iter().any(|known| *known == word || cut && known.starts_with(word)),
    }
}

/// Where the first object or array begins, behind what servers put before it.
fn guard_end(input: &[u8]) -> Option<usize> {
    let start = text_start(input);
    let rest = input.get(start..)?;
    if matches!(rest, [b'{' | b'[', ..]) {
        return Some(start);
    }
    let head = rest.get(..LONGEST_GUARD).unwrap_or(rest);
    let guard = GUARDS.iter().find(|guard| head.starts_with(guard));
    let behind = |at: usize| {
        let blank = rest.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        matches!(rest.get(at + blank), Some(b'{' | b'[')).then_some(start + at + blank)
    };
    if let Some(guard) = guard {
        return behind(guard.len());
    }
    let call = memchr::memchr(b'(', head)?;
    let name = head.get(..call)?;
    let named =
        !name.is_empty() && name.iter().all(|&byte| class(byte) & WORD != 0 || b"/*. $;".contains(&byte));
    if named { behind(call + 1) } else { None }
}

const WORD: u16 = DIGIT | HEX_LETTER | LOWER | UPPER | DASH;
const WORDS: &[&[u8]] = &[b"true", b"false", b"null", b"NaN", b"Infinity", b"undefined"];
/// Against script inclusion.
const GUARDS: &[&[u8]] = &[b")]}'", b"while(1);", b"for(;;);", b"for (;;);", b"{}&&"];
const LONGEST_GUARD: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    fn rows(input: &str) -> Option<(usize, bool, Vec<String>)> {
        let (walked, rows) = walk_alone(json, input.as_bytes())?;
        let rows = rows.into_iter().map(|(path, value)| format!("{path}={value}")).collect();
        Some((walked.consumed, walked.complete, rows))
    }

    #[test]
    fn members_are_named_from_the_outside_in() {
        let (consumed, complete, rows) =
            rows(r#" {"a": {"b":[1, -2.5e3, {"c":"x\"y"}], "d":null}, "e\n":true,} "#).unwrap();
        assert_eq!((consumed, complete), (63, true));
        let expected = ["a.b.[]=1", "a.b.[]=-2.5e3", "a.b.[].c=x\\\"y", "a.d=null", "e\n=true"];
        assert_eq!(rows, expected);
    }

    #[test]
    fn what_servers_put_around_json_is_skipped() {
        let inputs = [
            ")]}'\n{\"a\":1}",
            "while(1);{\"a\":1}",
            "jQuery11.cb_2({\"a\":1});",
            "/**/ typeof cb === 'function' && cb({\"a\":1})",
            "\u{feff}{\"a\":1}\r\n",
        ];
        let found: Vec<_> = inputs.iter().filter_map(|input| rows(input)).map(|row| row.2).collect();
        assert_eq!(found, vec![["a=1"]; 4]);
    }

    #[test]
    fn documents_in_a_row_are_all_read() {
        let (_, complete, rows) = rows("{\"a\":1}\n{\"a\":2}\r\n\n[3],{\"b\":4}{}").unwrap();
        assert!(complete);
        assert_eq!(rows, ["a=1", "a=2", "[]=3", "b=4"]);
    }

    #[test]
    fn every_prefix_gives_what_it_holds() {
        let whole = r#"{"id":"0044","list":[{"n":1},{"n":"two"}],"last":false}"#;
        let mut most = 0;
        for cut in 0..whole.len() {
            let Some((consumed, complete, rows)) = rows(&whole[..cut]) else {
                continue;
            };
            assert!(!complete && consumed == cut, "{cut}");
            assert!(rows.len() >= most, "{cut}: {rows:?}");
            most = most.max(rows.len().min(1));
        }
        assert_eq!(rows(&whole[..9]).unwrap().2, ["id=00"]);
    }

    #[test]
    fn other_languages_are_no_json() {
        let inputs = [
            "[INFO] started",
            "{color:red}",
            "{ return x; }",
            "[12:30:05] log",
            "{}x",
            "function(){}",
            "",
            "{{name}}",
            "[[link]]",
            "(1)",
            "{'a':1}",
        ];
        for input in inputs {
            assert_eq!(rows(input), None, "{input}");
        }
    }

    #[test]
    fn deep_nesting_stops_at_the_limit() {
        let input = vec![b'['; 200_000];
        let mut all = Vec::new();
        let place = crate::walk::Place { buffer: 0, base: 0, parent: None, decoder: "json" };
        let mut fields = Fields::new(&mut all, place, 1 << 20, 256);
        let walked = json(&mut fields, &input).unwrap();
        assert_eq!(fields.limit(), Some(crate::Limit::Depth));
        assert!(!walked.complete && walked.consumed < 300);
    }
}
