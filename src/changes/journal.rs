//! The journal: one append-only file a plan, written and synced before each send, after each
//! acceptance and at each end. What resume and undo read.
//!
//! Format, version 1: one JSON object a line, `{"at": time, "event": name, …}`; the first is
//! `planned` and holds the plan. A torn last line (power cut, full disk) is tolerated: what was not
//! synced was not acted on. While a plan runs, its file is locked; a second azlb sees that.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::plan::{Plan, PlanId};
use super::run::{Outcome, StepState};
use super::step::Step;
use crate::arm::{Etag, Operation};

/// The format's version.
pub const VERSION: u32 = 1;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A plan was confirmed and is about to run.
    Planned {
        /// The format's version.
        version: u32,
        /// The plan.
        plan: Box<Plan>,
    },
    /// A step began.
    Began {
        /// Its number.
        step: u32,
    },
    /// A write is about to be sent.
    Sending {
        /// The step.
        step: u32,
        /// The `x-ms-client-request-id`.
        request_id: String,
        /// The version it names in `If-Match`.
        etag: Option<Etag>,
    },
    /// Azure accepted the write.
    Accepted {
        /// The step.
        step: u32,
        /// The operation to follow; none where it was done at once.
        operation: Option<Operation>,
    },
    /// The write was refused, and nothing landed.
    Rejected {
        /// The step.
        step: u32,
        /// Why.
        error: String,
    },
    /// The step was verified.
    Verified {
        /// The step.
        step: u32,
        /// Whether azlb changed anything.
        changed: bool,
    },
    /// A wait came to its limit, and the plan went on.
    Passed {
        /// The step.
        step: u32,
        /// What was not so.
        reason: String,
    },
    /// The step failed.
    Failed {
        /// The step.
        step: u32,
        /// How.
        error: String,
        /// ARM's code.
        code: Option<String>,
        /// The server's correlation id.
        correlation_id: Option<String>,
    },
    /// The step was not begun.
    Skipped {
        /// The step.
        step: u32,
        /// Why.
        reason: String,
    },
    /// Another process took the plan up.
    Resumed,
    /// The run ended.
    Finished {
        /// How.
        outcome: Outcome,
    },
    /// Another plan took this one back.
    Undone {
        /// Which.
        by: PlanId,
    },
}

/// An event and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: jiff::Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("journal {path}: {cause}. Nothing is sent without a journal")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another azlb runs this plan.
    #[error("plan {0} is being run by another azlb")]
    Locked(PlanId),
    /// No plan has this id.
    #[error("there is no plan '{0}' in the journal ({1})")]
    Unknown(String, PathBuf),
    /// More than one plan has this beginning.
    #[error("plan '{0}' is ambiguous: {1}")]
    Ambiguous(String, String),
    /// The file is no journal of this version.
    #[error("journal {path}, line {line}: {cause}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
}

/// What a plan's journal says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Another process is at it.
    Running,
    /// Every step is done.
    Done,
    /// It failed and changed nothing.
    Failed,
    /// It failed or was stopped after it had changed something.
    Partly,
    /// Its process ended before the plan did, or it was stopped.
    Interrupted,
    /// Another plan took it back.
    Undone,
}

impl PlanState {
    /// One word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Partly => "partly",
            Self::Interrupted => "interrupted",
            Self::Undone => "undone",
        }
    }
}

/// A plan's journal, read.
#[derive(Debug, Clone)]
pub struct Record {
    /// The plan.
    pub plan: Plan,
    /// Everything that happened.
    pub entries: Vec<Entry>,
    /// Whether another process holds it.
    pub running: bool,
}

/// How far a step came, by the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Reached {
    /// Not begun, or failed without a trace in Azure.
    Nothing,
    /// Sent, and nobody knows what became of it.
    Sent,
    /// Accepted, its end not seen.
    Accepted(Option<Operation>),
    /// Verified.
    Verified {
        /// Whether it changed anything.
        changed: bool,
    },
}

