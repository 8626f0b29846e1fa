//! The decoders, one line each: what makes a buffer (and can be replayed), and what names fields in one.

/// A decoder's entry in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoder {
    /// Its name, as trails, paths and reports write it.
    pub name: &'static str,
    /// What it reads, and the standard it follows.
    pub doc: &'static str,
    /// What it gives.
    pub gives: Gives,
}

/// What a decoder gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A buffer: [`replay`] runs it.
    Buffer,
    /// Fields of the buffer it reads.
    Fields,
    /// Nothing but a name for what the bytes are: images, text.
    Name,
}

/// All decoders, by name.
pub const DECODERS: &[Decoder] = &[];

/// Runs one decoder on exactly the bytes of its [`Origin`](crate::Origin)'s range, and gives the buffer it made
/// from them.
///
/// `None` where no decoder that makes buffers has that name, or it cannot read the input. A buffer that a
/// limit cut short is a prefix of what this gives; see [`replay_up_to`].
pub fn replay(decoder: &str, input: &[u8]) -> Option<Vec<u8>> {
    replay_up_to(decoder, input, REPLAY_BYTES)
}

/// As [`replay`], but stops after `max` bytes: the length of the recorded buffer.
pub fn replay_up_to(_decoder: &str, _input: &[u8], _max: usize) -> Option<Vec<u8>> {
    None
}

/// The most that [`replay`] gives: 64 MiB, what the default limits allow.
const REPLAY_BYTES: usize = 64 << 20;
