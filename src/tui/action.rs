//! The actions: one table that feeds the keymap, the hint bar and the help.

/// Something that a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Open, or into the members.
    Open,
    /// Close, or out to the tree.
    Close,
    /// To the next pane.
    NextPane,
    /// Back.
    Back,
    /// Mark the row.
    Mark,
    /// Forget all marks.
    Unmark,
    /// Swap one member for another.
    Swap,
    /// Put candidates in.
    Add,
    /// Take members out.
    TakeOut,
    /// Move members to another pool.
    Move,
    /// Filter the rows.
    Filter,
    /// List afresh.
    Refresh,
    /// Stop or start asking for health.
    Pause,
    /// To the console.
    Console,
    /// To the jobs.
    Jobs,
    /// Apply the plan on the screen.
    Apply,
    /// Answer yes to what the running plan asks.
    Yes,
    /// Answer no to it.
    No,
    /// Stop the running plan between two steps.
    StopRun,
    /// Go on with the selected plan.
    Resume,
    /// Take the selected plan back.
    Undo,
    /// Show or hide the help.
    Help,
    /// Stop the process as Ctrl-Z does.
    Suspend,
    /// Leave.
    Quit,
}

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The tree has the focus.
    Tree,
    /// The members have the focus.
    Members,
    /// A plan is shown.
    Plan,
    /// The jobs are shown.
    Jobs,
    /// The help is shown.
    Help,
}

/// What is known of an action.
#[derive(Debug)]
pub struct Spec {
    /// Which.
    pub action: Action,
    /// Where it applies.
    pub contexts: &'static [Context],
    /// Its keys, as [`super::keymap`] reads them.
    pub keys: &'static [&'static str],
    /// What it does, in a few words.
    pub title: &'static str,
    /// Whether the hint bar shows it.
    pub hint: bool,
    /// Whether it leads to a change of Azure; each such action leads to the plan screen first.
    pub changes: bool,
}

use Context::{Help, Jobs, Members, Plan, Tree};

const LISTS: &[Context] = &[Tree, Members, Jobs];
const BROWSE: &[Context] = &[Tree, Members];

const fn spec(
    action: Action,
    contexts: &'static [Context],
    keys: &'static [&'static str],
    title: &'static str,
    hint: bool,
    changes: bool,
) -> Spec {
    Spec { action, contexts, keys, title, hint, changes }
}

/// All actions, in the order of the hint bar and the help.
pub const ACTIONS: &[Spec] = &[
    spec(Action::Swap, &[Members], &["s"], "swap", true, true),
    spec(Action::Add, &[Members], &["a"], "add", true, true),
    spec(Action::TakeOut, &[Members], &["d"], "take out", true, true),
    spec(Action::Move, &[Members], &["v"], "move", true, true),
    spec(Action::Apply, &[Plan], &["a"], "apply", true, true),
    spec(Action::Yes, &[Jobs], &["y"], "yes, go on", false, true),
    spec(Action::No, &[Jobs], &["n"], "no", false, false),
    spec(Action::StopRun, &[Jobs], &["x"], "stop", true, false),
    spec(Action::Resume, &[Jobs], &["e"], "resume", true, true),
    spec(Action::Undo, &[Jobs], &["u"], "undo", true, true),
    spec(Action::Mark, &[Members], &["space"], "mark", true, false),
    spec(Action::Unmark, &[Members], &["U"], "forget marks", false, false),
    spec(Action::Open, LISTS, &["enter", "l", "right"], "open", true, false),
    spec(Action::Close, BROWSE, &["h", "left"], "close", false, false),
    spec(Action::NextPane, BROWSE, &["tab"], "pane", true, false),
    spec(Action::Filter, BROWSE, &["/"], "filter", true, false),
    spec(Action::Console, BROWSE, &["c", ":"], "console", true, false),
    spec(Action::Jobs, &[Tree, Members, Plan], &["J"], "jobs", true, false),
    spec(Action::Refresh, LISTS, &["r"], "refresh", false, false),
    spec(Action::Pause, BROWSE, &["p"], "pause", false, false),
    spec(Action::Up, &[Tree, Members, Jobs, Plan, Help], &["k", "up"], "up", false, false),
    spec(Action::Down, &[Tree, Members, Jobs, Plan, Help], &["j", "down"], "down", false, false),
    spec(Action::PageUp, &[Tree, Members, Jobs, Plan, Help], &["pageup", "ctrl-u"], "page up", false, false),
    spec(Action::PageDown, &[Tree, Members, Jobs, Plan, Help], &["pagedown", "ctrl-d"], "page down", false, false),
    spec(Action::First, LISTS, &["g", "home"], "first", false, false),
    spec(Action::Last, LISTS, &["G", "end"], "last", false, false),
    spec(Action::Back, &[Tree, Members, Jobs, Help], &["esc"], "back", false, false),
    // Enter and Esc never change Azure: on a plan both leave it.
    spec(Action::Back, &[Plan], &["esc", "enter", "q"], "leave", true, false),
    spec(Action::Help, &[Tree, Members, Plan, Jobs, Help], &["?"], "help", true, false),
    spec(Action::Suspend, &[Tree, Members, Plan, Jobs, Help], &["ctrl-z"], "suspend", false, false),
    spec(Action::Quit, BROWSE, &["q", "ctrl-c"], "quit", true, false),
    spec(Action::Back, &[Jobs, Help], &["q"], "back", true, false),
    spec(Action::Quit, &[Plan, Jobs, Help], &["ctrl-c"], "quit", false, false),
];
