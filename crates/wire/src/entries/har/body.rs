//! Bodies of HAR entries: text, base64, parameters, or the reason why there is none.

use evidence::Layer;

use super::super::{
    document::{Kind, Value},
    http::Found,
    recorded::Flow,
    text::Writing,
};
use crate::Recorded;

/// Reads bodies, and counts the bytes of the entry that they are read from.
pub(super) struct Bodies<'f> {
    pub(super) flow: &'f mut Flow,
    pub(super) writing: &'f mut Writing,
}

impl Bodies<'_> {
    /// The body of a request.
    pub(super) fn of_request(&mut self, request: Value<'_>) -> Found {
        let size = number(request.get("bodySize"));
        let post = request.get("postData").filter(|post| post.kind() == Kind::Map);
        let holders = [request.get("_content"), post.and_then(|post| post.get("_content")), post];
        for holder in holders.into_iter().flatten() {
            let sizes = [number(holder.get("size")), number(holder.get("_size")), size];
            if let Some(bytes) = self.text(holder, &sizes) {
                return Found::Bytes(bytes);
            }
        }
        let params = post.and_then(|post| post.get("params")).and_then(|params| self.params(params));
        match params {
            Some(bytes) => Found::Bytes(bytes),
            None => {
                missing(&[Some(request), post], size.max(post.and_then(|post| number(post.get("_size")))))
            }
        }
    }

    /// The body of a response.
    pub(super) fn of_response(&mut self, response: Value<'_>) -> Found {
        let content = response.get("content").filter(|content| content.kind() == Kind::Map);
        let of = |name: &str| content.and_then(|content| number(content.get(name)));
        let (size, sent) = (of("size"), number(response.get("bodySize")));
        let saved = content.and_then(|content| content.get("compression")?.integer());
        let whole = size.and_then(|size| size.checked_add_signed(saved?));
        if let Some(bytes) = content.and_then(|content| self.text(content, &[size, whole, sent])) {
            return Found::Bytes(bytes);
        }
        missing(&[Some(response), content], size.max(sent))
    }

    /// What a message of a WebSocket holds: binary ones are base64, by their opcode or because they say so.
    pub(super) fn of_web_socket(&mut self, message: Value<'_>) -> Recorded {
        let Some(data) = message.first_of(&["data", "text"]).filter(|data| data.kind() == Kind::Text) else {
            return Recorded::default();
        };
        self.count(data);
        let says = message.get("encoding").and_then(Value::text);
        let binary = message.get("opcode").and_then(Value::integer) == Some(2);
        let coded = says.map_or(binary, |says| says.eq_ignore_ascii_case("base64"));
        let decoded = if coded { self.flow.place.base64(data) } else { None };
        decoded.unwrap_or_else(|| self.flow.place.text(data))
    }

    /// The text of `postData`, `content` or `_content`; `None` where it is not there or empty.
    fn text(&mut self, holder: Value<'_>, sizes: &[Option<u64>]) -> Option<Recorded> {
        let text = holder.get("text").filter(|text| text.kind() == Kind::Text && !text.range().is_empty())?;
        self.count(text);
        let encoding = holder.get("encoding").and_then(Value::text).unwrap_or_default();
        if encoding.eq_ignore_ascii_case("base64") {
            let decoded = self.flow.place.base64(text);
            if decoded.is_some() {
                return decoded;
            }
            self.flow.odd(Layer::Http, NOT_BASE64, "", text.range().start);
        }
        let plain = self.flow.place.text(text);
        Some(self.restored(plain, sizes, text.range().start))
    }

    /// A text that stands for bytes: where its characters are as many as the bytes that are told of, and the
    /// text is longer, each character was a byte; so it was where there are control characters (U+0080 to
    /// U+009F) which no text has. Characters that were replaced when it was written are gone.
    fn restored(&mut self, text: Recorded, sizes: &[Option<u64>], at: usize) -> Recorded {
        let lost = memchr::memmem::find_iter(&text.bytes, "\u{fffd}").count();
        if lost > 0 {
            self.flow.odd(Layer::Http, REPLACED, format!("{lost} characters"), at);
        }
        let told = |len: usize| sizes.iter().flatten().any(|size| *size == len as u64);
        let Ok(characters) = std::str::from_utf8(&text.bytes) else { return text };
        let (count, len) = (characters.chars().count(), text.bytes.len());
        let controls = || characters.chars().any(|one| matches!(one, '\u{80}'..='\u{9f}'));
        if count < len && !told(len) && (told(count) || controls()) {
            self.flow.place.latin1(text.clone()).unwrap_or(text)
        } else {
            text
        }
    }

    /// Parameters of a form, written as one. Nothing says how they were coded, so they stand as they are.
    fn params(&mut self, params: Value<'_>) -> Option<Recorded> {
        let mut form = Writing::default();
        for param in params.items() {
            if !form.recorded.bytes.is_empty() {
                form.literal("&");
            }
            let text = |name: &str| param.get(name).filter(|value| value.kind() == Kind::Text);
            if let Some(name) = text("name") {
                form.value(self.flow.place, name);
            }
            form.literal("=");
            for value in [text("value"), text("fileName")].into_iter().flatten() {
                form.value(self.flow.place, value);
            }
        }
        self.writing.stands_for += form.stands_for;
        (!form.recorded.bytes.is_empty()).then_some(form.recorded)
    }

    fn count(&mut self, value: Value<'_>) {
        self.writing.stands_for += value.range().len() as u64;
    }
}

/// Why there is no body: because there was none, or for the reason that one of `holders` gives.
fn missing(holders: &[Option<Value<'_>>], size: Option<u64>) -> Found {
    let names = ["_requestBodyStatus", "_responseBodyStatus", "_bodyStatus", "comment"];
    let said = holders.iter().flatten().find_map(|holder| holder.first_of(&names)?.text());
    let lacked = holders.iter().flatten().any(|holder| holder.get("_bodyMissing").is_some());
    let why = match said.as_deref() {
        Some("discarded:too-large") => "bodies that were too large for who recorded them",
        Some("discarded:not-representable") => "bodies that were no text for who recorded them",
        Some("discarded:not-decodable") => "bodies that could not be decoded by who recorded them",
        _ if lacked => "bodies that an earlier capture lacked",
        Some(said) if said.starts_with("discarded") => "bodies that were not kept, for a reason of their own",
        _ => "bodies that were not kept, without a reason",
    };
    let discarded = lacked || said.is_some_and(|said| said.starts_with("discarded"));
    match size.unwrap_or(0) {
        0 if !discarded => Found::None,
        size => Found::Missing(why, size),
    }
}

/// A size that is known: writers give -1 where it is not.
fn number(value: Option<Value<'_>>) -> Option<u64> {
    value?.integer().and_then(|number| u64::try_from(number).ok())
}

const NOT_BASE64: &str =
    "capture holds a body that is said to be base64 and is not; it was read as it stands";
const REPLACED: &str = "capture holds a body with characters that were lost when it was written (U+FFFD)";
