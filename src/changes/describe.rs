//! A plan in words: the lines that the command line, the console and the plan screen all show.

use super::change::MemberTarget;
use super::diff::Diffs;
use super::edit::Edit;
use super::guard::Severity;
use super::plan::Plan;
use super::run::StepState;
use super::step::{Action, Gate, Step, Write};
use crate::azure::backend_pool::BackendAddress;

/// What a line is, so that a face can colour it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The plan's title line.
    Title,
    /// A guard that passed.
    Good,
    /// A warning.
    Warn,
    /// A step.
    Step,
    /// What is taken out.
    Minus,
    /// What is put in.
    Plus,
    /// Everything else.
    Plain,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its tone.
    pub tone: Tone,
    /// Its text.
    pub text: String,
}

/// The whole plan as lines.
pub fn plan(plan: &Plan) -> Vec<Line> {
    let writes = plan.writes().count();
    let waits = plan.steps.len() - writes;
    let mut out = Vec::new();
    let mut push = |tone, text: String| out.push(Line { tone, text });
    push(
        Tone::Title,
        format!(
            "Plan {}  {}   {}, {}   about {} s",
            plan.id,
            plan.title,
            count(writes, "write"),
            count(waits, "wait"),
            plan.estimate().as_secs()
        ),
    );
    for finding in &plan.findings {
        let (tone, mark) = match finding.severity {
            Severity::Note => (Tone::Good, "✓"),
            _ => (Tone::Warn, "!"),
        };
        let remedy = if finding.remedy.is_empty() { String::new() } else { format!(" {}", finding.remedy) };
        push(tone, format!("{mark} {:<13} {}{remedy}", finding.code.name(), finding.message));
    }
    for step in &plan.steps {
        let undo = step.write().map(|w| format!("   undo: {}", undo_of(w))).unwrap_or_default();
        push(Tone::Step, format!("{:>2} {}{undo}", step.id, step_title(plan, step)));
        if let Action::Write(write) = &step.action {
            for (tone, text) in diff(write) {
                push(tone, format!("     {text}"));
            }
        }
    }
    if plan.options.on_limit == super::change::OnLimit::GoOn {
        push(
            Tone::Warn,
            "A wait for probes, drained members or an answer that comes to its limit is passed.".to_owned(),
        );
    }
    push(
        Tone::Plain,
        match plan.options.on_failure {
            super::change::OnFailure::Undo => "If a step fails, what was done is undone.".to_owned(),
            super::change::OnFailure::Continue => {
                "If a step fails, those that do not depend on it go on; azlb journal undo takes back what was done."
                    .to_owned()
            }
            super::change::OnFailure::Stop => {
                format!("If a step fails: stop there; azlb journal undo {} takes back what was done.", plan.id)
            }
        },
    );
    out
}

/// What a plan does to each document, as lines; that it is being read, where it is not known yet.
pub fn diffs(plan: &Plan, diffs: Option<&Diffs>) -> Vec<Line> {
    let line = |tone, text: String| Line { tone, text };
    let mut out =
        vec![line(Tone::Title, format!("Plan {}  {}   each document as it is and will be", plan.id, plan.title))];
    let Some(diffs) = diffs else {
        out.push(line(Tone::Plain, "reading the documents…".to_owned()));
        return out;
    };
    for document in &diffs.documents {
        out.push(line(Tone::Step, format!("{:>2} write  {}", document.step, document.target.short())));
        match &document.lines {
            Ok(lines) if lines.is_empty() => out.push(line(Tone::Plain, "   it shows the result already".to_owned())),
            Ok(lines) => out.extend(lines.iter().map(|l| match l.sign {
                '-' => line(Tone::Minus, format!("   − {}", l.text)),
                '+' => line(Tone::Plus, format!("   + {}", l.text)),
                '@' => line(Tone::Plain, "     ⋮".to_owned()),
                _ => line(Tone::Plain, format!("     {}", l.text)),
            })),
            Err(why) => out.push(line(Tone::Warn, format!("   it cannot be shown: {why}"))),
        }
    }
    if diffs.more > 0 {
        out.push(line(Tone::Plain, format!("and {} more", count(diffs.more, "write"))));
    }
    out
}

