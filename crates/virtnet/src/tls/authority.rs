//! The network's certificate authority: Ed25519, whose signatures need no chance.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::Duration,
};

use evidence::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ED25519, SerialNumber, date_time_ymd,
};
use rustls::{
    Error, RootCertStore,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
};
use testkit::Dice;

/// Makes a certificate for each name and time that is asked for, and keeps it.
pub(crate) struct Authority {
    seed: u64,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    roots: Arc<RootCertStore>,
    leaves: BTreeMap<(String, i64), Arc<SingleCertAndKey>>,
}

impl Authority {
    pub(crate) fn new(seed: u64) -> Result<Self, Error> {
        let mut dice = named_dice(seed, "authority");
        let (pair, _) = key(&mut dice)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished("Virtual Root R1");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2049, 12, 31);
        params.serial_number = Some(serial(&mut dice));
        let root = params.self_signed(&pair).map_err(said)?.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(root.clone())?;
        let issuer = Issuer::new(params, pair);
        Ok(Self { seed, issuer, root, roots: Arc::new(roots), leaves: BTreeMap::new() })
    }

    /// Whom clients trust.
    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }

    /// A server's certificate, as it is valid at that time.
    pub(crate) fn leaf(&mut self, name: &str, at: Timestamp) -> Result<Arc<dyn ResolvesServerCert>, Error> {
        let period = at.seconds().div_euclid(RENEWED_AFTER);
        let made = match self.leaves.entry((name.to_owned(), period)) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(place) => {
                let certified = issue(&self.issuer, &self.root, (self.seed, name, period))?;
                Arc::clone(place.insert(Arc::new(SingleCertAndKey::from(certified))))
            }
        };
        Ok(made)
    }
}

fn issue(
    issuer: &Issuer<'static, KeyPair>,
    root: &CertificateDer<'static>,
    (seed, name, period): (u64, &str, i64),
) -> Result<CertifiedKey, Error> {
    let mut dice = named_dice(seed ^ period.cast_unsigned(), name);
    let (pair, private) = key(&mut dice)?;
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(said)?;
    params.distinguished_name = distinguished(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let begin = u64::try_from(period.saturating_mul(RENEWED_AFTER)).unwrap_or(0);
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(begin.saturating_sub(DAY));
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(begin.saturating_add(VALID));
    params.serial_number = Some(serial(&mut dice));
    let certificate = params.signed_by(&pair, issuer).map_err(said)?.der().clone();
    Ok(CertifiedKey::new(vec![certificate, root.clone()], any_supported_type(&private)?))
}

fn key(dice: &mut Dice) -> Result<(KeyPair, PrivateKeyDer<'static>), Error> {
    let document = [PKCS8_ED25519, &dice.bytes(32)].concat();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(document));
    let pair = KeyPair::from_der_and_sign_algo(&private, &PKCS_ED25519).map_err(said)?;
    Ok((pair, private))
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    // X.520 allows common names of up to 64 characters; the alternative name counts anyway.
    if name.len() <= 64 {
        distinguished.push(DnType::CommonName, name);
    }
    distinguished
}

/// Positive, and as long as those of real authorities.
fn serial(dice: &mut Dice) -> SerialNumber {
    let bytes: Vec<u8> = [0x05].into_iter().chain(dice.bytes(15)).collect();
    SerialNumber::from_slice(&bytes)
}

fn named_dice(seed: u64, name: &str) -> Dice {
    let start = name.bytes().fold(seed, |state, byte| Dice::new(state ^ u64::from(byte)).roll());
    Dice::new(start)
}

fn said(error: rcgen::Error) -> Error {
    Error::General(error.to_string())
}

/// Everything of a PKCS #8 document (RFC 8410 section 7) before the 32 bytes of the key.
const PKCS8_ED25519: &[u8] = &[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Seconds.
const DAY: u64 = 86_400;
/// Seconds after the beginning of its period.
const VALID: u64 = 90 * DAY;
/// Seconds.
const RENEWED_AFTER: i64 = 60 * 86_400;
