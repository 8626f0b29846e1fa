//! Where a page of HTML leads: by itself, with a refresh, a script or a frame, or by a link to something to install.
//!
//! Pages of download sites are read for what they look like, not as browsers read them: names of attributes and
//! assignments, with the address behind them. What is too much leads nowhere, for it is only followed back from an app
//! that arrived.

use std::ops::Range;

/// The addresses in a page, as they are written: absolute or not.
pub(super) fn links(text: &str) -> Vec<Range<usize>> {
    if !text.trim_start().starts_with('<') {
        return Vec::new();
    }
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (mark, is_plain) in MARKS {
        for (at, _) in lower.match_indices(mark).take(LOOKED) {
            let Some(range) = address(text, at + mark.len()) else { continue };
            let Some(written) = text.get(range.clone()).filter(|written| leads(written)) else { continue };
            if (!is_plain || is_offered(written)) && found.len() < MOST {
                found.push(range);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found.dedup();
    found
}

/// The address that is assigned or given to what ends at `at`.
fn address(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    // What is longer is none, and is not looked at to its end.
    let rest = rest.get(..rest.floor_char_boundary(2 * LONGEST)).unwrap_or(rest);
    let behind = rest.trim_start().strip_prefix(['=', '('])?.trim_start();
    let behind = behind.strip_prefix(['"', '\'']).unwrap_or(behind);
    let start = at + (rest.len() - behind.len());
    let end = behind.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | '<' | ')'));
    let len = end.unwrap_or(behind.len());
    (1..=LONGEST).contains(&len).then(|| start..start + len)
}

/// Whether it may be an address that gives something: no part of this page, and no picture or style of it.
fn leads(written: &str) -> bool {
    let path = written.split(['?', '#']).next().unwrap_or_default();
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    let scheme = written.split_once(':').map(|(scheme, _)| scheme);
    !written.starts_with(['#', '+', '$', '{'])
        && !PARTS.iter().any(|part| end.eq_ignore_ascii_case(part))
        && scheme.is_none_or(|scheme| {
            scheme.contains(['/', '?']) || scheme.to_ascii_lowercase().starts_with("http")
        })
}

/// Whether a link that somebody has to follow may be one to an app.
fn is_offered(written: &str) -> bool {
    let lower = written.to_ascii_lowercase();
    OFFERS.iter().any(|offer| lower.contains(offer))
}

/// What stands before an address, and whether it is a link only. `url` is a refresh's, `location` a script's.
const MARKS: [(&str, bool); 7] = [
    ("url", false),
    ("location", false),
    ("location.href", false),
    ("location.replace", false),
    ("location.assign", false),
    ("src", false),
    ("href", true),
];
/// Endings of what pages are made of.
const PARTS: [&str; 14] =
    ["css", "gif", "ico", "jpeg", "jpg", "js", "json", "mjs", "png", "svg", "ttf", "webp", "woff", "woff2"];
/// What addresses of apps have in them.
const OFFERS: [&str; 4] = ["apk", "down", "install", "app"];
/// Places of one mark in a page that are looked at, addresses that are kept, and the longest one.
const LOOKED: usize = 4096;
const MOST: usize = 64;
const LONGEST: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        links(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn pages_lead_by_refresh_script_frame_and_link() {
        let rows = [
            (
                "<html><META HTTP-EQUIV=\"refresh\" content=\"0; URL=//cdn.example/x/8812\"></html>",
                &["//cdn.example/x/8812"][..],
            ),
            ("<meta content='3;url = get.php?id=7' http-equiv=refresh>", &["get.php?id=7"]),
            (
                "<script>window.location.href = 'https://a.example/b?c=1';</script>",
                &["https://a.example/b?c=1"],
            ),
            ("<script>location.replace(\"/go\")</script>", &["/go"]),
            ("<iframe id=d src=\"/download/42\"></iframe><img src=\"a.png\">", &["/download/42"]),
            ("<a href=\"/about\">x</a><a class=b href='/d/fit.apk?k=1'>Get</a>", &["/d/fit.apk?k=1"]),
            ("<a href=\"javascript:down()\">x</a><a href=\"#app\">y</a><a href=\"mailto:app@x\">z</a>", &[]),
            ("{\"url\":\"https://a.example\"}", &[]),
            ("<p>url</p><p>src=", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(of(&format!("<p>{}", "<iframe src=/a>".repeat(500))).len(), MOST);
        assert_eq!(
            of(&format!("<p src={}", "url=".repeat(100_000))),
            Vec::<&str>::new(),
            "too long, each of them"
        );
    }
}
