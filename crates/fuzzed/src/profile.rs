//! Any text as a profile: refused with at least one error, or read the same each time; each of its values is
//! found where it stands alone.

use identifiers::{Needles, Profile, ProfileError};

pub(crate) fn parse(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    // A list that a profile names holds the profile itself: words, numbers and nonsense.
    let mut load = |name: &str| match name.len() % 4 {
        0 => Err("is not there".to_owned()),
        _ => Ok(text.clone().into_owned()),
    };
    match Profile::parse(&text, &mut load) {
        Ok(profile) => check(&profile),
        Err(errors) => check_errors(&errors),
    }
}

fn check_errors(errors: &[ProfileError]) {
    assert!(!errors.is_empty(), "refused without a reason");
    let own: Vec<_> = errors.iter().filter(|error| error.file.is_none()).map(|error| error.line).collect();
    assert!(own.is_sorted(), "errors out of order: {errors:?}");
    for error in errors {
        assert!(!error.problem.is_empty());
        error.to_string();
    }
}

fn check(profile: &Profile) {
    // Building the forms of thousands of values tells no more than building those of a few does.
    if profile.values().len() > MOST_VALUES {
        return;
    }
    let needles = Needles::build(profile);
    for (index, value) in profile.values().iter().enumerate().filter(|(_, value)| !value.weak) {
        let mut found = Vec::new();
        needles.search(value.canonical.as_bytes(), &mut found);
        needles.search_field("value", value.canonical.as_bytes(), &mut found);
        let is_there = found.iter().any(|found| needles.needle(found.needle).value == index);
        assert!(is_there, "{} {:?} is not found where it stands", value.label, value.canonical);
    }
}

const MOST_VALUES: usize = 200;
