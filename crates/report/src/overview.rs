//! Case -> the same case with its references looked up, and the few sentences that every output tells:
//! what left, to whom, who could read it, and what could not be seen.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Behaviour, Case, Destination, Direction, EndpointId, Finding, FindingKind, Form, Grade, IdentifierKind,
    Owner, ProtectionFault, Security, Severity, SightingGroup, SightingKey, Timestamp, prose,
};

use crate::{plain, words, written};

/// A case with its references looked up.
pub(crate) struct Overview<'a> {
    pub(crate) case: &'a Case,
    /// The findings: what left the phone first, then what other devices sent; worst first.
    pub(crate) findings: Vec<Told<'a>>,
    /// The destinations: those that findings name first, then by bytes sent.
    pub(crate) destinations: Vec<Reached<'a>>,
    by_id: BTreeMap<EndpointId, &'a Destination>,
}

/// A finding and what belongs to it.
pub(crate) struct Told<'a> {
    pub(crate) finding: &'a Finding,
    /// The sightings it was made from.
    pub(crate) groups: Vec<&'a SightingGroup>,
    /// Where it went to.
    pub(crate) destinations: Vec<&'a Destination>,
    /// Whether only devices sent it that are known not to be the phone.
    pub(crate) foreign: bool,
}

/// A destination and what it was told.
pub(crate) struct Reached<'a> {
    pub(crate) destination: &'a Destination,
    /// Places in [`Overview::findings`].
    pub(crate) findings: Vec<usize>,
    /// The worst of those that tell of the phone.
    pub(crate) worst: Option<Severity>,
}

/// Who was able to read what a finding tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It travelled in clear text, every time.
    Anyone,
    /// It travelled in clear text, some of the times.
    AnyoneInPart,
    /// It never left, as far as the finding tells: it stands in the phone's own log.
    Nobody,
    /// A text message: the operators on the way.
    Operators,
    /// The transport was encrypted.
    Receiver,
    /// The case does not say.
    Unknown,
    /// The transport was encrypted, and weakly.
    Weakly,
}

impl<'a> Overview<'a> {
    pub(crate) fn of(case: &'a Case) -> Self {
        let by_id: BTreeMap<EndpointId, &Destination> =
            case.destinations.iter().map(|destination| (destination.id, destination)).collect();
        let others = case.devices.iter().filter(|device| device.is_phone == Some(false));
        let others: BTreeSet<&str> = others.map(|device| device.address.as_str()).collect();
        let mut findings: Vec<Told<'a>> =
            case.findings.iter().map(|finding| Told::of(case, (&by_id, &others), finding)).collect();
        findings.sort_by_key(|told| (told.foreign, std::cmp::Reverse(told.finding.severity)));
        let destinations = reached(case, &findings);
        Self { case, findings, destinations, by_id }
    }

