//! What an event does to the model, and what it wants done. No I/O.

use std::time::Duration;

use crossterm::event::KeyEvent;
use tokio::time::Instant;

use super::action::{Action, Context};
use super::asked::{change, job_action, mark, mark_range, mark_shown};
use super::command::Command;
use super::event::{Event, Line, LineKind};
use super::form;
use super::keys_typed::{completed, on_paste, typing_console, typing_destination, typing_filter, typing_search};
use super::model::{Live, Model, Overlay, Pane, Proposal, Screen, Typing};
use super::navigate::{back, close, open, open_first, page, step, travel};
use super::palette::Purpose;
use super::picks;
use super::plan_screen;
use super::screens;
use crate::script::record;

/// Of so many of an ended plan's pools the health is asked at once.
const MOST_ASKED: usize = 20;

/// Takes an event in: the commands it leads to, and whether the screen changed.
pub fn update(model: &mut Model, event: Event) -> (Vec<Command>, bool) {
    model.now = Instant::now();
    let commands = match event {
        Event::Key(key) => on_key(model, &key),
        Event::Mouse(event) => super::mouse::on_mouse(model, event),
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
            let shown = model.health.as_ref().filter(|_| model.screen == Screen::Health).map(|h| h.id.clone());
            let pool = model.selected_pool().cloned().map(Command::LoadPool);
            pool.into_iter().chain(shown.map(Command::ShowHealth)).collect()
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
                Some(problem) => {
                    // The status line is short; the console keeps the whole of it.
                    model.console.say(&Line { kind: LineKind::Error, text: problem.clone() });
                    model.say(problem, true);
                }
                None => model.message = None,
            }
            Vec::new()
        }
        Event::Planned { script, result } => {
            model.planning = false;
            echo(model, &script);
            match result {
                Ok(plan) => propose(model, Proposal::new(*plan, script)),
                Err(error) => {
                    model.console.say(&Line { kind: LineKind::Error, text: error.clone() });
                    model.say(error, true);
                }
            }
            Vec::new()
        }
        Event::UndoPlanned(result) => {
            model.planning = false;
            match result {
                Ok(plan) => {
                    let script =
                        plan.undo_of.as_ref().map(|id| format!("// azlb journal undo {id}")).unwrap_or_default();
                    propose(model, Proposal::new(*plan, script));
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
                    propose(model, Proposal { resume: Some(id), ..Proposal::new(*plan, script) });
                }
                Err(error) => model.say(error, true),
            }
            Vec::new()
        }
        Event::Confirm(plan, answer) => {
            propose(model, Proposal { answer: Some(answer), ..Proposal::new(*plan, String::new()) });
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
            let mut commands = if fresh { vec![Command::ReadJobs] } else { Vec::new() };
            if !model.running {
                // What was known of these pools' health is of the members they had.
                commands.extend(plan.pools().into_iter().take(MOST_ASKED).map(Command::AskHealth));
            }
            model.live = Some(Live { plan, run });
            commands
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
        Event::Choose(question, options, choice) => {
            picks::offer(model, question, options, choice);
            Vec::new()
        }
        Event::History(mut earlier) => {
            earlier.append(&mut model.console.history);
            model.console.history = earlier;
            Vec::new()
        }
        Event::Progress(text) => {
            model.message = Some((text, false));
            Vec::new()
        }
        Event::Scripts(scripts, names) => {
            model.names = *names;
            picks::scripts(model, scripts);
            Vec::new()
        }
        Event::Diffs(diffs) => {
            if let Some(proposal) = model.proposal.as_mut().filter(|p| p.plan.id == diffs.plan) {
                proposal.diffs = Some(diffs);
            }
            Vec::new()
        }
        Event::Asking(id) => {
            model.asking = id;
            Vec::new()
        }
        Event::Document { id, result } => screens::documented(model, id, result),
        Event::Health(view) => screens::healthy(model, *view),
        Event::Metrics(id, result) => {
            if let Some(view) = model.health.as_mut().filter(|v| v.id == id) {
                view.series = Some(result);
            }
            Vec::new()
        }
        Event::Places(items) => {
            if let Typing::Palette(palette) = &mut model.typing
                && palette.purpose == Purpose::GoTo
            {
                palette.extend(items);
            }
            Vec::new()
        }
        // Dark is what the screen began with.
        Event::Background { light } => {
            light.then(|| Command::Theme { name: "light".to_owned(), keep: false }).into_iter().collect()
        }
        Event::Suspend => vec![Command::Suspend],
        Event::Terminate => {
            model.quit = true;
            Vec::new()
        }
    };
    (commands, true)
}

