//! Requests and replies as bytes: HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113), as the server speaks.

use virtnet::h2::Http2;

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

    /// As the network's HTTP/2 takes it: names in small letters.
    fn second(&self) -> virtnet::h2::Message {
        let fields = self.head.iter().chain(&self.headers);
        let empty = virtnet::h2::Message::default();
        let message =
            fields.fold(empty, |message, (name, value)| message.field(&name.to_ascii_lowercase(), value));
        message.body(self.body.clone())
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
    let silence = virtnet::h2::Message::default();
    let reply = told.map(Message::second).unwrap_or(silence);
    let turns = Http2::new().exchange(&asked.second(), &reply).into_turns();
    // Who is told nothing has said the first of them only.
    let said = if told.is_some() { 2 } else { 1 };
    turns.into_iter().take(said).map(|turn| turn.bytes).collect()
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
