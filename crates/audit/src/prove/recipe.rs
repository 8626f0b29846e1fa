//! A proof as a shell script of public tools, so that an opponent can check it without this program.
//!
//! The bytes are cut out of the capture with `tail` and `head`, each decoder is a public tool, and the
//! value is compared in the end. `tshark`, where it is installed, shows what it makes of the same frames.

use std::fmt::Write;

use evidence::{Buffer, Capture, CaptureId, Evidence, Finding, Segment, Source, Step};

use super::Replay;
use crate::input::hex;

/// The script for a finding. `replays` are those of its evidence, in the same order.
pub fn recipe(finding: &Finding, captures: &[Capture], replays: &[Replay]) -> String {
    let mut script = head(finding, captures);
    for (number, (evidence, replay)) in (1..).zip(finding.evidence.iter().zip(replays)) {
        proof(&mut script, number, evidence, replay);
    }
    script.push_str("\necho 'Every value agrees.'\n");
    script
}

fn head(finding: &Finding, captures: &[Capture]) -> String {
    let mut script = format!(
        "#!/bin/sh\n# {}\n# Finding {}.\n#\n# usage: sh {}.sh [capture …]\n{PRELUDE}",
        comment(&finding.title),
        comment(&finding.id.0),
        comment(&finding.id.0),
    );
    for (argument, capture) in (1..).zip(captures.iter().filter(|capture| used(finding, capture.id))) {
        let number = capture.id.0;
        line(&mut script, format_args!("capture{number}=${{{argument}:-{}}}", quote(&capture.name)));
        let digest = quote(&capture.sha256);
        line(&mut script, format_args!("printf '%s  %s\\n' {digest} \"$capture{number}\" | sha256sum --check"));
        if let Some(unpack) = unpacker(&capture.format) {
            line(&mut script, format_args!("{unpack} < \"$capture{number}\" > \"$work/capture{number}\""));
        } else {
            line(&mut script, format_args!("ln -s \"$(realpath \"$capture{number}\")\" \"$work/capture{number}\""));
        }
    }
    script
}

fn unpacker(format: &str) -> Option<&'static str> {
    match format.rsplit_once(" in ") {
        Some((_, "gzip")) => Some("gunzip -c"),
        Some((_, "zstd")) => Some("zstd -d -c"),
        _ => None,
    }
}

fn used(finding: &Finding, capture: CaptureId) -> bool {
    let segments = |evidence: &Evidence| {
        let buffers = evidence.occurrence.trail.buffers.iter();
        buffers.flat_map(|buffer| buffer.segments.clone()).collect::<Vec<_>>()
    };
    let of_it = |segment: &Segment| matches!(segment.source, Source::Frame { capture: of, .. } if of == capture);
    finding.evidence.iter().flat_map(segments).any(|segment| of_it(&segment))
}

fn proof(script: &mut String, number: usize, evidence: &Evidence, replay: &Replay) {
    line(script, format_args!("\n# {number}. {}", comment(&evidence.words)));
    show_frames(script, replay);
    let buffers = &evidence.occurrence.trail.buffers;
    for (index, (buffer, output)) in buffers.iter().zip(&replay.outputs).enumerate() {
        line(script, format_args!("# step {index}: {}", words(buffer)));
        match &buffer.step {
            Step::Decode(decoder) => decode(script, (number, index), buffer, decoder, replay),
            Step::Datagram | Step::Reassembly | Step::Body => {
                join(script, (number, index), buffer, output.start, replay);
            }
        }
    }
    let span = evidence.occurrence.span;
    let start = replay.outputs.get(span.buffer.0 as usize).map_or(0, |output| output.start);
    let from = span.start.saturating_sub(start);
    line(script, format_args!("# the value"));
    line(
        script,
        format_args!(
            "bytes \"$work/{number}.{}\" {from} {} > \"$work/{number}.value\"",
            span.buffer.0,
            span.end.saturating_sub(span.start)
        ),
    );
    line(script, format_args!("xxd \"$work/{number}.value\""));
    let value = hex(&replay.value);
    line(script, format_args!("agrees \"$work/{number}.value\" {value}"));
}

