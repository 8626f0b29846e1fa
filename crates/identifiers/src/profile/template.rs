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
            out.push_str("#private-search = { text = \"krickente 4417\", kind = \"search_word\", mode = \"private\" }\n");
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
        true => writeln!(out, "#[[{}]]", section.name),
        false => writeln!(out, "[{}]", section.name),
    };
}

fn line(key: &Key, out: &mut String) {
    for line in wrapped(key.doc) {
        let _ = writeln!(out, "# {line}");
    }
    let _ = writeln!(out, "#{} = {}", key.name, key.example);
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
# Remove the # from each line you fill in (and from the [[section]] above it); leave out what you do not
# know. A [[section]] in double brackets may be repeated. Check with `phonehome profile check`.
# This file holds personal data: keep it as safe as the phone.

";

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys as a table in Markdown.
    fn reference() -> String {
        let mut out = String::new();
        for section in SECTIONS.iter().filter(|section| !section.keys.is_empty()) {
            let title = match (section.name, section.many) {
                ("", _) => "Before the first section".to_owned(),
                (name, false) => format!("`[{name}]`"),
                (name, true) => format!("`[[{name}]]`"),
            };
            let doc = if section.doc.is_empty() { String::new() } else { format!("{}\n\n", section.doc) };
            let _ = writeln!(out, "### {title}\n\n{doc}| key | example | |\n|---|---|---|");
            for key in section.keys {
                let many = if key.many { " One or a list." } else { "" };
                let _ = writeln!(out, "| `{}` | `{}` | {}{many} |", key.name, key.example, key.doc);
            }
            out.push('\n');
        }
        out
    }

    /// `BLESS=1 cargo test -p identifiers` writes the page anew.
    #[test]
    fn the_page_on_profiles_lists_the_keys_there_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/profile.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (head, rest) = page.split_once(BEGIN).unwrap();
        let (_, tail) = rest.split_once(END).unwrap();
        let wanted = format!("{head}{BEGIN}\n\n{}{END}{tail}", reference());
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        assert!(
            page == wanted || std::env::var_os("BLESS").is_some(),
            "docs/profile.md is stale: BLESS=1 cargo test -p identifiers"
        );
    }

    const BEGIN: &str = "<!-- keys -->";
    const END: &str = "<!-- end of keys -->";
}
