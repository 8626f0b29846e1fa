//! The documents are held to what they speak of: files they name, crates, words, commands and their flags.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use testkit::files_below;

#[test]
fn every_link_leads_somewhere() {
    for (name, text) in documents() {
        let folder = root().join(&name);
        for link in between(&text, "](", ")").filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = folder.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(path.exists(), "{name} links to {link}");
        }
    }
}

/// In ARCHITECTURE.md and CONTRIBUTING.md, paths begin at a crate (`wire/src/link/`), at `data`, `docs` or
/// `fuzz`; a bare folder (`net/`) is a neighbour of the one named before it, or a folder at the top.
#[test]
fn every_path_exists() {
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(name);
        let mut neighbours = root();
        for path in paths(&text) {
            let near = neighbours.join(path);
            let found = [root().join(path), root().join("crates").join(path), near];
            let found = found.into_iter().find(|place| place.exists());
            let found = found.unwrap_or_else(|| panic!("{name} speaks of {path}"));
            neighbours = found.parent().unwrap().to_owned();
        }
    }
}

/// Words with a slash in them that are no links, numbers or fractions.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "`,()[]|".contains(c));
    let words = words.map(|word| word.trim_end_matches(['.', ':', ';', '…']));
    words.filter(|word| {
        let file = word.ends_with('/') || Path::new(word).extension().is_some();
        file && word.contains('/') && !word.starts_with("..") && !word.contains("://") && !word.contains('<')
    })
}

#[test]
fn the_table_of_crates_is_complete() {
    let text = read("ARCHITECTURE.md");
    let rows =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).map(|(name, _)| name);
    let rows: BTreeSet<_> = rows.filter(|name| !name.contains('/')).map(str::to_owned).collect();
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|folder| folder.unwrap());
    let crates = folders.filter(|folder| folder.path().join("Cargo.toml").exists());
    let crates = crates.map(|folder| folder.file_name().into_string().unwrap());
    assert_eq!(rows, crates.chain(["xtask".to_owned()]).collect::<BTreeSet<_>>());
}

/// What ARCHITECTURE.md calls by the name of a type is one.
#[test]
fn every_type_exists() {
    let text = read("ARCHITECTURE.md");
    let sources: String = sources().into_iter().collect();
    for name in between(&text, "`", "`").filter(|name| is_type(name)) {
        let kinds = ["struct", "enum", "trait", "type"];
        let found = kinds.iter().any(|kind| sources.contains(&format!("pub {kind} {name}")));
        assert!(found, "ARCHITECTURE.md speaks of {name}");
    }
}

fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.contains(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The glossary is in order, says each thing once, and has no word that nobody uses but those of parts to
/// come.
#[test]
fn the_glossary_has_the_words_that_are_used() {
    let text = read("GLOSSARY.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| **")?.split_once("** | "));
    let words: Vec<_> = rows.map(|(words, _)| words).collect();
    assert!(words.len() > 30, "the glossary is gone");
    assert!(words.is_sorted(), "the glossary is out of order");
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "a word stands twice");
    let used: String = sources().into_iter().chain(documents().into_iter().map(|(_, text)| text)).collect();
    let used = used.replace(&text, "").to_lowercase();
    for word in words.iter().flat_map(|words| words.split(", ")).filter(|word| !TO_COME.contains(word)) {
        assert!(used.contains(word), "nobody says {word}");
    }
}

/// Words for which the glossary has another: in documents for people who look them up.
#[test]
fn the_documents_speak_one_language() {
    for (name, text) in documents() {
        for (word, instead) in SYNONYMS {
            let said = text.lines().find(|line| line.to_lowercase().contains(word));
            assert_eq!(said, None, "{name} says {word} for {instead}");
        }
    }
}

#[test]
fn every_command_exists() {
    let said = commands(&read("README.md"));
    let ours = said.iter().filter(|command| command.starts_with("phonehome ")).count();
    assert!(ours >= 5, "README.md hardly shows how to use the program: {said:?}");
    for (name, text) in documents() {
        for command in commands(&text) {
            let words: Vec<_> = command.split_whitespace().collect();
            match words.as_slice() {
                ["phonehome", rest @ ..] => check_command(&name, &command, rest),
                ["cargo", "xtask", chore, ..] => {
                    let chores = fs::read_to_string(root().join("xtask/src/main.rs")).unwrap();
                    assert!(chores.contains(&format!("Some(\"{chore}\")")), "{name}: {command}");
                }
                _ => {}
            }
        }
    }
}