fn show_frames(script: &mut String, replay: &Replay) {
    let mut frames: Vec<_> = replay.frames.iter().map(|(capture, frame, _)| (capture.0, frame.0)).collect();
    frames.dedup();
    for (capture, frame) in frames.into_iter().take(SHOWN) {
        line(script, format_args!("show \"$work/capture{capture}\" {frame}"));
    }
}

fn join(script: &mut String, place: (usize, usize), buffer: &Buffer, start: u64, replay: &Replay) {
    line(script, format_args!("{{"));
    let mut at = start;
    for segment in &buffer.segments {
        if segment.out > at {
            line(script, format_args!("  head -c {} /dev/zero  # lost", segment.out - at));
        }
        at = segment.out_end();
        let (file, from) = match segment.source {
            Source::Frame { capture, .. } => (format!("capture{}", capture.0), segment.start),
            Source::Buffer(id) => {
                let start = replay.outputs.get(id.0 as usize).map_or(0, |output| output.start);
                (format!("{}.{}", place.0, id.0), segment.start.saturating_sub(start))
            }
        };
        let frame = match segment.source {
            Source::Frame { frame, .. } => format!("  # frame {frame}"),
            Source::Buffer(_) => String::new(),
        };
        line(script, format_args!("  bytes \"$work/{file}\" {from} {}{frame}", segment.len));
    }
    line(script, format_args!("}} > \"$work/{}.{}\"", place.0, place.1));
}

fn decode(script: &mut String, place: (usize, usize), buffer: &Buffer, decoder: &str, replay: &Replay) {
    let Some(input) = buffer.input else { return };
    let start = replay.outputs.get(input.buffer.0 as usize).map_or(0, |output| output.start);
    let command = COMMANDS.iter().find(|(name, _)| *name == decoder).map(|(_, command)| *command);
    let command = command.unwrap_or("cat  # no public tool is known for this step");
    line(
        script,
        format_args!(
            "bytes \"$work/{}.{}\" {} {} | {{ {command}\n}} > \"$work/{}.{}\"",
            place.0,
            input.buffer.0,
            input.start.saturating_sub(start),
            input.end.saturating_sub(input.start),
            place.0,
            place.1
        ),
    );
}

/// What a step does, in words.
pub fn words(buffer: &Buffer) -> String {
    let from = match buffer.input {
        Some(input) => format!(" of bytes {}..{} of step {}", input.start, input.end, input.buffer.0),
        None => String::new(),
    };
    match &buffer.step {
        Step::Datagram => "the payload of a datagram".to_owned(),
        Step::Reassembly => "one direction of a TCP connection, put in order".to_owned(),
        Step::Body => "the message's framing removed".to_owned(),
        Step::Decode(decoder) => format!("{}{from}", comment(decoder)),
    }
}

/// Whether a decoder's step can be run with a public tool.
pub fn has_command(decoder: &str) -> bool {
    COMMANDS.iter().any(|(name, _)| *name == decoder)
}

/// One line of a comment: nothing in it ends the line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// A word of the shell, whatever is in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writing to a string cannot fail.
fn line(script: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = writeln!(script, "{arguments}");
}

const PRELUDE: &str = r#"#
# Needs sha256sum, tail, head and xxd, and the tools named at the steps. tshark is used where it is installed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# bytes FILE OFFSET LENGTH
bytes() { tail -c "+$(($2 + 1))" "$1" | head -c "$3"; }
# show CAPTURE FRAME: what tshark makes of it
show() {
  if command -v tshark > /dev/null; then tshark -n -r "$1" -Y "frame.number == $2" 2> /dev/null || true; fi
}
# agrees FILE HEX
agrees() {
  if [ "$(xxd -p "$1" | tr -d '\n')" != "$2" ]; then echo "The value is another one." >&2; exit 1; fi
}

"#;

/// Frames shown of one proof.
const SHOWN: usize = 4;

/// What runs each decoder outside this program: from standard input to standard output.
const COMMANDS: &[(&str, &str)] = &[
    ("base64", "tr -- '-_' '+/' | tr -cd 'A-Za-z0-9+/' | awk '{ while (length($0) % 4) $0 = $0 \"=\"; print }' | base64 -d;"),
    ("gzip", "gunzip -c 2> /dev/null || true;"),
];
