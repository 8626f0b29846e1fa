//! What queries of a store say: the packages that a request names, and the addresses that an answer holds or leads to.

use std::collections::BTreeMap;

use payload::{BufferIndex, FieldIndex, FieldKind, Tree};
use wire::{Head, Message};

use super::{links::links, notes::Page};
use crate::{
    arrivals::{Named, Offer},
    diary::Body,
    packed::Packed,
};

/// The packages that a request names, in its target and its body.
pub(super) fn named(page: &Page<'_>) -> Vec<Named> {
    if !matches!(&page.message.head, Head::Http(_)) {
        return Vec::new();
    }
    let mut found: Vec<Named> = Vec::new();
    for (index, package) in packages(page) {
        if found.len() >= NAMES {
            break;
        }
        if !found.iter().any(|known| known.package == package) {
            found.extend(naming(page, index, package));
        }
    }
    found
}

/// The addresses that an answer's body holds, each with the packages that are named closest to it, and those to which a
/// page leads.
pub(super) fn offered(page: &Page<'_>) -> Vec<Offer> {
    if !answers(page.message) {
        return Vec::new();
    }
    let led = Body::of(page.tree, page.kinds).map(|body| led(page, &body)).unwrap_or_default();
    let urls: Vec<_> = urls(page).collect();
    if urls.is_empty() {
        return led;
    }
    let mut within: BTreeMap<FieldIndex, Vec<(FieldIndex, &str)>> = BTreeMap::new();
    for (index, package) in packages(page) {
        for around in page.tree.ancestry(index).skip(1).take(CLOSE) {
            within.entry(around).or_default().push((index, package));
        }
    }
    let offer = |(index, (buffer, url)): (FieldIndex, (BufferIndex, &str))| {
        let closest = page.tree.ancestry(index).skip(1).take(CLOSE).find_map(|around| within.get(&around));
        let beside = closest.into_iter().flatten().take(BESIDE);
        let field = page.tree.field(index)?;
        let proof = match buffer == field.buffer {
            true => page.field(index),
            false => page.value(buffer, 0..url.len()),
        };
        Some(Offer {
            url: url.to_owned(),
            field: Some(page.tree.path(index)),
            proof: whole(proof)?,
            beside: beside.filter_map(|(index, package)| naming(page, *index, package)).collect(),
        })
    };
    urls.into_iter().filter_map(offer).chain(led).collect()
}

/// Where a page of HTML leads.
fn led(page: &Page<'_>, body: &Body<'_>) -> Vec<Offer> {
    let offer = |range: std::ops::Range<usize>| {
        let written = body.text().get(range)?;
        let proof = whole(page.value(body.buffer, body.place(written)?))?;
        Some(Offer { url: written.replace("&amp;", "&"), field: None, proof, beside: Vec::new() })
    };
    links(body.text()).into_iter().filter_map(offer).collect()
}

fn answers(message: &Message) -> bool {
    matches!(&message.head, Head::Http(head) if matches!(head.status, 200..300)) && !message.body.is_empty()
}

fn naming(page: &Page<'_>, index: FieldIndex, package: &str) -> Option<Named> {
    let proof = whole(page.field(index))?;
    Some(Named { package: package.to_owned(), field: page.tree.path(index), proof })
}

/// A proof that can be run again: a value that an index into a table stands for has none.
fn whole(proof: evidence::Occurrence) -> Option<Packed> {
    proof.trail.is_whole(proof.span).then(|| Packed::new(proof))
}

/// Fields of body, path and query that are names of packages.
fn packages<'p>(page: &'p Page<'_>) -> impl Iterator<Item = (FieldIndex, &'p str)> {
    let fields = (0..).zip(page.tree.fields.iter().take(LOOKED));
    fields.filter_map(|(index, _)| {
        let value = page.tree.value_bytes(index);
        let package = is_package(value).then(|| std::str::from_utf8(value).ok()).flatten()?;
        let root = page.tree.ancestry(index).last().and_then(|root| page.kinds.get(root as usize));
        matches!(root, Some(FieldKind::Body | FieldKind::Path | FieldKind::Query)).then_some((index, package))
    })
}

