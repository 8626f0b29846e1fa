//! What no value of a case may do to the outputs that show it.

use crate::hostile::BAIT;

/// Nothing drives a terminal or hides from the reader.
pub(crate) fn acts_on_no_reader(name: &str, text: &str) {
    let acts = |character: &char| {
        character.is_control() && *character != '\n'
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2028}')
    };
    if let Some(acting) = text.chars().find(acts) {
        let (before, after) = text.split_once(acting).unwrap_or_default();
        let before: String =
            before.chars().rev().take(NEARBY).collect::<Vec<_>>().into_iter().rev().collect();
        let after: String = after.chars().take(NEARBY).collect();
        panic!("{name} holds a character that acts: {before:?} {acting:?} {after:?}");
    }
}

/// Every element is closed in order, none comes from a value, none does anything.
pub(crate) fn is_harmless_page(page: &str) {
    acts_on_no_reader("html", page);
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>').expect("the tag's end");
        rest = after;
        match inside.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "closed out of order"),
            None => {
                let name = check_tag(inside);
                if !["meta", "wbr"].contains(&name) {
                    open.push(name);
                }
            }
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

fn check_tag(inside: &str) -> &str {
    let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    assert!(!FORBIDDEN.contains(&name) && !name.contains(BAIT), "an element {name}");
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("open") {
            rest = after.trim_start();
            continue;
        }
        let (key, after) = rest.split_once("=\"").expect("a quoted attribute");
        let (value, after) = after.split_once('"').expect("the attribute's end");
        assert!(!key.starts_with("on") && !key.contains(BAIT), "{name} has {key}");
        assert!(key != "href" || value.starts_with('#'), "{name} leads to {value}");
        assert!(key != "style" || !value.contains(BAIT), "{name} looks like {value}");
        rest = after.trim_start();
    }
    name
}

/// Behind what stands in code, no markup is left that a value could have brought.
pub(crate) fn is_harmless_markdown(page: &str) {
    acts_on_no_reader("markdown", page);
    for line in page.lines() {
        let plain = without_code(line);
        let mut before = ' ';
        for character in plain.chars() {
            let live = matches!(character, '<' | '[') && before != '\\';
            assert!(!live, "live markup in {line:?}");
            before = if before == '\\' { ' ' } else { character };
        }
    }
}

/// A line without its code spans (CommonMark section 6.1).
fn without_code(line: &str) -> String {
    let (mut plain, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(['`', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escaped) = rest.strip_prefix('\\') {
            let len = escaped.chars().next().map_or(0, char::len_utf8);
            plain.push_str(&rest[..1 + len]);
            rest = &escaped[len..];
            continue;
        }
        let fence = rest.len() - rest.trim_start_matches('`').len();
        let inside = &rest[fence..];
        rest = closing(inside, fence).map_or(inside, |end| &inside[end..]);
    }
    plain + rest
}

/// Where a run of exactly `fence` back-quotes ends.
fn closing(text: &str, fence: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        at = start + run;
        if run == fence {
            return Some(at);
        }
    }
    None
}

/// RFC 4180, and no cell is a formula.
pub(crate) fn is_harmless_table(table: &str) {
    let lines = table.strip_suffix("\r\n").expect("the last line's end");
    let columns = cells(lines.split("\r\n").next().unwrap_or_default()).len();
    for line in lines.split("\r\n") {
        acts_on_no_reader("csv", line);
        assert!(!line.contains('\n'), "a record of two lines");
        let cells = cells(line);
        assert_eq!(cells.len(), columns, "{line}");
        for cell in cells {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "a formula: {cell}");
        }
    }
}

fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(character),
        }
    }
    assert!(!quoted, "a quote is not closed: {line}");
    cells.push(cell);
    cells
}

/// No word of a case stands in a script but in comments and between single quotes (POSIX, Shell Command
/// Language, sections 2.2 and 2.3).
pub(crate) fn is_harmless_script(script: &str) {
    acts_on_no_reader("recipe", script);
    let (mut code, mut rest) = (String::new(), script);
    while let Some(next) = rest.chars().next() {
        let after = &rest[next.len_utf8()..];
        let word_begins = code.ends_with([' ', '\n', ';']) || code.is_empty();
        rest = match next {
            '\'' => after.split_once('\'').expect("a quote is not closed").1,
            '\\' => after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default(),
            '#' if word_begins => after.find('\n').map_or("", |end| &after[end..]),
            _ => after,
        };
        code.push(next);
    }
    assert!(!code.contains(BAIT), "a word of the case is run: {script}");
}

/// So much on each side of a character that acts shows where it came from, in characters.
const NEARBY: usize = 80;
const FORBIDDEN: [&str; 12] =
    ["script", "img", "iframe", "object", "embed", "link", "form", "base", "video", "audio", "input", "u"];
