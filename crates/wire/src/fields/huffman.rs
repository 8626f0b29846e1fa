//! Huffman-coded strings to their bytes (RFC 7541 appendix B).
//!
//! The code is turned into a machine that takes four bits at a time: the shortest code has five, so that no step
//! gives more than one byte.

/// The step's name in trails.
pub const NAME: &str = "huffman";

/// What was made of a coded string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What was odd, one fixed sentence.
    pub odd: Option<&'static str>,
}

/// Decodes a string, as far as `most` bytes. Odd endings and the end mark cost no bytes.
pub fn decode(coded: &[u8], most: usize) -> Decoded {
    let mut bytes = Vec::with_capacity(coded.len().saturating_mul(8).div_ceil(5).min(most));
    let mut odd = None;
    let mut state = 0u8;
    for nibble in coded.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        let Some(step) = MACHINE.get(usize::from(state)).and_then(|row| row.get(usize::from(nibble))) else {
            break;
        };
        state = step.next;
        match step.gives {
            Gives::Nothing => {}
            Gives::Byte(_) if bytes.len() == most => return Decoded { bytes, odd },
            Gives::Byte(byte) => bytes.push(byte),
            Gives::End => odd = Some("peer sent the end mark within a Huffman-coded string"),
        }
    }
    if odd.is_none() && !PADDING.get(usize::from(state)).is_some_and(|allowed| *allowed) {
        odd = Some("peer sent a Huffman-coded string whose padding is not that of the code");
    }
    Decoded { bytes, odd }
}

/// Encodes a string: for captures of our own making.
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::with_capacity(bytes.len());
    let (mut waiting, mut bits) = (0u64, 0u32);
    for (code, len) in bytes.iter().filter_map(|byte| CODES.get(usize::from(*byte))) {
        waiting = waiting << len | u64::from(*code);
        bits += u32::from(*len);
        while bits >= 8 {
            bits -= 8;
            coded.push((waiting >> bits & 0xff) as u8);
        }
    }
    if bits > 0 {
        coded.push((waiting << (8 - bits) & 0xff) as u8 | 0xff >> bits);
    }
    coded
}

/// A step of the machine: the next state, and what it gives.
#[derive(Clone, Copy)]
struct Step {
    next: u8,
    gives: Gives,
}

#[derive(Clone, Copy)]
enum Gives {
    Byte(u8),
    End,
    Nothing,
}

/// The code's tree. A child is an inner node by its number, or a leaf: [`LEAF`] and the symbol.
struct Tree {
    children: [[u16; 2]; NODES],
    /// Whether fewer than eight bits lead here, and all of them are ones (RFC 7541 section 5.2).
    padding: [bool; NODES],
}

/// A tree with 257 leaves has so many inner nodes.
const NODES: usize = 256;
const LEAF: u16 = 0x8000;
const END: u16 = 256;

