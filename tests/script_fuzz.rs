//! Scripts made and broken at random: whatever is written, the engine answers with a value or an error, in
//! time, and does not panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use azlb::changes::{Plan, Run};
use azlb::script::check::{self, Known};
use azlb::script::engine::compile_alone;
use azlb::script::host::{Applied, Stop};
use azlb::script::library::{Found, Library};
use azlb::script::{Console, Host, complete, docs, highlight, record};
use azlb::session::{Session, SessionError};
use azlb::sim::Options;
use fastrand::Rng;
use rhai::Map;
use support::*;

/// A face that answers by chance, applies one plan in some, and keeps nothing.
struct Face {
    session: Session,
    runtime: tokio::runtime::Handle,
    stop: Stop,
    chance: Mutex<Rng>,
}

impl Face {
    fn chance(&self, one_in: u32) -> bool {
        self.chance.lock().unwrap().u32(0..one_in) == 0
    }
}

impl Host for Face {
    fn print(&self, _: &str) {}

    fn confirm(&self, _: &Plan) -> Result<bool, SessionError> {
        Ok(!self.chance(4))
    }

    fn apply(&self, plan: &Plan) -> Result<Option<Applied>, SessionError> {
        if !self.chance(4) {
            return Ok(None);
        }
        let progress = tokio::sync::watch::Sender::new(Run::new(plan));
        let cancel = tokio_util::sync::CancellationToken::new();
        let report = self.runtime.block_on(self.session.apply(plan.clone(), &progress, &cancel))?;
        Ok(Some(Applied { outcome: report.outcome, run: report.run }))
    }

    fn ask(&self, _: &str) -> Result<bool, SessionError> {
        Ok(self.chance(2))
    }

    fn choose(&self, _: &str, options: &[String]) -> Result<usize, SessionError> {
        match options.len() {
            0 => Err(SessionError::Asked("there is nothing to choose".to_owned())),
            n => Ok(self.chance.lock().unwrap().usize(0..n)),
        }
    }

    fn progress(&self, _: &str, _: u64, _: u64) {}

    fn emit(&self, _: &serde_json::Value, _: &[String]) {}

    fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// Values that go wrong in programs: the ends of every range, and texts that are nearly right.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "7",
    "9223372036854775807",
    "-9223372036854775807",
    "0.0",
    "1e308",
    "-1e308",
    "(0.0/0.0)",
    "true",
    "()",
    "\"\"",
    "\"2m\"",
    "\"1ms\"",
    "\"0s\"",
    "\"99999999999999999y\"",
    "\"-1s\"",
    "\"1s 2\"",
    "\"20%\"",
    "\"101%\"",
    "\"0%\"",
    "\"%\"",
    "\"db-lb/masters\"",
    "\"web-lb/blue\"",
    "\"cache-lb/nodes\"",
    "\"api-lb/api\"",
    "\"*\"",
    "\"*/*\"",
    "\"tag:*=*\"",
    "\"tag:=\"",
    "\"/\"",
    "\"//\"",
    "\"a:b/c/d\"",
    "\":/\"",
    "\"vm-db-1\"",
    "\"vm-db-2\"",
    "\"vm-web-1\"",
    "\"api-ss/0\"",
    "\"set:api-ss\"",
    "\"zone:1\"",
    "\"10.1.0.4\"",
    "\"::1\"",
    "\"10.1.4.200\"",
    "\"x=10.1.4.201\"",
    "\"/subscriptions/00000000-0000-0000-0000-000000000001\"",
    "\"\\u{202e}\\u{0}\"",
    "\"東京\"",
    "'x'",
    "[]",
    "[1, [2, [3]]]",
    "[\"vm-db-1\", \"vm-db-2\"]",
    "#{}",
    "#{ a: 1, name: \"x\" }",
    "|x| x",
    "|a, b| a < b",
    "Fn(\"print\")",
    "0..5",
    "null",
    "timestamp()",
    "params",
    "this",
    "pool(\"db-lb/masters\")",
    "pool(\"web-lb/blue\").members()",
    "plan([])",
];

