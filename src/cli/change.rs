//! `azlb add`, `remove`, `move`, `swap`, `drain`, `replace`, `admin-state`, `align`, `evacuate`: each is a plan.

use std::process::ExitCode;

use super::apply;
use super::exit::Failure;
use super::globals::Globals;
use super::list::warn_of_problems;
use super::plan_args::{
    AddArgs, AdminStateArg, AdminStateArgs, AlignArgs, DrainArgs, EvacuateArgs, FailureArg, LimitArg, MoveArgs,
    PlanArgs, RemoveArgs, ReplaceArgs, SwapArgs,
};
use crate::azure::backend_pool::AdminState;
use crate::changes::{OnFailure, OnLimit, Options};
use crate::session::Session;

fn options(session: &Session, args: PlanArgs) -> Options {
    let mut options = session.config().options();
    if let Some(wait) = args.wait_healthy {
        options.wait_healthy = wait;
    }
    if let Some(what) = args.on_failure {
        options.on_failure = match what {
            FailureArg::Stop => OnFailure::Stop,
            FailureArg::Continue => OnFailure::Continue,
            FailureArg::Undo => OnFailure::Undo,
        };
    }
    options.healthy_rules = args.healthy_rule;
    options.ask = args.ask;
    if let Some(what) = args.on_limit {
        options.on_limit = match what {
            LimitArg::Fail => OnLimit::Fail,
            LimitArg::GoOn => OnLimit::GoOn,
        };
    }
    options.order = args.order.map(Into::into);
    options.overrides = args.overrides;
    options
}

async fn list(session: &Session) -> Result<(), Failure> {
    session.refresh().await?;
    warn_of_problems(session);
    Ok(())
}

pub(super) async fn add(globals: &Globals, session: &Session, args: AddArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let request = session.request_add(&pool, &args.members, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn remove(globals: &Globals, session: &Session, args: RemoveArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let mut members = args.members;
    if args.ghosts {
        members.extend(session.ghosts(&pool));
        if members.is_empty() {
            eprintln!("azlb: {} has no ghost that can be taken out", super::output::safe(&pool.selector));
            return Ok(ExitCode::SUCCESS);
        }
    }
    let request = session.request_remove(&pool, &members, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn move_members(globals: &Globals, session: &Session, args: MoveArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let (from, to) = (session.pool(&args.from)?, session.pool(&args.to)?);
    let request = session.request_move(&from, &to, &args.members, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn swap(globals: &Globals, session: &Session, args: SwapArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let request = session.request_swap(&pool, args.from.as_deref(), &args.to, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn drain(globals: &Globals, session: &Session, args: DrainArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let request = session.request_drain(&pool, &args.members, args.wait, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn replace(globals: &Globals, session: &Session, args: ReplaceArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let batch = args.batch.unwrap_or_default();
    let options = Options { pause: args.pause, ..options(session, args.plan) };
    let request = session.request_replace(&pool, &args.members, batch, options)?;
    apply::request(globals, session, &request).await
}

pub(super) async fn admin_state(
    globals: &Globals,
    session: &Session,
    args: AdminStateArgs,
) -> Result<ExitCode, Failure> {
    list(session).await?;
    let pool = session.pool(&args.pool)?;
    let state = match args.state {
        AdminStateArg::None => AdminState::None,
        AdminStateArg::Up => AdminState::Up,
        AdminStateArg::Down => AdminState::Down,
    };
    let request = session.request_admin_state(&pool, &args.members, state, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn align(globals: &Globals, session: &Session, args: AlignArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let request = session.request_align(&args.sets, options(session, args.plan))?;
    apply::request(globals, session, &request).await
}

pub(super) async fn evacuate(globals: &Globals, session: &Session, args: EvacuateArgs) -> Result<ExitCode, Failure> {
    list(session).await?;
    let request = session.request_evacuate(&args.who, args.lb.as_deref(), options(session, args.plan))?;
    apply::request(globals, session, &request).await
}
