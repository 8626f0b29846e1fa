//! The decoders of `wire` run again, from their input alone.

use crate::{fields, websocket};

/// What the decoder of that name makes of `input`: at most `most` bytes. `None` where there is no such
/// decoder, where it makes nothing of it, or where it cannot be run alone.
pub fn replay(name: &str, input: &[u8], most: usize) -> Option<Vec<u8>> {
    match name {
        websocket::DEFLATE => Some(websocket::inflated(input, most)),
        websocket::MASK => websocket::unmasked(input, most),
        _ => fields::replay(name, input, most),
    }
}

/// Whether the decoder of that name goes on from what it is not given, so that nobody can run it alone.
pub fn goes_on(name: &str) -> bool {
    name == websocket::CONTINUED
}
