//! The decoders' steps to commands of public tools, from standard input to standard output.
//!
//! Where a well-known tool does the same on the bytes at hand, that tool is named. Damaged, cut or sloppily
//! written input (which the decoders read and most tools refuse) is left to a few lines of Python's standard
//! library, which give the same bytes.

use std::{collections::BTreeSet, io::Read};

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
    fits: fn(&[u8], &[u8]) -> bool,
    command: Command,
}

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
        TOOLS.iter().find(|tool| tool.decoder == decoder)
    }

    /// The command that makes `output` of `input`, and whether its output has to be cut to that length.
    pub(super) fn command(&self, input: &[u8], output: &[u8]) -> (Command, bool) {
        match &self.plain {
            Some(plain) if (plain.fits)(input, output) => (plain.command, false),
            _ => (self.any, true),
        }
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
    pub(super) fn register(&self, needs: &mut BTreeSet<&'static str>, functions: &mut BTreeSet<&'static str>) {
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
    (fits, command): (fn(&[u8], &[u8]) -> bool, Command),
    any: Command,
) -> Tool {
    Tool { decoder, words, plain: Some(Plain { fits, command }), any }
}

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

const ZLIB: &str = "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'";
const RAW_DEFLATE: &str =
    "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), -15))'";

const JSON_STRING: &str = r#"# Escapes that make no sense stay as they are.
undo_json_string() { python3 -c '
import re, sys
names = bytes.maketrans(b"bfnrt", b"\b\f\n\r\t")
def character(found):
    if found[1]:
        return bytes.fromhex(found[1].replace(b"\\u", b"").decode()).decode("utf-16-be", "replace").encode()
    return found[2].translate(names)
text = sys.stdin.buffer.read()
sys.stdout.buffer.write(re.sub(rb"((?:\\u[0-9A-Fa-f]{4})+)|\\([\x22/\\bfnrt])", character, text))
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
