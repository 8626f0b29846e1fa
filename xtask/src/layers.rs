//! `cargo xtask check-layers`: the import table of ARCHITECTURE.md is the law, and this is its court.
//!
//! Reads the workspace's dependency graph and the sources' use of files, clocks, threads and printing.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context, bail};

/// Which of our crates each crate may use (besides for its tests).
const ALLOWED: &[(&str, &[&str])] = &[
    ("evidence", &[]),
    ("claims", &["evidence"]),
    ("compare", &["evidence"]),
    ("facts", &["evidence"]),
    ("handset", &["evidence"]),
    ("wire", &["evidence"]),
    ("payload", &["evidence"]),
    ("identifiers", &["evidence", "facts"]),
    ("unmask", &["evidence"]),
    ("store", &["evidence"]),
    ("report", &["evidence", "facts"]),
    ("audit", &["evidence", "facts", "handset", "wire", "payload", "identifiers", "unmask", "store"]),
    (
        "phonehome",
        &[
            "evidence",
            "claims",
            "compare",
            "facts",
            "identifiers",
            "lab",
            "unmask",
            "audit",
            "store",
            "report",
        ],
    ),
    ("testkit", &["evidence"]),
    ("lab", &["evidence", "testkit", "virtnet"]),
    ("virtnet", &["evidence", "testkit"]),
    (
        "fuzzed",
        &[
            "evidence",
            "claims",
            "compare",
            "facts",
            "handset",
            "identifiers",
            "unmask",
            "wire",
            "payload",
            "audit",
            "report",
            "testkit",
        ],
    ),
    (
        "xtask",
        &[
            "evidence",
            "claims",
            "facts",
            "identifiers",
            "lab",
            "wire",
            "payload",
            "audit",
            "report",
            "testkit",
            "fuzzed",
        ],
    ),
];

/// Crates that get bytes, gaps and time as arguments, and touch nothing else.
const PURE: &[&str] = &[
    "evidence",
    "claims",
    "compare",
    "facts",
    "handset",
    "wire",
    "payload",
    "identifiers",
    "unmask",
    "report",
    "virtnet",
];

/// What pure crates must not name.
const FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::thread",
    "std::process",
    "std::env::",
    "Instant::now",
    "SystemTime",
    "println!",
    "eprintln!",
    "dbg!",
];

/// Fails with every broken rule.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let mut broken = dependencies(root)?;
    for name in PURE {
        broken.extend(impurities(&root.join("crates").join(name).join("src"))?);
    }
    broken.extend(table(root)?);
    if broken.is_empty() {
        println!("layers: {} crates keep to the table", ALLOWED.len());
        return Ok(());
    }
    bail!("broken layers:\n  {}", broken.join("\n  "))
}

fn dependencies(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let packages = metadata
        .get("packages")
        .and_then(serde_json::Value::as_array)
        .context("cargo metadata lists no packages")?;
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            broken.push(format!("{name} is not in the table"));
            continue;
        };
        let uses = package["dependencies"].as_array().into_iter().flatten();
        let uses = uses.filter(|used| used["kind"].as_str() != Some("dev"));
        for used in uses.filter_map(|used| used["name"].as_str()) {
            if ours.contains(used) && !allowed.contains(&used) {
                broken.push(format!("{name} uses {used}"));
            }
        }
    }
    Ok(broken)
}

/// Uses of files, clocks, threads and printing outside test modules.
fn impurities(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut broken = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            broken.extend(impurities(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (number, line) in lines {
                for word in FORBIDDEN.iter().filter(|word| line.contains(**word)) {
                    broken.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    Ok(broken)
}

/// The table as ARCHITECTURE.md shows it must be the one above.
fn table(root: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).context("reading ARCHITECTURE.md")?;
    let missing = ALLOWED.iter().map(|(name, allowed)| row(name, allowed));
    let missing = missing.filter(|row| !text.contains(row.as_str()));
    Ok(missing.map(|row| format!("ARCHITECTURE.md lacks the row {row}")).collect())
}

fn row(name: &str, allowed: &[&str]) -> String {
    let uses: Vec<_> = allowed.iter().map(|used| format!("`{used}`")).collect();
    let uses = if uses.is_empty() { "nothing of ours".to_owned() } else { uses.join(", ") };
    format!("| `{name}` | {uses} |")
}
