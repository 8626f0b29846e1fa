//! `phonehome man`: the manual, of the program and of each command, on one page.

use clap::{Arg, Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};

use crate::{
    cli::Cli,
    exit::{self, Exit},
    print,
};

pub(crate) fn run() -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut roff = Roff::new();
    sections(&mut roff, &command);
    exit_status(&mut roff);
    page.extend(roff.render().into_bytes());
    print::plain(&page)?;
    Ok(Exit::Done)
}

/// A section for each command that does something.
fn sections(roff: &mut Roff, command: &Command) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        if sub.has_subcommands() {
            sections(roff, sub);
        } else {
            section(roff, sub);
        }
    }
}

fn section(roff: &mut Roff, command: &Command) {
    roff.control("SH", [command.get_bin_name().unwrap_or(command.get_name())]);
    let usage = command.clone().render_usage().to_string();
    roff.text([bold(usage.trim_start_matches("Usage: "))]);
    roff.control("PP", []);
    roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    for argument in
        command.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help")
    {
        roff.control("TP", []);
        roff.text([bold(names(argument)), roman(" "), italic(value(argument))]);
        roff.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
}

fn names(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long).collect::<Vec<_>>().join(", ")
}

/// What stands for an argument's value; nothing for a switch.
fn value(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    match argument.get_action().takes_values() {
        true => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        false => String::new(),
    }
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    let mut rows: Vec<String> = Vec::new();
    for line in exit::TABLE.lines().skip(1) {
        match rows.last_mut().filter(|_| line.starts_with("     ")) {
            Some(row) => *row = format!("{row} {}", line.trim()),
            None => rows.push(line.trim().to_owned()),
        }
    }
    for row in rows {
        let (code, words) = row.split_once(' ').unwrap_or((&row, ""));
        roff.control("TP", []);
        roff.text([bold(code)]);
        roff.text([roman(words.trim())]);
    }
}
