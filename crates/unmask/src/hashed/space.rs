//! All values that an identifier of a known beginning can have, as numbered texts.
//!
//! A [`Template`] is a text with slots; a number is written into the slots like into a mileage counter, each slot
//! with its own digits. A [`Space`] has templates one after the other (one for each type code, network or length),
//! and all that again in each [`Layout`] that the values are written in: the same number is the same value in each.

use std::ops::Range;

use evidence::IdentifierKind;
use thiserror::Error;

/// A set of values to try, numbered from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// What the values are.
    pub kind: IdentifierKind,
    /// What the set is, in words: `IMEIs of type 35209900`.
    pub words: String,
    layouts: Vec<Layout>,
    len: u64,
}

/// Why a space cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpaceError {
    /// The caller gave none to begin with, or a text that is no such thing.
    #[error("{0:?} is no {1}")]
    Malformed(String, &'static str),
    /// More values than anybody can try.
    #[error("{0} has more than 2^48 values")]
    TooLarge(String),
}

impl Space {
    /// All device numbers of types (TAC, eight digits): a million serial numbers each, with their check digit, without
    /// it, and with zero in its place.
    pub fn imei(tacs: &[&str]) -> Result<Self, SpaceError> {
        let tacs = digits(tacs, &[8], "TAC of eight digits")?;
        let serial = |text: String| format!("{text}######");
        let layout = |name, after: &str, luhn: bool| {
            let templates = tacs.iter().map(|tac| {
                let template = Template::of(&format!("{}{after}", serial((*tac).to_owned())), DECIMAL);
                Template { luhn: luhn.then_some(0..14), ..template }
            });
            Layout { name, templates: templates.collect() }
        };
        let layouts = vec![
            layout("digits", "0", true),
            layout("digits[..14]", "", false),
            layout("digits[..14]0", "0", false),
        ];
        Self::new(IdentifierKind::Imei, format!("IMEIs of type {}", tacs.join(", ")), layouts)
    }

    /// The same with two digits of the software's version in place of the check digit (IMEISV).
    pub fn imeisv(tacs: &[&str]) -> Result<Self, SpaceError> {
        let tacs = digits(tacs, &[8], "TAC of eight digits")?;
        let templates = tacs.iter().map(|tac| Template::of(&format!("{tac}########"), DECIMAL)).collect();
        let layouts = vec![Layout { name: "imeisv", templates }];
        Self::new(IdentifierKind::Imei, format!("IMEISVs of type {}", tacs.join(", ")), layouts)
    }

    /// All subscriber numbers of networks (country and network code, five or six digits): 15 digits.
    pub fn imsi(networks: &[&str]) -> Result<Self, SpaceError> {
        let networks = digits(networks, &[5, 6], "network code of five or six digits")?;
        let templates = networks.iter().map(|code| Template::of(&format!("{code:#<15}"), DECIMAL)).collect();
        let layouts = vec![Layout { name: "digits", templates }];
        Self::new(IdentifierKind::Imsi, format!("IMSIs of network {}", networks.join(", ")), layouts)
    }

    /// All addresses of makers (OUI, six hex digits with or without separators).
    pub fn mac(kind: IdentifierKind, ouis: &[&str]) -> Result<Self, SpaceError> {
        let mut plain = Vec::new();
        for oui in ouis {
            let hex: String = oui.chars().filter(char::is_ascii_hexdigit).collect();
            if hex.len() != 6 || oui.len() > 8 {
                return Err(SpaceError::Malformed((*oui).to_owned(), "OUI of six hex digits"));
            }
            plain.push(hex.to_ascii_lowercase());
        }
        let layout = |name, separator: &str, upper: bool| {
            let templates = plain.iter().map(|oui| {
                let oui = if upper { oui.to_ascii_uppercase() } else { oui.clone() };
                let digits: Vec<char> = format!("{oui}######").chars().collect();
                let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
                Template::of(&pairs.join(separator), if upper { HEX_UPPER } else { HEX })
            });
            Layout { name, templates: templates.collect() }
        };
        let mut layouts = vec![
            layout("colon-lower", ":", false),
            layout("colon-upper", ":", true),
            layout("plain-lower", "", false),
            layout("plain-upper", "", true),
            layout("dash-lower", "-", false),
            layout("dash-upper", "-", true),
        ];
        layouts.push(Layout { name: "raw", templates: plain.iter().map(|oui| Template::raw(oui)).collect() });
        Self::new(kind, format!("addresses of maker {}", plain.join(", ")), layouts)
    }

