//! A proof as a shell script of public tools, so that an opponent can check it without this program.
//!
//! The bytes are cut out of the capture with `tail` and `head`, each decoder is a public tool (see
//! [`tools`](super::tools)), and the value is compared in the end. `tshark`, where it is installed, shows
//! what it makes of the same frames; where a value is a member of a JSON document, `jq` gives it again.
//!
//! Every word that comes from a case stands in the script as a comment without line ends or between single
//! quotes; all else is numbers.

use std::{collections::BTreeSet, fmt::Write};

use evidence::{
    Buffer, BufferId, Capture, CaptureId, Decryption, Evidence, Finding, FindingId, FrameNo, Segment, Source,
    Span, Step,
};
use sha2::{Digest, Sha256};

use super::{
    Replay,
    cipher::{self, Undoing},
    field, recorded,
    tools::Tool,
};
use crate::{input::hex, unmasked};

/// The script for a finding. `replays` are those of its evidence, in the same order; the captures' names
/// are where the script looks for them unless it is told otherwise.
pub fn recipe(finding: &Finding, captures: &[Capture], replays: &[Replay]) -> String {
    let mut recipe = Recipe::default();
    for (evidence, replay) in finding.evidence.iter().zip(replays) {
        recipe.proof(evidence, replay);
    }
    recipe.finish(finding, captures)
}

/// The name of a finding's script. Names of findings that no audit gave become a digest of themselves, so
/// that the name stays in its folder.
pub fn file_name(finding: &FindingId) -> String {
    let id = &finding.0;
    let plain = (1..=32).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match plain {
        true => format!("{id}.sh"),
        false => format!("finding-{}.sh", hex(Sha256::digest(id.as_bytes()).get(..8).unwrap_or_default())),
    }
}

/// What a step does, in words.
pub fn words(buffer: &Buffer) -> String {
    counted(buffer, |_, at| at)
}

/// The same, where bytes of an earlier step are counted as `place` says.
fn counted(buffer: &Buffer, place: impl Fn(BufferId, u64) -> u64) -> String {
    let bytes = |input: Span| {
        let (start, end) = (place(input.buffer, input.start), place(input.buffer, input.end));
        format!("of bytes {start}..{end} of step {}", input.buffer.0)
    };
    match (&buffer.step, buffer.input) {
        (Step::Datagram, _) => "the payload of a datagram".to_owned(),
        (Step::Reassembly, _) => "one direction of a TCP connection, put in order".to_owned(),
        (Step::Body, _) => "the body of the message, its framing removed".to_owned(),
        (Step::Entry, _) => "the bytes as they stand in the file".to_owned(),
        (Step::Written(text), _) => {
            format!("{} bytes between recorded parts, which nobody recorded", text.len())
        }
        (Step::Unmask(how), input) => {
            let way =
                unmasked::recipe(how).map_or_else(|| "an unknown way".to_owned(), |(_, way)| comment(&way));
            let from = input.map_or(0, |input| input.buffer.0);
            format!("weak protection of step {from} undone: {way}")
        }
        (Step::Decrypt(how), None) => how.cipher.name().to_owned(),
        (Step::Decrypt(how), Some(input)) => {
            format!("{} undone, {}", how.cipher.name(), bytes(input))
        }
        (Step::Decode(decoder), None) => format!("{} undone", comment(decoder)),
        (Step::Decode(decoder), Some(input)) => {
            format!("{} undone, {}", comment(decoder), bytes(input))
        }
    }
}

/// Whether a decoder's step can be run with a public tool.
pub fn has_command(decoder: &str) -> bool {
    Tool::of(decoder).is_some()
}

/// A script being written, and what it needs. Proofs are added one by one, so that none but the one at hand need
/// be held: the steps of one may come to hundreds of megabytes.
#[derive(Default)]
pub struct Recipe {
    body: String,
    proofs: usize,
    needs: BTreeSet<&'static str>,
    functions: BTreeSet<&'static str>,
    shown: BTreeSet<(CaptureId, FrameNo)>,
}

