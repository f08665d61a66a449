//! Everything that can happen to the screen.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::palette::Item;
use super::snapshot::{HealthView, Job, PoolView, Tree};
use crate::arm::ResourceId;
use crate::changes::diff::Diffs;
use crate::changes::{Plan, Run};
use crate::health::metrics::Series;
use crate::script::params::Param;
use crate::session::names::Names;

/// An event.
#[derive(Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The mouse, where it is asked for.
    Mouse(MouseEvent),
    /// Text pasted into the terminal.
    Paste(String),
    /// The terminal has another size.
    Resize,
    /// Time has passed: ages are to be shown anew.
    Tick,
    /// The estate or its health changed.
    Estate(Arc<Tree>),
    /// The selected pool, read from the estate.
    Pool(Arc<PoolView>),
    /// Listing ended; the problem, where there is one.
    Listed(Option<String>),
    /// A plan was made for a request, or could not be.
    Planned {
        /// The line of script that asks the same.
        script: String,
        /// The plan.
        result: Result<Box<Plan>, String>,
    },
    /// The undo of a plan was made, or could not be.
    UndoPlanned(Result<Box<Plan>, String>),
    /// A journalled plan was read, to be gone on with.
    ResumePlanned(Result<Box<Plan>, String>),
    /// A plan runs, and this is how far it is.
    Run {
        /// The plan.
        plan: Arc<Plan>,
        /// Its progress.
        run: Run,
    },
    /// A plan ended: what to say of it.
    Ended(Result<String, String>),
    /// The journal was read.
    Jobs(Result<Vec<Job>, String>),
    /// The console has something to show.
    Console(Line),
    /// The console's entry is done.
    ConsoleIdle(Vec<String>),
    /// A script shows a plan and waits for the answer.
    Confirm(Box<Plan>, Answer),
    /// A script lets somebody choose: the question, what there is, and where it waits.
    Choose(String, Vec<String>, Choice),
    /// The console's entries of earlier sessions, the oldest first.
    History(Vec<String>),
    /// How far a script is.
    Progress(String),
    /// The saved scripts, for the launcher, and the names that complete their parameters.
    Scripts(Vec<Launch>, Box<Names>),
    /// Names that could complete the console's entry.
    Completions {
        /// Where the completed word begins, in bytes.
        start: usize,
        /// The words.
        words: Vec<String>,
    },
    /// The pool whose health is being asked for; none when it was answered.
    Asking(Option<ResourceId>),
    /// The document of a resource, or why it cannot be shown.
    Document {
        /// Whose.
        id: ResourceId,
        /// The document.
        result: Result<Box<serde_json::Value>, String>,
    },
    /// What a plan does to each document.
    Diffs(Diffs),
    /// A load balancer's health, as far as it is known.
    Health(Box<HealthView>),
    /// A load balancer's metrics, or why there are none.
    Metrics(ResourceId, Result<Vec<Series>, String>),
    /// What the palette can go to.
    Places(Vec<Item>),
    /// The terminal told whether its background is light.
    Background {
        /// Whether it is.
        light: bool,
    },
    /// The process is asked to stop for a while.
    Suspend,
    /// The process is asked to end.
    Terminate,
}

/// Where a script waits for its confirmation.
#[derive(Debug)]
pub struct Answer(pub std::sync::mpsc::Sender<bool>);

/// Where a script waits for the place of what is chosen.
#[derive(Debug)]
pub struct Choice(pub std::sync::mpsc::Sender<usize>);

/// A saved script as the launcher offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// Its parameters.
    pub params: Vec<Param>,
}

/// A line of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// Its text.
    pub text: String,
}

/// What a console line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// What a person typed, or the script of an action.
    Input,
    /// What a script printed or returned.
    Output,
    /// An error.
    Error,
    /// What azlb itself says.
    Note,
}
