//! Numbers and vectors of TLS's presentation language (RFC 8446 section 3), read from hostile bytes.

/// Bytes that are read from the front. Knows where in the whole it stands, so that what is found can be
/// pointed at. A read that needs more than is there gives `None` and leaves everything in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, the first of which stands at 0.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The place of the next byte in the whole.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The bytes left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether none are left.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `len` bytes, as a reader that knows their place.
    pub(crate) fn part(&mut self, len: usize) -> Option<Self> {
        let (part, rest) = self.bytes.split_at_checked(len)?;
        let part = Self { bytes: part, at: self.at };
        *self = Self { bytes: rest, at: self.at.saturating_add(len) };
        Some(part)
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        self.part(len).map(|part| part.bytes)
    }

    /// The next bytes, as many as the array has.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let array = self.bytes.first_chunk()?;
        self.part(N)?;
        Some(array)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| *byte)
    }

    /// Two bytes, big-endian.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// Three bytes, big-endian.
    pub(crate) fn u24(&mut self) -> Option<usize> {
        self.array().map(|[a, b, c]| usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c))
    }

    /// Four bytes, big-endian.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A vector with a length of one byte.
    pub(crate) fn vec8(&mut self) -> Option<Self> {
        self.vector(|reader| reader.u8().map(usize::from))
    }

    /// A vector with a length of two bytes.
    pub(crate) fn vec16(&mut self) -> Option<Self> {
        self.vector(|reader| reader.u16().map(usize::from))
    }

    /// A vector with a length of three bytes.
    pub(crate) fn vec24(&mut self) -> Option<Self> {
        self.vector(Self::u24)
    }

    /// The 16-bit numbers that are left; an odd last byte is no number.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().map(|pair| u16::from_be_bytes(*pair)))
    }

    fn vector(&mut self, length: impl Fn(&mut Self) -> Option<usize>) -> Option<Self> {
        let mut ahead = *self;
        let len = length(&mut ahead)?;
        let part = ahead.part(len)?;
        *self = ahead;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_fails_leaves_everything_in_place() {
        let mut reader = Reader::new(b"\x00\x05abc");
        assert!(reader.vec16().is_none() && reader.array::<6>().is_none() && reader.take(6).is_none());
        assert_eq!(reader.rest().len(), 5);
        assert_eq!(reader.u16(), Some(5));
        assert_eq!(reader.part(2).map(|part| part.at()), Some(2));
        assert_eq!((reader.at(), reader.rest()), (4, &b"c"[..]));
    }
}
