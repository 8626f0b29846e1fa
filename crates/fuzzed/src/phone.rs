//! The phone's own text files: told the same however they come, each fact from a place within the file.

use handset::{Clock, Fact, Kind, Reader, Service, Xml, system::Habits};

pub(crate) fn files(input: &[u8]) {
    let by_itself = Kind::of(input);
    // The first byte tells what a file is that does not tell it by itself.
    let chosen = input.first().and_then(|first| KINDS.get(usize::from(*first) % KINDS.len()));
    for kind in by_itself.into_iter().chain(chosen.copied()) {
        let whole = facts(kind, input, usize::MAX);
        assert!(
            whole.iter().all(|fact| place(fact) <= input.len() as u64),
            "{kind:?}: a place outside the file"
        );
        habits(&whole, input.len() as u64);
        for step in [1, 61] {
            assert_eq!(facts(kind, input, step), whole, "{kind:?} in pieces of {step}");
        }
    }
}

fn facts(kind: Kind, input: &[u8], step: usize) -> Vec<Fact> {
    let Some(mut reader) = Reader::new(kind, Clock::ahead(7200)) else { return Vec::new() };
    let mut facts = Vec::new();
    input.chunks(step).for_each(|piece| reader.push(piece, &mut facts));
    reader.finish(&mut facts);
    facts
}

/// What is put together of the facts stands in the file, too.
fn habits(facts: &[Fact], len: u64) {
    let mut habits = Habits::default();
    facts.iter().for_each(|fact| habits.take(fact));
    let ends = habits.accesses().into_iter().map(|found| found.end);
    let ends = ends.chain(habits.positions().into_iter().map(|found| found.end));
    let ends = ends.chain(habits.wakings().into_iter().map(|found| found.end));
    let mut ends = ends.chain(habits.traffic().into_iter().map(|found| found.end));
    assert!(ends.all(|end| end <= len), "a place outside the file");
}

/// The byte behind a fact.
fn place(fact: &Fact) -> u64 {
    match fact {
        Fact::Alarm(found) => found.end,
        Fact::Clock(found) => found.end,
        Fact::Component(found) => found.end,
        Fact::Connection(found) => found.end,
        Fact::LocationRequest(found) => found.end,
        Fact::Lookup(found) => found.end,
        Fact::Mark(found) => found.end,
        Fact::Oddity(oddity) => oddity.offset,
        Fact::Operation(found) => found.end,
        Fact::Package(found) => found.end,
        Fact::Process(found) => found.end,
        Fact::Property(found) => found.end,
        Fact::Record(found) => found.end,
        Fact::Section(found) => found.end,
        Fact::SharedUser(found) => found.end,
        Fact::Socket(found) => found.end,
        Fact::Usage(found) => found.end,
    }
}

const KINDS: [Kind; 26] = [
    Kind::Bugreport,
    Kind::BuildProperties,
    Kind::Dumpsys(Service::Activity),
    Kind::Dumpsys(Service::Alarm),
    Kind::Dumpsys(Service::Appops),
    Kind::Dumpsys(Service::Location),
    Kind::Dumpsys(Service::Netstats),
    Kind::Dumpsys(Service::Package),
    Kind::EventsCsv,
    Kind::IntrusionLog,
    Kind::Logcat,
    Kind::PackageList,
    Kind::PackagesJson,
    Kind::PackagesList,
    Kind::PackagesXml(Xml::Binary),
    Kind::PackagesXml(Xml::Text),
    Kind::ProcNet(None),
    Kind::Properties,
    Kind::PackageRestrictions(Xml::Binary),
    Kind::PackageRestrictions(Xml::Text),
    Kind::RuntimePermissions(Xml::Binary),
    Kind::RuntimePermissions(Xml::Text),
    Kind::Access(Xml::Binary),
    Kind::Access(Xml::Text),
    Kind::AppOps(Xml::Binary),
    Kind::AppOps(Xml::Text),
];
