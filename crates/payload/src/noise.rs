//! Whether bytes are what encryption leaves: spread as by chance, with no order that could be read.

/// Whether bytes are spread like those of a cipher: the chi-square statistic against an even distribution lies
/// within five standard deviations of what chance gives (255 degrees of freedom). Too few bytes cannot be told.
pub fn is_random(bytes: &[u8]) -> bool {
    if bytes.len() < FEWEST {
        return false;
    }
    let mut counts = [0_u64; 256];
    for byte in bytes.iter().take(MOST) {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = bytes.len().min(MOST) as u64;
    // Sum of (count - total/256)^2 / (total/256), in whole numbers.
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    let statistic = (squares * 256 / total).saturating_sub(total);
    (142..=368).contains(&statistic)
}

/// Bytes from which on a distribution tells something: two of each value.
const FEWEST: usize = 512;
/// Bytes that are looked at.
const MOST: usize = 1 << 16;
