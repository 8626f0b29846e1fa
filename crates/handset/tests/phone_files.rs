//! Laws that hold for every file of a phone, whatever its bytes: no panic, any chunking gives the same facts, and
//! every place lies within the file.

use std::ops::Range;

use handset::{BEGINNING, Clock, Fact, Kind, Reader, Service, Xml, marks};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

/// Texts of every kind, from which the bytes are made.
const SEEDS: [&str; 19] = [
    include_str!("phone_files/activity.txt"),
    include_str!("phone_files/alarm.txt"),
    include_str!("phone_files/appops.txt"),
    include_str!("phone_files/bugreport.txt"),
    include_str!("phone_files/events.csv"),
    include_str!("phone_files/getprop.txt"),
    include_str!("phone_files/intrusion.ndjson"),
    include_str!("phone_files/location.txt"),
    include_str!("phone_files/logcat.txt"),
    include_str!("phone_files/netstats.txt"),
    include_str!("phone_files/package.txt"),
    include_str!("phone_files/packages.json"),
    include_str!("phone_files/packages.list"),
    include_str!("phone_files/packages.xml"),
    include_str!("phone_files/pm.txt"),
    include_str!("phone_files/tcp6.txt"),
    include_str!("phone_files/long.txt"),
    include_str!("phone_files/package-restrictions.xml"),
    include_str!("phone_files/runtime-permissions.xml"),
];

/// The kinds of the seeds, in their order.
const KINDS: [Kind; 19] = [
    Kind::Dumpsys(Service::Activity),
    Kind::Dumpsys(Service::Alarm),
    Kind::Dumpsys(Service::Appops),
    Kind::Bugreport,
    Kind::EventsCsv,
    Kind::Properties,
    Kind::IntrusionLog,
    Kind::Dumpsys(Service::Location),
    Kind::Logcat,
    Kind::Dumpsys(Service::Netstats),
    Kind::Dumpsys(Service::Package),
    Kind::PackagesJson,
    Kind::PackagesList,
    Kind::PackagesXml(Xml::Text),
    Kind::PackageList,
    Kind::ProcNet(Some(handset::system::Protocol::Tcp)),
    Kind::Logcat,
    Kind::PackageRestrictions(Xml::Text),
    Kind::RuntimePermissions(Xml::Text),
];

#[expect(clippy::expect_used, reason = "only called with kinds that are read here")]
fn read(kind: Kind, bytes: &[u8], step: usize) -> Vec<Fact> {
    let mut reader = Reader::new(kind, Clock::ahead(3600).in_year(2019)).expect("a kind that is read here");
    let mut facts = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        reader.push(piece, &mut facts);
    }
    reader.finish(&mut facts);
    facts
}

/// The place of a fact.
fn place(fact: &Fact) -> Range<u64> {
    match fact {
        Fact::Alarm(found) => found.bytes(),
        Fact::Clock(found) => found.bytes(),
        Fact::Component(found) => found.bytes(),
        Fact::Connection(found) => found.bytes(),
        Fact::LocationRequest(found) => found.bytes(),
        Fact::Lookup(found) => found.bytes(),
        Fact::Mark(found) => found.bytes(),
        Fact::Oddity(oddity) => oddity.offset..oddity.offset,
        Fact::Operation(found) => found.bytes(),
        Fact::Package(found) => found.bytes(),
        Fact::Process(found) => found.bytes(),
        Fact::Property(found) => found.bytes(),
        Fact::Record(found) => found.bytes(),
        Fact::Section(found) => found.bytes(),
        Fact::SharedUser(found) => found.bytes(),
        Fact::Socket(found) => found.bytes(),
        Fact::Usage(found) => found.bytes(),
    }
}

#[test]
fn every_seed_is_told_and_says_something() {
    for (seed, kind) in SEEDS.iter().zip(KINDS) {
        assert_eq!(Kind::of(seed.as_bytes()), Some(kind));
        let facts = read(kind, seed.as_bytes(), seed.len());
        let odd = facts.iter().filter(|fact| matches!(fact, Fact::Oddity(_))).count();
        assert!(facts.len() > odd, "{kind:?}");
        assert_eq!(odd, 0, "{kind:?}: {facts:#?}");
        for step in [1, 2, 7, 64] {
            assert_eq!(read(kind, seed.as_bytes(), step), facts, "{kind:?} in steps of {step}");
        }
    }
}

