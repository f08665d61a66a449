//! Gates: waiting until both sides of a membership agree, or until probes are up.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::change::MemberTarget;
use super::describe::short_time;
use super::documents::members_of;
use super::edit::Edit;
use super::execute::{Context, StepError};
use super::run::StepState;
use super::step::{Check, Gate};
use crate::arm::ResourceId;
use crate::azure::backend_pool::BackendPool;
use crate::azure::ip_config::IpConfigOwner;
use crate::azure::{NETWORK, version_of};
use crate::health::{self, HealthState, MemberHealth, PoolHealth, reason};

/// How long Azure may take until an admin state shows in the rules' health.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);

fn member_health(health: &PoolHealth, member: &MemberTarget) -> MemberHealth {
    match member {
        MemberTarget::IpConfig(id) => health.of(Some(id), None),
        // Rule health is not served for Global load balancers.
        MemberTarget::Frontend(_) => health.of(None, None),
        MemberTarget::Address(ip) => health.of(None, Some(&ip.to_string())),
    }
}

impl Context<'_> {
    /// Waits for a gate. It changes nothing, so the operator may stop it at any time.
    pub(super) async fn gate(&self, step: u32, gate: &Gate) -> Result<(), StepError> {
        let waiting = async {
            match gate {
                Gate::Membership { pool, inside, outside, limit } => {
                    self.membership(step, pool, inside, outside, *limit).await
                }
                Gate::Drained { rules, members, wait, .. } => self.drained(step, rules, members, *wait).await,
                Gate::Ask { question, limit } => self.ask(step, question, *limit).await,
                Gate::Pause { wait } => {
                    self.tell(step, format!("pausing for {}", short_time(*wait)));
                    tokio::time::sleep(wait.div_f64(self.tempo.speed)).await;
                    Ok(())
                }
                Gate::Healthy { pool, rules, members, interval, limit } => {
                    self.healthy(step, pool, rules, members, *interval, *limit).await
                }
            }
        };
        tokio::select! {
            result = waiting => result,
            () = self.cancel.cancelled() => Err(StepError::stopped()),
        }
    }

    async fn membership(
        &self,
        step: u32,
        pool: &ResourceId,
        inside: &[MemberTarget],
        outside: &[MemberTarget],
        limit: Duration,
    ) -> Result<(), StepError> {
        let start = Instant::now();
        loop {
            let body = self.read_pool(pool, Duration::ZERO).await?;
            let view = BackendPool(&body);
            let now = members_of(&view);
            let late: Vec<&MemberTarget> = inside.iter().filter(|m| !now.contains(*m)).collect();
            let stays: Vec<&MemberTarget> = outside.iter().filter(|m| now.contains(*m)).collect();
            if late.is_empty() && stays.is_empty() {
                break;
            }
            let what = match (late.first(), stays.first()) {
                (Some(m), _) => format!("{} does not show {} yet", pool.short(), self.name(m)),
                (None, Some(m)) => format!("{} still shows {}", pool.short(), self.name(m)),
                (None, None) => String::new(),
            };
            if start.elapsed() >= limit {
                return Err(StepError::plain(format!(
                    "after {} {what}. Azure may only be late: look again, then resume or undo",
                    short_time(limit)
                )));
            }
            self.tell(step, what);
            tokio::time::sleep(self.tempo.gate_poll).await;
        }
        // The members' own side: what this run has just read back counts.
        for (member, wanted) in inside.iter().map(|m| (m, true)).chain(outside.iter().map(|m| (m, false))) {
            let MemberTarget::IpConfig(ip_config) = member else { continue };
            let Some(written) = IpConfigOwner::of(ip_config).map(IpConfigOwner::written) else { continue };
            if self.was_verified(&written) {
                continue;
            }
            let edit = if wanted {
                Edit::JoinPool { ip_config: ip_config.clone(), pool: pool.clone(), name: "".into() }
            } else {
                Edit::LeavePool { ip_config: ip_config.clone(), pool: pool.clone(), name: "".into() }
            };
            match self.reader.get(&written, version_of(&written), "").await {
                Ok(document) => {
                    if edit.standing(document.body()) != super::edit::Standing::Holds {
                        let is = if wanted { "does not refer" } else { "still refers" };
                        return Err(StepError::plain(format!(
                            "{} {is} to {}: somebody changed it since",
                            written.short(),
                            pool.short()
                        )));
                    }
                }
                Err(error) if error.is_gone() && !wanted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn healthy(
        &self,
        step: u32,
        pool: &ResourceId,
        rules: &[ResourceId],
        members: &[MemberTarget],
        interval: Duration,
        limit: Duration,
    ) -> Result<(), StepError> {
        let start = Instant::now();
        // Up means up by every rule, so each rule must name the member.
        loop {
            let asked = Instant::now();
            let health = health::read(self.reader, rules).await?;
            let mut down: Vec<String> = Vec::new();
            for member in members {
                let own = member_health(&health, member);
                if own.state != HealthState::Up {
                    down.push(format!("{}: {}", self.name(member), reason::words(&own.reason)));
                }
            }
            let Some(first) = down.first() else { return Ok(()) };
            let what = if down.len() == 1 { first.clone() } else { format!("{first}, and {} more", down.len() - 1) };
            if start.elapsed() >= limit {
                return Err(StepError::limit(format!(
                    "not healthy in {} after {} ({what}). It is a member all the same: find out why it does not answer its probe, or undo",
                    pool.short(),
                    short_time(limit)
                )));
            }
            self.tell(step, what);
            let pause = interval.div_f64(self.tempo.speed).saturating_sub(asked.elapsed());
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
        }
    }

    /// Asks the operator, who answers through the session. A no is a failure: what follows it is
    /// the plan's own choice.
    async fn ask(&self, step: u32, question: &str, limit: Duration) -> Result<(), StepError> {
        let plan = &self.plan.id;
        self.answers.forget(plan, step);
        self.set(step, StepState::Asking { question: question.to_owned() });
        let answer = tokio::time::timeout(limit, self.answers.take(plan, step)).await;
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(StepError::plain("the operator said no".to_owned())),
            Err(_) => Err(StepError::limit(format!("nobody answered in {}", short_time(limit)))),
        }
    }

    /// Azure tells no connection counts of a member: drained means that it gets no new ones by every
    /// rule, and that it was given its time since.
    async fn drained(
        &self,
        step: u32,
        rules: &[ResourceId],
        members: &[MemberTarget],
        wait: Duration,
    ) -> Result<(), StepError> {
        let start = Instant::now();
        while !rules.is_empty() {
            let health = health::read(self.reader, rules).await?;
            let taking = members.iter().find(|m| member_health(&health, m).state == HealthState::Up);
            let Some(member) = taking else { break };
            if start.elapsed() >= DRAIN_LIMIT {
                return Err(StepError::limit(format!(
                    "{} still takes new connections after {}, though its admin state is Down",
                    self.name(member),
                    short_time(DRAIN_LIMIT)
                )));
            }
            self.tell(step, format!("{} still takes new connections", self.name(member)));
            tokio::time::sleep(self.tempo.gate_poll).await;
        }
        self.tell(step, format!("no new connections; {} for those there are", short_time(wait)));
        tokio::time::sleep(wait.div_f64(self.tempo.speed)).await;
        Ok(())
    }

    /// Asks the guards of a write again, on fresh documents.
    pub(super) async fn recheck(&self, checks: &[Check], edits: &[Edit]) -> Result<(), StepError> {
        for check in checks {
            match check {
                Check::Exclusive { pool } => {
                    let body = self.read_pool(pool, Duration::ZERO).await?;
                    let joining: HashSet<MemberTarget> =
                        edits.iter().filter(|e| e.pool() == pool).filter_map(Edit::joins).collect();
                    let leaving: HashSet<MemberTarget> =
                        edits.iter().filter(|e| e.pool() == pool).filter_map(Edit::leaves).collect();
                    let others: Vec<MemberTarget> = members_of(&BackendPool(&body))
                        .into_iter()
                        .filter(|m| !joining.contains(m) && !leaving.contains(m))
                        .collect();
                    if let Some(other) = others.first() {
                        return Err(StepError::guard(
                            "exclusive",
                            format!("{} is exclusive and holds {other} now: not written", pool.short()),
                        ));
                    }
                }
                Check::NeverEmpty { pool } => {
                    // Many writes of one plan may ask: what was read in the last seconds will do.
                    let body = self.read_pool(pool, self.tempo.guard_age).await?;
                    let leaving: HashSet<MemberTarget> = self
                        .plan
                        .writes()
                        .flat_map(|(_, w)| &w.edits)
                        .filter(|e| e.pool() == pool)
                        .filter_map(Edit::leaves)
                        .collect();
                    let now = members_of(&BackendPool(&body));
                    if !now.is_empty() && now.iter().all(|m| leaving.contains(m)) {
                        return Err(StepError::guard(
                            "never_empty",
                            format!(
                                "{} would have no member left, since others left it meanwhile: not written",
                                pool.short()
                            ),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn name(&self, member: &MemberTarget) -> String {
        super::describe::name_of(self.plan, member)
    }

    /// A pool's document, no older than `age`.
    async fn read_pool(&self, pool: &ResourceId, age: Duration) -> Result<Value, StepError> {
        let mut pools = self.pools.lock().await;
        let recent = pools.get(pool).filter(|(at, _)| !age.is_zero() && at.elapsed() <= age);
        if let Some((_, body)) = recent {
            return Ok(body.clone());
        }
        let body = self.reader.get(pool, NETWORK, "").await?.into_body();
        pools.insert(pool.clone(), (Instant::now(), body.clone()));
        Ok(body)
    }
}
