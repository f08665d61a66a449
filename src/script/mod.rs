//! Scripts: the rhai engine, its words, the REPL, the recorder.
//!
//! Owns the language's side of azlb: objects a person would name, functions that read and plan, and
//! a sandbox without files, processes or network but the session. Called by the command line and by
//! the terminal UI's console. A script can plan and ask; applying goes through the same guards and
//! the same confirmation as everything else, given by the [`host::Host`].

pub mod check;
pub mod complete;
pub mod conversation;
pub mod docs;
pub mod engine;
pub mod error;
pub mod highlight;
pub mod host;
pub mod library;
mod nobody;
pub mod params;
mod properties;
pub mod record;
pub mod repl;
mod shown;
pub mod values;
mod words;

pub use check::check;
pub use conversation::{Conversation, Said};
pub use engine::Console;
pub use error::ScriptError;
pub use host::Host;
pub use shown::{rows_as_table, text_table};
