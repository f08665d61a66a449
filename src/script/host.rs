//! What a script's surroundings do for it: print, confirm, apply.

use tokio_util::sync::CancellationToken;

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

    /// Stops the script, between two steps where a plan runs.
    fn cancel(&self) -> &CancellationToken;
}
