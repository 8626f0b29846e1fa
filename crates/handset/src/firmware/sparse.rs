//! Android's sparse images (`sparse_format.h` of AOSP's libsparse) → the image they stand for.

use super::source::{Pieced, ReadAt, Run, Source, bytes};
use crate::{Oddity, le};

/// Reads the chunks' headers. What follows a damaged one is a hole.
pub(super) fn open(source: Source, odd: &mut Vec<Oddity>) -> Option<Pieced> {
    let head = bytes(&*source, 0, 28)?;
    let block = u64::from(le::u32(&head, 12)?);
    let header = u64::from(le::u16(&head, 8)?);
    let chunk_header = u64::from(le::u16(&head, 10)?);
    let count = le::u32(&head, 20)?;
    let whole = u64::from(le::u32(&head, 16)?).checked_mul(block)?;
    if chunk_header < 12 || block == 0 {
        return None;
    }
    let mut image = Pieced::new(source.clone());
    let mut at = header;
    for _ in 0..count {
        let Some(next) = chunk(&*source, &mut image, at, block, chunk_header) else {
            odd.push(Oddity::new("file's sparse image has a chunk that does not fit", "", at));
            break;
        };
        at = next;
    }
    image.push(Run::Fill([0; 4]), whole.saturating_sub(image.len()))?;
    Some(image)
}

fn chunk(source: &dyn ReadAt, image: &mut Pieced, at: u64, block: u64, header: u64) -> Option<u64> {
    let head = bytes(source, at, 12)?;
    let len = u64::from(le::u32(&head, 4)?).checked_mul(block)?;
    let total = u64::from(le::u32(&head, 8)?);
    let data = at.checked_add(header)?;
    match le::u16(&head, 0)? {
        RAW => image.push(Run::At(data), len)?,
        FILL => image.push(Run::Fill(le::array(&bytes(source, data, 4)?, 0)?), len)?,
        HOLE => image.push(Run::Fill([0; 4]), len)?,
        CHECKSUM => {}
        _ => return None,
    }
    (total >= header).then(|| at.checked_add(total))?
}

const RAW: u16 = 0xcac1;
const FILL: u16 = 0xcac2;
const HOLE: u16 = 0xcac3;
const CHECKSUM: u16 = 0xcac4;
