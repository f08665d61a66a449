//! Words that plan and apply.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, Map};

use super::{Answer, Surroundings, array, duration, names};
use crate::azure::backend_pool::AdminState;
use crate::changes::plan::Part;
use crate::changes::step::Gate;
use crate::changes::{Batch, Outcome, Request};
use crate::script::error::{asked, carry, ended, stopped};
use crate::script::values::{Pool, ScriptOutcome, ScriptPlan};
use crate::session::SessionError;

impl Surroundings {
    fn plan(&self, request: Result<Request, SessionError>) -> Answer<ScriptPlan> {
        let request = request.map_err(carry)?;
        let plan = self.wait(self.session.plan(&request))?;
        Ok(ScriptPlan::new(plan, vec![Part::Changes(request)]))
    }

    fn composed(&self, title: &str, parts: Vec<Part>) -> Answer<ScriptPlan> {
        let plan = self.wait(self.session.plan_sequence(title, &parts))?;
        Ok(ScriptPlan::new(plan, parts))
    }

    /// All changes at once. Waits between the parts of one have no place in this.
    fn together(&self, plans: &Array) -> Answer<ScriptPlan> {
        let mut all: Option<Request> = None;
        for item in plans {
            let Some(plan) = item.clone().try_cast::<ScriptPlan>() else {
                return Err(asked(format!("plan takes an array of plans, not of {}", item.type_name())));
            };
            for part in plan.parts.iter() {
                let Part::Changes(request) = part else {
                    return Err(asked("a plan with waits of its own is not made together with others: use a.then(b)"));
                };
                let request = request.clone();
                all = Some(match all {
                    None => request,
                    Some(all) => all.and(request),
                });
            }
        }
        self.plan(all.ok_or_else(|| SessionError::Asked("plan takes at least one plan".to_owned())))
    }

    fn after(&self, first: &ScriptPlan, gate: Gate) -> Answer<ScriptPlan> {
        let mut parts = parts_of(first)?;
        parts.push(Part::Gate(gate));
        self.composed(&first.plan.title, parts)
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

    fn apply(&self, plan: &ScriptPlan) -> Answer<ScriptOutcome> {
        self.confirm(plan)?;
        let applied = self.host.apply(&plan.plan).map_err(carry)?;
        match applied {
            Some(applied) if applied.outcome != Outcome::Done => Err(ended(&plan.plan, applied)),
            applied => Ok(ScriptOutcome { plan: Arc::clone(&plan.plan), applied: applied.map(Arc::new) }),
        }
    }

    fn undo(&self, id: &str) -> Answer<ScriptPlan> {
        let record = self.session.journal().find(id).map_err(|e| carry(e.into()))?;
        let plan = self.wait(self.session.undo_plan(&record))?;
        Ok(ScriptPlan::new(plan, Vec::new()))
    }
}

fn parts_of(plan: &ScriptPlan) -> Answer<Vec<Part>> {
    if plan.parts.is_empty() {
        return Err(asked("an undo stands alone: it is not composed with other plans"));
    }
    Ok(plan.parts.to_vec())
}

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    // Each word comes with and without its options.
    macro_rules! word {
        ($name:literal, |$a:ident, $pool:ident, $($arg:ident : $ty:ty),+ ; $options:ident| $request:expr) => {
            let $a = around.clone();
            engine.register_fn($name, move |$pool: &mut Pool, $($arg: $ty),+| -> Answer<ScriptPlan> {
                let $options = $a.session.config().options();
                let $pool = $pool.handle();
                $a.plan($request)
            });
            let $a = around.clone();
            engine.register_fn($name, move |$pool: &mut Pool, $($arg: $ty),+, map: Map| -> Answer<ScriptPlan> {
                let $options = $a.options(&map)?;
                let $pool = $pool.handle();
                $a.plan($request)
            });
        };
    }
    word!("add", |a, pool, who: Dynamic; options| a.session.request_add(&pool, &names(&who)?, options));
    word!("remove", |a, pool, who: Dynamic; options| a.session.request_remove(&pool, &names(&who)?, options));
    word!("move_to", |a, pool, who: Dynamic, to: Pool; options| {
        a.session.request_move(&pool, &to.handle(), &names(&who)?, options)
    });
    word!("swap", |a, pool, from: Dynamic, to: Dynamic; options| {
        let (from, to) = (names(&from)?, names(&to)?);
        match (from.as_slice(), to.as_slice()) {
            ([from], [to]) => a.session.request_swap(&pool, Some(from), to, options),
            _ => Err(SessionError::Asked("swap takes one that leaves and one that joins".to_owned())),
        }
    });
    word!("swap_master", |a, pool, to: Dynamic; options| match names(&to)?.as_slice() {
        [to] => a.session.request_swap(&pool, None, to, options),
        _ => Err(SessionError::Asked("there is one new master".to_owned())),
    });
    word!("drain", |a, pool, who: Dynamic, wait: &str; options| {
        let who = names(&who)?;
        a.session.request_drain(&pool, &who, duration(wait)?, options)
    });
    word!("replace", |a, pool, who: Dynamic; options| {
        a.session.request_replace(&pool, &names(&who)?, Batch::Whole, options)
    });
    word!("replace", |a, pool, who: Dynamic, batch: &str; options| {
        let who = names(&who)?;
        let batch = batch.parse::<Batch>().map_err(SessionError::Asked);
        batch.and_then(|batch| a.session.request_replace(&pool, &who, batch, options))
    });
    word!("set_admin_state", |a, pool, who: Dynamic, state: &str; options| {
        let read = AdminState::read(Some(state));
        if read.word().eq_ignore_ascii_case(state) {
            a.session.request_admin_state(&pool, &names(&who)?, read, options)
        } else {
            Err(SessionError::Asked(format!("admin state is None, Up or Down, not '{state}'")))
        }
    });
    let evacuate = |a: &Surroundings, who: &Dynamic, map: &Map| -> Answer<ScriptPlan> {
        a.listed()?;
        a.plan(a.session.request_evacuate(&names(who)?, None, a.options(map)?))
    };
    let a = around.clone();
    engine.register_fn("evacuate", move |who: Dynamic| evacuate(&a, &who, &Map::new()));
    let a = around.clone();
    engine.register_fn("evacuate", move |who: Dynamic, map: Map| evacuate(&a, &who, &map));
    let align = |a: &Surroundings, sets: &Dynamic, map: &Map| -> Answer<ScriptPlan> {
        a.listed()?;
        a.plan(a.session.request_align(&names(sets)?, a.options(map)?))
    };
    let a = around.clone();
    engine.register_fn("align", move |sets: Dynamic| align(&a, &sets, &Map::new()));
    let a = around.clone();
    engine.register_fn("align", move |sets: Dynamic, map: Map| align(&a, &sets, &map));
    composing(engine, around);
    applying(engine, around);
}

