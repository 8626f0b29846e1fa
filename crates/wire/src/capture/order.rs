//! Integers of either byte order out of byte slices, `None` where the slice is too short.

/// The order of an integer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl Order {
    /// The integer of these two bytes.
    pub(super) fn of2(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    /// The integer of these four bytes.
    pub(super) fn of4(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    /// The integer of these eight bytes.
    pub(super) fn of8(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Big => u64::from_be_bytes(bytes),
            Self::Little => u64::from_le_bytes(bytes),
        }
    }

    /// The 16-bit integer at `at`.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        Some(self.of2(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 32-bit integer at `at`.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.of4(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 64-bit integer at `at`.
    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        Some(self.of8(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 64-bit number at `at` that pcapng writes as two 32-bit halves, the upper one first whatever the
    /// byte order (timestamps).
    pub(super) fn halves(self, bytes: &[u8], at: usize) -> Option<u64> {
        let high = u64::from(self.u32(bytes, at)?);
        Some(high << 32 | u64::from(self.u32(bytes, at.checked_add(4)?)?))
    }
}