    /// All telephone numbers of a plan: `+49 151 ########`. `#` is any digit, `[5-79]` one of some; spaces, hyphens
    /// and dots mean nothing, but the first after the `+` ends the calling code. The trunk prefix is a zero unless
    /// it stands in brackets: `+7 (8) 9#########`.
    pub fn numbers(kind: IdentifierKind, plans: &[&str]) -> Result<Self, SpaceError> {
        let plans: Vec<Plan> = plans.iter().map(|plan| Plan::parse(plan)).collect::<Result<_, _>>()?;
        let layout = |name, head: fn(&Plan) -> String| Layout {
            name,
            templates: plans.iter().map(|plan| Template::pattern(&head(plan), &plan.national)).collect(),
        };
        let layouts = vec![
            layout("e164", |plan| format!("+{}", plan.country)),
            layout("e164-digits", |plan| plan.country.clone()),
            layout("idd", |plan| format!("00{}", plan.country)),
            layout("national", |plan| plan.trunk.clone()),
            layout("national-bare", |_| String::new()),
        ];
        let words: Vec<&str> = plans.iter().map(|plan| plan.words.as_str()).collect();
        Self::new(kind, format!("numbers {}", words.join(", ")), layouts)
    }

    /// All numbers of up to so many digits (1 to 14), without leading zeros.
    pub fn decimal(kind: IdentifierKind, most: u32) -> Result<Self, SpaceError> {
        if !(1..=14).contains(&most) {
            return Err(SpaceError::Malformed(most.to_string(), "number of digits from 1 to 14"));
        }
        let templates = (1..=most).map(|len| match len {
            1 => Template::of("#", DECIMAL),
            _ => {
                let mut first = Template::of(&"#".repeat(len as usize), DECIMAL);
                if let Some(slot) = first.slots.first_mut() {
                    slot.digits = b"123456789".to_vec();
                }
                first
            }
        });
        let layouts = vec![Layout { name: "digits", templates: templates.collect() }];
        Self::new(kind, format!("numbers of up to {most} digits"), layouts)
    }

    /// All IPv4 addresses in dotted notation.
    pub fn ipv4() -> Result<Self, SpaceError> {
        // Texts of one length each: 0–9, 10–99, 100–199, 200–249, 250–255.
        const OCTETS: [&[&[u8]]; 5] = [
            &[b"0123456789"],
            &[b"123456789", b"0123456789"],
            &[b"1", b"0123456789", b"0123456789"],
            &[b"2", b"01234", b"0123456789"],
            &[b"2", b"5", b"012345"],
        ];
        let templates = (0..625_usize).map(|which| {
            let octets = [which / 125, which / 25, which / 5, which].map(|place| OCTETS.get(place % 5));
            let octets = octets.into_iter().flatten().copied();
            Template::from_pieces(&octets.collect::<Vec<_>>().join(&&b"."[..]))
        });
        let layouts = vec![Layout { name: "dotted", templates: templates.collect() }];
        Self::new(IdentifierKind::PublicIp, "IPv4 addresses".to_owned(), layouts)
    }

