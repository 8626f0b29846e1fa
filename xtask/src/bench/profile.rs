//! The profile that the captures are searched with, and its needles as other tools take them.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use identifiers::{NeedleId, Needles, Profile};

/// The files, and what is in them.
pub(super) struct Needlework {
    /// The profile.
    pub(super) profile: PathBuf,
    /// The forms that are text, one a line.
    pub(super) texts: PathBuf,
    /// Every form, as a rule for suricata.
    pub(super) rules: PathBuf,
    /// Suricata's configuration.
    pub(super) suricata: PathBuf,
    /// Where suricata writes.
    pub(super) logs: PathBuf,
    /// How many values the profile has.
    pub(super) values: usize,
    /// How many forms of them are searched for.
    pub(super) forms: usize,
    /// How many of those only as the value of a field; no other tool has fields.
    pub(super) of_fields: usize,
    /// How many lines `texts` has: the others are no text, or have a line's end in them.
    pub(super) text_count: usize,
    /// How many rules.
    pub(super) rule_count: usize,
}

/// Writes them all into the folder.
pub(super) fn write(folder: &Path) -> Result<Needlework> {
    let text = profile();
    let profile = Profile::parse(&text, &mut |_| Err("names no files".to_owned()));
    let Ok(profile) = profile.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    else {
        bail!("the benchmark's profile is wrong: {text}");
    };
    let needles = Needles::build(&profile);
    let ids = (0..).map(NeedleId).take(needles.len());
    let everywhere: Vec<&[u8]> =
        ids.filter(|id| !needles.needle(*id).field_only).map(|id| needles.bytes(id)).collect();
    let (texts, text_count) = texts(&everywhere);
    let (rules, rule_count) = rules(&everywhere);
    let file = |name: &str, content: &str| -> Result<PathBuf> {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    };
    let logs = folder.join("suricata");
    fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))?;
    Ok(Needlework {
        profile: file("phone.toml", &text)?,
        texts: file("needles.txt", &texts)?,
        rules: file("needles.rules", &rules)?,
        suricata: file("suricata.yaml", SURICATA)?,
        logs,
        values: profile.values().len(),
        forms: needles.len(),
        of_fields: needles.len() - everywhere.len(),
        text_count,
        rule_count,
    })
}

/// One a line; ripgrep reads its patterns as UTF-8.
fn texts(needles: &[&[u8]]) -> (String, usize) {
    let texts = needles.iter().filter_map(|bytes| std::str::from_utf8(bytes).ok());
    let mut texts: Vec<&str> = texts.filter(|text| !text.contains(['\n', '\r', '\0'])).collect();
    texts.sort_unstable();
    texts.dedup();
    (texts.join("\n") + "\n", texts.len())
}

/// A rule for each: these bytes in what the phone sends. 255 bytes are the most that suricata takes.
fn rules(needles: &[&[u8]]) -> (String, usize) {
    let mut needles: Vec<&[u8]> = needles.iter().copied().filter(|bytes| bytes.len() <= 255).collect();
    needles.sort_unstable();
    needles.dedup();
    let mut rules = String::new();
    for (number, bytes) in needles.iter().enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (number, hex) = (number + 1, hex.join(" "));
        // Writing to a string cannot fail.
        let _ = writeln!(
            rules,
            "alert ip any any -> any any (msg:\"needle {number}\"; content:\"|{hex}|\"; sid:{number}; rev:1;)"
        );
    }
    (rules, needles.len())
}

/// Sixty values, none of anybody, among them those that `traffic.rs` plants.
fn profile() -> String {
    let mut text = FIRST.to_owned();
    for sim in 0..2 {
        let _ = write!(
            text,
            "[[sims]]\nimsi = \"26201948371526{sim}\"\niccid = \"894902007351826491{sim}\"\nnumber = \"+4915550112{sim}58\"\noperator = \"Musterfunk {sim}\"\n[[cells]]\ncell_id = 2744{sim}297\nlac = 4125{sim}\n"
        );
    }
    for contact in 0..10 {
        let number = 183_921 + contact * 7919;
        let _ = write!(
            text,
            "[[contacts]]\nname = \"Quirin Abendroth {contact}\"\nnumbers = [\"+4915550{number}\"]\n"
        );
    }
    text.push_str("[planted]\n");
    for (key, stem) in LISTS {
        let list: Vec<String> = (0..4).map(|number| format!("\"{stem}{number}\"")).collect();
        let _ = writeln!(text, "{key} = [{}]", list.join(", "));
    }
    text
}

const FIRST: &str = r#"name = "Benchmark"
calling_code = 49
[device]
model = "HX-2207"
serial = "PLE7X19213000482"
imei = ["352099001761481", "352099001761499"]
wifi_mac = "d0:37:45:ab:01:9f"
bluetooth_mac = "d0:37:45:ab:01:a0"
android_id = "b7e2c91f04d8a356"
addresses = ["192.168.43.17"]
[accounts]
names = ["lena.muster.1987"]
emails = ["lena.muster@example.org"]
[ids]
gaid = "5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6"
oaid = "e41b7c09a5d2836f"
device = "7c1e94b0-55d3-4f6a-92c8-0ab7e1d4f825"
install = "cQ7yR2mXk9"
[network]
bssid = "9c:c7:a6:5d:21:40"
ssid = "Zaunkoenig-5GHz"
[position]
lat = 53.561273
lon = 9.914682
"#;

const LISTS: [(&str, &str); 3] =
    [("words", "quittenmarmelade"), ("songs", "Lied der Rohrdommel "), ("files", "Nachtigall-Protokoll-")];

/// Streams and bodies to their end, as the audit sees them; the four logs, and alerts where there are rules.
const SURICATA: &str = "%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - alert
        - http
        - dns
        - tls
        - files
stats:
  enabled: no
app-layer:
  protocols:
    http:
      enabled: yes
      libhtp:
        default-config:
          personality: IDS
          request-body-limit: 0
          response-body-limit: 0
    dns:
      tcp:
        enabled: yes
        detection-ports:
          dp: 53
      udp:
        enabled: yes
        detection-ports:
          dp: 53
    tls:
      enabled: yes
      detection-ports:
        dp: 443
flow:
  memcap: 1gb
stream:
  memcap: 1gb
  checksum-validation: no
  reassembly:
    memcap: 1gb
    depth: 0
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::PLANTED;

    #[test]
    fn the_profile_has_sixty_values_and_those_that_are_planted() {
        let profile = Profile::parse(&profile(), &mut |_| Err(String::new())).unwrap();
        assert_eq!(profile.values().len(), 60);
        for planted in PLANTED {
            let known = profile.values().iter();
            assert!(
                known.map(|value| (value.kind.id(), value.canonical.as_str())).any(|known| known == planted)
            );
        }
    }

    #[test]
    fn other_tools_get_whole_lines() {
        let (texts, count) =
            self::texts(&[b"352099001761481", b"two\nlines", b"\xff\xfe", b"352099001761481"]);
        assert_eq!((texts.as_str(), count), ("352099001761481\n", 1));
        let (rules, count) = self::rules(&[b"\x00\"a", &[7; 300]]);
        assert_eq!(count, 1);
        assert!(rules.contains("content:\"|00 22 61|\""), "{rules}");
        assert_eq!(rules.lines().count(), 1);
    }
}
