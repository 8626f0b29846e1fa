//! A string of an app → what it could be to an investigator: an address, a telephone number, a key.

use std::{fmt, net::Ipv4Addr, ops::Range, sync::LazyLock};

/// Whom a string names on the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// How it is written.
    pub form: EndpointForm,
    /// The host in lower case, or the address.
    pub host: String,
    /// The port, where it is written.
    pub port: Option<u16>,
    /// From the scheme to the end for a URL; else what was written.
    pub text: String,
}

/// How an endpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointForm {
    /// An IPv4 address alone. It may be a version number.
    Address,
    /// A name alone. It may be something else with dots.
    Host,
    /// With its scheme.
    Url,
}

/// Whether any function of this module, but for names of rows elsewhere, could see something in a string:
/// most strings of code are names, and one look at each byte tells them apart. It errs on the side of yes.
pub(super) fn could_tell(bytes: &[u8]) -> bool {
    let (Some(first), seen) = (bytes.first(), kinds(bytes)) else { return false };
    // Endpoints, `tel:`, `content:`; hosts, addresses, properties.
    seen & (COLON | DOT) != 0
        || seen & !(DIGIT | DIALLED) == 0 && bytes.len() >= 3
        || matches!(first, b'+' | b'-')
        || could_be_key(bytes, *first, seen)
        || could_be_algorithm(bytes)
}

/// Keys that are written out, and strings of the size of one.
fn could_be_key(bytes: &[u8], first: u8, seen: u8) -> bool {
    // What is trimmed in front of a key is white space of any script.
    let written = bytes.len() >= 80 && first == b'M' || first <= b' ' || first >= 0x80;
    let sized = SIZES.contains(&bytes.len()) || SIZES.contains(&(bytes.len() / 2));
    written || bytes.ends_with(b"=") || sized && (seen & DIGIT != 0 || bytes.len() > 16)
}

/// The first part has the first letter and the length of the name of a cipher, digest or MAC.
fn could_be_algorithm(bytes: &[u8]) -> bool {
    if bytes.len() >= MAX_TRANSFORMATION {
        return false;
    }
    let len = memchr::memchr(b'/', bytes).unwrap_or(bytes.len());
    let lengths = bytes.first().and_then(|first| ALGORITHM_LENGTHS.get(usize::from(*first)));
    lengths.is_some_and(|lengths| {
        lengths & 1u32.checked_shl(u32::try_from(len).unwrap_or(u32::MAX)).unwrap_or(0) != 0
    })
}

/// Which kinds of bytes are in a string.
fn kinds(bytes: &[u8]) -> u8 {
    let kind = |byte: &u8| match byte {
        b':' => COLON,
        b'.' => DOT,
        b'0'..=b'9' => DIGIT,
        b'+' | b'*' | b'#' => DIALLED,
        _ => OTHER,
    };
    bytes.iter().fold(0, |seen, byte| seen | kind(byte))
}

/// The endpoint in a string, and the bytes of it that say so.
pub fn endpoint(text: &str) -> Option<(Endpoint, Range<usize>)> {
    url(text).or_else(|| bare(text))
}

/// A telephone number that says by itself that it is one: international, or behind `tel:` or `sms:`.
pub fn phone_number(text: &str) -> Option<&str> {
    let scheme =
        ["tel:", "sms:", "smsto:", "mmsto:"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    if let Some(number) = scheme {
        let end = number.find(|c: char| !is_dialled(c)).unwrap_or(number.len());
        return number.get(..end).filter(|number| digits(number) >= 3);
    }
    let international = text.strip_prefix('+')?;
    (text.chars().all(is_dialled) && (8..=15).contains(&digits(international))).then_some(text)
}

/// Whether a string could be the number an SMS goes to, if a method that sends one holds it.
pub fn dialled(text: &str) -> bool {
    (3..=16).contains(&text.len()) && text.chars().all(is_dialled) && digits(text) >= 3
}

/// What a string could be to a cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyForm {
    /// An array of 8, 16, 24 or 32 bytes in the code, told in hex.
    Array(usize),
    /// Base64 of 8, 16, 24 or 32 bytes.
    Base64(usize),
    /// A certificate, in PEM or base64 of DER.
    Certificate,
    /// Hex digits of 8, 16, 24 or 32 bytes.
    Hex(usize),
    /// A private key, in PEM or base64 of DER.
    PrivateKey,
    /// A public key, in PEM or base64 of its SubjectPublicKeyInfo.
    PublicKey,
    /// 8, 16, 24 or 32 characters, which code passes as they are.
    Raw(usize),
}

