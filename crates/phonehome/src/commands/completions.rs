//! `phonehome completions SHELL`.

use std::io;

use clap::CommandFactory;

use crate::{
    cli::{Cli, CompletionsArguments},
    exit::Exit,
};

pub(crate) fn run(arguments: &CompletionsArguments) -> anyhow::Result<Exit> {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "phonehome", &mut io::stdout());
    Ok(Exit::Done)
}
