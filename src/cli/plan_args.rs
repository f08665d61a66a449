//! The arguments of the commands that make a plan.

use std::time::Duration;

use clap::ValueEnum;

use super::args::parse_time;
use crate::changes::{Batch, SwapOrder};

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
