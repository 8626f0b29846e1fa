//! Shell commands that show what a way shows, with tools that every investigator has.

use crate::{Carrier, carrier::to_hex};

/// Takes the bytes out of their carrier.
pub(crate) fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Raw => "cat",
        Carrier::Hex => "xxd -r -p",
        // base64 wants its own two characters, and padding to four.
        Carrier::Base64 => {
            "tr -d '\\r\\n=' | tr -- '-_' '+/' | sed -E 's/^(.{4})*.{2}$/&==/;s/^(.{4})*.{3}$/&=/' | base64 -d"
        }
    }
}

/// A pipe into Python, with the bytes as `v` and what the body leaves in `o` written out.
pub(crate) fn python(from: Carrier, body: &str) -> String {
    format!(
        "{} | python3 -c '\nimport sys\nv = sys.stdin.buffer.read()\n{body}\nsys.stdout.buffer.write(o)\n'\n",
        carrier(from)
    )
}

/// Python's literal for bytes, free of quotes that a shell would see.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    format!("bytes.fromhex(\"{}\")", to_hex(bytes))
}