/// Whether a value is written as packages are: parts with a dot between them, each a name of Java's.
fn is_package(value: &[u8]) -> bool {
    let part = |part: &[u8]| {
        part.first().is_some_and(u8::is_ascii_alphabetic)
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    (SHORTEST..=LONGEST).contains(&value.len())
        && memchr::memchr(b'.', value).is_some()
        && value.split(|byte| *byte == b'.').all(part)
}

/// Addresses in a body, by field, with the buffer in which they are readable.
fn urls<'p>(page: &'p Page<'_>) -> impl Iterator<Item = (FieldIndex, (BufferIndex, &'p str))> {
    let tree = page.tree;
    let undone = std::cell::OnceCell::new();
    let fields = (0..).zip(tree.fields.iter().take(LOOKED));
    let found = fields.filter_map(move |(index, field)| {
        let value = tree.value_bytes(index);
        if value.len() > LONGEST_URL || !value.get(..4)?.eq_ignore_ascii_case(b"http") {
            return None;
        }
        // The writing of JSON, XML and forms is undone, that of the address itself is not.
        let plain = |value: &&[u8]| {
            let written = |mark: &[u8]| memchr::memmem::find(value, mark).is_some();
            written(b"://") && !written(b"\\") && !written(b"&amp;")
        };
        let made = || {
            let all: &Vec<_> = undone.get_or_init(|| made_of(tree));
            let of = all.iter().skip(all.partition_point(|(of, _)| *of < index));
            let of = of.take_while(|(of, _)| *of == index).map(|(_, buffer)| *buffer);
            of.filter_map(|buffer| Some((buffer, &*tree.buffer(buffer)?.bytes))).find(|(_, made)| plain(made))
        };
        let as_it_is = (field.buffer, value);
        let (buffer, value) =
            Some(as_it_is).filter(|(_, value)| plain(value)).or_else(made).unwrap_or(as_it_is);
        let url = std::str::from_utf8(value).ok().filter(|url| is_offer(url))?;
        Some((index, (buffer, url)))
    });
    found.take(URLS)
}

/// The buffers that were made of fields, by field and in order.
fn made_of(tree: &Tree<'_>) -> Vec<(FieldIndex, BufferIndex)> {
    let made = (0..).zip(&tree.buffers);
    let made = made.filter_map(|(index, buffer)| Some((buffer.origin.as_ref()?.field?, index)));
    let mut made: Vec<_> = made.collect();
    made.sort_unstable();
    made
}

/// Whether an address may be a package's: what pages are made of is none.
fn is_offer(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    let known = |other: &&'static str| end.eq_ignore_ascii_case(other);
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && !url.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
        && !OTHERS.iter().any(known)
}

/// Fields of a message that are looked at, addresses of one that are kept, and names.
const LOOKED: usize = 20_000;
const URLS: usize = 256;
const NAMES: usize = 32;
const BESIDE: usize = 4;
/// How far out a name still belongs to an address: the object that holds both, or one around it.
const CLOSE: usize = 3;
/// Lengths of a package's name, and of an address.
const SHORTEST: usize = 4;
const LONGEST: usize = 255;
const LONGEST_URL: usize = 4096;
const OTHERS: [&str; 20] = [
    "css", "gif", "htm", "html", "ico", "jpeg", "jpg", "js", "m3u8", "m4s", "mjs", "mp3", "mp4", "png",
    "svg", "ttf", "webm", "webp", "woff", "woff2",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages_and_addresses_of_them() {
        let rows = [("com.vendor.extra", true), ("a.b_c.D9", true), ("1.2.3", false), ("com..a", false)];
        for (name, expected) in
            rows.into_iter().chain([("com.9gag", false), ("word", false), ("a-b.c", false)])
        {
            assert_eq!(is_package(name.as_bytes()), expected, "{name}");
        }
        let rows = [
            ("https://cdn.example/d?id=1", true),
            ("HTTP://cdn.example/a.apk", true),
            ("https://cdn.example/a.PNG?x", false),
            ("https://a b", false),
            ("httpx", false),
        ];
        for (url, expected) in rows {
            assert_eq!(is_offer(url), expected, "{url}");
        }
    }
}
