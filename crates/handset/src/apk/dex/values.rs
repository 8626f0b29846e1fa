//! `encoded_value`: only the strings in it matter here.

use super::file::uleb;
use crate::le;

/// A reader of encoded values.
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    start: usize,
    at: usize,
}

impl<'a> Values<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, start: at, at }
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> usize {
        self.at.saturating_sub(self.start)
    }

    pub(super) fn uleb(&mut self) -> Option<u32> {
        let (value, at) = uleb(self.bytes, self.at)?;
        self.at = at;
        Some(value)
    }

    /// Reads one value and tells the strings in it, with the offset of each.
    pub(super) fn strings(&mut self, found: &mut impl FnMut(u32, u32)) -> Option<()> {
        self.value(found, 0)
    }

    /// Reads an `encoded_annotation`.
    pub(super) fn annotation(&mut self, found: &mut impl FnMut(u32, u32), depth: usize) -> Option<()> {
        self.uleb()?;
        for _ in 0..self.uleb()? {
            self.uleb()?;
            self.value(found, depth)?;
        }
        Some(())
    }

    fn value(&mut self, found: &mut impl FnMut(u32, u32), depth: usize) -> Option<()> {
        let start = self.at;
        let head = le::u8(self.bytes, self.at)?;
        self.at = self.at.checked_add(1)?;
        let len = usize::from(head >> 5).checked_add(1)?;
        match head & 0x1f {
            STRING => {
                let string = self.number(len)?;
                found(string, u32::try_from(start).ok()?);
            }
            ARRAY if depth < MAX_DEPTH => {
                for _ in 0..self.uleb()? {
                    self.value(found, depth.checked_add(1)?)?;
                }
            }
            ANNOTATION if depth < MAX_DEPTH => self.annotation(found, depth.checked_add(1)?)?,
            ARRAY | ANNOTATION => return None,
            NULL | BOOLEAN => {}
            _ => self.at = self.at.checked_add(len)?,
        }
        Some(())
    }

    fn number(&mut self, len: usize) -> Option<u32> {
        let bytes = le::slice(self.bytes, self.at, len.min(4))?;
        self.at = self.at.checked_add(len)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }
}

const STRING: u8 = 0x17;
const ARRAY: u8 = 0x1c;
const ANNOTATION: u8 = 0x1d;
const NULL: u8 = 0x1e;
const BOOLEAN: u8 = 0x1f;
const MAX_DEPTH: usize = 16;
