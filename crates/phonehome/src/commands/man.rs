//! `phonehome man`: the manual, of the program and of each command, on one page.

use std::io;

use clap::CommandFactory;

use crate::{cli::Cli, exit::Exit};

pub(crate) fn run() -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut io::stdout())?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let page = clap_mangen::Man::new(sub.clone());
        page.render_synopsis_section(&mut io::stdout())?;
        page.render_description_section(&mut io::stdout())?;
        page.render_options_section(&mut io::stdout())?;
    }
    Ok(Exit::Done)
}
