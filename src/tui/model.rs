//! The state of the screen. It holds no session and does no I/O.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::document::Document;
use super::event::{Answer, Choice, Launch, Line};
use super::filter::Filter;
use super::form::Form;
use super::keymap::Keymap;
use super::mouse::Drawn;
use super::palette::Palette;
use super::snapshot::{Count, HealthView, Job, PoolView, Row, Tree};
use super::sort::Column;
use crate::arm::ResourceId;
use crate::changes::diff::Diffs;
use crate::changes::{Plan, Run};
use crate::config::Shown;
use crate::session::names::Names;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Tree, members, console.
    Browse,
    /// A plan that waits for its confirmation.
    Plan,
    /// Plans that run or ran.
    Jobs,
    /// A document.
    Detail,
    /// A load balancer's health.
    Health,
}

/// What may lie over a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The keys that apply.
    Help,
    /// What was said so far.
    Messages,
}

/// Something that was said in the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Instant,
    /// What.
    pub text: String,
    /// Whether it was a failure.
    pub bad: bool,
}

/// How many messages are kept.
const MESSAGES: usize = 200;

/// Who gets the keys on the browse screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The tree.
    Tree,
    /// The members.
    Members,
}

/// A line of text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// The text.
    pub text: String,
    /// The cursor, in bytes.
    pub cursor: usize,
}

/// What the keys type into, where they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typing {
    /// Nothing: keys are actions.
    Nothing,
    /// The filter of the pane with the focus.
    Filter,
    /// The console.
    Console,
    /// What is searched for in a document.
    Search,
    /// The palette.
    Palette(Palette),
    /// The parameters of a saved script.
    Form(Form),
    /// The name that confirms a plan.
    Confirm(Field),
    /// The pool that members go to; the candidates for it and the selected one.
    Destination {
        /// The filter.
        field: Field,
        /// The pools, by id and selector.
        pools: Vec<(ResourceId, String)>,
        /// Which one.
        at: usize,
    },
}

/// A node of the tree, as it is selected and opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A subscription.
    Subscription(String),
    /// A load balancer.
    Balancer(ResourceId),
    /// A pool.
    Pool(ResourceId),
}

/// A row of the tree as it is shown.
#[derive(Debug, Clone)]
pub struct TreeRow {
    /// Which node.
    pub node: Node,
    /// How deep.
    pub depth: u16,
    /// Its name.
    pub name: String,
    /// Its members.
    pub count: Count,
    /// Whether it is open; `None` where it has nothing below.
    pub open: Option<bool>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// A marked row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The pool it was marked in.
    pub pool: ResourceId,
    /// The member's or candidate's id.
    pub id: ResourceId,
}

/// A pool's rows as they are shown: several ask for them while one key is taken in and drawn.
#[derive(Debug)]
pub struct Ordered {
    pool: Arc<PoolView>,
    filter: String,
    sort: (Column, bool),
    /// Whether it is a member, and its place among these or among those who could join.
    rows: Vec<(bool, usize)>,
}

impl Ordered {
    fn of(pool: &Arc<PoolView>, typed: &str, sort: (Column, bool)) -> Self {
        let filter = Filter::read(typed);
        let members = pool.members.iter().enumerate().map(|(at, row)| (true, at, row));
        let candidates = pool.candidates.iter().enumerate().map(|(at, row)| (false, at, row));
        let mut rows: Vec<_> = members.chain(candidates).filter(|(_, _, row)| filter.passes_member(row)).collect();
        // Equals stay in the pool's order.
        rows.sort_by(|(_, _, a), (_, _, b)| super::sort::order(sort, a, b));
        let rows = rows.into_iter().map(|(inside, at, _)| (inside, at)).collect();
        Self { pool: Arc::clone(pool), filter: typed.to_owned(), sort, rows }
    }
}

/// What a marked row was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Whether it was a member, and not one who could join.
    pub inside: bool,
    /// What names it alone.
    pub name: String,
}

/// A plan on its way to a yes or no.
#[derive(Debug)]
pub struct Proposal {
    /// The plan.
    pub plan: Plan,
    /// The line of script that makes it.
    pub script: String,
    /// Where a script waits, if one does.
    pub answer: Option<Answer>,
    /// The journalled plan that is gone on with, instead of a new one.
    pub resume: Option<String>,
    /// The first line shown.
    pub scroll: usize,
    /// What it does to each document, once that was asked for.
    pub diffs: Option<Diffs>,
    /// Whether that is shown.
    pub whole: bool,
}

impl Proposal {
    /// A plan with the line of script that makes it.
    pub fn new(plan: Plan, script: String) -> Self {
        Self { plan, script, answer: None, resume: None, scroll: 0, diffs: None, whole: false }
    }
}

/// A plan that runs or ran in this session.
#[derive(Debug)]
pub struct Live {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its progress.
    pub run: Run,
}

