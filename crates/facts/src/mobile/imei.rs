//! Device numbers: IMEI, IMEISV (3GPP TS 23.003 section 6.2) and their first eight digits, the type
//! allocation code (TAC, GSMA TS.06).

use std::collections::BTreeMap;

use super::{all_digits, is_made_up, luhn};

/// Which of the three written forms a device number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImeiForm {
    /// 14 digits: the check digit is left out. Nothing but its type code speaks for it.
    Bare,
    /// 15 digits, the last of them a check digit that is right.
    Checked,
    /// 16 digits: two of them the software's version in place of the check digit.
    SoftwareVersion,
}

/// What a number says that can be a device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImeiFacts<'a> {
    /// Type allocation code: the model, eight digits.
    pub tac: &'a str,
    /// Serial number of the device within its model, six digits.
    pub serial: &'a str,
    /// Which form it has.
    pub form: ImeiForm,
    /// Who gave the type code.
    pub reporting_body: &'static str,
}

/// Reads a number of 14, 15 or 16 digits that can be an IMEI: given by a known body, with the right check
/// digit where it has one, and neither made up nor one of the numbers that stand for "none".
pub fn plausible_imei(digits: &str) -> Option<ImeiFacts<'_>> {
    let form = match digits.len() {
        14 => ImeiForm::Bare,
        15 => ImeiForm::Checked,
        16 => ImeiForm::SoftwareVersion,
        _ => return None,
    };
    let reporting_body = reporting_body(digits)?;
    if !all_digits(digits) || (form == ImeiForm::Checked && !luhn(digits)) {
        return None;
    }
    let (tac, rest) = digits.split_at_checked(8)?;
    let (serial, _) = rest.split_at_checked(6)?;
    let nobody =
        is_made_up(digits.get(..14)?) || is_made_up(tac) || PLACEHOLDERS.contains(&digits.get(..14)?);
    (!nobody).then_some(ImeiFacts { tac, serial, form, reporting_body })
}

/// Who gives type codes that start with these two digits. The second list of codes ended with the phase-2
/// numbers of the 1990s and early 2000s; phones with them are museum pieces, but captures are old as well.
fn reporting_body(digits: &str) -> Option<&'static str> {
    let first = digits.get(..2)?;
    REPORTING_BODIES.iter().find(|(code, _)| *code == first).map(|(_, body)| *body)
}

/// Reporting body identifiers. Own list after GSMA TS.06 and its predecessors, from public knowledge.
/// 00 (test numbers) is left out: no phone that is sold has one, and runs of zeros are common.
const REPORTING_BODIES: &[(&str, &str)] = &[
    ("01", "PTCRB (North America)"),
    ("35", "BABT, now TÜV SÜD BABT (United Kingdom)"),
    ("86", "TAF (China)"),
    ("91", "MSAI (India)"),
    ("98", "BABT (reserved range)"),
    ("99", "GHA (devices for 3GPP and 3GPP2 networks)"),
    ("33", "DGPT (France), until about 2004"),
    ("44", "BABT (United Kingdom), until about 2004"),
    ("45", "NTA (Denmark), until about 2004"),
    ("49", "BZT (Germany), until about 2004"),
    ("50", "BZT ETS (Germany), until about 2004"),
    ("51", "Cetecom ICT (Germany), until about 2004"),
    ("52", "Cetecom (Germany), until about 2004"),
    ("53", "TÜV Product Service (Germany), until about 2004"),
    ("54", "Phoenix Test Lab (Germany), until about 2004"),
];

/// Numbers without check digit that many unprogrammed or copied phones bear, and that texts show.
const PLACEHOLDERS: &[&str] = &["35000000000000", "35999900000000", "49015420323751", "86000000000000"];

/// A model that a user's list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TacModel {
    /// Who makes it.
    pub maker: String,
    /// What it is called.
    pub model: String,
}

/// A line of a user's list that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TacProblem {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Type allocation codes from a list that the user has a right to use; none may be shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TacList {
    models: BTreeMap<u32, TacModel>,
}

