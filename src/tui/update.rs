//! What an event does to the model, and what it wants done. No I/O.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::time::Instant;

use super::action::{Action, Context};
use super::command::{Ask, Command};
use super::event::{Event, Line, LineKind};
use super::keymap;
use super::model::{Field, Live, Mark, Model, Node, Pane, Proposal, Screen, Typing};
use super::plan_screen;
use crate::arm::ResourceId;
use crate::script::complete::is_whole;
use crate::script::record;

/// Takes an event in: the commands it leads to, and whether the screen changed.
pub fn update(model: &mut Model, event: Event) -> (Vec<Command>, bool) {
    model.now = Instant::now();
    let commands = match event {
        Event::Key(key) => on_key(model, &key),
        Event::Paste(text) => {
            on_paste(model, &text);
            Vec::new()
        }
        Event::Resize => Vec::new(),
        Event::Tick => return on_tick(model),
        Event::Estate(tree) => {
            let first = model.tree.subscriptions.is_empty();
            model.tree = tree;
            if first || model.node.is_none() {
                open_first(model);
            }
            model.selected_pool().cloned().map(Command::LoadPool).into_iter().collect()
        }
        Event::Pool(view) => {
            if model.selected_pool() == Some(&view.id) {
                model.pool = Some(view);
            }
            Vec::new()
        }
        Event::Listed(problem) => {
            model.listing = false;
            match problem {
                Some(problem) => model.say(problem, true),
                None => model.message = None,
            }
            Vec::new()
        }
        Event::Planned { script, result, .. } => {
            model.planning = false;
            echo(model, &script);
            match result {
                Ok(plan) => propose(model, Proposal { plan: *plan, script, answer: None, resume: None, scroll: 0 }),
                Err(error) => model.say(error, true),
            }
            Vec::new()
        }
        Event::UndoPlanned(result) => {
            model.planning = false;
            match result {
                Ok(plan) => {
                    let script =
                        plan.undo_of.as_ref().map(|id| format!("// azlb journal undo {id}")).unwrap_or_default();
                    propose(model, Proposal { plan: *plan, script, answer: None, resume: None, scroll: 0 });
                }
                Err(error) => model.say(error, true),
            }
            Vec::new()
        }
        Event::ResumePlanned(result) => {
            model.planning = false;
            match result {
                Ok(plan) => {
                    let id = plan.id.to_string();
                    let script = format!("// azlb journal resume {id}");
                    propose(model, Proposal { plan: *plan, script, answer: None, resume: Some(id), scroll: 0 });
                }
                Err(error) => model.say(error, true),
            }
            Vec::new()
        }
        Event::Confirm(plan, answer) => {
            propose(
                model,
                Proposal { plan: *plan, script: String::new(), answer: Some(answer), resume: None, scroll: 0 },
            );
            Vec::new()
        }
        Event::Run { plan, run } => {
            let fresh = model.live.as_ref().is_none_or(|l| l.plan.id != plan.id);
            if fresh {
                model.screen = Screen::Jobs;
                model.typing = Typing::Nothing;
                model.job = 0;
            }
            model.running = run.outcome.is_none();
            model.live = Some(Live { plan, run });
            if fresh { vec![Command::ReadJobs] } else { Vec::new() }
        }
        Event::Ended(result) => {
            model.running = false;
            model.planning = false;
            let (text, bad) = match result {
                Ok(text) => (text, false),
                Err(text) => (text, true),
            };
            model.console.say(&Line { kind: if bad { LineKind::Error } else { LineKind::Note }, text: text.clone() });
            model.say(text, bad);
            let health = model.selected_pool().cloned().map(Command::AskHealth);
            std::iter::once(Command::ReadJobs).chain(health).collect()
        }
        Event::Jobs(Ok(jobs)) => {
            model.jobs = jobs;
            model.job = model.job.min(model.jobs.len().saturating_sub(1));
            Vec::new()
        }
        Event::Jobs(Err(error)) => {
            model.say(error, true);
            Vec::new()
        }
        Event::Console(line) => {
            model.console.say(&line);
            Vec::new()
        }
        Event::ConsoleIdle(variables) => {
            model.console.busy = false;
            model.console.variables = variables;
            Vec::new()
        }
        Event::Completions { start, words } => {
            completed(model, start, words);
            Vec::new()
        }
        Event::Asking(id) => {
            model.asking = id;
            Vec::new()
        }
        Event::Terminate => {
            model.quit = true;
            Vec::new()
        }
    };
    (commands, true)
}

