//! 802.11 data frames, and what capturing programs put before them (IEEE 802.11 section 9.2; radiotap.org;
//! Prism, AVS and PPI headers).
//!
//! Management and control frames, protected data and fragments are counted, not read.

use super::{LINK, Next, Stop, Unread, Walk, cooked};

/// A radiotap header. Its flags tell of a checksum at the end of the frame, and of padding behind the 802.11
/// header.
pub(super) fn radiotap(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let start = walk.rest();
    let [_, _, a, b, ..] = *walk.take::<8>(LINK)?;
    let len = usize::from(u16::from_le_bytes([a, b]));
    walk.skip(len.saturating_sub(8), LINK)?;
    let flags = radiotap_flags(start.get(..len).unwrap_or_default()).unwrap_or(0);
    if flags & 0x10 != 0 && walk.lacking == 0 {
        walk.end = walk.end.saturating_sub(4).max(walk.at);
    }
    Ok(Next::Wifi(flags & 0x20 != 0))
}

/// The flags field, where there is one: behind the words that tell which fields are there, and the clock.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let mut at = 4;
    let present = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk()?));
    let first = present(at)?;
    while present(at)? & 1 << 31 != 0 {
        at += 4;
    }
    at += 4;
    if first & 1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    if first & 2 == 0 { None } else { header.get(at).copied() }
}

/// A Prism header tells its length in the capturing machine's byte order; an AVS header, which some put in
/// its place, most significant byte first.
pub(super) fn prism(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, _, _, _, len @ ..] = *walk.take::<8>(LINK)?;
    let len = u32::from_le_bytes(len).min(u32::from_be_bytes(len));
    walk.skip(usize::try_from(len).unwrap_or(usize::MAX).saturating_sub(8), LINK)?;
    Ok(Next::Wifi(false))
}

/// Version, flags, length, link type of what follows.
pub(super) fn per_packet(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, _, a, b, link @ ..] = *walk.take::<8>(LINK)?;
    walk.skip(usize::from(u16::from_le_bytes([a, b])).saturating_sub(8), LINK)?;
    cooked::inner(u32::from_le_bytes(link))
}

/// The 802.11 header. `padded`: data begin at a multiple of four behind its beginning.
pub(super) fn wifi(walk: &mut Walk<'_>, padded: bool) -> Result<Next, Stop> {
    match walk.rest() {
        [kind, flags, ..] => header(walk, (*kind, *flags), padded),
        _ => Err(Stop::Short(LINK)),
    }
}

/// The same, as some access points send it through CAPWAP: the first two bytes swapped.
pub(super) fn swapped(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    match walk.rest() {
        [flags, kind, ..] => header(walk, (*kind, *flags), false),
        _ => Err(Stop::Short(LINK)),
    }
}

fn header(walk: &mut Walk<'_>, (kind, flags): (u8, u8), padded: bool) -> Result<Next, Stop> {
    let start = walk.at;
    match kind >> 2 & 3 {
        0 => return Err(Stop::Unread(Unread::WifiManagement)),
        2 => {}
        _ => return Err(Stop::Unread(Unread::WifiControl)),
    }
    let header = walk.take::<24>(LINK)?;
    let fourth = if flags & 3 == 3 { Some(*walk.take::<6>(LINK)?) } else { None };
    let quality = if kind & 0x80 != 0 { *walk.take::<2>(LINK)? } else { [0, 0] };
    if kind & 0x80 != 0 && flags & 0x80 != 0 {
        walk.skip(4, LINK)?;
    }
    if padded {
        walk.skip((walk.at - start).next_multiple_of(4) - (walk.at - start), LINK)?;
    }
    walk.sent_from(sender(header, flags, fourth));
    let [.., sequence, _] = *header;
    body(walk, (kind, flags, sequence & 0x0f), quality)
}

/// The source address: which of the four it is depends on the way (to, from the access point).
fn sender(header: &[u8; 24], flags: u8, fourth: Option<[u8; 6]>) -> [u8; 6] {
    let [_, _, _, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, i, j, k, l, _, _] = *header;
    match (fourth, flags & 3) {
        (Some(fourth), _) => fourth,
        (None, 2) => [g, h, i, j, k, l],
        (None, _) => [a, b, c, d, e, f],
    }
}

fn body(walk: &mut Walk<'_>, (kind, flags, fragment): (u8, u8, u8), quality: [u8; 2]) -> Result<Next, Stop> {
    if kind & 0x40 != 0 {
        return Err(Stop::Unread(Unread::WifiEmpty));
    }
    if fragment != 0 || flags & 0x04 != 0 {
        return Err(Stop::Unread(Unread::WifiFragment));
    }
    // Programs that decrypt while capturing may leave the flag set.
    let clear = matches!(walk.rest(), [0xaa, 0xaa, 0x03, 0, 0, 0, ..]);
    if flags & 0x40 != 0 && !clear {
        return Err(Stop::Unread(Unread::WifiProtected));
    }
    if quality[0] & 0x80 != 0 && !clear { Err(Stop::Aggregate) } else { Ok(Next::Llc) }
}

/// The next of the frames packed into one: its header is passed over and the walk bound to it. Says where
/// the one after it begins; `None` where no more can follow.
pub(crate) fn subframe(walk: &mut Walk<'_>) -> Result<Option<usize>, Stop> {
    let start = walk.at;
    let [_, _, _, _, _, _, a, b, c, d, e, f, len @ ..] = *walk.take::<14>(LINK)?;
    walk.sent_from([a, b, c, d, e, f]);
    let end = walk.at + usize::from(u16::from_be_bytes(len));
    let next = start + (end - start).next_multiple_of(4);
    let more = next + 14 <= walk.end;
    if end > walk.end && walk.lacking == 0 {
        walk.odd(LINK, "peer sent a packed 802.11 frame longer than what it is packed in");
    }
    walk.bound(walk.at, end - walk.at);
    Ok(more.then_some(next))
}
