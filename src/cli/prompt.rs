//! Questions to whoever sits at the terminal, each of which can be called off.
//!
//! A read that waits for the terminal cannot be ended from outside, and would take the line that the next
//! question is to have: so the terminal is looked at some times a second, and read once there is a line.

use std::io::{self, IsTerminal as _, Write as _};

use super::output::safe;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line, without the spaces around it.
    Line(String),
    /// The input ended.
    End,
    /// The question was called off.
    CalledOff,
}

impl Typed {
    /// Whether it is a yes; nothing else is.
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Line(line) if line.eq_ignore_ascii_case("yes") || line.eq_ignore_ascii_case("y"))
    }
}

/// Whether a terminal can show a question and take its answer.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line on standard error, until there is one or `called_off` says so.
///
/// # Errors
/// Where the input cannot be read.
pub fn line(prompt: &str, called_off: &dyn Fn() -> bool) -> io::Result<Typed> {
    eprint!("{}", safe(prompt));
    io::stderr().flush()?;
    // What is piped in comes or ends by itself.
    if io::stdin().is_terminal() {
        while !is_ready()? {
            if called_off() {
                eprintln!();
                return Ok(Typed::CalledOff);
            }
        }
    }
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        eprintln!();
        return Ok(Typed::End);
    }
    Ok(Typed::Line(line.trim().to_owned()))
}

/// Whether the terminal has a line; waits a tenth of a second for it.
#[cfg(unix)]
fn is_ready() -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&tenth)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn is_ready() -> io::Result<bool> {
    Ok(true)
}

/// How the terminal was, to make it so again where what reads it is left behind.
pub struct Mode {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Mode {
    /// As it is now.
    pub fn now() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }

    /// Makes it so again, its cursor shown.
    pub fn restore(&self) {
        let _ = console::Term::stderr().show_cursor();
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, before);
        }
    }
}
