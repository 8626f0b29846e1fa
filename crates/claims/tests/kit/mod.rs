//! Cases made by hand, small enough to be read.
#![allow(dead_code, reason = "each test uses a part of it")]

use evidence::{
    Behaviour, Capture, CaptureId, Case, Channel, Country, Destination, Endpoint, EndpointId, Fate, Finding,
    FindingId, FindingKind, Form, FrameNo, Grade, Holds, IdentifierKind, Ledger, Mark, Network, Owner, Phone,
    Quote, Reading, Security, Severity, SightingGroup, SightingKey, Timestamp, Totals, Transport,
};

/// A case that begins with nothing but traffic of some hours, all of it readable, and a profile.
pub(crate) struct Made(pub(crate) Case);

impl Made {
    pub(crate) fn new(hours: i64, kinds: &[IdentifierKind]) -> Self {
        let mut coverage = Ledger::default();
        coverage.add(Fate::Framing, "pcapng", 500);
        coverage.add(Fate::Decoded, "HTTP", 1000);
        let capture = Capture {
            id: CaptureId(0),
            name: "phone.pcapng".to_owned(),
            format: "pcapng".to_owned(),
            sha256: String::new(),
            file_bytes: 1500,
            bytes: 1500,
            holds: Holds::Packets,
            frames: 10,
            first: Some(Timestamp::new(START, 0)),
            last: Some(Timestamp::new(START + hours * 3600, 0)),
            notes: vec![],
            damage: None,
        };
        Self(Case {
            format: evidence::CASE_FORMAT.to_owned(),
            program: "test".to_owned(),
            captures: vec![capture],
            problems: vec![],
            profile: (!kinds.is_empty()).then(|| "phone".to_owned()),
            profile_values: kinds.len() as u64,
            profile_kinds: kinds.iter().map(|kind| (*kind, 1)).collect(),
            data: vec![],
            phone: Phone::default(),
            devices: vec![],
            destinations: vec![],
            findings: vec![],
            sightings: vec![],
            fields: vec![],
            fields_dropped: 0,
            anomalies: evidence::AnomalyTally::default(),
            coverage,
            totals: Totals::default(),
        })
    }

    pub(crate) fn mark(mut self, kind: &str, times: usize) -> Self {
        for time in 0..times {
            let quote = Quote {
                capture: CaptureId(0),
                line: FrameNo(1),
                start: 0,
                end: 0,
                text: String::new(),
                decoder: String::new(),
            };
            let time = Timestamp::new(START + time as i64 * 60, 0);
            let mark =
                Mark { time, kind: kind.to_owned(), package: String::new(), detail: String::new(), quote };
            self.0.phone.marks.push(mark);
        }
        self
    }

    pub(crate) fn build(mut self, name: &str, words: &str) -> Self {
        self.0.phone.build.push((name.to_owned(), words.to_owned()));
        self
    }

    /// What was sent to a host that nobody knows, and cannot be read.
    pub(crate) fn unreadable(self, bytes: u64) -> Self {
        self.not_read(Fate::Encrypted, bytes)
    }

    pub(crate) fn not_read(mut self, fate: Fate, bytes: u64) -> Self {
        self.0.coverage.add(fate, "TCP", bytes);
        let mut made = self.to("sealed.example", "", "", "TLS 1.3", "");
        if let Some(last) = made.0.destinations.last_mut() {
            last.reading = match fate {
                Fate::Media => Reading { media: bytes, ..Reading::default() },
                Fate::Encrypted => Reading { closed: bytes, ..Reading::default() },
                _ => Reading { searched: bytes, ..Reading::default() },
            };
        }
        made
    }

