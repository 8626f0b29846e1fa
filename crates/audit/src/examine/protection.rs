//! What protects the content of an outgoing message, apart from the channel: nothing, an encoding, or a cipher
//! of somebody's own; and whether its label tells the truth.

use std::ops::Range;

use evidence::{Content, Protection};
use payload::{BufferIndex, FieldKind, Outcome, Tree, is_random};
use wire::{Head, Message};

use super::security;

/// How a message's body is protected, and the bytes that show it: of which buffer, and which of them.
pub(super) struct Judged {
    pub(super) protection: Protection,
    pub(super) shown: Stretch,
    /// Where in the message the label stands.
    pub(super) label_at: Option<Range<usize>>,
    pub(super) bytes: u64,
}

/// Judges the body of a message with a head that could label it. `None` where there is none, or it cannot be
/// told what it is.
pub(super) fn judge(message: &Message, tree: &Tree<'_>, kinds: &[FieldKind]) -> Option<Judged> {
    let Head::Http(head) = &message.head else { return None };
    let body = kinds.iter().position(|kind| *kind == FieldKind::Body)?;
    let body = u32::try_from(body).ok()?;
    let field = tree.field(body).filter(|field| !field.value.is_empty())?;
    let label = [&head.media, &head.coding].into_iter().find(|label| claims_encryption(label));
    let (content, shown) = content(tree, body, &head.media)?;
    let security = security(message);
    let bytes = field.value.len() as u64;
    let label_at = label.and_then(|label| place(message, label));
    let label = label.map(|label| label.chars().take(LABEL).collect()).unwrap_or_default();
    Some(Judged { protection: Protection { security, content, label }, shown, label_at, bytes })
}

/// The body's content, and what shows it.
fn content(tree: &Tree<'_>, body: u32, media: &str) -> Option<(Content, Stretch)> {
    let (at, layers) = innermost(tree, body)?;
    let bytes = bytes_of(tree, &at);
    let recognised = recognised(tree, &at) && !payload::is_broken_picture(bytes);
    let is_media = is_media(media) && begins_as_media(bytes);
    if !recognised && !is_media && is_random(bytes) {
        return Some((Content::Unreadable, at));
    }
    let readable = recognised || is_text(bytes);
    match (readable, layers.is_empty()) {
        (false, _) => None,
        (true, true) => Some((Content::Readable, at)),
        (true, false) => {
            let layers = layers.into_iter().map(str::to_owned).collect();
            Some((Content::Encoded(layers), at))
        }
    }
}

/// A stretch of a buffer.
pub(super) type Stretch = (BufferIndex, Range<usize>);

/// What a body holds once every way of writing in which nobody reads is undone, and what undid them, outermost first.
pub(super) fn innermost(tree: &Tree<'_>, body: u32) -> Option<(Stretch, Vec<&'static str>)> {
    let field = tree.field(body)?;
    let mut at = (field.buffer, field.value.clone());
    let mut layers = Vec::new();
    // The body, what it decodes to as a whole, what that decodes to: sources come first, so this ends.
    while let Some((next, decoder)) = made_of(tree, &at) {
        layers.push(decoder);
        let len = tree.buffer(next)?.bytes.len();
        at = (next, 0..len);
    }
    Some((at, layers))
}

/// The bytes of a stretch.
pub(super) fn bytes_of<'t>(tree: &'t Tree<'_>, (buffer, range): &Stretch) -> &'t [u8] {
    tree.buffer(*buffer).and_then(|buffer| buffer.bytes.get(range.clone())).unwrap_or_default()
}

/// The buffer that was made of all, or nearly all, of a stretch.
fn made_of(tree: &Tree<'_>, (buffer, range): &Stretch) -> Option<(BufferIndex, &'static str)> {
    let needed = range.len() - range.len() / 10;
    (0..).zip(&tree.buffers).skip(*buffer as usize + 1).find_map(|(index, made)| {
        let origin = made.origin.as_ref().filter(|origin| origin.source == *buffer)?;
        let inside = origin.range.start >= range.start && origin.range.end <= range.end;
        (origin.range.len() >= needed && inside && hides(origin.decoder) && !made.bytes.is_empty())
            .then_some((index, origin.decoder))
    })
}

/// Whether a decoder undoes a way of writing in which nobody reads: what it gives is judged.
fn hides(decoder: &str) -> bool {
    HIDING.contains(&decoder) || payload::is_compression(decoder)
}