/// Whether a string is a public or private key or a certificate: that shows by itself.
pub fn written_key(text: &str) -> Option<KeyForm> {
    let text = text.trim_start();
    if let Some(label) = text.strip_prefix("-----BEGIN ") {
        return Some(match label {
            label if label.starts_with("CERTIFICATE") => KeyForm::Certificate,
            label if label.starts_with("PUBLIC") || label.starts_with("RSA PUBLIC") => KeyForm::PublicKey,
            label if label.contains("PRIVATE KEY-----") => KeyForm::PrivateKey,
            _ => return None,
        });
    }
    if text.len() < 80 || !text.starts_with('M') {
        return None;
    }
    // Base64 of DER: the algorithm identifier of rsaEncryption at the places its lengths put it to.
    let head = text.get(..48)?;
    let public = [
        "MIGfMA0GCSqGSIb3DQEB",
        "MIIBIjANBgkqhkiG9w0B",
        "MIICIjANBgkqhkiG9w0B",
        "MFwwDQYJKoZIhvcNAQEB",
        "MFkwEwYHKoZIzj0CAQ",
    ];
    if public.iter().any(|start| head.starts_with(start)) {
        return Some(KeyForm::PublicKey);
    }
    let private = head.starts_with("MII") && (head.contains("ADANBgkqhkiG9w0BAQEF") || head.contains("AQAw"));
    private.then_some(KeyForm::PrivateKey)
}

/// Whether a string has the size of a symmetric key. That says little unless the code around it uses ciphers.
pub fn key_sized(text: &str) -> Option<KeyForm> {
    let bytes = text.as_bytes();
    if bytes.len().is_multiple_of(2)
        && bytes.iter().all(u8::is_ascii_hexdigit)
        && SIZES.contains(&(bytes.len() / 2))
    {
        let mixed = bytes.iter().any(u8::is_ascii_digit);
        return (mixed || bytes.len() > 16).then_some(KeyForm::Hex(bytes.len() / 2));
    }
    let base64 = if bytes.ends_with(b"=") { base64_len(bytes) } else { None };
    if let Some(len) = base64.filter(|len| SIZES.contains(len)) {
        return Some(KeyForm::Base64(len));
    }
    let plain = || bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'/');
    (SIZES.contains(&bytes.len()) && plain() && bytes.iter().any(u8::is_ascii_digit))
        .then_some(KeyForm::Raw(bytes.len()))
}

/// Whether a string names a cipher, a digest or a MAC as `Cipher.getInstance` and its like take it.
pub fn transformation(text: &str) -> bool {
    if !could_be_algorithm(text.as_bytes()) {
        return false;
    }
    let algorithm = text.split('/').next().unwrap_or_default();
    let known = ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(algorithm));
    known && text.split('/').count() <= 3
}

fn url(text: &str) -> Option<(Endpoint, Range<usize>)> {
    let colon = text.find("://")?;
    let start =
        text.get(..colon)?.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at.saturating_add(1));
    let scheme = text.get(start..colon)?.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        return None;
    }
    let authority_at = colon.saturating_add(3);
    let rest = text.get(authority_at..)?;
    let len = rest.find(|c: char| "/?#\"'\\<> ,;)|".contains(c)).unwrap_or(rest.len());
    let authority = rest.get(..len)?;
    let (host, port) = host_port(authority.rsplit('@').next()?);
    if !plausible_host(host) {
        return None;
    }
    let end = text.get(start..)?.find(char::is_whitespace).map_or(text.len(), |at| at.saturating_add(start));
    let written = text.get(start..end)?;
    let endpoint =
        Endpoint { form: EndpointForm::Url, host: host.to_ascii_lowercase(), port, text: shortened(written) };
    Some((endpoint, start..end))
}

/// A format string's gap (`%s`, `{}`) is no host.
fn plausible_host(host: &str) -> bool {
    let chars =
        host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    let known_namespace = NAMESPACES.contains(&host);
    chars && !known_namespace && host.contains(['.', ':']) && host.len() > 3 && !host.starts_with('.')
}

fn bare(text: &str) -> Option<(Endpoint, Range<usize>)> {
    let end = text.find('/').unwrap_or(text.len());
    let (host, port) = host_port(text.get(..end)?);
    let form = if is_address(host, port.is_some()) {
        EndpointForm::Address
    } else if is_host(host) {
        EndpointForm::Host
    } else {
        return None;
    };
    Some((Endpoint { form, host: host.to_ascii_lowercase(), port, text: shortened(text) }, 0..text.len()))
}

fn host_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (authority, None),
        },
        None => (authority, None),
    }
}

