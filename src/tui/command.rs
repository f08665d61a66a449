//! What the screen wants done. Each runs as a task and comes back as events.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::console_host::ConsoleThread;
use super::event::{Event, Launch};
use super::history;
use super::snapshot::{self, Job};
use crate::arm::ResourceId;
use crate::azure::backend_pool::PoolKind;
use crate::changes::{Outcome, Plan, PlanId, Request, Run};
use crate::script::library::Library;
use crate::script::{complete, record};
use crate::session::ask::PoolHandle;
use crate::session::{Report, Session, SessionError};

/// A wish.
#[derive(Debug)]
pub enum Command {
    /// List the estate afresh.
    List,
    /// Read a pool from the estate, and its health from Azure.
    LoadPool(ResourceId),
    /// Ask for a pool's health.
    AskHealth(ResourceId),
    /// Plan what was asked for: on each pool one thing, as one plan.
    Plan(Vec<(ResourceId, Ask)>),
    /// Apply a plan.
    Apply(Box<Plan>),
    /// Answer what a running plan asks.
    Answer {
        /// The plan.
        plan: PlanId,
        /// Its step.
        step: u32,
        /// Whether it goes on.
        go_on: bool,
    },
    /// Stop the running plan between two steps.
    StopRun,
    /// Read the journal.
    ReadJobs,
    /// Read a plan that is to be gone on with.
    PlanResume(String),
    /// Go on with a plan.
    Resume(String),
    /// Plan the undo of a plan.
    PlanUndo(String),
    /// Evaluate an entry of the console.
    Evaluate(String),
    /// Stop what the console evaluates.
    StopScript,
    /// Read what a plan does to each document.
    ReadDiffs(Box<Plan>),
    /// Note a line of script that was done on the screen.
    Note(String),
    /// Find the saved scripts.
    FindScripts,
    /// Find what could complete an entry.
    Complete(String, Vec<String>),
    /// Read the document of a resource.
    ReadDocument(ResourceId),
    /// Show a load balancer's health as it is known.
    ShowHealth(ResourceId),
    /// Ask for a load balancer's health, and where wanted for its metrics.
    ReadHealth {
        /// The load balancer.
        id: ResourceId,
        /// Whether the metrics are asked for too: they change once a minute.
        metrics: bool,
    },
    /// Find what the palette can go to.
    FindPlaces,
    /// Copy to the clipboard: what it is, and the text.
    Copy(String, String),
    /// Use another theme.
    Theme {
        /// Its name.
        name: String,
        /// Whether it is taken up at the next start too.
        keep: bool,
    },
    /// Write the screen to files.
    Dump,
    /// Stop the process as Ctrl-Z does.
    Suspend,
}

/// What is asked for on a pool, by the names or ids of members.
#[derive(Debug)]
pub enum Ask {
    /// These join.
    Add(Vec<String>),
    /// These leave.
    TakeOut(Vec<String>),
    /// The first leaves (the only one, where it is not named), the second joins.
    Swap(Option<String>, String),
    /// These go to another pool.
    Move(Vec<String>, ResourceId),
}

/// The pools whose health is being asked for.
type Asking = Arc<std::sync::Mutex<std::collections::HashSet<ResourceId>>>;

/// How many pools are asked for their health at once.
const POOLS_AT_ONCE: usize = 4;

/// How many pools are asked for their health after a listing.
const MOST_COUNTED: usize = 200;

/// Carries wishes out.
pub(super) struct Tasks {
    session: Session,
    events: mpsc::Sender<Event>,
    console: ConsoleThread,
    running: Option<CancellationToken>,
    asking: Asking,
}

impl Tasks {
    pub(super) fn new(session: Session, events: mpsc::Sender<Event>) -> Self {
        let console = ConsoleThread::start(session.clone(), events.clone());
        let (reader, sender) = (session.clone(), events.clone());
        tokio::task::spawn_blocking(move || {
            let _ = sender.blocking_send(Event::History(history::read(&reader)));
        });
        Self { session, events, console, running: None, asking: Arc::default() }
    }

