//! `openssl s_server` and `openssl s_client`.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use super::stage::{Stage, run};

/// A cipher suite as openssl lists it.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) number: u16,
    /// How the secret is agreed on: `ECDH`, `RSA` …
    pub(crate) exchange: String,
}

impl Suite {
    /// Those of a version (`tls1`, `tls1_1` …) that this openssl offers, even the worst. SRP is left out:
    /// openssl's own server dies of it.
    pub(crate) fn all(stage: &Stage, version: &str) -> Vec<Self> {
        let mut command = stage.command("openssl");
        command.args(["ciphers", "-V", "-s", "-psk", &format!("-{version}")]);
        if version == "tls1_3" {
            command.args(["-ciphersuites", SUITES_13]);
        }
        let list = run(command.arg(EVERY));
        String::from_utf8(list).unwrap().lines().filter_map(Self::read).collect()
    }

    /// `0xC0,0x2C - ECDHE-ECDSA-AES256-GCM-SHA384 TLSv1.2 Kx=ECDH Au=ECDSA …`
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let number = words.next()?.replace("0x", "").replace(',', "");
        let name = words.nth(1)?.to_owned();
        let exchange = words.find_map(|word| word.strip_prefix("Kx="))?.to_owned();
        Some(Self { name, number: u16::from_str_radix(&number, 16).unwrap(), exchange })
    }
}

/// One connection: its options, what it sends, and where its answer is.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The file that is asked for, the canary.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) options: Vec<String>,
    /// What is sent on standard input.
    pub(crate) request: Vec<u8>,
}

impl Visit {
    pub(crate) fn new(number: usize, port: u16, options: &[&str]) -> Self {
        let name = canary(number);
        let body = format!("{{\"number\":{number},\"canary\":\"{name}\"}}");
        let request = format!(
            "GET /{name} HTTP/1.1\r\nHost: live.example\r\nX-Canary: {name}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { name, port, options, request: request.into_bytes() }
    }

    /// The answer lies as a file with its head beside the server.
    pub(crate) fn lay_answer(&self, stage: &Stage, body: &[u8]) {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        stage.write(&self.name, [head.as_bytes(), body].concat());
    }

    /// Connects, asks, and gives what the client got. Its secrets go into `NAME.keys`.
    pub(crate) fn pay(&self, stage: &Stage) -> Vec<u8> {
        let input = stage.write(&format!("{}.in", self.name), &self.request);
        let mut client = stage.command("timeout");
        client.args(["20", "openssl", "s_client", "-quiet", "-servername", "live.example"]);
        client.args(["-connect", &format!("127.0.0.1:{}", self.port)]);
        client.args(["-keylogfile", &format!("{}.keys", self.name)]).args(&self.options);
        client.stdin(File::open(input).unwrap());
        run(&mut client)
    }
}

/// A value planted in one connection.
pub(crate) fn canary(number: usize) -> String {
    format!("quittenbaum{number:04}rohrdommel")
}

/// Starts a server with these certificates on that port; it serves the stage's folder.
pub(crate) fn server(stage: &Stage, port: u16, certificates: &[&str], options: &[&str]) {
    let mut server: Command = stage.command("openssl");
    server.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-HTTP", "-http_server_binmode"]);
    for (certificate, (flag, key)) in certificates.iter().zip([("-cert", "-key"), ("-dcert", "-dkey")]) {
        server.args([flag, &format!("{certificate}.crt"), key, &format!("{certificate}.key")]);
    }
    server.args(["-cipher", EVERY, "-ciphersuites", SUITES_13, "-min_protocol", "TLSv1", "-psk", PSK]);
    server.args(options).stdin(Stdio::null());
    stage.serve(&format!("server{port}"), server);
    stage.await_port(port);
}

/// Pre-shared key of both sides.
pub(crate) const PSK: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const EVERY: &str = "ALL:COMPLEMENTOFALL:!SRP:@SECLEVEL=0";
const SUITES_13: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";
