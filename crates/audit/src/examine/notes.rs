//! From a message to the [diary](crate::diary): what was asked, with which fields, and what came back.

use std::{collections::BTreeMap, net::IpAddr, ops::Range};

use evidence::{ExchangeId, Occurrence, SightingGroup, Timestamp};
use payload::{BufferIndex, FieldIndex, FieldKind, Tree};
use wire::{DnsHead, Ending, Head, Message, Part, Role, Sender};

use super::{occurrence_of_part, provenance, readable, security};
use crate::{
    conversation::Conversation,
    diary::{
        Answer, Diary, Parties, add_name, add_switch, lists, long_values, look, plain_list, request_of,
        results, switches,
    },
    packed::Packed,
};

/// A message and its tree.
pub(super) struct Page<'m> {
    pub(super) conversation: &'m Conversation,
    pub(super) message: &'m Message,
    pub(super) tree: &'m Tree<'m>,
    pub(super) kinds: &'m [FieldKind],
}

/// Notes a message that left.
pub(super) fn sent(page: &Page<'_>, diary: &mut Diary) {
    let (message, conversation) = (page.message, page.conversation);
    if let Head::Dns(head) = &message.head {
        return asked(page, head, diary);
    }
    let Some(request) = request_of(message) else { return };
    let place = page.place();
    let whom = (conversation.receiver(), request.as_str());
    let parties =
        Parties { endpoint: conversation.endpoint, app: conversation.app, device: conversation.device };
    let Some((key, early)) = diary.request(whom, parties, place, security(message)) else { return };
    let frame = message.recorded.place(0).map_or_else(Default::default, |(_, frame, _)| frame);
    diary.locate(key, place, (frame, conversation.device_address()));
    if matches!(message.head, Head::Http(_)) {
        diary.owe(key);
    }
    if early {
        let line = 0..message.recorded.bytes.len().min(FIRST_BYTES);
        let proof = page.part(&first_line(message, line));
        if proof.trail.is_whole(proof.span) {
            diary.prove(key, proof);
        }
    }
    let looked = look(page.tree, page.kinds);
    diary.tell_fields(key, &looked, place, |field| page.value(field.buffer, field.range.clone()));
}

/// Notes a message that came in.
pub(super) fn received(page: &Page<'_>, diary: &mut Diary) {
    let message = page.message;
    match &message.head {
        Head::Dns(head) => return denied(page, head, diary),
        Head::Dhcp(head) => return given(page, &head.options, diary),
        _ => {}
    }
    diary.hear(long_values(page.tree));
    if message.sender != Sender::Responder || message.position != 0 {
        return;
    }
    let exchange = page.exchange();
    let place = page.place();
    let Some(series) = diary.series_of(exchange) else { return };
    let fields = lists(page.tree).into_iter().map(|found| (page.field(found.first), found));
    let mut found: Vec<_> = fields.collect();
    if found.is_empty() {
        let plain = plain_list(page.tree, page.kinds);
        found.extend(plain.map(|(found, (buffer, range))| (page.value(buffer, range), found)));
    }
    for (proof, found) in found {
        let (path, list) = found.into_list(place, proof);
        match series.lists.get_mut(&path) {
            Some(known) => known.merge(list),
            None => drop(series.lists.insert(path, list)),
        }
    }
    for (field, value) in switches(page.tree) {
        let path = page.tree.path(field);
        let known = series.switches.get(&path).and_then(|values| values.get(&value));
        if known.is_none_or(|known| exchange < known.exchange) {
            let values = BTreeMap::from([(value, page.field(field))]);
            add_switch(&mut series.switches, path, values);
        }
    }
    let (status, media) = match &message.head {
        Head::Http(head) => (head.status, head.media.as_str()),
        Head::Named(head) => (head.status, head.media.as_str()),
        _ => (0, ""),
    };
    if (100..200).contains(&status) {
        return;
    }
    let late = series.answers.last().is_some_and(|last| last.exchange <= exchange);
    if series.answers.len() < SightingGroup::PROOFS || !late {
        let line = 0..message.recorded.bytes.len().min(FIRST_BYTES);
        let shown = [status_line(message), Some(first_line(message, line))];
        let mut proofs = shown.iter().flatten().map(|shown| page.part(shown));
        if let Some(proof) = proofs.find(|proof| proof.trail.is_whole(proof.span)) {
            Packed::keep(&mut series.answers, [Packed::new(proof)]);
        }
    }
    let cut = message.ending == Ending::Cut && !SHOWN.iter().any(|class| media.starts_with(class));
    diary.answer(exchange, Answer { status, results: results(page.tree, page.kinds), cut });
}

