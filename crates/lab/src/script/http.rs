//! Requests and replies as bytes: HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113), as the server speaks.

use testkit::h2;

use crate::{
    LabError, Reply, Request, Server,
    template::{self, Values},
};

/// A message before it is written.
struct Message {
    /// Request line or status line, by the names of HTTP/2.
    head: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What the two sides say in turn, the client first.
pub(super) fn turns(
    server: &Server,
    request: &Request,
    reply: Option<&Reply>,
    values: &mut dyn Values,
) -> Result<Vec<Vec<u8>>, LabError> {
    let asked = asked(server, request, values)?;
    let told = match reply {
        Some(reply) if reply.status == 0 => None,
        Some(reply) => Some(told(reply, values)?),
        None => Some(Message { head: status(200), headers: Vec::new(), body: Vec::new() }),
    };
    Ok(if server.alpn == "h2" { second(&asked, told.as_ref()) } else { first(&asked, told.as_ref()) })
}

fn asked(server: &Server, request: &Request, values: &mut dyn Values) -> Result<Message, LabError> {
    let usual = if server.tls.is_empty() { 80 } else { 443 };
    let host = match server.address {
        Some(address) if server.host.is_empty() => address.to_string(),
        _ => server.host.clone(),
    };
    let host = if server.port == usual { host } else { format!("{host}:{}", server.port) };
    let scheme = if server.tls.is_empty() { "http" } else { "https" };
    let mut headers = filled(&request.headers, values)?;
    if !request.content_type.is_empty() {
        headers.push(("Content-Type".to_owned(), template::text(&request.content_type, values)?));
    }
    let head = [
        (":method", request.method.clone()),
        (":scheme", scheme.to_owned()),
        (":authority", host),
        (":path", template::text(&request.path, values)?),
    ];
    Ok(Message {
        head: head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        headers,
        body: template::made(&request.body, &request.encode, values)?,
    })
}

fn told(reply: &Reply, values: &mut dyn Values) -> Result<Message, LabError> {
    Ok(Message {
        head: status(reply.status),
        headers: filled(&reply.headers, values)?,
        body: template::made(&reply.body, &reply.encode, values)?,
    })
}

fn status(code: u16) -> Vec<(String, String)> {
    vec![(":status".to_owned(), code.to_string())]
}

fn filled(headers: &[(String, String)], values: &mut dyn Values) -> Result<Vec<(String, String)>, LabError> {
    headers.iter().map(|(name, value)| Ok((name.clone(), template::text(value, values)?))).collect()
}

impl Message {
    fn head(&self, name: &str) -> &str {
        self.head.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// As HTTP/1.1, below its first line.
    fn lines(&self, first: &str) -> Vec<u8> {
        let mut out = format!("{first}\r\n");
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || !first.starts_with("GET") {
            out.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let mut out = out.into_bytes();
        out.extend(b"\r\n");
        out.extend(&self.body);
        out
    }

    /// As the frames of HTTP/2's stream 1; what goes into no table needs no memory.
    fn frames(&self) -> Vec<u8> {
        let fields = self.head.iter().chain(&self.headers);
        let block: Vec<u8> = fields
            .flat_map(|(name, value)| {
                h2::literal(&h2::plain(name.to_ascii_lowercase().as_bytes()), &h2::plain(value.as_bytes()))
            })
            .collect();
        let end = if self.body.is_empty() { h2::END } else { 0 };
        let mut out = h2::frame(h2::HEADERS, h2::HEAD | end, 1, &block);
        let count = self.body.len().div_ceil(LARGEST_FRAME);
        for (index, part) in self.body.chunks(LARGEST_FRAME).enumerate() {
            let end = if index.saturating_add(1) == count { h2::END } else { 0 };
            out.extend(h2::frame(h2::DATA, end, 1, part));
        }
        out
    }
}

fn first(asked: &Message, told: Option<&Message>) -> Vec<Vec<u8>> {
    let line = format!(
        "{} {} HTTP/1.1\r\nHost: {}",
        asked.head(":method"),
        asked.head(":path"),
        asked.head(":authority")
    );
    let mut turns = vec![asked.lines(&line)];
    if let Some(told) = told {
        let code = told.head(":status");
        let reason = REASONS.iter().find(|(known, _)| *known == code).map_or("", |(_, reason)| reason);
        turns.push(told.lines(&format!("HTTP/1.1 {code} {reason}")));
    }
    turns
}

fn second(asked: &Message, told: Option<&Message>) -> Vec<Vec<u8>> {
    let settings = h2::frame(h2::SETTINGS, 0, 0, &[]);
    // The flag of a SETTINGS that acknowledges has the number of a stream's end.
    let acknowledged = h2::frame(h2::SETTINGS, h2::END, 0, &[]);
    let mut turns = vec![[h2::PREFACE, &settings, &asked.frames()].concat()];
    if let Some(told) = told {
        turns.push([settings, acknowledged.clone(), told.frames()].concat());
        turns.push(acknowledged);
    }
    turns
}

const REASONS: [(&str, &str); 8] = [
    ("200", "OK"),
    ("204", "No Content"),
    ("206", "Partial Content"),
    ("301", "Moved Permanently"),
    ("302", "Found"),
    ("403", "Forbidden"),
    ("404", "Not Found"),
    ("500", "Internal Server Error"),
];

/// The largest frame that may be sent without asking (RFC 9113 section 4.2).
const LARGEST_FRAME: usize = 16_384;