/// `1 write`, `2 writes`.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A step of a plan in one line.
pub fn step_title(plan: &Plan, step: &Step) -> String {
    let who = |members: &[MemberTarget]| match members {
        [one] => name_of(plan, one),
        many => count(many.len(), "member"),
    };
    match &step.action {
        Action::Write(write) => {
            let mut names: Vec<&str> = write.edits.iter().map(Edit::name).collect();
            names.dedup();
            let names = if names.len() > 2 { count(names.len(), "member") } else { names.join(", ") };
            format!("write  {names}  ({})", write.target.short())
        }
        Action::Gate(Gate::Membership { pool, inside, outside, limit }) => {
            let side = match (inside.len(), outside.len()) {
                (_, 0) => format!("{} in {}", who(inside), pool.short()),
                (0, _) => format!("{} out of {}", who(outside), pool.short()),
                _ => format!("{} in, {} out of {}", who(inside), who(outside), pool.short()),
            };
            format!("wait   {side}, seen from both sides, up to {}", short_time(*limit))
        }
        Action::Gate(Gate::Drained { pool, members, wait, .. }) => {
            format!("wait   {} without new connections in {}, then {}", who(members), pool.short(), short_time(*wait))
        }
        Action::Gate(Gate::Ask { question, limit }) => {
            format!("ask    {question} up to {}", short_time(*limit))
        }
        Action::Gate(Gate::Pause { wait }) => format!("pause  {}", short_time(*wait)),
        Action::Gate(Gate::Healthy { members, rules, limit, .. }) => {
            let names: Vec<&str> = rules.iter().map(|r| r.name()).collect();
            format!("wait   {} up by {}, up to {}", who(members), names.join(", "), short_time(*limit))
        }
    }
}

/// The name that a plan's edits know a member by.
pub fn name_of(plan: &Plan, member: &MemberTarget) -> String {
    plan.writes()
        .flat_map(|(_, w)| &w.edits)
        .find(|e| e.joins().as_ref() == Some(member) || e.leaves().as_ref() == Some(member))
        .map_or_else(|| member.to_string(), |e| e.name().to_owned())
}

/// `1m`, `2m 30s`.
pub fn short_time(time: std::time::Duration) -> String {
    humantime::format_duration(std::time::Duration::from_secs(time.as_secs())).to_string()
}

/// `2026-11-30 22:26:25` of an instant as the journal holds it.
pub fn short_instant(instant: &str) -> String {
    instant.chars().take(19).collect::<String>().replace('T', " ")
}

/// How a write is taken back, in words.
fn undo_of(write: &Write) -> String {
    let mut undo: Vec<String> = write.edits.iter().map(undo_words).collect();
    undo.dedup();
    if undo.len() > 2 { "each is taken back".to_owned() } else { undo.join("; ") }
}

/// A step's state in one word. A gate changes nothing: "was so" would say nothing of it.
pub fn state_word(step: &Step, state: &StepState) -> &'static str {
    match (&step.action, state) {
        (Action::Gate(_), StepState::Done { .. }) => "done",
        (_, state) => state.word(),
    }
}

fn undo_words(edit: &Edit) -> String {
    match edit {
        Edit::JoinPool { .. } | Edit::AddAddress { .. } | Edit::JoinModel { .. } => "take it out".to_owned(),
        Edit::LeavePool { .. } | Edit::RemoveAddress { .. } | Edit::LeaveModel { .. } => "put it back".to_owned(),
        Edit::SetAdminState { from, .. } => format!("admin state {}", from.word()),
    }
}

/// What one write changes, as a diff.
pub fn diff(write: &Write) -> Vec<(Tone, String)> {
    write
        .edits
        .iter()
        .flat_map(|edit| match edit {
            Edit::JoinPool { ip_config, pool, .. } => {
                vec![(Tone::Plus, format!("+ {}: {}", ip_config.name(), pool.short()))]
            }
            Edit::LeavePool { ip_config, pool, .. } => {
                vec![(Tone::Minus, format!("− {}: {}", ip_config.name(), pool.short()))]
            }
            Edit::JoinModel { nic, ip_config, pool, .. } => {
                vec![(Tone::Plus, format!("+ model {nic}/{ip_config}: {}", pool.short()))]
            }
            Edit::LeaveModel { nic, ip_config, pool, .. } => {
                vec![(Tone::Minus, format!("− model {nic}/{ip_config}: {}", pool.short()))]
            }
            Edit::AddAddress { entry, .. } => vec![(Tone::Plus, format!("+ {}", address(entry)))],
            Edit::RemoveAddress { entry, .. } => vec![(Tone::Minus, format!("− {}", address(entry)))],
            Edit::SetAdminState { name, from, to, .. } => vec![
                (Tone::Minus, format!("− {name}: adminState {}", from.word())),
                (Tone::Plus, format!("+ {name}: adminState {}", to.word())),
            ],
        })
        .collect()
}

fn address(entry: &serde_json::Value) -> String {
    let view = BackendAddress(entry);
    let backend = super::edit::backend_of(&view).map_or_else(|| "-".to_owned(), |b| b.to_string());
    format!("{} {backend}", view.name())
}