    /// The destination with that number.
    pub(crate) fn destination(&self, id: EndpointId) -> Option<&'a Destination> {
        self.by_id.get(&id).copied()
    }

    /// What tells of the phone, and not of another device.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Told<'a>> {
        self.findings.iter().filter(|told| !told.foreign)
    }

    /// How many findings tell of other devices.
    pub(crate) fn foreign(&self) -> u64 {
        self.findings.iter().filter(|told| told.foreign).count() as u64
    }

    /// How many findings of the phone have this severity.
    pub(crate) fn with(&self, severity: Severity) -> usize {
        self.own().filter(|told| told.finding.severity == severity).count()
    }

    /// `2 critical, 5 high`: the severities that occur.
    pub(crate) fn severities(&self) -> String {
        let counts = words::SEVERITIES.iter().map(|severity| (self.with(*severity), severity.id()));
        let present = counts.filter(|(count, _)| *count > 0);
        present.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    }

    /// The destinations that findings on the phone name.
    pub(crate) fn told(&self) -> impl Iterator<Item = &Reached<'a>> {
        self.destinations.iter().filter(|reached| reached.worst.is_some())
    }

    /// The destinations that identifiers went to.
    fn identified(&self) -> impl Iterator<Item = &Reached<'a>> {
        self.told().filter(|reached| {
            let findings = reached.findings.iter().filter_map(|place| self.findings.get(*place));
            findings.into_iter().any(|told| told.identifier().is_some() && !told.foreign)
        })
    }

    /// The verdict in one sentence.
    pub(crate) fn headline(&self) -> String {
        if self.case.is_blank() && !self.case.problems.is_empty() && self.findings.is_empty() {
            return "No input could be read: that says nothing about the phone.".to_owned();
        }
        if self.nothing_identifying() {
            let what = match self.case.has_traffic() || self.case.is_blank() {
                true => "Nothing identifying was found in what could be read.",
                false => "Nothing identifying was found in the phone’s own files.",
            };
            return format!("{what}{}", self.besides());
        }
        let (local, public): (Vec<_>, Vec<_>) =
            self.identified().partition(|reached| local(reached.destination));
        let mut places = Vec::new();
        if !public.is_empty() {
            places.push(words::counted(hosts(public.into_iter()), "host"));
        }
        if local.iter().any(|reached| self.stays(reached)) {
            places.push("the local network".to_owned());
        }
        let passed: BTreeSet<String> =
            self.own().filter_map(|told| Some(plain::fitted(told.passed_to()?, 40))).collect();
        match passed.first() {
            Some(only) if passed.len() == 1 => places.push(format!("the name servers of {only}")),
            Some(_) => places.push(format!("the name servers of {} domains", passed.len())),
            None => {}
        }
        if let numbers @ 1.. = self.numbers() {
            let numbers = words::counted(numbers, "number");
            places.push(format!("{numbers} by text message"));
        }
        let what = self.values();
        match (places.is_empty(), self.all_received()) {
            (true, _) => format!("{what} seen in this traffic."),
            (false, true) => format!("{what} came from {}.", prose::list(&places)),
            (false, false) => format!("{what} left {} for {}.", self.whom(), prose::list(&places)),
        }
    }

    /// Whether some identifier stays at a destination, and is not passed on by a resolver.
    fn stays(&self, reached: &Reached<'_>) -> bool {
        let mut findings = reached.findings.iter().filter_map(|place| self.findings.get(*place));
        findings.any(|told| told.identifier().is_some() && !told.foreign && told.passed_to().is_none())
    }

    /// `this phone`; where nobody knows which of the devices it is, all of them.
    fn whom(&self) -> String {
        match self.candidates() {
            0 => "this phone".to_owned(),
            count => format!("the {} devices of this traffic", words::number(count)),
        }
    }

    /// How many devices may be the phone, where nothing tells which of them it is; 0 where it is known.
    fn candidates(&self) -> u64 {
        let devices = &self.case.devices;
        let v4 = devices.iter().filter(|device| device.address.contains('.') && device.address != "0.0.0.0");
        match v4.count() as u64 {
            several @ 2.. if devices.iter().all(|device| device.is_phone.is_none()) => several,
            _ => 0,
        }
    }

    /// Whether nothing of what was found identifies anybody and left.
    fn nothing_identifying(&self) -> bool {
        self.own().all(|told| told.identifier().is_none() || !told.left())
    }

    /// What was found besides identifiers that left.
    fn besides(&self) -> String {
        let count =
            |is: fn(&FindingKind) -> bool| self.own().filter(|told| is(&told.finding.kind)).count() as u64;
        let hidden = count(|kind| matches!(kind, FindingKind::HiddenMessage { .. }));
        let logged = count(|kind| matches!(kind, FindingKind::Logged { .. }));
        let received = count(|kind| matches!(kind, FindingKind::IdentifierReceived { .. }));
        let protection = count(|kind| matches!(kind, FindingKind::Protection { .. }));
        let arrived = count(|kind| matches!(kind, FindingKind::PackageArrived { .. }));
        let behaviour = count(|kind| matches!(kind, FindingKind::Behaviour(_)));
        let told = [
            ("Text messages that the phone does not show gave", hidden),
            ("How it was protected gave", protection),
            ("The phone’s own log gave", logged),
            ("Values in text messages that came in gave", received),
            ("Apps that came in gave", arrived),
            ("How it was sent over time gave", behaviour),
            ("What other devices sent gave", self.foreign()),
        ];
        let told = told.iter().filter(|(_, count)| *count > 0);
        let told = told.map(|(what, count)| format!(" {what} {}.", words::counted(*count, "finding")));
        let listed = match self.messages() {
            0 => String::new(),
            count => format!(" {} told of there.", words::counted_are(count, "text message")),
        };
        told.chain([listed]).collect()
    }

    /// How many text messages the phone's files, bills and radio tell of.
    pub(crate) fn messages(&self) -> u64 {
        let phone = &self.case.phone;
        (phone.messages.len() as u64).saturating_add(phone.messages_dropped)
    }

    /// How many telephone numbers were sent identifiers by text message.
    fn numbers(&self) -> u64 {
        let numbers = self.findings.iter().filter_map(|told| match &told.finding.kind {
            FindingKind::IdentifierInMessage { number, .. } => Some(number),
            _ => None,
        });
        numbers.collect::<BTreeSet<_>>().len() as u64
    }

    /// What weighs most, who could read it, and where the destinations are: the sentences after the headline.
    /// Countries are written as `named` writes their code.
    pub(crate) fn second_line(&self, named: &dyn Fn(&str) -> String) -> String {
        if self.nothing_identifying() {
            return self.search_words();
        }
        let which = match self.candidates() {
            0 => "",
            _ => {
                " Nothing says which device is the phone; name its addresses in the profile to tell it from the others."
            }
        };
        let others = match self.foreign() {
            0 => String::new(),
            count => {
                format!(" What other devices sent gave {}, told apart.", words::counted(count, "finding"))
            }
        };
        format!("{}{}{which}{others}", self.worst(), self.openness(named))
    }

    /// `Among them: device number (IMEI) and SIM card number (ICCID). `, where something weighs. Whatever a finding
    /// says of it, what left is the identifier.
    fn worst(&self) -> String {
        let mut kinds: Vec<String> = Vec::new();
        let weighs = |told: &&Told| told.finding.severity >= Severity::High && told.left();
        for identifier in self.own().filter(weighs).filter_map(Told::identifier) {
            let kind = identifier.words().to_owned();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let more = kinds.len().saturating_sub(MOST_KINDS);
        kinds.truncate(MOST_KINDS);
        match (kinds.is_empty(), more) {
            (true, _) => String::new(),
            (false, 0) => format!("Among them: {}. ", prose::list(&kinds)),
            (false, more) => {
                format!("Among them: {} and {}. ", kinds.join(", "), words::counted(more as u64, "more kind"))
            }
        }
    }

    fn openness(&self, named: &dyn Fn(&str) -> String) -> String {
        let clear = self.clear();
        let left = self.left();
        let mut line = match clear {
            0 if left == 0 && self.own().any(|told| told.is_near()) => {
                "It was readable by anyone on the local network, and was not seen to leave that".to_owned()
            }
            0 if self.operators() > 0 => "What went by text message was readable by the operators".to_owned(),
            0 => "None of it was seen in clear text".to_owned(),
            all if all == left => "All of it was readable by anyone on the way".to_owned(),
            1 => format!("1 of {left} findings was readable by anyone on the way"),
            some => format!("{some} of {left} findings were readable by anyone on the way"),
        };
        if let Some(countries) = self.countries(named) {
            line.push_str("; the addresses are thought to be in ");
            line.push_str(&countries);
        }
        line.push('.');
        line
    }

    /// What was searched for.
    pub(crate) fn search_words(&self) -> String {
        match &self.case.profile {
            Some(_) => format!(
                "The search was for {} of the profile in all their written, packed and hashed forms, and for what has the shape of an identifier.",
                words::counted(self.case.profile_values, "value")
            ),
            None => "The audit ran without a profile: it looked for what has the shape of an identifier, and could not recognise a value without such a shape.".to_owned(),
        }
    }

    /// Findings that tell of something that left the local network, of those that say who could read it.
    pub(crate) fn left(&self) -> usize {
        let counts = |told: &&Told| told.left() && told.reader() != Reader::Unknown && !told.is_near();
        self.own().filter(counts).count()
    }

    /// Findings that travelled in clear text at least once.
    pub(crate) fn clear(&self) -> usize {
        let open = |told: &&Told| matches!(told.reader(), Reader::Anyone | Reader::AnyoneInPart);
        self.own().filter(open).filter(|told| !told.is_near()).count()
    }

    /// Findings of what went by text message.
    fn operators(&self) -> usize {
        let by_operators = |told: &&Told| told.left() && told.reader() == Reader::Operators;
        self.findings.iter().filter(by_operators).count()
    }

    /// When the captures were recorded. A phone's files may reach back for years; they count where there is no
    /// traffic.
    pub(crate) fn recorded(&self) -> Vec<(Timestamp, Timestamp)> {
        let of = |traffic: bool| {
            let captures = self.case.captures.iter().filter(move |one| one.holds.is_traffic() == traffic);
            captures.filter_map(|capture| capture.first.zip(capture.last)).collect()
        };
        let recorded: Vec<_> = of(true);
        if recorded.is_empty() { of(false) } else { recorded }
    }

    /// From the first to the last moment that the captures, or else the findings, tell of.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let captures = self.recorded().into_iter();
        let timed = self.findings.iter().filter(|told| told.finding.first != Timestamp::default());
        let findings = timed.map(|told| (told.finding.first, told.finding.last));
        let whole = |(first, last): (Timestamp, Timestamp), (a, b)| (first.min(a), last.max(b));
        captures.reduce(whole).or_else(|| findings.reduce(whole))
    }

    /// `7 identifying values and 2 that look identifying`: what has only the shape of an identifier is never
    /// counted as if it were known.
    fn values(&self) -> String {
        let mut values: BTreeMap<(IdentifierKind, &str), bool> = BTreeMap::new();
        for told in self.own() {
            let Some(identifier) = told.identifier().filter(|_| told.left()) else { continue };
            let sure = told.grade() != Some(Grade::Shaped);
            let several = told.values();
            let none = if several.is_empty() { Some("") } else { None };
            for value in several.into_iter().chain(none) {
                *values.entry((identifier, value)).or_default() |= sure;
            }
        }
        let sure = values.values().filter(|sure| **sure).count() as u64;
        let shaped = values.len() as u64 - sure;
        let told = self.own().filter(|told| told.identifier().is_some() && told.left());
        if told.map(|told| told.finding.severity).max() == Some(Severity::Info) {
            let counted = words::counted(values.len() as u64, "value");
            return format!(
                "{counted} that hardly {} anybody",
                if values.len() == 1 { "identifies" } else { "identify" }
            );
        }
        match (sure, shaped) {
            (_, 0) => words::counted(sure, "identifying value"),
            (0, 1) => "1 value that looks identifying".to_owned(),
            (0, _) => format!("{} that look identifying", words::counted(shaped, "value")),
            (_, 1) => format!("{} and 1 that looks identifying", words::counted(sure, "identifying value")),
            _ => format!("{} and {shaped} that look identifying", words::counted(sure, "identifying value")),
        }
    }

    fn all_received(&self) -> bool {
        self.own().all(Told::received)
    }

    /// `CN and FI`, with how many have no known country.
    fn countries(&self, named: &dyn Fn(&str) -> String) -> Option<String> {
        let public: Vec<_> = self.identified().filter(|reached| !local(reached.destination)).collect();
        let located = |reached: &&Reached| {
            reached.destination.network.located.as_ref().map(|country| country.code.clone())
        };
        let codes: BTreeSet<String> =
            public.iter().copied().filter_map(|reached| located(&reached)).collect();
        let unknown = public.iter().filter(|reached| located(reached).is_none()).count();
        let mut names: Vec<String> = codes.iter().map(|code| named(code)).collect();
        if names.is_empty() {
            return None;
        }
        if unknown > 0 {
            names.push(format!("{unknown} of unknown country"));
        }
        let edges = public.iter().filter(|reached| !reached.destination.network.edge.is_empty()).count();
        let of = match (edges, public.len()) {
            (1, 1) => String::new(),
            (edges, all) if edges == all => format!("for all {}, ", words::counted(all as u64, "address")),
            (edges, all) => format!(
                "for {} of the {}, ",
                words::number(edges as u64),
                words::counted(all as u64, "address")
            ),
        };
        let but = match edges {
            0 => String::new(),
            _ => format!(" ({of}that is only the nearest of the places from which a network answers)"),
        };
        Some(format!("{}{but}", prose::list(&names)))
    }
}

