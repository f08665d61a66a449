//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::auth::Method;
use crate::changes::{Batch, SwapOrder};
use crate::sim::fault::Fault;

/// Change which machines serve traffic behind an Azure load balancer.
///
/// Without a command, azlb opens the terminal UI. Every change is planned, shown, confirmed,
/// journalled and verified; what was done can be undone.
#[derive(Debug, Parser)]
#[command(name = "azlb", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  azlb --sim                                      the terminal UI on the built-in demo estate
  azlb list members --pool db-lb/masters          who serves, and how they are
  azlb swap --pool db-lb/masters --to vm-db-2     fail over to vm-db-2
  azlb run scripts/swap_master.rhai --help        what a saved procedure takes
  azlb journal undo 7f3c                          take a plan back

Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a guard, 4 partly done, 5 interrupted.";

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Work on a simulator inside this process: the demo, or an estate file (.json, .jsonl)
    #[arg(long, global = true, value_name = "ESTATE", num_args = 0..=1, default_missing_value = "demo", require_equals = true)]
    pub sim: Option<String>,
    /// With --sim: how many simulated seconds pass in a real one
    #[arg(long, global = true, value_name = "FACTOR", requires = "sim")]
    pub sim_speed: Option<f64>,
    /// With --sim: a fault, such as 'PUT networkInterfaces 429 count=3'
    #[arg(long, global = true, value_name = "FAULT", requires = "sim")]
    pub sim_fault: Vec<Fault>,
    /// Change nothing: this session gets no writer
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Show stand-ins for every name, id and address, to share what is shown; implies --read-only
    #[arg(long, global = true)]
    pub redact: bool,
    /// How long a script may run, such as 30m; 12 hours where it is left out
    #[arg(long, global = true, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time_limit: Option<std::time::Duration>,
    /// Print the plan and stop
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Apply without asking
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// The form of the output
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Only a part of the JSON, by JMESPath.
    #[arg(
        long,
        global = true,
        value_name = "JMESPATH",
        help = "Only a part of the JSON, by JMESPath: '[?health.state==`down`].name'"
    )]
    pub query: Option<Query>,
    /// Only these subscriptions, by id or name
    #[arg(long, global = true, value_name = "SUB")]
    pub subscription: Vec<String>,
    /// public, usgov or china
    #[arg(long, global = true, value_name = "CLOUD")]
    pub cloud: Option<String>,
    /// How to sign in
    #[arg(long, global = true, value_enum)]
    pub auth: Option<Method>,
    /// Log to stderr; twice for every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people.
    Table,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// Tab-separated, without a header.
    Tsv,
    /// JSON, one item a line.
    Jsonl,
}

/// A JMESPath expression.
#[derive(Debug, Clone)]
pub struct Query(pub jmespath::Expression<'static>);

impl std::str::FromStr for Query {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        jmespath::compile(text).map(Self).map_err(|e| e.to_string())
    }
}

impl Globals {
    /// Whether people read the output: tables, words, colours.
    pub fn for_people(&self) -> bool {
        self.output == Output::Table && self.query.is_none()
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List subscriptions, load balancers, pools, members or candidates
    List(ListArgs),
    /// Show one resource as Azure serves it
    Show {
        /// A resource's id, or a pool as LB/POOL
        id: String,
    },
    /// Ask for the health of a pool's members, rule by rule
    Health {
        /// LB/POOL, SUB:RG/LB/POOL or a full id
        #[arg(long)]
        pool: String,
    },
    /// Put members into a pool
    Add(AddArgs),
    /// Take members out of a pool
    Remove(RemoveArgs),
    /// Move members from one pool to another
    Move(MoveArgs),
    /// Swap one member for another: fail a master over
    Swap(SwapArgs),
    /// Take members out gently: no new connections, some time, then out
    Drain(DrainArgs),
    /// Make a pool's members exactly these, a batch at a time
    Replace(ReplaceArgs),
    /// Set members' admin state; they stay members
    AdminState(AdminStateArgs),
    /// Take machines out of every pool they are in; restore puts them back
    Evacuate(EvacuateArgs),
    /// Bring a Uniform scale set's instances back to its model's pools; list drift shows who differs
    Align(AlignArgs),
    /// Put back what an evacuation took out
    Restore {
        /// The evacuation's plan; the newest that stands where it is left out
        id: Option<String>,
    },
    /// Run a saved script; azlb run SCRIPT --help lists its parameters
    #[command(disable_help_flag = true)]
    Run(RunArgs),
    /// Saved scripts: list, show, new, check, doc
    Scripts {
        /// What to do
        #[command(subcommand)]
        command: ScriptsCommand,
    },
    /// A line editor for scripts
    Repl,
    /// What was done: list, show, resume, undo
    Journal {
        /// What to do
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Write the estate as raw ARM documents to standard output, for --sim and azlb sim --estate
    Export,
    /// Serve the simulator on loopback
    Sim(SimArgs),
    /// Check sign-in, reachability and permissions
    Doctor,
    /// Write man pages into a folder
    Man {
        /// The folder
        folder: std::path::PathBuf,
    },
    /// Print a shell's completion script
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

/// How a plan is made.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Plan options")]
pub struct PlanArgs {
    /// How long a member that joined may take until its probe is up; 0 does not wait
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub wait_healthy: Option<Duration>,
    /// Wait for this rule's probe only; may be given more than once
    #[arg(long, value_name = "RULE")]
    pub healthy_rule: Vec<String>,
    /// Ask before the second half of a swap, after a drain, and between batches; the time is how long
    /// the answer may take
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "30m", value_parser = parse_time)]
    pub ask: Option<Duration>,
    /// What happens when a wait for probes, drained members or an answer comes to its limit
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_limit: Option<LimitArg>,
    /// What happens when a step fails
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_failure: Option<FailureArg>,
    /// Override a guard by its code, such as never_empty
    #[arg(long = "override", value_name = "GUARD")]
    pub overrides: Vec<String>,
    /// The order in which a pool loses and gains members
    #[arg(long, value_enum)]
    pub order: Option<OrderArg>,
}

/// What happens when a wait comes to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LimitArg {
    /// The step failed.
    Fail,
    /// The plan goes on, and says so.
    GoOn,
}

