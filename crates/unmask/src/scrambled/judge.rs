//! Whether what a step made is the plaintext. Scrambles keep most of what is odd about a value, so noise is the
//! wrong thing to compare with: a table of small numbers xored with a space is "text". What counts is a value of
//! the profile, weighed by how few symbols the scrambled value uses, or the marks of a form in their places.

use crate::{
    Cribs, Ground,
    plausible::{Met, Verdict, inflates, is_text, name_of, text_bits},
};

pub(super) struct Judge<'a> {
    value: &'a [u8],
    cribs: &'a Cribs,
    /// Bits that a byte of the value can tell.
    rate: f64,
    /// Whether the value is text as it stands, and of which kind.
    own: Option<&'static str>,
    own_crib: bool,
    /// Whether it uses enough different bytes for a key not to shine through.
    diverse: bool,
    /// Bits of each byte that text has whatever the key is, because value and key are ASCII.
    given: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(value: &'a [u8], cribs: &'a Cribs) -> Self {
        let own = is_text(value).then(|| name_of(value));
        Self {
            value,
            cribs,
            rate: rate(value),
            own,
            own_crib: cribs.find(value).is_some(),
            // Letters xored with numbers under 32 stay letters, whatever they are.
            diverse: distinct(value) * 2 >= value.len().min(64)
                && value.iter().filter(|&&byte| byte >= 0x20).count() * 4 >= value.len(),
            given: if value.is_ascii() { GIVEN_OF_TEXT } else { 0.0 },
        }
    }

    /// Whether the value needs no opening.
    pub(super) fn is_open(&self) -> bool {
        self.own_crib || matches!(self.own, Some("json" | "form" | "url" | "xml"))
    }

    /// Bits that a byte of the value can tell.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether a key cannot shine through the value, and it is no text.
    pub(super) fn may_hide_text(&self) -> bool {
        self.diverse && self.own.is_none()
    }

    /// Whether the value uses its bytes like noise.
    pub(super) fn is_noise(&self) -> bool {
        self.rate >= 8.0
    }

    pub(super) fn verdict(&self, plain: &[u8], text: bool) -> Option<Verdict> {
        let met = self.cribs.find(plain).map(|met| {
            let bits = met.bits(
                self.rate_under(&met, plain.len()),
                met.places(plain.len()),
                self.cribs.rivals(met.len),
            );
            (bits, met.ground())
        });
        let form = self.form(plain, text).map(|(bits, name)| (bits, Ground::Structure(name.to_owned())));
        let (bits, ground) = match (met, form) {
            (Some((met, ground)), Some((form, _))) => (met.max(form) - 1.0, ground),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return None,
        };
        Some(Verdict { bits, ground, text: is_text(plain) })
    }

    /// Bits that a byte under a value of the profile can tell: under a row of zeros, in the middle of a picture, a
    /// key that holds the value shines through. Steps leave each byte where it is, or turn all about.
    fn rate_under(&self, met: &Met, len: usize) -> f64 {
        if len != self.value.len() {
            return self.rate;
        }
        let places = [Some(met.at), len.checked_sub(met.at.saturating_add(met.len))];
        let under = places.into_iter().flatten().filter_map(|at| self.value.get(at..)?.get(..met.len));
        under.map(distinct).filter(|&distinct| distinct <= 4).map(few_symbols).fold(self.rate, f64::min)
    }

    fn form(&self, plain: &[u8], text: bool) -> Option<(f64, &'static str)> {
        if inflates(plain).is_some() {
            return Some((48.0, "compressed"));
        }
        if !is_text(plain) {
            return None;
        }
        let name = name_of(plain);
        let bits = text_bits(plain);
        match name {
            // Of text that is text again, balanced brackets alone tell.
            "form" | "xml" | "url" if self.own.is_some() || !self.diverse => None,
            "json" | "form" | "xml" => Some((bits.min(marks(plain)), name)),
            "url" => Some((bits.min(48.0), name)),
            _ if text && self.diverse && self.own.is_none() => {
                let length = u32::try_from(plain.len()).map_or(0.0, f64::from);
                Some((bits - self.given * length, name))
            }
            _ => None,
        }
    }
}

/// Each mark in its place is one of some 64 printable characters; where the inner ones stand is free.
fn marks(text: &[u8]) -> f64 {
    let marks = text.iter().filter(|byte| b"{}[]\":,&=<>".contains(byte)).count();
    u32::try_from(marks.min(40)).map_or(0.0, f64::from) * 6.0
}

/// Digits tell 3.3 bits each whatever was done with them; noise tells 8. A value of four symbols or fewer is no
/// number that was hidden, but a row of zeros, under which every key shines through.
fn rate(value: &[u8]) -> f64 {
    let distinct = distinct(value);
    let of_symbols = if distinct > 4 { few_symbols(distinct.max(10)) } else { few_symbols(distinct) };
    let few = distinct * 4 < value.len().min(200) * 3 || is_text(value) && distinct < 96;
    match (few, value.is_ascii()) {
        (true, _) => of_symbols,
        (false, true) => of_symbols.min(8.0 - GIVEN),
        (false, false) => 8.0,
    }
}

fn few_symbols(distinct: usize) -> f64 {
    u32::try_from(distinct.max(1)).map_or(8.0, |symbols| f64::from(symbols).log2())
}

/// Bits of each byte that say nothing where value and plaintext are ASCII: one is zero in both, and the next ones
/// tell letters from digits, which differ by the same few patterns whatever the key is.
const GIVEN: f64 = 2.0;
/// Of these, what counts against a plaintext that is all text: its letters' frequencies tell the rest.
const GIVEN_OF_TEXT: f64 = 1.0;

fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    for &byte in value {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    seen.iter().filter(|&&seen| seen).count()
}
