//! `azlb run` and `azlb repl`: scripts on the command line.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Arg, ArgAction, Args as _, Command, FromArgMatches as _};
use rhai::Map;

use super::apply;
use super::args::{Globals, Output, RunArgs};
use super::exit::{self, FAILED, Failure, INTERRUPTED, USAGE};
use super::open::{self, InProcess};
use super::output::{self, safe};
use crate::changes::{Outcome, Plan};
use crate::config::Config;
use crate::script::engine::{Script, compile_alone};
use crate::script::host::Stop;
use crate::script::params::Param;
use crate::script::{Console, Host, ScriptError, repl as line_editor};
use crate::session::{Session, SessionError};

/// The command line as a script's surroundings.
struct Terminal {
    session: Session,
    globals: Globals,
    runtime: tokio::runtime::Handle,
    stop: Stop,
}

impl Host for Terminal {
    fn print(&self, text: &str) {
        // A closed pipe must not end a procedure half way.
        let _ = output::print(&format!("{}\n", safe(text)));
    }

    fn confirm(&self, plan: &Plan) -> Result<bool, SessionError> {
        if self.globals.output == Output::Table {
            apply::show(plan).map_err(|f| SessionError::Asked(f.message))?;
        }
        if self.globals.yes || self.globals.dry_run {
            return Ok(true);
        }
        if !self.session.may_write() {
            return Err(SessionError::ReadOnly);
        }
        apply::ask(plan).map_err(|f| SessionError::Asked(f.message))
    }