/// What happens when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailureArg {
    /// Nothing more is started.
    Stop,
    /// Steps that do not depend on it go on.
    Continue,
    /// What was done is undone.
    Undo,
}

/// The order in which a pool loses and gains members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// Old out before new in.
    BreakBeforeMake,
    /// New in and healthy before old out.
    MakeBeforeBreak,
}

impl From<OrderArg> for SwapOrder {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::BreakBeforeMake => Self::BreakBeforeMake,
            OrderArg::MakeBeforeBreak => Self::MakeBeforeBreak,
        }
    }
}

/// `azlb add`.
#[derive(Debug, Clone, clap::Args)]
pub struct AddArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// VMs, set/instance, set:NAME, NICs, ip configuration ids; for an IP pool ADDRESS or NAME=ADDRESS
    #[arg(required = true, value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb remove`.
#[derive(Debug, Clone, clap::Args)]
pub struct RemoveArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// Names, addresses or ids of members
    #[arg(required_unless_present = "ghosts", value_name = "MEMBER")]
    pub members: Vec<String>,
    /// Also those whose machine is gone, while its NIC is there and still a member
    #[arg(long)]
    pub ghosts: bool,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb move`.
#[derive(Debug, Clone, clap::Args)]
pub struct MoveArgs {
    /// The pool they are in
    #[arg(long, value_name = "POOL")]
    pub from: String,
    /// The pool they go to
    #[arg(long, value_name = "POOL")]
    pub to: String,
    /// Names, addresses or ids of members
    #[arg(required = true, value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb swap`.
#[derive(Debug, Clone, clap::Args)]
pub struct SwapArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// Who joins
    #[arg(long, value_name = "MEMBER")]
    pub to: String,
    /// Who leaves; the only member where it is left out
    #[arg(long, value_name = "MEMBER")]
    pub from: Option<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb drain`.
#[derive(Debug, Clone, clap::Args)]
pub struct DrainArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// Names, addresses or ids of members
    #[arg(required = true, value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How long those that are connected are given
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = parse_time)]
    pub wait: Duration,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb replace`.
#[derive(Debug, Clone, clap::Args)]
pub struct ReplaceArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// All who are to be in it
    #[arg(required = true, value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How many at a time: a number, or a share such as 25%
    #[arg(long, value_name = "N|N%")]
    pub batch: Option<Batch>,
    /// The pause between two batches
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = parse_time)]
    pub pause: Duration,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb admin-state`.
#[derive(Debug, Clone, clap::Args)]
pub struct AdminStateArgs {
    /// LB/POOL, SUB:RG/LB/POOL or a full id
    #[arg(long)]
    pub pool: String,
    /// none: the probe decides; up: in whatever it says; down: no new connections
    #[arg(value_enum)]
    pub state: AdminStateArg,
    /// Names, addresses or ids of members
    #[arg(required = true, value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// An admin state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdminStateArg {
    /// The probe decides.
    None,
    /// In rotation whatever the probe says.
    Up,
    /// No new connections.
    Down,
}

/// `azlb align`.
#[derive(Debug, Clone, clap::Args)]
pub struct AlignArgs {
    /// Uniform scale sets, by name or id
    #[arg(required = true, value_name = "SET")]
    pub sets: Vec<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `azlb evacuate`.
#[derive(Debug, Clone, clap::Args)]
pub struct EvacuateArgs {
    /// VMs, set/instance, scale sets, or zone:N
    #[arg(required = true, value_name = "WHO")]
    pub who: Vec<String>,
    /// Only out of this load balancer's pools
    #[arg(long)]
    pub lb: Option<String>,
    /// How the plan is made.
    #[command(flatten)]
    pub plan: PlanArgs,
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

fn parse_time(text: &str) -> Result<Duration, String> {
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

impl Globals {
    /// Takes in what was given after a script's name.
    pub fn absorb(&mut self, later: Self) {
        self.sim = later.sim.or(self.sim.take());
        self.sim_speed = later.sim_speed.or(self.sim_speed);
        self.sim_fault.extend(later.sim_fault);
        self.read_only |= later.read_only;
        self.dry_run |= later.dry_run;
        self.yes |= later.yes;
        if later.output != Output::Table {
            self.output = later.output;
        }
        self.query = later.query.or(self.query.take());
        self.redact |= later.redact;
        self.time_limit = later.time_limit.or(self.time_limit);
        self.subscription.extend(later.subscription);
        self.cloud = later.cloud.or(self.cloud.take());
        self.auth = later.auth.or(self.auth);
        self.verbose = self.verbose.max(later.verbose);
    }
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
        assert_eq!(args.globals.output, Output::Json);
        assert!(parse("azlb swap --to c").is_err());
    }
}