    fn new(kind: IdentifierKind, words: String, layouts: Vec<Layout>) -> Result<Self, SpaceError> {
        let templates = layouts.first().map_or(&[][..], |layout| &layout.templates);
        let len = templates.iter().fold(0, |sum: u64, template| sum.saturating_add(template.len()));
        match len {
            0 => Err(SpaceError::Malformed(words, "set of values")),
            1..=MOST => Ok(Self { kind, words, layouts, len }),
            _ => Err(SpaceError::TooLarge(words)),
        }
    }

    /// How many values it has. Never zero.
    #[expect(clippy::len_without_is_empty, reason = "no space is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// How the values are written, the canonical way first.
    pub fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    /// Value number so and so in a layout; nothing where there is no such number or layout.
    pub fn spell(&self, layout: usize, number: u64) -> Option<Vec<u8>> {
        let mut number = number;
        for template in &self.layouts.get(layout)?.templates {
            match number.checked_sub(template.len()) {
                None => return Some(template.spell(number)),
                Some(rest) => number = rest,
            }
        }
        None
    }
}

/// A way to write the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its name, as in forms: `digits`, `colon-upper`.
    pub name: &'static str,
    pub(super) templates: Vec<Template>,
}

/// A text with slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// The text; what stands in the slots means nothing.
    pub(super) text: Vec<u8>,
    /// The slots, the slowest first.
    pub(super) slots: Vec<Slot>,
    /// The digits after which their check digit (ISO/IEC 7812-1) belongs.
    pub(super) luhn: Option<Range<usize>>,
}

/// A byte that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Where it is.
    pub(super) at: usize,
    /// What it may be, in order. Never empty.
    pub(super) digits: Vec<u8>,
}

impl Template {
    /// `#` is a digit of the alphabet.
    fn of(text: &str, alphabet: &[u8]) -> Self {
        let slots = text.bytes().enumerate().filter(|(_, byte)| *byte == b'#');
        let slots = slots.map(|(at, _)| Slot { at, digits: alphabet.to_vec() }).collect();
        Self { text: text.as_bytes().to_vec(), slots, luhn: None }
    }

    fn pattern(head: &str, pieces: &[Vec<u8>]) -> Self {
        let head = head.bytes().map(|byte| vec![byte]);
        Self::from_owned(&head.chain(pieces.iter().cloned()).collect::<Vec<_>>())
    }

    fn from_pieces(pieces: &[&[u8]]) -> Self {
        Self::from_owned(&pieces.iter().map(|piece| piece.to_vec()).collect::<Vec<_>>())
    }

    /// Each piece is what one byte may be.
    fn from_owned(pieces: &[Vec<u8>]) -> Self {
        let text = pieces.iter().filter_map(|piece| piece.first().copied()).collect();
        let changing = pieces.iter().enumerate().filter(|(_, piece)| piece.len() > 1);
        let slots = changing.map(|(at, piece)| Slot { at, digits: piece.clone() }).collect();
        Self { text, slots, luhn: None }
    }

    /// The six bytes of an address.
    fn raw(oui: &str) -> Self {
        let byte = |at: usize| oui.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let head = [0, 2, 4].into_iter().filter_map(byte).map(|byte| vec![byte]);
        Self::from_owned(&head.chain((0..3).map(|_| (0..=255).collect())).collect::<Vec<_>>())
    }

    /// How many texts it stands for.
    pub(super) fn len(&self) -> u64 {
        self.slots.iter().fold(1, |product: u64, slot| product.saturating_mul(slot.digits.len() as u64))
    }

    /// With more text around it.
    pub(super) fn around(&self, before: &[u8], after: &[u8]) -> Self {
        let moved = |slot: &Slot| Slot { at: slot.at + before.len(), digits: slot.digits.clone() };
        Self {
            text: [before, &self.text, after].concat(),
            slots: self.slots.iter().map(moved).collect(),
            luhn: self.luhn.as_ref().map(|digits| digits.start + before.len()..digits.end + before.len()),
        }
    }

