//! Decryption as commands of `openssl`: the key made from the secret of the key log, then the cipher undone.
//!
//! GCM and CCM encrypt in counter mode with a counter block made of the nonce (NIST SP 800-38D section 7.1,
//! RFC 3610 section 2.3); `openssl enc` knows the mode, and the tag, which it cannot check, lies behind the
//! bytes that are wanted.

use std::fmt::Write;

use evidence::{Cipher, Decryption, HexBytes, KeyBlock, Master, Schedule, ScheduleHash};
use wire::quic::Version;

use crate::input::hex;

/// A decryption in a script.
pub(super) struct Undoing<'a> {
    pub(super) how: &'a Decryption,
    /// The file that holds the secret, as a word of the shell; `None` where anyone can derive the key.
    pub(super) secret: Option<&'a str>,
    /// The command that prints the input.
    pub(super) input: &'a str,
    /// Bytes of output that are wanted.
    pub(super) len: usize,
    /// The file the output goes to, as a word of the shell.
    pub(super) output: &'a str,
}

impl Undoing<'_> {
    /// The lines of the script; `None` where a version of QUIC is not known.
    pub(super) fn script(&self) -> Option<String> {
        let mut script = String::new();
        if let Some(secret) = self.secret.filter(|_| !matches!(self.how.schedule, Schedule::Rsa { .. })) {
            line(&mut script, format_args!("secret=$(cat {secret})"));
        }
        self.key(&mut script)?;
        let (cut, command) = (format!("head -c {}", self.len), self.command());
        match self.how.skip {
            0 => line(&mut script, format_args!("{} | {command} | {cut} > {}", self.input, self.output)),
            skip => line(
                &mut script,
                format_args!(
                    "{{ head -c {skip} /dev/zero; {}; }} | {command} | tail -c +{} | {cut} > {}",
                    self.input,
                    skip.saturating_add(1),
                    self.output
                ),
            ),
        }
        Some(script)
    }

    /// Lines that put the key into `key`.
    fn key(&self, script: &mut String) -> Option<()> {
        let len = self.how.cipher.key_len();
        match &self.how.schedule {
            Schedule::QuicInitial { version, destination, client } => {
                let side = if *client { "client in" } else { "server in" };
                let label = info("tls13 ", side, 32);
                line(script, format_args!("# Anyone can derive this key (RFC 9001 section 5.2)."));
                let version = Version::of(*version)?;
                let salt = hex(&version.salt);
                line(script, format_args!("secret=$(extract SHA256 {salt} {destination})"));
                line(script, format_args!("secret=$(expand SHA256 \"$secret\" {label} 32)"));
                let label = info("tls13 ", version.labels[0], len);
                line(script, format_args!("key=$(expand SHA256 \"$secret\" {label} {len})"));
            }
            Schedule::Quic { version, hash, updates } => {
                let [key, ..] = Version::of(*version)?.labels;
                let update = key.replace("key", "ku");
                let words = "# The key follows from the traffic secret (RFC 9001 section 5.1).";
                expand(script, words, "tls13 ", (*hash, *updates), (&update, key, len));
            }
            Schedule::Tls13 { hash, updates, datagrams } => {
                let words = "# The key follows from the traffic secret (RFC 8446 section 7.3).";
                let prefix = if *datagrams { "dtls13" } else { "tls13 " };
                expand(script, words, prefix, (*hash, *updates), ("traffic upd", "key", len));
            }
            Schedule::Tls12(block) => key_block(script, block, len),
            Schedule::Premaster { master, block } => {
                master_secret(script, master, block);
                key_block(script, block, len);
            }
            Schedule::Rsa { premaster, master, block } => {
                line(
                    script,
                    format_args!("# The client sent the premaster secret for the server's RSA key."),
                );
                let file = self.secret.unwrap_or("/dev/null");
                line(
                    script,
                    format_args!(
                        "secret=$(printf '{premaster}' | xxd -r -p | openssl pkeyutl -decrypt -inkey {file} | xxd -p | tr -d '\\n')"
                    ),
                );
                master_secret(script, master, block);
                key_block(script, block, len);
            }
        }
        Some(())
    }

    /// The command that undoes the cipher with `key`, from standard input to standard output.
    fn command(&self) -> String {
        let nonce = &self.how.nonce;
        let (name, vector) = match self.how.cipher {
            Cipher::Aes128Gcm => ("aes-128-ctr", format!("{nonce}00000002")),
            Cipher::Aes256Gcm => ("aes-256-ctr", format!("{nonce}00000002")),
            // The first byte holds the length of the counter less one: 15 bytes less those of the nonce.
            Cipher::Aes128Ccm | Cipher::Aes128Ccm8 => ("aes-128-ctr", format!("02{nonce}000001")),
            Cipher::Aes256Ccm | Cipher::Aes256Ccm8 => ("aes-256-ctr", format!("02{nonce}000001")),
            Cipher::ChaCha20Poly1305 => ("chacha20", format!("01000000{nonce}")),
            Cipher::Aes128Cbc => ("aes-128-cbc", nonce.to_string()),
            Cipher::Aes256Cbc => ("aes-256-cbc", nonce.to_string()),
            Cipher::Camellia128Cbc => ("camellia-128-cbc", nonce.to_string()),
            Cipher::Camellia256Cbc => ("camellia-256-cbc", nonce.to_string()),
            Cipher::TripleDesCbc => ("des-ede3-cbc", nonce.to_string()),
            Cipher::DesCbc => ("des-cbc -provider legacy -provider default", nonce.to_string()),
            Cipher::Rc4 => {
                return "openssl enc -d -rc4 -provider legacy -provider default -K \"$key\"".into();
            }
        };
        let padding = if name.contains("cbc") { " -nopad" } else { "" };
        format!("openssl enc -d -{name}{padding} -K \"$key\" -iv {vector}")
    }
}

