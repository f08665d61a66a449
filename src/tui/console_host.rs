//! The console's engine on its own thread: it may block there, and the screen never does.

use std::sync::Arc;
use std::sync::mpsc as blocking;

use futures::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::command::{told, verdict};
use super::event::{Answer, Choice, Event, Line, LineKind};
use crate::changes::{Plan, Run};
use crate::script::host::{Applied, Stop};
use crate::script::{Console, Conversation, Host, Said};
use crate::session::{Session, SessionError};

/// How many entries may wait for their turn.
const WAITING: usize = 16;

/// What the thread is told.
enum Entry {
    /// Somebody typed it.
    Typed(String),
    /// The line of script of something that was done on the screen.
    Done(String),
}

/// The thread, and the way to it.
pub(super) struct ConsoleThread {
    entries: blocking::SyncSender<Entry>,
    host: Arc<ConsoleHost>,
}

struct ConsoleHost {
    session: Session,
    events: mpsc::Sender<Event>,
    runtime: tokio::runtime::Handle,
    stop: Stop,
}

impl ConsoleThread {
    pub(super) fn start(session: Session, events: mpsc::Sender<Event>) -> Self {
        let (entries, inbox) = blocking::sync_channel::<Entry>(WAITING);
        let runtime = tokio::runtime::Handle::current();
        let host = Arc::new(ConsoleHost { session, events, runtime, stop: Stop::default() });
        let own = Arc::clone(&host);
        std::thread::spawn(move || {
            let console = Console::new(own.session.clone(), own.clone(), own.runtime.clone());
            let mut conversation = Conversation::new(console);
            // The thread ends with the screen, whose end closes the inbox.
            while let Ok(entry) = inbox.recv() {
                let text = match entry {
                    Entry::Typed(text) => text,
                    Entry::Done(line) => {
                        conversation.note(&line);
                        continue;
                    }
                };
                own.stop.forget();
                match conversation.enter(&text) {
                    Said::Value(Some(value)) => own.line(LineKind::Output, value),
                    Said::Value(None) => {}
                    Said::Error(error) => own.line(LineKind::Error, error),
                    Said::Quit => own.line(LineKind::Note, "q leaves azlb; Esc leaves the console".to_owned()),
                }
                let _ = own.events.blocking_send(Event::ConsoleIdle(conversation.variables()));
            }
        });
        Self { entries, host }
    }

    pub(super) fn evaluate(&self, text: String) {
        if self.entries.try_send(Entry::Typed(text)).is_err() {
            let line = Line { kind: LineKind::Error, text: "the console is busy; Ctrl-C stops it".to_owned() };
            let _ = self.host.events.try_send(Event::Console(line));
        }
    }

    /// Notes a line of script that was done on the screen, for `:save`.
    pub(super) fn note(&self, line: String) {
        // Where the console is so busy, the line stands on the screen all the same.
        let _ = self.entries.try_send(Entry::Done(line));
    }

    pub(super) fn stop(&self) {
        self.host.stop.ask();
    }
}

impl ConsoleHost {
    fn line(&self, kind: LineKind, text: String) {
        let _ = self.events.blocking_send(Event::Console(Line { kind, text }));
    }
}

impl Host for ConsoleHost {
    fn print(&self, text: &str) {
        self.line(LineKind::Output, text.to_owned());
    }

    fn confirm(&self, plan: &Plan) -> Result<bool, SessionError> {
        if !self.session.may_write() {
            return Err(SessionError::ReadOnly);
        }
        let (answer, answered) = blocking::channel();
        let _ = self.events.blocking_send(Event::Confirm(Box::new(plan.clone()), Answer(answer)));
        // A screen that is gone confirms nothing.
        Ok(answered.recv().unwrap_or(false))
    }

    fn apply(&self, plan: &Plan) -> Result<Option<Applied>, SessionError> {
        self.runtime.block_on(async {
            let plan = Arc::new(plan.clone());
            let progress = watch::Sender::new(Run::new(&plan));
            let cancel = CancellationToken::new();
            let run = self.session.apply((*plan).clone(), &progress, &cancel).boxed();
            let running = told(&self.events, &plan, &progress, run);
            tokio::pin!(running);
            let report = tokio::select! {
                report = &mut running => report,
                () = self.stop.wait() => {
                    cancel.cancel();
                    running.await
                }
            };
            let applied = report.as_ref().map(|r| Applied { outcome: r.outcome, run: r.run.clone() }).ok();
            let said = verdict(report);
            let _ = self.events.send(Event::Ended(said.clone())).await;
            match applied {
                Some(applied) => Ok(Some(applied)),
                None => Err(SessionError::Asked(said.err().unwrap_or_default())),
            }
        })
    }

    fn ask(&self, question: &str) -> Result<bool, SessionError> {
        let answers = ["no".to_owned(), "yes".to_owned()];
        Ok(self.choose(question, &answers)? == 1)
    }

    fn choose(&self, question: &str, options: &[String]) -> Result<usize, SessionError> {
        let (answer, answered) = blocking::channel();
        let _ = self.events.blocking_send(Event::Choose(question.to_owned(), options.to_vec(), Choice(answer)));
        answered.recv().map_err(|_| SessionError::Asked(format!("'{question}': nothing was chosen")))
    }

    fn progress(&self, text: &str, done: u64, of: u64) {
        // A full channel drops a word of progress, never the script's pace.
        let _ = self.events.try_send(Event::Progress(format!("{done}/{of} {text}")));
    }

    fn emit(&self, value: &serde_json::Value, columns: &[String]) {
        let rows = value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(|v| v.is_object()));
        let text = if rows {
            crate::script::rows_as_table(value, columns)
        } else {
            serde_json::to_string_pretty(value).unwrap_or_default()
        };
        self.line(LineKind::Output, text);
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}