impl<'a> Told<'a> {
    fn of(
        case: &'a Case,
        (by_id, others): (&BTreeMap<EndpointId, &'a Destination>, &BTreeSet<&str>),
        finding: &'a Finding,
    ) -> Self {
        let group = |place: &u32| case.sightings.get(usize::try_from(*place).ok()?);
        let groups: Vec<&SightingGroup> = finding.sightings.iter().filter_map(group).collect();
        let is_other = |group: &&SightingGroup| others.contains(group.key.device.as_str());
        Self {
            finding,
            foreign: !groups.is_empty() && groups.iter().all(is_other),
            groups,
            destinations: finding.endpoints.iter().filter_map(|id| by_id.get(id).copied()).collect(),
        }
    }

    /// The name of the finding's kind in files.
    pub(crate) fn kind(&self) -> &'static str {
        match self.finding.kind {
            FindingKind::Behaviour(_) => "behaviour",
            FindingKind::BulkData { .. } => "bulk_data",
            FindingKind::HiddenMessage { .. } => "hidden_message",
            FindingKind::IdentifierInMessage { .. } => "identifier_in_message",
            FindingKind::IdentifierReceived { .. } => "identifier_received",
            FindingKind::IdentifierSent { .. } => "identifier_sent",
            FindingKind::Logged { .. } => "logged",
            FindingKind::PackageArrived { .. } => "package_arrived",
            FindingKind::Protection { .. } => "protection",
        }
    }

