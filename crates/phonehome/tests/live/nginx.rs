//! nginx, and curl that talks to it.

use std::process::Command;

use super::stage::{Stage, run};

/// Starts nginx: TLS with HTTP/1.1 and HTTP/2 on [`PORT`]. It serves the stage's folder `files`; what is posted
/// it reads to its end and answers with a line that names the target.
pub(crate) fn start(stage: &Stage) {
    stage.certificate("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    std::fs::create_dir(stage.join("files")).unwrap();
    let folder = stage.path().display().to_string();
    stage.write("nginx.conf", CONFIGURATION.replace("FOLDER", &folder));
    let mut nginx = stage.command("nginx");
    nginx.args(["-p", &folder, "-c", "nginx.conf", "-e", "errors.log"]);
    stage.serve("nginx", nginx);
    stage.await_port(PORT);
}

/// One transfer of curl.
pub(crate) struct Transfer {
    /// Names its files.
    pub(crate) name: String,
    pub(crate) target: String,
    /// What goes with it; empty: a GET.
    pub(crate) body: Vec<u8>,
    pub(crate) options: Vec<&'static str>,
    /// Fields besides `User-Agent` and `Accept`, which is `*/*`.
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Transfer {
    /// Adds its arguments, all of one operation.
    fn arguments(&self, stage: &Stage, command: &mut Command) {
        let (name, target) = (&self.name, &self.target);
        command.args(["--silent", "--show-error", "--insecure", "--user-agent", AGENT]);
        command.args(["--resolve", &format!("live.example:{PORT}:127.0.0.1")]).args(&self.options);
        command.args(["--output", &format!("{name}.out"), "--dump-header", &format!("{name}.head")]);
        for (field, value) in &self.fields {
            command.args(["--header", &format!("{field}: {value}")]);
        }
        if !self.body.is_empty() {
            stage.write(&format!("{name}.in"), &self.body);
            command.args(["--data-binary", &format!("@{name}.in")]);
        }
        command.arg(format!("https://live.example:{PORT}{target}"));
    }

    /// Status, fields (in lower case, sorted) and body as curl got them.
    pub(crate) fn answer(&self, stage: &Stage) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let head = String::from_utf8(stage.read(&format!("{}.head", self.name))).unwrap();
        // The last one: those before it are interim ones.
        let head = head.trim_end().rsplit("\r\n\r\n").next().unwrap().to_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.filter_map(|line| line.split_once(": "));
        let mut fields: Vec<_> =
            fields.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        fields.sort();
        (status, fields, stage.read(&format!("{}.out", self.name)))
    }
}

/// Lets curl do these one after the other, over one connection where it may; secrets go into `x.keys`.
pub(crate) fn curl(stage: &Stage, transfers: &[Transfer]) {
    let mut command = stage.command("curl");
    command.env("SSLKEYLOGFILE", stage.join("x.keys"));
    for (number, transfer) in transfers.iter().enumerate() {
        if number > 0 {
            command.arg("--next");
        }
        transfer.arguments(stage, &mut command);
    }
    run(&mut command);
}

/// Where it listens.
pub(crate) const PORT: u16 = 8443;
/// curl's name.
pub(crate) const AGENT: &str = "live/1";

const CONFIGURATION: &str = r#"
daemon off;
user root;
worker_processes 1;
pid FOLDER/nginx.pid;
events { worker_connections 256; }
http {
  access_log FOLDER/access.log;
  client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
  default_type application/octet-stream;
  log_format asked '$request_method $request_uri $server_protocol';
  access_log FOLDER/asked.log asked;
  client_max_body_size 100m;
  server {
    listen 127.0.0.1:8443 ssl http2;
    server_name live.example;
    ssl_certificate FOLDER/rsa.crt;
    ssl_certificate_key FOLDER/rsa.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    gzip on; gzip_min_length 1; gzip_types *;
    root FOLDER/files;
    location /post/ { proxy_pass http://unix:FOLDER/back.sock; }
  }
  server {
    listen unix:FOLDER/back.sock;
    access_log off;
    location / { default_type text/plain; return 200 "thanks for $request_uri"; }
  }
}
"#;
