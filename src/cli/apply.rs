//! A plan on the command line: shown, confirmed, applied, reported.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::exit::{FAILED, Failure, INTERRUPTED, code_of_outcome};
use super::globals::Globals;
use super::output::{self, safe};
use super::prompt::{self, Typed};
use crate::arm::ResourceId;
use crate::changes::describe::{self, Tone};
use crate::changes::{Action, Outcome, Plan, Record, Request, Run, Step, StepState};
use crate::script::host::Applied;
use crate::session::{Report, Session, SessionError};

/// Where the document of a plan or of its report goes, where programs read the output.
pub type Out<'a> = &'a (dyn Fn(&Value) -> Result<(), Failure> + Sync);

/// A member in a report.
#[derive(Debug, Clone, Serialize)]
pub struct Brief {
    pool: String,
    name: String,
    ip: Option<String>,
    id: ResourceId,
}

/// The members of the pools that a plan touches, as the estate knows them.
pub fn members_of(session: &Session, plan: &Plan) -> Vec<Brief> {
    plan.pools()
        .iter()
        .flat_map(|pool| {
            let selector = session.estate(|e| e.pool_selector(pool));
            session.members(pool).into_iter().map(move |m| Brief {
                pool: selector.clone(),
                name: m.name,
                ip: m.ip,
                id: m.id,
            })
        })
        .collect()
}

/// Makes the plan of a request and carries it through.
///
/// # Errors
/// A guard's refusal, a declined confirmation, a failure to read.
pub async fn request(globals: &Globals, session: &Session, request: &Request) -> Result<ExitCode, Failure> {
    let plan = session.plan(request).await?;
    through(globals, session, plan).await
}

/// Shows a plan, asks, applies and reports.
///
/// # Errors
/// A declined confirmation, read-only, the journal.
pub async fn through(globals: &Globals, session: &Session, plan: Plan) -> Result<ExitCode, Failure> {
    if globals.for_people() {
        show(&plan)?;
    }
    let before = members_of(session, &plan);
    if globals.dry_run {
        tell_dry_run(globals, &plan, &before, &|value| print(globals, value))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !session.may_write() {
        return Err(SessionError::ReadOnly.into());
    }
    if !globals.yes {
        confirm(&plan).await?;
    }
    let report = run(globals, session, plan, &before, &|value| print(globals, value)).await?;
    Ok(ExitCode::from(code_of_outcome(report.outcome)))
}

fn print(globals: &Globals, value: &Value) -> Result<(), Failure> {
    output::value(globals, value).map(drop)
}

/// Applies a plan that was shown and confirmed, and reports. `None` in a dry run.
///
/// # Errors
/// Read-only, the journal.
pub async fn confirmed(
    globals: &Globals,
    session: &Session,
    plan: Plan,
    out: Out<'_>,
) -> Result<Option<Applied>, SessionError> {
    let before = members_of(session, &plan);
    if globals.dry_run {
        tell_dry_run(globals, &plan, &before, out).map_err(|f| SessionError::Asked(f.message))?;
        return Ok(None);
    }
    let report = run(globals, session, plan, &before, out).await?;
    Ok(Some(Applied { outcome: report.outcome, run: report.run }))
}

fn tell_dry_run(globals: &Globals, plan: &Plan, before: &[Brief], out: Out<'_>) -> Result<(), Failure> {
    if globals.for_people() {
        return output::print("Dry run: nothing was changed.\n");
    }
    out(&document(plan, None, before, before))
}

async fn run(
    globals: &Globals,
    session: &Session,
    plan: Plan,
    before: &[Brief],
    out: Out<'_>,
) -> Result<Report, SessionError> {
    let report = watched(session, &plan, globals.for_people(), async |progress, cancel| {
        session.apply(plan.clone(), progress, cancel).await
    })
    .await?;
    // What was done stands, whether or not it can still be told.
    if let Err(failure) = finish(globals, session, &report, before, out) {
        tracing::warn!(error = failure.message, "the report could not be printed");
    }
    Ok(report)
}

/// Takes a journalled plan up again, and reports.
///
/// # Errors
/// As [`Session::resume`].
pub async fn resume(globals: &Globals, session: &Session, record: &Record) -> Result<ExitCode, Failure> {
    let before = members_of(session, &record.plan);
    let report = watched(session, &record.plan, globals.for_people(), async |progress, cancel| {
        session.resume(record, progress, cancel).await
    })
    .await?;
    finish(globals, session, &report, &before, &|value| print(globals, value))?;
    Ok(ExitCode::from(code_of_outcome(report.outcome)))
}

/// Prints a plan.
///
/// # Errors
/// Where standard output is closed.
pub fn show(plan: &Plan) -> Result<(), Failure> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let mut text = String::new();
    for line in describe::plan(plan) {
        let (on, off) = match (colour, line.tone) {
            (true, Tone::Title) => ("\u{1b}[1m", "\u{1b}[0m"),
            (true, Tone::Good | Tone::Plus) => ("\u{1b}[32m", "\u{1b}[0m"),
            (true, Tone::Warn) => ("\u{1b}[33m", "\u{1b}[0m"),
            (true, Tone::Minus) => ("\u{1b}[31m", "\u{1b}[0m"),
            _ => ("", ""),
        };
        text.push_str(&format!("{on}{}{off}\n", crate::terminal_text::safe(&line.text)));
    }
    output::print(&text)
}

