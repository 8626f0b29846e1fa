//! What comes in: lists of words that something is compared with, and switches that are set from afar.

use evidence::{Behaviour, Evidence, Finding, Relation, Severity};

use super::{Line, Scene, Told, times};
use crate::diary::List;

/// Whether what comes in is worth knowing when it is fetched.
pub(super) fn is_watched(line: &Line<'_>) -> bool {
    !line.entry.series.lists.is_empty()
}

/// Judges what came back to one line.
pub(super) fn judge(scene: &Scene<'_>, line: &Line<'_>, findings: &mut Vec<Finding>) {
    for (path, list) in &line.entry.series.lists {
        findings.push(words_list(scene, line, path, list));
    }
    // A switch beside a list of words, or behind what tells of somebody, may decide what is done with either.
    if line.tells() || is_watched(line) {
        findings.extend(switch(scene, line));
    }
}

fn words_list(scene: &Scene<'_>, line: &Line<'_>, path: &str, list: &List) -> Finding {
    let scripts: Vec<(String, u64)> =
        list.scripts.iter().map(|(script, count)| ((*script).to_owned(), *count)).collect();
    let shown: Vec<String> = scripts.iter().map(|(script, count)| format!("{count} in {script}")).collect();
    let versions = match list.versions.len() {
        1 => "always with the same content".to_owned(),
        count => format!("with {count} different contents"),
    };
    let mut evidence = vec![super::value("the first entry of the list", &list.proof)];
    evidence.extend(line.entry.series.proofs.iter().map(|proof| Evidence {
        relation: Relation::Account,
        words: "the request for it".to_owned(),
        occurrence: proof.occurrence(),
    }));
    evidence.extend(line.naming(scene));
    Told {
        subject: line.subject(&format!("list {path}")),
        // Words of one language in a phone of another region, or of several scripts, are nothing an app shows.
        severity: if scripts.len() > 1 || list.versions.len() > 1 { Severity::Medium } else { Severity::Low },
        title: format!("A list of {} words comes from {}", list.entries, line.receiver),
        words: format!(
            "In the answer to {} ({path}) there is a list of {} short texts ({}), fetched {} {versions}. The first \
             ones: {}. What the phone does with them does not show on the wire.",
            line.request,
            list.entries,
            shown.join(", "),
            times(list.fetched),
            list.sample.join(", "),
        ),
        endpoints: line.endpoints(),
        count: list.fetched,
        when: (list.place.0, line.entry.series.last),
        evidence,
        sightings: Vec::new(),
        behaviour: Behaviour::KeywordList {
            request: format!("{} {path}", line.request),
            entries: list.entries,
            scripts,
            fetched: list.fetched,
            versions: list.versions.len() as u64,
            apps: line.entry.apps.iter().cloned().collect(),
            sample: list.sample.clone(),
        },
    }
    .finding()
}

fn switch(scene: &Scene<'_>, line: &Line<'_>) -> Option<Finding> {
    let known = &line.entry.series.switches;
    let switches: Vec<(String, Vec<String>)> =
        known.iter().map(|(field, values)| (field.clone(), values.keys().cloned().collect())).collect();
    let changed = switches.iter().any(|(_, values)| values.len() > 1);
    let shown: Vec<String> =
        switches.iter().map(|(field, values)| format!("{field} = {}", values.join(", then "))).collect();
    let proofs = known.iter().flat_map(|(field, values)| {
        values.values().map(move |proof| super::value(&format!("the switch {field}"), proof))
    });
    let mut evidence: Vec<Evidence> = proofs.take(8).collect();
    let first = evidence.first()?.occurrence.time;
    evidence.extend(line.naming(scene));
    Some(
        Told {
            subject: line.subject("switch"),
            severity: if changed { Severity::Medium } else { Severity::Low },
            title: format!("{} can switch something on and off at the phone", line.receiver),
            words: format!("Answers to {} set: {}.", line.request, shown.join("; ")),
            endpoints: line.endpoints(),
            count: line.entry.series.count,
            when: (first, line.entry.series.last),
            evidence,
            sightings: Vec::new(),
            behaviour: Behaviour::RemoteSwitch { request: line.request.to_owned(), switches },
        }
        .finding(),
    )
}
