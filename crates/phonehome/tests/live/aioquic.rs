//! aioquic, a QUIC and HTTP/3 of Python's packages, as client and server.

use std::{env, path::PathBuf, process::Command};

use super::{
    skip,
    stage::{Stage, run},
};

/// An exchange as both ends know it.
pub(crate) struct Talk {
    pub(crate) canary: String,
    pub(crate) target: String,
    pub(crate) version: u32,
    pub(crate) suite: u16,
    pub(crate) request: (Vec<(String, String)>, Vec<u8>),
    pub(crate) response: (Vec<(String, String)>, Vec<u8>),
}

/// A Python that has it: the one that `PHONEHOME_AIOQUIC` names, or the system's. `None`, told, where there is
/// none: a test fetches nothing.
pub(crate) fn python() -> Option<PathBuf> {
    let named = env::var_os("PHONEHOME_AIOQUIC").map(PathBuf::from);
    let pythons = named.into_iter().chain([PathBuf::from("python3"), PathBuf::from("/usr/bin/python3")]);
    let has = |python: &PathBuf| {
        let output = Command::new(python).args(["-c", "import aioquic.h3.connection"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = pythons.into_iter().find(has);
    if found.is_none() {
        skip("no Python has aioquic: name one that has it in PHONEHOME_AIOQUIC");
    }
    found
}

/// Lets both ends talk; secrets go into `x.keys`.
pub(crate) fn talk(stage: &Stage, python: &PathBuf) -> Vec<Talk> {
    let script = stage.write("talk.py", SCRIPT);
    let said = run(stage.command("timeout").arg("60").arg(python).arg(script));
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
    said.as_array().unwrap().iter().map(read).collect()
}

fn read(talk: &serde_json::Value) -> Talk {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let message = |value: &serde_json::Value| {
        let fields = value["fields"].as_array().unwrap().iter();
        let fields = fields.map(|field| (text(&field[0]), text(&field[1])));
        // Method and target are no fields.
        let fields = fields.filter(|(name, _)| name != ":method" && name != ":path").collect();
        let hex = text(&value["body"]);
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (fields, (0..hex.len()).step_by(2).map(digit).collect())
    };
    let number = |name: &str| talk[name].as_u64().unwrap();
    Talk {
        canary: text(&talk["canary"]),
        target: text(&talk["target"]),
        version: u32::try_from(number("version")).unwrap(),
        suite: u16::try_from(number("suite")).unwrap(),
        request: message(&talk["request"]),
        response: message(&talk["response"]),
    }
}

const SCRIPT: &str = r#"
import asyncio, json, random, socket, ssl, sys
from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.tls import CipherSuite

dice = random.Random(7)
keys = open("x.keys", "a")
said = []

def known(fields):
    return [[name.decode(), value.decode()] for name, value in fields]

class Peer(QuicConnectionProtocol):
    def __init__(self, *arguments, **names):
        super().__init__(*arguments, **names)
        self.http, self.got, self.waiting = None, {}, {}

    def quic_event_received(self, event):
        if self.http is None:
            self.http = H3Connection(self._quic)
        for event in self.http.handle_event(event):
            if isinstance(event, (HeadersReceived, DataReceived)):
                fields, body = self.got.setdefault(event.stream_id, ([], bytearray()))
                if isinstance(event, HeadersReceived):
                    fields.extend(event.headers)
                else:
                    body.extend(event.data)
                if event.stream_ended:
                    self.ended(event.stream_id, *self.got.pop(event.stream_id))

    def send(self, stream, fields, body):
        self.http.send_headers(stream, fields)
        self.http.send_data(stream, body, end_stream=True)
        self.transmit()

class Server(Peer):
    def ended(self, stream, fields, body):
        answer = bytes(dice.randbytes(len(body) * 3 % 70000)) + b"end"
        own = [(b":status", b"200"), (b"content-type", b"application/octet-stream"), (b"x-got", str(len(body)).encode())]
        said.append({"fields": known(own), "body": answer.hex(), "request": {"fields": known(fields), "body": body.hex()}})
        self.send(stream, own, answer)

class Client(Peer):
    async def ask(self, fields, body):
        if self.http is None:
            self.http = H3Connection(self._quic)
        stream = self._quic.get_next_available_stream_id()
        self.waiting[stream] = asyncio.get_running_loop().create_future()
        self.send(stream, fields, body)
        return await self.waiting[stream]

    def ended(self, stream, fields, body):
        self.waiting.pop(stream).set_result((fields, bytes(body)))

async def main():
    server = QuicConfiguration(is_client=False, alpn_protocols=["h3"], supported_versions=[1, 0x6b3343cf])
    server.load_cert_chain("ec.crt", "ec.key")
    await serve("127.0.0.1", 4433, configuration=server, create_protocol=Server)
    talks, number = [], 0
    for version in [1, 0x6b3343cf]:
        for suite in [CipherSuite.AES_128_GCM_SHA256, CipherSuite.AES_256_GCM_SHA384, CipherSuite.CHACHA20_POLY1305_SHA256]:
            own = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name="live.example",
                original_version=version, supported_versions=[version],
                cipher_suites=[suite], secrets_log_file=keys, verify_mode=ssl.CERT_NONE)
            async with connect("127.0.0.1", 4433, configuration=own, create_protocol=Client) as client:
                for size in [0, 300, 90000, 20]:
                    canary = f"quittenbaum{number:04}rohrdommel"
                    number += 1
                    target = "/collect/" + canary
                    body = json.dumps({"canary": canary, "filler": "x" * size}).encode()
                    fields = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"live.example"),
                        (b":path", target.encode()), (b"user-agent", b"live/1"), (b"x-canary", canary.encode()),
                        (b"content-type", b"application/json")]
                    got, answer = await client.ask(fields, body)
                    told = next(one for one in said if [":path", target] in one["request"]["fields"])
                    assert known(got) == told["fields"] and answer.hex() == told["body"], target
                    assert told["request"]["fields"] == known(fields) and told["request"]["body"] == body.hex(), target
                    talks.append({"canary": canary, "target": target, "version": version, "suite": int(suite),
                        "request": told["request"], "response": {"fields": told["fields"], "body": told["body"]}})
                    if size == 300:
                        client._quic.request_key_update()
                    if size == 90000:
                        client.change_connection_id()
    json.dump(talks, sys.stdout)

asyncio.run(main())
"#;
