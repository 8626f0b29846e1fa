//! `phonehome profile new|check`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use identifiers::{Needles, Profile};

use crate::{
    cli::{ProfileAction, ProfileArguments},
    exit::{Exit, Failed},
};

pub(crate) fn run(arguments: ProfileArguments) -> anyhow::Result<Exit> {
    match arguments.action {
        ProfileAction::New { file } => new(file),
        ProfileAction::Check { file } => check(&file),
    }
}

fn new(file: Option<PathBuf>) -> anyhow::Result<Exit> {
    let Some(file) = file else {
        anstream::print!("{}", Profile::template());
        return Ok(Exit::Done);
    };
    if file.exists() {
        let words = format!("{}: is there already; give another name", file.display());
        return Err(Failed::with(Exit::Output, words));
    }
    fs::write(&file, Profile::template()).map_err(|error| {
        Failed::with(Exit::Output, format!("{}: cannot be written: {error}", file.display()))
    })?;
    anstream::eprintln!("Wrote {}: fill it in, then `phonehome profile check` it.", file.display());
    Ok(Exit::Done)
}

fn check(file: &Path) -> anyhow::Result<Exit> {
    let profile = load(file)?;
    let needles = Needles::build(&profile);
    for value in profile.values() {
        anstream::println!("{:<24} {:<28} {}", value.kind.id(), value.label, value.canonical);
    }
    let (values, forms) = (profile.values().len(), needles.len());
    anstream::println!("{}: {values} values, searched for in {forms} forms", file.display());
    Ok(Exit::Done)
}

/// Reads a profile and the list files it names, which lie beside it.
pub(crate) fn load(file: &Path) -> anyhow::Result<Profile> {
    let text = read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut load = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    Profile::parse(&text, &mut load).map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(|error| format!("{}: {error}", file.display())).collect();
        Failed::with(Exit::Profile, lines.join("\nphonehome: "))
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).map_err(|error| {
        let words = format!("{}: the profile cannot be read: {error}", file.display());
        Failed::with(Exit::Profile, words)
    })
}