/// Whether bytes begin as images, sound, video or fonts do, and, of pictures, do not go on as something else.
fn begins_as_media(bytes: &[u8]) -> bool {
    payload::begins_as_media(bytes) && !payload::is_broken_picture(bytes)
}

/// Whether a decoder that names fields read the stretch.
fn recognised(tree: &Tree<'_>, at: &Stretch) -> bool {
    readings_at(tree, at).any(|reading| !hides(reading.decoder))
}

/// The decoders that recognised a stretch, or a part of it.
pub(super) fn readings_at<'t>(
    tree: &'t Tree<'_>,
    (buffer, range): &Stretch,
) -> impl Iterator<Item = &'t payload::Reading> {
    let inside = move |reading: &&payload::Reading| {
        reading.buffer == *buffer && reading.range.start >= range.start && reading.range.end <= range.end
    };
    tree.readings.iter().filter(inside).filter(|reading| reading.outcome != Outcome::Refuted)
}

fn claims_encryption(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    CLAIMS.iter().any(|claim| label.contains(claim))
}

/// Where a header's value stands that holds the label.
fn place(message: &Message, label: &str) -> Option<Range<usize>> {
    let values = message.parts.iter().map(|part| part.value.clone());
    values.into_iter().find(|value| message.recorded.bytes.get(value.clone()) == Some(label.as_bytes()))
}

fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

/// Whether a label says that the content is compressed by its nature.
fn is_media(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    ["image/", "video/", "audio/", "font/"].iter().any(|class| media.starts_with(class))
}

/// Decoders, besides those of compressions, that undo a way of writing in which nobody reads.
const HIDING: [&str; 6] = ["base64", "form-value", "hex", "lz4-block", "percent", "snappy-block"];
/// Words by which a label says that the content is encrypted.
const CLAIMS: [&str; 5] = ["aes", "cipher", "crypt", "pgp", "pkcs7"];
/// The longest label kept, in characters.
const LABEL: usize = 128;

#[cfg(test)]
mod tests {
    use payload::{Explorer, Hint, Limits, Name, Root, RootField};

    use super::*;

    /// Bytes of a generator that passes for random.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_told_from_text_and_from_order() {
        for len in [512, 1000, 5000, 100_000] {
            assert!(is_random(&noise(len)), "{len}");
            let text: Vec<u8> = b"the quick brown fox jumps ".iter().copied().cycle().take(len).collect();
            assert!(!is_random(&text));
            let counted: Vec<u8> = (0..len).map(|at| at as u8).collect();
            assert!(!is_random(&counted), "{len}: too even for chance");
        }
        assert!(!is_random(&noise(100)), "too few to tell");
    }

    /// What is told of the content of a body with that label.
    fn told(body: &[u8], media: &str) -> Option<Content> {
        let field = RootField {
            name: Name::None,
            value: 0..body.len(),
            kind: FieldKind::Body,
            hint: Hint { media, ..Hint::default() },
        };
        let root = Root { bytes: body.into(), fields: vec![field] };
        let tree = Explorer::new(Limits::default()).explore(vec![root]);
        content(&tree, 0, media).map(|(content, _)| content)
    }

    #[test]
    fn noise_behind_the_first_bytes_of_a_picture_is_no_picture() {
        for (begin, media) in
            [(&b"GIF89a"[..], "image/gif"), (b"\x89PNG\r\n\x1a\n", ""), (b"\xff\xd8\xff", "image/jpeg")]
        {
            assert_eq!(told(&[begin, &noise(3000)].concat(), media), Some(Content::Unreadable), "{media}");
        }
        // In the data of a scan a zero follows each 0xff (ITU-T T.81, B.1.1.5).
        let data: Vec<u8> = noise(3000).into_iter().filter(|byte| *byte != 0xff).collect();
        let picture = [&b"\xff\xd8\xff\xe0\0\x04JF\xff\xda\0\x03\0"[..], &data, b"\xff\xd9"].concat();
        assert_ne!(told(&picture, "image/jpeg"), Some(Content::Unreadable));
    }

    #[test]
    fn labels_that_claim_encryption() {
        for (label, claims) in [
            ("application/encrypted-json", true),
            ("application/x-AES", true),
            ("application/pgp-encrypted", true),
            ("application/json", false),
            ("text/html; charset=utf-8", false),
        ] {
            assert_eq!(claims_encryption(label), claims, "{label}");
        }
    }
}