impl Recipe {
    /// Adds the next piece of the finding's evidence.
    pub fn proof(&mut self, evidence: &Evidence, replay: &Replay) {
        self.proofs += 1;
        let number = self.proofs;
        let rule = "-".repeat(60);
        self.line(format_args!("\n# {rule}\n# Proof {number}: {}", comment(&evidence.words)));
        self.line(format_args!("echo 'Proof {number}'"));
        self.show_frames(replay);
        let buffers = &evidence.occurrence.trail.buffers;
        for (index, buffer) in buffers.iter().enumerate() {
            let matters = if buffer.step.joins() { ": the bytes of it that matter" } else { "" };
            // What is cut out of a step is a file, whose bytes count from its own beginning.
            let words = counted(buffer, |buffer, at| place(replay, buffer, at));
            self.line(format_args!("\n# Step {index}: {words}{matters}."));
            match &buffer.step {
                Step::Decode(decoder) => self.decode((number, index), buffer, decoder, replay),
                Step::Decrypt(how) => self.decrypt((number, index), buffer, how, replay),
                Step::Unmask(how) => self.unmask((number, index), buffer, how, replay),
                Step::Written(text) => {
                    let octal: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
                    self.line(format_args!("printf '{octal}' > \"$work/{number}.{index}\""));
                }
                Step::Body | Step::Datagram | Step::Entry | Step::Reassembly => {
                    self.join((number, index), buffer, replay);
                }
            }
        }
        self.value(number, evidence, replay);
    }

    fn show_frames(&mut self, replay: &Replay) {
        let mut frames: Vec<_> = replay.frames.iter().map(|(capture, frame, _)| (*capture, *frame)).collect();
        frames.dedup();
        frames.retain(|frame| !self.shown.contains(frame));
        if !frames.is_empty() {
            self.line(format_args!("\n# What tshark, if it is installed, makes of the recorded frames."));
        }
        for (capture, frame) in frames.into_iter().take(SHOWN) {
            self.shown.insert((capture, frame));
            self.line(format_args!("show \"$capture{}\" {frame}", capture.0));
        }
    }

    /// Ranges of the capture, or of an earlier step, one behind the other.
    fn join(&mut self, (number, index): (usize, usize), buffer: &Buffer, replay: &Replay) {
        let mut at = buffer.segments.first().map_or(0, |segment| segment.out);
        let file = format!("\"$work/{number}.{index}\"");
        if let [segment] = buffer.segments.as_slice() {
            let (command, remark) = segment_bytes(number, segment, replay);
            return self.line(format_args!("{command} > {file}{remark}"));
        }
        self.line(format_args!("{{"));
        for segment in &buffer.segments {
            if segment.out > at {
                self.line(format_args!("  head -c {} /dev/zero  # not in the capture", segment.out - at));
            }
            at = segment.out_end();
            let (command, remark) = segment_bytes(number, segment, replay);
            self.line(format_args!("  {command}{remark}"));
        }
        self.line(format_args!("}} > {file}"));
    }

    fn decode(&mut self, (number, index): (usize, usize), buffer: &Buffer, decoder: &str, replay: &Replay) {
        let (Some(input), Some(output)) = (buffer.input, replay.outputs.get(index)) else { return };
        let source = replay.outputs.get(input.buffer.0 as usize);
        let given = source.and_then(|source| source.slice(&(input.start..input.end))).unwrap_or_default();
        let Some(tool) = Tool::of(decoder) else { return self.unknown() };
        let (command, cut) = tool.command(given, &output.bytes);
        command.register(&mut self.needs, &mut self.functions);
        let (start, len) = (place(replay, input.buffer, input.start), given.len());
        let cut = if cut { format!(" | head -c {}", output.bytes.len()) } else { String::new() };
        self.line(format_args!("# {}", tool.words));
        self.line(format_args!("bytes \"$work/{number}.{}\" {start} {len} \\", input.buffer.0));
        self.line(format_args!("  | {}{cut} > \"$work/{number}.{index}\"", command.text));
    }