/// A name was asked for.
fn asked(page: &Page<'_>, head: &DnsHead, diary: &mut Diary) {
    let (message, resolver) = (page.message, page.conversation.other_side());
    if message.protocol != "DNS" || message.sender != Sender::Originator {
        return;
    }
    if let Some((name, _)) = head.questions.first().filter(|_| !head.response) {
        add_name(&mut diary.names.asked, plain(name), page.place(), || page.whole());
    }
    if let Some(resolver) = resolver {
        add_name(&mut diary.names.resolvers, resolver, page.place(), || page.whole());
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A resolver answers; maybe that there is no such name (RFC 1035 section 4.1.1: code 3), or that it failed.
fn denied(page: &Page<'_>, head: &DnsHead, diary: &mut Diary) {
    let Some((name, _)) = head.questions.first() else { return };
    if page.message.protocol != "DNS" || !head.response {
        return;
    }
    let name = plain(name);
    if let Some(asked) = diary.names.asked.get_mut(&name) {
        asked.answered = true;
    }
    if matches!(head.code, 2 | 3) {
        add_name(&mut diary.names.denied, (name, head.code), page.place(), || page.whole());
    }
}

/// The resolvers that a DHCP server hands out (option 6: RFC 2132 section 3.8).
fn given(page: &Page<'_>, options: &[u16], diary: &mut Diary) {
    let parts = page.message.parts.iter().filter(|part| part.role == Role::Option);
    let resolvers = parts.zip(options).filter(|(_, code)| **code == 6);
    for (part, _) in resolvers {
        let value = page.message.recorded.bytes.get(part.value.clone()).unwrap_or_default();
        for address in value.chunks_exact(4).filter_map(|four| <[u8; 4]>::try_from(four).ok()) {
            add_name(&mut diary.names.given, IpAddr::from(address), page.place(), || page.part(&part.value));
        }
    }
}

impl Page<'_> {
    fn exchange(&self) -> ExchangeId {
        ExchangeId { flow: self.conversation.flow(), index: self.message.exchange }
    }

    fn place(&self) -> (Timestamp, ExchangeId) {
        (self.message.recorded.first, self.exchange())
    }

    fn part(&self, range: &Range<usize>) -> Occurrence {
        occurrence_of_part(self.conversation.flow(), self.message, range)
    }

    fn whole(&self) -> Occurrence {
        self.part(&(0..self.message.recorded.bytes.len().min(FIRST_BYTES)))
    }

    /// A field's value as evidence.
    pub(super) fn field(&self, field: FieldIndex) -> Occurrence {
        let found = self.tree.field(field);
        let buffer = found.map_or(0, |field| field.buffer);
        self.value(buffer, found.map(|field| field.value.clone()).unwrap_or_default())
    }

    /// A stretch of a buffer as evidence.
    pub(super) fn value(&self, buffer: BufferIndex, range: Range<usize>) -> Occurrence {
        let (trail, span) = provenance::trail(self.message, self.tree, buffer, &range);
        let bytes = self.tree.buffer(buffer).and_then(|buffer| buffer.bytes.get(range));
        Occurrence {
            exchange: self.exchange(),
            time: self.message.recorded.first,
            frame: trail.trace(span).first().map(|(_, frame, _)| *frame).unwrap_or_default(),
            found: readable(bytes.unwrap_or_default()),
            span,
            trail,
        }
    }
}

/// What is shown of a message: what it asks for, else the first of its parts, else its first line. What stands between
/// parts may have been written by nobody.
fn first_line(message: &Message, first: Range<usize>) -> Range<usize> {
    let told = |part: &&Part| !part.value.is_empty();
    let target = message.parts.iter().filter(told).find(|part| part.role == Role::Target);
    if let Some(part) = target.or_else(|| message.parts.iter().find(told)) {
        return part.value.start..part.value.end.min(part.value.start.saturating_add(first.len()));
    }
    let bytes = message.recorded.bytes.get(first.clone()).unwrap_or_default();
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    first.start..end.filter(|end| *end > 0).map_or(first.end, |end| first.start + end)
}

/// The line with which an answer of HTTP/1 begins, as it was recorded.
fn status_line(message: &Message) -> Option<Range<usize>> {
    let bytes = &message.recorded.bytes;
    let line = bytes.get(..bytes.len().min(FIRST_BYTES)).filter(|line| line.starts_with(b"HTTP/1."))?;
    Some(0..line.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?)
}

/// Bytes of a message that are shown of it.
const FIRST_BYTES: usize = 128;
/// Media that are looked at or listened to: no outcome stands in them.
const SHOWN: [&str; 4] = ["audio/", "font/", "image/", "video/"];
