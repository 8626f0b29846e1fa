//! What is printed, and what happens where it cannot be.
//!
//! Whoever reads our output may stop early (`phonehome … | head`): that is no failure. A full disk is one.
//! Colours are taken off where they are not wanted.

use std::io::{self, BufWriter, Write};

use crate::exit::{Exit, Failed};

/// Prints text that may hold colours.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    printed(anstream::stdout().lock().write_all(text.as_bytes()))
}

/// Prints bytes as they are.
pub(crate) fn plain(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Prints what is written piece by piece.
pub(crate) fn by(
    content: impl FnOnce(&mut BufWriter<io::StdoutLock<'_>>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    printed(content(&mut out).and_then(|()| out.flush()))
}

/// Says something beside the output, one line for each line of the text. Nothing in it acts on the terminal.
pub(crate) fn note(text: &str) {
    for line in text.lines() {
        // Where even this cannot be written there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "phonehome: {}", report::visible(line));
    }
}

/// What became of standard output.
pub(crate) fn printed(outcome: io::Result<()>) -> anyhow::Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failed::with(Exit::Output, format!("standard output: cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
