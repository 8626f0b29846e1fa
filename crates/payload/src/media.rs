//! Whether pictures are what their first bytes say: the blocks that GIF (the GIF89a specification), PNG (ISO/IEC 15948)
//! and JPEG (ITU-T T.81, annex B) consist of follow one another. A few bytes in front of encrypted content make no
//! picture.
//!
//! Nothing is decompressed: it is only looked where the next block begins. What ends in the middle is a picture as far
//! as it goes. Behind the last block cameras put films, further pictures and notes of their own; what stands there and is
//! noise from its first byte to its last, as ciphers make it and films are not, is none of these.

use crate::{
    noise::is_random,
    sniff::{begins_as_media, magic},
};

/// Whether bytes begin as a picture whose blocks can be followed, and do not consist of such blocks, or have more than
/// 4 KiB of noise behind them.
pub fn is_broken_picture(bytes: &[u8]) -> bool {
    match blocks(bytes) {
        None => false,
        Some(None) => true,
        Some(Some(end)) => bytes.get(end..).is_some_and(hides_something),
    }
}

/// Where the blocks of a picture end, which follow one another; `None` of other formats.
fn blocks(bytes: &[u8]) -> Option<Option<usize>> {
    Some(match bytes {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif(bytes),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        _ => return None,
    })
}

/// Whether what stands behind a picture is noise: without zeros that fill up, and behind further pictures.
fn hides_something(mut behind: &[u8]) -> bool {
    loop {
        behind = behind.trim_ascii();
        let zeros = |bytes: &mut dyn Iterator<Item = &u8>| bytes.take_while(|byte| **byte == 0).count();
        let begin = zeros(&mut behind.iter());
        behind = behind.get(begin..).unwrap_or_default();
        let end = behind.len() - zeros(&mut behind.iter().rev());
        behind = behind.get(..end).unwrap_or_default();
        match blocks(behind) {
            Some(Some(end)) if end > 0 => behind = behind.get(end..).unwrap_or_default(),
            _ => break,
        }
    }
    behind.len() > BEHIND && !is_known(behind) && is_random(behind)
}

/// Whether a known format begins there, at once or behind the few bytes of a label.
fn is_known(bytes: &[u8]) -> bool {
    let begins = |bytes: &[u8]| {
        // The zeros of a box's length may be gone.
        BOXES.iter().any(|name| bytes.starts_with(name)) || magic(bytes).is_some()
    };
    begins_as_media(bytes) || (0..LABEL).filter_map(|at| bytes.get(at..)).any(begins)
}

/// A screen, perhaps its colours, then images and extensions up to the trailer.
fn gif(bytes: &[u8]) -> Option<usize> {
    let mut at = 13 + colours(*bytes.get(10)?);
    // Without one block there is no picture.
    bytes.get(at)?;
    let mut images = false;
    loop {
        let data = match bytes.get(at) {
            None => return Some(bytes.len()),
            Some(0x3b) => return images.then_some(at + 1),
            Some(0x21) => at + 2,
            Some(0x2c) => match bytes.get(at + 9) {
                Some(flags) => {
                    images = true;
                    let code = at + 10 + colours(*flags);
                    let known = bytes.get(code).is_none_or(|bits| (1..=11).contains(bits));
                    known.then_some(code + 1)?
                }
                None => return Some(bytes.len()),
            },
            Some(_) => return None,
        };
        at = behind_parts(bytes, data);
    }
}

/// The length of a table of colours, by the flags that say whether there is one.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where the parts of a block end, each of which begins with its length.
fn behind_parts(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(0) => return at + 1,
            Some(len) => at += usize::from(*len) + 1,
            None => return bytes.len(),
        }
    }
}

/// Chunks up to the last.
fn png(bytes: &[u8]) -> Option<usize> {
    // Of iOS, another chunk stands before the header.
    let mut at = 8;
    bytes.get(at..at + 12)?;
    loop {
        let Some([a, b, c, d, name @ ..]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            return Some(bytes.len());
        };
        let len = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d]) & 0x7fff_ffff).ok()?;
        name.iter().all(u8::is_ascii_alphabetic).then_some(())?;
        at = at.checked_add(12)?.checked_add(len)?;
        if name == b"IEND" {
            return Some(at.min(bytes.len()));
        }
    }
}

/// Segments with a length up to the end; behind the beginning of a scan its data, in which a 0xff is followed by a zero.
fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    let mut scans = false;
    loop {
        let (marker, behind) = match marker(bytes, at) {
            Some(found) => found?,
            None => return scans.then_some(bytes.len()),
        };
        at = match marker {
            0xd9 => return scans.then_some(behind),
            0x01 | 0xd0..=0xd7 => behind,
            0xc0..=0xfe => {
                let Some(len) = bytes.get(behind..).and_then(|rest| rest.first_chunk::<2>()) else {
                    return scans.then_some(bytes.len());
                };
                let len = usize::from(u16::from_be_bytes(*len));
                behind + (len >= 2).then_some(len)?
            }
            _ => return None,
        };
        if marker == 0xda {
            scans = true;
            at = behind_scan(bytes, at);
        }
    }
}

