//! A finding as conditions see it: every field that the [schema](crate::schema) names, whatever kind it is of.

use std::collections::BTreeMap;

use evidence::{
    Behaviour, Case, Content, Destination, Direction, Finding, FindingKind, Grade, IdentifierKind, Security,
    SightingKey, Subject,
};

use super::Reached;
use crate::{about::is_attributed, node::Node};

pub(super) fn one_finding(role: &str, case: &Case, finding: &Finding, reached: &Reached) -> Node {
    let mut fields = BTreeMap::new();
    put(&mut fields, nothing());
    put(&mut fields, always(role, finding));
    let destinations: Vec<_> =
        finding.endpoints.iter().filter_map(|id| reached.destinations.get(id).copied()).collect();
    put(&mut fields, receivers(&destinations));
    let sightings: Vec<_> =
        finding.sightings.iter().filter_map(|at| case.sightings.get(usize::try_from(*at).ok()?)).collect();
    let keys: Vec<_> = sightings.iter().map(|group| &group.key).collect();
    put(&mut fields, places(&keys, &destinations));
    let told = finding.endpoints.iter().filter_map(|id| reached.senders.get(id)).flatten();
    let is_known = |one: &&Destination| is_attributed(one, reached.senders_of(one.id));
    put(
        &mut fields,
        [("apps_known", Node::Bool(!destinations.is_empty() && destinations.iter().all(is_known)))],
    );
    let apps = keys
        .iter()
        .map(|key| key.app.as_str())
        .chain(told.flat_map(|one| one.packages.iter().map(String::as_str)));
    let writers = number(&finding.kind).into_iter().flat_map(|number| {
        let written = case.phone.messages.iter().filter(move |message| message.number == number);
        written.map(|message| message.package.as_str())
    });
    put(&mut fields, [("apps", Node::texts(apps.chain(writers)))]);
    special(&mut fields, &finding.kind);
    Node::Map(fields)
}

/// The number that a finding in messages is about: who wrote messages to it, wrote these.
fn number(kind: &FindingKind) -> Option<&str> {
    match kind {
        FindingKind::HiddenMessage { number, .. } | FindingKind::IdentifierInMessage { number, .. } => {
            Some(number).filter(|number| !number.is_empty()).map(String::as_str)
        }
        FindingKind::Behaviour(behaviour) => behaviour.number(),
        _ => None,
    }
}

fn put<const N: usize>(fields: &mut BTreeMap<String, Node>, more: [(&str, Node); N]) {
    fields.extend(more.into_iter().map(|(name, node)| (name.to_owned(), node)));
}

fn always(role: &str, finding: &Finding) -> [(&'static str, Node); 13] {
    let span = finding.last.since(finding.first).max(0) / 1_000_000_000;
    [
        ("case", Node::text(role)),
        ("id", Node::text(&finding.id.0)),
        ("severity", Node::text(finding.severity.id())),
        ("level", Node::Int(finding.severity as i64)),
        ("title", Node::text(&finding.title)),
        ("detector", Node::text(&finding.detector)),
        ("count", Node::count(finding.count)),
        ("first", Node::Int(finding.first.seconds())),
        ("last", Node::Int(finding.last.seconds())),
        ("first_time", Node::text(&finding.first.to_string())),
        ("last_time", Node::text(&finding.last.to_string())),
        ("span_s", Node::Int(span)),
        ("ground", Node::text(ground(&finding.kind))),
    ]
}

/// What a finding was seen in. Never merged: what stands in a log was not sent by that.
fn ground(kind: &FindingKind) -> &'static str {
    match kind {
        FindingKind::Behaviour(behaviour) if behaviour.number().is_some() => "message",
        FindingKind::Behaviour(_)
        | FindingKind::BulkData { .. }
        | FindingKind::IdentifierSent { .. }
        | FindingKind::PackageArrived { .. }
        | FindingKind::Protection { .. } => "wire",
        FindingKind::HiddenMessage { .. }
        | FindingKind::IdentifierInMessage { .. }
        | FindingKind::IdentifierReceived { .. } => "message",
        FindingKind::Logged { .. } => "log",
    }
}

