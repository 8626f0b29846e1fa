//! Bodies to values, recursively, sans-io: every plausible reading of some bytes, within a budget.
//!
//! An [`Explorer`] is given the bytes of a message and what stands where in them; it makes a [`Tree`]:
//! *buffers* are bytes that a decoder made (gunzipped, base64-decoded, unescaped) and that must be searched,
//! *fields* are named slices of a buffer (a JSON leaf, a form value, a protobuf string). One reading never
//! switches off another. A decoder does not know who carried the bytes.

mod decode;
mod explorer;
mod label;
mod limits;
mod media;
mod noise;
mod output;
mod plausible;
mod reading;
mod registry;
mod scattered;
mod sniff;
mod tree;
mod values;
mod walk;
mod work;

pub use explorer::{Explorer, FieldKind, Hint, Root, RootField};
pub use limits::Limits;
pub use media::is_broken_picture;
pub use noise::is_random;
pub use registry::{DECODERS, Decoder, Gives, is_compression, replay, replay_up_to};
pub use sniff::{begins_as_media, is_media};
pub use tree::{Buffer, BufferIndex, Field, FieldIndex, Limit, Name, Origin, Outcome, Piece, Reading, Tree};