static MACHINE: [[Step; 16]; NODES] = machine();
static PADDING: [bool; NODES] = tree().padding;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, over constants")]
const fn tree() -> Tree {
    let mut tree = Tree { children: [[0; 2]; NODES], padding: [false; NODES] };
    tree.padding[0] = true;
    let (mut symbol, mut nodes) = (0, 1u16);
    while symbol < CODES.len() {
        let (code, len) = CODES[symbol];
        let (mut node, mut left) = (0, len);
        while left > 0 {
            left -= 1;
            let bit = (code >> left & 1) as usize;
            if left == 0 {
                tree.children[node][bit] = LEAF | symbol as u16;
            } else if tree.children[node][bit] == 0 {
                tree.children[node][bit] = nodes;
                tree.padding[nodes as usize] = tree.padding[node] && bit == 1 && len - left < 8;
                node = nodes as usize;
                nodes += 1;
            } else {
                node = tree.children[node][bit] as usize;
            }
        }
        symbol += 1;
    }
    tree
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, over constants")]
const fn machine() -> [[Step; 16]; NODES] {
    let tree = tree();
    let mut machine = [[Step { next: 0, gives: Gives::Nothing }; 16]; NODES];
    let mut node = 0;
    while node < NODES {
        let mut nibble = 0;
        while nibble < 16 {
            machine[node][nibble] = step(&tree, node, nibble);
            nibble += 1;
        }
        node += 1;
    }
    machine
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, over constants")]
const fn step(tree: &Tree, from: usize, nibble: usize) -> Step {
    let (mut node, mut gives, mut bit) = (from, Gives::Nothing, 4);
    while bit > 0 {
        bit -= 1;
        let child = tree.children[node][nibble >> bit & 1];
        if child & LEAF == 0 {
            node = child as usize;
        } else {
            node = 0;
            let symbol = child & !LEAF;
            gives = if symbol == END { Gives::End } else { Gives::Byte(symbol as u8) };
        }
    }
    Step { next: node as u8, gives }
}

/// Code and number of its bits for each byte, and for the end mark.
#[rustfmt::skip]
const CODES: [(u32, u8); 257] = [
    (0x1ff8, 13), (0x7fffd8, 23), (0xfffffe2, 28), (0xfffffe3, 28), (0xfffffe4, 28), (0xfffffe5, 28),
    (0xfffffe6, 28), (0xfffffe7, 28), (0xfffffe8, 28), (0xffffea, 24), (0x3ffffffc, 30), (0xfffffe9, 28),
    (0xfffffea, 28), (0x3ffffffd, 30), (0xfffffeb, 28), (0xfffffec, 28), (0xfffffed, 28), (0xfffffee, 28),
    (0xfffffef, 28), (0xffffff0, 28), (0xffffff1, 28), (0xffffff2, 28), (0x3ffffffe, 30), (0xffffff3, 28),
    (0xffffff4, 28), (0xffffff5, 28), (0xffffff6, 28), (0xffffff7, 28), (0xffffff8, 28), (0xffffff9, 28),
    (0xffffffa, 28), (0xffffffb, 28), (0x14, 6), (0x3f8, 10), (0x3f9, 10), (0xffa, 12), (0x1ff9, 13),
    (0x15, 6), (0xf8, 8), (0x7fa, 11), (0x3fa, 10), (0x3fb, 10), (0xf9, 8), (0x7fb, 11), (0xfa, 8), (0x16, 6),
    (0x17, 6), (0x18, 6), (0x0, 5), (0x1, 5), (0x2, 5), (0x19, 6), (0x1a, 6), (0x1b, 6), (0x1c, 6), (0x1d, 6),
    (0x1e, 6), (0x1f, 6), (0x5c, 7), (0xfb, 8), (0x7ffc, 15), (0x20, 6), (0xffb, 12), (0x3fc, 10),
    (0x1ffa, 13), (0x21, 6), (0x5d, 7), (0x5e, 7), (0x5f, 7), (0x60, 7), (0x61, 7), (0x62, 7), (0x63, 7),
    (0x64, 7), (0x65, 7), (0x66, 7), (0x67, 7), (0x68, 7), (0x69, 7), (0x6a, 7), (0x6b, 7), (0x6c, 7),
    (0x6d, 7), (0x6e, 7), (0x6f, 7), (0x70, 7), (0x71, 7), (0x72, 7), (0xfc, 8), (0x73, 7), (0xfd, 8),
    (0x1ffb, 13), (0x7fff0, 19), (0x1ffc, 13), (0x3ffc, 14), (0x22, 6), (0x7ffd, 15), (0x3, 5), (0x23, 6),
    (0x4, 5), (0x24, 6), (0x5, 5), (0x25, 6), (0x26, 6), (0x27, 6), (0x6, 5), (0x74, 7), (0x75, 7), (0x28, 6),
    (0x29, 6), (0x2a, 6), (0x7, 5), (0x2b, 6), (0x76, 7), (0x2c, 6), (0x8, 5), (0x9, 5), (0x2d, 6), (0x77, 7),
    (0x78, 7), (0x79, 7), (0x7a, 7), (0x7b, 7), (0x7ffe, 15), (0x7fc, 11), (0x3ffd, 14), (0x1ffd, 13),
    (0xffffffc, 28), (0xfffe6, 20), (0x3fffd2, 22), (0xfffe7, 20), (0xfffe8, 20), (0x3fffd3, 22),
    (0x3fffd4, 22), (0x3fffd5, 22), (0x7fffd9, 23), (0x3fffd6, 22), (0x7fffda, 23), (0x7fffdb, 23),
    (0x7fffdc, 23), (0x7fffdd, 23), (0x7fffde, 23), (0xffffeb, 24), (0x7fffdf, 23), (0xffffec, 24),
    (0xffffed, 24), (0x3fffd7, 22), (0x7fffe0, 23), (0xffffee, 24), (0x7fffe1, 23), (0x7fffe2, 23),
    (0x7fffe3, 23), (0x7fffe4, 23), (0x1fffdc, 21), (0x3fffd8, 22), (0x7fffe5, 23), (0x3fffd9, 22),
    (0x7fffe6, 23), (0x7fffe7, 23), (0xffffef, 24), (0x3fffda, 22), (0x1fffdd, 21), (0xfffe9, 20),
    (0x3fffdb, 22), (0x3fffdc, 22), (0x7fffe8, 23), (0x7fffe9, 23), (0x1fffde, 21), (0x7fffea, 23),
    (0x3fffdd, 22), (0x3fffde, 22), (0xfffff0, 24), (0x1fffdf, 21), (0x3fffdf, 22), (0x7fffeb, 23),
    (0x7fffec, 23), (0x1fffe0, 21), (0x1fffe1, 21), (0x3fffe0, 22), (0x1fffe2, 21), (0x7fffed, 23),
    (0x3fffe1, 22), (0x7fffee, 23), (0x7fffef, 23), (0xfffea, 20), (0x3fffe2, 22), (0x3fffe3, 22),
    (0x3fffe4, 22), (0x7ffff0, 23), (0x3fffe5, 22), (0x3fffe6, 22), (0x7ffff1, 23), (0x3ffffe0, 26),
    (0x3ffffe1, 26), (0xfffeb, 20), (0x7fff1, 19), (0x3fffe7, 22), (0x7ffff2, 23), (0x3fffe8, 22),
    (0x1ffffec, 25), (0x3ffffe2, 26), (0x3ffffe3, 26), (0x3ffffe4, 26), (0x7ffffde, 27), (0x7ffffdf, 27),
    (0x3ffffe5, 26), (0xfffff1, 24), (0x1ffffed, 25), (0x7fff2, 19), (0x1fffe3, 21), (0x3ffffe6, 26),
    (0x7ffffe0, 27), (0x7ffffe1, 27), (0x3ffffe7, 26), (0x7ffffe2, 27), (0xfffff2, 24), (0x1fffe4, 21),
    (0x1fffe5, 21), (0x3ffffe8, 26), (0x3ffffe9, 26), (0xffffffd, 28), (0x7ffffe3, 27), (0x7ffffe4, 27),
    (0x7ffffe5, 27), (0xfffec, 20), (0xfffff3, 24), (0xfffed, 20), (0x1fffe6, 21), (0x3fffe9, 22),
    (0x1fffe7, 21), (0x1fffe8, 21), (0x7ffff3, 23), (0x3fffea, 22), (0x3fffeb, 22), (0x1ffffee, 25),
    (0x1ffffef, 25), (0xfffff4, 24), (0xfffff5, 24), (0x3ffffea, 26), (0x7ffff4, 23), (0x3ffffeb, 26),
    (0x7ffffe6, 27), (0x3ffffec, 26), (0x3ffffed, 26), (0x7ffffe7, 27), (0x7ffffe8, 27), (0x7ffffe9, 27),
    (0x7ffffea, 27), (0x7ffffeb, 27), (0xffffffe, 28), (0x7ffffec, 27), (0x7ffffed, 27), (0x7ffffee, 27),
    (0x7ffffef, 27), (0x7fffff0, 27), (0x3ffffee, 26), (0x3fffffff, 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for len in 0..all.len() {
            let coded = encode(&all[..len]);
            assert_eq!(decode(&coded, usize::MAX), Decoded { bytes: all[..len].to_vec(), odd: None });
        }
    }

    #[test]
    fn the_examples_of_the_standard_read_the_same() {
        let rows: [(&[u8], &[u8]); 3] = [
            (b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", b"www.example.com"),
            (b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf", b"custom-value"),
            (b"\x64\x02", b"302"),
        ];
        for (coded, bytes) in rows {
            assert_eq!(decode(coded, usize::MAX), Decoded { bytes: bytes.to_vec(), odd: None });
            assert_eq!(encode(bytes), coded);
        }
    }

    #[test]
    fn odd_strings_give_what_can_be_read_and_say_so() {
        let rows: [(&[u8], &[u8], bool); 5] = [
            // "0" and padding of zeros.
            (&[0b0000_0000], b"0", true),
            // A whole byte of padding.
            (&[0b0000_0111, 0xff], b"0", true),
            (&[0b0000_0111], b"0", false),
            // The end mark, then "0" and padding.
            (&[0xff, 0xff, 0xff, 0xfc, 0b0001_1111], b"0", true),
            (b"", b"", false),
        ];
        for (coded, bytes, odd) in rows {
            let decoded = decode(coded, usize::MAX);
            assert_eq!((decoded.bytes.as_slice(), decoded.odd.is_some()), (bytes, odd), "{coded:x?}");
        }
        assert_eq!(decode(&encode(b"abcdef"), 3).bytes, b"abc");
    }
}
