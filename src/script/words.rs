//! The words of scripts, registered with the engine: what they share.

mod lists;
mod output;
mod planning;
mod reading;
mod types;

use std::sync::Arc;
use std::time::Duration;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use super::error::{asked, carry, stopped};
use super::host::Host;
use super::library::Library;
use super::values::{Candidate, Member, Pool};
use crate::changes::{OnFailure, OnLimit, Options, SwapOrder};
use crate::session::ask::PoolHandle;
use crate::session::{Session, SessionError};
use tokio::time::Instant;

pub(super) type Answer<T> = Result<T, Box<EvalAltResult>>;

/// What the functions share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) session: Session,
    pub(super) host: Arc<dyn Host>,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) library: Arc<Library>,
    /// When a script has run long enough.
    pub(super) until: Arc<std::sync::Mutex<Instant>>,
}

impl Surroundings {
    /// How long is left.
    pub(super) fn left(&self) -> Duration {
        let _clock = self.runtime.enter();
        let until = *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        until.saturating_duration_since(Instant::now())
    }

    /// Waits for the network on the script's own thread, until the operator stops it or its time is over.
    fn wait<T>(&self, future: impl Future<Output = Result<T, SessionError>>) -> Answer<T> {
        let left = self.left();
        self.runtime.block_on(async {
            tokio::select! {
                result = future => result.map_err(carry),
                () = self.host.stop().wait() => Err(stopped("stopped by the operator")),
                () = tokio::time::sleep(left) => Err(stopped(TIME_OVER)),
            }
        })
    }

    fn listed(&self) -> Answer<()> {
        self.wait(self.session.ensure_listed())
    }

    fn options(&self, map: &Map) -> Answer<Options> {
        options(self.session.config().options(), map).map_err(asked)
    }

    /// The one pool of a text.
    fn pool(&self, text: &str) -> Answer<Pool> {
        self.listed()?;
        self.session.pool_row_of(text).map(|row| Pool(Arc::new(row))).map_err(|e| carry(e.into()))
    }
}

/// What a script is told that has run too long.
pub(super) const TIME_OVER: &str = "the script has run as long as it may (--time-limit)";

impl Pool {
    /// As requests take it.
    fn handle(&self) -> PoolHandle {
        PoolHandle { id: self.0.id.clone(), selector: self.0.selector.clone(), kind: self.0.kind }
    }
}

/// The names of the options that a plan takes.
pub(super) const OPTIONS: [&str; 8] =
    ["wait_healthy", "healthy_rules", "ask", "on_limit", "on_failure", "order", "override", "pause"];

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
            "override" => options.overrides.extend(names(value).map_err(|e| e.to_string())?),
            other => return Err(format!("there is no option '{other}': use {}", OPTIONS.join(", "))),
        }
    }
    Ok(options)
}

/// `"90s"`, `"2m"`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|e| format!("'{text}' is not a time such as \"90s\" or \"2m\": {e}"))
}

fn duration(text: &str) -> Answer<Duration> {
    time(text).map_err(asked)
}

/// One name, one object with a name, or an array of them.
fn names(value: &Dynamic) -> Answer<Vec<String>> {
    use crate::estate::members::MemberKind;
    let one = |v: &Dynamic| -> Answer<String> {
        if let Some(member) = v.read_lock::<Member>() {
            // An entry of an IP pool is known by its name.
            let named = matches!(member.0.kind, MemberKind::Address);
            return Ok(if named { member.0.name.clone() } else { member.0.id.to_string() });
        }
        if let Some(candidate) = v.read_lock::<Candidate>() {
            return Ok(candidate.0.id.to_string());
        }
        v.clone()
            .into_string()
            .map_err(|kind| asked(format!("a name, a member or a candidate was expected, not {kind}")))
    };
    match value.read_lock::<Array>() {
        Some(list) => list.iter().map(one).collect(),
        None => Ok(vec![one(value)?]),
    }
}

/// A text that may be absent.
fn maybe(text: Option<&str>) -> Dynamic {
    text.map_or(Dynamic::UNIT, |t| t.to_owned().into())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A map from names and values.
fn map<const N: usize>(fields: [(&str, Dynamic); N]) -> Map {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn array<T: rhai::Variant + Clone>(items: impl IntoIterator<Item = T>) -> Array {
    items.into_iter().map(Dynamic::from).collect()
}

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    types::register(engine, around);
    reading::register(engine, around);
    planning::register(engine, around);
    output::register(engine, around);
    lists::register(engine);
}