/// A newcomer copies the commands of README.md one after the other: each does what it says, and prints what is shown.
#[test]
fn the_readme_runs_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["samples", "cases"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    let text = read("README.md");
    let mut printed = String::new();
    let blocks = between(&text, "```sh\n", "```").flat_map(str::lines).map(str::trim);
    for command in blocks.filter_map(|line| line.strip_prefix("phonehome ")) {
        let mut run = Command::new(env!("CARGO_BIN_EXE_phonehome"));
        let output = run.args(command.split_whitespace()).current_dir(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "phonehome {command}: {said}");
        printed += &String::from_utf8(output.stdout).unwrap();
    }
    let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = bare(&printed);
    for line in between(&text, "```text\n", "```").flat_map(str::lines) {
        for part in line.split('…') {
            assert!(printed.contains(&bare(part)), "README.md shows what nobody prints: {line}");
        }
    }
}

/// README.md names flags without their command as well.
#[test]
fn every_flag_exists() {
    let help = ["apps", "audit", "claims", "compare", "export", "profile", "prove", "report", "unmask"]
        .map(|command| phonehome(&[command]))
        .concat();
    let text = read("README.md");
    let flags = between(&text, "`", "`")
        .filter_map(|code| code.split(' ').next())
        .filter(|code| code.starts_with("--"));
    for flag in flags {
        assert!(
            help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
            "there is no {flag}"
        );
    }
}

/// Subcommands and flags are those of the program, and the files of the repository that it is given are there.
fn check_command(document: &str, command: &str, words: &[&str]) {
    let mut path = Vec::new();
    let mut help = phonehome(&path);
    for word in words {
        let one_of_many = help.contains("\nCommands:\n") && !word.starts_with('-');
        if one_of_many {
            let subcommand = help.lines().any(|line| line.trim_start().split(' ').next() == Some(*word));
            assert!(subcommand, "{document}: {command}: there is no {word}");
            path.push(*word);
            help = phonehome(&path);
        } else if word.starts_with("--") {
            let flag = word.split('=').next().unwrap();
            assert!(help.contains(flag), "{document}: {command}: {path:?} has no {flag}");
        } else if word.contains('/') && !word.contains('*') {
            // `ROLE=CASE`, where that is asked for.
            let word = word.split_once('=').map_or(*word, |(_, path)| path);
            let made = word.starts_with("out/") || word.split('/').next().unwrap().contains('.');
            assert!(made || root().join(word).exists(), "{document}: {command}: there is no {word}");
        }
    }
    assert!(!path.is_empty() || words.iter().all(|word| word.starts_with('-')), "{document}: {command}");
}

fn phonehome(path: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_phonehome")).args(path).arg("--help").output().unwrap();
    assert!(output.status.success(), "phonehome {path:?} --help");
    String::from_utf8(output.stdout).unwrap()
}

/// Commands in blocks of shell and in running text, without comments and what cargo does before them.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut shell = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) => shell = language == "sh",
            None if shell => commands.push(line.split(" #").next().unwrap().to_owned()),
            None => {
                let spoken = between(line, "`", "`");
                let spoken =
                    spoken.filter(|code| code.starts_with("phonehome ") || code.starts_with("cargo xtask "));
                commands.extend(spoken.map(str::to_owned));
            }
        }
    }
    for command in &mut commands {
        if let Some((_, arguments)) =
            command.strip_prefix("cargo run").and_then(|rest| rest.split_once(" -- "))
        {
            *command = format!("phonehome {arguments}");
        }
    }
    commands
}

fn between<'a>(text: &'a str, from: &'a str, to: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(from)?;
        let (found, after) = after.split_once(to)?;
        rest = after;
        Some(found)
    })
}

/// The documents for people, by their path.
fn documents() -> Vec<(String, String)> {
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let folders = ["data", "docs", "corpus", "samples"].map(|folder| files_below(&root().join(folder)));
    let files = top.chain(folders.into_iter().flatten());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    let mut documents: Vec<_> = files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect();
    documents.sort();
    assert!(documents.iter().any(|(name, _)| name == "ARCHITECTURE.md"));
    documents
}

fn sources() -> Vec<String> {
    let files = ["crates", "xtask"].map(|folder| files_below(&root().join(folder)));
    let files = files.into_iter().flatten();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.filter(|path| !path.ends_with("docs.rs")).map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Words that the design has already.
const TO_COME: [&str; 1] = ["behaviour"];

const SYNONYMS: [(&str, &str); 7] = [
    ("packet dump", "capture"),
    ("packet capture file", "capture"),
    ("pcap dump", "capture"),
    ("session record", "exchange"),
    ("five-tuple", "flow"),
    ("honeytoken", "canary"),
    ("provenance chain", "trail"),
];
