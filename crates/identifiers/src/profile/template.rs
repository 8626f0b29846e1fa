//! The commented profile that `phonehome profile new` writes.

use std::fmt::Write;

use super::schema::{CANARIES, Key, SECTIONS, Section};

/// Every section and key with its comment, commented out, so that the file is a valid, empty profile.
pub(super) fn template() -> String {
    let mut out = String::from(HEAD);
    for section in SECTIONS {
        head(section, &mut out);
        for key in section.keys {
            line(key, &mut out);
        }
        if section.name == CANARIES {
            out.push_str("# private-search = { text = \"krickente 4417\", kind = \"search_word\", mode = \"private\" }\n");
        }
    }
    out
}

fn head(section: &Section, out: &mut String) {
    if section.name.is_empty() {
        return;
    }
    out.push('\n');
    for line in wrapped(section.doc) {
        let _ = writeln!(out, "# {line}");
    }
    let _ = match section.many {
        true => writeln!(out, "# [[{}]]", section.name),
        false => writeln!(out, "[{}]", section.name),
    };
}

fn line(key: &Key, out: &mut String) {
    for line in wrapped(key.doc) {
        let _ = writeln!(out, "## {line}");
    }
    let _ = writeln!(out, "# {} = {}", key.name, key.example);
}

/// Lines of at most 90 characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= 90 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const HEAD: &str = "\
# What is known about the phone, so that phonehome can tell whether it left.
#
# Remove the # before each line you fill in; leave out what you do not know. A [[section]] in double
# brackets may be repeated. Check with `phonehome profile check`. This file holds personal data: keep it
# as safe as the phone.

";
