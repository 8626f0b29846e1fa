//! Addresses of requests and answers, in one writing, so that they can be compared (RFC 3986 section 6).

use wire::{HttpHead, Message};

/// The address of a request.
pub(super) fn url(head: &HttpHead, message: &Message) -> String {
    let scheme = if message.seal.is_some() { "https" } else { "http" };
    let url = if head.target.starts_with('/') {
        format!("{scheme}://{}{}", head.host, head.target)
    } else {
        head.target.clone()
    };
    normal(&url)
}

/// What a `Location` leads to (RFC 3986 section 5.2, as far as servers use it).
pub(super) fn resolved(from: &str, location: &str) -> String {
    let (scheme, rest) = from.split_once("://").unwrap_or(("http", from));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    // What an address asks for may hold another one.
    if location.split_once("://").is_some_and(|(scheme, _)| !scheme.contains(['/', '?'])) {
        return normal(location);
    }
    if let Some(rest) = location.strip_prefix("//") {
        return normal(&format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return normal(&format!("{scheme}://{host}{location}"));
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or(host, |(folder, _)| folder);
    normal(&format!("{scheme}://{folder}/{location}"))
}

/// An address in one writing: scheme and host in lower case, no usual port, no fragment.
pub(super) fn normal(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}").chars().take(URL).collect()
}

/// The longest address that is kept.
pub(super) const URL: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_lead_where_they_say() {
        let from = "http://store.example/q/a?x=1";
        let rows = [
            ("https://CDN.example:443/a.apk#x", "https://cdn.example/a.apk"),
            ("//cdn.example/a", "http://cdn.example/a"),
            ("/b", "http://store.example/b"),
            ("b?c", "http://store.example/q/b?c"),
            ("http://h", "http://h/"),
            ("/go?to=http://h/", "http://store.example/go?to=http://h/"),
        ];
        for (location, to) in rows {
            assert_eq!(resolved(from, location), to);
        }
    }
}
