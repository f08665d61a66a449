//! The plan screen's keys: `a` applies, after the name of an exclusive or protected pool; everything else leaves.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::model::{Field, Model, Screen, Typing};
use super::update::echo_apply;
use crate::script::record::apply_line;

/// Applies the plan on the screen, or asks for the name that confirms it.
pub(super) fn apply(model: &mut Model) -> Vec<Command> {
    let Some(proposal) = &model.proposal else { return Vec::new() };
    if !model.may_write {
        model.say("this session is read-only; nothing can be applied", true);
        return Vec::new();
    }
    if model.running {
        model.say("another plan runs; wait for its end", true);
        return Vec::new();
    }
    if proposal.plan.named().is_none() {
        return confirmed(model);
    }
    model.typing = Typing::Confirm(Field::default());
    Vec::new()
}

/// A key while the name is typed.
pub(super) fn typing(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Typing::Confirm(field) = &mut model.typing else { return Vec::new() };
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => model.typing = Typing::Nothing,
        KeyCode::Enter => {
            let typed = field.text.trim().to_owned();
            model.typing = Typing::Nothing;
            let Some(plan) = model.proposal.as_ref().map(|p| &p.plan) else { return Vec::new() };
            match plan.named() {
                Some(_) if plan.confirmed_by(&typed) => return confirmed(model),
                Some(pool) => {
                    let said = format!("'{typed}' is not {}; nothing was changed", pool.name());
                    model.say(said, true);
                }
                None => {}
            }
        }
        _ => {
            field.key(key);
        }
    }
    Vec::new()
}

fn confirmed(model: &mut Model) -> Vec<Command> {
    let Some(proposal) = model.proposal.take() else { return Vec::new() };
    model.marks.clear();
    model.screen = Screen::Jobs;
    model.job = 0;
    if let Some(answer) = proposal.answer {
        // The script goes on and applies it itself.
        let _ = answer.0.send(true);
        return Vec::new();
    }
    model.running = true;
    echo_apply(model, &proposal.script);
    let run = match proposal.resume {
        Some(id) => Command::Resume(id),
        None => Command::Apply(Box::new(proposal.plan)),
    };
    // What is done on the screen can be saved as a script.
    let recorded = !proposal.script.is_empty() && !proposal.script.starts_with("//");
    let note = recorded.then(|| Command::Note(apply_line(&proposal.script)));
    note.into_iter().chain([run]).collect()
}

/// Leaves the plan: nothing is changed, and a script that waits is told so.
pub(super) fn leave(model: &mut Model) {
    if let Some(proposal) = model.proposal.take() {
        if let Some(answer) = proposal.answer {
            let _ = answer.0.send(false);
        }
        model.say(format!("plan {} was left; nothing was changed", proposal.plan.id), false);
    }
}

/// Between the steps and the documents. These are read when they are asked for first.
pub(super) fn turn(model: &mut Model) -> Vec<Command> {
    let Some(proposal) = &mut model.proposal else { return Vec::new() };
    proposal.whole = !proposal.whole;
    proposal.scroll = 0;
    if proposal.diffs.is_some() {
        return Vec::new();
    }
    vec![Command::ReadDiffs(Box::new(proposal.plan.clone()))]
}