    /// A destination; its number is how many there were before.
    pub(crate) fn to(mut self, host: &str, country: &str, edge: &str, channel: &str, owner: &str) -> Self {
        let located =
            (!country.is_empty()).then(|| Country { code: country.to_owned(), source: "test".to_owned() });
        self.0.destinations.push(Destination {
            id: EndpointId(self.0.destinations.len() as u32),
            endpoint: Endpoint {
                host: host.to_owned(),
                address: "203.0.113.9".to_owned(),
                port: 443,
                transport: Transport::Tcp,
            },
            named_by: "sni".to_owned(),
            cname_chain: vec![],
            domain: host.split_once('.').map_or(host, |(_, domain)| domain).to_owned(),
            network: Network {
                scope: "public".to_owned(),
                located,
                edge: edge.to_owned(),
                ..Network::default()
            },
            owner: (!owner.is_empty()).then(|| Owner {
                operator: owner.to_owned(),
                group: String::new(),
                country: String::new(),
                purpose: String::new(),
                reasoning: String::new(),
            }),
            bytes_out: 100,
            bytes_in: 100,
            reading: Reading { understood: 100, ..Reading::default() },
            reading_in: Reading::default(),
            flows: 1,
            channels: vec![(
                Channel {
                    protocol: channel.to_owned(),
                    suite: String::new(),
                    weakness: String::new(),
                    subject: String::new(),
                    issuer: String::new(),
                },
                1,
            )],
            first: Timestamp::new(START, 0),
            last: Timestamp::new(START, 0),
            of_recording: false,
        });
        self
    }

    /// An identifier that left for the last destination, seen twice an hour apart.
    pub(crate) fn sent(self, kind: IdentifierKind, security: Security) -> Self {
        self.sent_as(kind, security, "", 3600)
    }

    pub(crate) fn sent_as(
        mut self,
        kind: IdentifierKind,
        security: Security,
        label: &str,
        span: i64,
    ) -> Self {
        let endpoint = EndpointId((self.0.destinations.len() as u32).saturating_sub(1));
        let key = SightingKey {
            kind,
            value: "1".to_owned(),
            label: label.to_owned(),
            grade: Grade::Known,
            form: Form("digits".to_owned()),
            field: "F".to_owned(),
            encodings: vec!["base64".to_owned()],
            carrier: evidence::Carrier::Body,
            direction: evidence::Direction::Out,
            security,
            endpoint,
            device: String::new(),
            app: "com.vendor.app".to_owned(),
        };
        let (first, last) = (Timestamp::new(START, 0), Timestamp::new(START + span, 0));
        self.0.sightings.push(SightingGroup { key, count: 2, first, last, proofs: vec![] });
        let forms = vec![Form("digits".to_owned())];
        let kind = FindingKind::IdentifierSent {
            identifier: kind,
            value: "1".to_owned(),
            grade: Grade::Known,
            forms,
            hashed: vec![],
            passed_to: String::new(),
        };
        self.found(kind, 3)
    }

    pub(crate) fn shows(self, behaviour: Behaviour) -> Self {
        self.found(FindingKind::Behaviour(behaviour), 2)
    }

    pub(crate) fn found(mut self, kind: FindingKind, level: u8) -> Self {
        let severity = match level {
            0 => Severity::Info,
            1 => Severity::Low,
            2 => Severity::Medium,
            _ => Severity::High,
        };
        let number = self.0.findings.len();
        let title = match &kind {
            FindingKind::IdentifierSent { identifier, .. } => format!("The {} was sent", identifier.words()),
            FindingKind::Behaviour(behaviour) => format!("A behaviour: {}", behaviour.id()),
            _ => "Something was found".to_owned(),
        };
        let span = if self.0.sightings.is_empty() { 0 } else { 3600 };
        let span = self.0.sightings.last().map_or(span, |last| last.last.since(last.first) / 1_000_000_000);
        let is_sent = matches!(kind, FindingKind::IdentifierSent { .. });
        self.0.findings.push(Finding {
            id: FindingId(format!("F-{number:08x}")),
            kind,
            detector: "test".to_owned(),
            version: 1,
            severity,
            title,
            words: String::new(),
            endpoints: self.0.destinations.last().map(|last| last.id).into_iter().collect(),
            count: 2,
            first: Timestamp::new(START, 0),
            last: Timestamp::new(START + span, 0),
            evidence: vec![],
            sightings: if is_sent { vec![self.0.sightings.len() as u32 - 1] } else { vec![] },
        });
        self
    }
}

/// When every capture begins: 2019-02-18 09:00:00 UTC.
pub(crate) const START: i64 = 1_550_480_400;
