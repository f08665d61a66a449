//! The terminal UI: one loop, one [`event::Event`], one [`update::update`] without I/O, one
//! [`view::draw`].
//!
//! Owns the screen, the keys and nothing of Azure: what it shows comes from the session as
//! snapshots, and what it wants done goes out as [`command::Command`]s, which run as tasks and come
//! back as events. No key and no draw waits for the network.

pub mod action;
pub mod app;
mod asked;
pub mod command;
mod console_host;
pub mod event;
pub mod keymap;
mod keys_typed;
pub mod model;
mod navigate;
mod plan_screen;
pub mod snapshot;
mod terminal;
pub mod theme;
mod typing;
pub mod update;
pub mod view;

use std::process::ExitCode;

use crossterm::event::EventStream;

use crate::session::Session;

/// Opens the terminal UI and runs it to its end.
///
/// # Errors
/// Where there is no terminal, or it cannot be used.
pub async fn main(session: Session) -> std::io::Result<ExitCode> {
    let mut screen = terminal::Screen::open()?;
    let result = app::run(screen.terminal(), session, EventStream::new(), theme::Faces::from_environment()).await;
    drop(screen);
    result.map(|()| ExitCode::SUCCESS)
}
