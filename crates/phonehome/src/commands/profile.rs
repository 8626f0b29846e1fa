//! `phonehome profile new|check`.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use identifiers::{Needles, Profile};
use report::visible;

use crate::{
    cli::{ProfileAction, ProfileArguments},
    exit::{Exit, Failed},
    print,
};

pub(crate) fn run(arguments: ProfileArguments) -> anyhow::Result<Exit> {
    match arguments.action {
        ProfileAction::New { file } => new(file),
        ProfileAction::Check { file } => check(&file),
    }
}

fn new(file: Option<PathBuf>) -> anyhow::Result<Exit> {
    let template = Profile::template();
    let Some(file) = file else {
        print::text(&template)?;
        return Ok(Exit::Done);
    };
    let written = fs::File::create_new(&file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, template.as_bytes()));
    written.map_err(|error| {
        let words = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "is there already; give another name".to_owned(),
            _ => format!("cannot be written: {error}; give another name"),
        };
        Failed::with(Exit::Output, format!("{}: {words}", file.display()))
    })?;
    print::note(&format!("wrote {}: fill it in, then `phonehome profile check` it", file.display()));
    Ok(Exit::Done)
}

fn check(file: &Path) -> anyhow::Result<Exit> {
    let profile = load(file)?;
    let needles = Needles::build(&profile);
    let mut table = String::new();
    for value in profile.values() {
        let (label, canonical) = (visible(&value.label), visible(&value.canonical));
        let _ = writeln!(table, "{:<24} {label:<28} {canonical}", value.kind.id());
    }
    let values = match profile.values().len() {
        1 => "1 value".to_owned(),
        several => format!("{several} values"),
    };
    let forms = needles.len();
    let name = file.display().to_string();
    let _ = writeln!(table, "{}: {values}, searched for in {forms} forms", visible(&name));
    print::text(&table)?;
    if profile.values().is_empty() {
        print::note("nothing is filled in yet: remove the # of a line, and of the [section] above it");
    }
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
        Failed::with(Exit::Profile, lines.join("\n"))
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::InvalidData => "it is no text".to_owned(),
            _ => error.to_string(),
        };
        let words = format!(
            "{}: the profile cannot be read: {why}; `phonehome profile new` writes one to fill in",
            file.display()
        );
        Failed::with(Exit::Profile, words)
    })
}
