//! The decoders' steps to commands of public tools, from standard input to standard output.
//!
//! Where a well-known tool does the same on the bytes at hand, that tool is named. Damaged, cut or sloppily
//! written input (which the decoders read and most tools refuse) is left to a few lines of Python's standard
//! library, which give the same bytes.

use std::{collections::BTreeSet, io::Read};

use handset::messages::gsm::{SEPTETS, SEPTETS_BEHIND_HEADER};

use flate2::{Decompress, FlushDecompress, Status, bufread::MultiGzDecoder};

/// How one decoder's step is run outside this program.
pub(super) struct Tool {
    /// The decoder's registered name.
    pub(super) decoder: &'static str,
    /// What the step does, for somebody who never heard of it.
    pub(super) words: &'static str,
    /// What does it for input as it should be.
    plain: Option<Plain>,
    /// What does it for all input that the decoder reads; may stop before the end, or give more.
    any: Command,
}

/// A command, and whether it gives this output for this input.
struct Plain {
    fits: Fits,
    command: Command,
}

/// Whether a tool makes an output, the second, of an input.
type Fits = fn(&[u8], &[u8]) -> bool;

/// A command of the shell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    /// As it stands in a pipeline.
    pub(super) text: &'static str,
    /// The programs it needs.
    pub(super) needs: &'static [&'static str],
    /// The definition of the shell function it calls; empty where it calls none.
    pub(super) function: &'static str,
}

impl Tool {
    /// The one for the decoder of that name.
    pub(super) fn of(decoder: &str) -> Option<&'static Self> {
        TOOLS.iter().chain(WIRE_TOOLS).find(|tool| tool.decoder == decoder)
    }

    /// The command that makes `output` of `input`, and whether its output has to be cut to that length.
    pub(super) fn command(&self, input: &[u8], output: &[u8]) -> (Command, bool) {
        match &self.plain {
            Some(plain) if (plain.fits)(input, output) => (plain.command, false),
            _ => (self.any, self.may_give_more(input, output)),
        }
    }

    /// Whether the command for any input may give more than `output`: it was cut at a limit, or a damaged
    /// stream gives one reader a little more than another.
    fn may_give_more(&self, input: &[u8], output: &[u8]) -> bool {
        let more = super::undone(self.decoder, input, output.len().saturating_add(1));
        STREAMS.contains(&self.decoder) || more.is_none_or(|more| more.len() > output.len())
    }

    /// All commands that the step may become.
    #[cfg(test)]
    fn commands(&self) -> impl Iterator<Item = Command> {
        self.plain.iter().map(|plain| plain.command).chain([self.any])
    }
}