    fn apply(&self, plan: &Plan) -> Result<Option<Outcome>, SessionError> {
        let globals = Globals { yes: true, ..self.globals.clone() };
        let shown = apply::confirmed(&globals, &self.session, plan.clone());
        self.runtime.block_on(shown)
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// Where a script is: the file itself, or a name in one of the scripts folders.
fn find(name: &str, config: &Config) -> Result<PathBuf, Failure> {
    let direct = PathBuf::from(name);
    if direct.is_file() {
        return Ok(direct);
    }
    let file = if name.ends_with(".rhai") { name.to_owned() } else { format!("{name}.rhai") };
    let folders = std::iter::once(PathBuf::from("scripts")).chain(config.scripts.iter().cloned());
    let tried: Vec<PathBuf> = folders.map(|f| f.join(&file)).collect();
    if let Some(found) = tried.iter().find(|p| p.is_file()) {
        return Ok(found.clone());
    }
    let tried: String = std::iter::once(direct).chain(tried).map(|p| format!("\n  {}", p.display())).collect();
    Err(Failure::usage(format!("there is no script '{name}'; looked for:{tried}")))
}

fn read(args: &RunArgs) -> Result<Script, Failure> {
    let config = Config::load().map_err(|e| Failure::usage(e.to_string()))?;
    let name = args.script.as_deref().unwrap_or_default();
    let path = find(name, &config)?;
    let text = std::fs::read_to_string(&path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    compile_alone(&path.display().to_string(), &text).map_err(|e| Failure::usage(e.to_string()))
}

/// The clap command of one script: its parameters as options, beside the global ones.
fn command_of(script: &Script) -> Command {
    let mut command = Command::new("script")
        .bin_name(format!("azlb run {}", script.name))
        .no_binary_name(true)
        .disable_version_flag(true);
    for param in &script.params {
        command = command.arg(argument(param));
    }
    // The flattened options bring words of their own; the script's are the ones wanted.
    Globals::augment_args(command).about(script.about.clone()).long_about(script.about.clone())
}

fn argument(param: &Param) -> Arg {
    let kind = param.kind;
    let mut arg = Arg::new(param.name.clone())
        .long(param.name.replace('_', "-"))
        .value_name(kind.word())
        .help(param.help.clone())
        .action(ArgAction::Set)
        .required(param.default.is_none())
        .value_parser(move |text: &str| kind.value(text).map(|_| text.to_owned()));
    // Both spellings are taken; the dashed one is shown.
    if param.name.contains('_') {
        arg = arg.alias(param.name.clone());
    }
    if let Some(default) = &param.default {
        arg = arg.default_value(default.clone());
    }
    arg
}

/// A script that is compiled, with its parameters' values.
pub struct Prepared {
    script: Script,
    values: Map,
}

/// Reads a script and its arguments before anything is started, since `--sim` and its like may
/// stand after the script. `Ok(None)` where help was printed.
///
/// # Errors
/// A broken script, an unknown parameter.
pub fn prepare(globals: &mut Globals, args: &RunArgs) -> Result<Option<Prepared>, Failure> {
    if args.script.is_none() {
        use clap::CommandFactory as _;
        let mut command = super::args::Args::command();
        if let Some(run) = command.find_subcommand_mut("run") {
            output::print(&format!("{}\n", run.render_long_help()))?;
        }
        return Ok(None);
    }
    let script = read(args)?;
    let mut rest: Vec<OsString> = super::args::join_sim(args.rest.iter().cloned());
    if args.help {
        rest.push("--help".into());
    }
    let command = command_of(&script);
    let matches = match command.try_get_matches_from(rest) {
        Ok(matches) => matches,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            match error.print() {
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e.into()),
                _ => {}
            }
            return if code == 0 { Ok(None) } else { Err(Failure::new(USAGE, "")) };
        }
    };
    globals.absorb(Globals::from_arg_matches(&matches).map_err(|e| Failure::usage(e.to_string()))?);
    let mut values = Map::new();
    for param in &script.params {
        if let Some(text) = matches.get_one::<String>(&param.name) {
            values.insert(param.name.as_str().into(), param.kind.value(text).map_err(Failure::usage)?);
        }
    }
    Ok(Some(Prepared { script, values }))
}

pub(super) async fn main(
    globals: Globals,
    prepared: Option<Prepared>,
    in_process: Option<InProcess>,
) -> Result<ExitCode, Failure> {
    let Some(Prepared { script, values }) = prepared else { return Ok(ExitCode::SUCCESS) };
    let session = open::session(&globals, in_process)?;
    let host = Arc::new(terminal(&globals, &session));
    let running = tokio::task::spawn_blocking({
        let host = Arc::clone(&host);
        move || {
            let mut console = Console::new(host.session.clone(), host.clone(), host.runtime.clone());
            console.run(&script, values)
        }
    });
    tokio::pin!(running);
    let result = loop {
        tokio::select! {
            result = &mut running => break result,
            Ok(()) = tokio::signal::ctrl_c() => host.stop.ask(),
        }
    };
    match result {
        Ok(Ok(())) => Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => Err(failure(&error)),
        Err(panic) => Err(Failure::new(FAILED, format!("the script's thread ended: {panic}"))),
    }
}

fn failure(error: &ScriptError) -> Failure {
    let code = match (&error.cause, error.outcome) {
        (_, Some(outcome)) => exit::code_of_outcome(outcome),
        (Some(cause), None) => exit::code_of(cause),
        (None, None) if error.syntax => USAGE,
        (None, None) if error.interrupted => INTERRUPTED,
        (None, None) => FAILED,
    };
    Failure::new(code, error.to_string())
}

fn terminal(globals: &Globals, session: &Session) -> Terminal {
    Terminal {
        session: session.clone(),
        globals: globals.clone(),
        runtime: tokio::runtime::Handle::current(),
        stop: Stop::default(),
    }
}

pub(super) async fn repl(globals: &Globals, session: Session) -> Result<ExitCode, Failure> {
    session.refresh().await?;
    super::list::warn_of_problems(&session);
    let history = session.config().state_dir().map_err(|e| Failure::usage(e.to_string()))?.join("history.rhai");
    let host = Arc::new(terminal(globals, &session));
    let interactive = std::io::stdin().is_terminal();
    let conversation = tokio::task::spawn_blocking({
        let host = Arc::clone(&host);
        move || -> std::io::Result<bool> {
            let mut console = Console::new(session.clone(), host.clone(), host.runtime.clone());
            if !interactive {
                return line_editor::run_piped(&mut console, std::io::stdin().lock());
            }
            println!(
                "azlb {} on {}. help() lists the functions; Tab completes; Ctrl-D ends.",
                env!("CARGO_PKG_VERSION"),
                session.place()
            );
            line_editor::run(&session, &mut console, history, || host.stop.forget())?;
            Ok(true)
        }
    });
    tokio::pin!(conversation);
    let well = loop {
        tokio::select! {
            done = &mut conversation => break done.map_err(|e| Failure::new(FAILED, e.to_string()))??,
            Ok(()) = tokio::signal::ctrl_c() => host.stop.ask(),
        }
    };
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
