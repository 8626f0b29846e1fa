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

#[cfg(test)]
mod tests {
    use evidence::Step;

    use super::*;

    /// Whoever knows a case and no decoder tells by the name.
    #[test]
    fn the_name_of_a_decoder_tells_whether_it_goes_on() {
        for name in [websocket::DEFLATE, websocket::MASK, websocket::CONTINUED] {
            assert_eq!(Step::Decode(name.to_owned()).goes_on(), goes_on(name), "{name}");
        }
    }
}