impl Command {
    /// A command that needs no function.
    const fn new(text: &'static str, needs: &'static [&'static str]) -> Self {
        Self { text, needs, function: "" }
    }

    /// A call of a function in Python.
    const fn python(text: &'static str, function: &'static str) -> Self {
        Self { text, needs: &["python3"], function }
    }

    /// Notes what has to be there for it.
    pub(super) fn register(
        &self,
        needs: &mut BTreeSet<&'static str>,
        functions: &mut BTreeSet<&'static str>,
    ) {
        needs.extend(self.needs);
        if !self.function.is_empty() {
            functions.insert(self.function);
        }
    }
}

/// Standard alphabet, whole groups, padded, on one line.
fn is_strict_base64(input: &[u8], output: &[u8]) -> bool {
    let letters = input.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let (text, padding) = input.split_at(letters);
    let clean = text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let whole = input.len().is_multiple_of(4) && padding.len() <= 2;
    clean && whole && output.len() == (input.len() / 4 * 3).saturating_sub(padding.len())
}

/// What a strict JSON reader makes of it as well.
fn is_strict_json(input: &[u8], output: &[u8]) -> bool {
    let quoted = [b"\"", input, b"\""].concat();
    let read: Result<String, _> = serde_json::from_slice(&quoted);
    read.is_ok_and(|text| text.as_bytes() == output)
}

fn is_whole_gzip(input: &[u8], output: &[u8]) -> bool {
    gives(MultiGzDecoder::new(input), output)
}

fn is_whole_zlib(input: &[u8], output: &[u8]) -> bool {
    inflates(Decompress::new(true), input, output)
}

fn is_whole_deflate(input: &[u8], output: &[u8]) -> bool {
    inflates(Decompress::new(false), input, output)
}

fn inflates(mut inflater: Decompress, input: &[u8], output: &[u8]) -> bool {
    let mut given = Vec::with_capacity(output.len().saturating_add(1));
    let status = inflater.decompress_vec(input, &mut given, FlushDecompress::Finish);
    matches!(status, Ok(Status::StreamEnd)) && given == output
}

fn is_whole_brotli(input: &[u8], output: &[u8]) -> bool {
    gives(brotli_decompressor::Decompressor::new(input, 4096), output)
}

fn is_whole_zstd(input: &[u8], output: &[u8]) -> bool {
    zstd::stream::read::Decoder::with_buffer(input).is_ok_and(|decoder| gives(decoder, output))
}

/// Text in whole characters, without a byte order mark.
fn is_strict_utf16le(input: &[u8], output: &[u8]) -> bool {
    is_strict_utf16(input, output, u16::from_le_bytes)
}

fn is_strict_utf16be(input: &[u8], output: &[u8]) -> bool {
    is_strict_utf16(input, output, u16::from_be_bytes)
}

fn is_strict_utf16(input: &[u8], output: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (pairs, rest) = input.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    rest.is_empty() && text.is_ok_and(|text| text.as_bytes() == output)
}

/// Text of which every character is a byte.
fn is_strict_latin1(input: &[u8], output: &[u8]) -> bool {
    let text = std::str::from_utf8(input).ok();
    text.is_some_and(|text| {
        text.chars().map(|one| u8::try_from(u32::from(one))).eq(output.iter().map(|byte| Ok(*byte)))
    })
}

/// Whether a reader gives exactly these bytes and then comes to a proper end.
fn gives(reader: impl Read, output: &[u8]) -> bool {
    let mut given = Vec::with_capacity(output.len());
    let limit = (output.len() as u64).saturating_add(1);
    reader.take(limit).read_to_end(&mut given).is_ok() && given == output
}

const fn tool(decoder: &'static str, words: &'static str, any: Command) -> Tool {
    Tool { decoder, words, plain: None, any }
}

const fn plain(
    decoder: &'static str,
    words: &'static str,
    (fits, command): (Fits, Command),
    any: Command,
) -> Tool {
    Tool { decoder, words, plain: Some(Plain { fits, command }), any }
}

/// Compressed streams: read block by block or bit by bit, as far as they go.
const STREAMS: [&str; 7] = ["gzip", "zlib", "deflate", "br", "zstd", "lz4", "snappy"];

/// One for each decoder that makes a buffer.
pub(super) const TOOLS: &[Tool] = &[
    plain(
        "json-string",
        "Inside a JSON string, some characters are written with a backslash. They become characters again.",
        (is_strict_json, Command::new("{ printf '\"'; cat; printf '\"'; } | jq -j .", &["jq"])),
        Command::python("undo_json_string", JSON_STRING),
    ),
    tool(
        "percent",
        "Web addresses write special characters as % and two digits. They become characters again.",
        Command::python("undo_percent", PERCENT),
    ),
    tool(
        "form-value",
        "Web forms write special characters as % and two digits, and spaces as +. They become characters again.",
        Command::python("undo_form_value", FORM_VALUE),
    ),
    plain(
        "base64",
        "Base64 writes any bytes as letters and digits; it is no encryption. They become bytes again.",
        (is_strict_base64, Command::new("base64 -d", &["base64"])),
        Command::python("undo_base64", BASE64),
    ),
    plain(
        "gzip",
        "The bytes were compressed with gzip. They are unpacked.",
        (is_whole_gzip, Command::new("gunzip -c", &["gunzip"])),
        Command::python("undo_deflate 31", DEFLATE),
    ),
    plain(
        "zlib",
        "The bytes were compressed with zlib. They are unpacked.",
        (is_whole_zlib, Command::new(ZLIB, &["python3"])),
        Command::python("undo_deflate 15", DEFLATE),
    ),
    plain(
        "deflate",
        "The bytes were compressed with deflate. They are unpacked.",
        (is_whole_deflate, Command::new(RAW_DEFLATE, &["python3"])),
        Command::python("undo_deflate -15", DEFLATE),
    ),
    tool(
        "xml-text",
        "XML writes some characters as &name; or &#number;. They become characters again.",
        Command::python("undo_xml_text", XML_TEXT),
    ),
    tool(
        "hex",
        "The bytes were written as pairs of digits 0 to f. They become bytes again.",
        Command::new("tr -d ' \\t\\r\\n\\f' | xxd -r -p", &["xxd"]),
    ),
    plain(
        "br",
        "The bytes were compressed with Brotli. They are unpacked.",
        (is_whole_brotli, Command::new("brotli -d -c", &["brotli"])),
        Command::python("undo_brotli", BROTLI),
    ),
    plain(
        "zstd",
        "The bytes were compressed with Zstandard. They are unpacked.",
        (is_whole_zstd, Command::new("zstd -d -c", &["zstd"])),
        Command::new("zstd -d -c 2> /dev/null", &["zstd"]),
    ),
    tool(
        "lz4",
        "The bytes were compressed with LZ4. They are unpacked.",
        Command::new("lz4 -d -c 2> /dev/null", &["lz4"]),
    ),
    tool(
        "lz4-block",
        "The bytes were compressed with LZ4, without its usual frame. They are unpacked.",
        Command::python("undo_lz4_block", LZ4_BLOCK),
    ),
    tool(
        "snappy",
        "The bytes were compressed with Snappy. They are unpacked.",
        Command::python("undo_snappy framed", SNAPPY),
    ),
    tool(
        "snappy-block",
        "The bytes were compressed with Snappy, without its usual frame. They are unpacked.",
        Command::python("undo_snappy", SNAPPY),
    ),
    plain(
        "latin-1",
        "Each character of the text stands for one byte. It becomes that byte again.",
        (is_strict_latin1, Command::new("iconv -f UTF-8 -t ISO-8859-1", &["iconv"])),
        Command::python("undo_latin1", LATIN1),
    ),
    plain(
        "utf-16le",
        "The text was written with two bytes for a character (UTF-16). It is rewritten as UTF-8.",
        (is_strict_utf16le, Command::new("iconv -f UTF-16LE -t UTF-8", &["iconv"])),
        Command::python("undo_utf16 utf-16-le", UTF16),
    ),
    plain(
        "utf-16be",
        "The text was written with two bytes for a character (UTF-16). It is rewritten as UTF-8.",
        (is_strict_utf16be, Command::new("iconv -f UTF-16BE -t UTF-8", &["iconv"])),
        Command::python("undo_utf16 utf-16-be", UTF16),
    ),
];

/// One for each decoder of `wire` and of `handset`.
const WIRE_TOOLS: &[Tool] = &[
    tool(
        "huffman",
        "HTTP/2 and HTTP/3 write frequent characters of header fields with fewer bits. They are spelt out again.",
        Command::python("undo_huffman", HUFFMAN),
    ),
    tool(
        SEPTETS,
        "Short messages write a character with 7 bits, packed one behind the other. They are unpacked.",
        Command::python("undo_gsm_7bit plain", GSM_7BIT),
    ),
    tool(
        SEPTETS_BEHIND_HEADER,
        "Short messages write a character with 7 bits, packed one behind the other, here behind a header. They are unpacked.",
        Command::python("undo_gsm_7bit header", GSM_7BIT),
    ),
    tool(
        "permessage-deflate",
        "Messages of a WebSocket were compressed, each with the help of those before it. All are unpacked, in order.",
        Command::python("undo_permessage_deflate", PERMESSAGE_DEFLATE),
    ),
    tool(
        "websocket-mask",
        "WebSocket mixes what a client sends with four bytes that stand before it. They are taken out again.",
        Command::python("undo_websocket_mask", WEBSOCKET_MASK),
    ),
];

const GSM_7BIT: &str = r#"# TP-UDL and TP-UD of 3GPP TS 23.040, in the alphabet of TS 23.038.
undo_gsm_7bit() { python3 -c '
import sys
basic = (
    "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5"
    "\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e \u00c6\u00e6\u00df\u00c9"
    " !\u0022#\u00a4%&\u0027()*+,-./0123456789:;<=>?"
    "\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7"
    "\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0"
)
extension = dict(zip([10, 20, 40, 41, 47, 60, 61, 62, 64, 101], "\f^{}\u005c[~]|\u20ac"))
data = sys.stdin.buffer.read()
length, data = data[0], data[1:]
header = data[0] + 1 if sys.argv[1] == "header" else 0
skip = -(-header * 8 // 7)
bits = int.from_bytes(data, "little")
out, escaped = [], False
for place in range(skip, length):
    if place * 7 + 7 > len(data) * 8:
        break
    code = bits >> place * 7 & 127
    if code == 27 and not escaped:
        escaped = True
        continue
    out.append(extension.get(code, basic[code]) if escaped else basic[code])
    escaped = False
sys.stdout.buffer.write("".join(out).encode())
' "$@"; }
"#;

const HUFFMAN: &str = r#"# The code of RFC 7541 appendix B. It is canonical, so the lengths of the codes, A for 5 bits, say all of it.
undo_huffman() { python3 -c '
import sys
lengths = (
    "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
    "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
    "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
    "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV"
    "Z"
)
symbols, code, size = {}, 0, 0
for length, symbol in sorted((ord(letter) - 60, symbol) for symbol, letter in enumerate(lengths)):
    code <<= length - size
    size = length
    symbols[length, code] = symbol
    code += 1
out, code, size = bytearray(), 0, 0
for byte in sys.stdin.buffer.read():
    for bit in range(7, -1, -1):
        code, size = code << 1 | byte >> bit & 1, size + 1
        symbol = symbols.get((size, code))
        if symbol is not None:
            code, size = 0, 0
            out += bytes([symbol]) if symbol < 256 else b""
sys.stdout.buffer.write(out)
'; }
"#;

const PERMESSAGE_DEFLATE: &str = r#"# As RFC 6455 section 5.2 says: a head with a length, perhaps four bytes of a mask, the message.
undo_permessage_deflate() { python3 -c '
import sys, zlib
data, at, out = sys.stdin.buffer.read(), 0, sys.stdout.buffer
stream = zlib.decompressobj(-15)
try:
    while at + 2 <= len(data):
        last, masked, size = data[at] & 128, data[at + 1] & 128, data[at + 1] & 127
        start = at + 2 + {126: 2, 127: 8}.get(size, 0)
        if size > 125:
            size = int.from_bytes(data[at + 2:start], "big")
        key = data[start:start + 4] if masked else bytes(4)
        start += 4 if masked else 0
        part = bytes(byte ^ key[place % 4] for place, byte in enumerate(data[start:start + size]))
        at = start + size
        for byte in part + (b"\x00\x00\xff\xff" if last and at <= len(data) else b""):
            out.write(stream.decompress(bytes([byte])))
except zlib.error:
    pass
'; }
"#;

const WEBSOCKET_MASK: &str = r#"undo_websocket_mask() { python3 -c '
import sys
data = sys.stdin.buffer.read()
sys.stdout.buffer.write(bytes(byte ^ data[at % 4] for at, byte in enumerate(data[4:])))
'; }
"#;

const ZLIB: &str =
    "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'";
const RAW_DEFLATE: &str =
    "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), -15))'";

const JSON_STRING: &str = r#"# Escapes that make no sense stay as they are.
undo_json_string() { python3 -c '
import re, sys
names = bytes.maketrans(b"bfnrt", b"\b\f\n\r\t")
def character(found):
    if found[1]:
        text = bytes.fromhex(found[1].replace(b"\\u", b"").decode()).decode("utf-16-be", "surrogatepass")
        # Half of a pair is lost, but where Python wrote a byte so.
        return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text).encode("utf-8", "surrogateescape")
    return found[2].translate(names)
text = sys.stdin.buffer.read()
sys.stdout.buffer.write(re.sub(rb"((?:\\u[0-9A-Fa-f]{4})+)|\\([\x22/\\bfnrt])", character, text))
'; }
"#;

const LATIN1: &str = r#"undo_latin1() { python3 -c '
import re, sys
text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
sys.stdout.buffer.write(re.match("[\x00-\xff]*", text)[0].encode("latin-1"))
'; }
"#;

const PERCENT: &str = r#"undo_percent() { python3 -c '
import sys, urllib.parse
sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(sys.stdin.buffer.read()))
'; }
"#;

const FORM_VALUE: &str = r#"undo_form_value() { python3 -c '
import sys, urllib.parse
sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(sys.stdin.buffer.read().replace(b"+", b" ")))
'; }
"#;

const BASE64: &str = r#"# Also without padding, broken over lines, several in a row, or in the alphabet for web addresses (- and _).
undo_base64() { python3 -c '
import base64, re, sys
text = sys.stdin.buffer.read().translate(bytes.maketrans(b"-_", b"+/"), b" \t\r\n\f")
for part in re.findall(rb"[A-Za-z0-9+/]+", text):
    part = part[:-1] if len(part) % 4 == 1 else part
    sys.stdout.buffer.write(base64.b64decode(part + b"=" * (-len(part) % 4)))
'; }
"#;

const DEFLATE: &str = r#"# Byte by byte, so that what comes before a cut or damage is not lost.
undo_deflate() { python3 -c '
import sys, zlib
data, at, out = sys.stdin.buffer.read(), 0, sys.stdout.buffer
try:
    while at < len(data):
        stream = zlib.decompressobj(int(sys.argv[1]))
        while at < len(data) and not stream.eof:
            part = stream.decompress(data[at:at + 1], 1)
            at += 1
            while part:
                out.write(part)
                part = stream.decompress(stream.unconsumed_tail, 1)
except zlib.error:
    pass
' "$1"; }
"#;

const XML_TEXT: &str = r##"# Names that are not known stay as they are.
undo_xml_text() { python3 -c '
import re, sys
names = {b"amp": "&", b"lt": "<", b"gt": ">", b"quot": "\"", b"apos": "\x27"}
def character(found):
    name = found[1]
    if name in names:
        return names[name].encode()
    try:
        return chr(int(name[2:], 16) if name[1:2] in b"xX" else int(name[1:])).encode()
    except (ValueError, OverflowError):
        return found[0]
text = sys.stdin.buffer.read()
known = rb"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});"
sys.stdout.buffer.write(re.sub(known, character, text))
'; }
"##;

const BROTLI: &str = r#"# The stream is cut, which the brotli command refuses: needs the module of that name (python3-brotli).
undo_brotli() { python3 -c '
import sys, brotli
stream = brotli.Decompressor()
try:
    for byte in sys.stdin.buffer.read():
        sys.stdout.buffer.write(stream.process(bytes([byte])))
except brotli.error:
    pass
'; }
"#;

const LZ4_BLOCK: &str = r#"# As lz4_Block_format.md says: some bytes as they are, then a copy of earlier ones, and so on.
undo_lz4_block() { python3 -c '
import sys
data, at, out = sys.stdin.buffer.read(), 0, bytearray()
def length(nibble):
    global at
    size = nibble
    while nibble == 15:
        size += data[at]
        at += 1
        if data[at - 1] < 255:
            break
    return size
while at < len(data):
    token = data[at]
    at += 1
    count = length(token >> 4)
    out += data[at:at + count]
    at += count
    if at < len(data):
        back = data[at] + 256 * data[at + 1]
        at += 2
        count = length(token & 15) + 4
        piece = out[-back:]
        out += (piece * (count // back + 1))[:count] if back < count else piece[:count]
sys.stdout.buffer.write(out)
'; }
"#;

const SNAPPY: &str = r#"# As Snappy's format_description.txt (and framing_format.txt) say: bytes as they are, and copies of earlier ones.
undo_snappy() { python3 -c '
import sys
def block(data):
    at, out = 0, bytearray()
    while data[at] > 127:
        at += 1
    at += 1
    while at < len(data):
        tag, kind = data[at] >> 2, data[at] & 3
        at += 1
        if kind == 0:
            extra = max(tag - 59, 0)
            count = (int.from_bytes(data[at:at + extra], "little") if extra else tag) + 1
            out += data[at + extra:at + extra + count]
            at += extra + count
            continue
        if kind == 1:
            count, back = (tag & 7) + 4, (tag >> 3) * 256 + data[at]
        else:
            count, back = tag + 1, int.from_bytes(data[at:at + 2 * kind - 2], "little")
        at += (1, 2, 4)[kind - 1]
        piece = out[-back:]
        out += (piece * (count // back + 1))[:count] if back < count else piece[:count]
    return out
data, at = sys.stdin.buffer.read(), 0
if len(sys.argv) < 2:
    sys.stdout.buffer.write(block(data))
    sys.exit()
while at + 4 <= len(data):
    kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "little")
    chunk = data[at + 8:at + 4 + size]
    if at + 4 + size > len(data):
        break
    if kind < 2:
        sys.stdout.buffer.write(chunk if kind else block(chunk))
    at += 4 + size
' "$@"; }
"#;

const UTF16: &str = r#"# Half a pair becomes the sign for an unknown character; a mark at the beginning is left out.
undo_utf16() { python3 -c '
import sys
text = sys.stdin.buffer.read().decode(sys.argv[1], "replace")
sys.stdout.buffer.write(text.removeprefix("\ufeff").encode())
' "$1"; }
"#;

#[cfg(test)]
mod tests {
    use std::{
        env,
        ffi::{OsStr, OsString},
        io::Write,
        path::PathBuf,
        process::{self, Stdio},
        sync::OnceLock,
    };

    use payload::{DECODERS, Gives};

    use super::*;

    #[test]
    fn every_decoder_that_makes_a_buffer_has_a_tool() {
        let decoders: Vec<_> = DECODERS
            .iter()
            .filter(|decoder| decoder.gives() == Gives::Buffer)
            .map(|decoder| decoder.name)
            .collect();
        let tools: Vec<_> = TOOLS.iter().map(|tool| tool.decoder).collect();
        assert_eq!(tools, decoders);
    }

    #[test]
    fn scripts_in_python_end_where_they_seem_to() {
        for tool in TOOLS.iter().chain(WIRE_TOOLS) {
            for command in tool.commands().filter(|command| !command.function.is_empty()) {
                let (_, python) = command.function.split_once("python3 -c '").unwrap();
                let (python, rest) = python.split_once('\'').unwrap();
                assert!(python.starts_with('\n') && python.ends_with('\n'), "{}", tool.decoder);
                assert!(rest.trim_end().ends_with("; }"), "{}: {rest}", tool.decoder);
            }
        }
    }

    /// The tools of every decoder, on input as it should be and on sloppy, damaged and cut input, give what
    /// the decoder gives.
    #[test]
    fn tools_give_what_decoders_give() {
        let mut run = 0;
        for (decoder, input) in samples() {
            let tool = Tool::of(decoder).unwrap();
            let Some(output) = super::super::undone(decoder, &input, 1 << 24) else { continue };
            let (command, cut) = tool.command(&input, &output);
            // Where the plain tool does, the other must as well.
            for (command, cut) in [(command, cut), (tool.any, tool.may_give_more(&input, &output))] {
                if let Some(missing) = missing(&command) {
                    skip(decoder, missing);
                    continue;
                }
                let given = pipe(&command, &input);
                let given = if cut { given.get(..output.len()).unwrap_or(&given) } else { &given };
                let (got, wanted) = (String::from_utf8_lossy(given), String::from_utf8_lossy(&output));
                assert!(given == output, "{decoder}: {}\n{got}\n{wanted}", command.text);
                run += 1;
            }
        }
        assert!(run > 100, "only {run} were run");
    }

    #[test]
    fn plain_tools_are_named_for_plain_input() {
        let rows: [(&str, &[u8], &str); 6] = [
            ("base64", b"SGVsbG8=", "base64 -d"),
            ("base64", b"SGVsbG8", "undo_base64"),
            ("json-string", br#"{\"a\":1}"#, "{ printf '\"'; cat; printf '\"'; } | jq -j ."),
            ("json-string", br#"{\"a\":"#, "{ printf '\"'; cat; printf '\"'; } | jq -j ."),
            ("json-string", br"\ud83d", "undo_json_string"),
            ("utf-16le", b"H\0i\0", "iconv -f UTF-16LE -t UTF-8"),
        ];
        for (decoder, input, expected) in rows {
            let output = payload::replay(decoder, input).unwrap();
            let (command, _) = Tool::of(decoder).unwrap().command(input, &output);
            assert_eq!(command.text, expected, "{decoder}");
        }
    }

    /// Decoders and what they are given: also cut short, with noise in it, and more than one.
    fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let text: Vec<u8> =
            (0..4000_u32).flat_map(|number| format!("{{\"n\":{}}},", number * 7919).into_bytes()).collect();
        let utf16 =
            |order: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let mut samples: Vec<(&str, Vec<u8>)> = vec![
            ("json-string", br#"{\"imei\":\"3520\",\u0022x\":\"a\/b\\c\"}"#.to_vec()),
            ("json-string", br"\ud83d\udcf1 \ud83d! \udcf1 \u4f60\u597d\b\f\n\r\t\q \u12 \\u0041".to_vec()),
            ("json-string", br"\u001f\udc8b\udc08\ud83d\udcf1\udcf1".to_vec()),
            ("json-string", b"\xff\xfe \\/ raw\x01 '; \\n \\".to_vec()),
            ("percent", b"a%20b%e4%BD%a0%25%zz%4".to_vec()),
            ("percent", b"100%% %%41 %0a'\"+".to_vec()),
            ("form-value", b"a+b%2B%20%zz%+c%4".to_vec()),
            ("base64", b"SGVsbG8=".to_vec()),
            ("base64", b"SGVsbG8h".to_vec()),
            ("base64", b"Pz8_Pj4-SGVsbG8".to_vec()),
            ("base64", b"SGVs\r\nbG8h\n SG\tVsbA==SGk=\x0cSGk".to_vec()),
            ("base64", b"SGVsbG8=====SGk".to_vec()),
            (
                "xml-text",
                b"a &amp;&lt;b&#65;&#x4f60;&nosuch;&&gt;&quot;&apos;&#xD800;&#9999999;&#x0;".to_vec(),
            ),
            ("hex", b"48656C6c6f".to_vec()),
            ("hex", b"48 65\n6 c\t6c\r\n6f".to_vec()),
            ("hex", "0aff".repeat(100_000).into_bytes()),
            ("lz4-block", lz4_flex::block::compress(&text)),
            ("lz4-block", lz4_flex::block::compress(&b"A".repeat(5000))),
            ("lz4-block", lz4_flex::block::compress(b"short")),
            ("snappy-block", snap::raw::Encoder::new().compress_vec(&text).unwrap()),
            ("snappy-block", snap::raw::Encoder::new().compress_vec(&b"A".repeat(70_000)).unwrap()),
            ("snappy-block", snap::raw::Encoder::new().compress_vec(b"short").unwrap()),
            ("latin-1", "\u{1f}\u{8b} IMEI=352099001761481 \u{ff}".as_bytes().to_vec()),
            ("latin-1", "cut \u{ff}\u{100}".as_bytes().to_vec()),
            ("utf-16le", utf16(u16::to_le_bytes, "IMEI=352099001761481 \u{1f4f1}")),
            ("utf-16le", b"\xff\xfeA\0\x3d\xd8\xf1\xdc\x3d\xd8!\0\xf1\xdc".to_vec()),
            ("utf-16be", utf16(u16::to_be_bytes, "IMEI=352099001761481 \u{1f4f1}")),
            ("utf-16be", utf16(u16::to_be_bytes, "\u{feff}mark \u{feff} twice")),
        ];
        // RFC 7541 section C.4.1; every byte; not ended as it should be, with the end mark in it.
        samples.push(("huffman", b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff".to_vec()));
        let every: Vec<u8> = (0..=255).collect();
        samples.push(("huffman", wire::fields::huffman::encode(&every)));
        samples.push(("huffman", b"\xf1\xe3\xff\xff\xff\xfc\x00".to_vec()));
        // Every character and extension; cut; behind a header with a fill bit.
        let every: Vec<u8> = (0..128).flat_map(|code| [code, 27, code]).collect();
        for part in every.chunks(150) {
            samples.push((SEPTETS, packed(part)));
            samples.push((SEPTETS, packed(part)[..part.len() / 2].to_vec()));
        }
        let part = b"\x0c\x05\x00\x03\x2a\x02\x01\xd0\x65\x36\xfb\x0d".to_vec();
        samples.push((SEPTETS_BEHIND_HEADER, part));
        samples.push((SEPTETS_BEHIND_HEADER, b"\x09\xff\x00".to_vec()));
        samples.push(("websocket-mask", b"\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec()));
        samples.push(("websocket-mask", b"\x37\xfa\x21\x3d".to_vec()));
        // RFC 7692 section 7.2.3.2, the first message masked; then in two frames; then damaged and cut.
        let frames = b"\xc1\x87\x01\x02\x03\x04\xf3\x4a\xce\xcd\xc8\xcb\x04\xc1\x05\xf2\x00\x11\x00\x00";
        for cut in [frames.len(), frames.len() - 1, frames.len() - 4, 13, 9, 2, 0] {
            samples.push(("permessage-deflate", frames[..cut].to_vec()));
        }
        samples.push(("permessage-deflate", b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00".to_vec()));
        samples.push(("permessage-deflate", [&frames[..], b"\xc1\x04\xff\xff\xff\xff"].concat()));
        let streams = [
            ("gzip", gzip(&text)),
            ("gzip", [gzip(&text), gzip(b"a second member")].concat()),
            ("zlib", zlib(&text)),
            ("deflate", deflate(&text)),
            ("br", BROTLI_STREAM.to_vec()),
            ("zstd", zstd::encode_all(&*text, 3).unwrap()),
            ("lz4", lz4(&text)),
            ("snappy", snappy(&text)),
        ];
        for (decoder, whole) in streams {
            for cut in [whole.len(), whole.len() - 1, whole.len() - 5, whole.len() * 2 / 3, whole.len() / 3] {
                samples.push((decoder, whole[..cut].to_vec()));
            }
            let mut damaged = whole.clone();
            let middle = damaged.len() / 2;
            damaged[middle..middle + 8].fill(0xff);
            samples.push((decoder, damaged));
        }
        samples
    }

    /// Codes of 7 bits behind their number.
    fn packed(codes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; (codes.len() * 7).div_ceil(8)];
        for (place, code) in codes.iter().enumerate() {
            for bit in 0..7 {
                let at = place * 7 + bit;
                bytes[at / 8] |= (code >> bit & 1) << (at % 8);
            }
        }
        [vec![u8::try_from(codes.len()).unwrap()], bytes].concat()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn lz4(text: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn snappy(text: &[u8]) -> Vec<u8> {
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(text).unwrap();
        encoder.into_inner().unwrap()
    }

    /// Runs a command as a recipe does.
    fn pipe(command: &Command, input: &[u8]) -> Vec<u8> {
        let script = format!("{}\ncat | {}", command.function, command.text);
        let mut shell = process::Command::new("sh")
            .args(["-c", &script])
            .env("PATH", path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = shell.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // A tool may stop reading early.
            scope.spawn(move || stdin.write_all(input));
            shell.wait_with_output().unwrap().stdout
        })
    }

    /// Where tools lie, the real Python first: the one on the path may be a script that looks for it, which
    /// takes longer than all the rest.
    fn path() -> &'static OsStr {
        static PATH: OnceLock<OsString> = OnceLock::new();
        PATH.get_or_init(|| {
            let code = "import os, sys; print(os.path.dirname(sys.executable))";
            let output = process::Command::new("python3").args(["-c", code]).output();
            let folder = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
            let rest = env::var_os("PATH").unwrap_or_default();
            let folders = folder.ok().map(PathBuf::from).into_iter().chain(env::split_paths(&rest));
            env::join_paths(folders).unwrap()
        })
    }

    /// What the command needs and this machine lacks.
    fn missing(command: &Command) -> Option<&'static str> {
        let runs = |script: &str| {
            process::Command::new("sh").args(["-c", script]).stderr(Stdio::null()).status().unwrap().success()
        };
        if command.function.contains("import sys, brotli") && !runs("python3 -c 'import brotli'") {
            return Some("Python's brotli module");
        }
        command.needs.iter().copied().find(|tool| !runs(&format!("command -v {tool} > /dev/null")))
    }

    fn skip(decoder: &str, missing: &str) {
        let optional = missing.contains(' ');
        assert!(optional || env::var("CI").as_deref() != Ok("true"), "{decoder}: {missing} is not installed");
        eprintln!("SKIP {decoder}: {missing} is not installed");
    }

    /// A JSON document as the reference encoder compresses it.
    const BROTLI_STREAM: &[u8] = b"\
        \x1b\xf1\x00\x50\x9d\x09\x76\x4c\x07\x2c\x1d\x2c\xe0\x2a\x8c\x50\xe9\x50\xe9\x96\xf2\x13\
        \xdf\xec\xf6\x3f\xa5\xab\x10\x88\x73\x24\x48\x42\xb1\x74\x85\x4e\xb5\xc1\x21\x0e\xce\x7d\
        \x20\x78\xe1\x0b\x05\x16\x69\x84\x95\xc1\x53\x0e\x14\x1c\xfd\x7c\xa4\x3b\xa1\x8d\xaa\x08\
        \xc9\x6b\xba\x6f\x83\xf4\x26\x48\x76\xd5\xd6\xc7\x5c\x3b\xc0\x16\x87\xeb\x53\x6e\x15\x01\
        \x8c\x8a\x86\x8e\x81\x89\x85\x8d\x98\xac\x62\xfe";
}
