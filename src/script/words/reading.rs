//! Words that read: the estate, health, metrics, drift, time.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, FnPtr, Map, NativeCallContext};

use super::{Answer, Surroundings, array, duration, map};
use crate::script::error::{asked, carry};
use crate::script::values::{Candidate, Health, LoadBalancer, Member, Pool, Subscription};

impl Surroundings {
    /// Asks for a pool's health now.
    fn health(&self, pool: &Pool) -> Answer<Health> {
        self.wait(async {
            self.session.health(&pool.0.id).await;
            Ok(())
        })?;
        let members = Arc::new(self.session.member_rows(&pool.0.id));
        Ok(Health { pool: pool.0.selector.clone(), members })
    }

    /// No faster than the pool's probes.
    fn interval(&self, pool: &Pool) -> std::time::Duration {
        let probes = self.session.estate(|e| {
            let (lb, pool) = e.pool(&pool.0.id)?;
            lb.rules_of(&pool.id).filter_map(|r| r.probe.as_ref()).map(|p| p.interval_s).min()
        });
        std::time::Duration::from_secs(probes.unwrap_or(5).max(1)).mul_f64(self.session.config().pace())
    }

    fn sleep(&self, time: std::time::Duration) -> Answer<()> {
        self.wait(async {
            tokio::time::sleep(time).await;
            Ok(())
        })
    }

