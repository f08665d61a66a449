//! The loop: what happens is drained, the model updated, commands started, and the screen drawn
//! where something changed, at most thirty times a second.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use futures::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::command::{Command, Tasks};
use super::event::Event;
use super::model::Model;
use super::snapshot;
use super::theme::Faces;
use super::update::update;
use super::view;
use crate::session::Session;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// How often ages are shown anew, and whether health is due is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the operator leaves.
///
/// # Errors
/// Where the terminal cannot be drawn to.
pub async fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    session: Session,
    keys: impl Stream<Item = std::io::Result<TerminalEvent>> + Send + 'static,
    faces: Faces,
) -> std::io::Result<()>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut keys = forwarded(keys);
    let (sender, mut events) = mpsc::channel(256);
    let mut changes = session.changes();
    let mut tasks = Tasks::new(session.clone(), sender);
    let mut model = Model::new(session.may_write(), session.place().to_owned());
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut end = Box::pin(terminated());
    let mut dirty = true;
    let mut drawn = Instant::now() - FRAME;
    tasks.start(Command::List);
    while !model.quit {
        if dirty && drawn.elapsed() >= FRAME {
            terminal.draw(|frame| view::draw(&mut model, frame, &faces)).map_err(std::io::Error::other)?;
            dirty = false;
            drawn = Instant::now();
        }
        let event = tokio::select! {
            biased;
            key = keys.recv() => match key {
                Some(key) => translate(key?),
                // The terminal is gone; a running plan is brought to the end of its step by its journal.
                None => Some(Event::Terminate),
            },
            () = &mut end => Some(Event::Terminate),
            Some(event) = events.recv() => Some(event),
            Ok(()) = changes.changed() => {
                changes.mark_unchanged();
                Some(Event::Estate(Arc::new(snapshot::tree(&session))))
            }
            _ = tick.tick() => Some(Event::Tick),
            () = tokio::time::sleep_until(drawn + FRAME), if dirty => None,
        };
        let mut next = event;
        // Everything that waits is taken in before the screen is drawn once.
        while let Some(event) = next.take() {
            model.throttled = session.throttled();
            let (commands, changed) = update(&mut model, event);
            dirty |= changed;
            for command in commands {
                if matches!(command, Command::Suspend) {
                    super::terminal::suspend()?;
                    terminal.clear().map_err(std::io::Error::other)?;
                    dirty = true;
                }
                tasks.start(command);
            }
            next = match keys.try_recv() {
                Ok(key) => translate(key?),
                Err(_) => events.try_recv().ok(),
            };
        }
    }
    Ok(())
}

/// Keys by way of a channel, which can be looked into without waiting. Polling the terminal's own
/// stream once and leaving it would lose its next wake-up.
fn forwarded(
    keys: impl Stream<Item = std::io::Result<TerminalEvent>> + Send + 'static,
) -> mpsc::Receiver<std::io::Result<TerminalEvent>> {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut keys = std::pin::pin!(keys);
        while let Some(key) = keys.next().await {
            if sender.send(key).await.is_err() {
                return;
            }
        }
    });
    receiver
}

fn translate(event: TerminalEvent) -> Option<Event> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(..) => Some(Event::Resize),
        _ => None,
    }
}

/// Ends when the process is asked to end.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
