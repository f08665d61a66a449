//! Options that every command takes, and the forms of the output.

use clap::ValueEnum;

use crate::auth::Method;
use crate::sim::fault::Fault;

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
        help = "Only a part of the JSON, by JMESPath: \"[?health.state=='down'].name\""
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

    /// Whether people read the output: tables, words, colours.
    pub fn for_people(&self) -> bool {
        self.output == Output::Table && self.query.is_none()
    }
}
