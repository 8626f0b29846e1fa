//! `phonehome` tells what a smartphone secretly sends home, and proves it.
//!
//! Each command is a file in `commands/`; the work is done by the library crates. This is the only crate
//! that prints ([`mod@print`]) and writes results ([`mod@write`]), and the only one with an opinion on exit codes
//! ([`exit`]).

mod case;
mod cli;
mod commands;
mod earlier;
mod exit;
mod print;
mod write;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::Exit;

/// Small allocations come and go with every message; this allocator serves them in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.apply();
    let outcome = match cli.command {
        Command::Apps(arguments) => commands::apps::run(&arguments),
        Command::Audit(arguments) => commands::audit::run(arguments),
        Command::Claims(arguments) => commands::claims::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Lab(arguments) => commands::lab::run(&arguments),
        Command::Man => commands::man::run(),
        Command::Profile(arguments) => commands::profile::run(arguments),
        Command::Prove(arguments) => commands::prove::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Unmask(arguments) => commands::unmask::run(&arguments),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            print::note(&format!("{failure:#}"));
            Exit::of(&failure).into()
        }
    }
}