    /// Starts a wish. Returns at once.
    pub(super) fn start(&mut self, command: Command) {
        let session = self.session.clone();
        let events = self.events.clone();
        match command {
            Command::List => {
                tokio::spawn(async move {
                    let problem = session.refresh().await.err().map(|e| e.to_string());
                    send(&events, Event::Listed(problem)).await;
                    // The tree's counts want every pool's health once; the pool on the screen is
                    // asked again and again.
                    let pools: Vec<ResourceId> = session.estate(|e| {
                        let all = e.load_balancers().flat_map(|lb| &lb.pools);
                        all.filter(|p| !p.entries.is_empty()).map(|p| p.id.clone()).take(MOST_COUNTED).collect()
                    });
                    let session = &session;
                    let asked: Vec<BoxFuture<'_, ()>> =
                        pools.iter().map(|p| async move { drop(session.health(p).await) }.boxed()).collect();
                    stream::iter(asked).buffer_unordered(POOLS_AT_ONCE).collect::<()>().await;
                });
            }
            Command::LoadPool(id) => {
                tokio::spawn(async move {
                    // Candidates of a large network take a moment; the loop must not wait.
                    if let Some(view) = snapshot::pool(&session, &id) {
                        send(&events, Event::Pool(Arc::new(view))).await;
                    }
                });
            }
            Command::Answer { plan, step, go_on } => session.answer(&plan, step, go_on),
            Command::AskHealth(id) => {
                tokio::spawn(ask(&session, &events, &self.asking, id));
            }
            Command::Plan(asks) => {
                tokio::spawn(async move {
                    let request = match together(&session, asks) {
                        Ok(request) => request,
                        Err(error) => {
                            send(&events, Event::Ended(Err(error.to_string()))).await;
                            return;
                        }
                    };
                    let script = record::line(&session, &request);
                    let result = session.plan(&request).await.map(Box::new).map_err(|e| e.to_string());
                    send(&events, Event::Planned { script, result }).await;
                });
            }
            Command::Apply(plan) => {
                let cancel = CancellationToken::new();
                self.running = Some(cancel.clone());
                tokio::spawn(async move {
                    let plan = Arc::new(*plan);
                    let progress = watch::Sender::new(Run::new(&plan));
                    let run = session.apply((*plan).clone(), &progress, &cancel).boxed();
                    let report = told(&events, &plan, &progress, run).await;
                    send(&events, Event::Ended(verdict(report))).await;
                });
            }
            Command::Resume(id) => {
                let cancel = CancellationToken::new();
                self.running = Some(cancel.clone());
                tokio::spawn(async move {
                    let result = async {
                        let record = session.journal().find(&id)?;
                        let plan = Arc::new(record.plan.clone());
                        let progress = watch::Sender::new(Run::new(&plan));
                        told(&events, &plan, &progress, session.resume(&record, &progress, &cancel).boxed()).await
                    };
                    let report = result.await;
                    send(&events, Event::Ended(verdict(report))).await;
                });
            }
            Command::StopRun => {
                if let Some(cancel) = &self.running {
                    cancel.cancel();
                }
            }
            Command::PlanResume(id) => {
                tokio::task::spawn_blocking(move || {
                    let plan = session.journal().find(&id).map(|r| Box::new(r.plan)).map_err(|e| e.to_string());
                    let _ = events.blocking_send(Event::ResumePlanned(plan));
                });
            }
            Command::PlanUndo(id) => {
                tokio::spawn(async move {
                    let result = async {
                        let record = session.journal().find(&id)?;
                        session.undo_plan(&record).await
                    };
                    let result: Result<Plan, SessionError> = result.await;
                    send(&events, Event::UndoPlanned(result.map(Box::new).map_err(|e| e.to_string()))).await;
                });
            }
            Command::ReadJobs => {
                tokio::task::spawn_blocking(move || {
                    let jobs = session
                        .journal()
                        .list()
                        .map(|(records, _)| records.iter().take(500).map(Job::of).collect())
                        .map_err(|e| e.to_string());
                    let _ = events.blocking_send(Event::Jobs(jobs));
                });
            }
            Command::Evaluate(text) => {
                let entry = text.clone();
                tokio::task::spawn_blocking(move || history::add(&session, &entry));
                self.console.evaluate(text);
            }
            Command::Note(line) => self.console.note(line),
            Command::StopScript => self.console.stop(),
            Command::Complete(text, variables) => {
                tokio::task::spawn_blocking(move || {
                    let (start, mut words) = complete::complete(&session, &variables, &text);
                    words.truncate(200);
                    let _ = events.blocking_send(Event::Completions { start, words });
                });
            }
            Command::FindScripts => {
                tokio::task::spawn_blocking(move || {
                    let _ = events.blocking_send(Event::Scripts(launches(&session), Box::new(session.names())));
                });
            }
            Command::ReadDiffs(plan) => {
                tokio::spawn(async move { send(&events, Event::Diffs(session.diffs(&plan).await)).await });
            }
            Command::ReadDocument(id) => {
                tokio::spawn(async move {
                    let result = session.document(&id).await;
                    let result = result.map(|d| Box::new(d.body().clone())).map_err(|e| e.to_string());
                    send(&events, Event::Document { id, result }).await;
                });
            }
            Command::ShowHealth(id) => {
                tokio::spawn(async move {
                    if let Some(view) = snapshot::health(&session, &id) {
                        send(&events, Event::Health(Box::new(view))).await;
                    }
                });
            }
            Command::ReadHealth { id, metrics } => {
                let pools: Vec<ResourceId> = session
                    .estate(|e| e.load_balancer(&id).map(|lb| lb.pools.iter().map(|p| p.id.clone()).collect()))
                    .unwrap_or_default();
                // Each answer changes the estate's generation, which shows the health anew.
                let asked = pools.into_iter().map(|pool| ask(&session, &events, &self.asking, pool).boxed());
                let asked: Vec<BoxFuture<'static, ()>> = asked.collect();
                tokio::spawn(stream::iter(asked).buffer_unordered(POOLS_AT_ONCE).collect::<()>());
                if metrics {
                    tokio::spawn(async move {
                        let read = crate::health::metrics::read(session.reader(), &id, 60).await;
                        send(&events, Event::Metrics(id, read.map_err(|e| e.to_string()))).await;
                    });
                }
            }
            Command::FindPlaces => {
                tokio::task::spawn_blocking(move || {
                    let _ = events.blocking_send(Event::Places(snapshot::places(&session)));
                });
            }
            // These are the terminal's, and done by the loop.
            Command::Copy(..) | Command::Theme { .. } | Command::Dump | Command::Suspend => {}
        }
    }
}

