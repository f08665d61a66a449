//! The functions themselves, registered with the engine.

use std::sync::Arc;
use std::time::Duration;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use super::error::{carry, ended, stopped};
use super::host::Host;
use super::values::{Candidate, Member, Pool, ScriptPlan};
use crate::azure::backend_pool::AdminState;
use crate::changes::{Batch, OnFailure, OnLimit, Options, Outcome, Request, SwapOrder};
use crate::health::HealthState;
use crate::session::ask::PoolHandle;
use crate::session::{Session, SessionError};

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// What the functions share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) session: Session,
    pub(super) host: Arc<dyn Host>,
    pub(super) runtime: tokio::runtime::Handle,
}

impl Surroundings {
    /// Waits for the network on the script's own thread, until the operator stops it.
    fn wait<T>(&self, future: impl Future<Output = Result<T, SessionError>>) -> Answer<T> {
        self.runtime.block_on(async {
            tokio::select! {
                result = future => result.map_err(carry),
                () = self.host.stop().wait() => Err(stopped("stopped by the operator")),
            }
        })
    }

    fn plan(&self, request: Result<Request, SessionError>) -> Answer<ScriptPlan> {
        let request = request.map_err(carry)?;
        self.wait(self.session.plan(&request)).map(ScriptPlan::new)
    }

    fn listed(&self) -> Answer<()> {
        self.wait(self.session.ensure_listed())
    }

    fn options(&self, map: &Map) -> Answer<Options> {
        options(self.session.config().options(), map).map_err(|e| carry(SessionError::Asked(e)))
    }

    fn confirm(&self, plan: &ScriptPlan) -> Answer<()> {
        if plan.confirmed() {
            return Ok(());
        }
        if self.host.confirm(&plan.plan).map_err(carry)? {
            plan.set_confirmed();
            return Ok(());
        }
        Err(stopped("not confirmed; nothing was changed"))
    }

    fn apply(&self, plan: &ScriptPlan) -> Answer<String> {
        self.confirm(plan)?;
        match self.host.apply(&plan.plan).map_err(carry)? {
            None => Ok("dry run".to_owned()),
            Some(Outcome::Done) => Ok(Outcome::Done.to_string()),
            Some(outcome) => Err(ended(format!("plan {} is {outcome}", plan.plan.id), outcome)),
        }
    }
}

/// Options from a script's map.
fn options(mut options: Options, map: &Map) -> Result<Options, String> {
    for (key, value) in map {
        let text = value.to_string();
        match key.as_str() {
            "wait_healthy" => options.wait_healthy = time(&text)?,
            "pause" => options.pause = time(&text)?,
            "on_failure" => {
                options.on_failure = match text.as_str() {
                    "stop" => OnFailure::Stop,
                    "continue" => OnFailure::Continue,
                    "undo" => OnFailure::Undo,
                    _ => return Err(format!("on_failure is stop, continue or undo, not '{text}'")),
                }
            }
            "healthy_rules" => options.healthy_rules = names(value).map_err(|e| e.to_string())?,
            "ask" => options.ask = Some(time(&text)?),
            "on_limit" => {
                options.on_limit = match text.as_str() {
                    "fail" => OnLimit::Fail,
                    "go-on" => OnLimit::GoOn,
                    _ => return Err(format!("on_limit is fail or go-on, not '{text}'")),
                }
            }
            "order" => {
                options.order = Some(match text.as_str() {
                    "break-before-make" => SwapOrder::BreakBeforeMake,
                    "make-before-break" => SwapOrder::MakeBeforeBreak,
                    _ => return Err(format!("order is break-before-make or make-before-break, not '{text}'")),
                });
            }
            "override" => options.overrides.push(text),
            other => {
                return Err(format!(
                    "there is no option '{other}': use wait_healthy, healthy_rules, ask, on_limit, on_failure, order, override, pause"
                ));
            }
        }
    }
    Ok(options)
}

fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|e| format!("'{text}' is not a time such as \"90s\" or \"2m\": {e}"))
}

