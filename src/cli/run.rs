//! `azlb run` and `azlb repl`: scripts on the command line.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Arg, ArgAction, Args as _, Command, FromArgMatches as _};
use rhai::Map;

use super::apply;
use super::args::RunArgs;
use super::bars::Bars;
use super::exit::{self, FAILED, Failure, INTERRUPTED, USAGE};
use super::globals::{Globals, Output};
use super::open::{self, InProcess};
use super::output::{self, safe};
use super::prompt::{self, Mode, Typed};
use crate::changes::Plan;
use crate::config::Config;
use crate::script::engine::{Script, compile_alone};
use crate::script::host::{Applied, Stop};
use crate::script::library::Library;
use crate::script::params::Param;
use crate::script::{Console, Conversation, Host, ScriptError, repl as line_editor};
use crate::session::{Session, SessionError};
use crate::terminal_text::safe as one_line;

/// The command line as a script's surroundings.
struct Terminal {
    session: Session,
    globals: Globals,
    runtime: tokio::runtime::Handle,
    stop: Stop,
    bars: Bars,
    /// How the terminal was before a list to pick from; none where there is no such list now.
    picking: Mutex<Option<Mode>>,
    /// What was emitted where the output is one document, which a script's end completes.
    emitted: Option<Mutex<Vec<serde_json::Value>>>,
}

impl Terminal {
    /// Gives a value out: into the one document that the script's end completes, else at once.
    fn give(&self, value: &serde_json::Value) -> Result<(), Failure> {
        match &self.emitted {
            Some(emitted) => {
                emitted.lock().unwrap_or_else(PoisonError::into_inner).push(value.clone());
                Ok(())
            }
            None => output::value(&self.globals, value).map(drop),
        }
    }

    /// Prints the one document: what was given out, a list where it was more than once.
    fn complete(&self) -> Result<(), Failure> {
        let Some(emitted) = &self.emitted else { return Ok(()) };
        let mut emitted = std::mem::take(&mut *emitted.lock().unwrap_or_else(PoisonError::into_inner));
        let value = match emitted.len() {
            0 => return Ok(()),
            1 => emitted.pop().unwrap_or_default(),
            _ => serde_json::Value::Array(emitted),
        };
        output::value(&self.globals, &value).map(drop)
    }
}

fn nobody(prompt: &str, hint: &str) -> SessionError {
    let question = prompt.lines().next().unwrap_or_default();
    SessionError::Asked(format!("nobody can be asked here '{}': {hint}", one_line(question)))
}

/// Asks at the terminal; where there is none, an error that says what to do instead.
fn typed(question: &str, hint: &str, called_off: &dyn Fn() -> bool) -> Result<Typed, SessionError> {
    if !std::io::stdin().is_terminal() {
        return Err(nobody(question, hint));
    }
    prompt::line(question, called_off).map_err(|e| SessionError::Asked(e.to_string()))
}

impl Host for Terminal {
    fn print(&self, text: &str) {
        self.bars.clear();
        let line = format!("{}\n", safe(text));
        if self.globals.for_people() {
            // A closed pipe must not end a procedure half way.
            let _ = output::print(&line);
        } else {
            // What a program reads is what is emitted, and nothing else.
            eprint!("{line}");
        }
    }

    fn confirm(&self, plan: &Plan) -> Result<bool, SessionError> {
        if self.globals.for_people() {
            apply::show(plan).map_err(|f| SessionError::Asked(f.message))?;
        }
        if self.globals.yes || self.globals.dry_run {
            return Ok(true);
        }
        if !self.session.may_write() {
            return Err(SessionError::ReadOnly);
        }
        apply::ask(plan, &|| self.stop.asked()).map_err(|f| SessionError::Asked(f.message))
    }

    fn apply(&self, plan: &Plan) -> Result<Option<Applied>, SessionError> {
        let globals = Globals { yes: true, ..self.globals.clone() };
        let out = |value: &serde_json::Value| self.give(value);
        let shown = apply::confirmed(&globals, &self.session, plan.clone(), &out);
        self.runtime.block_on(shown)
    }

    fn dry_run(&self) -> bool {
        self.globals.dry_run
    }

    fn ask(&self, question: &str) -> Result<bool, SessionError> {
        if self.globals.yes || self.globals.dry_run {
            return Ok(true);
        }
        let question = format!("{question} Type yes to go on: ");
        Ok(typed(&question, "--yes answers it beforehand", &|| self.stop.asked())?.is_yes())
    }

    fn choose(&self, question: &str, options: &[String]) -> Result<usize, SessionError> {
        let hint = "give the choice as a parameter of the script";
        if !prompt::somebody_there() {
            return Err(nobody(question, hint));
        }
        self.bars.clear();
        *self.picking.lock().unwrap_or_else(PoisonError::into_inner) = Some(Mode::now());
        let labels: Vec<String> = options.iter().map(|o| one_line(o)).collect();
        let picked =
            dialoguer::FuzzySelect::new().with_prompt(one_line(question)).items(&labels).default(0).interact_opt();
        let mode = self.picking.lock().unwrap_or_else(PoisonError::into_inner).take();
        match picked {
            Ok(Some(at)) => Ok(at),
            Ok(None) => Err(SessionError::Asked("nothing was chosen".to_owned())),
            Err(error) => {
                // A key of Ctrl-C comes here as an error, and the cursor is still hidden.
                mode.iter().for_each(Mode::restore);
                if matches!(&error, dialoguer::Error::IO(e) if e.kind() == std::io::ErrorKind::Interrupted) {
                    self.stop.ask();
                }
                Err(SessionError::Asked(format!("nothing was chosen: {error}")))
            }
        }
    }

