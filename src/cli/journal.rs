//! `azlb journal`: what was done, taken up again, taken back.

use std::process::ExitCode;

use serde::Serialize;

use super::apply;
use super::args::JournalCommand;
use super::exit::{Failure, REFUSED};
use super::globals::Globals;
use super::output::{self, rows, safe};
use crate::changes::describe;
use crate::changes::{PlanState, Record, StepState};
use crate::session::Session;

#[derive(Serialize)]
struct PlanRow {
    id: String,
    state: PlanState,
    title: String,
    made_at: String,
    place: String,
    steps: usize,
    done: usize,
    undo_of: Option<String>,
}

impl PlanRow {
    fn of(record: &Record) -> Self {
        let done = record.steps().iter().filter(|(_, state)| state.is_done()).count();
        Self {
            id: record.plan.id.to_string(),
            state: record.state(),
            title: record.plan.title.clone(),
            made_at: record.plan.made_at.to_string(),
            place: record.plan.endpoint.clone(),
            steps: record.plan.steps.len(),
            done,
            undo_of: record.plan.undo_of.as_ref().map(ToString::to_string),
        }
    }
}

pub(super) async fn main(globals: &Globals, session: &Session, command: JournalCommand) -> Result<ExitCode, Failure> {
    match command {
        JournalCommand::List => {
            let (records, broken) = session.journal().list()?;
            for error in broken {
                eprintln!("azlb: {}", safe(&error.to_string()));
            }
            let found: Vec<PlanRow> = records.iter().map(PlanRow::of).collect();
            rows(globals, &found, &["id", "state", "done", "made at", "where", "what"], |r| {
                vec![
                    r.id.clone(),
                    r.state.word().to_owned(),
                    format!("{}/{}", r.done, r.steps),
                    describe::short_instant(&r.made_at),
                    r.place.clone(),
                    r.title.clone(),
                ]
            })
        }
        JournalCommand::Show { id } => show(globals, &session.journal().find(&id)?),
        JournalCommand::Retry { id } => {
            let record = session.journal().find(&id)?;
            if !matches!(record.state(), PlanState::Failed | PlanState::Partly) {
                let state = record.state().word();
                return Err(Failure::new(REFUSED, format!("plan {id} is {state}: only what failed is tried again")));
            }
            resume(globals, session, &record).await
        }
        JournalCommand::Resume { id } => resume(globals, session, &session.journal().find(&id)?).await,
        JournalCommand::Undo { id } => undo(globals, session, &session.journal().find(&id)?).await,
    }
}

async fn resume(globals: &Globals, session: &Session, record: &Record) -> Result<ExitCode, Failure> {
    if globals.for_people() {
        apply::show(&record.plan)?;
    }
    if globals.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    // Nobody types a name for a plan that cannot be gone on with.
    session.check_resume(record)?;
    if !globals.yes {
        apply::confirm(&record.plan).await?;
    }
    session.refresh().await?;
    apply::resume(globals, session, record).await
}

async fn undo(globals: &Globals, session: &Session, record: &Record) -> Result<ExitCode, Failure> {
    session.refresh().await?;
    let plan = session.undo_plan(record).await?;
    apply::through(globals, session, plan).await
}

/// `azlb restore`: the undo of the evacuation that is named, or of the newest that stands.
pub(super) async fn restore(globals: &Globals, session: &Session, id: Option<String>) -> Result<ExitCode, Failure> {
    if let Some(id) = id {
        return undo(globals, session, &session.journal().find(&id)?).await;
    }
    let (records, _) = session.journal().list()?;
    let stands = |r: &&Record| {
        r.plan.title.starts_with("evacuate ")
            && r.plan.endpoint == session.place()
            && matches!(r.state(), PlanState::Done | PlanState::Partly | PlanState::Interrupted)
    };
    match records.iter().find(stands) {
        Some(record) => undo(globals, session, record).await,
        None => Err(Failure::usage("no evacuation stands here; 'azlb journal list' shows what was done")),
    }
}

fn show(globals: &Globals, record: &Record) -> Result<ExitCode, Failure> {
    if !globals.for_people() {
        let steps: Vec<serde_json::Value> = record
            .steps()
            .into_iter()
            .map(|(s, state)| {
                let mut out =
                    serde_json::json!({ "id": s.id, "title": describe::step_title(&record.plan, s), "needs": s.needs });
                if let (Some(out), Ok(serde_json::Value::Object(state))) =
                    (out.as_object_mut(), serde_json::to_value(state))
                {
                    out.extend(state);
                }
                out
            })
            .collect();
        return output::value(
            globals,
            &serde_json::json!({
                "id": record.plan.id,
                "state": record.state(),
                "title": record.plan.title,
                "made_at": record.plan.made_at,
                "place": record.plan.endpoint,
                "undo_of": record.plan.undo_of,
                "steps": steps,
                "entries": record.entries.iter().skip(1).collect::<Vec<_>>(),
            }),
        );
    }
    apply::show(&record.plan)?;
    let mut text = format!("\nState: {}\n", record.state().word());
    for (step, state) in record.steps() {
        let detail = match &state {
            StepState::Failed { error, code, correlation_id } => {
                let code = code.as_deref().map(|c| format!(" [{c}]")).unwrap_or_default();
                let id = correlation_id.as_deref().map(|c| format!(" correlation id {c}")).unwrap_or_default();
                format!("  {error}{code}{id}")
            }
            StepState::Skipped { reason } | StepState::Passed { reason } => format!("  {reason}"),
            StepState::Running { now } => format!("  {now}, and then nothing more was written down"),
            _ => String::new(),
        };
        text.push_str(&format!(
            "{:>2} {:<8} {}{detail}\n",
            step.id,
            describe::state_word(step, &state),
            describe::step_title(&record.plan, step)
        ));
    }
    text.push('\n');
    for entry in record.entries.iter().skip(1) {
        let event = serde_json::to_string(&entry.event).unwrap_or_default();
        text.push_str(&format!("{}  {}\n", entry.at, shorten(&event)));
    }
    output::print(&safe(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// Signed poll URLs are long and nobody reads them.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 160 { text.to_owned() } else { text.chars().take(159).chain(['…']).collect() }
}