/// A change of bytes: at a place, so many are taken out and others put in.
fn changed(seed: &str, changes: &[(prop::sample::Index, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for (at, out, put) in changes {
        let at = at.index(bytes.len() + 1);
        let end = (at + usize::from(*out)).min(bytes.len());
        bytes.splice(at..end, put.iter().copied());
    }
    bytes
}

/// Bytes that often stand in such texts, and any others.
fn put() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(&b" \n\r\t:=[]{}()/,.-+0123456789uagsd\"'<>&;\xff\0"[..]);
    prop::collection::vec(prop::strategy::Union::new([telling.boxed(), any::<u8>().boxed()]), 0..8)
}

proptest! {
    #[test]
    fn damaged_files_are_read_as_far_as_they_go(
        seed in 0..SEEDS.len(),
        kind in 0..KINDS.len(),
        own in any::<bool>(),
        step in 1..200usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..12u8, put()), 0..12),
    ) {
        let bytes = changed(SEEDS[seed], &changes);
        let kind = KINDS[if own { seed } else { kind }];
        let _ = Kind::of(&bytes);
        let facts = read(kind, &bytes, bytes.len());
        prop_assert_eq!(&read(kind, &bytes, step), &facts);
        for fact in &facts {
            let place = place(fact);
            prop_assert!(place.start <= place.end && place.end <= bytes.len() as u64, "{:?}", fact);
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..KINDS.len()) {
        let _ = Kind::of(&bytes);
        read(KINDS[kind], &bytes, 100);
        let binary = [b"ABX\0".as_slice(), &bytes].concat();
        for fact in read(Kind::PackagesXml(Xml::Binary), &binary, 100) {
            prop_assert!(place(&fact).end <= binary.len() as u64);
        }
    }
}

#[test]
fn what_never_ends_does_not_fill_the_memory() {
    let piece = vec![b'x'; 1 << 20];
    for kind in KINDS
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::EventsCsv | Kind::PackagesJson))
        .filter(|kind| !kind.name().ends_with(".xml"))
    {
        let mut reader = Reader::new(kind, Clock::default()).expect("a kind that is read here");
        let mut facts = Vec::new();
        for _ in 0..4 {
            reader.push(&piece, &mut facts);
        }
        reader.finish(&mut facts);
        let is_told =
            |fact: &Fact| matches!(fact, Fact::Oddity(odd) if odd.what.contains("longer than are read"));
        assert!(facts.iter().any(is_told), "{kind:?}");
    }
}

#[test]
fn a_beginning_is_enough() {
    for (seed, kind) in SEEDS.iter().zip(KINDS) {
        let long = seed.repeat(BEGINNING / seed.len() + 2);
        assert_eq!(Kind::of(&long.as_bytes()[..BEGINNING]), Some(kind));
    }
}

#[test]
fn wide_seeds_say_the_same() {
    for (seed, kind) in SEEDS.iter().zip(KINDS) {
        if kind == Kind::PackagesJson || kind.name().ends_with(".xml") {
            continue;
        }
        let wide: Vec<u8> = format!("\u{feff}{seed}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Kind::of(&wide[..wide.len().min(BEGINNING)]), Some(kind));
        let (narrow, told) = (read(kind, seed.as_bytes(), 100), read(kind, &wide, 99));
        assert_eq!(narrow.len(), told.len(), "{kind:?}");
        for (one, other) in narrow.iter().zip(&told) {
            let range = place(other);
            let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
            let units: Vec<u16> = wide[start.unwrap()..end.unwrap()]
                .chunks_exact(2)
                .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
                .collect();
            let range = place(one);
            let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
            assert_eq!(String::from_utf16_lossy(&units), seed[start.unwrap()..end.unwrap()], "{other:?}");
        }
    }
}

#[test]
fn files_of_other_rooms_are_not_taken_for_these() {
    let Some(corpora) = testkit::corpora() else { return };
    for folder in ["apk", "har", "http", "phone", "pcapng-format", "flows"] {
        for path in testkit::files_below(&corpora.join(folder)) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let beginning = &bytes[..bytes.len().min(BEGINNING)];
            assert_eq!(Kind::of(beginning), None, "{}", path.display());
        }
    }
}

#[test]
fn hostile_captures_are_survived_by_every_reader() {
    let Some(corpora) = testkit::corpora() else { return };
    for path in testkit::files_below(&corpora.join("hostile")) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let bytes = &bytes[..bytes.len().min(64 * 1024)];
        for kind in KINDS.into_iter().chain([Kind::PackagesXml(Xml::Binary)]) {
            read(kind, bytes, 4096);
        }
    }
}

#[test]
fn the_marks_of_the_log_seed() {
    let facts = read(Kind::Logcat, SEEDS[8].as_bytes(), 1000);
    let kinds: Vec<marks::MarkKind> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Mark(mark) => Some(mark.value.kind),
            _ => None,
        })
        .collect();
    assert_eq!(
        kinds,
        [
            marks::MarkKind::BootStarted,
            marks::MarkKind::ProcessStarted,
            marks::MarkKind::ScreenOn,
            marks::MarkKind::Unlocked,
            marks::MarkKind::ConsentShown,
            marks::MarkKind::SmsSent,
        ]
    );
}