    fn progress(&self, text: &str, done: u64, of: u64) {
        self.bars.show(text, done, of);
    }

    fn emit(&self, value: &serde_json::Value, columns: &[String]) {
        self.bars.clear();
        let told = match value {
            // For people, rows are a table and a text is a text.
            serde_json::Value::Array(list) if self.globals.for_people() && list.is_empty() => {
                output::print("(nothing)\n")
            }
            serde_json::Value::Array(list)
                if self.globals.for_people() && list.iter().all(serde_json::Value::is_object) =>
            {
                output::print(&format!("{}\n", crate::script::rows_as_table(value, columns)))
            }
            serde_json::Value::Object(_) if self.globals.for_people() => {
                let yaml = serde_yaml_ng::to_string(value).unwrap_or_default();
                output::print(&safe(&yaml))
            }
            other => self.give(other),
        };
        // A closed pipe must not end a procedure half way.
        if let Err(failure) = told {
            tracing::warn!(error = failure.message, "a value could not be printed");
        }
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// The script of a name, or of a file, compiled.
pub(super) fn read(name: &str) -> Result<Script, Failure> {
    let config = Config::load().map_err(|e| Failure::usage(e.to_string()))?;
    let found = Library::new(&config.scripts).find(name).map_err(|e| Failure::usage(e.to_string()))?;
    compile_alone(&found.place(), &found.text).map_err(|e| Failure::usage(e.to_string()))
}

/// The clap command of one script: its parameters as options, beside the global ones.
pub(super) fn command_of(script: &Script) -> Command {
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

/// A parameter as an option.
pub(super) fn argument(param: &Param) -> Arg {
    let own = param.clone();
    // What is missing is asked for where somebody can be asked.
    let asked = prompt::somebody_there();
    let mut arg = Arg::new(param.name.clone())
        .long(param.name.replace('_', "-"))
        .value_name(param.word())
        .help(param.help.clone())
        .action(ArgAction::Set)
        .required(param.default.is_none() && !asked)
        .value_parser(move |text: &str| own.value(text).map(|_| text.to_owned()));
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
    let Some(name) = &args.script else {
        use clap::CommandFactory as _;
        let mut command = super::args::Args::command();
        if let Some(run) = command.find_subcommand_mut("run") {
            *run = run.clone().bin_name("azlb run");
            output::print(&format!("{}\n", run.render_long_help()))?;
        }
        return Ok(None);
    };
    let script = read(name)?;
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
        let text = match matches.get_one::<String>(&param.name) {
            Some(text) => text.clone(),
            None => {
                let question = format!("{} ({}): ", param.name, param.help);
                match typed(&question, "give it as a parameter", &|| false)? {
                    Typed::Line(text) => text,
                    Typed::End | Typed::CalledOff => {
                        return Err(Failure::usage(format!("the parameter {} is missing", param.name)));
                    }
                }
            }
        };
        let value =
            param.value(&text).map_err(|e| Failure::usage(format!("--{}: {e}", param.name.replace('_', "-"))))?;
        values.insert(param.name.as_str().into(), value);
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
    let mut host = terminal(&globals, &session);
    if matches!(globals.output, Output::Json | Output::Yaml) {
        host.emitted = Some(Mutex::default());
    }
    let host = Arc::new(host);
    let running = tokio::task::spawn_blocking({
        let host = Arc::clone(&host);
        move || {
            let mut console = Console::new(host.session.clone(), host.clone(), host.runtime.clone());
            if let Some(limit) = host.globals.time_limit {
                console.limit_time(limit);
            }
            let result = console.run(&script, values);
            host.bars.clear();
            result
        }
    });
    tokio::pin!(running);
    let result = loop {
        tokio::select! {
            result = &mut running => break result,
            Ok(()) = tokio::signal::ctrl_c() => {
                host.stop.ask();
                // Nothing calls a picker off, and nothing is under way while it waits: its thread is left.
                if let Some(mode) = host.picking.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    mode.restore();
                    host.complete()?;
                    return Err(Failure::new(INTERRUPTED, "stopped by the operator"));
                }
            }
        }
    };
    // What was emitted before a failure is told all the same.
    let told = host.complete();
    match result {
        Ok(Ok(())) => told.map(|()| ExitCode::SUCCESS),
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
        bars: Bars::new(globals.for_people()),
        picking: Mutex::default(),
        emitted: None,
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
            let console = Console::new(session.clone(), host.clone(), host.runtime.clone());
            let mut conversation = Conversation::new(console);
            if !interactive {
                return line_editor::run_piped(&mut conversation, std::io::stdin().lock());
            }
            println!(
                "azlb {} on {}. help() lists the functions, :help the words; Tab completes, Ctrl-R searches; Ctrl-D ends.",
                env!("CARGO_PKG_VERSION"),
                session.place()
            );
            line_editor::run(&session, &mut conversation, history, || host.stop.forget())?;
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
