//! Fields whose value is new in each message: nothing in them lasts, so they identify nobody from one message to the
//! next, whatever they are called. All values of such a field are one finding.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Carrier, ExchangeId, Grade, IdentifierKind, Timestamp};

use super::{Leak, Receiver, message_count, receiver};
use crate::merge::Merged;

/// Who sent it to whom, and in which field. Two fields are never one because their values are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'m> {
    kind: IdentifierKind,
    receiver: Receiver<'m>,
    foreign: bool,
    device: &'m str,
    app: &'m str,
    carrier: Carrier,
    pub(super) field: &'m str,
}

/// Takes out of all leaks the values of fields that are new each time, by their fields. Those of a field in which a
/// value of the profile was opened are that value once more, and are told with it.
pub(super) fn split<'m>(
    merged: &'m Merged,
    leaks: Vec<Leak<'m>>,
) -> (Vec<(Place<'m>, Vec<Leak<'m>>)>, Vec<Leak<'m>>) {
    let opened = opened(merged, &leaks);
    let chance = by_chance(merged, &leaks);
    // What comes again is no chance.
    let by_chance = |leak: &Leak<'m>| {
        unnamed(leak).is_some_and(|place| chance.contains(&place)) && is_single(merged, leak)
    };
    let tells = |leak: &Leak<'m>| !is_opened(merged, leak, &opened) && !by_chance(leak);
    let leaks: Vec<Leak<'m>> = leaks.into_iter().filter(tells).collect();
    let fleeting = fleeting(merged, &leaks);
    let mut taken: BTreeMap<Place<'m>, Vec<Leak<'m>>> = BTreeMap::new();
    let mut lasting = Vec::new();
    for leak in leaks {
        match place(&leak).filter(|place| fleeting.contains(place) && is_single(merged, &leak)) {
            Some(place) => taken.entry(place).or_default().push(leak),
            None => lasting.push(leak),
        }
    }
    (taken.into_iter().collect(), lasting)
}

/// A field without a name in which a number has some form, and who got it.
type Unnamed<'m> = (Receiver<'m>, Carrier, &'m str);

/// Fields without a name of whose many values hardly any has a form: of random numbers one in a few thousand does.
fn by_chance<'m>(merged: &'m Merged, leaks: &[Leak<'m>]) -> BTreeSet<Unnamed<'m>> {
    let mut counts: BTreeMap<Unnamed<'m>, (u64, u64)> = BTreeMap::new();
    leaks.iter().filter_map(unnamed).for_each(|place| counts.entry(place).or_default().0 += 1);
    for entry in merged.book.entries.values() {
        let whom = entry.endpoints.first().and_then(|one| merged.destinations.get(one.0 as usize));
        let Some(whom) = whom.map(receiver) else { continue };
        for field in entry.series.fields.values() {
            if let Some((_, different)) = counts.get_mut(&(whom, field.carrier, field.path.as_str())) {
                *different += field.different.len() as u64;
            }
        }
    }
    counts.retain(|_, (formed, different)| *different >= MANY && formed.saturating_mul(10) < *different);
    counts.into_keys().collect()
}

/// Where a leak stood that only its form tells.
fn unnamed<'m>(leak: &Leak<'m>) -> Option<Unnamed<'m>> {
    let (_, group) = leak.groups.first()?;
    let path = group.key.field.as_str();
    let name = path.rsplit('.').next().unwrap_or_default();
    let says_nothing = !path.is_empty() && (name == "[]" || name.chars().nth(1).is_none());
    let formed = leak.grade() == Grade::Shaped && says_nothing;
    formed.then_some((leak.receiver, group.key.carrier, path))
}

