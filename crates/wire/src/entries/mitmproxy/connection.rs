//! The two connections of a flow: addresses, and what TLS did on each.
//!
//! The seal is that of the phone's side: what the proxy and the server agreed on is its own matter. The
//! certificates are the server's.

use std::sync::Arc;

use evidence::Layer;
use memchr::memmem;

use super::super::{
    NOT_RECORDED,
    document::{Kind, Value},
    har::{REFUSED, address},
    recorded::{Flow, suite, tls_version},
};
use crate::{CertificateFacts, Seal, Sender, TlsHead, tls::certificate};

pub(super) fn tell(root: Value<'_>, flow: &mut Flow) {
    let map = |name| root.get(name).filter(|value| value.kind() == Kind::Map);
    let (client, server) = (map("client_conn"), map("server_conn"));
    if let Some((host, port)) = client.and_then(|client| endpoint(client, &["peername", "address"])) {
        flow.client = (address(&host), port);
    }
    tell_server(root, server, flow);
    if client.is_some_and(is_secure) || secure_scheme(root) {
        flow.seal = Some(Arc::new(seal(client.or(server))));
    }
    say_hellos(client, server.filter(|server| is_secure(*server)), flow);
    for side in [client, server].into_iter().flatten() {
        if let Some(error) = side.first_of(&["error"]).filter(|error| error.kind() == Kind::Text) {
            fail(error, flow);
        }
    }
}

fn tell_server(root: Value<'_>, server: Option<Value<'_>>, flow: &mut Flow) {
    let names = ["peername", "ip_address", "peer_address", "address"];
    for name in names {
        if let Some((host, port)) = server.and_then(|server| endpoint(server, &[name])) {
            let numeric = address(&host);
            if numeric == NOT_RECORDED && flow.server_name.is_empty() {
                flow.server_name = host;
            } else if flow.server.0 == NOT_RECORDED {
                flow.server.0 = numeric;
            }
            flow.server.1 = if flow.server.1 == 0 { port } else { flow.server.1 };
        }
    }
    let request = root.get("request");
    let host = request.and_then(|request| request.get("host")).and_then(Value::text);
    let port = request.and_then(|request| request.get("port")).and_then(Value::integer);
    if let Some(host) = host.filter(|host| flow.server_name.is_empty() && address(host) == NOT_RECORDED) {
        flow.server_name = host;
    }
    if let Some(port) = port.and_then(|port| u16::try_from(port).ok()).filter(|_| flow.server.1 == 0) {
        flow.server.1 = port;
    }
}

/// Host and port under the first of `names` that has them. Up to 1.0 they lay one level deeper.
fn endpoint(connection: Value<'_>, names: &[&str]) -> Option<(String, u16)> {
    let mut pair = connection.first_of(names)?;
    if pair.kind() == Kind::Map {
        pair = pair.get("address")?;
    }
    let mut items = pair.items();
    let (host, port) = (items.next()?.text()?, items.next()?.integer()?);
    Some((host, u16::try_from(port).unwrap_or(0)))
}

fn is_secure(connection: Value<'_>) -> bool {
    connection.first_of(&["tls_established", "ssl_established", "tls"]).is_some_and(Value::is_true)
}

fn secure_scheme(root: Value<'_>) -> bool {
    let scheme = root.get("request").and_then(|request| request.get("scheme")).and_then(Value::text);
    scheme.is_some_and(|scheme| matches!(scheme.to_ascii_lowercase().as_str(), "https" | "wss"))
}

fn seal(connection: Option<Value<'_>>) -> Seal {
    let text = |names: &[&str]| connection?.first_of(names)?.text();
    let version = text(&["tls_version"]).unwrap_or_default();
    let quic = version.to_ascii_uppercase().starts_with("QUIC");
    let protocol = match version.to_ascii_uppercase() {
        version if version.starts_with("QUIC") => "QUIC",
        version if version.starts_with("DTLS") => "DTLS",
        _ => "TLS",
    };
    let suite = suite(&text(&["cipher", "cipher_name"]).unwrap_or_default());
    let version = if quic { 1 } else { u32::from(tls_version(&version)) };
    Seal { protocol, version, suite, outer: None }
}

/// The phone's hello: the name that it asked for, whether the handshake went well or not. Then what the server
/// agreed on with the proxy, and its certificates.
fn say_hellos(client: Option<Value<'_>>, server: Option<Value<'_>>, flow: &mut Flow) {
    let name = client.and_then(|client| client.get("sni")).filter(|name| is_said(*name));
    if name.is_none() && server.is_none() {
        return;
    }
    let exchange = ("TLS", flow.exchange());
    if name.is_some() {
        let alpn = client.and_then(|client| client.get("alpn_offers"));
        let alpn = alpn.into_iter().flat_map(Value::items).filter_map(Value::text).take(MOST_ALPN).collect();
        let head = TlsHead { alpn, ..TlsHead::default() };
        flow.say_tls(exchange, Sender::Originator, name.as_slice(), head);
    }
    if let Some(server) = server {
        let of = |names: &[&str]| server.first_of(names).filter(|value| is_said(*value));
        let agreed =
            [of(&["tls_version"]), of(&["cipher", "cipher_name"]), of(&["alpn", "alpn_proto_negotiated"])];
        let mut said: Vec<_> = agreed.iter().flatten().copied().collect();
        if said.is_empty() {
            said.extend(certificates(server).next());
        }
        if !said.is_empty() {
            flow.say_tls(exchange, Sender::Responder, &said, server_hello(server, agreed));
        }
    }
}

fn is_said(value: Value<'_>) -> bool {
    value.kind() == Kind::Text && !value.raw().is_empty()
}

fn server_hello(server: Value<'_>, [version, cipher, alpn]: [Option<Value<'_>>; 3]) -> TlsHead {
    let text = |value: Option<Value<'_>>| value.and_then(Value::text);
    TlsHead {
        alpn: text(alpn).into_iter().collect(),
        version: tls_version(&text(version).unwrap_or_default()),
        suite: suite(&text(cipher).unwrap_or_default()),
        certificates: certificates(server).filter_map(|pem| facts(pem.raw())).collect(),
        ..TlsHead::default()
    }
}

/// The server's certificates in PEM, its own first. Up to format 9 only that one was kept.
fn certificates(server: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let listed = server.get("certificate_list").into_iter().flat_map(Value::items);
    listed.chain(server.first_of(&["cert"])).take(MOST_CERTIFICATES)
}

/// What a certificate in PEM says.
fn facts(pem: &[u8]) -> Option<CertificateFacts> {
    let begin = memmem::find(pem, BEGIN)? + BEGIN.len();
    let end = memmem::find(pem, END)?;
    let (der, _) = super::super::text::from_base64(pem.get(begin..end)?)?;
    Some(certificate::facts(&der).0)
}

/// A connection failed: who trusts whom not is told in words only.
fn fail(error: Value<'_>, flow: &mut Flow) {
    let why = error.text().unwrap_or_default();
    let lower = why.to_ascii_lowercase();
    let refused = lower.contains("does not trust")
        || lower.contains("certificate unknown")
        || lower.contains("unknown ca");
    let (layer, what) = if refused {
        (Layer::Tls, (REFUSED, "connections whose client refused the certificate"))
    } else {
        (Layer::Flow, ("capture holds a connection that failed", "connections that failed"))
    };
    flow.failed(layer, what, why, error.range().start);
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
/// Certificates looked at of one server.
const MOST_CERTIFICATES: usize = 16;
/// Protocols kept of one hello.
const MOST_ALPN: usize = 64;
