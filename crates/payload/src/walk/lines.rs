//! Plain text of many small values to fields: lines of `name: value` or `name=value` (headers in a body,
//! properties files), and lists on one line, `TN:IMEI1,004401…,model`.

use super::{Fields, Walked};
use crate::{
    Name,
    sniff::{DASH, DIGIT, HEX_LETTER, LOWER, PRINTABLE, UPPER, class},
};

/// Lines of names and values. Two lines at least, and two thirds of the first ones, must be such.
pub(crate) fn lines(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let probed = input.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(PROBED);
    let (all, named) =
        probed.fold((0, 0), |(all, named), line| (all + 1, named + usize::from(separator(line).is_some())));
    if named < 2 || named * 3 < all * 2 {
        return None;
    }
    let mut at = 0;
    while at < input.len() {
        let rest = input.get(at..)?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..len)?;
        if let Some(found) = separator(line) {
            let lead = line.len() - line.trim_ascii_start().len();
            let name = line.get(lead..found)?.trim_ascii_end().len();
            let value = line.get(found + 1..)?;
            let skipped = value.len() - value.trim_ascii_start().len();
            let start = at + found + 1 + skipped;
            let range = start..start + value.trim_ascii().len();
            if !range.is_empty() {
                fields.add(None, Name::Range(at + lead..at + lead + name), range)?;
            }
        }
        at += len + 1;
    }
    Some(Walked { consumed: input.len(), complete: true })
}

/// A list on one line: four items or more, commas (or bars, or tabs) without a space behind them.
pub(crate) fn list(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let text = input.trim_ascii_end();
    let separator = SEPARATORS.iter().copied().find(|&byte| is_list(text, byte))?;
    let mut at = 0;
    for (index, item) in (0..).zip(text.split(|&byte| byte == separator)) {
        let (name, skip) = match memchr::memchr2(b':', b'=', item)
            .filter(|&end| is_name(item.get(..end).unwrap_or_default()))
        {
            Some(end) => (Name::Range(at..at + end), end + 1),
            None => (Name::Index(index), 0),
        };
        if skip < item.len() {
            fields.add(None, name, at + skip..at + item.len())?;
        }
        at += item.len() + 1;
    }
    Some(Walked { consumed: input.len(), complete: true })
}

fn is_list(text: &[u8], separator: u8) -> bool {
    let mut items = 0;
    let mut rest = text;
    while let Some(at) = memchr::memchr(separator, rest) {
        if at > LONGEST_ITEM || matches!(rest.get(at + 1), Some(b' ' | b'\n')) {
            return false;
        }
        items += 1;
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    items >= 3 && rest.len() <= LONGEST_ITEM && !text.contains(&b'\n')
}

/// Where the name of a line ends.
fn separator(line: &[u8]) -> Option<usize> {
    let head = line.get(..LONGEST_NAME).unwrap_or(line);
    let at = memchr::memchr2(b':', b'=', head)?;
    is_name(head.get(..at)?.trim_ascii()).then_some(at)
}

fn is_name(name: &[u8]) -> bool {
    let word = |&byte: &u8| class(byte) & WORD != 0 || matches!(byte, b'.' | b'[' | b']' | b' ');
    name.first().is_some_and(|&byte| class(byte) & WORD & !DIGIT != 0) && name.iter().all(word)
}

const WORD: u16 = DIGIT | HEX_LETTER | LOWER | UPPER | DASH;
const _: () = assert!(WORD & PRINTABLE == 0);
const SEPARATORS: [u8; 3] = [b',', b'|', b'\t'];
const LONGEST_ITEM: usize = 96;
const LONGEST_NAME: usize = 64;
/// Lines looked at before deciding.
const PROBED: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    fn pairs(walker: fn(&mut Fields<'_>, &[u8]) -> Option<Walked>, input: &str) -> Option<Vec<String>> {
        let (_, rows) = walk_alone(walker, input.as_bytes())?;
        Some(rows.iter().map(|(name, value)| format!("{name}={value}")).collect())
    }

    #[test]
    fn lines_of_names_and_values_are_fields() {
        let found =
            pairs(lines, "imei: 0044\r\nro.serialno=AB12\r\n\r\nnote here\r\nmac = 02:00\r\n").unwrap();
        assert_eq!(found, ["imei=0044", "ro.serialno=AB12", "mac=02:00"]);
        assert_eq!(pairs(lines, "one: line\nof prose\nfollows here\nand on"), None);
    }

    #[test]
    fn lists_on_one_line_are_fields() {
        let found = pairs(list, "TN:IMEI1,004401512345678,WX1,CID:1a2b,V1,SN9\r\n").unwrap();
        assert_eq!(found, ["TN=IMEI1", "[]=004401512345678", "[]=WX1", "CID=1a2b", "[]=V1", "[]=SN9"]);
        assert_eq!(pairs(list, "Well, said he, this, however, is prose"), None);
    }
}