/// Asks for a pool's health; where that is being asked already, nothing more.
fn ask(
    session: &Session,
    events: &mpsc::Sender<Event>,
    asking: &Asking,
    id: ResourceId,
) -> impl Future<Output = ()> + use<> {
    let (session, events, asking) = (session.clone(), events.clone(), Arc::clone(asking));
    async move {
        if !asking.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(id.clone()) {
            return;
        }
        send(&events, Event::Asking(Some(id.clone()))).await;
        session.health(&id).await;
        asking.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&id);
        send(&events, Event::Asking(None)).await;
    }
}

/// A closed channel means that the screen is gone; nobody is left to tell.
async fn send(events: &mpsc::Sender<Event>, event: Event) {
    let _ = events.send(event).await;
}

/// Runs something that applies a plan, and tells its progress as it comes.
pub(super) async fn told(
    events: &mpsc::Sender<Event>,
    plan: &Arc<Plan>,
    progress: &watch::Sender<Run>,
    mut run: BoxFuture<'_, Result<Report, SessionError>>,
) -> Result<Report, SessionError> {
    let mut changes = progress.subscribe();
    let tell = |run: Run| Event::Run { plan: Arc::clone(plan), run };
    let first = tell(progress.borrow().clone());
    send(events, first).await;
    loop {
        tokio::select! {
            biased;
            result = &mut run => {
                let last = tell(progress.borrow().clone());
                send(events, last).await;
                return result;
            }
            Ok(()) = changes.changed() => {
                let run = changes.borrow_and_update().clone();
                // A full channel drops a frame of progress, never the run's pace.
                let _ = events.try_send(tell(run));
            }
        }
    }
}

/// What to say of an ended plan.
pub(super) fn verdict(report: Result<Report, SessionError>) -> Result<String, String> {
    let report = report.map_err(|e| e.to_string())?;
    let mut text = format!("plan {} is {}: {}", report.plan.id, report.outcome, report.plan.title);
    match report.undo.as_deref() {
        Some(Ok(undo)) => text.push_str(&format!("; taken back by plan {}: {}", undo.plan.id, undo.outcome)),
        Some(Err(error)) => text.push_str(&format!("; it could not be taken back: {error}")),
        None => {}
    }
    if report.outcome == Outcome::Done { Ok(text) } else { Err(text) }
}

/// One request of all that is asked for.
fn together(session: &Session, asks: Vec<(ResourceId, Ask)>) -> Result<Request, SessionError> {
    let mut requests = asks.into_iter().map(|(pool, ask)| request(session, &pool, ask));
    let first = requests.next().transpose()?;
    let all =
        first.map(|first| requests.try_fold(first, |all, one| Ok::<_, SessionError>(all.and(one?)))).transpose()?;
    all.ok_or_else(|| SessionError::Asked("select or mark somebody first".to_owned()))
}

fn request(session: &Session, pool: &ResourceId, ask: Ask) -> Result<Request, SessionError> {
    let handle = |id: &ResourceId| -> Result<PoolHandle, SessionError> { Ok(session.pool(id.as_str())?) };
    let pool = handle(pool)?;
    let options = session.config().options();
    match ask {
        Ask::Add(members) => session.request_add(&pool, &addresses(session, &pool, members), options),
        Ask::TakeOut(members) => session.request_remove(&pool, &members, options),
        Ask::Swap(from, to) => {
            let to = addresses(session, &pool, vec![to]).pop().unwrap_or_default();
            session.request_swap(&pool, from.as_deref(), &to, options)
        }
        Ask::Move(members, to) => session.request_move(&pool, &handle(&to)?, &members, options),
    }
}

/// On the screen a candidate of an IP pool is an ip configuration; what joins is its address, named
/// after its machine.
fn addresses(session: &Session, pool: &PoolHandle, members: Vec<String>) -> Vec<String> {
    if pool.kind != PoolKind::Ip {
        return members;
    }
    let candidates = session.candidates(&pool.id);
    members
        .into_iter()
        .map(|id| match candidates.iter().find(|c| c.id.as_str() == id) {
            Some(c) => match &c.ip {
                Some(ip) => format!("{}={ip}", c.name.replace(['/', ' '], "-")),
                None => id,
            },
            None => id,
        })
        .collect()
}

/// The saved scripts that can be read.
fn launches(session: &Session) -> Vec<Launch> {
    let library = Library::new(&session.config().scripts);
    let launch = |found: crate::script::library::Found| {
        let script = crate::script::engine::compile_alone(&found.place(), &found.text).ok()?;
        Some(Launch { name: found.name, about: script.title().to_owned(), params: script.params })
    };
    library.list().into_iter().filter_map(launch).collect()
}