/// Pieces of the language.
const PIECES: &[&str] = &[
    "let x = ",
    "const Y = ",
    "if ",
    " else ",
    "while ",
    "for m in ",
    "loop { ",
    "break",
    "return ",
    "throw ",
    "try { ",
    " } catch (err) { ",
    "fn f(a) { ",
    "f(",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "#{",
    ";",
    ",",
    ".",
    "?.",
    "..",
    "=>",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " == ",
    " && ",
    " in ",
    "!",
    "`${",
    "}`",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\\",
    "import \"audit\" as a;",
    "switch x { ",
    "do { ",
    " until ",
    "x",
    "m",
    "err",
    ".map(",
    ".filter(",
    ".sort(",
    ".reduce(",
    ".pad(",
    "\n",
    "\u{0}",
    "🦀",
    "private ",
    "global::",
    "eval(",
    "this.",
    "**",
    "<<",
    ">>",
];

/// What is made at random, from what there is.
struct Maker {
    chance: Rng,
    /// Whole scripts and examples.
    known: Vec<String>,
    functions: Vec<String>,
    properties: Vec<&'static str>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let shipped = Library::new(&[]).list().into_iter().map(|s| s.text);
        let known = shipped.chain(docs::functions().map(|d| d.example.to_owned())).collect();
        let functions = docs::functions().map(|d| d.name.to_owned()).collect();
        let properties = docs::TYPES.iter().flat_map(|t| t.properties).map(|(name, _)| *name).collect();
        Self { chance: Rng::with_seed(seed), known, functions, properties }
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.chance.usize(0..list.len())]
    }

    fn function(&mut self) -> String {
        self.functions[self.chance.usize(0..self.functions.len())].clone()
    }

    /// A word that could stand somewhere.
    fn piece(&mut self) -> String {
        match self.chance.u32(0..5) {
            0 => self.of(VALUES).to_owned(),
            1 => format!("{}(", self.function()),
            2 => {
                let properties = self.properties.clone();
                format!(".{}", self.of(&properties))
            }
            3 => self.call(2),
            _ => self.of(PIECES).to_owned(),
        }
    }

    /// A call with as many arguments as chance will have, each a value or a call.
    fn call(&mut self, deep: u32) -> String {
        let count = self.chance.usize(0..4);
        let mut arguments = Vec::new();
        for _ in 0..count {
            arguments.push(self.value(deep));
        }
        let call = format!("{}({})", self.function(), arguments.join(", "));
        if self.chance.bool() { format!("{}.{call}", self.value(deep)) } else { call }
    }

    fn value(&mut self, deep: u32) -> String {
        if deep > 0 && self.chance.u32(0..3) == 0 { self.call(deep - 1) } else { self.of(VALUES).to_owned() }
    }

    fn statement(&mut self) -> String {
        let call = self.call(2);
        match self.chance.u32(0..8) {
            0 => format!("let x = {call};"),
            1 => format!("for m in {call} {{ {}; }}", self.call(1)),
            2 => format!("try {{ {call}; }} catch (err) {{ print(err.code); {}; }}", self.call(1)),
            3 => format!("if {call} {{ {}; }}", self.call(1)),
            4 => format!("x = {};", self.call(2)),
            5 => format!("loop {{ {call}; }}"),
            _ => format!("{call};"),
        }
    }

    /// A script: made of statements, or one that is known, broken in a few places.
    fn script(&mut self) -> String {
        if self.chance.u32(0..3) == 0 {
            let count = self.chance.usize(1..5);
            let statements: Vec<String> = (0..count).map(|_| self.statement()).collect();
            return format!("let x = ();\n{}", statements.join("\n"));
        }
        let mut text: Vec<String> = words(&self.known[self.chance.usize(0..self.known.len())]);
        for _ in 0..self.chance.usize(1..6) {
            let at = self.chance.usize(0..=text.len());
            match self.chance.u32(0..5) {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text[at] = self.piece(),
                2 if at < text.len() => {
                    let other = self.chance.usize(0..text.len());
                    text.swap(at, other);
                }
                3 => text.truncate(at.max(1)),
                _ => text.insert(at, self.piece()),
            }
        }
        text.concat()
    }
}