fn on_tick(model: &mut Model) -> (Vec<Command>, bool) {
    let Some(pool) = &model.pool else { return (Vec::new(), model.listing || model.planning) };
    let due = pool.read_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(pool.interval_s.max(5)));
    let wanted = !model.paused && model.screen == Screen::Browse && due && model.selected_pool() == Some(&pool.id);
    let commands = if wanted { vec![Command::AskHealth(pool.id.clone())] } else { Vec::new() };
    // Ages are shown coarsely, so that a quiet screen stays quiet.
    let stale = pool.read_at.is_some_and(|at| at.elapsed().as_secs().is_multiple_of(10));
    (commands, model.listing || model.running || model.planning || stale)
}

/// Opens the first subscription and selects its first pool, so that the first screen shows members.
fn open_first(model: &mut Model) {
    let Some(first) = model.tree.subscriptions.first() else { return };
    model.open.insert(Node::Subscription(first.id.clone()));
    if model.node.is_none() {
        model.node = Some(Node::Subscription(first.id.clone()));
    }
}

fn propose(model: &mut Model, proposal: Proposal) {
    model.proposal = Some(proposal);
    model.screen = Screen::Plan;
    model.typing = Typing::Nothing;
    model.message = None;
}

/// Shows a line of script as if it had been typed.
fn echo(model: &mut Model, script: &str) {
    if !script.is_empty() {
        model.console.say(&Line { kind: LineKind::Input, text: script.to_owned() });
    }
}

fn on_paste(model: &mut Model, text: &str) {
    let flat: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    match &mut model.typing {
        Typing::Console => model.console.field.insert(&flat),
        Typing::Filter => filter_field(model).insert(&flat.replace('\n', " ")),
        Typing::Confirm(field) | Typing::Destination { field, .. } => field.insert(&flat.replace('\n', " ")),
        Typing::Nothing => {}
    }
}

fn filter_field(model: &mut Model) -> &mut Field {
    match model.pane {
        Pane::Tree => &mut model.tree_filter,
        Pane::Members => &mut model.member_filter,
    }
}

/// Where keys are pressed now.
pub fn context(model: &Model) -> Context {
    if model.help.is_some() {
        return Context::Help;
    }
    match (model.screen, model.pane) {
        (Screen::Plan, _) => Context::Plan,
        (Screen::Jobs, _) => Context::Jobs,
        (Screen::Browse, Pane::Tree) => Context::Tree,
        (Screen::Browse, Pane::Members) => Context::Members,
    }
}

fn on_key(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    match model.typing {
        Typing::Nothing => {}
        Typing::Filter => return typing_filter(model, key),
        Typing::Console => return typing_console(model, key),
        Typing::Confirm(_) => return plan_screen::typing(model, key),
        Typing::Destination { .. } => return typing_destination(model, key),
    }
    model.message = None;
    match keymap::action(context(model), key) {
        Some(action) => act(model, action),
        None => Vec::new(),
    }
}

fn act(model: &mut Model, action: Action) -> Vec<Command> {
    if model.help.is_some() && !matches!(action, Action::Quit | Action::Suspend) {
        return help(model, action);
    }
    match action {
        Action::Up => step(model, -1),
        Action::Down => step(model, 1),
        Action::PageUp => step(model, -page(model)),
        Action::PageDown => step(model, page(model)),
        Action::First => step(model, isize::MIN),
        Action::Last => step(model, isize::MAX),
        Action::Open => open(model),
        Action::Close => close(model),
        Action::NextPane => {
            model.pane = match model.pane {
                Pane::Tree if model.selected_pool().is_some() => Pane::Members,
                _ => Pane::Tree,
            };
            Vec::new()
        }
        Action::Back => back(model),
        Action::Mark => mark(model),
        Action::Unmark => {
            model.marks.clear();
            Vec::new()
        }
        Action::Swap | Action::Add | Action::TakeOut | Action::Move => change(model, action),
        Action::Filter => {
            model.typing = Typing::Filter;
            Vec::new()
        }
        Action::Refresh => match model.screen {
            Screen::Jobs => vec![Command::ReadJobs],
            _ => match (model.pane, model.selected_pool().cloned()) {
                (Pane::Members, Some(pool)) => vec![Command::AskHealth(pool)],
                _ => {
                    model.listing = true;
                    vec![Command::List]
                }
            },
        },
        Action::Pause => {
            model.paused = !model.paused;
            Vec::new()
        }
        Action::Console => {
            model.typing = Typing::Console;
            Vec::new()
        }
        Action::Jobs => {
            plan_screen::leave(model);
            model.screen = Screen::Jobs;
            vec![Command::ReadJobs]
        }
        Action::Apply => plan_screen::apply(model),
        Action::StopRun => {
            if model.running {
                model.say("stopping before the next step; the step under way is brought to its end", false);
                return vec![Command::StopRun, Command::StopScript];
            }
            model.say("no plan runs here", false);
            Vec::new()
        }
        Action::Resume | Action::Undo => job_action(model, action),
        Action::Help => {
            model.help = Some(0);
            Vec::new()
        }
        Action::Suspend => vec![Command::Suspend],
        Action::Quit => quit(model),
    }
}

