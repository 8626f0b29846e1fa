//! A document in parts -> a page, Markdown, text.
//!
//! What is written of several cases (a comparison, an assessment) is put in order once, as blocks; each output
//! writes blocks its own way, and escapes what they hold. Nothing in a block is markup.

use std::fmt::Write;

use evidence::Severity;
use maud::{DOCTYPE, Markup, html as markup};

use crate::{
    html::{Prose, Shown, head},
    markdown, plain,
};

/// A document, from its title to its last line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// Language of its texts (BCP 47).
    pub(crate) language: String,
    /// What kind of document it is.
    pub(crate) eyebrow: String,
    /// Its title.
    pub(crate) title: String,
    /// A sentence or two below it.
    pub(crate) lead: String,
    /// Everything else.
    pub(crate) blocks: Vec<Block>,
    /// The last line.
    pub(crate) foot: String,
    /// Name and version of the program that writes it.
    pub(crate) program: String,
    /// What is said at the end where a medium cannot show all characters.
    pub(crate) unshown: String,
}

/// A severity in the document's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) severity: Severity,
    pub(crate) word: String,
}

impl From<Severity> for Weight {
    /// In English.
    fn from(severity: Severity) -> Self {
        Self { severity, word: severity.id().to_owned() }
    }
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inline {
    /// Words that are this program's own, and come from no input: an address in them is one.
    Own(String),
    /// A severity as a coloured word.
    Severity(Weight),
    /// Words that weigh.
    Strong(String),
    /// A value, as code.
    Value(String),
    /// Words.
    Words(String),
}

/// What stands in a paragraph, an item, a cell.
pub(crate) type Line = Vec<Inline>;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A list, what is to know of each item below it; may be empty.
    Explained(Vec<(Line, Line)>),
    /// Names with what is said of them.
    Facts(Vec<(String, Line)>),
    /// A list.
    Items(Vec<Line>),
    /// A paragraph.
    Paragraph(Line),
    /// The heading of a part of a section.
    Part(String, Option<Weight>),
    /// The heading of a section.
    Section(String),
    /// A table: the names of its columns, its rows.
    Table(Vec<String>, Vec<Vec<Line>>),
    /// A paragraph that warns.
    Warning(Line),
}

/// A line of words.
pub(crate) fn words(text: impl Into<String>) -> Line {
    vec![Inline::Words(text.into())]
}

/// A line of one value.
pub(crate) fn value(text: impl Into<String>) -> Line {
    vec![Inline::Value(text.into())]
}

impl Document {
    /// One page that needs nothing else, under the policy of the report's.
    pub(crate) fn html(&self) -> String {
        let mut sections: Vec<(Option<&str>, Vec<&Block>)> = vec![(None, Vec::new())];
        for block in &self.blocks {
            match block {
                Block::Section(title) => sections.push((Some(title), Vec::new())),
                other => {
                    if let Some((_, blocks)) = sections.last_mut() {
                        blocks.push(other);
                    }
                }
            }
        }
        let titles: Vec<_> = sections.iter().map(|(title, _)| *title).enumerate().collect();
        markup! {
            (DOCTYPE)
            html lang=(self.language) {
                (head(&self.title))
                body {
                    header.masthead {
                        p.eyebrow { (Shown(&self.eyebrow)) }
                        h1 { (Prose(&self.title)) }
                        p.lead { (Prose(&self.lead)) }
                        nav { ul { @for (number, title) in &titles { @if let Some(title) = title {
                            li { a href=(format!("#s{number}")) { (Shown(title)) } }
                        } } } }
                    }
                    main { @for (number, (title, blocks)) in sections.iter().enumerate() {
                        @if title.is_some() || !blocks.is_empty() {
                            section id=(format!("s{number}")) {
                                @if let Some(title) = title { h2 { (Shown(title)) } }
                                @for block in blocks { (block_html(block)) }
                            }
                        }
                    } }
                    footer { p { (Prose(&self.foot)) } }
                }
            }
        }
        .into_string()
    }

    /// Markdown: values as code, everything else with its markup escaped.
    pub(crate) fn markdown(&self) -> String {
        let mut page = String::new();
        // Writing to a string cannot fail, here and below.
        let _ = write!(page, "# {}\n\n{}\n", markdown::text(&self.title), markdown::prose(&self.lead));
        for block in &self.blocks {
            page.push('\n');
            block_markdown(block, &mut page);
        }
        let _ = write!(page, "\n{}\n", markdown::prose(&self.foot));
        page
    }

    /// Text of so many columns for a terminal, without any escape sequence.
    pub(crate) fn text(&self, width: usize) -> String {
        let width = width.clamp(40, 200);
        let mut page = String::new();
        wrapped(&mut page, "", &self.title, width);
        wrapped(&mut page, "", &self.lead, width);
        for block in &self.blocks {
            block_text(block, width, &mut page);
        }
        page.push('\n');
        wrapped(&mut page, "", &self.foot, width);
        page
    }
}