/// One name, one object with a name, or an array of them.
fn names(value: &Dynamic) -> Answer<Vec<String>> {
    let one = |v: &Dynamic| -> Answer<String> {
        if let Some(member) = v.clone().try_cast::<Member>() {
            return Ok(member.0.id.to_string()).map(|id| {
                if member.0.kind == crate::estate::members::MemberKind::Address { member.0.name.clone() } else { id }
            });
        }
        if let Some(candidate) = v.clone().try_cast::<Candidate>() {
            return Ok(candidate.0.id.to_string());
        }
        v.clone().into_string().map_err(|kind| {
            carry(SessionError::Asked(format!("a name, a member or a candidate was expected, not {kind}")))
        })
    };
    match value.clone().try_cast::<Array>() {
        Some(list) => list.iter().map(one).collect(),
        None => Ok(vec![one(value)?]),
    }
}

fn option(text: Option<String>) -> Dynamic {
    text.map_or(Dynamic::UNIT, Into::into)
}

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    types(engine);
    reading(engine, around);
    planning(engine, around);
    applying(engine, around);
}

fn types(engine: &mut Engine) {
    engine
        .register_type_with_name::<Pool>("Pool")
        .register_get("name", |p: &mut Pool| p.0.id.name().to_owned())
        .register_get("selector", |p: &mut Pool| p.0.selector.clone())
        .register_get("id", |p: &mut Pool| p.0.id.to_string())
        .register_get("kind", |p: &mut Pool| p.0.kind.to_string())
        .register_fn("to_string", |p: &mut Pool| p.to_string())
        .register_fn("to_debug", |p: &mut Pool| p.to_string());
    engine
        .register_type_with_name::<Member>("Member")
        .register_get("name", |m: &mut Member| m.0.name.clone())
        .register_get("id", |m: &mut Member| m.0.id.to_string())
        .register_get("ip", |m: &mut Member| option(m.0.ip.clone()))
        .register_get("zone", |m: &mut Member| option(m.0.zone.clone()))
        .register_get("power_state", |m: &mut Member| option(m.0.power_state.clone()))
        .register_get("admin_state", |m: &mut Member| m.0.admin_state.to_owned())
        .register_get("health", |m: &mut Member| m.0.health.state.word().to_owned())
        .register_get("reason", |m: &mut Member| m.0.health.reason.clone())
        .register_get("ghost", |m: &mut Member| m.0.ghost.is_some())
        .register_fn("to_string", |m: &mut Member| m.to_string())
        .register_fn("to_debug", |m: &mut Member| m.to_string());
    engine
        .register_type_with_name::<Candidate>("Candidate")
        .register_get("name", |c: &mut Candidate| c.0.name.clone())
        .register_get("id", |c: &mut Candidate| c.0.id.to_string())
        .register_get("ip", |c: &mut Candidate| option(c.0.ip.clone()))
        .register_get("zone", |c: &mut Candidate| option(c.0.zone.clone()))
        .register_get("power_state", |c: &mut Candidate| option(c.0.power_state.clone()))
        .register_fn("to_string", |c: &mut Candidate| c.to_string())
        .register_fn("to_debug", |c: &mut Candidate| c.to_string());
    engine
        .register_type_with_name::<ScriptPlan>("Plan")
        .register_get("id", |p: &mut ScriptPlan| p.plan.id.to_string())
        .register_get("title", |p: &mut ScriptPlan| p.plan.title.clone())
        .register_get("steps", |p: &mut ScriptPlan| i64::try_from(p.plan.steps.len()).unwrap_or(i64::MAX))
        .register_get("warnings", |p: &mut ScriptPlan| -> Array {
            p.plan.findings.iter().map(|f| Dynamic::from(f.to_string())).collect()
        })
        .register_fn("to_string", |p: &mut ScriptPlan| p.to_string())
        .register_fn("to_debug", |p: &mut ScriptPlan| p.to_string());
}

