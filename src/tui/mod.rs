//! The terminal UI: one loop, one [`event::Event`], one [`update::update`] without I/O, one
//! [`view::draw`].
//!
//! Owns the screen, the keys and nothing of Azure: what it shows comes from the session as
//! snapshots, and what it wants done goes out as [`command::Command`]s, which run as tasks and come
//! back as events. No key and no draw waits for the network.

pub mod action;
pub mod app;
mod asked;
mod background;
pub mod command;
mod console_host;
pub mod copy;
pub mod document;
pub mod dump;
pub mod event;
mod filter;
pub mod form;
mod history;
pub mod kept;
pub mod keymap;
mod keys_typed;
pub mod model;
pub mod mouse;
mod navigate;
pub mod palette;
mod picks;
mod plan_screen;
mod screens;
pub mod snapshot;
pub mod sort;
mod terminal;
pub mod theme;
mod trail;
mod typing;
pub mod update;
pub mod view;

use std::process::ExitCode;

use crossterm::event::EventStream;

use crate::session::Session;

/// Opens the terminal UI and runs it to its end.
///
/// # Errors
/// Where the configured keys or theme cannot be used, where there is no terminal, or it cannot be used.
pub async fn main(session: Session) -> Result<ExitCode, OpenError> {
    let look = app::Look::from_config(session.config())?;
    let mut screen = terminal::Screen::open(look.dumps.clone().unwrap_or_else(std::env::temp_dir), look.mouse)?;
    let result = app::run(screen.terminal(), session, EventStream::new(), look).await;
    drop(screen);
    Ok(result.map(|()| ExitCode::SUCCESS)?)
}

/// A file and a line as they stand before a mistake.
fn place(of: Option<(std::path::PathBuf, usize)>) -> String {
    of.map(|(path, line)| format!("{}:{line}: ", path.display())).unwrap_or_default()
}

/// Why the terminal UI cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The terminal's.
    #[error(transparent)]
    Terminal(#[from] std::io::Error),
    /// The configured keys'.
    #[error("{place}{error}")]
    Keys {
        /// The file and the line, with a colon after each; nothing where they are not known.
        place: String,
        /// What is wrong.
        error: keymap::KeyError,
    },
    /// The theme's.
    #[error(transparent)]
    Theme(#[from] theme::ThemeError),
}
