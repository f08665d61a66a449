//! The command line: one file a subcommand. It parses, prints and asks; what is done is the
//! session's.

pub mod apply;
pub mod args;
mod bars;
pub mod change;
pub mod completions;
pub mod doctor;
mod examples;
pub mod exit;
mod export;
pub mod globals;
pub mod journal;
pub mod list;
mod man;
pub mod open;
pub mod output;
pub mod plan_args;
pub mod prompt;
pub mod run;
mod scripts;
pub mod show;
pub mod sim;

use std::process::ExitCode;

use args::{Args, Command};
use exit::Failure;

/// Carries the command out. The result is the process's exit code; a failure is told on stderr.
pub async fn main(args: Args, simulator: Option<open::InProcess>, script: Option<run::Prepared>) -> ExitCode {
    let result = dispatch(args, simulator, script).await;
    exit::report(result)
}

async fn dispatch(
    args: Args,
    simulator: Option<open::InProcess>,
    script: Option<run::Prepared>,
) -> Result<ExitCode, Failure> {
    let globals = args.globals;
    match args.command {
        Some(Command::Sim(sim)) => sim::main(sim).await,
        Some(Command::Completions { shell }) => completions::main(shell),
        Some(Command::Man { folder }) => man::main(&folder),
        Some(Command::Scripts { command }) => scripts::main(&globals, command),
        Some(Command::Run(_)) => run::main(globals, script, simulator).await,
        command => {
            let session = open::session(&globals, simulator)?;
            match command {
                None => crate::tui::main(session).await.map_err(Failure::from),
                Some(Command::Repl) => run::repl(&globals, session).await,
                Some(Command::List(list)) => list::main(&globals, &session, list).await,
                Some(Command::Show { id }) => show::main(&globals, &session, &id).await,
                Some(Command::Health { pool }) => list::health(&globals, &session, pool).await,
                Some(Command::Add(a)) => change::add(&globals, &session, a).await,
                Some(Command::Remove(a)) => change::remove(&globals, &session, a).await,
                Some(Command::Move(a)) => change::move_members(&globals, &session, a).await,
                Some(Command::Swap(a)) => change::swap(&globals, &session, a).await,
                Some(Command::Drain(a)) => change::drain(&globals, &session, a).await,
                Some(Command::Replace(a)) => change::replace(&globals, &session, a).await,
                Some(Command::AdminState(a)) => change::admin_state(&globals, &session, a).await,
                Some(Command::Export) => export::main(&session).await,
                Some(Command::Align(a)) => change::align(&globals, &session, a).await,
                Some(Command::Evacuate(a)) => change::evacuate(&globals, &session, a).await,
                Some(Command::Restore { id }) => journal::restore(&globals, &session, id).await,
                Some(Command::Journal { command }) => journal::main(&globals, &session, command).await,
                Some(Command::Doctor) => doctor::main(&session).await,
                Some(
                    Command::Sim(_)
                    | Command::Completions { .. }
                    | Command::Man { .. }
                    | Command::Scripts { .. }
                    | Command::Run(_),
                ) => Ok(ExitCode::SUCCESS),
            }
        }
    }
}