    /// Asks again and again until `enough` or the time is over; the last answer.
    fn watch(&self, pool: &Pool, time: &str, mut enough: impl FnMut(&Health) -> Answer<bool>) -> Answer<Health> {
        let time = duration(time)?.mul_f64(self.session.config().pace());
        let _clock = self.runtime.enter();
        let until = tokio::time::Instant::now() + time;
        loop {
            let health = self.health(pool)?;
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if enough(&health)? || left.is_zero() {
                return Ok(health);
            }
            self.sleep(self.interval(pool).min(left))?;
        }
    }
}

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("subscriptions", move || -> Answer<Array> {
        a.listed()?;
        Ok(array(a.session.subscription_rows().into_iter().map(|r| Subscription(Arc::new(r)))))
    });
    let balancers = |a: &Surroundings, only: &str| -> Answer<Array> {
        a.listed()?;
        Ok(array(a.session.load_balancer_rows(only).into_iter().map(|r| LoadBalancer(Arc::new(r)))))
    };
    let a = around.clone();
    engine.register_fn("load_balancers", move || balancers(&a, ""));
    let a = around.clone();
    engine.register_fn("load_balancer", move |text: &str| -> Answer<LoadBalancer> {
        a.listed()?;
        let mut found = a.session.load_balancer_rows(text);
        match (found.pop().filter(|_| !text.is_empty()), found.len()) {
            (Some(one), 0) => Ok(LoadBalancer(Arc::new(one))),
            (None, _) => Err(asked(format!("there is no load balancer '{text}'"))),
            (Some(last), _) => {
                let ids: Vec<String> = found.iter().chain([&last]).map(|l| format!("\n  {}", l.id)).collect();
                Err(asked(format!("load balancer '{text}' is ambiguous; it may be:{}", ids.concat())))
            }
        }
    });
    let a = around.clone();
    engine.register_fn("pools", move || -> Answer<Array> {
        a.listed()?;
        Ok(array(a.session.pool_rows("").into_iter().map(|r| Pool(Arc::new(r)))))
    });
    let a = around.clone();
    engine.register_fn("pools", move |pattern: &str| -> Answer<Array> {
        a.listed()?;
        let found = a.session.pool_rows_like(pattern).map_err(|e| carry(e.into()))?;
        Ok(array(found.into_iter().map(|r| Pool(Arc::new(r)))))
    });
    let a = around.clone();
    engine.register_fn("pools", move |lb: &mut LoadBalancer| -> Array {
        array(a.session.pool_rows(lb.0.id.as_str()).into_iter().map(|r| Pool(Arc::new(r))))
    });
    let a = around.clone();
    engine.register_fn("pool", move |text: &str| a.pool(text));
    let a = around.clone();
    engine.register_fn("members", move |pool: &mut Pool| -> Answer<Array> {
        let health = a.health(pool)?;
        Ok(array(health.members.iter().map(|m| Member(Arc::new(m.clone())))))
    });
    let a = around.clone();
    engine.register_fn("membership", move |pool: &mut Pool| -> Array {
        array(a.session.member_rows(&pool.0.id).into_iter().map(|m| Member(Arc::new(m))))
    });
    let a = around.clone();
    engine.register_fn("candidates", move |pool: &mut Pool| -> Array {
        array(a.session.candidate_rows(&pool.0.id).into_iter().map(|r| Candidate(Arc::new(r))))
    });
    let a = around.clone();
    engine.register_fn("health", move |pool: &mut Pool| a.health(pool));
    let a = around.clone();
    engine.register_fn("wait_healthy", move |pool: &mut Pool, time: &str| -> Answer<bool> {
        Ok(a.watch(pool, time, |h| Ok(h.is_well()))?.is_well())
    });
    let a = around.clone();
    engine.register_fn(
        "watch",
        move |context: NativeCallContext, pool: &mut Pool, time: &str, each: FnPtr| -> Answer<Health> {
            a.watch(pool, time, |health| {
                let answer: Dynamic = each.call_within_context(&context, (health.clone(),))?;
                // Only a plain no ends it early.
                Ok(answer.as_bool() == Ok(false))
            })
        },
    );
    let a = around.clone();
    engine.register_fn("metrics", move |lb: &mut LoadBalancer, time: &str| -> Answer<Array> {
        let minutes = i64::try_from(duration(time)?.as_secs().div_ceil(60)).unwrap_or(i64::MAX);
        let read = crate::health::metrics::read(a.session.reader(), &lb.0.id, minutes.clamp(1, 1440));
        let series = a.wait(async { Ok(read.await?) })?;
        Ok(array(series.into_iter().map(|s| -> Map {
            let points: Array = s.points.iter().map(|p| p.map_or(Dynamic::UNIT, Into::into)).collect();
            map([
                ("name", s.name.to_owned().into()),
                ("unit", s.unit.to_owned().into()),
                ("newest", s.newest().map_or(Dynamic::UNIT, Into::into)),
                ("points", points.into()),
            ])
        })))
    });
    let a = around.clone();
    engine.register_fn("drift", move || -> Answer<Array> {
        a.listed()?;
        let rows = a.wait(a.session.drift())?;
        Ok(array(rows.into_iter().map(|d| -> Map {
            map([
                ("name", d.name.clone().into()),
                ("pool", d.pool.short().into()),
                ("what", d.words().to_owned().into()),
                ("model", d.model.into()),
                ("instance", d.instance.map_or(Dynamic::UNIT, Into::into)),
                ("listed", d.listed.map_or(Dynamic::UNIT, Into::into)),
            ])
        })))
    });
    let a = around.clone();
    engine.register_fn("refresh", move || -> Answer<()> { a.wait(a.session.refresh()) });
    let a = around.clone();
    engine.register_fn("sleep", move |text: &str| -> Answer<()> {
        a.sleep(duration(text)?.mul_f64(a.session.config().pace()))
    });
    // The language has a sleep of its own, in seconds, which nobody could stop.
    let a = around.clone();
    engine.register_fn("sleep", move |seconds: i64| -> Answer<()> {
        let time = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        a.sleep(time.mul_f64(a.session.config().pace()))
    });
    let a = around.clone();
    engine.register_fn("sleep", move |seconds: f64| -> Answer<()> {
        let time = std::time::Duration::try_from_secs_f64(seconds).map_err(|e| asked(e.to_string()))?;
        a.sleep(time.mul_f64(a.session.config().pace()))
    });
    engine.register_fn("now", || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
}