fn receivers(destinations: &[&Destination]) -> [(&'static str, Node); 9] {
    let owners = || destinations.iter().filter_map(|one| one.owner.as_ref());
    let located = |one: &&Destination| one.network.located.as_ref().map(|country| country.code.clone());
    let countries: Vec<_> = destinations.iter().filter_map(located).collect();
    let plain: Vec<_> =
        destinations.iter().filter(|one| one.network.edge.is_empty()).filter_map(located).collect();
    let is_public = |one: &&&Destination| one.network.scope == "public";
    [
        ("hosts", Node::texts(destinations.iter().map(|one| name(one)))),
        ("domains", Node::texts(destinations.iter().map(|one| one.domain.as_str()))),
        ("owners", Node::texts(owners().flat_map(|owner| [owner.operator.as_str(), owner.group.as_str()]))),
        ("owner_countries", Node::texts(owners().map(|owner| owner.country.as_str()))),
        ("countries", Node::texts(countries.iter().map(String::as_str))),
        ("plain_countries", Node::texts(plain.iter().map(String::as_str))),
        ("edges", Node::texts(destinations.iter().map(|one| one.network.edge.as_str()))),
        ("holders", Node::texts(destinations.iter().map(|one| one.network.holder.as_str()))),
        ("local", Node::Bool(!destinations.is_empty() && destinations.iter().filter(is_public).count() == 0)),
    ]
}

fn name(destination: &Destination) -> &str {
    match destination.endpoint.host.as_str() {
        "" => &destination.endpoint.address,
        host => host,
    }
}

fn places(keys: &[&SightingKey], destinations: &[&Destination]) -> [(&'static str, Node); 6] {
    // Without sightings, the channels of the receivers say who could read it.
    let channels = destinations.iter().flat_map(|one| &one.channels).map(|(channel, _)| {
        match channel.protocol.as_str() {
            "none" => "clear",
            _ => "encrypted",
        }
    });
    let security: Vec<_> = match keys {
        [] => channels.collect(),
        keys => keys.iter().map(|key| security(key.security)).collect(),
    };
    let hashed = !keys.is_empty() && keys.iter().all(|key| key.grade == Grade::Derived);
    [
        ("security", Node::texts(security)),
        ("encodings", Node::texts(keys.iter().flat_map(|key| key.encodings.iter().map(String::as_str)))),
        ("carriers", Node::texts(keys.iter().map(|key| carrier(key)))),
        ("fields", Node::texts(keys.iter().map(|key| key.field.as_str()))),
        ("labels", Node::texts(keys.iter().map(|key| key.label.as_str()))),
        ("hashed", Node::Bool(hashed)),
    ]
}

fn security(security: Security) -> &'static str {
    match security {
        Security::Clear => "clear",
        Security::Encrypted => "encrypted",
    }
}

fn carrier(key: &SightingKey) -> &'static str {
    use evidence::Carrier;
    match key.carrier {
        Carrier::Body => "body",
        Carrier::Cookie => "cookie",
        Carrier::Header => "header",
        Carrier::HostName => "host_name",
        Carrier::Path => "path",
        Carrier::Query => "query",
        Carrier::Raw => "raw",
    }
}

pub(super) fn direction(direction: Direction) -> Node {
    Node::text(match direction {
        Direction::In => "in",
        Direction::Out => "out",
    })
}

/// What only some kinds of findings have.
fn special(fields: &mut BTreeMap<String, Node>, kind: &FindingKind) {
    match kind {
        FindingKind::Behaviour(behaviour) => {
            put(fields, [("kind", Node::text("behaviour")), ("behaviour", Node::text(behaviour.id()))]);
            special_behaviour(fields, behaviour);
        }
        FindingKind::BulkData { identifier, seen, planted } => {
            what(fields, "bulk_data", *identifier);
            put(fields, [("seen", Node::count(*seen)), ("planted", Node::count(*planted))]);
        }
        FindingKind::HiddenMessage { number, direction: way, verdict } => put(
            fields,
            [
                ("kind", Node::text("hidden_message")),
                ("number", Node::text(number)),
                ("direction", direction(*way)),
                ("verdict", Node::text(verdict)),
            ],
        ),
        FindingKind::IdentifierInMessage { identifier, value, grade, forms, number } => {
            what(fields, "identifier_in_message", *identifier);
            value_of(fields, value, *grade, forms);
            put(fields, [("number", Node::text(number))]);
        }
        FindingKind::IdentifierReceived { identifier, value, grade, forms, number } => {
            what(fields, "identifier_received", *identifier);
            value_of(fields, value, *grade, forms);
            put(fields, [("number", Node::text(number))]);
        }
        FindingKind::IdentifierSent { identifier, value, grade, forms, .. } => {
            what(fields, "identifier_sent", *identifier);
            value_of(fields, value, *grade, forms);
        }
        FindingKind::Logged { identifier, value, grade, forms, tags } => {
            what(fields, "logged", *identifier);
            value_of(fields, value, *grade, forms);
            put(fields, [("names", Node::texts(tags.iter().map(String::as_str)))]);
        }
        FindingKind::PackageArrived { package, security: way, .. } => put(
            fields,
            [
                ("kind", Node::text("package_arrived")),
                ("package", Node::text(package)),
                ("security", Node::texts([security(*way)])),
            ],
        ),
        FindingKind::Protection { fault, protection } => {
            let encodings = match &protection.content {
                Content::Encoded(encodings) => encodings.as_slice(),
                Content::Readable | Content::Unreadable => &[],
            };
            put(
                fields,
                [
                    ("kind", Node::text("protection")),
                    ("fault", Node::text(fault.id())),
                    ("label", Node::text(&protection.label)),
                    ("security", Node::texts([security(protection.security)])),
                    ("encodings", Node::texts(encodings.iter().map(String::as_str))),
                ],
            );
        }
    }
}