/// The marker that stands at a place, and what is behind it: nothing at the end, `Some(None)` where there is another byte.
fn marker(bytes: &[u8], at: usize) -> Option<Option<(u8, usize)>> {
    // Some programs put zeros between segments.
    let zeros = bytes.get(at..)?.iter().take(PADDING).take_while(|byte| **byte == 0).count();
    let at = at + zeros;
    if *bytes.get(at)? != 0xff {
        return Some(None);
    }
    let fill = bytes.get(at..)?.iter().take_while(|byte| **byte == 0xff).count();
    let marker = *bytes.get(at + fill)?;
    Some(Some((marker, at + fill + 1)))
}

/// Where the data of a scan end: before the next marker that is none of those in it.
fn behind_scan(bytes: &[u8], at: usize) -> usize {
    let data = bytes.get(at..).unwrap_or_default();
    let mut ends = memchr::memchr_iter(0xff, data).map(|found| at + found);
    let goes_on = |end: &usize| matches!(bytes.get(end + 1), Some(0 | 0xd0..=0xd7 | 0xff));
    ends.find(|end| !goes_on(end)).unwrap_or(bytes.len())
}

/// Zeros in front of a segment.
const PADDING: usize = 16;
/// Bytes behind a picture that cameras' notes may be, whatever they look like.
const BEHIND: usize = 4096;
/// What the boxes of a film begin with (ISO/IEC 14496-12) behind their length.
const BOXES: [&[u8]; 5] = [b"free", b"ftyp", b"mdat", b"moov", b"wide"];
/// Bytes in front of a film behind a picture: cameras write what it is.
const LABEL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: u32) -> Vec<u8> {
        (0..len).map(|n| (n.wrapping_add(7).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    #[test]
    fn blocks_that_follow_one_another_make_a_picture() {
        // A single pixel without colours of its own; its image's codes are of two bits.
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82";
        // Application data, then a scan with a stuffed byte, a restart and its end.
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xda\0\x03\0\x12\xff\0\x34\xff\xd0\x56\xff\xd9";
        // As Xcode writes them, and with segments that are padded.
        let apple = b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI\x50\0\x20\x02\x2b\xd5\xb3\x7f\0\0\0\0IEND\xaeB`\x82";
        let padded = b"\xff\xd8\xff\xe0\0\x04JF\0\0\xff\xda\0\x03\0\x12\xff\0\x34\xff\xd0\x56\xff\xd9";
        for picture in [&gif[..], png, jpeg, apple, padded] {
            assert!(!is_broken_picture(picture), "{picture:x?}");
            // However long: nothing panics, and what is cut off late is a picture still.
            (0..picture.len()).for_each(|len| {
                is_broken_picture(picture.get(..len).unwrap_or_default());
            });
            assert!(!is_broken_picture(picture.get(..picture.len() - 3).unwrap_or_default()));
            assert!(!is_broken_picture(&[picture, &noise(400)].concat()), "a picture with more behind it");
        }
    }

    #[test]
    fn noise_behind_a_picture_is_none_of_it() {
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xda\0\x03\0\x12\xff\0\x34\xff\xd0\x56\xff\xd9";
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82";
        // From a xorshift generator.
        let random = |len: usize| -> Vec<u8> {
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            let next = std::iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            });
            next.take(len).collect()
        };
        let hidden = random(20_000);
        for picture in [&jpeg[..], png] {
            for between in [&b""[..], &[0; 300], jpeg] {
                assert!(is_broken_picture(&[picture, between, &hidden, &[0; 50]].concat()), "{between:x?}");
            }
            let film = [&b"\0\0\0\x18ftypmp42"[..], &hidden].concat();
            let labelled = [&b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data"[..], &film].concat();
            let written: Vec<u8> = hidden.iter().map(|byte| byte % 64 + 32).collect();
            // A film without a beginning: some of its bytes are more frequent.
            let compressed: Vec<u8> = hidden.iter().map(|byte| if *byte < 4 { 0 } else { *byte }).collect();
            for behind in [&film, &labelled, &written, &compressed, &random(4000), &vec![0; 20_000]] {
                assert!(!is_broken_picture(&[picture, behind].concat()), "{:x?}", &behind[..40]);
            }
        }
    }

    #[test]
    fn first_bytes_alone_make_none() {
        for begin in [&b"GIF89a"[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"] {
            let hidden = [begin, &noise(2_000)].concat();
            assert!(is_broken_picture(&hidden), "{begin:x?}");
        }
        assert!(!is_broken_picture(b"\0\0\0\x18styp"));
    }
}
