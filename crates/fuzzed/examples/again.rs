//! Feeds one target with files: `cargo run -p fuzzed --example again -- http FILE…`. Panics where a law is
//! broken.

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().unwrap_or_default();
    for path in arguments {
        fuzzed::run(&target, &std::fs::read(path)?);
    }
    Ok(())
}