fn weight_html(weight: &Weight) -> Markup {
    markup! { span class={ "chip " (weight.severity.id()) } { (weight.word) } }
}

fn line_html(line: &Line) -> Markup {
    markup! { @for inline in line { @match inline {
        Inline::Own(text) | Inline::Words(text) => (Prose(text)),
        Inline::Severity(weight) => (weight_html(weight)),
        Inline::Strong(text) => strong { (Prose(text)) },
        Inline::Value(text) if is_short(text) => code.short { (Shown(text)) },
        Inline::Value(text) => code { (Shown(text)) },
    } } }
}

/// Whether a value is read at a glance, as a finding's name is: such ones are not broken.
fn is_short(value: &str) -> bool {
    value.len() <= 12
}

/// Whether a cell needs no room beyond its text.
fn is_brief(cell: &Line) -> bool {
    plain::width(&plain_line(cell)) <= 12
}

fn block_html(block: &Block) -> Markup {
    markup! { @match block {
        Block::Explained(items) => ul { @for (item, below) in items { li {
            (line_html(item))
            @if !below.is_empty() { div.small { (line_html(below)) } }
        } } },
        Block::Facts(facts) => dl.facts { @for (name, line) in facts { dt { (Shown(name)) } dd { (line_html(line)) } } },
        Block::Items(items) => ul { @for item in items { li { (line_html(item)) } } },
        Block::Paragraph(line) => p { (line_html(line)) },
        Block::Part(title, severity) => h3.part {
            @if let Some(weight) = severity { (weight_html(weight)) " " }
            (Prose(title))
        },
        Block::Section(title) => h2 { (Shown(title)) },
        Block::Table(names, rows) => div.scroll { table.stack {
            thead { tr { @for name in names { th scope="col" { (Shown(name)) } } } }
            tbody { @for row in rows { tr {
                @for (name, cell) in names.iter().zip(row) {
                    td.brief[is_brief(cell)] data-label=(plain::clipped(name, 60)) { (line_html(cell)) }
                }
            } } }
        } },
        Block::Warning(line) => p.warning { (line_html(line)) },
    } }
}

fn line_markdown(line: &Line) -> String {
    let inline = |inline: &Inline| match inline {
        Inline::Own(text) => markdown::own(text),
        Inline::Severity(weight) => format!("**{}**", weight.word),
        Inline::Strong(text) => format!("**{}**", markdown::prose(text)),
        Inline::Value(text) => markdown::code(text),
        Inline::Words(text) => markdown::prose(text),
    };
    line.iter().map(inline).collect()
}

fn block_markdown(block: &Block, page: &mut String) {
    let _ = match block {
        Block::Explained(items) => items.iter().try_for_each(|(item, below)| {
            writeln!(page, "- {}", line_markdown(item))?;
            if below.is_empty() { Ok(()) } else { writeln!(page, "  - {}", line_markdown(below)) }
        }),
        Block::Facts(facts) => facts.iter().try_for_each(|(name, line)| {
            writeln!(page, "- {}: {}", markdown::text(name), line_markdown(line))
        }),
        Block::Items(items) => items.iter().try_for_each(|item| writeln!(page, "- {}", line_markdown(item))),
        Block::Paragraph(line) => writeln!(page, "{}", line_markdown(line)),
        Block::Part(title, None) => writeln!(page, "### {}", markdown::prose(title)),
        Block::Part(title, Some(severity)) => {
            writeln!(page, "### {} ({})", markdown::prose(title), severity.word)
        }
        Block::Section(title) => writeln!(page, "## {}", markdown::text(title)),
        Block::Table(names, rows) => table_markdown(names, rows, page),
        Block::Warning(line) => writeln!(page, "> {}", line_markdown(line)),
    };
}