fn what(fields: &mut BTreeMap<String, Node>, kind: &str, identifier: IdentifierKind) {
    put(fields, [("kind", Node::text(kind))]);
    identified(fields, identifier);
}

fn identified(fields: &mut BTreeMap<String, Node>, identifier: IdentifierKind) {
    let subject = match identifier.subject() {
        Subject::Device => "device",
        Subject::Owner => "owner",
        Subject::ThirdPerson => "third_person",
    };
    put(
        fields,
        [
            ("identifier", Node::text(identifier.id())),
            ("subject", Node::text(subject)),
            ("persistent", Node::Bool(identifier.persistent())),
        ],
    );
}

fn value_of(fields: &mut BTreeMap<String, Node>, value: &str, grade: Grade, forms: &[evidence::Form]) {
    let grade = match grade {
        Grade::Derived => "derived",
        Grade::Known => "known",
        Grade::Shaped => "shaped",
    };
    put(
        fields,
        [
            ("value", Node::text(value)),
            ("grade", Node::text(grade)),
            ("forms", Node::texts(forms.iter().map(|form| form.0.as_str()))),
        ],
    );
}

fn special_behaviour(fields: &mut BTreeMap<String, Node>, behaviour: &Behaviour) {
    let count = |count: &u64| Node::count(*count);
    match behaviour {
        Behaviour::Acceptance {
            request,
            sent,
            delivered,
            undelivered,
            answered,
            accepted,
            refused,
            statuses,
            results,
        } => {
            let good = statuses.iter().filter(|(status, _)| (200..300).contains(status));
            let succeeded = good.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            put(
                fields,
                [
                    ("request", Node::text(request)),
                    ("sent", count(sent)),
                    ("delivered", count(delivered)),
                    ("undelivered", count(undelivered)),
                    ("answered", count(answered)),
                    ("agreed", count(accepted)),
                    ("refused", count(refused)),
                    ("succeeded", Node::count(succeeded)),
                    (
                        "names",
                        Node::List(
                            results
                                .iter()
                                .map(|(name, value, _)| Node::text(&format!("{name}={value}")))
                                .collect(),
                        ),
                    ),
                ],
            );
        }
        Behaviour::ForeignResolver { resolver, .. } => {
            put(fields, [("hosts", Node::texts([resolver.as_str()]))]);
        }
        Behaviour::UnresolvedName { name, outcome } => {
            put(fields, [("hosts", Node::texts([name.as_str()])), ("rule", Node::text(outcome))]);
        }
        Behaviour::KeywordList { request, entries, fetched, versions, apps, sample, .. } => put(
            fields,
            [
                ("request", Node::text(request)),
                ("most", count(entries)),
                ("occurrences", count(fetched)),
                ("versions", count(versions)),
                ("apps", Node::texts(apps.iter().map(String::as_str))),
                ("names", Node::texts(sample.iter().map(String::as_str))),
            ],
        ),
        Behaviour::LastingId { field, value, messages, span_s, outlived, same_as, joined } => put(
            fields,
            [
                ("fields", Node::texts([field.as_str()])),
                ("value", Node::text(value)),
                ("occurrences", count(messages)),
                ("span_s", count(span_s)),
                (
                    "outlived",
                    Node::counts(outlived.iter().map(|(kind, count)| (kind.replace('-', "_"), *count))),
                ),
                ("names", Node::texts(same_as.iter().map(String::as_str))),
                ("joined", Node::texts(joined.iter().map(|kind| kind.id()))),
            ],
        ),
        Behaviour::SharedId { value, receivers } => put(
            fields,
            [("value", Node::text(value)), ("names", Node::texts(receivers.iter().map(String::as_str)))],
        ),
        Behaviour::Opaque { request, field, messages, different, class, revealed, .. } => put(
            fields,
            [
                ("request", Node::text(request)),
                ("fields", Node::texts([field.as_str()])),
                ("occurrences", count(messages)),
                ("versions", count(different)),
                ("rule", Node::text(class)),
                ("revealed", Node::Bool(*revealed)),
            ],
        ),
        Behaviour::Parameters { request, names, messages } => put(
            fields,
            [
                ("request", Node::text(request)),
                ("names", Node::texts(names.iter().map(String::as_str))),
                ("occurrences", count(messages)),
            ],
        ),
        Behaviour::RemoteSwitch { request, switches } => put(
            fields,
            [
                ("request", Node::text(request)),
                ("names", Node::texts(switches.iter().map(|(name, _)| name.as_str()))),
            ],
        ),
        Behaviour::Retries { request, most, accepted, .. } => put(
            fields,
            [("request", Node::text(request)), ("most", count(most)), ("accepted", Node::Bool(*accepted))],
        ),
        Behaviour::Rhythm { request, rule, interval_s, occurrences, confidence, number, .. } => put(
            fields,
            [
                ("number", Node::text(number)),
                ("request", Node::text(request)),
                ("rule", Node::text(rule)),
                ("interval_s", count(interval_s)),
                ("occurrences", count(occurrences)),
                ("confidence", Node::Int(i64::from(*confidence))),
            ],
        ),
        Behaviour::Spread { owner, countries, holders } => put(
            fields,
            [
                ("owners", Node::texts([owner.as_str()])),
                ("countries", Node::texts(countries.iter().map(|(code, _)| code.as_str()))),
                ("holders", Node::texts(holders.iter().map(String::as_str))),
            ],
        ),
        Behaviour::Stage { stage, identifier, within, outside } => {
            identified(fields, *identifier);
            put(
                fields,
                [("stage", Node::text(stage)), ("within", count(within)), ("outside", count(outside))],
            );
        }
        Behaviour::Trigger { request, mark, marks, followed, lag_ms, chance_ppm, beside, number, .. } => put(
            fields,
            [
                ("number", Node::text(number)),
                ("beside", Node::texts(beside.iter().map(String::as_str))),
                ("request", Node::text(request)),
                ("mark", Node::text(mark)),
                ("marks", count(marks)),
                ("followed", count(followed)),
                ("lag_ms", count(lag_ms)),
                ("chance_ppm", count(chance_ppm)),
            ],
        ),
        Behaviour::NoProcess { direction: way, flows } => {
            put(fields, [("direction", direction(*way)), ("occurrences", count(flows))]);
        }
    }
}

