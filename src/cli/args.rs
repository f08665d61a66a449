//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use super::examples;
use super::globals::Globals;
use super::plan_args::{
    AddArgs, AdminStateArgs, AlignArgs, DrainArgs, EvacuateArgs, MoveArgs, RemoveArgs, ReplaceArgs, SwapArgs,
};
use crate::sim::fault::Fault;

/// Change which machines serve traffic behind an Azure load balancer.
///
/// Without a command, azlb opens the terminal UI. Every change is planned, shown, confirmed,
/// journalled and verified; what was done can be undone.
#[derive(Debug, Parser)]
#[command(name = "azlb", version, after_help = examples::TOP, max_term_width = 100)]
pub struct Args {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List subscriptions, load balancers, pools, members or candidates
    #[command(after_help = examples::LIST)]
    List(ListArgs),
    /// Show one resource as Azure serves it
    #[command(after_help = examples::SHOW)]
    Show {
        /// A resource's id, or a pool as LB/POOL
        id: String,
    },
    /// Ask for the health of a pool's members, rule by rule
    #[command(after_help = examples::HEALTH)]
    Health {
        /// LB/POOL, SUB:RG/LB/POOL or a full id
        #[arg(long)]
        pool: String,
    },
    /// Put members into a pool
    #[command(after_help = examples::ADD)]
    Add(AddArgs),
    /// Take members out of a pool
    #[command(after_help = examples::REMOVE)]
    Remove(RemoveArgs),
    /// Move members from one pool to another
    #[command(after_help = examples::MOVE)]
    Move(MoveArgs),
    /// Swap one member for another: fail a master over
    #[command(after_help = examples::SWAP)]
    Swap(SwapArgs),
    /// Take members out gently: no new connections, some time, then out
    #[command(after_help = examples::DRAIN)]
    Drain(DrainArgs),
    /// Make a pool's members exactly these, a batch at a time
    #[command(after_help = examples::REPLACE)]
    Replace(ReplaceArgs),
    /// Set members' admin state; they stay members
    #[command(after_help = examples::ADMIN_STATE)]
    AdminState(AdminStateArgs),
    /// Take machines out of every pool they are in; restore puts them back
    #[command(after_help = examples::EVACUATE)]
    Evacuate(EvacuateArgs),
    /// Bring a Uniform scale set's instances back to its model's pools; list drift shows who differs
    #[command(after_help = examples::ALIGN)]
    Align(AlignArgs),
    /// Put back what an evacuation took out
    #[command(after_help = examples::RESTORE)]
    Restore {
        /// The evacuation's plan; the newest that stands where it is left out
        id: Option<String>,
    },
    /// Run a saved script; azlb run SCRIPT --help lists its parameters
    #[command(disable_help_flag = true, after_help = examples::RUN)]
    Run(RunArgs),
    /// Saved scripts: list, show, new, check, doc
    #[command(after_help = examples::SCRIPTS)]
    Scripts {
        /// What to do
        #[command(subcommand)]
        command: ScriptsCommand,
    },
    /// A line editor for scripts
    #[command(after_help = examples::REPL)]
    Repl,
    /// What was done: list, show, resume, undo
    #[command(after_help = examples::JOURNAL)]
    Journal {
        /// What to do
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Write the estate as raw ARM documents to standard output, for --sim and azlb sim --estate
    #[command(after_help = examples::EXPORT)]
    Export,
    /// Serve the simulator on loopback
    #[command(after_help = examples::SIM)]
    Sim(SimArgs),
    /// Check sign-in, reachability and permissions
    #[command(after_help = examples::DOCTOR)]
    Doctor,
    /// Write man pages into a folder
    #[command(after_help = examples::MAN)]
    Man {
        /// The folder
        folder: std::path::PathBuf,
    },
    /// Print a shell's completion script
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `azlb list`.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    pub what: What,
    /// Of this pool: LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: Option<String>,
    /// Of this load balancer
    #[arg(long)]
    pub lb: Option<String>,
    /// Do not ask for health
    #[arg(long)]
    pub no_health: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Subscriptions.
    Subscriptions,
    /// Load balancers.
    Lbs,
    /// Backend pools.
    Pools,
    /// Members, with their health.
    Members,
    /// Ip configurations that could join.
    Candidates,
    /// Where scale sets' models, their instances and the pools do not agree.
    Drift,
}

/// `azlb run`.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// The script's file, or its name in a scripts folder
    #[arg(required_unless_present = "help")]
    pub script: Option<String>,
    /// The script's parameters, and global options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "PARAMETERS")]
    pub rest: Vec<OsString>,
    /// Print help; after SCRIPT, the script's own
    #[arg(long, short)]
    pub help: bool,
}

