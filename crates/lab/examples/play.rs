//! Plays a scenario and writes its files: `cargo run -p lab --example play -- cases/nokia-7-plus/before-foreign.toml out`,
//! and the name of a variant behind that.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(file), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("SCENARIO OUT".into());
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let beside = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let scenario = lab::Scenario::read(&fs::read_to_string(&file)?, &beside)?;
    let variant = match arguments.next() {
        Some(name) => Some(lab::Variant::named(&name.to_string_lossy()).ok_or("there is no such variant")?),
        None => None,
    };
    let scenario = variant.map_or(scenario.clone(), |variant| variant.apply(scenario));
    for artefact in lab::run(&scenario)?.files {
        let path = out.join(&artefact.name);
        fs::create_dir_all(path.parent().unwrap_or(&out))?;
        fs::write(path, &artefact.bytes)?;
    }
    Ok(())
}
