//! `azlb completions SHELL`, and the answers that the shell then asks for while a line is typed.
//!
//! Names come from what the last listing left in the state's folder; nothing is sent while somebody types.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;

use super::args::Args;
use super::exit::{FAILED, Failure};
use super::{open, run};
use crate::changes::Journal;
use crate::changes::guard::GuardCode;
use crate::config::Config;
use crate::script::complete::starts;
use crate::script::engine::Script;
use crate::script::library::Library;
use crate::script::params::Source;
use crate::session::SIMULATOR;
use crate::session::names::Names;

/// What the shell's script sets when it asks.
const ASKS: &str = "AZLB_COMPLETE";

pub(super) fn main(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let shells = Shells::builtins();
    let word = shell.to_string();
    let completer = shells.iter().find(|s| s.is(&word)).ok_or_else(|| Failure::usage(format!("no {word}")))?;
    let mut out = Vec::new();
    completer
        .write_registration(ASKS, "azlb", "azlb", &program(), &mut out)
        .map_err(|e| Failure::new(FAILED, e.to_string()))?;
    if shell == clap_complete::Shell::Bash {
        // Bash breaks words at the colon of SUB:RG/LB/POOL and zone:1, and would complete each half alone.
        out.extend_from_slice(b"COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n");
    }
    super::output::print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}

/// How the shell calls this binary: as it was called now.
fn program() -> String {
    let called = PathBuf::from(std::env::args_os().next().unwrap_or_else(|| "azlb".into()));
    let whole = match (called.components().count(), std::env::current_dir()) {
        (2.., Ok(here)) => here.join(called),
        _ => called,
    };
    whole.to_string_lossy().into_owned()
}

/// Where the shell asks, answers it and ends the process.
pub fn answer() {
    CompleteEnv::with_factory(command).var(ASKS).complete();
}

/// The command line with what completes its values; with a script's parameters where one is being run.
fn command() -> Command {
    let command = with_names(Args::command(), "");
    let Some(script) = script_being_run() else { return command };
    command.mut_subcommand("run", |command| {
        script.params.iter().fold(command, |command, param| {
            // The command's own arguments have names too.
            let arg = run::argument(param).id(format!("parameter-{}", param.name));
            let arg = if param.values.is_empty() {
                arg.add(ArgValueCompleter::new(Completer(Of::Source(param.source))))
            } else {
                arg.value_parser(clap::builder::PossibleValuesParser::new(param.values.clone()))
            };
            command.arg(arg)
        })
    })
}

fn with_names(command: Command, path: &str) -> Command {
    let command = command.mut_args(|arg| match asked(path, arg.get_id().as_str()) {
        Some(of) => arg.add(ArgValueCompleter::new(Completer(of))),
        None => arg,
    });
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        with_names(below, path.trim_start())
    })
}

/// What an argument's value could be.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// What a script's parameter takes.
    Source(Source),
    /// Members of the pool that the line names.
    Members,
    /// Who is not yet in it.
    Joining,
    /// Machines, sets and zones.
    Who,
    Subscriptions,
    Clouds,
    Guards,
    Plans,
    Scripts,
    Nothing,
}

/// What the value of an argument of a command could be; the command line's own words are clap's.
fn asked(command: &str, arg: &str) -> Option<Of> {
    Some(match (command, arg) {
        (_, "pool") | ("move", "from" | "to") | ("show", "id") => Of::Source(Source::Pools),
        (_, "lb") => Of::Source(Source::LoadBalancers),
        ("align", "sets") => Of::Source(Source::Sets),
        ("add", "members") | ("swap", "to") => Of::Joining,
        ("replace", "members") => Of::Source(Source::Members),
        (_, "members") | ("swap", "from") => Of::Members,
        ("evacuate", "who") => Of::Who,
        (_, "subscription") => Of::Subscriptions,
        (_, "cloud") => Of::Clouds,
        (_, "overrides") => Of::Guards,
        ("restore" | "journal show" | "journal resume" | "journal retry" | "journal undo", "id") => Of::Plans,
        ("run", "script") | ("scripts show" | "scripts check" | "scripts doc", "name" | "names") => Of::Scripts,
        ("run", "rest") => Of::Nothing,
        _ => return None,
    })
}

/// Answers for one argument.
struct Completer(Of);