fn on_tick(model: &mut Model) -> (Vec<Command>, bool) {
    if model.screen == Screen::Health {
        return screens::tick(model);
    }
    let Some(pool) = &model.pool else { return (Vec::new(), model.listing || model.planning) };
    let due = pool.read_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(pool.interval_s.max(5)));
    let wanted = !model.paused && model.screen == Screen::Browse && due && model.selected_pool() == Some(&pool.id);
    let commands = if wanted { vec![Command::AskHealth(pool.id.clone())] } else { Vec::new() };
    // Ages are shown coarsely, so that a quiet screen stays quiet.
    let stale = pool.read_at.is_some_and(|at| at.elapsed().as_secs().is_multiple_of(10));
    (commands, model.listing || model.running || model.planning || stale)
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

/// Where keys are pressed now.
pub fn context(model: &Model) -> Context {
    if model.over.is_some() {
        return Context::Help;
    }
    here(model)
}

/// The same, without the help that may lie over it.
pub fn here(model: &Model) -> Context {
    match (model.screen, model.pane) {
        (Screen::Plan, _) => Context::Plan,
        (Screen::Jobs, _) => Context::Jobs,
        (Screen::Detail, _) => Context::Detail,
        (Screen::Health, _) => Context::Health,
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
        Typing::Search => return typing_search(model, key),
        Typing::Palette(_) => return picks::typing_palette(model, key),
        Typing::Form(_) => return form::typing(model, key),
    }
    model.message = None;
    match model.keymap.clone().action(context(model), key) {
        Some(action) => act(model, action),
        None => Vec::new(),
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Command> {
    super::trail::note(action);
    if let Some(over) = model.over.filter(|_| !matches!(action, Action::Quit | Action::Suspend)) {
        return scroll(model, over, action);
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
        Action::MarkRange => mark_range(model),
        Action::MarkInvert => mark_shown(model, true),
        Action::MarkAll => mark_shown(model, false),
        Action::Unmark => {
            model.marks.clear();
            Vec::new()
        }
        Action::Sort | Action::SortBack | Action::SortReverse => screens::sort(model, action),
        Action::Wide => {
            model.wide = !model.wide;
            Vec::new()
        }
        Action::Palette => picks::open_palette(model),
        Action::Scripts => vec![Command::FindScripts],
        Action::Columns => picks::columns(model),
        Action::Themes => picks::themes(model),
        Action::Bookmarks => picks::bookmarks(model),
        Action::Bookmark => picks::bookmark(model),
        Action::Failures => super::asked::failures(model),
        Action::Messages => {
            model.over = Some((Overlay::Messages, usize::MAX));
            Vec::new()
        }
        Action::Detail => screens::open_detail(model),
        Action::Health => screens::open_health(model),
        Action::Backward | Action::Forward => travel(model, action == Action::Backward),
        Action::Copy => screens::copy(model),
        Action::Dump => vec![Command::Dump],
        Action::Fold | Action::Form | Action::NextFound | Action::PreviousFound => screens::in_document(model, action),
        Action::Swap | Action::Add | Action::TakeOut | Action::Move => change(model, action),
        Action::Filter => {
            model.typing = if model.screen == Screen::Detail { Typing::Search } else { Typing::Filter };
            Vec::new()
        }
        Action::Refresh => match model.screen {
            Screen::Jobs => vec![Command::ReadJobs],
            Screen::Detail => model.document.iter().map(|d| Command::ReadDocument(d.id.clone())).collect(),
            Screen::Health => {
                model.health.iter().map(|h| Command::ReadHealth { id: h.id.clone(), metrics: true }).collect()
            }
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
        Action::Whole => plan_screen::turn(model),
        Action::Yes | Action::No => {
            let asking = model.live.as_ref().and_then(|l| l.run.asking().map(|(step, _)| (l.plan.id.clone(), step)));
            match asking {
                Some((plan, step)) => vec![Command::Answer { plan, step, go_on: action == Action::Yes }],
                None => {
                    model.say("no plan asks anything", false);
                    Vec::new()
                }
            }
        }
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
            model.over = Some((Overlay::Help, 0));
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

/// What an action does to what lies over the screen.
fn scroll(model: &mut Model, (over, at): (Overlay, usize), action: Action) -> Vec<Command> {
    let page = page(model).unsigned_abs();
    let at = match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => at + 1,
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => at + page,
        Action::Dump => return vec![Command::Dump],
        _ => {
            model.over = None;
            return Vec::new();
        }
    };
    model.over = Some((over, at));
    Vec::new()
}

/// The line that applies what a proposal's script plans.
pub(super) fn echo_apply(model: &mut Model, script: &str) {
    if script.starts_with("//") {
        echo(model, script);
    } else if !script.is_empty() {
        echo(model, &record::apply_line(script));
    }
}
