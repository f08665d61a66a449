//! `azlb list` and `azlb health`.

use std::process::ExitCode;

use futures::{StreamExt as _, stream};
use serde::Serialize;

use super::args::{ListArgs, What};
use super::exit::Failure;
use super::globals::Globals;
use super::output::{or_dash, rows};
use crate::arm::ResourceId;
use crate::health::{HealthState, reason};
use crate::session::Session;
use crate::session::rows::MemberRow;

pub(super) async fn main(globals: &Globals, session: &Session, args: ListArgs) -> Result<ExitCode, Failure> {
    session.refresh().await?;
    warn_of_problems(session);
    let only = args.lb.as_deref().unwrap_or_default();
    if !only.is_empty() && session.estate(|e| e.select_load_balancers(only).is_empty()) {
        let names = session.estate(|e| e.load_balancers().map(|l| format!("\n  {}", l.name())).collect::<String>());
        return Err(Failure::usage(format!("there is no load balancer '{only}'; there is:{names}")));
    }
    match args.what {
        What::Subscriptions => {
            rows(globals, &session.subscription_rows(), &["subscription", "id", "load balancers"], |r| {
                vec![r.subscription.clone(), r.id.clone(), r.load_balancers.to_string()]
            })
        }
        What::Lbs => rows(
            globals,
            &session.load_balancer_rows(only),
            &["subscription", "resource group", "name", "sku", "tier", "pools", "members", "managed by"],
            |r| {
                vec![
                    r.subscription.clone(),
                    r.resource_group.clone(),
                    r.name.clone(),
                    r.sku.clone(),
                    r.tier.clone(),
                    r.pools.join(","),
                    r.members.to_string(),
                    or_dash(r.managed_by),
                ]
            },
        ),
        What::Pools => rows(
            globals,
            &session.pool_rows(only),
            &["subscription", "pool", "kind", "members", "exclusive", "rules"],
            |r| {
                vec![
                    r.subscription.clone(),
                    r.selector.clone(),
                    r.kind.to_string(),
                    r.members.to_string(),
                    if r.exclusive { "yes" } else { "-" }.to_owned(),
                    if r.rules.is_empty() { "-".to_owned() } else { r.rules.join(",") },
                ]
            },
        ),
        What::Members => {
            let pools = pools(session, args.pool.as_deref(), only)?;
            if !args.no_health {
                // Rules are asked concurrently, and not so many at once that reads are throttled.
                stream::iter(&pools).for_each_concurrent(8, |p| async move { drop(session.health(p).await) }).await;
            }
            let found: Vec<MemberRow> = pools.iter().flat_map(|p| session.member_rows(p)).collect();
            rows(
                globals,
                &found,
                &["pool", "kind", "name", "ip", "zone", "power", "admin", "health", "why"],
                member_cells,
            )
        }
        What::Drift => {
            let mut found = session.drift().await?;
            if let Some(pool) = args.pool.as_deref() {
                let pool = session.pool(pool)?;
                found.retain(|d| d.pool == pool.id);
            }
            found.retain(|d| only.is_empty() || d.pool.parent().is_some_and(|lb| lb.name().eq_ignore_ascii_case(only)));
            if found.is_empty() && globals.for_people() {
                eprintln!("azlb: every instance of every Uniform scale set is where its model says");
            }
            let side = |side: Option<bool>| match side {
                Some(true) => "in",
                Some(false) => "out",
                None => "gone",
            };
            rows(globals, &found, &["instance", "pool", "model", "own", "listed", "protected", "what"], |r| {
                vec![
                    r.name.clone(),
                    r.pool.short(),
                    side(Some(r.model)).to_owned(),
                    side(r.instance).to_owned(),
                    side(r.listed).to_owned(),
                    if r.protected { "yes" } else { "-" }.to_owned(),
                    r.words().to_owned(),
                ]
            })
        }
        What::Candidates => {
            let pools = pools(session, args.pool.as_deref(), only)?;
            let found: Vec<_> = pools.iter().flat_map(|p| session.candidate_rows(p)).collect();
            rows(globals, &found, &["pool", "kind", "name", "ip", "zone", "power", "in pools", "id"], |r| {
                vec![
                    r.pool.clone(),
                    r.kind.word().to_owned(),
                    r.name.clone(),
                    or_dash(r.ip.as_deref()),
                    or_dash(r.zone.as_deref()),
                    or_dash(r.power_state.as_deref()),
                    if r.in_pools.is_empty() { "-".to_owned() } else { r.in_pools.join(",") },
                    r.id.to_string(),
                ]
            })
        }
    }
}

/// A subscription that could not be listed must not look like an empty one.
pub(super) fn warn_of_problems(session: &Session) {
    for (name, problem) in session.estate(|e| {
        e.subscriptions.iter().filter_map(|s| Some((s.name.clone(), s.problem.clone()?))).collect::<Vec<_>>()
    }) {
        eprintln!("azlb: {} could not be listed whole: {}", super::output::safe(&name), super::output::safe(&problem));
    }
}

fn pools(session: &Session, pool: Option<&str>, lb: &str) -> Result<Vec<ResourceId>, Failure> {
    Ok(match pool {
        Some(text) => vec![session.pool(text)?.id],
        None => session.pool_rows(lb).into_iter().map(|r| r.id).collect(),
    })
}

fn member_cells(r: &MemberRow) -> Vec<String> {
    let mut why = reason::words(&r.health.reason).to_owned();
    if let Some(ghost) = r.ghost {
        why = format!("ghost: {ghost}; {why}");
    }
    if r.latest_model == Some(false) {
        why = format!("not on the latest model; {why}");
    }
    vec![
        format!("{}/{}", r.load_balancer, r.pool),
        r.kind.word().to_owned(),
        r.name.clone(),
        or_dash(r.ip.as_deref()),
        or_dash(r.zone.as_deref()),
        or_dash(r.power_state.as_deref()),
        r.admin_state.to_owned(),
        r.health.state.word().to_owned(),
        why,
    ]
}

#[derive(Serialize)]
struct ReadingRow {
    pool: String,
    rule: String,
    member: String,
    ip: Option<String>,
    state: HealthState,
    reason: String,
    words: String,
}

pub(super) async fn health(globals: &Globals, session: &Session, pool: String) -> Result<ExitCode, Failure> {
    session.refresh().await?;
    let handle = session.pool(&pool)?;
    let health = session.health(&handle.id).await;
    if let Some(why) = &health.unknown {
        eprintln!("azlb: the health of {} is unknown: {}", handle.selector, super::output::safe(why));
    }
    let members = session.members(&handle.id);
    let found: Vec<ReadingRow> = health
        .readings
        .iter()
        .map(|r| ReadingRow {
            pool: handle.selector.clone(),
            rule: r.rule.to_string(),
            member: members
                .iter()
                .find(|m| Some(&m.id) == r.ip_config.as_ref() || m.ip.is_some() && m.ip.as_deref() == r.ip.as_deref())
                .map_or_else(|| r.ip.as_deref().unwrap_or_default().to_owned(), |m| m.name.clone()),
            ip: r.ip.as_deref().map(str::to_owned),
            state: r.state,
            reason: r.reason.to_string(),
            words: reason::words(&r.reason).to_owned(),
        })
        .collect();
    rows(globals, &found, &["rule", "member", "ip", "health", "why"], |r| {
        vec![r.rule.clone(), r.member.clone(), or_dash(r.ip.as_deref()), r.state.word().to_owned(), r.words.clone()]
    })
}