/// Asks for the confirmation that the plan wants: the name of its exclusive or protected pool, or yes.
///
/// # Errors
/// Where the answer cannot be read.
pub fn ask(plan: &Plan, called_off: &dyn Fn() -> bool) -> Result<bool, Failure> {
    let prompt = match plan.named() {
        Some(pool) => format!("To apply, type the pool's name ({}): ", pool.name()),
        None => "Apply? Type yes: ".to_owned(),
    };
    match prompt::line(&prompt, called_off)? {
        Typed::Line(answer) => Ok(plan.confirmed_by(&answer)),
        Typed::End | Typed::CalledOff => Ok(false),
    }
}

/// The same where nothing else waits: Ctrl-C is a no.
///
/// # Errors
/// Where it is not confirmed.
pub async fn confirm(plan: &Plan) -> Result<(), Failure> {
    let off = Arc::new(AtomicBool::new(false));
    // Before the question can be read, Ctrl-C must have its meaning.
    let mut interrupt = Box::pin(tokio::signal::ctrl_c());
    if let std::task::Poll::Ready(Err(error)) = futures::poll!(&mut interrupt) {
        return Err(error.into());
    }
    let asking = tokio::task::spawn_blocking({
        let (plan, off) = (plan.clone(), Arc::clone(&off));
        move || ask(&plan, &|| off.load(Ordering::Relaxed))
    });
    tokio::pin!(asking);
    loop {
        tokio::select! {
            answer = &mut asking => match answer {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => return Err(Failure::new(INTERRUPTED, "not confirmed; nothing was changed")),
                Ok(Err(failure)) => return Err(failure),
                Err(error) => return Err(Failure::new(FAILED, error.to_string())),
            },
            Ok(()) = &mut interrupt, if !off.load(Ordering::Relaxed) => off.store(true, Ordering::Relaxed),
        }
    }
}

/// Runs something that applies a plan, while its steps are told, its questions are asked, and Ctrl-C
/// stops it between two steps.
///
/// # Errors
/// Those of what is run.
pub async fn watched(
    session: &Session,
    plan: &Plan,
    people: bool,
    run: impl AsyncFnOnce(&watch::Sender<Run>, &CancellationToken) -> Result<Report, SessionError>,
) -> Result<Report, SessionError> {
    let progress = watch::Sender::new(Run::new(plan));
    let mut changes = progress.subscribe();
    let cancel = CancellationToken::new();
    let mut told = std::collections::HashSet::new();
    let mut tell = |run: &Run| {
        if !people {
            return;
        }
        for (step, progress) in plan.steps.iter().zip(&run.steps) {
            if progress.state.ended() && told.insert(step.id) {
                tell_step(plan, step, progress);
            }
        }
    };
    let (typed, mut answers) = tokio::sync::mpsc::channel::<(u32, bool)>(1);
    // The question that waits for its answer, and what calls it off.
    let mut asked: Option<(u32, Arc<AtomicBool>)> = None;
    let mut ask = |run: &Run| {
        let asking = run.asking();
        if let Some((step, off)) = &asked
            && asking.is_none_or(|(now, _)| now != *step)
        {
            off.store(true, Ordering::Relaxed);
            asked = None;
        }
        if let (Some((step, question)), None) = (asking, &asked) {
            let off = Arc::new(AtomicBool::new(false));
            asked = Some((step, Arc::clone(&off)));
            ask_step(step, question.to_owned(), off, typed.clone());
        }
    };
    let running = run(&progress, &cancel);
    tokio::pin!(running);
    loop {
        tokio::select! {
            biased;
            result = &mut running => {
                tell(&progress.borrow());
                return result;
            }
            Ok(()) = changes.changed() => {
                let run = changes.borrow_and_update().clone();
                tell(&run);
                ask(&run);
            }
            Some((step, go_on)) = answers.recv() => session.answer(&plan.id, step, go_on),
            Ok(()) = tokio::signal::ctrl_c() => {
                eprintln!("azlb: stopping before the next step; the step under way is brought to its end");
                cancel.cancel();
            }
        }
    }
}

