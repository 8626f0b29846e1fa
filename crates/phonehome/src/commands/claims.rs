//! `phonehome claims`: cases and what a vendor said in, verdicts out.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use claims::{Claims, ClaimsError, judge};
use evidence::{Case, Holding, Verdict};
use report::visible;

use crate::{
    case::load,
    cli::ClaimsArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &ClaimsArguments) -> anyhow::Result<Exit> {
    let Some((file, given)) = arguments.inputs.split_last() else { return Ok(Exit::Usage) };
    let named = given.iter().enumerate().map(|(number, path)| role(number, path));
    let named = named.collect::<anyhow::Result<Vec<_>>>()?;
    distinct(&named)?;
    let claims = read(file)?;
    for (role, _) in named.iter().filter(|(role, _)| is_unused(role, &claims)) {
        print::note(&format!(
            "no statement asks for a case `{role}`; those without roles are judged over all cases"
        ));
    }
    let read_from: Vec<PathBuf> = named.iter().map(|(_, path)| path.clone()).chain([file.clone()]).collect();
    let cases: Vec<(String, Case)> =
        named.into_iter().map(|(role, path)| Ok((role, load(&path)?.1))).collect::<anyhow::Result<_>>()?;
    let borrowed: Vec<(&str, &Case)> = cases.iter().map(|(role, case)| (role.as_str(), case)).collect();
    let verdicts = judge(&claims, &borrowed).map_err(|error| wrong(file, &error))?;
    if let Some(out) = &arguments.out {
        write::spare(&read_from, [out.as_path()])?;
        write::file(out, document(&claims, &verdicts, out)?.as_bytes())?;
    }
    show(&claims, &verdicts, arguments.json)?;
    let contradicted = verdicts.iter().any(|verdict| verdict.holding == Holding::Contradicted);
    Ok(if arguments.fail_on_contradiction && contradicted { Exit::Found } else { Exit::Done })
}

/// A case's role and path: `before=old.case`. A path that is there is a path, whatever its name holds; without
/// a role a case has its number.
fn role(number: usize, path: &Path) -> anyhow::Result<(String, PathBuf)> {
    let text = path.to_string_lossy();
    match text.split_once('=').filter(|_| !path.exists()) {
        Some((role, rest)) if is_role(role) => Ok((role.to_owned(), PathBuf::from(rest))),
        Some((role, rest)) if Path::new(rest).exists() => {
            let words =
                format!("`{role}` can be no role: conditions name it, so it has letters, digits and _ only");
            Err(Failed::with(Exit::Usage, words))
        }
        _ => Ok((format!("case{}", number.saturating_add(1)), path.to_owned())),
    }
}

fn is_role(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn distinct(named: &[(String, PathBuf)]) -> anyhow::Result<()> {
    let mut roles = BTreeSet::new();
    match named.iter().find(|(role, _)| !roles.insert(role)) {
        Some((role, _)) => Err(Failed::with(Exit::Usage, format!("two cases are called `{role}`"))),
        None => Ok(()),
    }
}

/// Whether a role was given that no claim of the file asks for: a slip of the pen would make it untestable.
fn is_unused(role: &str, claims: &Claims) -> bool {
    let roles = claims.roles();
    !roles.is_empty() && !role.starts_with("case") && !roles.contains(role)
}

/// Reads a file of claims.
pub(super) fn read(file: &Path) -> anyhow::Result<Claims> {
    let fail = |words: String| Failed::with(Exit::Nothing, format!("{}: {words}", file.display()));
    let opened = fs::File::open(file).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let mut text = String::new();
    let most = claims::file::LARGEST as u64 + 1;
    opened
        .take(most)
        .read_to_string(&mut text)
        .map_err(|error| fail(format!("is no file of claims: {error}; it comes after the cases")))?;
    Claims::read(&text).map_err(|error| wrong(file, &error))
}

/// What is wrong with a file of claims, or with asking its conditions.
pub(super) fn wrong(file: &Path, error: &ClaimsError) -> anyhow::Error {
    Failed::with(Exit::Profile, format!("{}: {error}", file.display()))
}

fn show(claims: &Claims, verdicts: &[Verdict], json: bool) -> anyhow::Result<()> {
    if json {
        return print::plain(report::verdicts_json(&claims.vendor, verdicts)?.as_bytes());
    }
    print::text(&harmless(&claims::text(&claims.vendor, verdicts)))
}

/// Text whose lines are ours and whose other hidden characters are made visible.
fn harmless(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}

fn document(claims: &Claims, verdicts: &[Verdict], out: &Path) -> anyhow::Result<String> {
    let title = format!("Claims of {}", claims.vendor);
    Ok(match out.extension().and_then(|extension| extension.to_str()) {
        Some("html") => report::verdicts_page(&title, verdicts),
        Some("md") => report::verdicts_markdown(verdicts),
        Some("json") => report::verdicts_json(&claims.vendor, verdicts)?,
        _ => harmless(&claims::text(&claims.vendor, verdicts)),
    })
}