    fn decrypt(
        &mut self,
        (number, index): (usize, usize),
        buffer: &Buffer,
        how: &Decryption,
        replay: &Replay,
    ) {
        let (Some(input), Some(made)) = (buffer.input, replay.outputs.get(index)) else { return };
        let (start, len) = (place(replay, input.buffer, input.start), input.end.saturating_sub(input.start));
        let secret = buffer.key.map(|key| format!("\"$work/{number}.{}\"", key.buffer.0));
        let undoing = Undoing {
            how,
            secret: secret.as_deref(),
            input: &format!("bytes \"$work/{number}.{}\" {start} {len}", input.buffer.0),
            len: made.bytes.len(),
            output: &format!("\"$work/{number}.{index}\""),
        };
        let Some(script) = undoing.script() else { return self.unknown() };
        self.needs.extend(cipher::NEEDS);
        self.functions.insert(cipher::FUNCTIONS);
        self.body.push_str(&script);
    }

    /// The commands come from the way, which is read again here: no word of a case is run.
    fn unmask(&mut self, (number, index): (usize, usize), buffer: &Buffer, how: &str, replay: &Replay) {
        let Some((commands, _)) = unmasked::recipe(how) else { return self.unknown() };
        let Some(input) = buffer.input else { return };
        let (start, len) = (place(replay, input.buffer, input.start), input.end.saturating_sub(input.start));
        self.line(format_args!("undone{number}_{index}() {{\n{commands}\n}}"));
        self.line(format_args!("bytes \"$work/{number}.{}\" {start} {len} \\", input.buffer.0));
        self.line(format_args!("  | undone{number}_{index} > \"$work/{number}.{index}\""));
    }

    fn unknown(&mut self) {
        self.line(format_args!("echo 'No public tool is known for this step.' >&2; exit 2"));
    }

    fn value(&mut self, number: usize, evidence: &Evidence, replay: &Replay) {
        let (span, expected) = (evidence.occurrence.span, expected(&replay.value));
        let (buffer, len) = (span.buffer.0, replay.value.len());
        let step = format!("\"$work/{number}.{buffer}\"");
        let Some(output) = replay.outputs.get(buffer as usize) else { return };
        if output.bytes.len() == len {
            self.line(format_args!("\n# The value is all of it.\nagrees {step} {expected}"));
        } else {
            let (start, file) = (place(replay, span.buffer, span.start), format!("\"$work/{number}.value\""));
            self.line(format_args!("\n# The value: {len} bytes from byte {start} of step {buffer} on."));
            self.line(format_args!("bytes {step} {start} {len} > {file}\nagrees {file} {expected}"));
        }
        if output.start == 0
            && let Some(path) = field::path(&output.bytes, &(span.start..span.end))
        {
            self.line(format_args!(
                "\n# The same value as a field of the JSON document, if jq is installed."
            ));
            self.line(format_args!("field {step} '{path}' {expected}"));
        }
    }

    /// From how many folders, the case's and those above it, a capture's name is tried.
    pub const ABOVE: usize = 4;

    /// The whole script: puts what the body needs before it.
    pub fn finish(self, finding: &Finding, captures: &[Capture]) -> String {
        let captures: Vec<_> = captures.iter().filter(|capture| used(finding, capture.id)).collect();
        let name = file_name(&finding.id);
        let mut script = format!(
            "#!/bin/sh\n# {}\n#\n# Shows the proof of finding {} again, with public tools only:\n#\n#   sh {name}{}\n#\n",
            comment(&finding.title),
            comment(&finding.id.0),
            captures.iter().map(|_| " [CAPTURE]").collect::<String>(),
        );
        script.push_str(
            "# Each step cuts bytes out of the recorded file or undoes one way of writing them.\nset -eu\n\n",
        );
        let mut needs: BTreeSet<_> = self.needs.union(&NEEDS.into()).copied().collect();
        needs.extend(captures.iter().filter_map(|capture| Some(unpacker(&capture.format)?.0)));
        let needs: Vec<_> = needs.into_iter().collect();
        let _ = writeln!(script, "for tool in {}; do", needs.join(" "));
        script.push_str(PRELUDE);
        script.push_str(NEAR);
        self.functions.iter().for_each(|function| {
            script.push('\n');
            script.push_str(function);
        });
        captures.iter().zip(1..).for_each(|(capture, number)| open(&mut script, capture, number));
        script.push_str(&self.body);
        script.push_str("\necho 'Every value agrees.'\n");
        script
    }