    /// The identifier, where it is about one.
    pub(crate) fn identifier(&self) -> Option<IdentifierKind> {
        match &self.finding.kind {
            FindingKind::BulkData { identifier, .. }
            | FindingKind::IdentifierInMessage { identifier, .. }
            | FindingKind::IdentifierReceived { identifier, .. }
            | FindingKind::IdentifierSent { identifier, .. }
            | FindingKind::Logged { identifier, .. } => Some(*identifier),
            FindingKind::Behaviour(Behaviour::Stage { identifier, .. }) => Some(*identifier),
            FindingKind::Behaviour(_)
            | FindingKind::HiddenMessage { .. }
            | FindingKind::PackageArrived { .. }
            | FindingKind::Protection { .. } => None,
        }
    }

    /// Whether it tells of something that left the phone.
    pub(crate) fn left(&self) -> bool {
        !matches!(self.finding.kind, FindingKind::IdentifierReceived { .. } | FindingKind::Logged { .. })
    }

    /// Whether all that it tells of stayed in the local network.
    pub(crate) fn is_near(&self) -> bool {
        let passed = self.passed_to().is_some();
        !passed && !self.destinations.is_empty() && self.destinations.iter().all(|one| local(one))
    }

    /// Whether it tells of values that went over a network.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self.finding.kind, FindingKind::BulkData { .. } | FindingKind::IdentifierSent { .. })
    }

    /// The domain that resolvers pass it on to.
    pub(crate) fn passed_to(&self) -> Option<&'a str> {
        match &self.finding.kind {
            FindingKind::IdentifierSent { passed_to, .. } => Some(passed_to.as_str()),
            _ => None,
        }
        .filter(|domain| !domain.is_empty())
    }

    /// The telephone number of the other side, where it is about text messages.
    pub(crate) fn number(&self) -> Option<&'a str> {
        match &self.finding.kind {
            FindingKind::HiddenMessage { number, .. }
            | FindingKind::IdentifierInMessage { number, .. }
            | FindingKind::IdentifierReceived { number, .. } => Some(number),
            FindingKind::Behaviour(behaviour) => behaviour.number(),
            _ => None,
        }
    }

    /// What it is about, in a few words: the identifier, or what is wrong with the protection.
    pub(crate) fn subject(&self) -> &'static str {
        match &self.finding.kind {
            FindingKind::BulkData { identifier, .. }
            | FindingKind::IdentifierInMessage { identifier, .. }
            | FindingKind::IdentifierReceived { identifier, .. }
            | FindingKind::IdentifierSent { identifier, .. }
            | FindingKind::Logged { identifier, .. } => identifier.words(),
            FindingKind::Behaviour(behaviour) => words::behaviour(behaviour),
            FindingKind::HiddenMessage { .. } => "text message that the phone does not show",
            FindingKind::PackageArrived { .. } => "app that came in",
            FindingKind::Protection { fault, .. } => words::fault(*fault),
        }
    }

    /// The name of what it is about, in files.
    pub(crate) fn subject_id(&self) -> &'static str {
        match &self.finding.kind {
            FindingKind::BulkData { identifier, .. }
            | FindingKind::IdentifierInMessage { identifier, .. }
            | FindingKind::IdentifierReceived { identifier, .. }
            | FindingKind::IdentifierSent { identifier, .. }
            | FindingKind::Logged { identifier, .. } => identifier.id(),
            FindingKind::Behaviour(behaviour) => behaviour.id(),
            FindingKind::HiddenMessage { .. } => "hidden_message",
            FindingKind::PackageArrived { .. } => "package",
            FindingKind::Protection { fault, .. } => fault.id(),
        }
    }

    /// The value, where there is one.
    pub(crate) fn value(&self) -> Option<&'a str> {
        match &self.finding.kind {
            FindingKind::IdentifierInMessage { value, .. }
            | FindingKind::IdentifierReceived { value, .. }
            | FindingKind::IdentifierSent { value, .. }
            | FindingKind::Logged { value, .. } => Some(value),
            FindingKind::Behaviour(
                Behaviour::LastingId { value, .. } | Behaviour::SharedId { value, .. },
            ) => Some(value),
            FindingKind::Behaviour(_)
            | FindingKind::BulkData { .. }
            | FindingKind::HiddenMessage { .. }
            | FindingKind::PackageArrived { .. }
            | FindingKind::Protection { .. } => None,
        }
    }

    /// The values it tells of, also where it is about when they were sent.
    pub(crate) fn values(&self) -> Vec<&'a str> {
        match &self.finding.kind {
            FindingKind::Behaviour(Behaviour::Stage { identifier, .. }) => {
                let of_it = self.groups.iter().filter(|group| group.key.kind == *identifier);
                let values: BTreeSet<&str> = of_it.map(|group| group.key.value.as_str()).collect();
                values.into_iter().filter(|value| *value != SightingGroup::FURTHER).collect()
            }
            _ => self.value().into_iter().collect(),
        }
    }

    /// The digests that were sent in place of a value: function, and bytes as found.
    pub(crate) fn digests(&self) -> Vec<(&'static str, &'a str)> {
        let mut digests: Vec<(&'static str, &'a str)> = Vec::new();
        for group in &self.groups {
            let sent = group.key.form.digest().zip(group.proofs.first());
            let sent = sent.map(|(function, proof)| (function, proof.found.as_str()));
            digests.extend(sent.filter(|sent| !digests.contains(sent)));
        }
        digests
    }

    /// The digest that was sent, where the value itself never was.
    pub(crate) fn only_digest(&self) -> Option<(&'static str, &'a str)> {
        let hashed = |group: &&SightingGroup| group.key.form.digest().is_some();
        let only = !self.groups.is_empty() && self.groups.iter().all(hashed);
        self.digests().into_iter().next().filter(|_| only && self.value().is_some())
    }

    /// In which ways it was written, in plain words, the most frequent first.
    pub(crate) fn written(&self) -> Vec<String> {
        let mut written: Vec<String> = Vec::new();
        for group in self.by_frequency() {
            let words = written::written(&group.key);
            if !written.contains(&words) {
                written.push(words);
            }
        }
        written
    }

    fn by_frequency(&self) -> Vec<&'a SightingGroup> {
        let mut groups = self.groups.clone();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    /// The grade, where there is one.
    pub(crate) fn grade(&self) -> Option<Grade> {
        match &self.finding.kind {
            FindingKind::IdentifierInMessage { grade, .. }
            | FindingKind::IdentifierReceived { grade, .. }
            | FindingKind::IdentifierSent { grade, .. }
            | FindingKind::Logged { grade, .. } => Some(*grade),
            _ => self.groups.iter().map(|group| group.key.grade).max(),
        }
    }

    /// The forms it was seen in.
    pub(crate) fn forms(&self) -> Vec<&'a Form> {
        let of_groups = self.groups.iter().map(|group| &group.key.form);
        let mut forms: Vec<&Form> = match &self.finding.kind {
            FindingKind::IdentifierInMessage { forms, .. }
            | FindingKind::IdentifierReceived { forms, .. }
            | FindingKind::IdentifierSent { forms, .. }
            | FindingKind::Logged { forms, .. } => forms.iter().collect(),
            _ => of_groups.collect(),
        };
        forms.sort();
        forms.dedup();
        forms
    }

    /// Who could read it.
    pub(crate) fn reader(&self) -> Reader {
        let protection = match &self.finding.kind {
            FindingKind::PackageArrived { security, .. } => Some(*security),
            FindingKind::HiddenMessage { .. }
            | FindingKind::IdentifierInMessage { .. }
            | FindingKind::IdentifierReceived { .. } => return Reader::Operators,
            FindingKind::Logged { .. } => return Reader::Nobody,
            FindingKind::Protection { fault: ProtectionFault::WeakChannel, .. } => return Reader::Weakly,
            FindingKind::Protection { protection, .. } => Some(protection.security),
            FindingKind::Behaviour(_) | FindingKind::BulkData { .. } | FindingKind::IdentifierSent { .. } => {
                None
            }
        };
        let groups = || self.groups.iter().map(|group| group.key.security).chain(protection);
        let seen = |security| groups().any(|one| one == security);
        match (seen(Security::Clear), seen(Security::Encrypted)) {
            (true, false) => Reader::Anyone,
            (true, true) => Reader::AnyoneInPart,
            (false, true) => Reader::Receiver,
            (false, false) => Reader::Unknown,
        }
    }

    /// Whether it only ever came in.
    pub(crate) fn received(&self) -> bool {
        !self.groups.is_empty() && self.groups.iter().all(|group| group.key.direction == Direction::In)
    }

    /// The addresses of the devices that sent it.
    pub(crate) fn devices(&self) -> BTreeSet<&'a str> {
        let sent = self.groups.iter().filter(|group| group.key.direction == Direction::Out);
        sent.map(|group| group.key.device.as_str()).filter(|address| !address.is_empty()).collect()
    }

    /// The apps that sent it, where known.
    pub(crate) fn apps(&self) -> Vec<&'a str> {
        let apps: BTreeSet<&str> = self.groups.iter().map(|group| group.key.app.as_str()).collect();
        apps.into_iter().filter(|app| !app.is_empty()).collect()
    }

    /// The different ways into a message: `body › base64 › json › IMEI1`, most frequent first.
    pub(crate) fn ways(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut ways: Vec<String> = self.by_frequency().iter().map(|group| way(&group.key)).collect();
        ways.retain(|way| seen.insert(way.clone()));
        ways
    }
}

