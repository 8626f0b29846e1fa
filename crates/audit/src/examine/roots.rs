//! What of a message is explored: the bytes as recorded with the parts of the head, and the body.

use std::{borrow::Cow, ops::Range};

use payload::{FieldKind, Hint, Name, Root, RootField};
use wire::{Body, Head, Message, Part, Role};

/// The roots of a message's tree. The first is the message as recorded; where framing was removed from the
/// body, it ends before the body, and the body is the second.
pub(crate) fn roots(message: &Message) -> Vec<Root<'_>> {
    let recorded = message.recorded.bytes.as_slice();
    let parts = message.parts.iter().enumerate();
    let mut fields: Vec<_> = parts.filter_map(|(at, part)| part_field(message, at, part)).collect();
    match &message.body {
        Body::None => vec![root(recorded, fields)],
        Body::Range(range) => {
            fields.push(body_field(message, range.clone()));
            vec![root(recorded, fields)]
        }
        Body::Joined { bytes, .. } => {
            let head = recorded.get(..body_start(message)).unwrap_or(recorded);
            let body = body_field(message, 0..bytes.len());
            vec![root(head, fields), root(bytes, vec![body])]
        }
    }
}

/// Where the body begins in the bytes as recorded; their end, where there is none.
pub(crate) fn body_start(message: &Message) -> usize {
    match &message.body {
        Body::None => message.recorded.bytes.len(),
        Body::Range(range) => range.start,
        // DNS names stand all over the message.
        Body::Joined { .. } if matches!(message.head, Head::Dns(_)) => 0,
        Body::Joined { segments, .. } => segments
            .first()
            .and_then(|segment| usize::try_from(segment.start).ok())
            .unwrap_or(message.recorded.bytes.len()),
    }
}

fn root<'a>(bytes: &'a [u8], fields: Vec<RootField<'a>>) -> Root<'a> {
    Root { bytes: Cow::Borrowed(bytes), fields }
}

fn body_field<'a>(message: &'a Message, value: Range<usize>) -> RootField<'a> {
    let (kind, hint) = match &message.head {
        Head::Http(head) => (FieldKind::Body, Hint { media: &head.media, coding: &head.coding }),
        Head::Named(head) => (FieldKind::Body, Hint { media: &head.media, coding: "" }),
        Head::Dns(_) => (FieldKind::HostName, Hint::default()),
        Head::Raw => (FieldKind::Raw, Hint::default()),
        Head::Dhcp(_) | Head::Tls(_) => (FieldKind::Body, Hint::default()),
    };
    RootField { name: Name::None, value, kind, hint }
}

fn part_field<'a>(message: &Message, at: usize, part: &Part) -> Option<RootField<'a>> {
    let bytes = &message.recorded.bytes;
    let name = bytes.get(part.name.clone()).unwrap_or_default();
    let kind = match part.role {
        Role::Method => return None,
        Role::Target => FieldKind::Path,
        Role::HostName => FieldKind::HostName,
        Role::Option => FieldKind::Option,
        Role::Query => FieldKind::Query,
        Role::Header if is_cookie(name) => FieldKind::Cookie,
        Role::Header => FieldKind::Header,
    };
    let name = match (name.is_empty(), &message.head) {
        (false, _) => Name::Range(part.name.clone()),
        (true, Head::Dhcp(_)) if message.protocol == "DHCP" => dhcp_option(bytes, part),
        (true, Head::Named(head)) => match head.names.get(at) {
            Some(name) if !name.is_empty() => Name::Owned((*name).into()),
            Some(_) | None => Name::None,
        },
        (true, _) => Name::None,
    };
    Some(RootField { name, value: part.value.clone(), kind, hint: Hint::default() })
}

/// The name of a DHCP option (RFC 2132): its code stands two bytes before its value.
fn dhcp_option(bytes: &[u8], part: &Part) -> Name {
    let code = part.value.start.checked_sub(2).and_then(|at| bytes.get(at));
    let name = match code {
        Some(12) => "host_name",
        Some(50) => "requested_address",
        Some(60) => "vendor_class",
        Some(61) => "client_identifier",
        Some(81) => "fqdn",
        _ => return Name::None,
    };
    Name::Owned(name.into())
}

fn is_cookie(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"cookie") || name.eq_ignore_ascii_case(b"set-cookie")
}
