//! A decryption in words, and as commands of openssl or a few lines of Python.

use std::fmt;

use super::{Algorithm, Decryption, Iv, Mode, Padding};
use crate::{Carrier, recipe};

/// `aes-128-cbc/pkcs7 key=md5(field "t") iv=zero`.
impl fmt::Display for Decryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{} key={}", self.algorithm.id(), self.mode, self.padding, self.key_source)?;
        match &self.iv {
            Iv::Given { source, .. } => write!(f, " iv={source}"),
            Iv::None => Ok(()),
            Iv::Prefix => f.write_str(" iv=prefix"),
        }
    }
}

/// Commands that show the same.
pub(super) fn recipe(carrier: Carrier, decryption: &Decryption) -> String {
    match decryption.algorithm {
        Algorithm::Rc4 => python(carrier, decryption, RC4),
        Algorithm::Xxtea => python(carrier, decryption, XXTEA),
        Algorithm::Tea | Algorithm::TeaLe => python(carrier, decryption, &tea(decryption)),
        Algorithm::Blowfish if !16_usize.is_multiple_of(decryption.key.0.len()) => {
            let body = format!(
                "from Crypto.Cipher import Blowfish as B  # pycryptodome\nd = lambda b: B.new(k, B.MODE_ECB).decrypt(b)\ne = lambda b: B.new(k, B.MODE_ECB).encrypt(b)\n{}",
                modes(decryption)
            );
            python(carrier, decryption, &body)
        }
        _ => openssl(carrier, decryption),
    }
}

/// The commands that print the key, where they are of those that a search writes; else the key itself. A case may
/// be forged, and its recipe is run by whoever checks it.
fn key_shell(decryption: &Decryption) -> String {
    let commands = &decryption.key_shell;
    if commands.len() <= LONGEST_SHELL && commands.split(" | ").all(is_known) {
        return commands.clone();
    }
    format!("printf %s {}", decryption.key)
}

/// Whether a command is one that [`keys`](super::keys) writes.
fn is_known(command: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let places = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    KNOWN.contains(&command)
        || command.strip_prefix("printf %s ").is_some_and(hex)
        || command.strip_prefix("cut -c").is_some_and(places)
        || command.strip_prefix("sed s/$/").and_then(|rest| rest.strip_suffix('/')).is_some_and(hex)
}

fn openssl(carrier: Carrier, decryption: &Decryption) -> String {
    let skip = decryption.skip.saturating_mul(2);
    // A counter of 32 bits stands before ChaCha20's nonce, little-endian, and behind GCM's.
    let counter = match (decryption.algorithm, decryption.mode) {
        (Algorithm::ChaCha20, Mode::Poly1305) => "01000000",
        (Algorithm::ChaCha20, _) => "00000000",
        _ => "",
    };
    let behind = if decryption.mode == Mode::Gcm { "00000002" } else { "" };
    let untagged = if decryption.mode.is_sealed() { " | sed 's/.\\{32\\}$//'" } else { "" };
    let iv = match &decryption.iv {
        Iv::Given { bytes, .. } => format!("IV={counter}{bytes}{behind}\n"),
        Iv::None => String::new(),
        Iv::Prefix => format!("IV={counter}$(printf %s \"$V\" | cut -c1-{skip}){behind}\n"),
    };
    let vector = if iv.is_empty() { "" } else { " -iv \"$IV\"" };
    // Blowfish goes round its key: one of half the length is the same as its double.
    let twice = match decryption.algorithm {
        Algorithm::Blowfish => "$K".repeat(16 / decryption.key.0.len().clamp(1, 16)),
        _ => "$K".to_owned(),
    };
    let padding = if decryption.padding == Padding::Pkcs7 { "" } else { " -nopad" };
    let after = if decryption.padding == Padding::Zero { " | LC_ALL=C sed 's/\\x00*$//'" } else { "" };
    let strip = match decryption.mode {
        // openssl pads no streams.
        Mode::Cfb | Mode::Cfb8 | Mode::Ctr | Mode::Ofb if decryption.padding == Padding::Pkcs7 => {
            " | python3 -c 'import sys; o = sys.stdin.buffer.read(); sys.stdout.buffer.write(o[:-o[-1]])'"
        }
        _ => "",
    };
    format!(
        "V=$({} | xxd -p | tr -d '\\n')\nK=$({})\n{iv}printf %s \"$V\" | cut -c{}-{untagged} | xxd -r -p | openssl enc -d -{}{} -K \"{twice}\"{vector}{padding}{}{strip}{after}\n",
        recipe::carrier(carrier),
        key_shell(decryption),
        skip.saturating_add(1),
        decryption.algorithm.id(),
        mode(decryption),
        legacy(decryption.algorithm),
    )
}

fn mode(decryption: &Decryption) -> String {
    match (decryption.algorithm, decryption.mode) {
        // openssl's name of the bare cipher is its ECB.
        (Algorithm::TripleDes2 | Algorithm::TripleDes3, Mode::Ecb) => String::new(),
        (_, Mode::Gcm) => Mode::Ctr.to_string(),
        (_, Mode::Poly1305) => String::new(),
        (_, mode) => mode.to_string(),
    }
}