fn handle(around: &Surroundings, id: &str) -> Answer<Pool> {
    around.listed()?;
    let found: PoolHandle = around.session.pool(id).map_err(|e| carry(e.into()))?;
    Ok(Pool(Arc::new(found)))
}

fn reading(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("subscriptions", move || -> Answer<Array> {
        a.listed()?;
        Ok(a.session
            .subscription_rows()
            .into_iter()
            .map(|r| {
                let map: Map =
                    [("name".into(), r.subscription.into()), ("id".into(), r.id.into())].into_iter().collect();
                Dynamic::from_map(map)
            })
            .collect())
    });
    let a = around.clone();
    engine.register_fn("load_balancers", move || -> Answer<Array> {
        a.listed()?;
        Ok(a.session
            .load_balancer_rows("")
            .into_iter()
            .map(|r| {
                let pools: Array = r.pools.into_iter().map(Dynamic::from).collect();
                let map: Map = [
                    ("name".into(), r.name.into()),
                    ("subscription".into(), r.subscription.into()),
                    ("sku".into(), r.sku.into()),
                    ("pools".into(), pools.into()),
                    ("id".into(), r.id.to_string().into()),
                ]
                .into_iter()
                .collect();
                Dynamic::from_map(map)
            })
            .collect())
    });
    let a = around.clone();
    engine.register_fn("pools", move || -> Answer<Array> {
        a.listed()?;
        a.session.pool_rows("").into_iter().map(|r| handle(&a, r.id.as_str()).map(Dynamic::from)).collect()
    });
    let a = around.clone();
    engine.register_fn("pool", move |text: &str| handle(&a, text));
    let a = around.clone();
    engine.register_fn("members", move |pool: &mut Pool| -> Answer<Array> {
        let id = pool.0.id.clone();
        a.wait(async {
            a.session.health(&id).await;
            Ok(())
        })?;
        Ok(a.session.member_rows(&id).into_iter().map(|r| Dynamic::from(Member(Arc::new(r)))).collect())
    });
    let a = around.clone();
    engine.register_fn("candidates", move |pool: &mut Pool| -> Array {
        a.session.candidate_rows(&pool.0.id).into_iter().map(|r| Dynamic::from(Candidate(Arc::new(r)))).collect()
    });
    let a = around.clone();
    engine.register_fn("health", move |pool: &mut Pool| -> Answer<Map> {
        let id = pool.0.id.clone();
        a.wait(async {
            a.session.health(&id).await;
            Ok(())
        })?;
        let mut counts = [0i64; 3];
        for row in a.session.member_rows(&id) {
            let [up, down, unknown] = &mut counts;
            *match row.health.state {
                HealthState::Up => up,
                HealthState::Down => down,
                HealthState::Unknown => unknown,
            } += 1;
        }
        let [up, down, unknown] = counts;
        Ok([("up".into(), up.into()), ("down".into(), down.into()), ("unknown".into(), unknown.into())]
            .into_iter()
            .collect())
    });
    let a = around.clone();
    engine.register_fn("drift", move || -> Answer<Array> {
        a.listed()?;
        let rows = a.wait(a.session.drift())?;
        let map = |d: crate::changes::drift::Drift| -> Map {
            [
                ("name".into(), d.name.clone().into()),
                ("pool".into(), d.pool.short().into()),
                ("what".into(), d.words().into()),
                ("model".into(), d.model.into()),
                ("instance".into(), d.instance.map_or(Dynamic::UNIT, Into::into)),
                ("listed".into(), d.listed.map_or(Dynamic::UNIT, Into::into)),
            ]
            .into_iter()
            .collect()
        };
        Ok(rows.into_iter().map(|d| Dynamic::from_map(map(d))).collect())
    });
    let a = around.clone();
    engine.register_fn("refresh", move || -> Answer<()> { a.wait(a.session.refresh()) });
    let a = around.clone();
    engine.register_fn("sleep", move |text: &str| -> Answer<()> {
        let wait = time(text).map_err(|e| carry(SessionError::Asked(e)))?;
        a.wait(async {
            tokio::time::sleep(wait).await;
            Ok(())
        })
    });
    let a = around.clone();
    engine.register_fn("help", move || {
        for doc in super::docs::FUNCTIONS {
            a.host.print(&format!("{:<44}{}", doc.call, doc.what));
        }
    });
}

