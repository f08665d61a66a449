//! What a script's surroundings do for it: print, confirm, apply.

use tokio::sync::watch;

use crate::changes::{Outcome, Plan};
use crate::session::SessionError;

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
    fn apply(&self, plan: &Plan) -> Result<Option<Outcome>, SessionError>;

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
