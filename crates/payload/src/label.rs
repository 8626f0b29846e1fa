//! What a message says of its body (`Content-Type`, `Content-Encoding`) to the decoders that would read it.

use crate::Hint;

/// The decoders that a label names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    /// The one for the contents.
    pub(crate) media: Option<&'static str>,
    /// Those for the codings, in the order applied.
    codings: [Option<&'static str>; MOST_CODINGS],
    /// Whether the message itself says so; otherwise the format around it does.
    pub(crate) claimed: bool,
}

impl Label {
    pub(crate) fn of(hint: &Hint<'_>) -> Self {
        let mut codings = [None; MOST_CODINGS];
        let named = hint.coding.split(',').filter_map(|coding| coding_decoder(coding.trim()));
        for (slot, coding) in codings.iter_mut().zip(named) {
            *slot = Some(coding);
        }
        Self { media: media_decoder(hint.media), codings, claimed: true }
    }

    /// The format around the bytes says what they are.
    pub(crate) fn expecting(media: &'static str) -> Self {
        Self { media: Some(media), ..Self::default() }
    }

    /// The coding to undo next (the last applied), and what the label says of the bytes behind it.
    pub(crate) fn next_coding(mut self) -> Option<(&'static str, Self)> {
        let last = self.codings.iter_mut().rev().find(|coding| coding.is_some())?;
        let coding = last.take()?;
        Some((coding, self))
    }

    /// The label without its codings.
    pub(crate) fn decoded(self) -> Self {
        Self { codings: [None; MOST_CODINGS], ..self }
    }
}

/// The decoder for a content coding (RFC 9110 section 8.4.1, RFC 7932, RFC 8878, and names seen in apps).
fn coding_decoder(coding: &str) -> Option<&'static str> {
    let known = CODINGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(coding));
    known.map(|(_, decoder)| *decoder)
}

/// The decoder for a media type: by a part of its name, so that `application/vnd.x+json` is JSON.
fn media_decoder(media: &str) -> Option<&'static str> {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    MEDIA.iter().find(|(part, _)| essence.contains(part)).map(|(_, decoder)| *decoder)
}

const MOST_CODINGS: usize = 4;

const CODINGS: &[(&str, &str)] = &[
    ("gzip", "gzip"),
    ("x-gzip", "gzip"),
    ("deflate", "zlib"),
    ("br", "br"),
    ("zstd", "zstd"),
    ("lz4", "lz4"),
    ("snappy", "snappy-block"),
    ("x-snappy", "snappy-block"),
    ("base64", "base64"),
];

const MEDIA: &[(&str, &str)] = &[
    ("json", "json"),
    ("x-www-form-urlencoded", "form"),
    ("multipart/", "multipart"),
    ("xhtml", "html"),
    ("x-plist", "plist"),
    ("xml", "xml"),
    ("text/html", "html"),
    ("grpc", "grpc"),
    ("protobuf", "protobuf"),
    ("msgpack", "msgpack"),
    ("cbor", "cbor"),
    ("gzip", "gzip"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_name_decoders() {
        let label =
            Label::of(&Hint { media: "Application/Vnd.X+JSON; charset=utf-8", coding: "deflate, GZIP" });
        assert_eq!(label.media, Some("json"));
        let (first, rest) = label.next_coding().unwrap();
        let (second, rest) = rest.next_coding().unwrap();
        assert_eq!((first, second, rest.next_coding()), ("gzip", "zlib", None));
        assert_eq!(Label::of(&Hint { media: "image/png", coding: "identity" }).media, None);
    }
}
