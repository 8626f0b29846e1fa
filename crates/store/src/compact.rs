//! Trails as short JSON, for the store's `trail` column.
//!
//! A trail is a list of buffers. A buffer is `[step, length, [segment, …]]`; the step is `"datagram"`,
//! `"reassembly"`, `"body"`, `"entry"` or a decoder's name. A decoder's buffer is `[step, length, input,
//! [segment, …]]`: the input is the range it was given, `{"b": buffer, "s": first byte, "l": length}`. A
//! cipher's is `["decrypt", length, input, key, parameters, [segment, …]]`: the key is the range that holds the
//! secret, or `null`; the parameters are those of [`evidence::Decryption`]. What was written between recorded
//! bytes is `["written", length, text, []]`. Weak protection undone is `["unmask", length, input, way, [segment, …]]`. A segment is an object with the keys
//! - `o`, `n`: first byte and number of bytes in the buffer;
//! - `c` and `f`, or `b`: the source: a capture and a frame in it, or an earlier buffer of the list;
//! - `s`: first byte in the source (offset in the capture file, or in the earlier buffer);
//! - `l`: number of bytes of the source, where it is not `n`;
//! - `g`: how exactly, where it is not byte for byte: `0` for "within", `[out, source]` for groups.

use std::fmt::Write;

use evidence::{Buffer, Fidelity, Segment, Source, Span, Step, Trail};

/// Appends `trail` to `out`.
pub fn write(trail: &Trail, out: &mut String) {
    list(out, &trail.buffers, buffer);
}

fn buffer(out: &mut String, buffer: &Buffer) {
    let step = match &buffer.step {
        Step::Datagram => "datagram",
        Step::Reassembly => "reassembly",
        Step::Body => "body",
        Step::Decode(decoder) => decoder,
        Step::Decrypt(_) => "decrypt",
        Step::Entry => "entry",
        Step::Unmask(_) => "unmask",
        Step::Written(_) => "written",
    };
    // Step names are the program's own words: lower-case letters, digits and dashes.
    put(out, format_args!("[\"{step}\",{},", buffer.len));
    if let Some(input) = buffer.input {
        range(out, input);
    }
    if let Step::Decrypt(parameters) = &buffer.step {
        match buffer.key {
            Some(key) => range(out, key),
            None => out.push_str("null,"),
        }
        // Plain data with text keys: writing it cannot fail.
        out.push_str(&serde_json::to_string(parameters).unwrap_or_default());
        out.push(',');
    }
    if let Step::Unmask(text) | Step::Written(text) = &buffer.step {
        put(out, format_args!("{},", serde_json::Value::from(text.as_str())));
    }
    list(out, &buffer.segments, segment);
    out.push(']');
}

fn range(out: &mut String, span: Span) {
    let len = span.end.saturating_sub(span.start);
    put(out, format_args!("{{\"b\":{},\"s\":{},\"l\":{len}}},", span.buffer.0, span.start));
}

fn segment(out: &mut String, segment: &Segment) {
    put(out, format_args!("{{\"o\":{},\"n\":{},", segment.out, segment.len));
    match segment.source {
        Source::Frame { capture, frame } => {
            put(out, format_args!("\"c\":{},\"f\":{},", capture.0, frame.0));
        }
        Source::Buffer(id) => put(out, format_args!("\"b\":{},", id.0)),
    }
    put(out, format_args!("\"s\":{}", segment.start));
    if segment.source_len != segment.len {
        put(out, format_args!(",\"l\":{}", segment.source_len));
    }
    match segment.fidelity {
        Fidelity::Exact => {}
        Fidelity::Within => out.push_str(",\"g\":0"),
        Fidelity::Grouped { out: to, source } => put(out, format_args!(",\"g\":[{to},{source}]")),
    }
    out.push('}');
}

fn list<T>(out: &mut String, items: &[T], write_item: fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(']');
}

/// Writing to a string cannot fail.
fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use evidence::{BufferId, CaptureId, FrameNo};

    use super::*;

    #[test]
    fn a_trail_of_two_steps_is_valid_short_json() {
        let mut trail = Trail::default();
        let frame = Source::Frame { capture: CaptureId(0), frame: FrameNo(7) };
        trail.push(Buffer {
            step: Step::Reassembly,
            len: 9,
            input: None,
            key: None,
            segments: vec![Segment::exact(0, 9, frame, 100)],
        });
        trail.push(Buffer {
            step: Step::Decode("gzip".into()),
            len: 20,
            input: Some(Span { buffer: BufferId(0), start: 0, end: 9 }),
            key: None,
            segments: vec![Segment {
                out: 0,
                len: 20,
                source: Source::Buffer(BufferId(0)),
                start: 0,
                source_len: 9,
                fidelity: Fidelity::Within,
            }],
        });
        let mut text = String::new();
        write(&trail, &mut text);
        let expected = r#"[["reassembly",9,[{"o":0,"n":9,"c":0,"f":7,"s":100}]],["gzip",20,{"b":0,"s":0,"l":9},[{"o":0,"n":20,"b":0,"s":0,"l":9,"g":0}]]]"#;
        assert_eq!(text, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
