//! The console's entries from one session to the next: the file that the REPL keeps, in its form. Nothing
//! depends on it: where it cannot be read or written, the history begins with this session.

use std::io::Write as _;
use std::path::PathBuf;

use crate::session::Session;

/// A line break within an entry, as the file has it.
const BREAK: &str = "<\\n>";

/// The most entries that are read.
const MOST: usize = 1_000;

fn file(session: &Session) -> Option<PathBuf> {
    Some(session.config().state_dir().ok()?.join("history.rhai"))
}

/// The entries, the oldest first.
pub(super) fn read(session: &Session) -> Vec<String> {
    let text = file(session).and_then(|f| std::fs::read_to_string(f).ok()).unwrap_or_default();
    let entries: Vec<String> = text.lines().map(|line| line.replace(BREAK, "\n")).collect();
    let skip = entries.len().saturating_sub(MOST);
    entries.into_iter().skip(skip).collect()
}

/// Adds one.
pub(super) fn add(session: &Session, entry: &str) {
    let Some(file) = file(session) else { return };
    if let Some(folder) = file.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
    let line = format!("{}\n", entry.replace('\n', BREAK));
    let _ = opened.and_then(|mut file| file.write_all(line.as_bytes()));
}