/// `1.2.0.4` is a version more often than an address.
fn is_address(text: &str, with_port: bool) -> bool {
    let Ok(address) = text.parse::<Ipv4Addr>() else { return false };
    let [first, ..] = address.octets();
    let high = address.octets().iter().filter(|octet| **octet > 19).count();
    first != 0 && first < 240 && !address.is_loopback() && (with_port || high >= 2)
}

/// Names in code have dots too: packages begin with a top-level domain, properties (`user.name`) end in an
/// unusual one, files in a suffix. Names of hosts are those that none of it explains.
fn is_host(text: &str) -> bool {
    if text.len() > 100 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let labels: Vec<&str> = text.split('.').collect();
    let (Some(first), Some(last)) = (labels.first(), labels.last()) else { return false };
    let label = |label: &&str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() >= 2
        && labels.iter().all(label)
        && TOP_LEVEL.contains(last)
        && !REVERSED.contains(first)
        && (labels.len() > 2 || first.len() > 2)
}

fn base64_len(bytes: &[u8]) -> Option<usize> {
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = bytes.len().checked_sub(padding)?;
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let plain = bytes.get(..digits)?.iter().all(alphabet);
    (bytes.len().is_multiple_of(4) && padding <= 2 && plain && digits > 0)
        .then(|| digits.saturating_mul(3) / 4)
}

fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '*' | '#')
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// What is shown of a long string.
pub(super) fn shortened(text: &str) -> String {
    if text.len() <= MAX_SHOWN {
        return text.to_owned();
    }
    let mut end = MAX_SHOWN;
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Of the keys of DES, 3DES and AES.
pub(super) const SIZES: [usize; 4] = [8, 16, 24, 32];
const MAX_SHOWN: usize = 400;
const MAX_TRANSFORMATION: usize = 64;
const COLON: u8 = 1;
const DOT: u8 = 2;
const DIGIT: u8 = 4;
/// Besides digits.
const DIALLED: u8 = 8;
const OTHER: u8 = 16;
/// By the first byte, in either case: the lengths of [`ALGORITHMS`], as bits.
static ALGORITHM_LENGTHS: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let lengths = |byte: usize| {
        let first = u8::try_from(byte).unwrap_or_default();
        let begins = |name: &&&str| name.bytes().next().is_some_and(|own| own.eq_ignore_ascii_case(&first));
        ALGORITHMS
            .iter()
            .filter(begins)
            .fold(0, |bits, name| bits | 1u32.wrapping_shl(u32::try_from(name.len()).unwrap_or(0)))
    };
    std::array::from_fn(lengths)
});
const SCHEMES: &[&str] = &[
    "coap", "coaps", "ftp", "http", "https", "mqtt", "mqtts", "rtmp", "rtsp", "ssl", "tcp", "udp", "ws",
    "wss",
];
/// Hosts that name XML vocabularies and are never contacted.
const NAMESPACES: &[&str] = &[
    "schemas.android.com",
    "www.w3.org",
    "xmlpull.org",
    "xml.org",
    "ns.adobe.com",
    "apache.org",
    "xml.apache.org",
    "schemas.xmlsoap.org",
];
const TOP_LEVEL: &[&str] = &[
    "app", "asia", "at", "au", "be", "biz", "br", "ca", "cc", "ch", "cloud", "cn", "co", "com", "cz", "de",
    "dev", "dk", "edu", "es", "eu", "fi", "fr", "gov", "hk", "hu", "ie", "il", "in", "io", "ir", "it", "jp",
    "kr", "kz", "link", "live", "lt", "me", "mobi", "mx", "my", "net", "nl", "no", "nz", "online", "org",
    "ph", "pk", "pl", "pt", "ro", "ru", "se", "sg", "site", "th", "tk", "to", "top", "tr", "tv", "tw", "ua",
    "uk", "us", "vip", "vn", "xyz", "za",
];
const REVERSED: &[&str] = &[
    "android", "androidx", "cn", "com", "dalvik", "edu", "gov", "io", "java", "javax", "junit", "kotlin",
    "kotlinx", "me", "net", "org", "ro", "persist", "sun", "sys", "this",
];
const ALGORITHMS: &[&str] = &[
    "AES",
    "AES_128",
    "AES_256",
    "ARC4",
    "Blowfish",
    "ChaCha20",
    "DES",
    "DESede",
    "ECIES",
    "HmacMD5",
    "HmacSHA1",
    "HmacSHA256",
    "HmacSHA512",
    "MD5",
    "PBEWithMD5AndDES",
    "PBKDF2WithHmacSHA1",
    "RC4",
    "RSA",
    "SHA-1",
    "SHA-256",
    "SHA-512",
    "SHA1",
    "SHA1withRSA",
    "SHA256withRSA",
    "SM4",
    "X.509",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_and_what_only_looks_like_one() {
        let host = |text: &str| endpoint(text).map(|(found, _)| (found.form, found.host, found.port));
        let is = |form, host: &str, port| Some((form, host.to_owned(), port));
        let rows = [
            ("http://zzhc.vnet.cn:9998/x", is(EndpointForm::Url, "zzhc.vnet.cn", Some(9998))),
            ("see https://User:pw@API.example.com/a b", is(EndpointForm::Url, "api.example.com", None)),
            ("http://1.2.3.4/", is(EndpointForm::Url, "1.2.3.4", None)),
            ("eservice.example.com:8080", is(EndpointForm::Host, "eservice.example.com", Some(8080))),
            ("sa.api.intl.miui.com/track", is(EndpointForm::Host, "sa.api.intl.miui.com", None)),
            ("203.0.113.77", is(EndpointForm::Address, "203.0.113.77", None)),
            ("10.0.0.1:80", is(EndpointForm::Address, "10.0.0.1", Some(80))),
            ("2.12.9.2", None),
            ("user.name", None),
            ("com.example.app", None),
            ("libfoo.so", None),
            ("http://%s/path", None),
            ("http://schemas.android.com/apk/res/android", None),
            ("content://sms", None),
            ("Example.Com", None),
        ];
        for (text, expected) in rows {
            assert_eq!(host(text), expected, "{text}");
        }
        let (found, place) = endpoint("GET http://a.example/x now").unwrap();
        assert_eq!((found.text.as_str(), place), ("http://a.example/x", 4..22));
    }

    #[test]
    fn the_quick_look_overlooks_nothing() {
        let tells = |text: &str| {
            endpoint(text).is_some()
                || phone_number(text).is_some()
                || dialled(text)
                || written_key(text).is_some()
                || key_sized(text).is_some()
                || transformation(text)
        };
        let key = format!("\u{2003}-----BEGIN PUBLIC KEY-----{}", "A".repeat(90));
        let der = format!("MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ{}", "A".repeat(60));
        let mut rows = vec!["tel:112", "+8610655059123", "*#06#", "10655059", "a.example.com", &key, &der];
        rows.extend(["MDEyMzQ1Njc4OWFiY2RlZg==", "deadbeefdeadbeefdeadbeefdeadbeef", "a1!secret#key_16"]);
        rows.extend(["aes/cbc/PKCS5Padding", "mqtt://x.y", "passw0rd", "1.2.3.4:80", "AAAAAAAAAAA="]);
        rows.extend(ALGORITHMS);
        for text in rows {
            assert!(!tells(text) || could_tell(text.as_bytes()), "{text}");
        }
        assert!(!could_tell(b"onCreateContextMenu") && !could_tell(b"Lcom/example/app/Main;"));
    }

    proptest::proptest! {
        #[test]
        fn the_quick_look_overlooks_no_short_string(text in "[\\PC ]{0,3}[a-fA-F0-9+/=.:_M-]{0,32}") {
            let tells = endpoint(&text).is_some()
                || phone_number(&text).is_some()
                || dialled(&text)
                || written_key(&text).is_some()
                || key_sized(&text).is_some()
                || transformation(&text);
            proptest::prop_assert!(!tells || could_tell(text.as_bytes()));
        }
    }

    #[test]
    fn numbers_and_keys() {
        assert_eq!(phone_number("+8610655059123"), Some("+8610655059123"));
        assert_eq!(phone_number("smsto:12114?body=x"), Some("12114"));
        assert_eq!(phone_number("8610655059123"), None);
        assert_eq!((dialled("10655059"), dialled("12a4"), dialled("##")), (true, false, false));
        assert_eq!(key_sized("0123456789abcdef0123456789abcdef"), Some(KeyForm::Hex(16)));
        assert_eq!(key_sized("MDEyMzQ1Njc4OWFiY2RlZg=="), Some(KeyForm::Base64(16)));
        assert_eq!(key_sized("a1!secret#key_16"), Some(KeyForm::Raw(16)));
        assert_eq!(key_sized("onCreateContextM"), None);
        assert_eq!(written_key("-----BEGIN PUBLIC KEY-----\nMIIB"), Some(KeyForm::PublicKey));
        let spki = format!("MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ{}", "A".repeat(60));
        assert_eq!(written_key(&spki), Some(KeyForm::PublicKey));
        assert_eq!((transformation("AES/CBC/PKCS5Padding"), transformation("aesthetic")), (true, false));
    }
}