/// The secret after its updates, and the key made from it.
fn expand(
    script: &mut String,
    words: &str,
    prefix: &str,
    (hash, updates): (ScheduleHash, u32),
    (update, key, len): (&str, &str, usize),
) {
    let (digest, size) = digest(hash);
    line(script, format_args!("{words}"));
    if updates > 0 {
        let label = info(prefix, update, size);
        line(
            script,
            format_args!(
                "for update in $(seq {updates}); do secret=$(expand {digest} \"$secret\" {label} {size}); done"
            ),
        );
    }
    let label = info(prefix, key, len);
    line(script, format_args!("key=$(expand {digest} \"$secret\" {label} {len})"));
}

/// The master secret made from the premaster secret (RFC 5246 section 8.1, RFC 7627 section 4).
fn master_secret(script: &mut String, master: &Master, block: &KeyBlock) {
    let (label, seed) = match master {
        Master::Randoms => ("master secret", format!("{}{}", block.client_random, block.server_random)),
        Master::Earlier { client_random, server_random } => {
            ("master secret", format!("{client_random}{server_random}"))
        }
        Master::Extended(hash) => ("extended master secret", hash.to_string()),
    };
    line(script, format_args!("secret=$({})", prf(block.hash, label, &seed, 48)));
}

/// The key out of the key block (RFC 5246 section 6.3).
fn key_block(script: &mut String, block: &KeyBlock, len: usize) {
    let seed = format!("{}{}", block.server_random, block.client_random);
    let before = 2 * usize::from(block.mac_len) + if block.client { 0 } else { len };
    let made = prf(block.hash, "key expansion", &seed, before + len);
    line(script, format_args!("# The key follows from the master secret (RFC 5246 section 6.3)."));
    line(script, format_args!("key=$({made} | tail -c {})", 2 * len));
}

/// The command that prints so many bytes made from `secret`; SSL 3.0 has no labels.
fn prf(hash: ScheduleHash, label: &str, seed: &str, len: usize) -> String {
    match hash {
        ScheduleHash::Ssl3 => format!("ssl3 \"$secret\" {seed} {len}"),
        hash => format!("prf {} \"$secret\" {}{seed} {len}", digest(hash).0, hex(label.as_bytes())),
    }
}

/// A label as HKDF-Expand-Label has it (RFC 8446 section 7.1), in hex.
fn info(prefix: &str, label: &str, len: usize) -> HexBytes {
    let label = [prefix.as_bytes(), label.as_bytes()].concat();
    let len = u16::try_from(len).unwrap_or_default().to_be_bytes();
    let label_len = u8::try_from(label.len()).unwrap_or_default();
    HexBytes([len.as_slice(), &[label_len], &label, &[0]].concat())
}

/// The name that `openssl` has for a hash, and its length in bytes.
fn digest(hash: ScheduleHash) -> (&'static str, usize) {
    match hash {
        ScheduleHash::Md5Sha1 | ScheduleHash::Ssl3 => ("MD5-SHA1", 36),
        ScheduleHash::Sha256 => ("SHA256", 32),
        ScheduleHash::Sha384 => ("SHA384", 48),
    }
}

/// Writing to a string cannot fail.
fn line(script: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = writeln!(script, "{arguments}");
}

/// What the lines call.
pub(super) const FUNCTIONS: &str = r#"# derived: the hex digits of what openssl derived
derived() { tr -d ':\n' | tr 'A-F' 'a-f'; }
# extract DIGEST SALT KEY: HKDF-Extract (RFC 5869 section 2.2)
extract() {
  openssl kdf -keylen 32 -kdfopt "digest:$1" -kdfopt "hexsalt:$2" -kdfopt "hexkey:$3" \
    -kdfopt mode:EXTRACT_ONLY HKDF | derived
}
# expand DIGEST SECRET INFO LENGTH: HKDF-Expand (RFC 5869 section 2.3)
expand() {
  openssl kdf -keylen "$4" -kdfopt "digest:$1" -kdfopt "hexkey:$2" -kdfopt "hexinfo:$3" \
    -kdfopt mode:EXPAND_ONLY HKDF | derived
}
# prf DIGEST SECRET SEED LENGTH: the pseudo-random function of TLS 1.0 to 1.2 (RFC 5246 section 5)
prf() {
  openssl kdf -keylen "$4" -kdfopt "digest:$1" -kdfopt "hexsecret:$2" -kdfopt "hexseed:$3" TLS1-PRF | derived
}
# ssl3 SECRET SEED LENGTH: what SSL 3.0 makes from a secret (RFC 6101 sections 6.1 and 6.2.2)
ssl3() {
  python3 -c 'import hashlib, sys
secret, seed, length = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
sha1 = lambda turn: hashlib.sha1(bytes([65 + turn]) * (turn + 1) + secret + seed).digest()
made = b"".join(hashlib.md5(secret + sha1(turn)).digest() for turn in range(16))
print(made[:length].hex(), end="")' "$1" "$2" "$3"
}
"#;

/// The programs they need.
pub(super) const NEEDS: [&str; 4] = ["openssl", "seq", "tr", "xxd"];
