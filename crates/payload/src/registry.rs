//! The decoders, one line each: what makes a buffer (and can be replayed), what names fields in one, and what
//! only says what bytes are.

use crate::{
    decode::{base64, escape, hex, inflate, latin1, lz4, percent, snappy, stream, utf16},
    output::{Done, Output},
    walk::{
        Fields, Walked, bplist, cbor, form, grpc, json, jwt, lines, msgpack, multipart, path, protobuf, tar,
        url, xml, zip,
    },
};

/// A decoder's entry in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    /// Its name, as trails, paths and reports write it.
    pub name: &'static str,
    /// What it reads, and the standard it follows.
    pub doc: &'static str,
    pub(crate) run: Run,
}

/// What a decoder gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A buffer: [`replay`] runs it.
    Buffer,
    /// Fields of the buffer it reads.
    Fields,
    /// Nothing but a name for what the bytes are.
    Name,
}

/// How a decoder is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    Buffer(Transform),
    Fields(Walker),
    Name,
}

/// Bytes to other bytes.
pub(crate) type Transform = fn(&mut Output, &[u8]) -> Option<Done>;
/// Bytes to fields.
pub(crate) type Walker = fn(&mut Fields<'_>, &[u8]) -> Option<Walked>;

impl Decoder {
    /// What it gives.
    pub fn gives(&self) -> Gives {
        match self.run {
            Run::Buffer(_) => Gives::Buffer,
            Run::Fields(_) => Gives::Fields,
            Run::Name => Gives::Name,
        }
    }
}

/// All decoders; those that run most often first.
pub const DECODERS: &[Decoder] = &[
    makes("json-string", "Escapes of a JSON string (RFC 8259 section 7)", escape::json_string),
    makes("percent", "Percent-encoding (RFC 3986 section 2.1)", percent::percent),
    makes("form-value", "Percent-encoding with + for a space (WHATWG URL section 5)", percent::form_value),
    makes("base64", "Base64, either alphabet, padded or not (RFC 4648 sections 4 and 5)", base64::base64),
    makes("gzip", "Gzip, all members (RFC 1952)", inflate::gzip),
    makes("zlib", "Zlib (RFC 1950)", inflate::zlib),
    makes("deflate", "Deflate without a wrapping (RFC 1951)", inflate::deflate),
    makes("xml-text", "Entities of XML text (XML 1.0 section 4.1)", escape::xml_text),
    makes("hex", "Hex text", hex::hex),
    makes("br", "Brotli (RFC 7932)", stream::brotli),
    makes("zstd", "Zstandard (RFC 8878)", stream::zstd),
    makes("lz4", "LZ4 frames (lz4_Frame_format.md)", stream::lz4_frame),
    makes("lz4-block", "LZ4 block without a frame (lz4_Block_format.md)", lz4::lz4_block),
    makes("snappy", "Framed Snappy (framing_format.txt)", stream::snappy_frame),
    makes("snappy-block", "Snappy without a frame (format_description.txt)", snappy::snappy),
    makes(
        "latin-1",
        "UTF-8 text with a character for each byte, to those bytes (ISO 8859-1)",
        latin1::latin1,
    ),
    makes("utf-16le", "UTF-16, little-endian, to UTF-8 (RFC 2781)", utf16::utf16_le),
    makes("utf-16be", "UTF-16, big-endian, to UTF-8 (RFC 2781)", utf16::utf16_be),
    names("json", "JSON, also in rows, cut, guarded or in a call (RFC 8259)", json::json),
    names("form", "Form or query (WHATWG URL section 5)", form::form),
    names("url", "Query and fragment of an address (RFC 3986 sections 3.4 and 3.5)", url::url),
    names("query", "The same, of an address without a scheme", url::url),
    names("path", "Segments of the path of an address (RFC 3986 section 3.3)", path::path),
    names("cookie", "Cookies and header parameters (RFC 6265 section 4)", form::cookie),
    names("protobuf", "Protocol Buffers without schema, one level", protobuf::protobuf),
    names("protobuf-delimited", "Protocol Buffers behind their lengths", protobuf::delimited),
    names("grpc", "gRPC frames", grpc::grpc),
    names("length-prefixed", "Messages behind a length in four bytes", grpc::prefixed),
    names("multipart", "Multipart body (RFC 2046, RFC 7578)", multipart::multipart),
    names("xml", "XML: elements, attributes, text", xml::xml),
    names("plist", "Property list in XML", xml::plist),
    names("bplist", "Binary property list", bplist::bplist),
    names("msgpack", "MessagePack", msgpack::msgpack),
    names("cbor", "CBOR (RFC 8949)", cbor::cbor),
    names("jwt", "JSON Web Token (RFC 7519)", jwt::jwt),
    names("zip", "Zip archive, by local headers (APPNOTE.TXT)", zip::zip),
    names("tar", "Tar archive (POSIX ustar)", tar::tar),
    names("lines", "Lines of names and values", lines::lines),
    names("list", "Values on one line, separated by commas, bars or tabs", lines::list),
    says("html", "A web page"),
    says("text", "Text of no known structure"),
    says("package", "An Android package or Java library: named, not unpacked"),
];

/// The decoder of that name.
pub(crate) fn decoder(name: &str) -> Option<&'static Decoder> {
    DECODERS.iter().find(|decoder| decoder.name == name)
}

/// Whether a decoder of that name undoes a compression that shows what it is. Blocks of LZ4 and Snappy without a frame do
/// not: that they are such is a guess.
pub fn is_compression(decoder: &str) -> bool {
    COMPRESSIONS.contains(&decoder)
}

/// Runs one decoder on exactly the bytes of its [`Origin`](crate::Origin)'s range, and gives the buffer it made
/// from them.
///
/// `None` where no decoder that makes buffers has that name, or it cannot read the input. A buffer that a
/// limit cut short is a prefix of what this gives; see [`replay_up_to`].
pub fn replay(decoder: &str, input: &[u8]) -> Option<Vec<u8>> {
    replay_up_to(decoder, input, REPLAY_BYTES)
}

/// As [`replay`], but gives no more than `max` bytes: the length of the recorded buffer.
pub fn replay_up_to(name: &str, input: &[u8], max: usize) -> Option<Vec<u8>> {
    let Run::Buffer(run) = decoder(name)?.run else {
        return None;
    };
    // Some decoders stop at a limit before they fill it, so it is set a little further out.
    let mut out = Output::new(max.saturating_add(SLACK), u32::MAX);
    run(&mut out, input)?;
    out.bytes.truncate(max);
    Some(out.bytes)
}

const fn makes(name: &'static str, doc: &'static str, run: Transform) -> Decoder {
    Decoder { name, doc, run: Run::Buffer(run) }
}

const fn names(name: &'static str, doc: &'static str, run: Walker) -> Decoder {
    Decoder { name, doc, run: Run::Fields(run) }
}

const fn says(name: &'static str, doc: &'static str) -> Decoder {
    Decoder { name, doc, run: Run::Name }
}

const COMPRESSIONS: [&str; 7] = ["br", "deflate", "gzip", "lz4", "snappy", "zlib", "zstd"];
/// The most that [`replay`] gives: 64 MiB, what the default limits allow.
const REPLAY_BYTES: usize = 64 << 20;
const SLACK: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = DECODERS.iter().map(|decoder| decoder.name).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn only_what_makes_buffers_is_replayed() {
        assert_eq!(replay("base64", b"SGk="), Some(b"Hi".to_vec()));
        assert_eq!(replay("json", b"{}"), None);
        assert_eq!(replay("nonesuch", b""), None);
    }
}
