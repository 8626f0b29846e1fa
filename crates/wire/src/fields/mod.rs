//! Compressed header fields to names and values: HPACK of HTTP/2 (RFC 7541), QPACK of HTTP/3 (RFC 9204).
//!
//! What a room does with it:
//!
//! * It has one decoder for each direction: [`hpack::Decoder`] or [`qpack::Decoder`]. `joined` makes one for a
//!   connection whose beginning the capture lacks.
//! * It puts a whole field section (a header block) together as [`Recorded`](crate::Recorded) and has it read. HPACK's `read`
//!   gives a [`Section`] at once. QPACK's gives [`qpack::Blocked`] where the section needs insertions that have
//!   not come yet: the room leaves the section where it is, within a bound of its own, and tries again after
//!   more of the encoder stream was read ([`qpack::Decoder::instructions`]); `read_now` does not wait.
//! * Where sections (HPACK) or bytes of the encoder stream (QPACK) were lost it says `lose`: what later sections
//!   refer to is then not known, and reads as [`Text::Lost`].
//! * [`Written::new`] writes a section out as text, with named parts and the facts of an HTTP head: what a
//!   message's `recorded` begins with.
//!
//! Provenance: a [`Text`] is a [`Recorded`](crate::Recorded) of its own. A literal points at its bytes, wherever those came from;
//! where it was Huffman-coded, at a derivation by `huffman` ([`replay`]) of exactly the coded bytes. A field of
//! the dynamic table shares the text of the literal that defined it, which may lie in a section long before. A
//! field of the static table was not sent, and has no source.
//!
//! Bounds: what a table holds, how many fields a section has and how long they are together. As a byte can stand
//! for a field of any length, the text given out over a connection is bound to the bytes it came from
//! as well; [`Section::over`] counts what was left out. The table stays in step all the same.

mod cursor;
pub mod hpack;
pub mod huffman;
pub mod qpack;
mod section;
mod statics;
mod table;
mod text;
mod written;

pub use self::{
    section::{Field, Section},
    text::Text,
    written::Written,
};

/// Runs a decoder of this crate again, as far as `most` bytes of output. `None` where there is none of that
/// name.
pub fn replay(name: &str, input: &[u8], most: usize) -> Option<Vec<u8>> {
    (name == huffman::NAME).then(|| huffman::decode(input, most).bytes)
}