/// A table of GitHub's Markdown: a bar in a cell, also in code, has a backslash.
fn table_markdown(names: &[String], rows: &[Vec<Line>], page: &mut String) -> std::fmt::Result {
    let names: Vec<_> = names.iter().map(|name| markdown::text(name)).collect();
    writeln!(page, "| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()))?;
    rows.iter().try_for_each(|row| {
        let cells: Vec<_> = row.iter().map(|cell| barred(&line_markdown(cell))).collect();
        writeln!(page, "| {} |", cells.join(" | "))
    })
}

fn barred(cell: &str) -> String {
    cell.replace("\\|", "|").replace('|', "\\|")
}

/// A line as text that acts on nothing.
pub(crate) fn plain_line(line: &Line) -> String {
    let inline = |inline: &Inline| match inline {
        Inline::Severity(weight) => weight.word.clone(),
        Inline::Value(text) => plain::clipped(text, VALUE).into_owned(),
        Inline::Own(text) | Inline::Strong(text) | Inline::Words(text) => {
            plain::clipped(text, WORDS).into_owned()
        }
    };
    line.iter().map(inline).collect()
}

fn block_text(block: &Block, width: usize, page: &mut String) {
    match block {
        Block::Explained(items) => {
            for (item, below) in items {
                wrapped(page, "- ", &plain_line(item), width);
                if !below.is_empty() {
                    wrapped(page, "  ", &plain_line(below), width);
                }
            }
        }
        Block::Facts(facts) => {
            for (name, line) in facts {
                wrapped(page, "  ", &format!("{name}: {}", plain_line(line)), width);
            }
        }
        Block::Items(items) => items.iter().for_each(|item| wrapped(page, "- ", &plain_line(item), width)),
        Block::Paragraph(line) => wrapped(page, "", &plain_line(line), width),
        Block::Part(title, severity) => {
            page.push('\n');
            let severity = severity.as_ref();
            let severity = severity.map_or_else(String::new, |one| format!("{}  ", one.word.to_uppercase()));
            wrapped(page, "", &format!("{severity}{title}"), width);
        }
        Block::Section(title) => {
            page.push('\n');
            wrapped(page, "", &title.to_uppercase(), width);
        }
        Block::Table(names, rows) => table_text(names, rows, width, page),
        Block::Warning(line) => wrapped(page, "! ", &plain_line(line), width),
    }
}

fn wrapped(page: &mut String, first: &str, text: &str, width: usize) {
    let rest = " ".repeat(first.len());
    let options = textwrap::Options::new(width).initial_indent(first).subsequent_indent(&rest);
    for line in textwrap::wrap(&plain::visible(text), options) {
        page.push_str(line.trim_end());
        page.push('\n');
    }
}

/// Columns as wide as they need, the widest ones narrower where all together do not fit.
fn table_text(names: &[String], rows: &[Vec<Line>], width: usize, page: &mut String) {
    let names: Vec<String> = names.iter().map(|name| plain::visible(name).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(plain_line).collect()).collect();
    let mut widths: Vec<usize> = (0..names.len())
        .map(|column| {
            let cells = std::iter::once(&names).chain(&rows).filter_map(|row| row.get(column));
            cells.map(|cell| plain::width(cell)).max().unwrap_or(0).clamp(1, width)
        })
        .collect();
    let room = width.saturating_sub(2 * names.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    for row in std::iter::once(&names).chain(&rows) {
        row_text(row, &widths, page);
    }
}

fn row_text(row: &[String], widths: &[usize], page: &mut String) {
    let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| textwrap::wrap(cell, *width)).collect();
    for number in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let piece = cell.get(number).map_or("", |piece| piece.as_ref());
            line.push_str(piece);
            line.push_str(&" ".repeat(width.saturating_sub(plain::width(piece)) + 2));
        }
        page.push_str(line.trim_end());
        page.push('\n');
    }
}

/// The longest value and the longest paragraph that are written in full, in characters.
const VALUE: usize = 300;
const WORDS: usize = 4000;
/// The narrowest that a column becomes.
const NARROWEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_document_acts() {
        let attack = "|a|`<script>\u{1b}[31m\u{202e}\n# [x](http://y)";
        let line = || vec![Inline::Value(attack.to_owned()), Inline::Words(attack.to_owned())];
        let document = Document {
            title: attack.to_owned(),
            blocks: vec![
                Block::Section(attack.to_owned()),
                Block::Part(attack.to_owned(), Some(Severity::High.into())),
                Block::Table(vec![attack.to_owned(), "b".to_owned()], vec![vec![line(), line()]]),
                Block::Items(vec![line()]),
                Block::Explained(vec![(line(), line())]),
                Block::Facts(vec![(attack.to_owned(), line())]),
            ],
            ..Document::default()
        };
        for text in [document.text(60), document.markdown(), document.html()] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            assert!(!text.contains("\n# [x]"), "{text}");
        }
        assert!(!document.html().contains("<script>"));
        let rows = document.markdown();
        let table: Vec<_> = rows.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table.len(), 3, "{rows}");
    }

    #[test]
    fn a_table_keeps_to_the_width() {
        let rows = vec![vec![words("a b c d e f g h i j k l m n o p"), words("yes"), words("电话 电话")]];
        let document = Document {
            blocks: vec![Block::Table(["what", "one", "other"].map(str::to_owned).to_vec(), rows)],
            ..Document::default()
        };
        assert!(document.text(40).lines().all(|line| plain::width(line) <= 40), "{}", document.text(40));
    }
}