fn legacy(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Blowfish | Algorithm::Des => " -provider legacy -provider default",
        _ => "",
    }
}

fn python(carrier: Carrier, decryption: &Decryption, body: &str) -> String {
    let iv = match &decryption.iv {
        Iv::Given { bytes, .. } => recipe::bytes(&bytes.0),
        Iv::Prefix => format!("v[:{}]", decryption.skip),
        Iv::None => format!("bytes({})", decryption.algorithm.block()),
    };
    let strip = match decryption.padding {
        Padding::Length => "o = o[:struct.unpack(\"<I\", o[-4:])[0]]",
        Padding::None => "",
        Padding::Pkcs7 => "o = o[:-o[-1]]",
        Padding::Zero => "o = o.rstrip(b\"\\0\")",
    };
    let script = format!(
        "import struct\nk = bytes.fromhex(sys.argv[1])\niv = {iv}\nv = v[{}:]\n{body}\n{strip}",
        decryption.skip
    );
    recipe::python(carrier, &script).replace("\n'\n", &format!("\n' \"$({})\"\n", key_shell(decryption)))
}

/// The mode's lines, over the functions `d` and `e` of a block of eight bytes.
fn modes(decryption: &Decryption) -> String {
    let body = match decryption.mode {
        Mode::Cbc => "o = x(b\"\".join(map(d, c)), iv + v)",
        Mode::Cfb => "o = b\"\".join(x(e(r), b) for r, b in zip([iv] + c, c))",
        Mode::Cfb8 => "o = bytes(e((iv + v)[i:i + 8])[0] ^ v[i] for i in range(len(v)))",
        Mode::Ctr => {
            "n = int.from_bytes(iv, \"big\")\no = b\"\".join(x(e(((n + i) % 2**64).to_bytes(8, \"big\")), b) for i, b in enumerate(c))"
        }
        Mode::Ecb | Mode::Gcm | Mode::Poly1305 | Mode::Whole => "o = b\"\".join(map(d, c))",
        Mode::Ofb => "o = b\"\"\nfor b in c:\n    iv = e(iv)\n    o += x(iv, b)",
    };
    format!(
        "c = [v[i:i + 8] for i in range(0, len(v), 8)]\nx = lambda a, b: bytes(p ^ q for p, q in zip(a, b))\n{body}"
    )
}

fn tea(decryption: &Decryption) -> String {
    let order = if decryption.algorithm == Algorithm::Tea { ">" } else { "<" };
    format!(
        "K = struct.unpack(\"{order}4I\", k)
D, M = 0x9e3779b9, 0xffffffff
f = lambda w, s, a, b: ((w << 4) + a) ^ (w + s) ^ ((w >> 5) + b)
def d(b):
    y, z = struct.unpack(\"{order}2I\", b)
    for i in range(32, 0, -1):
        z = z - f(y, D * i, K[2], K[3]) & M
        y = y - f(z, D * i, K[0], K[1]) & M
    return struct.pack(\"{order}2I\", y, z)
def e(b):
    y, z = struct.unpack(\"{order}2I\", b)
    for i in range(1, 33):
        y = y + f(z, D * i, K[0], K[1]) & M
        z = z + f(y, D * i, K[2], K[3]) & M
    return struct.pack(\"{order}2I\", y, z)
{}",
        modes(decryption)
    )
}

const KNOWN: &[&str] = &[
    "xxd -r -p",
    "xxd -p -c 99",
    "cut -d' ' -f1",
    "tr -d '\\n'",
    "tr a-f A-F",
    "openssl dgst -md5 -r",
    "openssl dgst -sha1 -r",
    "openssl dgst -sha256 -r",
];
const LONGEST_SHELL: usize = 2048;

const RC4: &str = "s, j, o = list(range(256)), 0, bytearray()
for i in range(256):
    j = j + s[i] + k[i % len(k)] & 255
    s[i], s[j] = s[j], s[i]
i = j = 0
for b in v:
    i = i + 1 & 255
    j = j + s[i] & 255
    s[i], s[j] = s[j], s[i]
    o.append(b ^ s[s[i] + s[j] & 255])";

const XXTEA: &str = "n = len(v) // 4
w, K = list(struct.unpack(\"<%dI\" % n, v)), struct.unpack(\"<4I\", k)
D, M = 0x9e3779b9, 0xffffffff
r = 6 + 52 // n
y = w[0]
for s in [D * i & M for i in range(r, 0, -1)]:
    for p in range(n - 1, -1, -1):
        z = w[p - 1]
        m = ((z >> 5 ^ y << 2) + (y >> 3 ^ z << 4)) ^ ((s ^ y) + (K[p & 3 ^ s >> 2 & 3] ^ z))
        w[p] = y = w[p] - m & M
o = struct.pack(\"<%dI\" % n, *w)";
