//! Cipher suites (the IANA registry of TLS cipher suites): those whose records can be opened.

use evidence::{
    Cipher::{
        self, Aes128Cbc, Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8, Aes256Gcm,
        Camellia128Cbc, Camellia256Cbc, ChaCha20Poly1305, DesCbc, Rc4, TripleDesCbc,
    },
    ScheduleHash,
};

use self::Hash::{Md5, Sha1, Sha256, Sha384};

/// A cipher suite.
#[derive(Debug)]
pub struct Suite {
    /// Its number on the wire.
    pub number: u16,
    /// How keys are agreed on, as in its name; empty of TLS 1.3.
    exchange: &'static str,
    /// The cipher; `None` where nothing is encrypted.
    pub cipher: Option<Cipher>,
    /// The hash of its name: of the MAC, or of the key schedule where the cipher is an AEAD.
    pub hash: Hash,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

impl Suite {
    /// The suite of that number. `None` where its records cannot be opened.
    pub fn of(number: u16) -> Option<&'static Self> {
        let place = SUITES.binary_search_by_key(&number, |suite| suite.number).ok()?;
        SUITES.get(place)
    }

    /// Its name in the registry.
    pub fn name(&self) -> String {
        let cipher = match self.cipher {
            None => "NULL",
            Some(Aes128Cbc) => "AES_128_CBC",
            Some(Aes128Ccm) => "AES_128_CCM",
            Some(Aes128Ccm8) => "AES_128_CCM_8",
            Some(Aes128Gcm) => "AES_128_GCM",
            Some(Aes256Cbc) => "AES_256_CBC",
            Some(Aes256Ccm) => "AES_256_CCM",
            Some(Aes256Ccm8) => "AES_256_CCM_8",
            Some(Aes256Gcm) => "AES_256_GCM",
            Some(Camellia128Cbc) => "CAMELLIA_128_CBC",
            Some(Camellia256Cbc) => "CAMELLIA_256_CBC",
            Some(ChaCha20Poly1305) => "CHACHA20_POLY1305",
            Some(DesCbc) => "DES_CBC",
            Some(Rc4) => "RC4_128",
            Some(TripleDesCbc) => "3DES_EDE_CBC",
        };
        let ccm = matches!(self.cipher, Some(Aes128Ccm | Aes128Ccm8 | Aes256Ccm | Aes256Ccm8));
        let hash = match self.hash {
            // The names of older suites leave it out.
            Sha256 if ccm && (!self.exchange.is_empty() && self.number < 0xd000) => "",
            Md5 => "_MD5",
            Sha1 => "_SHA",
            Sha256 => "_SHA256",
            Sha384 => "_SHA384",
        };
        let between = if self.exchange.is_empty() { "" } else { "_WITH_" };
        format!("TLS_{}{between}{cipher}{hash}", self.exchange)
    }

    /// Whether the client sends the premaster secret encrypted with the server's RSA key.
    pub fn by_rsa(&self) -> bool {
        self.exchange == "RSA"
    }

    /// Hash of the key schedule in a version of TLS as on the wire.
    pub fn schedule_hash(&self, version: u16) -> ScheduleHash {
        match self.hash {
            _ if version == 0x0300 => ScheduleHash::Ssl3,
            // DTLS 1.0 is TLS 1.1.
            _ if matches!(version, 0..=0x0302 | 0xfeff) => ScheduleHash::Md5Sha1,
            Sha384 => ScheduleHash::Sha384,
            Md5 | Sha1 | Sha256 => ScheduleHash::Sha256,
        }
    }
}

const fn row(number: u16, exchange: &'static str, cipher: Option<Cipher>, hash: Hash) -> Suite {
    Suite { number, exchange, cipher, hash }
}

