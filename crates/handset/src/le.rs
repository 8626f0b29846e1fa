//! Little-endian numbers out of bytes from outside: a short input is `None`, never a panic.

/// `len` bytes at `at`.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// `N` bytes at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    slice(bytes, at, N)?.try_into().ok()
}

/// The byte at `at`.
pub(crate) fn u8(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// Two bytes at `at`.
pub(crate) fn u16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// Four bytes at `at`.
pub(crate) fn u32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Eight bytes at `at`.
pub(crate) fn u64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// Four bytes at `at`, as an offset or a count.
pub(crate) fn size(bytes: &[u8], at: usize) -> Option<usize> {
    u32(bytes, at).and_then(|value| usize::try_from(value).ok())
}

/// Two bytes at `at`, as an offset or a count.
pub(crate) fn short(bytes: &[u8], at: usize) -> Option<usize> {
    u16(bytes, at).map(usize::from)
}

/// A position or length in memory as one in a file. No machine that runs this has more than 64 bits.
pub(crate) fn wide(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// A position or length in a file as one in memory.
pub(crate) fn narrow(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