    /// Text number so and so; numbers too large begin again.
    pub(super) fn spell(&self, number: u64) -> Vec<u8> {
        let mut text = self.text.clone();
        fill(&mut text, &self.slots, number);
        if let Some(digits) = &self.luhn {
            let check = (10 - luhn(text.get(digits.clone()).unwrap_or_default())) % 10;
            if let Some(byte) = text.get_mut(digits.end) {
                *byte = b'0' + check;
            }
        }
        text
    }
}

/// Writes a number into slots.
pub(super) fn fill(text: &mut [u8], slots: &[Slot], number: u64) {
    let mut rest = number;
    for slot in slots.iter().rev() {
        let radix = slot.digits.len() as u64;
        let digit = slot.digits.get(usize::try_from(rest % radix.max(1)).unwrap_or_default());
        rest /= radix.max(1);
        if let (Some(byte), Some(digit)) = (text.get_mut(slot.at), digit) {
            *byte = *digit;
        }
    }
}

/// The last digit of the sum, every second digit doubled, the last one too; bytes that are no digits count nothing.
pub(super) fn luhn(digits: &[u8]) -> u8 {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, byte)| {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        sum + match (digit, place % 2) {
            (0..=9, 0) => digit * 2 / 10 + digit * 2 % 10,
            (0..=9, _) => digit,
            _ => 0,
        }
    });
    u8::try_from(sum % 10).unwrap_or_default()
}

/// A numbering plan.
struct Plan {
    words: String,
    country: String,
    trunk: String,
    /// What each digit of the national number may be.
    national: Vec<Vec<u8>>,
}

impl Plan {
    fn parse(text: &str) -> Result<Self, SpaceError> {
        let wrong = || SpaceError::Malformed(text.to_owned(), "plan such as +49 151 ########");
        let separator = |letter: char| matches!(letter, ' ' | '-' | '.');
        let (country, rest) =
            text.strip_prefix('+').and_then(|rest| rest.split_once(separator)).ok_or_else(wrong)?;
        let rest = rest.trim_start();
        let (trunk, rest) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((trunk, rest)) => (trunk, rest),
            None => ("0", rest),
        };
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&country.len()) || !numeric(country) || !numeric(trunk) || trunk.len() > 3 {
            return Err(wrong());
        }
        let national = pieces(rest).filter(|pieces| (1..=15).contains(&pieces.len())).ok_or_else(wrong)?;
        Ok(Self { words: text.to_owned(), country: country.to_owned(), trunk: trunk.to_owned(), national })
    }
}

/// What each digit of a pattern may be.
fn pieces(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let mut pieces = Vec::new();
    let mut rest = pattern.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b' ' | b'-' | b'.' => {}
            b'#' => pieces.push(DECIMAL.to_vec()),
            b'0'..=b'9' => pieces.push(vec![first]),
            b'[' => {
                let end = rest.iter().position(|&byte| byte == b']')?;
                pieces.push(class(rest.get(..end)?)?);
                rest = rest.get(end + 1..)?;
            }
            _ => return None,
        }
    }
    Some(pieces)
}

/// The digits of `5-79`.
fn class(text: &[u8]) -> Option<Vec<u8>> {
    let mut digits = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let (last, after) = match after {
            [b'-', last, after @ ..] => (*last, after),
            _ => (first, after),
        };
        rest = after;
        if !first.is_ascii_digit() || !last.is_ascii_digit() || last < first {
            return None;
        }
        digits.extend(first..=last);
    }
    digits.sort_unstable();
    digits.dedup();
    (!digits.is_empty()).then_some(digits)
}

fn digits<'a>(texts: &[&'a str], lens: &[usize], what: &'static str) -> Result<Vec<&'a str>, SpaceError> {
    for text in texts {
        if !lens.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SpaceError::Malformed((*text).to_owned(), what));
        }
    }
    Ok(texts.to_vec())
}

const DECIMAL: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const HEX_UPPER: &[u8] = b"0123456789ABCDEF";
/// At a hundred million digests a second, a month.
const MOST: u64 = 1 << 48;
