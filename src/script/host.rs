//! What a script's surroundings do for it: print, ask, apply.

use tokio::sync::watch;

use crate::changes::{Outcome, Plan, Run};
use crate::session::SessionError;

/// A plan that was applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// How it ended.
    pub outcome: Outcome,
    /// How each step did.
    pub run: Run,
}

/// The face that runs a script. Its functions are called on the script's own thread and may block.
pub trait Host: Send + Sync {
    /// Shows a line, or several.
    fn print(&self, text: &str);

    /// Shows a plan and asks. True where it may be applied.
    ///
    /// # Errors
    /// Where nobody can be asked.
    fn confirm(&self, plan: &Plan) -> Result<bool, SessionError>;

    /// Applies a confirmed plan and waits for its end. `None` in a dry run.
    ///
    /// # Errors
    /// Read-only, the journal.
    fn apply(&self, plan: &Plan) -> Result<Option<Applied>, SessionError>;

    /// Whether plans are shown and not applied.
    fn dry_run(&self) -> bool {
        false
    }

    /// Asks a question that yes or no answers.
    ///
    /// # Errors
    /// Where nobody can be asked.
    fn ask(&self, question: &str) -> Result<bool, SessionError>;

    /// Lets somebody choose one of these; its place.
    ///
    /// # Errors
    /// Where nobody can be asked, or nothing was chosen.
    fn choose(&self, question: &str, options: &[String]) -> Result<usize, SessionError>;

    /// Shows how far something is.
    fn progress(&self, text: &str, done: u64, of: u64);

    /// Gives a value out: to programs as JSON, to people as text; rows as a table of these columns, or of
    /// their own.
    fn emit(&self, value: &serde_json::Value, columns: &[String]);

    /// What stops the script, between two steps where a plan runs.
    fn stop(&self) -> &Stop;
}

/// A stop that can be asked for and, for the next entry of a conversation, forgotten.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Forgets it.
    pub fn forget(&self) {
        self.0.send_replace(false);
    }

    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is asked for.
    pub async fn wait(&self) {
        // The sender lives as long as this future borrows it.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}