    /// Writing to a string cannot fail.
    fn line(&mut self, arguments: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{arguments}");
    }
}

/// Finds a capture, compares its digest, and unpacks it where it is compressed.
fn open(script: &mut String, capture: &Capture, number: usize) {
    let id = capture.id.0;
    let (name, digest) = (assignment(&format!("capture{id}"), &capture.name), quote(&capture.sha256));
    let _ = write!(
        script,
        "\n# The recorded file. That it is the one that was audited is seen from its SHA-256.\n\
         {name}\n\
         near \"$capture{id}\"; capture{id}=$found\n\
         if [ $# -ge {number} ]; then capture{id}=${{{number}}}; fi\n\
         same_file \"$capture{id}\" {digest}\n",
    );
    if let Some((_, unpack)) = unpacker(&capture.format) {
        let _ = writeln!(
            script,
            "{unpack} < \"$capture{id}\" > \"$work/capture{id}\"\ncapture{id}=\"$work/capture{id}\""
        );
    }
}

/// The program and command that unpacks a capture of that format.
fn unpacker(format: &str) -> Option<(&'static str, &'static str)> {
    match format.rsplit_once(" in ") {
        Some((_, "gzip")) => Some(("gunzip", "gunzip -c")),
        Some((_, "zstd")) => Some(("zstd", "zstd -d -c")),
        Some((_, "zip")) => Some(("python3", MAIN_TEXT)),
        _ => None,
    }
}

