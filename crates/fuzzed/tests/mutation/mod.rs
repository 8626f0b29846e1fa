//! Seeds to inputs like them, the same on every run: what a fuzzer's cheapest steps would make of them.

use testkit::Dice;

/// A mutation of `seed`; `other` is spliced in now and then.
pub(crate) fn mutated(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        step(&mut bytes, other, dice);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn step(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = below(dice, bytes.len() + 1);
    let most = 1 + below(dice, 40);
    let len = below(dice, most).min(bytes.len() - at);
    match dice.below(9) {
        0 | 1 => set(bytes, at, |byte| byte ^ 1 << dice.below(8)),
        2 => set(bytes, at, |_| INTERESTING[below(dice, INTERESTING.len())]),
        3 => set(bytes, at, |byte| byte.wrapping_add(u8::try_from(dice.below(9)).unwrap()).wrapping_sub(4)),
        4 => drop(bytes.drain(at..at + len)),
        5 => {
            let piece = bytes[at..at + len].to_vec();
            let to = below(dice, bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        6 => {
            let from = below(dice, other.len() + 1);
            let piece = &other[from..other.len().min(from + 1 + below(dice, 60))];
            bytes.splice(at..at + len, piece.iter().copied());
        }
        7 => {
            let random = dice.bytes(len);
            bytes.splice(at..at + len, random);
        }
        _ => bytes.truncate(at),
    }
}

fn set(bytes: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = change(*byte);
    }
}

fn below(dice: &mut Dice, limit: usize) -> usize {
    usize::try_from(dice.below(limit as u64)).unwrap()
}

/// Bytes at which readers change their minds.
const INTERESTING: [u8; 20] = [
    0, 1, 2, 0x0a, 0x0d, b' ', b'"', b'&', b'%', b'0', b'9', b'<', b'\\', b'{', 0x7f, 0x80, 0xc0, 0xf5, 0xfe,
    0xff,
];
const LONGEST: usize = 100_000;