/// The fields of which most messages have a value that no other message has.
fn fleeting<'m>(merged: &Merged, leaks: &[Leak<'m>]) -> BTreeSet<Place<'m>> {
    let mut fields: BTreeMap<Place<'m>, (u64, BTreeSet<Timestamp>, u64)> = BTreeMap::new();
    for leak in leaks {
        let Some(place) = place(leak) else { continue };
        let (single, times, messages) = fields.entry(place).or_default();
        if is_single(merged, leak) {
            *single += 1;
            times.extend(leak.groups.first().map(|(_, group)| group.first));
        }
        *messages += messages_of(merged, leak);
    }
    let new = fields.into_iter().filter(|(_, (single, times, messages))| {
        // Many values of one message are a list.
        *single >= FEWEST && times.len() as u64 * 10 >= single * 9 && single * 2 >= *messages
    });
    new.map(|(place, _)| place).collect()
}

/// Where a value stood that may be a random one: in one field, and known by the field's name and a form only.
fn place<'m>(leak: &Leak<'m>) -> Option<Place<'m>> {
    let (_, group) = leak.groups.first()?;
    let key = &group.key;
    let alike = leak
        .groups
        .iter()
        .all(|(_, other)| (other.key.carrier, &other.key.field) == (key.carrier, &key.field));
    let told = alike && !key.field.is_empty() && leak.grade() == Grade::Shaped && RANDOM.contains(&leak.kind);
    told.then_some(Place {
        kind: leak.kind,
        receiver: leak.receiver,
        foreign: leak.foreign,
        device: &key.device,
        app: &key.app,
        carrier: key.carrier,
        field: &key.field,
    })
}

fn is_single(merged: &Merged, leak: &Leak<'_>) -> bool {
    messages_of(merged, leak) == 1
}

fn messages_of(merged: &Merged, leak: &Leak<'_>) -> u64 {
    message_count(merged, std::slice::from_ref(leak)).unwrap_or_else(|| leak.count())
}

/// Fields that were opened and held values of the profile, by receiver, and the messages in which they did.
type OpenedFields<'m> = BTreeMap<(Receiver<'m>, Carrier, &'m str), BTreeSet<ExchangeId>>;

fn opened<'m>(merged: &'m Merged, leaks: &[Leak<'m>]) -> OpenedFields<'m> {
    let opened = merged.unmasked.fields.iter().filter(|(_, judged)| judged.is_opened());
    let fields: BTreeSet<(Carrier, &str)> =
        opened.map(|((_, (carrier, field)), _)| (*carrier, field.as_str())).collect();
    let mut held = OpenedFields::new();
    for leak in leaks.iter().filter(|leak| leak.grade() > Grade::Shaped) {
        for (index, group) in &leak.groups {
            let (carrier, field) = (group.key.carrier, group.key.field.as_str());
            if fields.contains(&(carrier, field)) {
                held.entry((leak.receiver, carrier, field)).or_default().extend(messages(merged, *index));
            }
        }
    }
    held
}

/// Whether a shape is what a value of the profile was hidden in.
fn is_opened(merged: &Merged, leak: &Leak<'_>, opened: &OpenedFields<'_>) -> bool {
    leak.grade() == Grade::Shaped
        && leak.groups.iter().all(|(index, group)| {
            let held = opened.get(&(leak.receiver, group.key.carrier, group.key.field.as_str()));
            let mut messages = messages(merged, *index).peekable();
            messages.peek().is_some()
                && held.is_some_and(|held| messages.all(|message| held.contains(&message)))
        })
}

fn messages(merged: &Merged, group: u32) -> impl Iterator<Item = ExchangeId> {
    let times = usize::try_from(group).ok().and_then(|group| merged.times.get(group));
    times.and_then(|times| times.messages()).into_iter().flatten()
}

/// From how many different values on chance is thought of.
const MANY: u64 = 20;
/// From how many messages on a field's values are known to be new each time.
const FEWEST: u64 = 4;
/// Kinds that may be any number or any characters: of others the form tells more than the name of the field.
const RANDOM: [IdentifierKind; 7] = {
    use IdentifierKind as Kind;
    [
        Kind::Account,
        Kind::AdvertisingId,
        Kind::AndroidId,
        Kind::DeviceId,
        Kind::InstallId,
        Kind::PushToken,
        Kind::Serial,
    ]
};