/// The text that a zip bugreport names, else the one that is called like it.
const MAIN_TEXT: &str = "python3 -c 'import io, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
names = archive.namelist()
main = archive.read(\"main_entry.txt\").decode().strip() if \"main_entry.txt\" in names else \"\"
named = [name for name in names if name.startswith((\"bugreport-\", \"dumpstate-\")) and name.endswith(\".txt\") and \"/\" not in name]
sys.stdout.buffer.write(archive.read(main if main in names else named[0]))'";

fn used(finding: &Finding, capture: CaptureId) -> bool {
    let trails = finding.evidence.iter().map(|evidence| &evidence.occurrence.trail);
    trails.flat_map(recorded).any(|(of, _, _)| of == capture)
}

/// The command for the bytes of a segment, and a remark on them.
fn segment_bytes(number: usize, segment: &Segment, replay: &Replay) -> (String, String) {
    let len = segment.len;
    match segment.source {
        Source::Frame { capture, frame } => {
            let command = format!("bytes \"$capture{}\" {} {len}", capture.0, segment.start);
            (command, format!("  # frame {frame}"))
        }
        Source::Buffer(id) => {
            let start = place(replay, id, segment.start);
            (format!("bytes \"$work/{number}.{}\" {start} {len}", id.0), String::new())
        }
    }
}

/// Where a byte of a buffer stands in the file that the script makes of it.
fn place(replay: &Replay, buffer: BufferId, at: u64) -> u64 {
    let start = replay.outputs.get(buffer.0 as usize).map_or(0, |output| output.start);
    at.saturating_sub(start)
}

/// The value in hex; a long one as its SHA-256.
fn expected(value: &[u8]) -> String {
    match value.len() {
        0..=LONGEST_VALUE => format!("hex {}", if value.is_empty() { "''".to_owned() } else { hex(value) }),
        _ => format!("sha256 {}", hex(&Sha256::digest(value))),
    }
}

/// One line of a comment: nothing in it ends the line, acts on a terminal or turns the writing around.
fn comment(text: &str) -> String {
    text.chars().take(LONGEST_COMMENT).map(|c| if acts(c) { ' ' } else { c }).collect()
}

/// Gives a variable of the shell a text. What a command gives loses the line ends behind it: so a letter stands
/// behind the text until it is there.
fn assignment(name: &str, text: &str) -> String {
    match text.ends_with('\n') {
        true => format!("{name}={}\n{name}=${{{name}%x}}", quote(&format!("{text}x"))),
        false => format!("{name}={}", quote(text)),
    }
}

/// A word of the shell, whatever is in it. Characters that would act on whoever looks at the script are
/// written by their bytes, in octal (POSIX, printf, `%b`).
fn quote(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c != '\0').collect();
    if !text.contains(acts) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut written = String::new();
    for character in text.chars() {
        match character {
            '\\' => written.push_str("\\\\"),
            '\'' => written.push_str("'\\''"),
            character if acts(character) => {
                let octal = |byte: &u8| format!("\\0{byte:03o}");
                written.extend(character.to_string().as_bytes().iter().map(octal));
            }
            character => written.push(character),
        }
    }
    format!("\"$(printf '%b' '{written}')\"")
}

/// Whether a character acts on a terminal, or hides.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What every script needs.
const NEEDS: [&str; 5] = ["head", "mktemp", "sha256sum", "tail", "xxd"];

/// A capture's name may be relative to where the audit ran, which is the case's folder or one above it.
const NEAR: &str = r#"
# near NAME: the file, as seen from here or from the folders above this script
near() {
  found=$1
  case $0 in */*) folder=${0%/*} ;; *) folder=. ;; esac
  for above in . .. ../.. ../../.. ../../../..; do
    if [ ! -e "$found" ] && [ -e "$folder/$above/$1" ]; then found=$folder/$above/$1; fi
  done
}
"#;
const PRELUDE: &str = r#"  command -v "$tool" > /dev/null || { echo "Please install $tool first." >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# bytes FILE START LENGTH: a part of a file
bytes() { tail -c "+$(($2 + 1))" < "$1" | head -c "$3"; }
# is FILE hex|sha256 DIGITS: whether a file holds those bytes
is() {
  if [ "$2" = hex ]; then set -- "$(xxd -p < "$1" | tr -d '\n')" "$3"
  else set -- "$(sha256sum < "$1" | cut -c 1-64)" "$3"; fi
  [ "$1" = "$2" ]
}
# same_file FILE SHA256
same_file() {
  [ -r "$1" ] || { echo "Not found: $1. Say where it lies: sh $0 FILE" >&2; exit 2; }
  is "$1" sha256 "$2" || { echo "This is not the file that was audited: $1" >&2; exit 1; }
}
# agrees FILE hex|sha256 DIGITS: compares the value, and shows it
agrees() {
  is "$@" || { echo 'The value is another one.' >&2; exit 1; }
  xxd < "$1" | head -n 8
}
# field FILE PATH hex|sha256 DIGITS: a field of a JSON document
field() {
  command -v jq > /dev/null || return 0
  jq -j "$2" < "$1" > "$work/field"
  is "$work/field" "$3" "$4" || { echo 'The field holds another value.' >&2; exit 1; }
  echo "jq gives the same for $2"
}
# show CAPTURE FRAME
show() {
  command -v tshark > /dev/null || return 0
  tshark -n -r "$1" -c "$2" -Y "frame.number == $2" 2> /dev/null || true
}
"#;

/// Frames shown of one proof.
const SHOWN: usize = 3;
/// The longest value that is written out.
const LONGEST_VALUE: usize = 256;
/// The longest line of a comment, in characters.
const LONGEST_COMMENT: usize = 400;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_shell_reads_a_word_as_it_was_and_nobody_is_acted_upon() {
        for word in ["plain", "it's", "a b$(c)`d`\\n", "esc\u{1b}]0;x\u{7}'\\", "moc.\u{202e}x\r\ny", "-n %s"]
        {
            let quoted = quote(word);
            assert!(!quoted.contains(acts), "{quoted}");
            let output = Command::new("sh").arg("-c").arg(format!("printf %s {quoted}")).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), word, "{quoted}");
        }
    }

    #[test]
    fn a_name_keeps_the_line_ends_behind_it() {
        for word in ["plain", "x\n", "x'\n\n", "\n", "x\r"] {
            let script = format!("{}\nprintf %s \"$name\"", assignment("name", word));
            let output = Command::new("sh").arg("-c").arg(&script).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), word, "{script}");
        }
    }
}