/// The console.
#[derive(Debug, Default)]
pub struct ConsoleState {
    /// What was said, the oldest first.
    pub lines: VecDeque<Line>,
    /// What is being typed.
    pub field: Field,
    /// Entries, the oldest first.
    pub history: Vec<String>,
    /// Where in the history, from its end.
    pub back: usize,
    /// Whether an entry is being evaluated.
    pub busy: bool,
    /// Lines scrolled up.
    pub scroll: usize,
    /// The script's variables, for completion.
    pub variables: Vec<String>,
    /// What could complete the entry.
    pub words: Vec<String>,
}

/// How many lines of the console are kept.
const CONSOLE_LINES: usize = 2_000;

impl ConsoleState {
    /// Adds lines; the oldest go where there are too many.
    pub fn say(&mut self, line: &Line) {
        for text in line.text.lines() {
            self.lines.push_back(Line { kind: line.kind, text: text.to_owned() });
        }
        while self.lines.len() > CONSOLE_LINES {
            self.lines.pop_front();
        }
        self.scroll = 0;
    }
}

/// The state.
#[derive(Debug)]
pub struct Model {
    /// What is shown.
    pub screen: Screen,
    /// What lies over it, and the first line of that.
    pub over: Option<(Overlay, usize)>,
    /// Who gets the keys.
    pub pane: Pane,
    /// What is typed into.
    pub typing: Typing,
    /// The estate.
    pub tree: Arc<Tree>,
    /// Open nodes.
    pub open: HashSet<Node>,
    /// The selected node.
    pub node: Option<Node>,
    /// The tree's filter.
    pub tree_filter: Field,
    /// The members' filter.
    pub member_filter: Field,
    /// The rows of the pool in the order in which they were shown last.
    pub ordered: RefCell<Option<Ordered>>,
    /// The selected pool, read.
    pub pool: Option<Arc<PoolView>>,
    /// The selected row, by id.
    pub row: Option<ResourceId>,
    /// Marked rows.
    pub marks: HashMap<Mark, Marked>,
    /// The row that was marked last, where a range begins.
    pub last_mark: Option<Mark>,
    /// By what the rows are sorted, and whether the other way round.
    pub sort: (Column, bool),
    /// Whether the members have every column and the tree makes room.
    pub wide: bool,
    /// The columns that were chosen. None: those of the width.
    pub columns: Option<Vec<Shown>>,
    /// The places that are kept, by id.
    pub bookmarks: Vec<ResourceId>,
    /// Where the cloud's portal is, for links.
    pub portal: &'static str,
    /// The theme that is worn.
    pub theme: String,
    /// Where a script waits for a choice.
    pub choice: Option<Choice>,
    /// The saved scripts that the launcher offers.
    pub scripts: Vec<Launch>,
    /// The names that complete their parameters.
    pub names: Names,
    /// What was said, the oldest first.
    pub messages: VecDeque<Message>,
    /// Where the panes were drawn last, for the mouse: the tree's rows and the members'.
    pub drawn: Drawn,
    /// Where the selection was, the oldest first.
    pub before: Vec<Node>,
    /// Where it was before going backward.
    pub after: Vec<Node>,
    /// The document that is shown.
    pub document: Option<Document>,
    /// The health that is shown.
    pub health: Option<HealthView>,
    /// When the metrics were asked for last.
    pub metrics_at: Option<Instant>,
    /// The first line shown of the health.
    pub health_scroll: usize,
    /// Which key does what.
    pub keymap: Arc<Keymap>,
    /// The themes that there are.
    pub themes: Vec<String>,
    /// The plan that waits.
    pub proposal: Option<Proposal>,
    /// The plan that runs or ran last.
    pub live: Option<Live>,
    /// Whether one runs.
    pub running: bool,
    /// The journal.
    pub jobs: Vec<Job>,
    /// The selected job.
    pub job: usize,
    /// The console.
    pub console: ConsoleState,
    /// What is said in the status line, and since when.
    pub message: Option<(String, bool)>,
    /// Whether a listing runs.
    pub listing: bool,
    /// Whether something is being planned.
    pub planning: bool,
    /// Whether health is not asked for.
    pub paused: bool,
    /// The pool whose health is being asked for.
    pub asking: Option<ResourceId>,
    /// Whether this session may write.
    pub may_write: bool,
    /// Where it is.
    pub place: String,
    /// How long a bucket stays closed.
    pub throttled: Option<std::time::Duration>,
    /// Rows of the last drawn list, for paging.
    pub page: usize,
    /// Now, as of the last event.
    pub now: Instant,
    /// Whether to end.
    pub quit: bool,
}