impl TacList {
    /// Reads lines of TAC, maker, model, separated by tab, semicolon or comma (whichever the line has
    /// first). Cells may stand in double quotes; further cells are passed over; lines starting with `#`
    /// and a heading are none. Every other line that has no TAC is told.
    pub fn parse(text: &str) -> (Self, Vec<TacProblem>) {
        let mut list = Self::default();
        let mut problems = Vec::new();
        for (line, row) in (1..).zip(text.lines()) {
            if row.trim().is_empty() || row.starts_with('#') {
                continue;
            }
            match parse_row(row) {
                Ok((tac, model)) => {
                    list.models.entry(tac).or_insert(model);
                }
                // The first line may name the columns.
                Err(_) if line == 1 => {}
                Err(problem) => problems.push(TacProblem { line, problem }),
            }
        }
        (list, problems)
    }

    /// The model of a device number's type code (or of a whole IMEI).
    pub fn model(&self, imei: &str) -> Option<&TacModel> {
        let tac = imei.get(..8).filter(|tac| all_digits(tac))?;
        self.models.get(&tac.parse().ok()?)
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }
}

fn parse_row(row: &str) -> Result<(u32, TacModel), &'static str> {
    let separator = row.chars().find(|c| ['\t', ';', ','].contains(c)).ok_or("one cell only")?;
    let mut cells = quoted_cells(row, separator).into_iter();
    let tac = cells.next().filter(|tac| tac.len() == 8 && all_digits(tac)).ok_or("no TAC of eight digits")?;
    let tac = tac.parse().map_err(|_| "no TAC of eight digits")?;
    let maker = cells.next().filter(|maker| !maker.is_empty()).ok_or("no maker")?;
    Ok((tac, TacModel { maker, model: cells.next().unwrap_or_default() }))
}

/// The cells of a line; a separator inside double quotes is none, two double quotes there are one.
fn quoted_cells(row: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = row.trim_end().chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = cells.last_mut() else { continue };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => cell.push(c),
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_are_told_from_other_digits() {
        let rows = [
            ("356938035643809", Some(ImeiForm::Checked)),
            ("35693803564380", Some(ImeiForm::Bare)),
            ("3569380356438012", Some(ImeiForm::SoftwareVersion)),
            ("356938035643808", None),
            ("490154203237518", None),
            ("000000000000000", None),
            ("001010123456789", None),
            ("158938035643806", None),
            ("35693803564380x", None),
            ("35693803564", None),
            ("", None),
        ];
        for (digits, form) in rows {
            assert_eq!(plausible_imei(digits).map(|facts| facts.form), form, "{digits}");
        }
    }

    #[test]
    fn a_device_number_has_a_type_and_a_serial() {
        let facts = plausible_imei("356938035643809").unwrap();
        assert_eq!((facts.tac, facts.serial), ("35693803", "564380"));
        assert!(facts.reporting_body.contains("United Kingdom"));
    }

    #[test]
    fn a_users_list_is_read_in_its_own_dialect() {
        let text = "tac,manufacturer,model\n35693803,\"Nokia, Inc\",\"E\"\"71\"\"\"\n# note\n86012345;Xiaomi;Mi 1\n\
                    01234567\tMaker\n1234567,short,x\n35693804,,x\nnothing\n";
        let (list, problems) = TacList::parse(text);
        assert_eq!(list.len(), 3);
        let model = list.model("356938035643809").unwrap();
        assert_eq!((model.maker.as_str(), model.model.as_str()), ("Nokia, Inc", "E\"71\""));
        assert_eq!(list.model("86012345").unwrap().model, "Mi 1");
        let told: Vec<(usize, &str)> = problems.iter().map(|told| (told.line, told.problem)).collect();
        assert_eq!(told, [(6, "no TAC of eight digits"), (7, "no maker"), (8, "one cell only")]);
        assert_eq!(list.model("3569380"), None);
    }
}