impl ValueCompleter for Completer {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let Some(begun) = current.to_str() else { return Vec::new() };
        let line = Line::given();
        let names = || line.names();
        let found: Vec<String> = match self.0 {
            Of::Source(source) => source.names(&names(), &line.pool()),
            Of::Members => names().members(&line.pool()).to_vec(),
            Of::Joining => {
                let names = names();
                let sets = names.sets.iter().map(|s| format!("set:{s}"));
                Source::Candidates.names(&names, &line.pool()).into_iter().chain(sets).collect()
            }
            Of::Who => {
                let Names { machines, sets, zones, .. } = names();
                let zones = zones.into_iter().map(|z| format!("zone:{z}"));
                machines.into_iter().chain(sets).chain(zones).collect()
            }
            Of::Subscriptions => names().subscriptions,
            Of::Clouds => ["public", "usgov", "china"].map(str::to_owned).to_vec(),
            Of::Guards => GuardCode::OVERRIDABLE.iter().map(|g| g.name()).collect(),
            Of::Plans => return plans(begun),
            Of::Scripts => return scripts(begun, current),
            Of::Nothing => Vec::new(),
        };
        found.into_iter().filter(|name| starts(name, begun) && is_plain(name)).map(CompletionCandidate::new).collect()
    }
}

/// Whether a name can stand in a shell's line as it is. What Azure calls a thing must never become a
/// command, so what would need quotes is not offered.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@+,=".contains(c)) && !name.starts_with('-')
}

fn plans(begun: &str) -> Vec<CompletionCandidate> {
    let Some(state) = Config::load().ok().and_then(|c| c.state_dir().ok()) else { return Vec::new() };
    let (records, _) = Journal::at(state.join("journal")).list().unwrap_or_default();
    records
        .iter()
        .filter(|r| r.plan.id.as_str().starts_with(begun))
        .map(|r| {
            let title = crate::terminal_text::safe(&r.plan.title).to_string();
            CompletionCandidate::new(r.plan.id.as_str()).help(Some(title.into()))
        })
        .collect()
}

fn scripts(begun: &str, current: &OsStr) -> Vec<CompletionCandidate> {
    let folders = Config::load().map(|c| c.scripts).unwrap_or_default();
    let found = Library::new(&folders).list().into_iter().filter(|s| starts(&s.name, begun));
    let named = found.map(|s| {
        let about = crate::script::params::about(&s.text);
        let title = about.lines().next().unwrap_or_default().to_owned();
        CompletionCandidate::new(s.name).help(Some(title.into()))
    });
    let files = PathCompleter::any().filter(|p| p.is_dir() || p.extension().is_some_and(|e| e == "rhai"));
    let files = if begun.contains(['/', '.']) { files.complete(current) } else { Vec::new() };
    named.chain(files).collect()
}

fn script_being_run() -> Option<Script> {
    let words = Line::given().0;
    let at = words.iter().position(|w| w == "run")?;
    let name = words.get(at + 1)?.to_str()?;
    run::read(name).ok()
}

/// The line as it stands in the shell, which calls `azlb -- LINE`.
struct Line(Vec<OsString>);

impl Line {
    fn given() -> Self {
        Self(std::env::args_os().skip_while(|a| a != "--").skip(1).collect())
    }

    fn value(&self, option: &str) -> Option<&str> {
        let words = || self.0.iter().filter_map(|w| w.to_str());
        let joined = words().find_map(|w| w.strip_prefix(option)?.strip_prefix('='));
        joined.or_else(|| words().skip_while(|w| *w != option).nth(1))
    }

    /// The pool that it names, where it names one.
    fn pool(&self) -> String {
        let named = self.value("--pool").or_else(|| self.value("--from"));
        named.unwrap_or_default().to_owned()
    }

    /// The names of the place that it is about.
    fn names(&self) -> Names {
        let Ok(config) = Config::load() else { return Names::default() };
        let simulated = self.0.iter().any(|w| w == "--sim" || w.to_string_lossy().starts_with("--sim="));
        let place = if simulated {
            Some(SIMULATOR.to_owned())
        } else {
            open::cloud(self.value("--cloud"), &config).ok().map(|c| open::place_of(&c))
        };
        match (config.state_dir(), place) {
            (Ok(state), Some(place)) => Names::read(&state, &place),
            _ => Names::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_run_is_not_offered() {
        for name in ["db-lb/masters", "Prod:rg/db-lb/masters", "zone:1", "10.1.0.4", "set/0"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["$(reboot)", "a;b", "a b", "`x`", "--yes", "a\u{202e}b", "a'b", "~root", "a*"] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn every_argument_that_is_completed_exists() {
        command().debug_assert();
    }
}
