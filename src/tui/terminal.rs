//! The terminal itself: taken at the start, given back however the program ends.

use std::io::{IsTerminal as _, Stdout, Write as _, stdout};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Whether the mouse was taken, and is to be given back.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The screen, in raw mode on the alternate buffer while this lives.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal. A panic gives it back and leaves a report in `reports`.
    pub(super) fn open(reports: PathBuf, mouse: bool) -> std::io::Result<Self> {
        if !stdout().is_terminal() || !std::io::stdin().is_terminal() {
            return Err(std::io::Error::other(
                "the terminal UI needs a terminal; for scripts use a command such as 'azlb list lbs' (azlb --help)",
            ));
        }
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            hook(info);
            if let Some(path) = super::trail::report(info, &reports) {
                eprintln!(
                    "azlb: this is a fault of azlb. A report without names or secrets: {}. What a plan had done is in the journal: azlb journal list",
                    path.display()
                );
            }
        }));
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        if mouse {
            execute!(stdout(), EnableMouseCapture)?;
            MOUSE.store(true, Ordering::Relaxed);
        }
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(stdout()))? })
    }

    pub(super) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Leaves the terminal as it was found. Nothing is to be done where even that fails.
fn give_back() {
    if MOUSE.load(Ordering::Relaxed) {
        let _ = execute!(stdout(), DisableMouseCapture);
    }
    let _ = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, crossterm::cursor::Show);
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again.
#[cfg(unix)]
pub(super) fn suspend() -> std::io::Result<()> {
    give_back();
    let stopped = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if MOUSE.load(Ordering::Relaxed) {
        execute!(stdout(), EnableMouseCapture)?;
    }
    stopped.map_err(std::io::Error::from)
}

#[cfg(not(unix))]
pub(super) fn suspend() -> std::io::Result<()> {
    Ok(())
}