/// In the order of their numbers.
static SUITES: &[Suite] = &[
    row(0x0001, "RSA", None, Md5),
    row(0x0002, "RSA", None, Sha1),
    row(0x0004, "RSA", Some(Rc4), Md5),
    row(0x0005, "RSA", Some(Rc4), Sha1),
    row(0x0009, "RSA", Some(DesCbc), Sha1),
    row(0x000a, "RSA", Some(TripleDesCbc), Sha1),
    row(0x000c, "DH_DSS", Some(DesCbc), Sha1),
    row(0x000d, "DH_DSS", Some(TripleDesCbc), Sha1),
    row(0x000f, "DH_RSA", Some(DesCbc), Sha1),
    row(0x0010, "DH_RSA", Some(TripleDesCbc), Sha1),
    row(0x0012, "DHE_DSS", Some(DesCbc), Sha1),
    row(0x0013, "DHE_DSS", Some(TripleDesCbc), Sha1),
    row(0x0015, "DHE_RSA", Some(DesCbc), Sha1),
    row(0x0016, "DHE_RSA", Some(TripleDesCbc), Sha1),
    row(0x0018, "DH_anon", Some(Rc4), Md5),
    row(0x001a, "DH_anon", Some(DesCbc), Sha1),
    row(0x001b, "DH_anon", Some(TripleDesCbc), Sha1),
    row(0x002c, "PSK", None, Sha1),
    row(0x002d, "DHE_PSK", None, Sha1),
    row(0x002e, "RSA_PSK", None, Sha1),
    row(0x002f, "RSA", Some(Aes128Cbc), Sha1),
    row(0x0030, "DH_DSS", Some(Aes128Cbc), Sha1),
    row(0x0031, "DH_RSA", Some(Aes128Cbc), Sha1),
    row(0x0032, "DHE_DSS", Some(Aes128Cbc), Sha1),
    row(0x0033, "DHE_RSA", Some(Aes128Cbc), Sha1),
    row(0x0034, "DH_anon", Some(Aes128Cbc), Sha1),
    row(0x0035, "RSA", Some(Aes256Cbc), Sha1),
    row(0x0036, "DH_DSS", Some(Aes256Cbc), Sha1),
    row(0x0037, "DH_RSA", Some(Aes256Cbc), Sha1),
    row(0x0038, "DHE_DSS", Some(Aes256Cbc), Sha1),
    row(0x0039, "DHE_RSA", Some(Aes256Cbc), Sha1),
    row(0x003a, "DH_anon", Some(Aes256Cbc), Sha1),
    row(0x003b, "RSA", None, Sha256),
    row(0x003c, "RSA", Some(Aes128Cbc), Sha256),
    row(0x003d, "RSA", Some(Aes256Cbc), Sha256),
    row(0x003e, "DH_DSS", Some(Aes128Cbc), Sha256),
    row(0x003f, "DH_RSA", Some(Aes128Cbc), Sha256),
    row(0x0040, "DHE_DSS", Some(Aes128Cbc), Sha256),
    row(0x0041, "RSA", Some(Camellia128Cbc), Sha1),
    row(0x0042, "DH_DSS", Some(Camellia128Cbc), Sha1),
    row(0x0043, "DH_RSA", Some(Camellia128Cbc), Sha1),
    row(0x0044, "DHE_DSS", Some(Camellia128Cbc), Sha1),
    row(0x0045, "DHE_RSA", Some(Camellia128Cbc), Sha1),
    row(0x0046, "DH_anon", Some(Camellia128Cbc), Sha1),
    row(0x0067, "DHE_RSA", Some(Aes128Cbc), Sha256),
    row(0x0068, "DH_DSS", Some(Aes256Cbc), Sha256),
    row(0x0069, "DH_RSA", Some(Aes256Cbc), Sha256),
    row(0x006a, "DHE_DSS", Some(Aes256Cbc), Sha256),
    row(0x006b, "DHE_RSA", Some(Aes256Cbc), Sha256),
    row(0x006c, "DH_anon", Some(Aes128Cbc), Sha256),
    row(0x006d, "DH_anon", Some(Aes256Cbc), Sha256),
    row(0x0084, "RSA", Some(Camellia256Cbc), Sha1),
    row(0x0085, "DH_DSS", Some(Camellia256Cbc), Sha1),
    row(0x0086, "DH_RSA", Some(Camellia256Cbc), Sha1),
    row(0x0087, "DHE_DSS", Some(Camellia256Cbc), Sha1),
    row(0x0088, "DHE_RSA", Some(Camellia256Cbc), Sha1),
    row(0x0089, "DH_anon", Some(Camellia256Cbc), Sha1),
    row(0x008a, "PSK", Some(Rc4), Sha1),
    row(0x008b, "PSK", Some(TripleDesCbc), Sha1),
    row(0x008c, "PSK", Some(Aes128Cbc), Sha1),
    row(0x008d, "PSK", Some(Aes256Cbc), Sha1),
    row(0x008e, "DHE_PSK", Some(Rc4), Sha1),
    row(0x008f, "DHE_PSK", Some(TripleDesCbc), Sha1),
    row(0x0090, "DHE_PSK", Some(Aes128Cbc), Sha1),
    row(0x0091, "DHE_PSK", Some(Aes256Cbc), Sha1),
    row(0x0092, "RSA_PSK", Some(Rc4), Sha1),
    row(0x0093, "RSA_PSK", Some(TripleDesCbc), Sha1),
    row(0x0094, "RSA_PSK", Some(Aes128Cbc), Sha1),
    row(0x0095, "RSA_PSK", Some(Aes256Cbc), Sha1),
    row(0x009c, "RSA", Some(Aes128Gcm), Sha256),
    row(0x009d, "RSA", Some(Aes256Gcm), Sha384),
    row(0x009e, "DHE_RSA", Some(Aes128Gcm), Sha256),
    row(0x009f, "DHE_RSA", Some(Aes256Gcm), Sha384),
    row(0x00a0, "DH_RSA", Some(Aes128Gcm), Sha256),
    row(0x00a1, "DH_RSA", Some(Aes256Gcm), Sha384),
    row(0x00a2, "DHE_DSS", Some(Aes128Gcm), Sha256),
    row(0x00a3, "DHE_DSS", Some(Aes256Gcm), Sha384),
    row(0x00a4, "DH_DSS", Some(Aes128Gcm), Sha256),
    row(0x00a5, "DH_DSS", Some(Aes256Gcm), Sha384),
    row(0x00a6, "DH_anon", Some(Aes128Gcm), Sha256),
    row(0x00a7, "DH_anon", Some(Aes256Gcm), Sha384),
    row(0x00a8, "PSK", Some(Aes128Gcm), Sha256),
    row(0x00a9, "PSK", Some(Aes256Gcm), Sha384),
    row(0x00aa, "DHE_PSK", Some(Aes128Gcm), Sha256),
    row(0x00ab, "DHE_PSK", Some(Aes256Gcm), Sha384),
    row(0x00ac, "RSA_PSK", Some(Aes128Gcm), Sha256),
    row(0x00ad, "RSA_PSK", Some(Aes256Gcm), Sha384),
    row(0x00ae, "PSK", Some(Aes128Cbc), Sha256),
    row(0x00af, "PSK", Some(Aes256Cbc), Sha384),
    row(0x00b0, "PSK", None, Sha256),
    row(0x00b1, "PSK", None, Sha384),
    row(0x00b2, "DHE_PSK", Some(Aes128Cbc), Sha256),
    row(0x00b3, "DHE_PSK", Some(Aes256Cbc), Sha384),
    row(0x00b4, "DHE_PSK", None, Sha256),
    row(0x00b5, "DHE_PSK", None, Sha384),
    row(0x00b6, "RSA_PSK", Some(Aes128Cbc), Sha256),
    row(0x00b7, "RSA_PSK", Some(Aes256Cbc), Sha384),
    row(0x00b8, "RSA_PSK", None, Sha256),
    row(0x00b9, "RSA_PSK", None, Sha384),
    row(0x00ba, "RSA", Some(Camellia128Cbc), Sha256),
    row(0x00bb, "DH_DSS", Some(Camellia128Cbc), Sha256),
    row(0x00bc, "DH_RSA", Some(Camellia128Cbc), Sha256),
    row(0x00bd, "DHE_DSS", Some(Camellia128Cbc), Sha256),
    row(0x00be, "DHE_RSA", Some(Camellia128Cbc), Sha256),
    row(0x00bf, "DH_anon", Some(Camellia128Cbc), Sha256),
    row(0x00c0, "RSA", Some(Camellia256Cbc), Sha256),
    row(0x00c1, "DH_DSS", Some(Camellia256Cbc), Sha256),
    row(0x00c2, "DH_RSA", Some(Camellia256Cbc), Sha256),
    row(0x00c3, "DHE_DSS", Some(Camellia256Cbc), Sha256),
    row(0x00c4, "DHE_RSA", Some(Camellia256Cbc), Sha256),
    row(0x00c5, "DH_anon", Some(Camellia256Cbc), Sha256),
    row(0x1301, "", Some(Aes128Gcm), Sha256),
    row(0x1302, "", Some(Aes256Gcm), Sha384),
    row(0x1303, "", Some(ChaCha20Poly1305), Sha256),
    row(0x1304, "", Some(Aes128Ccm), Sha256),
    row(0x1305, "", Some(Aes128Ccm8), Sha256),
    row(0xc001, "ECDH_ECDSA", None, Sha1),
    row(0xc002, "ECDH_ECDSA", Some(Rc4), Sha1),
    row(0xc003, "ECDH_ECDSA", Some(TripleDesCbc), Sha1),
    row(0xc004, "ECDH_ECDSA", Some(Aes128Cbc), Sha1),
    row(0xc005, "ECDH_ECDSA", Some(Aes256Cbc), Sha1),
    row(0xc006, "ECDHE_ECDSA", None, Sha1),
    row(0xc007, "ECDHE_ECDSA", Some(Rc4), Sha1),
    row(0xc008, "ECDHE_ECDSA", Some(TripleDesCbc), Sha1),
    row(0xc009, "ECDHE_ECDSA", Some(Aes128Cbc), Sha1),
    row(0xc00a, "ECDHE_ECDSA", Some(Aes256Cbc), Sha1),
    row(0xc00b, "ECDH_RSA", None, Sha1),
    row(0xc00c, "ECDH_RSA", Some(Rc4), Sha1),
    row(0xc00d, "ECDH_RSA", Some(TripleDesCbc), Sha1),
    row(0xc00e, "ECDH_RSA", Some(Aes128Cbc), Sha1),
    row(0xc00f, "ECDH_RSA", Some(Aes256Cbc), Sha1),
    row(0xc010, "ECDHE_RSA", None, Sha1),
    row(0xc011, "ECDHE_RSA", Some(Rc4), Sha1),
    row(0xc012, "ECDHE_RSA", Some(TripleDesCbc), Sha1),
    row(0xc013, "ECDHE_RSA", Some(Aes128Cbc), Sha1),
    row(0xc014, "ECDHE_RSA", Some(Aes256Cbc), Sha1),
    row(0xc015, "ECDH_anon", None, Sha1),
    row(0xc016, "ECDH_anon", Some(Rc4), Sha1),
    row(0xc017, "ECDH_anon", Some(TripleDesCbc), Sha1),
    row(0xc018, "ECDH_anon", Some(Aes128Cbc), Sha1),
    row(0xc019, "ECDH_anon", Some(Aes256Cbc), Sha1),
    row(0xc01a, "SRP_SHA", Some(TripleDesCbc), Sha1),
    row(0xc01b, "SRP_SHA_RSA", Some(TripleDesCbc), Sha1),
    row(0xc01c, "SRP_SHA_DSS", Some(TripleDesCbc), Sha1),
    row(0xc01d, "SRP_SHA", Some(Aes128Cbc), Sha1),
    row(0xc01e, "SRP_SHA_RSA", Some(Aes128Cbc), Sha1),
    row(0xc01f, "SRP_SHA_DSS", Some(Aes128Cbc), Sha1),
    row(0xc020, "SRP_SHA", Some(Aes256Cbc), Sha1),
    row(0xc021, "SRP_SHA_RSA", Some(Aes256Cbc), Sha1),
    row(0xc022, "SRP_SHA_DSS", Some(Aes256Cbc), Sha1),
    row(0xc023, "ECDHE_ECDSA", Some(Aes128Cbc), Sha256),
    row(0xc024, "ECDHE_ECDSA", Some(Aes256Cbc), Sha384),
    row(0xc025, "ECDH_ECDSA", Some(Aes128Cbc), Sha256),
    row(0xc026, "ECDH_ECDSA", Some(Aes256Cbc), Sha384),
    row(0xc027, "ECDHE_RSA", Some(Aes128Cbc), Sha256),
    row(0xc028, "ECDHE_RSA", Some(Aes256Cbc), Sha384),
    row(0xc029, "ECDH_RSA", Some(Aes128Cbc), Sha256),
    row(0xc02a, "ECDH_RSA", Some(Aes256Cbc), Sha384),
    row(0xc02b, "ECDHE_ECDSA", Some(Aes128Gcm), Sha256),
    row(0xc02c, "ECDHE_ECDSA", Some(Aes256Gcm), Sha384),
    row(0xc02d, "ECDH_ECDSA", Some(Aes128Gcm), Sha256),
    row(0xc02e, "ECDH_ECDSA", Some(Aes256Gcm), Sha384),
    row(0xc02f, "ECDHE_RSA", Some(Aes128Gcm), Sha256),
    row(0xc030, "ECDHE_RSA", Some(Aes256Gcm), Sha384),
    row(0xc031, "ECDH_RSA", Some(Aes128Gcm), Sha256),
    row(0xc032, "ECDH_RSA", Some(Aes256Gcm), Sha384),
    row(0xc033, "ECDHE_PSK", Some(Rc4), Sha1),
    row(0xc034, "ECDHE_PSK", Some(TripleDesCbc), Sha1),
    row(0xc035, "ECDHE_PSK", Some(Aes128Cbc), Sha1),
    row(0xc036, "ECDHE_PSK", Some(Aes256Cbc), Sha1),
    row(0xc037, "ECDHE_PSK", Some(Aes128Cbc), Sha256),
    row(0xc038, "ECDHE_PSK", Some(Aes256Cbc), Sha384),
    row(0xc039, "ECDHE_PSK", None, Sha1),
    row(0xc03a, "ECDHE_PSK", None, Sha256),
    row(0xc03b, "ECDHE_PSK", None, Sha384),
    row(0xc072, "ECDHE_ECDSA", Some(Camellia128Cbc), Sha256),
    row(0xc073, "ECDHE_ECDSA", Some(Camellia256Cbc), Sha384),
    row(0xc074, "ECDH_ECDSA", Some(Camellia128Cbc), Sha256),
    row(0xc075, "ECDH_ECDSA", Some(Camellia256Cbc), Sha384),
    row(0xc076, "ECDHE_RSA", Some(Camellia128Cbc), Sha256),
    row(0xc077, "ECDHE_RSA", Some(Camellia256Cbc), Sha384),
    row(0xc078, "ECDH_RSA", Some(Camellia128Cbc), Sha256),
    row(0xc079, "ECDH_RSA", Some(Camellia256Cbc), Sha384),
    row(0xc094, "PSK", Some(Camellia128Cbc), Sha256),
    row(0xc095, "PSK", Some(Camellia256Cbc), Sha384),
    row(0xc096, "DHE_PSK", Some(Camellia128Cbc), Sha256),
    row(0xc097, "DHE_PSK", Some(Camellia256Cbc), Sha384),
    row(0xc098, "RSA_PSK", Some(Camellia128Cbc), Sha256),
    row(0xc099, "RSA_PSK", Some(Camellia256Cbc), Sha384),
    row(0xc09a, "ECDHE_PSK", Some(Camellia128Cbc), Sha256),
    row(0xc09b, "ECDHE_PSK", Some(Camellia256Cbc), Sha384),
    row(0xc09c, "RSA", Some(Aes128Ccm), Sha256),
    row(0xc09d, "RSA", Some(Aes256Ccm), Sha256),
    row(0xc09e, "DHE_RSA", Some(Aes128Ccm), Sha256),
    row(0xc09f, "DHE_RSA", Some(Aes256Ccm), Sha256),
    row(0xc0a0, "RSA", Some(Aes128Ccm8), Sha256),
    row(0xc0a1, "RSA", Some(Aes256Ccm8), Sha256),
    row(0xc0a2, "DHE_RSA", Some(Aes128Ccm8), Sha256),
    row(0xc0a3, "DHE_RSA", Some(Aes256Ccm8), Sha256),
    row(0xc0a4, "PSK", Some(Aes128Ccm), Sha256),
    row(0xc0a5, "PSK", Some(Aes256Ccm), Sha256),
    row(0xc0a6, "DHE_PSK", Some(Aes128Ccm), Sha256),
    row(0xc0a7, "DHE_PSK", Some(Aes256Ccm), Sha256),
    row(0xc0a8, "PSK", Some(Aes128Ccm8), Sha256),
    row(0xc0a9, "PSK", Some(Aes256Ccm8), Sha256),
    row(0xc0aa, "PSK_DHE", Some(Aes128Ccm8), Sha256),
    row(0xc0ab, "PSK_DHE", Some(Aes256Ccm8), Sha256),
    row(0xc0ac, "ECDHE_ECDSA", Some(Aes128Ccm), Sha256),
    row(0xc0ad, "ECDHE_ECDSA", Some(Aes256Ccm), Sha256),
    row(0xc0ae, "ECDHE_ECDSA", Some(Aes128Ccm8), Sha256),
    row(0xc0af, "ECDHE_ECDSA", Some(Aes256Ccm8), Sha256),
    row(0xcca8, "ECDHE_RSA", Some(ChaCha20Poly1305), Sha256),
    row(0xcca9, "ECDHE_ECDSA", Some(ChaCha20Poly1305), Sha256),
    row(0xccaa, "DHE_RSA", Some(ChaCha20Poly1305), Sha256),
    row(0xccab, "PSK", Some(ChaCha20Poly1305), Sha256),
    row(0xccac, "ECDHE_PSK", Some(ChaCha20Poly1305), Sha256),
    row(0xccad, "DHE_PSK", Some(ChaCha20Poly1305), Sha256),
    row(0xccae, "RSA_PSK", Some(ChaCha20Poly1305), Sha256),
    row(0xd001, "ECDHE_PSK", Some(Aes128Gcm), Sha256),
    row(0xd002, "ECDHE_PSK", Some(Aes256Gcm), Sha384),
    row(0xd003, "ECDHE_PSK", Some(Aes128Ccm8), Sha256),
    row(0xd005, "ECDHE_PSK", Some(Aes128Ccm), Sha256),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_found_by_their_number() {
        assert!(SUITES.is_sorted_by_key(|suite| suite.number));
        let rows = [
            (0x0002, "TLS_RSA_WITH_NULL_SHA"),
            (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
            (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
            (0x1305, "TLS_AES_128_CCM_8_SHA256"),
            (0xc01e, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA"),
            (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
            (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
            (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
            (0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
        ];
        for (number, name) in rows {
            assert_eq!(Suite::of(number).map(Suite::name).as_deref(), Some(name));
        }
        // ARIA, and an export suite.
        assert!(Suite::of(0xc03c).is_none() && Suite::of(3).is_none());
    }
}
