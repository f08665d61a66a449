//! The objects' properties.

use rhai::{Array, Dynamic, Engine, Map};

use super::{Answer, Surroundings, array, count, map, maybe};
use crate::changes::{GuardCode, Severity, describe};
use crate::health::HealthState;
use crate::script::error::Caught;
use crate::script::values::{Candidate, Health, LoadBalancer, Member, Pool, ScriptOutcome, ScriptPlan, Subscription};

/// Registers a type with its text.
fn typed<T: rhai::Variant + Clone + std::fmt::Display>(engine: &mut Engine, name: &str) {
    engine
        .register_type_with_name::<T>(name)
        .register_fn("to_string", |value: &mut T| value.to_string())
        .register_fn("to_debug", |value: &mut T| value.to_string());
}

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    typed::<Subscription>(engine, "Subscription");
    engine
        .register_get("name", |s: &mut Subscription| s.0.subscription.clone())
        .register_get("id", |s: &mut Subscription| s.0.id.clone())
        .register_get("problem", |s: &mut Subscription| maybe(s.0.problem.as_deref()));
    typed::<LoadBalancer>(engine, "LoadBalancer");
    engine
        .register_get("name", |l: &mut LoadBalancer| l.0.name.clone())
        .register_get("subscription", |l: &mut LoadBalancer| l.0.subscription.clone())
        .register_get("resource_group", |l: &mut LoadBalancer| l.0.resource_group.clone())
        .register_get("location", |l: &mut LoadBalancer| l.0.location.clone())
        .register_get("sku", |l: &mut LoadBalancer| l.0.sku.clone())
        .register_get("tier", |l: &mut LoadBalancer| l.0.tier.clone())
        .register_get("managed_by", |l: &mut LoadBalancer| maybe(l.0.managed_by))
        .register_get("id", |l: &mut LoadBalancer| l.0.id.to_string());
    let a = around.clone();
    engine.register_get("rules", move |l: &mut LoadBalancer| -> Array {
        let rules = a.session.rule_rows(&l.0.id);
        array(rules.into_iter().map(|r| {
            map([
                ("name", r.name.into()),
                ("what", r.words.into()),
                ("probe", maybe(r.probe.as_deref())),
                ("floating_ip", r.floating_ip.into()),
                ("pools", array(r.pools).into()),
            ])
        }))
    });
    typed::<Pool>(engine, "Pool");
    engine
        .register_get("name", |p: &mut Pool| p.0.name.clone())
        .register_get("selector", |p: &mut Pool| p.0.selector.clone())
        .register_get("load_balancer", |p: &mut Pool| p.0.load_balancer.clone())
        .register_get("subscription", |p: &mut Pool| p.0.subscription.clone())
        .register_get("resource_group", |p: &mut Pool| p.0.resource_group.clone())
        .register_get("kind", |p: &mut Pool| p.0.kind.to_string())
        .register_get("size", |p: &mut Pool| count(p.0.members))
        .register_get("exclusive", |p: &mut Pool| p.0.exclusive)
        .register_get("rules", |p: &mut Pool| array(p.0.rules.clone()))
        .register_get("id", |p: &mut Pool| p.0.id.to_string());
    typed::<Member>(engine, "Member");
    engine
        .register_get("name", |m: &mut Member| m.0.name.clone())
        .register_get("id", |m: &mut Member| m.0.id.to_string())
        .register_get("pool", |m: &mut Member| format!("{}/{}", m.0.load_balancer, m.0.pool))
        .register_get("kind", |m: &mut Member| m.0.kind.word())
        .register_get("ip", |m: &mut Member| maybe(m.0.ip.as_deref()))
        .register_get("zone", |m: &mut Member| maybe(m.0.zone.as_deref()))
        .register_get("power_state", |m: &mut Member| maybe(m.0.power_state.as_deref()))
        .register_get("admin_state", |m: &mut Member| m.0.admin_state.to_owned())
        .register_get("latest_model", |m: &mut Member| m.0.latest_model.map_or(Dynamic::UNIT, Into::into))
        .register_get("health", |m: &mut Member| m.0.health.state.word().to_owned())
        .register_get("reason", |m: &mut Member| m.0.health.reason.clone())
        .register_get("ghost", |m: &mut Member| m.0.ghost.is_some());
    typed::<Candidate>(engine, "Candidate");
    engine
        .register_get("name", |c: &mut Candidate| c.0.name.clone())
        .register_get("id", |c: &mut Candidate| c.0.id.to_string())
        .register_get("kind", |c: &mut Candidate| c.0.kind.word())
        .register_get("ip", |c: &mut Candidate| maybe(c.0.ip.as_deref()))
        .register_get("zone", |c: &mut Candidate| maybe(c.0.zone.as_deref()))
        .register_get("power_state", |c: &mut Candidate| maybe(c.0.power_state.as_deref()))
        .register_get("in_pools", |c: &mut Candidate| array(c.0.in_pools.clone()));
    typed::<Health>(engine, "Health");
    engine
        .register_get("pool", |h: &mut Health| h.pool.clone())
        .register_get("up", |h: &mut Health| h.count(HealthState::Up))
        .register_get("down", |h: &mut Health| h.count(HealthState::Down))
        .register_get("unknown", |h: &mut Health| h.count(HealthState::Unknown))
        .register_get("size", |h: &mut Health| count(h.members.len()))
        .register_get("healthy", |h: &mut Health| h.is_well())
        .register_get("members", |h: &mut Health| {
            array(h.members.iter().map(|m| Member(std::sync::Arc::new(m.clone()))))
        });
    typed::<ScriptPlan>(engine, "Plan");
    engine
        .register_get("id", |p: &mut ScriptPlan| p.plan.id.to_string())
        .register_get("title", |p: &mut ScriptPlan| p.plan.title.clone())
        .register_get("steps", |p: &mut ScriptPlan| -> Array {
            array(p.plan.steps.iter().map(|s| {
                map([
                    ("id", i64::from(s.id).into()),
                    ("what", describe::step_title(&p.plan, s).into()),
                    ("writes", s.write().is_some().into()),
                    ("needs", array(s.needs.iter().map(|n| i64::from(*n))).into()),
                ])
            }))
        })
        .register_get("guards", |p: &mut ScriptPlan| -> Array { array(p.plan.findings.iter().map(guard)) })
        .register_get("warnings", |p: &mut ScriptPlan| -> Array {
            let warnings = p.plan.findings.iter().filter(|f| f.severity == Severity::Warn);
            array(warnings.map(ToString::to_string))
        })
        .register_get("pools", |p: &mut ScriptPlan| array(p.plan.pools().iter().map(|id| id.short())))
        .register_get("estimate", |p: &mut ScriptPlan| describe::short_time(p.plan.estimate()));
    let a = around.clone();
    engine.register_get("diff", move |p: &mut ScriptPlan| -> Answer<String> {
        let diffs = a.wait(async { Ok(a.session.diffs(&p.plan).await) })?;
        let lines: Vec<String> =
            describe::diffs(&p.plan, Some(&diffs)).into_iter().skip(1).map(|line| line.text).collect();
        Ok(lines.join("\n"))
    });
    typed::<ScriptOutcome>(engine, "Outcome");
    engine
        .register_get("id", |o: &mut ScriptOutcome| o.plan.id.to_string())
        .register_get("title", |o: &mut ScriptOutcome| o.plan.title.clone())
        .register_get("state", |o: &mut ScriptOutcome| o.state())
        .register_get("done", |o: &mut ScriptOutcome| {
            o.applied.as_ref().is_some_and(|a| a.outcome == crate::changes::Outcome::Done)
        })
        .register_get("steps", |o: &mut ScriptOutcome| -> Array {
            let steps = o.applied.as_ref().map(|a| a.run.steps.as_slice()).unwrap_or_default();
            array(steps.iter().zip(&o.plan.steps).map(|(progress, step)| {
                map([
                    ("id", i64::from(step.id).into()),
                    ("what", describe::step_title(&o.plan, step).into()),
                    ("state", progress.state.word().to_owned().into()),
                    ("attempts", i64::from(progress.attempts).into()),
                    ("took", progress.took.map_or(Dynamic::UNIT, |t| describe::short_time(t).into())),
                    ("resource", step.write().map_or(Dynamic::UNIT, |w| w.target.to_string().into())),
                    ("error", progress.state.problem().map_or(Dynamic::UNIT, |p| p.to_owned().into())),
                ])
            }))
        });
    typed::<Caught>(engine, "Error");
    engine
        .register_get("message", |e: &mut Caught| e.message().to_owned())
        .register_get("code", |e: &mut Caught| e.code().to_owned())
        .register_get("resource", |e: &mut Caught| e.resource().to_owned())
        .register_get("correlation_id", |e: &mut Caught| e.correlation_id().to_owned())
        .register_get("outcome", |e: &mut Caught| e.outcome().map_or(Dynamic::UNIT, |o| Dynamic::from(o.clone())));
}

fn guard(finding: &crate::changes::Finding) -> Map {
    let word = |code: GuardCode| code.name();
    let severity = match finding.severity {
        Severity::Refuse => "refuse",
        Severity::Warn => "warn",
        Severity::Note => "note",
    };
    map([
        ("code", word(finding.code).into()),
        ("severity", severity.to_owned().into()),
        ("resource", finding.resource.to_string().into()),
        ("message", finding.message.clone().into()),
        ("remedy", finding.remedy.clone().into()),
    ])
}