impl Reader {
    /// Whether in clear text, for tables.
    pub(crate) fn clear(self) -> &'static str {
        match self {
            Self::Anyone => "yes",
            Self::AnyoneInPart => "partly",
            Self::Nobody => "not sent",
            Self::Operators => "to operators",
            Self::Receiver | Self::Weakly => "no",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Anyone => "anyone on the way: clear text",
            Self::AnyoneInPart => "anyone on the way, some of the times: partly clear text",
            Self::Nobody => {
                "nobody on the way: it stands in the phone’s own log, and is not known to have been sent"
            }
            Self::Operators => {
                "the operators on the way and the receiver: text messages are not encrypted from end to end"
            }
            Self::Receiver => "the receiver: the transport was encrypted",
            Self::Unknown => "unknown",
            Self::Weakly => "the receiver, and whoever breaks the weak encryption of the connection",
        }
    }
}

/// A country as it stands in a sentence: its name, or its code where that is not known.
pub(crate) fn country(code: &str) -> String {
    let name = facts::country::name(code).map(facts::country::in_sentence);
    name.unwrap_or_else(|| plain::clipped(code, 8).into_owned())
}

/// `body › base64 › json › IMEI1`.
pub(crate) fn way(key: &SightingKey) -> String {
    let carrier = std::iter::once(words::carrier(key.carrier));
    let field = Some(key.field.as_str()).filter(|field| !field.is_empty());
    carrier.chain(key.encodings.iter().map(String::as_str)).chain(field).collect::<Vec<_>>().join(" › ")
}