fn quit(model: &mut Model) -> Vec<Command> {
    if model.running {
        // Leaving would break off a step; what was asked is stopped first.
        model.say("a plan runs: x stops it between two steps, then q leaves", true);
        model.screen = Screen::Jobs;
        return Vec::new();
    }
    model.quit = true;
    Vec::new()
}

fn help(model: &mut Model, action: Action) -> Vec<Command> {
    let page = page(model).unsigned_abs();
    let scroll = model.help.get_or_insert(0);
    match action {
        Action::Up => *scroll = scroll.saturating_sub(1),
        Action::Down => *scroll += 1,
        Action::PageUp => *scroll = scroll.saturating_sub(page),
        Action::PageDown => *scroll += page,
        _ => model.help = None,
    }
    Vec::new()
}

fn page(model: &Model) -> isize {
    isize::try_from(model.page.max(2) - 1).unwrap_or(1)
}

/// The place `by` rows away, within the list.
fn moved(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

fn step(model: &mut Model, by: isize) -> Vec<Command> {
    match model.screen {
        Screen::Plan => {
            if let Some(proposal) = &mut model.proposal {
                proposal.scroll = proposal.scroll.saturating_add_signed(by);
            }
            Vec::new()
        }
        Screen::Jobs => {
            model.job = moved(model.job, by, model.jobs.len());
            Vec::new()
        }
        Screen::Browse => match model.pane {
            Pane::Tree => {
                let rows = model.tree_rows();
                let at = rows.iter().position(|r| Some(&r.node) == model.node.as_ref()).unwrap_or(0);
                match rows.get(moved(at, by, rows.len())) {
                    Some(row) => select_node(model, row.node.clone()),
                    None => Vec::new(),
                }
            }
            Pane::Members => {
                let ids: Vec<ResourceId> = model.pool_rows().iter().map(|r| r.member.id.clone()).collect();
                let at = ids.iter().position(|id| Some(id) == model.row.as_ref()).unwrap_or(0);
                model.row = ids.get(moved(at, by, ids.len())).cloned();
                Vec::new()
            }
        },
    }
}

fn select_node(model: &mut Model, node: Node) -> Vec<Command> {
    if model.node.as_ref() == Some(&node) {
        return Vec::new();
    }
    model.node = Some(node);
    model.row = None;
    match model.selected_pool().cloned() {
        Some(id) => {
            if model.pool.as_ref().is_none_or(|p| p.id != id) {
                model.pool = None;
            }
            vec![Command::LoadPool(id.clone()), Command::AskHealth(id)]
        }
        None => Vec::new(),
    }
}

fn open(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Jobs || model.pane == Pane::Members {
        return Vec::new();
    }
    match model.node.clone() {
        Some(Node::Pool(_)) => {
            model.pane = Pane::Members;
            if model.row.is_none() {
                model.row = model.pool_rows().first().map(|r| r.member.id.clone());
            }
            Vec::new()
        }
        Some(node) => {
            // Opening what is open goes on to its first child, as in a file manager.
            if !model.open.insert(node) {
                return step(model, 1);
            }
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn close(model: &mut Model) -> Vec<Command> {
    if model.pane == Pane::Members {
        model.pane = Pane::Tree;
        return Vec::new();
    }
    let parent = match model.node.clone() {
        Some(Node::Pool(id)) => id.parent().map(Node::Balancer),
        Some(node @ Node::Balancer(_)) if model.open.remove(&node) => None,
        Some(Node::Balancer(id)) => Some(Node::Subscription(
            model
                .tree
                .subscriptions
                .iter()
                .find(|s| s.id.eq_ignore_ascii_case(id.subscription()))
                .map_or_else(|| id.subscription().to_owned(), |s| s.id.clone()),
        )),
        Some(node) => {
            model.open.remove(&node);
            None
        }
        None => None,
    };
    parent.map(|node| select_node(model, node)).unwrap_or_default()
}

fn back(model: &mut Model) -> Vec<Command> {
    match model.screen {
        Screen::Plan => {
            plan_screen::leave(model);
            model.screen = Screen::Browse;
        }
        Screen::Jobs => model.screen = Screen::Browse,
        Screen::Browse => {
            let filter = filter_field(model);
            if filter.text.is_empty() {
                model.pane = Pane::Tree;
            } else {
                *filter = Field::default();
            }
        }
    }
    Vec::new()
}

fn mark(model: &mut Model) -> Vec<Command> {
    let Some((pool, id)) =
        model.pool.as_ref().map(|p| p.id.clone()).zip(model.selected_row().map(|r| r.member.id.clone()))
    else {
        return Vec::new();
    };
    let mark = Mark { pool, id };
    if !model.marks.remove(&mark) {
        model.marks.insert(mark);
    }
    step(model, 1)
}

/// The members or candidates that an action is about: the marked ones of this pool, else the
/// selected one.
fn subjects(model: &Model, inside: bool) -> Vec<String> {
    let Some(pool) = &model.pool else { return Vec::new() };
    let rows = if inside { &pool.members } else { &pool.candidates };
    let marked: Vec<String> = rows
        .iter()
        .filter(|r| model.marks.contains(&Mark { pool: pool.id.clone(), id: r.member.id.clone() }))
        .map(name_for)
        .collect();
    if !marked.is_empty() {
        return marked;
    }
    model.selected_row().filter(|r| r.inside == inside).map(|r| vec![name_for(r)]).unwrap_or_default()
}

/// What names a row alone: its id, or an address entry's name.
fn name_for(row: &super::snapshot::Row) -> String {
    use crate::estate::members::MemberKind;
    match row.member.kind {
        MemberKind::Address | MemberKind::Frontend => row.member.name.clone(),
        MemberKind::Nic | MemberKind::Instance => row.member.id.to_string(),
    }
}

fn change(model: &mut Model, action: Action) -> Vec<Command> {
    let Some(pool) = model.pool.as_ref().map(|p| p.id.clone()) else {
        model.say("select a pool first", true);
        return Vec::new();
    };
    let (inside, outside) = (subjects(model, true), subjects(model, false));
    let ask = match action {
        Action::Add if !outside.is_empty() => Ask::Add(outside),
        Action::Add => return refuse(model, "select or mark those who could join, below the members"),
        Action::TakeOut if !inside.is_empty() => Ask::TakeOut(inside),
        Action::TakeOut => return refuse(model, "select or mark members, above those who could join"),
        Action::Swap => {
            let only = model.pool.as_ref().is_some_and(|p| p.members.len() == 1);
            match (inside.as_slice(), outside.as_slice()) {
                ([one], [joins]) => Ask::Swap(Some(one.clone()), joins.clone()),
                (_, [joins]) if only => Ask::Swap(None, joins.clone()),
                _ => {
                    return refuse(
                        model,
                        if only {
                            "select the one that is to take over, below the member"
                        } else {
                            "mark one member that leaves and one that could join, then s"
                        },
                    );
                }
            }
        }
        _ if inside.is_empty() => return refuse(model, "select or mark the members that are to move"),
        _ => {
            let pools = model
                .tree
                .subscriptions
                .iter()
                .flat_map(|s| &s.load_balancers)
                .flat_map(|lb| &lb.pools)
                .filter(|p| p.id != pool)
                .map(|p| (p.id.clone(), p.id.short()))
                .collect();
            model.typing = Typing::Destination { field: Field::default(), pools, at: 0 };
            return Vec::new();
        }
    };
    model.planning = true;
    vec![Command::Plan { pool, ask }]
}

fn refuse(model: &mut Model, why: &str) -> Vec<Command> {
    model.say(why, true);
    Vec::new()
}

fn typing_filter(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    match key.code {
        KeyCode::Enter => model.typing = Typing::Nothing,
        KeyCode::Esc => {
            *filter_field(model) = Field::default();
            model.typing = Typing::Nothing;
        }
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => model.typing = Typing::Nothing,
        _ => {
            filter_field(model).key(key);
        }
    }
    Vec::new()
}

/// The pools that a destination's filter leaves.
pub fn destinations<'a>(field: &Field, pools: &'a [(ResourceId, String)]) -> Vec<&'a (ResourceId, String)> {
    let wanted = field.text.to_lowercase();
    pools.iter().filter(|(_, name)| name.to_lowercase().contains(&wanted)).collect()
}

fn typing_destination(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Typing::Destination { field, pools, at } = &mut model.typing else { return Vec::new() };
    let shown = destinations(field, pools).len();
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Up => *at = moved(*at, -1, shown),
        KeyCode::Down => *at = moved(*at, 1, shown),
        KeyCode::Enter => {
            let chosen = destinations(field, pools).get(*at).map(|(id, _)| id.clone());
            model.typing = Typing::Nothing;
            let members = subjects(model, true);
            if let (Some(to), Some(pool)) = (chosen, model.pool.as_ref().map(|p| p.id.clone())) {
                model.planning = true;
                return vec![Command::Plan { pool, ask: Ask::Move(members, to) }];
            }
        }
        _ => {
            if field.key(key) {
                *at = 0;
            }
        }
    }
    Vec::new()
}

fn typing_console(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let console = &mut model.console;
    console.words.clear();
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Char('c') if control => {
            if console.busy {
                return vec![Command::StopScript];
            }
            console.field = Field::default();
        }
        KeyCode::Char('d') if control && console.field.text.is_empty() => model.typing = Typing::Nothing,
        KeyCode::Char('z') if control => return vec![Command::Suspend],
        KeyCode::Tab => {
            let head = console.field.text.get(..console.field.cursor).unwrap_or_default().to_owned();
            return vec![Command::Complete(head, console.variables.clone())];
        }
        KeyCode::Up => recall(model, 1),
        KeyCode::Down => recall(model, -1),
        KeyCode::PageUp => console.scroll = (console.scroll + 3).min(console.lines.len()),
        KeyCode::PageDown => console.scroll = console.scroll.saturating_sub(3),
        KeyCode::Enter => {
            let text = console.field.text.clone();
            if text.trim().is_empty() {
                return Vec::new();
            }
            // An open bracket goes on in a new line.
            if !is_whole(&text) {
                console.field.insert("\n");
                return Vec::new();
            }
            console.field = Field::default();
            console.back = 0;
            if console.history.last() != Some(&text) {
                console.history.push(text.clone());
            }
            console.say(&Line { kind: LineKind::Input, text: text.clone() });
            console.busy = true;
            return vec![Command::Evaluate(text)];
        }
        _ => {
            console.field.key(key);
        }
    }
    Vec::new()
}