/// The fields that only some kinds of findings have, empty.
fn nothing() -> [(&'static str, Node); 44] {
    let (none, text, zero, no) = (Node::List(vec![]), Node::text(""), Node::Int(0), Node::Bool(false));
    [
        ("apps_known", no.clone()),
        ("behaviour", text.clone()),
        ("identifier", text.clone()),
        ("subject", text.clone()),
        ("persistent", no.clone()),
        ("value", text.clone()),
        ("grade", text.clone()),
        ("forms", none.clone()),
        ("fault", text.clone()),
        ("label", text.clone()),
        ("number", text.clone()),
        ("direction", text.clone()),
        ("verdict", text.clone()),
        ("package", text.clone()),
        ("seen", zero.clone()),
        ("planted", zero.clone()),
        ("request", text.clone()),
        ("names", none.clone()),
        ("sent", zero.clone()),
        ("delivered", zero.clone()),
        ("undelivered", zero.clone()),
        ("answered", zero.clone()),
        ("agreed", zero.clone()),
        ("refused", zero.clone()),
        ("succeeded", zero.clone()),
        ("rule", text.clone()),
        ("interval_s", zero.clone()),
        ("occurrences", zero.clone()),
        ("confidence", zero.clone()),
        ("most", zero.clone()),
        ("accepted", no.clone()),
        ("stage", text.clone()),
        ("within", zero.clone()),
        ("outside", zero.clone()),
        ("mark", text),
        ("beside", none.clone()),
        ("marks", zero.clone()),
        ("followed", zero.clone()),
        ("lag_ms", zero.clone()),
        ("chance_ppm", zero.clone()),
        ("versions", zero),
        ("revealed", no),
        ("joined", none),
        ("outlived", Node::Map(BTreeMap::new())),
    ]
}
