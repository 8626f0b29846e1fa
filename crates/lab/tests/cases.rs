//! The cases of `cases/`: they run, always with the same bytes, and say of their servers what the program's own data say.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use facts::Atlas;
use lab::{Case, Scenario, run};

/// All runs of all cases.
fn scenarios() -> Vec<(String, Scenario)> {
    let runs = |case: &'static Case| {
        let expected = case.expected().unwrap_or_else(|error| panic!("{}: {error}", case.slug));
        expected.runs.into_iter().map(move |run| {
            let scenario = case.scenario(&run.name).unwrap_or_else(|error| panic!("{}: {error}", case.slug));
            (format!("{}/{}", case.slug, run.name), scenario)
        })
    };
    Case::all().iter().flat_map(runs).collect()
}

#[test]
fn a_scenario_gives_the_same_bytes_each_time() {
    for (name, scenario) in scenarios() {
        let first = run(&scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(first.file("capture.pcapng").is_some_and(|file| file.len() > 1000), "{name}");
        assert!(run(&scenario).unwrap() == first, "{name}");
    }
}

#[test]
fn every_sender_sends_in_a_run_of_its_case() {
    for case in Case::all() {
        let (mut all, mut sending) = (BTreeSet::new(), BTreeSet::new());
        for run in case.expected().unwrap().runs {
            let scenario = case.scenario(&run.name).unwrap();
            let with_requests = scenario.senders.iter().filter(|sender| sender.request.is_some());
            all.extend(with_requests.map(|sender| sender.name.clone()));
            sending.extend(lab::run(&scenario).unwrap().sent.into_iter().map(|sent| sent.sender));
        }
        // The noise of whole days is more than a capture of hours shows.
        all.retain(|name| !name.starts_with("noise-"));
        let silent: Vec<_> = all.difference(&sending).collect();
        assert!(silent.is_empty(), "{}: {silent:?}", case.slug);
    }
}

#[test]
fn addresses_are_where_and_whose_the_scenario_says() {
    let atlas = Atlas::embedded();
    for (name, scenario) in scenarios() {
        for server in &scenario.servers {
            let Some(address) = server.address else { continue };
            let network = atlas.network(address.into());
            let located = network.located.map(|country| country.code).unwrap_or_default();
            let is_there = server.country.is_empty() || located == server.country;
            assert!(is_there, "{name}: {} is in {located}", server.name);
            let is_theirs = network.holder.contains(&server.holder);
            assert!(is_theirs, "{name}: {} is of {}", server.name, network.holder);
        }
    }
}
