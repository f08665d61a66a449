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
    /// Mark every row from the last mark to here.
    MarkRange,
    /// Mark what is not marked of the rows shown, and the other way round.
    MarkInvert,
    /// Mark every row shown.
    MarkAll,
    /// Forget all marks.
    Unmark,
    /// Sort by the next column.
    Sort,
    /// What failed in a plan of the journal, whole.
    Failures,
    /// Sort by the column before.
    SortBack,
    /// Sort the other way round.
    SortReverse,
    /// More columns, or fewer.
    Wide,
    /// To the saved scripts.
    Scripts,
    /// To the choice of columns.
    Columns,
    /// To the choice of theme.
    Themes,
    /// To what was said so far.
    Messages,
    /// Keep this place, or forget it.
    Bookmark,
    /// To the places that are kept.
    Bookmarks,
    /// To the palette: commands, and any resource by its name.
    Palette,
    /// The document of the selected resource, as it is.
    Detail,
    /// The health of the load balancer: each rule and each member.
    Health,
    /// Where the selection was before.
    Backward,
    /// Where it was before going backward.
    Forward,
    /// Copy the id of what is selected, or the document shown.
    Copy,
    /// Write the screen to files.
    Dump,
    /// Fold or unfold.
    Fold,
    /// Between JSON and YAML.
    Form,
    /// The next thing found.
    NextFound,
    /// The one before.
    PreviousFound,
    /// Swap one member for another.
    Swap,
    /// Put candidates in.
    Add,
    /// Take members out.
    TakeOut,
    /// Move members to another pool.
    Move,
    /// Filter the rows, or search the document.
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
    /// Between the plan's steps and the whole documents that they write.
    Whole,
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
    /// A document is shown.
    Detail,
    /// A load balancer's health is shown.
    Health,
    /// The help is shown.
    Help,
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 7] =
        [Self::Tree, Self::Members, Self::Plan, Self::Jobs, Self::Detail, Self::Health, Self::Help];

    /// Its name, for documents and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Members => "members",
            Self::Plan => "plan",
            Self::Jobs => "jobs",
            Self::Detail => "detail",
            Self::Health => "health",
            Self::Help => "help",
        }
    }
}

/// What is known of an action.
#[derive(Debug)]
pub struct Spec {
    /// Its name in the configuration's `[keys]`.
    pub name: &'static str,
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

impl Spec {
    /// Whether its key writes at once, with nothing shown first.
    pub fn writes(&self) -> bool {
        matches!(self.action, Action::Apply | Action::Yes)
    }
}

use Context::{Detail, Health, Help, Jobs, Members, Plan, Tree};

const BROWSE: &[Context] = &[Tree, Members];
const SCROLLED: &[Context] = &[Tree, Members, Jobs, Plan, Detail, Health, Help];

/// Shown in the hint bar.
const HINT: u8 = 1;
/// Leads to a change, by way of the plan screen but for those that [`Spec::writes`] names.
const CHANGES: u8 = 2;

const fn spec(
    name: &'static str,
    action: Action,
    contexts: &'static [Context],
    keys: &'static [&'static str],
    title: &'static str,
    flags: u8,
) -> Spec {
    Spec { name, action, contexts, keys, title, hint: flags & HINT != 0, changes: flags & CHANGES != 0 }
}

