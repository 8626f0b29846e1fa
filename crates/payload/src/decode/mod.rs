//! Decoders that make a buffer from bytes: one file per family.
//!
//! Each is a function from input to [`Output`](crate::output::Output): it reads from the first byte, says how many it read,
//! and knows nothing of where they came from. Whether the result is worth keeping is decided elsewhere, so
//! a replay needs nothing but the name and the bytes.

pub(crate) mod base64;
pub(crate) mod escape;
pub(crate) mod hex;
pub(crate) mod inflate;
pub(crate) mod latin1;
pub(crate) mod lz4;
pub(crate) mod percent;
pub(crate) mod snappy;
pub(crate) mod stream;
pub(crate) mod utf16;