impl Record {
    /// How far each step came; those of which nothing was written down are left out.
    pub fn reached(&self) -> HashMap<u32, Reached> {
        let mut out = HashMap::new();
        for entry in &self.entries {
            let (step, now) = match &entry.event {
                Event::Sending { step, .. } => (*step, Reached::Sent),
                Event::Accepted { step, operation } => (*step, Reached::Accepted(operation.clone())),
                Event::Rejected { step, .. } => (*step, Reached::Nothing),
                Event::Verified { step, changed } => {
                    // Once changed, always changed: a resumed run finds it so and says "was so".
                    let before = matches!(out.get(step), Some(Reached::Verified { changed: true }));
                    (*step, Reached::Verified { changed: *changed || before })
                }
                _ => continue,
            };
            out.insert(step, now);
        }
        out
    }

    /// The plan's state.
    pub fn state(&self) -> PlanState {
        if self.running {
            return PlanState::Running;
        }
        let mut state = PlanState::Interrupted;
        for entry in &self.entries {
            match &entry.event {
                Event::Finished { outcome } => {
                    state = match outcome {
                        Outcome::Done => PlanState::Done,
                        Outcome::Failed => PlanState::Failed,
                        Outcome::Partly => PlanState::Partly,
                        Outcome::Interrupted => PlanState::Interrupted,
                    };
                }
                Event::Resumed => state = PlanState::Interrupted,
                Event::Undone { .. } => state = PlanState::Undone,
                _ => {}
            }
        }
        state
    }

    /// The plan's steps, each with its last state.
    pub fn steps(&self) -> Vec<(&Step, StepState)> {
        let mut last: HashMap<u32, StepState> = HashMap::new();
        for entry in &self.entries {
            let (step, state) = match &entry.event {
                Event::Began { step } => (*step, StepState::Running { now: "begun".to_owned() }),
                Event::Sending { step, .. } => (*step, StepState::Running { now: "sent".to_owned() }),
                Event::Accepted { step, .. } => (*step, StepState::Running { now: "accepted".to_owned() }),
                Event::Verified { step, changed } => (*step, StepState::Done { changed: *changed }),
                Event::Failed { step, error, code, correlation_id } => {
                    let (code, correlation_id) = (code.clone(), correlation_id.clone());
                    (*step, StepState::Failed { error: error.clone(), code, correlation_id })
                }
                Event::Passed { step, reason } => (*step, StepState::Passed { reason: reason.clone() }),
                Event::Skipped { step, reason } => (*step, StepState::Skipped { reason: reason.clone() }),
                _ => continue,
            };
            last.insert(step, state);
        }
        self.plan.steps.iter().map(|s| (s, last.remove(&s.id).unwrap_or(StepState::Pending))).collect()
    }
}

/// The folder of journals.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