/// `azlb scripts`.
#[derive(Debug, Clone, Subcommand)]
pub enum ScriptsCommand {
    /// Every script that 'azlb run' finds, with its parameters
    List,
    /// A script's text
    Show {
        /// Its name, or its file
        name: String,
    },
    /// Write a new script to begin with
    New {
        /// Its name: letters, digits, _ and -
        name: String,
    },
    /// Look for mistakes without running: functions that do not exist, other arguments than they take
    Check {
        /// Names or files; all where there is none
        names: Vec<String>,
    },
    /// A script's help; without a name, every function that scripts have
    Doc {
        /// Its name, or its file
        name: Option<String>,
    },
}

/// `azlb journal`.
#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// All plans, the newest first
    List,
    /// One plan, with each step's state
    Show {
        /// The plan's id, or its beginning
        id: String,
    },
    /// Go on with a plan that was interrupted or failed
    Resume {
        /// The plan's id, or its beginning
        id: String,
    },
    /// Try again what failed, and what waited for it
    Retry {
        /// The plan's id, or its beginning
        id: String,
    },
    /// Take a plan back
    Undo {
        /// The plan's id, or its beginning
        id: String,
    },
}

/// `azlb sim`.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Serve https too, on a port of its own, with a certificate authority made for this run
    #[arg(long)]
    pub tls: bool,
    /// The port of https; 0 takes a free one
    #[arg(long, default_value_t = 0, requires = "tls")]
    pub tls_port: u16,
    /// An estate file: raw ARM documents as GET returns them
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    pub estate: Option<PathBuf>,
    /// A generated estate, such as subs=10,lbs=1000,nics=10000
    #[arg(long, value_name = "SIZE")]
    pub generate: Option<crate::sim::generate::Size>,
    /// How many simulated seconds pass in a real one
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = parse_speed)]
    pub speed: f64,
    /// Seeds every chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The mean time of a write's operation, simulated
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = parse_time)]
    pub operation_time: Duration,
    /// A fault, such as 'PUT networkInterfaces 429 count=3 retry-after=2'
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
    /// A file of faults, one a line; # begins a remark
    #[arg(long, value_name = "FILE")]
    pub fault_file: Option<PathBuf>,
    /// Do not simulate ARM's token buckets
    #[arg(long)]
    pub no_throttle: bool,
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|e| format!("a time such as 90s or 2m was expected: {e}"))
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if speed > 0.0 && f64::is_finite(speed) => Ok(speed),
        _ => Err("a number above 0 was expected".to_owned()),
    }
}

/// `--sim` takes a file, yet must not swallow the command that follows it: a word after it is its
/// value only where it looks like a file.
pub fn join_sim(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--sim"
            && let Some(next) = arguments.peek().and_then(|n| n.to_str())
            && !next.starts_with('-')
            && (next.ends_with(".json") || next.ends_with(".jsonl") || next.contains('/'))
        {
            out.push(format!("--sim={next}").into());
            arguments.next();
        } else {
            out.push(argument);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(line: &str) -> Vec<String> {
        join_sim(line.split(' ').map(OsString::from)).into_iter().map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn sim_takes_a_file_and_no_command() {
        assert_eq!(joined("azlb --sim list lbs"), ["azlb", "--sim", "list", "lbs"]);
        assert_eq!(joined("azlb --sim estate.json list"), ["azlb", "--sim=estate.json", "list"]);
        assert_eq!(joined("azlb swap --sim --yes"), ["azlb", "swap", "--sim", "--yes"]);
    }

    #[test]
    fn the_arguments_hold_together() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
        let parse = |line: &str| Args::try_parse_from(join_sim(line.split(' ').map(OsString::from)));
        let args = parse("azlb run s.rhai --pool db-lb/masters --to vm-db-2 --sim --yes").unwrap();
        assert!(matches!(args.command, Some(Command::Run(r)) if r.rest.len() == 6));
        let args = parse("azlb swap --pool a/b --to c --sim --yes -o json").unwrap();
        assert_eq!(args.globals.sim.as_deref(), Some("demo"));
        assert_eq!(args.globals.output, crate::cli::globals::Output::Json);
        assert!(parse("azlb swap --to c").is_err());
    }
}