/// Words, and what stands between them.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        match out.last_mut() {
            Some(last) if is_word && in_word => last.push(c),
            _ => out.push(c.to_string()),
        }
        in_word = is_word;
    }
    out
}

/// The script that runs now and since when, for who watches.
type Now = Arc<Mutex<Option<(Instant, String)>>>;

/// Ends the test where a script does not end: nothing else could.
fn watch(now: &Now) {
    let now = Arc::downgrade(now);
    std::thread::spawn(move || {
        while let Some(now) = now.upgrade() {
            if let Some((since, text)) = &*now.lock().unwrap()
                && since.elapsed() > Duration::from_secs(60)
            {
                eprintln!("this has been running for a minute:\n{text}");
                std::process::exit(101);
            }
            drop(now);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
}

/// One simulator and session for so many scripts.
const TOGETHER: usize = 250;

fn write_at_random(seed: u64, count: usize) {
    let known = Known::everything().unwrap();
    let mut maker = Maker::new(seed);
    let now = Now::default();
    watch(&now);
    let (mut ran, mut compiled) = (0, 0);
    for round in 0..count.div_ceil(TOGETHER) {
        let simulator = demo(Options { speed: 20_000.0, throttle: false, ..Options::default() });
        let state = tempfile::TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
        let session = session_on(wire, state.path(), |c| c.speed = Some(20_000.0));
        let face = Arc::new(Face {
            session: session.clone(),
            runtime: runtime.handle().clone(),
            stop: Stop::default(),
            chance: Mutex::new(Rng::with_seed(seed ^ round as u64)),
        });
        let mut console = Console::new(session.clone(), face, runtime.handle().clone());
        console.limit_time(Duration::from_millis(400));
        for _ in 0..TOGETHER.min(count - ran) {
            let text = maker.script();
            *now.lock().unwrap() = Some((Instant::now(), text.clone()));
            ran += 1;
            let done = catch_unwind(AssertUnwindSafe(|| {
                let parts: String = highlight::parts(&text).into_iter().map(|(_, part)| part).collect();
                assert_eq!(parts, text, "colours lose nothing");
                complete::is_whole(&text);
                complete::complete(&session, &[], &text);
                let entries: Vec<String> = text.lines().map(str::to_owned).collect();
                record::script("fuzz", &entries);
                let found = Found { name: "fuzz".to_owned(), path: None, text: text.clone() };
                let _ = check::check(&found, &known);
                let Ok(script) = compile_alone("fuzz", &text) else { return false };
                let mut given = Map::new();
                for param in &script.params {
                    given.insert(param.name.as_str().into(), "db-lb/masters".into());
                }
                let values = script.values(&Map::new()).or_else(|_| script.values(&given)).unwrap_or(given);
                let _ = console.run(&script, values);
                let _ = console.evaluate(&text);
                true
            }));
            match done {
                Ok(whole) => compiled += usize::from(whole),
                Err(_) => panic!("script {ran} of seed {seed} panicked:\n{text}"),
            }
        }
        *now.lock().unwrap() = None;
        runtime.shutdown_background();
    }
    eprintln!("{ran} scripts, {compiled} of them compiled and ran");
    // The rest is of no use where hardly anything runs.
    assert!(compiled * 8 > ran, "{compiled} of {ran} compiled");
}

#[test]
fn scripts_at_random_neither_panic_nor_hang() {
    write_at_random(21, 1_500);
}

/// `cargo test --release --test script_fuzz -- --ignored`
#[test]
#[ignore = "minutes; the run above is a part of it"]
fn a_hundred_thousand_scripts_at_random() {
    write_at_random(22, 100_000);
}
