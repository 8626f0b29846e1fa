//! `phonehome lab`: simulated handsets, and what an investigator would have of them.

use std::{
    fmt::{Display, Write as _},
    fs,
    path::{Component, Path, PathBuf},
};

use lab::{Case, Scenario, Variant};
use report::visible;

use crate::{
    cli::{LabArguments, LabCommand, LabRunArguments},
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &LabArguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        LabCommand::List => list(),
        LabCommand::Run(arguments) => play(arguments),
    }
}

fn list() -> anyhow::Result<Exit> {
    let mut text = String::new();
    for case in Case::all() {
        let expected = case.expected().map_err(|error| wrong(case.slug, &error))?;
        let _ = writeln!(text, "{}\n  {}", case.slug, expected.title);
        let width = expected.runs.iter().map(|run| run.name.len()).max().unwrap_or_default();
        for run in &expected.runs {
            let scenario = case.scenario(&run.name).map_err(|error| wrong(case.slug, &error))?;
            let note = if run.note.is_empty() { &scenario.title } else { &run.note };
            let told = [note.clone(), read_off(&scenario)];
            let told: Vec<_> = told.into_iter().filter(|words| !words.is_empty()).collect();
            let _ = writeln!(text, "    {:width$}  {}", run.name, told.join("; "));
        }
    }
    let variants: Vec<_> = Variant::ALL.iter().map(|variant| variant.name()).collect();
    let _ = writeln!(text, "\nVariants: {}", variants.join(", "));
    print::text(&text)?;
    Ok(Exit::Done)
}

fn play(arguments: &LabRunArguments) -> anyhow::Result<Exit> {
    let variant = arguments.variant.as_deref().map(variant).transpose()?;
    for (name, scenario) in scenarios(&arguments.case, &arguments.runs)? {
        let scenario = match variant {
            Some(variant) => variant.apply(scenario),
            None => scenario,
        };
        let folder = if name.is_empty() { arguments.out.clone() } else { arguments.out.join(&name) };
        let played = lab::run(&scenario).map_err(|error| wrong(&arguments.case.to_string_lossy(), &error))?;
        let files: Vec<_> = played.files.iter().map(|file| (folder.join(&file.name), &file.bytes)).collect();
        fresh(&folder, &files)?;
        for (path, bytes) in &files {
            write::folder(path.parent().unwrap_or(&folder))?;
            write::file(path, bytes)?;
        }
        let shown = visible(&folder.display().to_string()).into_owned();
        let with = Some(read_off(&scenario)).filter(|words| !words.is_empty());
        let with = with.map_or_else(String::new, |words| format!("; {words}"));
        print::text(&format!(
            "{shown}: {} files of {}{with}\n  phonehome audit {shown} --profile {shown}/profile.toml\n",
            files.len(),
            visible(&scenario.title),
        ))?;
    }
    Ok(Exit::Done)
}

/// What was read off the phone of a scenario besides the usual: `2 bugreports, netstats, 27 readings of sockets`.
fn read_off(scenario: &Scenario) -> String {
    let counted = |count: usize, one: &str, several: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        count => Some(format!("{count} {several}")),
    };
    let evidence = &scenario.evidence;
    let words = [
        counted(evidence.bugreports.len(), "bugreport", "bugreports"),
        counted(evidence.netstats.len(), "netstats", "netstats"),
        counted(scenario.socket_readings().count(), "sockets", "readings of sockets"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The scenarios that are asked for, by the folders that they go to: those of a case, or the one of a file.
fn scenarios(case: &Path, runs: &[String]) -> anyhow::Result<Vec<(String, Scenario)>> {
    let name = case.to_string_lossy();
    let Some(known) = Case::named(&name) else { return Ok(vec![(String::new(), of_file(case, runs)?)]) };
    let all = known.expected().map_err(|error| wrong(&name, &error))?.runs;
    if let Some(unknown) = runs.iter().find(|run| all.iter().all(|known| known.name != **run)) {
        let names: Vec<_> = all.iter().map(|run| run.name.as_str()).collect();
        return Err(usage(format!("{name} has no run `{unknown}`; it has {}", names.join(", "))));
    }
    let wanted = all.iter().filter(|run| runs.is_empty() || runs.contains(&run.name));
    wanted
        .map(|run| Ok((run.name.clone(), known.scenario(&run.name).map_err(|error| wrong(&name, &error))?)))
        .collect()
}

/// A scenario of somebody's own, with what it is based on beside it.
fn of_file(path: &Path, runs: &[String]) -> anyhow::Result<Scenario> {
    if !path.exists() {
        let words = format!("there is no case and no file `{}`; see `phonehome lab list`", path.display());
        return Err(usage(words));
    }
    if !runs.is_empty() {
        return Err(usage("a scenario's file is one run; only cases have several".to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let unread = |error| Failed::with(Exit::Nothing, format!("{}: cannot be read: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(unread)?;
    let beside = |name: &str| fs::read_to_string(folder.join(name)).ok();
    Scenario::read(&text, &beside).map_err(|error| wrong(&path.to_string_lossy(), &error))
}

fn variant(name: &str) -> anyhow::Result<Variant> {
    let names: Vec<_> = Variant::ALL.iter().map(|variant| variant.name()).collect();
    Variant::named(name)
        .ok_or_else(|| usage(format!("there is no variant `{name}`; there are {}", names.join(", "))))
}

/// Refuses to write over anything, for what lies there may be somebody's evidence, and out of the folder: a scenario may
/// come from anybody.
fn fresh(folder: &Path, files: &[(PathBuf, &Vec<u8>)]) -> anyhow::Result<()> {
    for (path, _) in files {
        let inside = path
            .strip_prefix(folder)
            .is_ok_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))));
        if !inside {
            return Err(wrong("the scenario", &format!("{} is outside of the run's folder", path.display())));
        }
        if path.symlink_metadata().is_ok() {
            let words = format!("{} is there already; choose another folder with --out", path.display());
            return Err(Failed::with(Exit::Output, words));
        }
    }
    Ok(())
}

fn usage(words: String) -> anyhow::Error {
    Failed::with(Exit::Usage, words)
}

fn wrong(what: &str, error: &impl Display) -> anyhow::Error {
    Failed::with(Exit::Nothing, format!("{what}: {error}"))
}
