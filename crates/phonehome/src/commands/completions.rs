//! `phonehome completions SHELL`.

use clap::CommandFactory;

use crate::{
    cli::{Cli, CompletionsArguments},
    exit::Exit,
    print,
};

pub(crate) fn run(arguments: &CompletionsArguments) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "phonehome", &mut script);
    print::plain(&script)?;
    Ok(Exit::Done)
}
