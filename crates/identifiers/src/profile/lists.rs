//! Files that a profile names: plain lists, and address books as vCard (RFC 6350, 2426) or CSV (RFC 4180).

/// One person, with the line of the file it begins on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) line: usize,
    pub(super) name: Option<String>,
    pub(super) numbers: Vec<String>,
    pub(super) emails: Vec<String>,
}

/// The entries of a plain list with their lines: empty lines and those that begin with `#` are left out.
pub(super) fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .enumerate()
        .map(|(line, entry)| (line + 1, entry.trim()))
        .filter(|(_, entry)| !entry.is_empty() && !entry.starts_with('#'))
}

/// The persons of an address book.
///
/// # Errors
/// The line, and what is wrong with it.
pub(super) fn persons(text: &str) -> Result<Vec<Person>, (usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().get(..11) {
        Some(start) if start.eq_ignore_ascii_case("BEGIN:VCARD") => Ok(vcard(text)),
        _ => csv(text),
    }
}

fn vcard(text: &str) -> Vec<Person> {
    let mut persons = Vec::new();
    let mut person = Person::default();
    for (line, content) in unfolded(text) {
        let Some((head, value)) = content.split_once(':') else { continue };
        let value = value.trim().replace("\\,", ",").replace("\\;", ";");
        let property = head.split(';').next().unwrap_or_default();
        let property = property.rsplit_once('.').map_or(property, |(_, property)| property);
        match property.to_ascii_uppercase().as_str() {
            "BEGIN" => person = Person { line, ..Person::default() },
            "EMAIL" if !value.is_empty() => person.emails.push(value),
            "END" => persons.push(std::mem::take(&mut person)),
            "FN" if !value.is_empty() => person.name = Some(value),
            "TEL" if !value.is_empty() => {
                person.numbers.push(value.strip_prefix("tel:").unwrap_or(&value).to_owned());
            }
            _ => {}
        }
    }
    persons
}

/// Content lines; one that begins with white space continues the one before.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (line, content) in text.lines().enumerate() {
        match (content.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => lines.push((line + 1, content.to_owned())),
        }
    }
    lines
}

fn csv(text: &str) -> Result<Vec<Person>, (usize, String)> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| (1, error.to_string()))?.clone();
    let columns: Vec<Column> = heads.iter().map(Column::of).collect();
    if !columns.iter().any(|column| matches!(column, Column::Name | Column::Number)) {
        return Err((
            1,
            "neither a vCard nor CSV with a column `name` or `phone` in its first line".to_owned(),
        ));
    }
    let mut persons = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| (csv_line(error.position()), error.to_string()))?;
        let mut person = Person { line: csv_line(record.position()), ..Person::default() };
        for (column, value) in columns.iter().zip(&record).filter(|(_, value)| !value.is_empty()) {
            person.take(*column, value);
        }
        persons.push(person);
    }
    Ok(persons)
}

fn csv_line(position: Option<&csv::Position>) -> usize {
    position.map_or(1, |position| usize::try_from(position.line()).unwrap_or(usize::MAX))
}

/// What a CSV column holds, by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Email,
    Name,
    NamePart,
    Number,
    Other,
}

impl Column {
    fn of(head: &str) -> Self {
        let head = head.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| head.contains(word));
        match () {
            () if has(&["type", "label", "typ "]) => Self::Other,
            () if has(&["mail"]) => Self::Email,
            () if has(&["phone", "number", "nummer", "tel", "mobile", "handy", "msisdn"]) => Self::Number,
            () if has(&["first", "given", "last", "family", "vorname", "nachname"]) => Self::NamePart,
            () if has(&["name"]) => Self::Name,
            () => Self::Other,
        }
    }
}

impl Person {
    fn take(&mut self, column: Column, value: &str) {
        match column {
            Column::Email => self.emails.push(value.to_owned()),
            Column::Name => self.name = Some(value.to_owned()),
            Column::NamePart => {
                let name = self.name.take().map_or_else(String::new, |name| name + " ");
                self.name = Some(name + value);
            }
            // Google's export writes several numbers of one kind into one cell.
            Column::Number => self.numbers.extend(value.split(":::").map(|number| number.trim().to_owned())),
            Column::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(line: usize, name: &str, numbers: &[&str], emails: &[&str]) -> Person {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Person { line, name: Some(name.to_owned()), numbers: owned(numbers), emails: owned(emails) }
    }

    #[test]
    fn vcards_of_both_versions_are_read() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Quirin\r\n  Abendroth\r\nitem1.TEL;TYPE=CELL:+49 1555 0183921\r\nEND:VCARD\r\n\
                    BEGIN:VCARD\nVERSION:4.0\nFN:Ada\nTEL;VALUE=uri:tel:+49-1555-0183922\nEMAIL:ada@example.net\nEND:VCARD\n";
        assert_eq!(
            persons(text).unwrap(),
            [
                person(1, "Quirin Abendroth", &["+49 1555 0183921"], &[]),
                person(7, "Ada", &["+49-1555-0183922"], &["ada@example.net"]),
            ]
        );
    }

    #[test]
    fn csv_columns_go_by_their_names() {
        let text = "First Name,Last Name,Phone 1 - Type,Phone 1 - Value,E-mail\nQuirin,Abendroth,mobile,+491 ::: +492,q@example.net\n";
        assert_eq!(
            persons(text).unwrap(),
            [person(2, "Quirin Abendroth", &["+491", "+492"], &["q@example.net"])]
        );
        assert_eq!(persons("a,b\n1,2\n").unwrap_err().0, 1);
    }

    #[test]
    fn lists_leave_out_comments_and_empty_lines() {
        let found: Vec<_> = entries("\u{feff}# apps\n\npackage:org.example.a\r\norg.example.b").collect();
        assert_eq!(found, [(3, "package:org.example.a"), (4, "org.example.b")]);
    }
}
