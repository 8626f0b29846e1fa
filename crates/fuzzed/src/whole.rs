//! A capture file through the whole audit: the ledger adds up to the bytes of the file, the case does not
//! depend on the number of workers, and the proof of every finding and sighting replays.

use std::{
    io::Write,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use audit::{
    Effort, Meter, Order, audit as run,
    prove::{CaptureFiles, replay},
};
use evidence::Case;
use facts::Atlas;
use identifiers::Profile;

pub(crate) fn audit(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let case = case_of(file.path(), 1);
    assert_eq!(difference(&case, &case_of(file.path(), 3)), None, "the number of workers matters");
    let read: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
    assert_eq!(case.coverage.total(), read, "the ledger, the captures");
    let mut captures = CaptureFiles::just_read(&case.captures);
    let proofs = case.findings.iter().flat_map(|finding| &finding.evidence);
    let proofs = proofs.map(|evidence| &evidence.occurrence);
    for proof in proofs.chain(case.sightings.iter().flat_map(|group| &group.proofs)) {
        let replayed =
            replay(proof, &mut captures).unwrap_or_else(|error| panic!("{}: {error}", proof.found));
        assert_eq!(captures.check(&replayed.frames).unwrap(), None, "a frame holds other bytes");
    }
}

/// The first lines in which two cases differ.
fn difference(one: &Case, other: &Case) -> Option<(String, String)> {
    let [one, other] = [one, other].map(|case| report::json(case, true).unwrap());
    let mut lines = one.lines().zip(other.lines());
    let owned = |(one, other): (&str, &str)| (one.to_owned(), other.to_owned());
    lines
        .find(|(one, other)| one != other)
        .map(owned)
        .or_else(|| (one != other).then(|| owned(("longer", "or shorter"))))
}

/// The case of the sample that ships with the program.
pub(crate) fn sample_case() -> Case {
    case_of(&root().join("samples/unlock.pcapng"), 1)
}

/// The bytes of the sample.
pub(crate) fn sample_capture() -> Vec<u8> {
    std::fs::read(root().join("samples/unlock.pcapng")).unwrap()
}

/// The sample's profile.
pub(crate) fn sample_profile() -> Profile {
    let text = std::fs::read_to_string(root().join("samples/phone.toml")).unwrap();
    Profile::parse(&text, &mut |_| Err("no lists".into())).unwrap()
}

fn case_of(path: &Path, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path.to_owned()],
        profile: Some(sample_profile()),
        bill: None,
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(0),
        workers: NonZeroUsize::new(workers),
        program: "fuzzed".into(),
    };
    run(order, &Meter::default()).expect("an audit without a store cannot fail")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
