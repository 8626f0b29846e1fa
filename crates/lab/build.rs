//! Puts the folder `cases/` into the program: a table of its folders and their TOML files.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../cases").canonicalize()?;
    let mut out = "/// The cases, by name.\nconst CASES: &[Case] = &[\n".to_owned();
    for folder in entries(&root)?.iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        writeln!(out, "    Case {{ slug: {:?}, files: &[", name(folder))?;
        for file in entries(folder)?.iter().filter(|path| path.extension().is_some_and(|it| it == "toml")) {
            writeln!(out, "        ({:?}, include_str!({file:?})),", name(file))?;
        }
        out.push_str("    ] },\n");
    }
    out.push_str("];\n");
    println!("cargo::rerun-if-changed={}", root.display());
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("cases.rs"), out)?;
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