/// Asks a plan's question, on a thread of its own: the plan goes on meanwhile, and has a limit for it.
fn ask_step(step: u32, question: String, off: Arc<AtomicBool>, typed: tokio::sync::mpsc::Sender<(u32, bool)>) {
    std::thread::spawn(move || {
        let answer = prompt::line(&format!("{question} Type yes to go on: "), &|| off.load(Ordering::Relaxed));
        match answer {
            Ok(Typed::CalledOff) => {}
            // No line is no yes.
            answer => drop(typed.blocking_send((step, answer.is_ok_and(|a| a.is_yes())))),
        }
    });
}

fn tell_step(plan: &Plan, step: &Step, progress: &crate::changes::run::Progress) {
    let took = progress.took.map(|t| format!(" {:.1} s", t.as_secs_f64())).unwrap_or_default();
    let detail = progress.state.problem().map(|problem| format!(": {problem}")).unwrap_or_default();
    eprintln!(
        "{}",
        safe(&format!(
            "{:>2} {:<8}{took}  {}{detail}",
            step.id,
            describe::state_word(step, &progress.state),
            describe::step_title(plan, step)
        ))
    );
}

fn finish(
    globals: &Globals,
    session: &Session,
    report: &Report,
    before: &[Brief],
    out: Out<'_>,
) -> Result<(), Failure> {
    let after = members_of(session, &report.plan);
    if globals.for_people() {
        let mut text = String::new();
        for pool in report.plan.pools() {
            let selector = session.estate(|e| e.pool_selector(&pool));
            let names = |list: &[Brief]| {
                let names: Vec<&str> = list.iter().filter(|b| b.pool == selector).map(|b| b.name.as_str()).collect();
                if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
            };
            text.push_str(&format!("{selector}: {} → {}\n", names(before), names(&after)));
        }
        text.push_str(&format!("Plan {}: {}\n", report.plan.id, report.outcome));
        output::print(&safe(&text))?;
    } else {
        out(&document(&report.plan, Some(report), before, &after))?;
    }
    let id = &report.plan.id;
    let journal = session.journal().folder().join(format!("{id}.jsonl"));
    match report.undo.as_deref() {
        Some(Ok(undo)) => eprintln!("azlb: plan {id} was taken back by plan {}: {}", undo.plan.id, undo.outcome),
        Some(Err(error)) => eprintln!("azlb: plan {id} could not be taken back: {}", safe(&error.to_string())),
        None if report.outcome != Outcome::Done => eprintln!(
            "azlb: plan {id} is {}; its journal is {}\nazlb: go on with 'azlb journal resume {id}', or take it back with 'azlb journal undo {id}'",
            report.outcome,
            journal.display()
        ),
        None => {}
    }
    Ok(())
}

/// The JSON document of a plan and, once it ran, of its report.
fn document(plan: &Plan, report: Option<&Report>, before: &[Brief], after: &[Brief]) -> Value {
    let steps: Vec<Value> =
        plan.steps.iter().map(|s| step_json(plan, s, report.and_then(|r| r.run.step(s.id)))).collect();
    json!({
        "id": plan.id,
        "title": plan.title,
        "state": report.map_or_else(|| json!("planned"), |r| json!(r.outcome)),
        "undo_of": plan.undo_of,
        "findings": plan.findings,
        "steps": steps,
        "members": { "before": before, "after": after },
        "undone_by": report.and_then(|r| r.undo.as_ref()).and_then(|u| u.as_ref().as_ref().ok()).map(|u| u.plan.id.clone()),
    })
}

fn step_json(plan: &Plan, step: &Step, progress: Option<&crate::changes::run::Progress>) -> Value {
    let (kind, target) = match &step.action {
        Action::Write(w) => ("write", Some(w.target.clone())),
        Action::Gate(_) => ("wait", None),
    };
    let state = progress.map_or(StepState::Pending, |p| p.state.clone());
    let mut out = json!({
        "id": step.id,
        "kind": kind,
        "title": describe::step_title(plan, step),
        "target": target,
        "needs": step.needs,
        "attempts": progress.map_or(0, |p| p.attempts),
        "took_ms": progress.and_then(|p| p.took).map(|t| t.as_millis() as u64),
    });
    if let (Some(out), Ok(Value::Object(state))) = (out.as_object_mut(), serde_json::to_value(state)) {
        out.extend(state);
    }
    out
}