impl Model {
    /// Before anything is known.
    pub fn new(may_write: bool, place: String) -> Self {
        Self {
            screen: Screen::Browse,
            over: None,
            pane: Pane::Tree,
            typing: Typing::Nothing,
            tree: Arc::default(),
            open: HashSet::new(),
            node: None,
            tree_filter: Field::default(),
            member_filter: Field::default(),
            ordered: RefCell::default(),
            pool: None,
            row: None,
            marks: HashMap::new(),
            last_mark: None,
            sort: (Column::Listed, false),
            wide: false,
            columns: None,
            bookmarks: Vec::new(),
            portal: "https://portal.azure.com",
            theme: String::new(),
            choice: None,
            scripts: Vec::new(),
            names: Names::default(),
            messages: VecDeque::new(),
            drawn: Drawn::default(),
            before: Vec::new(),
            after: Vec::new(),
            document: None,
            health: None,
            metrics_at: None,
            health_scroll: 0,
            keymap: Arc::default(),
            themes: Vec::new(),
            proposal: None,
            live: None,
            running: false,
            jobs: Vec::new(),
            job: 0,
            console: ConsoleState::default(),
            message: None,
            listing: true,
            planning: false,
            paused: false,
            asking: None,
            may_write,
            place,
            throttled: None,
            page: 10,
            now: Instant::now(),
            quit: false,
        }
    }

    /// The tree's rows that are open and pass the filter.
    pub fn tree_rows(&self) -> Vec<TreeRow> {
        let filter = Filter::read(&self.tree_filter.text);
        // Words are looked for along the whole way: `prod masters` finds a pool in a subscription.
        let passes = |way: [&str; 3]| filter.is_empty() || filter.passes(&way.join("/"));
        let mut rows = Vec::new();
        for s in &self.tree.subscriptions {
            let mut below = Vec::new();
            let mut total = Count::default();
            for lb in &s.load_balancers {
                let count = lb.pools.iter().map(|p| p.count).fold(Count::default(), Count::plus);
                total = total.plus(count);
                let balancer = lb.id.name();
                let pools: Vec<&super::snapshot::PoolNode> =
                    lb.pools.iter().filter(|p| passes([&s.name, balancer, p.id.name()])).collect();
                if pools.is_empty() && !passes([&s.name, balancer, ""]) {
                    continue;
                }
                let node = Node::Balancer(lb.id.clone());
                // What a filter found is shown, open or not.
                let open = self.open.contains(&node) || !filter.is_empty();
                below.push(TreeRow {
                    node,
                    depth: 1,
                    name: lb.id.name().to_owned(),
                    count,
                    open: (!lb.pools.is_empty()).then_some(open),
                    problem: None,
                });
                if open {
                    below.extend(pools.into_iter().map(|p| TreeRow {
                        node: Node::Pool(p.id.clone()),
                        depth: 2,
                        name: p.id.name().to_owned(),
                        count: p.count,
                        open: None,
                        problem: None,
                    }));
                }
            }
            if below.is_empty() && !passes([&s.name, "", ""]) {
                continue;
            }
            let node = Node::Subscription(s.id.clone());
            let open = self.open.contains(&node) || !filter.is_empty();
            rows.push(TreeRow {
                node,
                depth: 0,
                name: s.name.clone(),
                count: total,
                open: Some(open),
                problem: s.problem.clone(),
            });
            if open {
                rows.append(&mut below);
            }
        }
        rows
    }

    /// The pool's rows that pass the filter: members first, then candidates, each sorted.
    pub fn pool_rows(&self) -> Vec<&Row> {
        let Some(pool) = &self.pool else { return Vec::new() };
        let mut known = self.ordered.borrow_mut();
        let asked =
            |o: &Ordered| Arc::ptr_eq(&o.pool, pool) && o.filter == self.member_filter.text && o.sort == self.sort;
        if !known.as_ref().is_some_and(asked) {
            *known = Some(Ordered::of(pool, &self.member_filter.text, self.sort));
        }
        let rows = known.iter().flat_map(|o| &o.rows);
        rows.filter_map(|(inside, at)| if *inside { pool.members.get(*at) } else { pool.candidates.get(*at) }).collect()
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&Row> {
        let rows = self.pool_rows();
        rows.iter().find(|r| Some(&r.member.id) == self.row.as_ref()).or_else(|| rows.first()).copied()
    }

    /// The selected pool's id, where the selected node is a pool.
    pub fn selected_pool(&self) -> Option<&ResourceId> {
        match &self.node {
            Some(Node::Pool(id)) => Some(id),
            _ => None,
        }
    }

    /// The columns that members have, besides their health.
    pub fn shown_columns(&self) -> &[Shown] {
        match &self.columns {
            Some(chosen) => chosen,
            None if self.wide => &Shown::ALL,
            None => &Shown::NARROW,
        }
    }

    /// Says something in the status line.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        let text = text.into();
        self.messages.push_back(Message { at: self.now, text: text.clone(), bad });
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
        self.message = Some((text, bad));
    }
}
