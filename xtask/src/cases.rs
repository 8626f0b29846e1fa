//! The cases, end to end: the lab plays each run, the program audits what an investigator would have, and what it
//! found is held against what must be found; what the vendor said is judged over the same audits. `cargo xtask cases`
//! prints the table; `--write` puts it into docs.

mod verdicts;

use std::{
    fmt::Write as _,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, bail};
use audit::{Effort, Meter, Order, audit};
use evidence::Case;
use facts::Atlas;
use identifiers::Profile;
use lab::{Outcome, Variant};

use self::verdicts::{Bench, Judged};

/// A run of a case, and what became of its rows.
#[derive(Debug)]
struct Checked {
    slug: &'static str,
    run: String,
    variant: Option<Variant>,
    outcomes: Vec<Outcome>,
    /// The case's claims, where this was the last of the runs that they take.
    judged: Vec<Judged>,
}

/// What to check, and where to leave it.
#[derive(Debug, Default)]
struct Wish {
    variants: Vec<Option<Variant>>,
    slugs: Vec<String>,
    /// Files and `case.json` of each run stay here.
    keep: Option<PathBuf>,
}

/// Checks the runs and prints what is met: all, or those of the cases named; in their own clothes, or in those of
/// `--variant NAME`, or of `--variants`. With `--write` the tables go into `docs/cases.md`, with `--keep DIR` the runs'
/// files and cases into a folder for each.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let mut arguments = arguments.iter();
    let mut wish = Wish { variants: vec![None], ..Wish::default() };
    let mut write = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--variant" => {
                let name = arguments.next().context("which variant?")?;
                wish.variants =
                    vec![Some(Variant::named(name).with_context(|| format!("there is no variant {name}"))?)];
            }
            "--variants" => {
                wish.variants = std::iter::once(None).chain(Variant::ALL.map(Some)).collect();
            }
            "--keep" => wish.keep = Some(arguments.next().context("where to?")?.into()),
            "--write" => write = true,
            slug if lab::Case::named(slug).is_some() => wish.slugs.push(slug.to_owned()),
            other => bail!("{USAGE}; not {other}"),
        }
    }
    let checked = check_all(&wish)?;
    let text = table(&checked);
    if write {
        fs::write(root.join("docs/cases.md"), text)?;
    } else {
        println!("{text}");
    }
    let missed = all_missed(&checked)?;
    if !missed.is_empty() {
        bail!("not met:\n{}", missed.join("\n"));
    }
    Ok(())
}