fn recall(model: &mut Model, by: isize) {
    let console = &mut model.console;
    console.back = console.back.saturating_add_signed(by).min(console.history.len());
    let text = match console.back {
        0 => String::new(),
        n => console.history.get(console.history.len() - n).cloned().unwrap_or_default(),
    };
    console.field = Field::of(text);
}

/// Completes as far as all words agree; shows them where they do not.
fn completed(model: &mut Model, start: usize, words: Vec<String>) {
    let console = &mut model.console;
    let Some(first) = words.first() else { return };
    let mut shared = first.clone();
    for word in &words {
        while !word.starts_with(&shared) {
            shared.pop();
        }
    }
    let begun = console.field.text.get(start..console.field.cursor).unwrap_or_default().to_owned();
    if shared.len() > begun.len() || words.len() == 1 {
        console.field.text.replace_range(start..console.field.cursor, &shared);
        console.field.cursor = start + shared.len();
    }
    if words.len() > 1 {
        console.words = words;
    }
}

fn job_action(model: &mut Model, action: Action) -> Vec<Command> {
    if model.running {
        return refuse(model, "a plan runs; wait for its end or stop it with x");
    }
    let Some(id) = model.jobs.get(model.job).map(|j| j.id.clone()) else {
        return refuse(model, "the journal is empty");
    };
    if !model.may_write {
        return refuse(model, "this session is read-only");
    }
    model.planning = true;
    vec![if action == Action::Resume { Command::PlanResume(id) } else { Command::PlanUndo(id) }]
}

/// The line that applies what a proposal's script plans.
pub(super) fn echo_apply(model: &mut Model, script: &str) {
    if script.starts_with("//") {
        echo(model, script);
    } else if !script.is_empty() {
        echo(model, &record::apply_line(script));
    }
}