/// The open, locked journal of a plan that runs.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// On a folder, which is made when the first plan runs.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path_of(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.jsonl"))
    }

    /// Starts a plan's journal: the plan is on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError`]; nothing may be sent then.
    pub fn start(&self, plan: &Plan) -> Result<JournalFile, JournalError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |cause| JournalError::Io { path, cause }
        };
        make_private_folder(&self.folder).map_err(io(&self.folder))?;
        let path = self.path_of(plan.id.as_str());
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        private(&mut options);
        let file = options.open(&path).map_err(io(&path))?;
        lock(&file, &plan.id, &path)?;
        let journal = JournalFile { path, file: Mutex::new(file) };
        journal.append(Event::Planned { version: VERSION, plan: Box::new(plan.clone()) })?;
        // The file's name must survive a power cut too.
        File::open(&self.folder).and_then(|d| d.sync_all()).map_err(io(&self.folder))?;
        Ok(journal)
    }

    /// Takes a plan's journal up again, locked.
    ///
    /// # Errors
    /// [`JournalError::Locked`] where another azlb is at it.
    pub fn reopen(&self, id: &PlanId) -> Result<JournalFile, JournalError> {
        let path = self.path_of(id.as_str());
        let io = |cause| JournalError::Io { path: path.clone(), cause };
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(io)?;
        lock(&file, id, &path)?;
        // A torn last line must not swallow the next entry.
        let torn = {
            use std::io::Read as _;
            let length = file.seek(std::io::SeekFrom::End(0)).map_err(io)?;
            let mut last = [0u8; 1];
            length > 0 && {
                file.seek(std::io::SeekFrom::End(-1)).map_err(io)?;
                file.read_exact(&mut last).map_err(io)?;
                last != *b"\n"
            }
        };
        if torn {
            file.write_all(b"\n").map_err(io)?;
        }
        Ok(JournalFile { path, file: Mutex::new(file) })
    }

    /// Reads the journal of the one plan whose id begins with `text`.
    ///
    /// # Errors
    /// [`JournalError`] where none or more than one does, or the file is broken.
    pub fn find(&self, text: &str) -> Result<Record, JournalError> {
        let matches: Vec<String> =
            self.ids()?.into_iter().filter(|id| !text.is_empty() && id.starts_with(text)).collect();
        match matches.as_slice() {
            [one] => self.read(one),
            [] => Err(JournalError::Unknown(text.to_owned(), self.folder.clone())),
            many => Err(JournalError::Ambiguous(text.to_owned(), many.join(", "))),
        }
    }

    /// Every plan's record, the newest first. Files that cannot be read are told apart, so that one
    /// broken file does not hide the others.
    ///
    /// # Errors
    /// [`JournalError`] where the folder cannot be read.
    pub fn list(&self) -> Result<(Vec<Record>, Vec<JournalError>), JournalError> {
        let mut records = Vec::new();
        let mut broken = Vec::new();
        for id in self.ids()? {
            match self.read(&id) {
                Ok(record) => records.push(record),
                Err(error) => broken.push(error),
            }
        }
        records.sort_by_key(|r| std::cmp::Reverse(r.plan.made_at));
        Ok((records, broken))
    }

    fn ids(&self) -> Result<Vec<String>, JournalError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(JournalError::Io { path: self.folder.clone(), cause }),
        };
        Ok(entries
            .filter_map(|e| e.ok()?.file_name().into_string().ok()?.strip_suffix(".jsonl").map(str::to_owned))
            .collect())
    }

    fn read(&self, id: &str) -> Result<Record, JournalError> {
        let path = self.path_of(id);
        let io = |cause| JournalError::Io { path: path.clone(), cause };
        let file = File::open(&path).map_err(io)?;
        let running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        let lines: Vec<String> = BufReader::new(&file)
            .split(b'\n')
            .map(|l| l.map(|b| String::from_utf8_lossy(&b).into_owned()))
            .collect::<Result<_, _>>()
            .map_err(io)?;
        let _ = file.unlock();
        let mut entries: Vec<Entry> = Vec::new();
        let last = lines.iter().rposition(|l| !l.trim().is_empty()).unwrap_or(0);
        for (at, line) in lines.iter().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(entry) => entries.push(entry),
                // The last line may be torn, and so may one that a resumed run went on after.
                Err(e) if at == last || e.is_eof() => {}
                Err(e) => {
                    return Err(JournalError::Broken { path: path.clone(), line: at + 1, cause: e.to_string() });
                }
            }
        }
        let broken = |cause: String| JournalError::Broken { path: path.clone(), line: 1, cause };
        match entries.first().map(|e| &e.event) {
            Some(Event::Planned { version, plan }) if *version == VERSION => {
                Ok(Record { plan: (**plan).clone(), running, entries })
            }
            Some(Event::Planned { version, .. }) => {
                Err(broken(format!("version {version} of the format; this azlb reads version {VERSION}")))
            }
            _ => Err(broken("it does not begin with a plan".to_owned())),
        }
    }
}

impl JournalFile {
    /// Appends an event; it is on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the caller must not go on.
    pub fn append(&self, event: Event) -> Result<(), JournalError> {
        let io = |cause| JournalError::Io { path: self.path.clone(), cause };
        let entry = Entry { at: jiff::Timestamp::now(), event };
        let mut line = serde_json::to_vec(&entry).map_err(|e| io(std::io::Error::other(e)))?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(io)?;
        file.sync_data().map_err(io)
    }
}

fn lock(file: &File, id: &PlanId, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked(id.clone())),
        Err(TryLockError::Error(cause)) => Err(JournalError::Io { path: path.to_owned(), cause }),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}
