//! Case -> a short Markdown page, for an issue, a wiki or an e-mail.
//!
//! Verdict, findings, destinations, coverage. Values are written as code in a fence of their own that is
//! longer than any run of back-quotes inside, everything else with its markup escaped, so nothing in a value
//! becomes a link, an image or HTML.

use std::fmt::Write;

use evidence::{Case, Destination, prose};

use crate::coverage::Coverage;
use crate::overview::{Overview, Reader, Told, host, local, owner, socket};
use crate::{plain, words};

/// Writes the page.
pub fn markdown(case: &Case) -> String {
    let overview = Overview::of(case);
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, &overview);
    page
}

fn write(page: &mut String, overview: &Overview) -> std::fmt::Result {
    let case = overview.case;
    writeln!(page, "# {}\n", overview.headline())?;
    writeln!(
        page,
        "{} {}\n",
        prose(&overview.second_line(&crate::overview::country)),
        prose(&Coverage::of(case).statement())
    )?;
    for capture in &case.captures {
        let time = capture
            .first
            .zip(capture.last)
            .map_or_else(String::new, |(first, last)| format!(", {} UTC", words::period(first, last)));
        writeln!(
            page,
            "- Capture {}: {}, {}{time}, SHA-256 {}",
            code(&capture.name),
            words::bytes(capture.file_bytes),
            words::contents(capture),
            code(&capture.sha256)
        )?;
    }
    for problem in &case.problems {
        writeln!(page, "- Problem with {}: {}", code(&problem.input), text(&problem.problem))?;
    }
    let profile = case.profile.as_deref().map_or_else(|| "none".to_owned(), code);
    writeln!(page, "- Profile: {profile}")?;
    writeln!(page, "- Made by {}", text(&case.program))?;
    findings(page, overview)?;
    destinations(page, overview)
}

fn findings(page: &mut String, overview: &Overview) -> std::fmt::Result {
    let (others, own): (Vec<&Told>, Vec<&Told>) = overview.findings.iter().partition(|told| told.foreign);
    let sections = [
        (format!("What left ({})", overview.severities()), own),
        ("What other devices sent".to_owned(), others),
    ];
    for (title, told) in sections.iter().filter(|(_, told)| !told.is_empty()) {
        writeln!(page, "\n## {title}\n")?;
        for told in told.iter().take(MOST_FINDINGS) {
            finding(page, told)?;
        }
        more(page, told.len(), MOST_FINDINGS, "finding")?;
    }
    Ok(())
}

fn finding(page: &mut String, told: &Told) -> std::fmt::Result {
    let finding = told.finding;
    let severity = prose::capital(finding.severity.id());
    writeln!(page, "- **{severity}** {} ({})", text(&finding.title), code(&finding.id.0))?;
    for value in told.values().into_iter().take(MOST_VALUES) {
        writeln!(page, "  - Value: {}, {}", code(value), told.grade().map_or("", words::grade))?;
    }
    for (function, digest) in told.digests().into_iter().take(MOST_VALUES) {
        writeln!(page, "  - Sent as {function}: {}", code(digest))?;
    }
    let when = words::known_period(finding.first, finding.last);
    writeln!(page, "  - Seen {}, {when}", words::times(finding.count))?;
    if let Some(number) = told.number().filter(|number| !number.is_empty()) {
        writeln!(page, "  - Number: {}", code(number))?;
    }
    if let Some(written) = told.written().first().filter(|_| told.identifier().is_some()) {
        writeln!(page, "  - Form: {}", text(written))?;
    }
    if let Some(way) = told.ways().first() {
        writeln!(page, "  - Where: {}", code(way))?;
    }
    match told.reader() {
        Reader::Unknown => Ok(()),
        reader => writeln!(page, "  - Readable by {}", reader.words()),
    }
}

fn destinations(page: &mut String, overview: &Overview) -> std::fmt::Result {
    let told: Vec<_> = overview.told().collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n## To whom\n")?;
    for reached in told.iter().take(MOST_DESTINATIONS) {
        let one = reached.destination;
        let place = whereabouts(one);
        let findings = words::counted(reached.findings.len() as u64, "finding");
        writeln!(
            page,
            "- {} {}: {place}; {} sent; {findings}",
            code(host(one)),
            code(&socket(one)),
            words::bytes(one.bytes_out)
        )?;
    }
    more(page, told.len(), MOST_DESTINATIONS, "destination")
}

fn whereabouts(destination: &Destination) -> String {
    if local(destination) {
        return "the local network".to_owned();
    }
    let run =
        destination.owner.as_ref().map_or_else(|| "operator unknown".to_owned(), |one| text(&owner(one)));
    let located = destination.network.located.as_ref();
    let at = located.map_or_else(
        || "country of the address unknown".to_owned(),
        |country| format!("address thought to be in {}", text(&crate::overview::country(&country.code))),
    );
    format!("{run}; {at}")
}

fn more(page: &mut String, all: usize, shown: usize, word: &str) -> std::fmt::Result {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        rest => writeln!(page, "- and {} more in the case file", words::counted(rest as u64, word)),
    }
}

/// Running text with its markup escaped (CommonMark section 2.4: a backslash before ASCII punctuation).
pub(crate) fn text(raw: &str) -> String {
    escaped(raw, LONGEST)
}

/// The same for a paragraph, which may be longer.
pub(crate) fn prose(raw: &str) -> String {
    escaped(raw, LONGEST_PARAGRAPH)
}

/// The same for what this program itself says: addresses in it stay as they are.
pub(crate) fn own(text: &str) -> String {
    let word = |word: &str| if word.contains("://") { word.to_owned() } else { prose(word) };
    text.split_inclusive(' ').map(word).collect()
}

fn escaped(raw: &str, longest: usize) -> String {
    let mut escaped = String::with_capacity(raw.len() + 8);
    for character in plain::clipped(raw, longest).chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '!' | '|' | '~') {
            escaped.push('\\');
        }
        escaped.push(character);
        // A zero-width joiner would hide; a space keeps bare addresses from becoming links.
        if character == ':' && raw.contains("://") {
            escaped.push(' ');
        }
    }
    escaped
}

/// A value as a code span (CommonMark section 6.1).
pub(crate) fn code(raw: &str) -> String {
    let value = plain::clipped(raw, LONGEST);
    let longest = value.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || value.is_empty() { " " } else { "" };
    format!("{fence}{pad}{value}{pad}{fence}")
}

const LONGEST: usize = 300;
const LONGEST_PARAGRAPH: usize = 4000;
/// Values of one finding.
const MOST_VALUES: usize = 4;
const MOST_FINDINGS: usize = 50;
const MOST_DESTINATIONS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(code("<img src=x>"), "`<img src=x>`");
        assert_eq!(code("a\n# b"), "`a\\u{a}# b`");
        let attribution = "A_b <c> (https://a.example/b_c), d";
        assert_eq!(own(attribution), "A\\_b \\<c\\> (https://a.example/b_c), d");
        assert_eq!(text("[x](http://y) <b>*"), "\\[x\\](http: //y) \\<b\\>\\*");
    }
}
