//! DER (X.690) as far as PKCS #7 needs it: tags, lengths, contents.

use crate::le;

/// One value: its tag, what is in it, and all its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Values one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The values inside.
    pub(super) fn inner(&self) -> Values<'a> {
        Values(self.content)
    }
}

impl<'a> Values<'a> {
    /// The next value, which must have that tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Der<'a>> {
        self.next().filter(|value| value.tag == tag)
    }

    /// The next value if it has that tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Der<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Der<'a>;

    fn next(&mut self) -> Option<Der<'a>> {
        let tag = le::u8(self.0, 0)?;
        let first = le::u8(self.0, 1)?;
        let (len, head) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = le::slice(self.0, 2, count)?;
                (digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit)), count.checked_add(2)?)
            }
            _ => return None,
        };
        let content = le::slice(self.0, head, len)?;
        let (whole, rest) = self.0.split_at_checked(head.checked_add(len)?)?;
        self.0 = rest;
        Some(Der { tag, content, whole })
    }
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