fn composing(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("plan", move |plans: Array| a.together(&plans));
    let a = around.clone();
    engine.register_fn("then", move |first: &mut ScriptPlan, second: ScriptPlan| -> Answer<ScriptPlan> {
        let mut parts = parts_of(first)?;
        parts.extend(parts_of(&second)?);
        a.composed(&format!("{}, then {}", first.plan.title, second.plan.title), parts)
    });
    let a = around.clone();
    engine.register_fn("pause", move |first: &mut ScriptPlan, time: &str| {
        a.after(first, Gate::Pause { wait: duration(time)? })
    });
    let a = around.clone();
    engine.register_fn("ask", move |first: &mut ScriptPlan, question: &str, limit: &str| {
        a.after(first, Gate::Ask { question: question.to_owned(), limit: duration(limit)? })
    });
    let a = around.clone();
    engine.register_fn("undo", move |plan: &mut ScriptPlan| a.undo(plan.plan.id.as_str()));
    let a = around.clone();
    engine.register_fn("undo", move |outcome: &mut ScriptOutcome| a.undo(outcome.plan.id.as_str()));
    let a = around.clone();
    engine.register_fn("undo", move |id: &str| a.undo(id));
}

fn applying(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("confirm", move |plan: ScriptPlan| a.confirm(&plan));
    let a = around.clone();
    engine.register_fn("apply", move |plan: ScriptPlan| a.apply(&plan));
    let a = around.clone();
    engine.register_fn("is_dry_run", move || a.host.dry_run());
    let a = around.clone();
    engine.register_fn("journal", move || -> Answer<Array> {
        let (records, _) = a.session.journal().list().map_err(|e| carry(e.into()))?;
        Ok(array(records.iter().map(|r| {
            super::map([
                ("id", r.plan.id.to_string().into()),
                ("title", r.plan.title.clone().into()),
                ("state", r.state().word().to_owned().into()),
                ("at", r.plan.made_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()),
            ])
        })))
    });
}