/// All actions, in the order of the hint bar and the help.
pub const ACTIONS: &[Spec] = &[
    spec("swap", Action::Swap, &[Members], &["s"], "swap", HINT | CHANGES),
    spec("add", Action::Add, &[Members], &["a"], "add", HINT | CHANGES),
    spec("take-out", Action::TakeOut, &[Members], &["d"], "take out", HINT | CHANGES),
    spec("move", Action::Move, &[Members], &["v"], "move", HINT | CHANGES),
    spec("apply", Action::Apply, &[Plan], &["a"], "apply", HINT | CHANGES),
    spec("whole", Action::Whole, &[Plan], &["f"], "documents", HINT),
    spec("yes", Action::Yes, &[Jobs], &["y"], "yes, go on", CHANGES),
    spec("no", Action::No, &[Jobs], &["n"], "no", 0),
    spec("stop", Action::StopRun, &[Jobs], &["x"], "stop", HINT),
    spec("resume", Action::Resume, &[Jobs], &["e"], "resume or retry", HINT | CHANGES),
    spec("failures", Action::Failures, &[Jobs], &["i", "enter"], "what failed", HINT),
    spec("undo", Action::Undo, &[Jobs], &["u"], "undo", HINT | CHANGES),
    spec("mark", Action::Mark, &[Members], &["space"], "mark", HINT),
    spec("mark-range", Action::MarkRange, &[Members], &["M"], "mark from the last mark to here", 0),
    spec("mark-invert", Action::MarkInvert, &[Members], &["*"], "mark the others", 0),
    spec("mark-all", Action::MarkAll, &[Members], &["ctrl-a"], "mark all that are shown", 0),
    spec("unmark", Action::Unmark, &[Members], &["U"], "forget marks", 0),
    spec("sort", Action::Sort, &[Members], &["o", "shift-right"], "sort by the next column", 0),
    spec("sort-back", Action::SortBack, &[Members], &["shift-left"], "sort by the column before", 0),
    spec("sort-reverse", Action::SortReverse, &[Members], &["O"], "sort the other way round", 0),
    spec("columns", Action::Columns, &[Members], &["C"], "choose the columns", 0),
    spec("wide", Action::Wide, &[Members], &["w"], "more columns", 0),
    spec("open", Action::Open, BROWSE, &["enter", "l", "right"], "open", 0),
    spec("close", Action::Close, BROWSE, &["h", "left"], "close", 0),
    spec("pane", Action::NextPane, BROWSE, &["tab"], "pane", 0),
    spec("filter", Action::Filter, BROWSE, &["/"], "filter", HINT),
    spec("search", Action::Filter, &[Detail], &["/"], "search", HINT),
    spec("next-found", Action::NextFound, &[Detail], &["n"], "next", HINT),
    spec("previous-found", Action::PreviousFound, &[Detail], &["N"], "the one before", 0),
    spec("fold", Action::Fold, &[Detail], &["space", "enter"], "fold", HINT),
    spec("form", Action::Form, &[Detail], &["f"], "JSON or YAML", HINT),
    spec("palette", Action::Palette, &[Tree, Members, Jobs, Detail, Health], &[":"], "go to", HINT),
    spec("detail", Action::Detail, BROWSE, &["i"], "document", HINT),
    spec("health", Action::Health, BROWSE, &["H"], "health", HINT),
    spec("console", Action::Console, BROWSE, &["c"], "console", 0),
    spec("jobs", Action::Jobs, &[Tree, Members, Plan, Detail, Health], &["J"], "jobs", HINT),
    spec("refresh", Action::Refresh, &[Tree, Members, Jobs, Detail, Health], &["r"], "refresh", 0),
    spec("pause", Action::Pause, &[Tree, Members, Health], &["p"], "pause", 0),
    spec("copy", Action::Copy, &[Tree, Members, Detail], &["y"], "copy", 0),
    spec("dump", Action::Dump, SCROLLED, &["ctrl-p"], "write the screen to files", 0),
    spec("scripts", Action::Scripts, BROWSE, &["x"], "run a saved script", CHANGES),
    spec("themes", Action::Themes, BROWSE, &["T"], "choose the theme", 0),
    spec("messages", Action::Messages, &[Tree, Members, Jobs, Detail, Health], &["L"], "what was said", 0),
    spec("bookmark", Action::Bookmark, BROWSE, &["b"], "keep this place, or forget it", 0),
    spec("bookmarks", Action::Bookmarks, BROWSE, &["B"], "to a kept place", 0),
    spec("backward", Action::Backward, BROWSE, &["["], "where I was before", 0),
    spec("forward", Action::Forward, BROWSE, &["]"], "forward again", 0),
    spec("up", Action::Up, SCROLLED, &["k", "up"], "up", 0),
    spec("down", Action::Down, SCROLLED, &["j", "down"], "down", 0),
    spec("page-up", Action::PageUp, SCROLLED, &["pageup", "ctrl-u"], "page up", 0),
    spec("page-down", Action::PageDown, SCROLLED, &["pagedown", "ctrl-d"], "page down", 0),
    spec("first", Action::First, &[Tree, Members, Detail], &["g", "home"], "first", 0),
    spec("last", Action::Last, &[Tree, Members, Detail], &["G", "end"], "last", 0),
    spec("first-job", Action::First, &[Jobs], &["home"], "first", 0),
    spec("last-job", Action::Last, &[Jobs], &["end"], "last", 0),
    spec("back", Action::Back, &[Tree, Members, Jobs, Detail, Health, Help], &["esc"], "back", 0),
    // Enter and Esc never change Azure: on a plan both leave it. `q` does not: it lies beside `a`.
    spec("leave", Action::Back, &[Plan], &["esc", "enter"], "leave", HINT),
    spec("help", Action::Help, SCROLLED, &["?"], "help", HINT),
    spec("suspend", Action::Suspend, SCROLLED, &["ctrl-z"], "suspend", 0),
    spec("quit", Action::Quit, BROWSE, &["q"], "quit", HINT),
    spec("close-view", Action::Back, &[Jobs, Detail, Health, Help], &["q"], "back", HINT),
    spec("quit-now", Action::Quit, SCROLLED, &["ctrl-c"], "quit", 0),
];
