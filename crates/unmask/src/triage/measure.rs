//! Measures of bytes that nothing could read: entropy, evenness, blocks, beginnings of files.

use std::collections::BTreeSet;

/// What the bytes of a value measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Bytes, the carrier taken off.
    pub length: usize,
    /// Entropy of the bytes' frequencies, in bits for each byte, 0 to 8.
    pub entropy: f64,
    /// What uniform noise of this length has on average: short noise has less than 8.
    pub expected_entropy: f64,
    /// Chi-square of the frequencies against even ones, 255 degrees of freedom: noise has 255 ± 23.
    pub chi_square: f64,
    /// Whether the entropy is that of noise of the length.
    pub noise: bool,
    /// Blocks of 16 bytes, or else of 8, that stand there more than once.
    pub repeated_blocks: usize,
    /// The size of those blocks, or the largest of 16 and 8 that divides the length; 0 where none does.
    pub block: usize,
    /// The size of an RSA key in bits that the length is that of; 0 for none.
    pub rsa_bits: usize,
    /// The format of a file, stream or record that it begins like; empty for none.
    pub format: &'static str,
}

impl Measures {
    /// Measures bytes, of which at most the first mebibyte.
    pub fn of(bytes: &[u8]) -> Self {
        let head = bytes.get(..MOST).unwrap_or(bytes);
        let counts = counts(head);
        let length = number(head.len());
        let entropy = entropy(&counts, length);
        let (expected_entropy, spread) = noise(length);
        let (repeated_blocks, block) = blocks(head);
        Self {
            length: bytes.len(),
            entropy,
            expected_entropy,
            chi_square: chi_square(&counts, length),
            noise: bytes.len() >= LEAST_NOISE && entropy >= expected_entropy - 4.0 * spread,
            repeated_blocks,
            block,
            rsa_bits: if RSA.contains(&bytes.len()) { bytes.len() * 8 } else { 0 },
            format: format(bytes),
        }
    }
}

fn counts(bytes: &[u8]) -> [u32; 256] {
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    counts
}

fn entropy(counts: &[u32; 256], length: f64) -> f64 {
    let share = |&count: &u32| f64::from(count) / length;
    counts.iter().filter(|&&count| count > 0).map(share).map(|share| -share * share.log2()).sum()
}

/// Mean entropy of noise of a length, and about its standard deviation. Up to 64 bytes the mean is nearly that of
/// bytes which all differ; for long ones Miller and Madow's correction holds, `255 / (2 n ln 2)`. Between, the mean
/// is that of Poisson counts.
fn noise(length: f64) -> (f64, f64) {
    if length < 1.0 {
        return (0.0, 0.0);
    }
    let rate = length / 256.0;
    // E[-(k/n) log2(k/n)] over the 256 values, k Poisson with mean n/256.
    let (mut term, mut mean, mut square) = ((-rate).exp(), 0.0, 0.0);
    let terms = 400_u32;
    if rate < 300.0 {
        for count in 1..=terms.max(2) {
            let count = f64::from(count);
            term *= rate / count;
            let share = count / length;
            let part = if share < 1.0 { -share * share.log2() } else { 0.0 };
            mean += 256.0 * term * part;
            square += 256.0 * term * part * part;
        }
        let variance = (square - mean * mean / 256.0).max(0.0);
        // Counts that must add up vary less than free ones do.
        return (mean.min(length.log2()), variance.sqrt().min(1.2 / length.sqrt()).max(0.002));
    }
    (8.0 - 255.0 / (2.0 * length * std::f64::consts::LN_2), 0.002)
}

fn chi_square(counts: &[u32; 256], length: f64) -> f64 {
    let even = length / 256.0;
    if even <= 0.0 {
        return 0.0;
    }
    counts.iter().map(|&count| (f64::from(count) - even).powi(2) / even).sum()
}

/// Repeated blocks, and their size. Noise repeats no block of 8 bytes.
fn blocks(bytes: &[u8]) -> (usize, usize) {
    let mut dividing = 0;
    for size in [16, 8] {
        if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
            continue;
        }
        dividing = dividing.max(size);
        let mut seen = BTreeSet::new();
        let repeated = bytes.chunks_exact(size).filter(|block| !seen.insert(*block)).count();
        if repeated > 0 {
            return (repeated, size);
        }
    }
    (0, dividing)
}

/// Formats whose bytes look like noise, and are none.
fn format(bytes: &[u8]) -> &'static str {
    if bytes.get(4..8) == Some(b"ftyp") {
        return "mp4";
    }
    let record = matches!(bytes, [0x14..=0x18, 3, 0..=4, high, low, ..]
        if usize::from(*high) << 8 | usize::from(*low) <= 18_432);
    if record {
        return "tls record";
    }
    let found = FORMATS.iter().find(|(start, _)| bytes.starts_with(start));
    found.map_or("", |(_, name)| name)
}

/// A length as a number to reckon with.
fn number(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::from(u32::MAX), f64::from)
}

const FORMATS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"BZh", "bzip2"),
    (b"GIF8", "gif"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"PK\x03\x04", "zip"),
    (b"RIFF", "riff"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"wOF2", "font"),
];
/// RSA with 1024 to 4096 bits.
const RSA: &[usize] = &[128, 256, 384, 512];
/// Shorter values cannot be told from noise.
const LEAST_NOISE: usize = 16;
const MOST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_entropy_that_its_length_allows() {
        let mut state = 3_u64;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for length in [16, 32, 64, 128, 256, 1024, 16_384, 200_000] {
            let mut failed = 0;
            for _ in 0..20 {
                let bytes: Vec<u8> = (0..length).map(|_| draw()).collect();
                let measures = Measures::of(&bytes);
                failed += usize::from(!measures.noise);
                assert!((measures.entropy - measures.expected_entropy).abs() < 0.35, "{length} {measures:?}");
            }
            assert_eq!(failed, 0, "{length}");
        }
    }

    #[test]
    fn what_is_ordered_is_no_noise() {
        let text = "{\"imei\":\"004401512345678\",\"model\":\"TA-1046\",\"time\":1470104373}".repeat(3);
        assert!(!Measures::of(text.as_bytes()).noise);
        assert!(!Measures::of(&[0; 64]).noise && Measures::of(&[0; 64]).repeated_blocks == 3);
        assert_eq!(Measures::of(b"").length, 0);
        assert_eq!(Measures::of(b"\0\0\0\x20ftypisom").format, "mp4");
    }
}