/// How many different hosts.
pub(crate) fn hosts<'a>(reached: impl Iterator<Item = &'a Reached<'a>>) -> u64 {
    reached.map(|one| host(one.destination)).collect::<BTreeSet<_>>().len() as u64
}

/// The host, or the address where it has none.
pub(crate) fn host(destination: &Destination) -> &str {
    match destination.endpoint.host.as_str() {
        "" => &destination.endpoint.address,
        host => host,
    }
}

/// `203.0.113.7:80/TCP`, `[2001:db8::1]:443/UDP`.
pub(crate) fn socket(destination: &Destination) -> String {
    let endpoint = &destination.endpoint;
    let (open, close) = if endpoint.address.contains(':') { ("[", "]") } else { ("", "") };
    format!("{open}{}{close}:{}/{}", endpoint.address, endpoint.port, words::transport(endpoint.transport))
}

/// Whether the address is not one of the internet.
pub(crate) fn local(destination: &Destination) -> bool {
    let scope = destination.network.scope.as_str();
    // An operator's own network (RFC 6598) is not the phone's.
    !matches!(scope, "" | "public") && !scope.starts_with("shared")
}

/// `China Telecom, which belongs to China Telecom Corporation (China)`.
pub(crate) fn owner(owner: &Owner) -> String {
    match owner.country.as_str() {
        "" => owner.run_by(),
        code => format!("{} ({})", owner.run_by(), country(code)),
    }
}

/// The destinations, those that findings name first.
fn reached<'a>(case: &'a Case, findings: &[Told<'a>]) -> Vec<Reached<'a>> {
    let mut told: BTreeMap<EndpointId, Vec<usize>> = BTreeMap::new();
    for (place, finding) in findings.iter().enumerate() {
        for id in &finding.finding.endpoints {
            let places = told.entry(*id).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
    let mut reached: Vec<Reached<'a>> = Vec::with_capacity(case.destinations.len());
    for destination in &case.destinations {
        let places = told.remove(&destination.id).unwrap_or_default();
        let own = |place: &usize| findings.get(*place).filter(|told| !told.foreign);
        let severity = |place: &usize| own(place).map(|told| told.finding.severity);
        let worst = places.iter().filter_map(severity).max();
        // The phone did not talk to it; a finding in it is told with its place.
        if destination.of_recording && places.is_empty() {
            continue;
        }
        reached.push(Reached { destination, findings: places, worst });
    }
    reached.sort_by_key(|one| {
        let sent = one.destination.bytes_out;
        (std::cmp::Reverse((one.worst, one.findings.len(), sent)), one.destination.id)
    });
    reached
}

/// Kinds that the sentences after the headline name.
const MOST_KINDS: usize = 4;