/// Every run of the cases named (all where none is), in every variant, in their order.
fn check_all(wish: &Wish) -> anyhow::Result<Vec<Checked>> {
    let wanted = |case: &&lab::Case| wish.slugs.is_empty() || wish.slugs.iter().any(|slug| slug == case.slug);
    let mut todo = Vec::new();
    for case in lab::Case::all().iter().filter(wanted) {
        for run in case.expected()?.runs {
            todo.extend(wish.variants.iter().map(|variant| (case, run.name.clone(), *variant)));
        }
    }
    let (next, done, bench) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Bench::default());
    let work = || {
        while let Some((case, run, variant)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
            let checked = check(case, run, *variant, &bench, wish.keep.as_deref())
                .with_context(|| format!("{} {run} {}", case.slug, variant.map_or("", Variant::name)));
            if let Ok(mut done) = done.lock() {
                done.push(checked);
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let done = done.into_inner().unwrap_or_default();
    let mut checked = done.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    checked.sort_by_key(|checked| {
        todo.iter().position(|(case, run, variant)| {
            case.slug == checked.slug && *run == checked.run && *variant == checked.variant
        })
    });
    Ok(checked)
}

/// Plays a run, audits it, and holds what was found against what must be.
fn check(
    case: &'static lab::Case,
    run: &str,
    variant: Option<Variant>,
    bench: &Bench,
    keep: Option<&Path>,
) -> anyhow::Result<Checked> {
    let (plain, mut expected) = (case.scenario(run)?, case.expected()?);
    let scenario = match variant {
        Some(variant) => {
            let changed = variant.apply(plain.clone());
            expected = variant.adapt(expected, &plain, &changed);
            changed
        }
        None => plain,
    };
    let spare = tempfile::tempdir()?;
    let folder = keep.map_or(spare.path().to_owned(), |keep| {
        keep.join(case.slug).join(run).join(variant.map_or("plain", Variant::name))
    });
    for artefact in lab::run(&scenario)?.files {
        let path = folder.join(&artefact.name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, &artefact.bytes)?;
    }
    let audited = audited(&folder)?;
    let found = serde_json::to_value(&audited)?;
    if keep.is_some() {
        fs::write(folder.with_extension("case.json"), serde_json::to_vec_pretty(&found)?)?;
    }
    let outcomes = expected.hold(run, &found);
    // Claims name hosts and fields as they were: they are judged over the runs in their own clothes.
    let judged = if variant.is_none() { bench.lay(case, run, audited)? } else { Vec::new() };
    Ok(Checked { slug: case.slug, run: run.to_owned(), variant, outcomes, judged })
}

/// The audit of a folder that the lab wrote, as a user would run it.
fn audited(folder: &Path) -> anyhow::Result<Case> {
    let profile = fs::read_to_string(folder.join("profile.toml"))?;
    let mut beside = |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let profile = Profile::parse(&profile, &mut beside)
        .map_err(|errors| anyhow::anyhow!("the lab's profile is wrong: {errors:?}"))?;
    let order = Order {
        inputs: vec![folder.to_owned()],
        keys: Vec::new(),
        profile: Some(profile),
        store: None,
        atlas: Atlas::embedded(),
        bill: None,
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(1),
        program: "the cases' check".to_owned(),
    };
    Ok(audit(order, &Meter::default())?)
}

/// All that is not as it must be: rows, verdicts, and claims without a verdict.
fn all_missed(checked: &[Checked]) -> anyhow::Result<Vec<String>> {
    let mut all: Vec<String> = checked.iter().flat_map(missed).collect();
    all.extend(checked.iter().flat_map(|checked| &checked.judged).filter_map(Judged::missed));
    for case in lab::Case::all() {
        all.extend(verdicts::unspoken(case)?);
    }
    Ok(all)
}

fn missed(checked: &Checked) -> impl Iterator<Item = String> {
    let missed = checked.outcomes.iter().filter(|outcome| !outcome.is_met);
    missed.map(|outcome| {
        let clothes = checked.variant.map_or("", Variant::name);
        format!("{} {} {clothes}: {}", checked.slug, checked.run, outcome.item)
    })
}

/// The tables, as `docs/cases.md` has them.
fn table(checked: &[Checked]) -> String {
    let mut text = String::from(HEAD);
    let plain = || checked.iter().filter(|checked| checked.variant.is_none());
    for slug in plain().map(|checked| checked.slug).collect::<std::collections::BTreeSet<_>>() {
        let title =
            lab::Case::named(slug).and_then(|case| Some(case.expected().ok()?.title)).unwrap_or_default();
        let _ = writeln!(text, "## {title}\n\n| run | must be found, or must not | is so |\n|---|---|---|");
        for run in plain().filter(|checked| checked.slug == slug) {
            for outcome in &run.outcomes {
                let not = if outcome.is_absence { "absent: " } else { "" };
                let met = if outcome.is_met { "yes" } else { "**no**" };
                let _ = writeln!(text, "| {} | {not}{} | {met} |", run.run, outcome.item);
            }
        }
        text.push('\n');
        let of_case = plain().filter(|checked| checked.slug == slug);
        text.push_str(&verdicts::table(&of_case.flat_map(|checked| &checked.judged).collect::<Vec<_>>()));
    }
    if checked.iter().any(|checked| checked.variant.is_some()) {
        text.push_str(&clothes(checked));
    }
    text
}

/// How much of each run is found in each of the other clothes.
fn clothes(checked: &[Checked]) -> String {
    let names = Variant::ALL.map(Variant::name);
    let mut text =
        format!("{CLOTHES}| case | run | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for plain in checked.iter().filter(|checked| checked.variant.is_none()) {
        let _ = write!(text, "| {} | {} |", plain.slug, plain.run);
        for variant in Variant::ALL {
            let same = |other: &&Checked| {
                other.slug == plain.slug && other.run == plain.run && other.variant == Some(variant)
            };
            let cell = checked.iter().find(same).map_or_else(String::new, |found| {
                let met = found.outcomes.iter().filter(|outcome| outcome.is_met).count();
                format!("{met}/{}", found.outcomes.len())
            });
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text
}

const USAGE: &str = "usage: cargo xtask cases [--variant NAME | --variants] [--write] [--keep DIR] [CASE…]";
const HEAD: &str = "# The cases

What investigators found on real phones, played by simulated handsets and found by an audit that gets nothing but
the capture, the phone's own files and the profile. The rows are those of each case's `expected.toml`, where the marks
stand by which a machine knows them; every finding has a proof that `phonehome prove` runs again. What vendors said
(`claims.toml`, in our words) is judged over the same audits, and each verdict is the one that `verdicts.toml` asks
for. Written by `cargo xtask cases --variants --write`, and held by a test.

";
const CLOTHES: &str = "## In other clothes

Each run again with one more layer of gzip, packets lost, behind address translation, in another alphabet of base64,
under other host names, on other ports, with renamed fields, and with packets out of order: rows that are as they
should be, of all.

";

/// The workspace's folder, for the test.
#[cfg(test)]
fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Wish, all_missed, check_all, root, table};

    /// Every item of every case is found by the program itself, what was said of it gets its verdicts, and the page says
    /// so.
    #[test]
    fn every_case_is_found() {
        let checked = check_all(&Wish { variants: vec![None], ..Wish::default() }).unwrap();
        let missed = all_missed(&checked).unwrap();
        assert!(missed.is_empty(), "not met:\n{}", missed.join("\n"));
        let judged = checked.iter().flat_map(|checked| &checked.judged);
        let holdings: BTreeSet<_> = judged.map(|judged| judged.verdict.holding).collect();
        assert_eq!(holdings.len(), 3, "a kind of verdict does not occur: {holdings:?}");
        let page = std::fs::read_to_string(root().join("docs/cases.md")).unwrap();
        assert!(page.starts_with(&table(&checked)), "write it anew: cargo xtask cases --variants --write");
    }
}