fn planning(engine: &mut Engine, around: &Surroundings) {
    // Each word comes with and without its options.
    macro_rules! word {
        ($name:literal, |$a:ident, $pool:ident, $($arg:ident : $ty:ty),+ ; $options:ident| $request:expr) => {
            let $a = around.clone();
            engine.register_fn($name, move |$pool: &mut Pool, $($arg: $ty),+| -> Answer<ScriptPlan> {
                let $options = $a.session.config().options();
                $a.plan($request)
            });
            let $a = around.clone();
            engine.register_fn($name, move |$pool: &mut Pool, $($arg: $ty),+, map: Map| -> Answer<ScriptPlan> {
                let $options = $a.options(&map)?;
                $a.plan($request)
            });
        };
    }
    word!("add", |a, pool, who: Dynamic; options| a.session.request_add(&pool.0, &names(&who)?, options));
    word!("remove", |a, pool, who: Dynamic; options| a.session.request_remove(&pool.0, &names(&who)?, options));
    word!("move_to", |a, pool, who: Dynamic, to: Pool; options| {
        a.session.request_move(&pool.0, &to.0, &names(&who)?, options)
    });
    word!("swap", |a, pool, from: Dynamic, to: Dynamic; options| {
        let (from, to) = (names(&from)?, names(&to)?);
        match (from.as_slice(), to.as_slice()) {
            ([from], [to]) => a.session.request_swap(&pool.0, Some(from), to, options),
            _ => Err(SessionError::Asked("swap takes one that leaves and one that joins".to_owned())),
        }
    });
    word!("swap_master", |a, pool, to: Dynamic; options| match names(&to)?.as_slice() {
        [to] => a.session.request_swap(&pool.0, None, to, options),
        _ => Err(SessionError::Asked("there is one new master".to_owned())),
    });
    word!("drain", |a, pool, who: Dynamic, wait: &str; options| {
        let who = names(&who)?;
        let wait = time(wait).map_err(SessionError::Asked);
        wait.and_then(|wait| a.session.request_drain(&pool.0, &who, wait, options))
    });
    word!("replace", |a, pool, who: Dynamic; options| {
        a.session.request_replace(&pool.0, &names(&who)?, Batch::Whole, options)
    });
    word!("replace", |a, pool, who: Dynamic, batch: &str; options| {
        let who = names(&who)?;
        let batch = batch.parse::<Batch>().map_err(SessionError::Asked);
        batch.and_then(|batch| a.session.request_replace(&pool.0, &who, batch, options))
    });
    let a = around.clone();
    engine.register_fn("evacuate", move |who: Dynamic| -> Answer<ScriptPlan> {
        a.listed()?;
        let options = a.session.config().options();
        a.plan(a.session.request_evacuate(&names(&who)?, None, options))
    });
    let a = around.clone();
    engine.register_fn("align", move |sets: Dynamic| -> Answer<ScriptPlan> {
        a.listed()?;
        let options = a.session.config().options();
        a.plan(a.session.request_align(&names(&sets)?, options))
    });
    word!("set_admin_state", |a, pool, who: Dynamic, state: &str; options| {
        let read = AdminState::read(Some(state));
        if read.word().eq_ignore_ascii_case(state) {
            a.session.request_admin_state(&pool.0, &names(&who)?, read, options)
        } else {
            Err(SessionError::Asked(format!("admin state is None, Up or Down, not '{state}'")))
        }
    });
}

fn applying(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("confirm", move |plan: ScriptPlan| a.confirm(&plan));
    let a = around.clone();
    engine.register_fn("apply", move |plan: ScriptPlan| a.apply(&plan));
}
