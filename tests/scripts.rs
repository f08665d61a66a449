//! Scripts: every function's example, every shipped procedure, the check, the limits, what is caught.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::{Arc, Mutex};

use azlb::changes::{Plan, Run};
use azlb::script::check::{self, Known};
use azlb::script::docs;
use azlb::script::engine::{Script, compile_alone, signatures};
use azlb::script::host::{Applied, Stop};
use azlb::script::library::{Found, Library};
use azlb::script::{Console, Host, ScriptError};
use azlb::session::{Session, SessionError};
use azlb::sim::{Options, Simulator};
use rhai::Map;
use support::*;
use tempfile::TempDir;

/// A face that says yes, applies, and remembers what it was told.
struct Face {
    session: Session,
    runtime: tokio::runtime::Handle,
    stop: Stop,
    said: Mutex<Vec<String>>,
    answers: Mutex<Vec<bool>>,
    dry: bool,
}

impl Face {
    fn say(&self, text: String) {
        self.said.lock().unwrap().push(text);
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }
}

impl Host for Face {
    fn print(&self, text: &str) {
        self.say(text.to_owned());
    }

    fn confirm(&self, plan: &Plan) -> Result<bool, SessionError> {
        self.say(format!("plan: {}", plan.title));
        Ok(self.answers.lock().unwrap().pop().unwrap_or(true))
    }

    fn apply(&self, plan: &Plan) -> Result<Option<Applied>, SessionError> {
        if self.dry {
            return Ok(None);
        }
        let progress = tokio::sync::watch::Sender::new(Run::new(plan));
        let cancel = tokio_util::sync::CancellationToken::new();
        let report = self.runtime.block_on(self.session.apply(plan.clone(), &progress, &cancel))?;
        Ok(Some(Applied { outcome: report.outcome, run: report.run }))
    }

    fn dry_run(&self) -> bool {
        self.dry
    }

    fn ask(&self, question: &str) -> Result<bool, SessionError> {
        self.say(format!("asked: {question}"));
        Ok(self.answers.lock().unwrap().pop().unwrap_or(true))
    }

    fn choose(&self, question: &str, _: &[String]) -> Result<usize, SessionError> {
        self.say(format!("choose: {question}"));
        Ok(0)
    }

    fn progress(&self, text: &str, done: u64, of: u64) {
        self.say(format!("{done}/{of} {text}"));
    }

    fn emit(&self, value: &serde_json::Value, _: &[String]) {
        self.say(value.to_string());
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// A conversation on the demo estate, two hundred times as fast as it is.
struct Rig {
    simulator: Arc<Simulator>,
    face: Arc<Face>,
    runtime: tokio::runtime::Runtime,
    state: Arc<TempDir>,
}

impl Rig {
    fn new() -> Self {
        Self::with(&[], |_| {})
    }

    fn with(faults: &[&str], change: impl FnOnce(&mut Face)) -> Self {
        let simulator = demo(Options { speed: 200.0, throttle: false, ..Options::default() });
        faults.iter().for_each(|fault| simulator.inject(fault.parse().unwrap()));
        let state = Arc::new(TempDir::new().unwrap());
        Self::on(simulator, state, change)
    }

    /// On the demo estate, this machine's guest refusing every probe.
    fn with_guest_down(name: &str) -> Self {
        let options = || Options { speed: 200.0, throttle: false, ..Options::default() };
        let mut documents = demo(options()).documents();
        for document in documents.iter_mut().filter(|d| d["name"] == name) {
            document["tags"]["azlb-sim-probe"] = "refused".into();
        }
        let simulator = Arc::new(Simulator::new(documents, options()).unwrap());
        Self::on(simulator, Arc::new(TempDir::new().unwrap()), |_| {})
    }

    fn on(simulator: Arc<Simulator>, state: Arc<TempDir>, change: impl FnOnce(&mut Face)) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
        let session = session_on(wire, state.path(), |c| {
            c.speed = Some(200.0);
            c.scripts = vec![state.path().join("own")];
        });
        let mut face = Face {
            session,
            runtime: runtime.handle().clone(),
            stop: Stop::default(),
            said: Mutex::default(),
            answers: Mutex::default(),
            dry: false,
        };
        change(&mut face);
        Self { simulator, face: Arc::new(face), runtime, state }
    }

    fn console(&self) -> Console {
        Console::new(self.face.session.clone(), self.face.clone(), self.runtime.handle().clone())
    }

    fn evaluate(&self, text: &str) -> Result<Option<String>, ScriptError> {
        self.console().evaluate(text)
    }

    /// Runs a shipped procedure.
    fn run(&self, name: &str, values: &[(&str, &str)]) -> Result<String, ScriptError> {
        let script = shipped(name);
        let given: Map = values.iter().map(|(k, v)| ((*k).into(), (*v).to_owned().into())).collect();
        let values = script.values(&given).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.console().run(&script, values)?;
        Ok(self.face.said())
    }

    fn members(&self, lb: &str, pool: &str) -> Vec<String> {
        let mut found = members(&self.simulator, lb, pool);
        found.sort();
        found
    }
}

fn shipped(name: &str) -> Script {
    let found = Library::new(&[]).named(name).unwrap();
    compile_alone(&found.place(), &found.text).unwrap()
}

fn text_as(name: &str, text: &str) -> Found {
    Found { name: name.to_owned(), path: None, text: text.to_owned() }
}

#[test]
fn every_function_and_property_is_documented() {
    let registered = signatures(false).unwrap();
    let name = |text: &str| text.split('(').next().unwrap().trim().to_owned();
    for text in &registered {
        let name = name(text);
        if ["to_string", "to_debug"].contains(&name.as_str()) {
            continue;
        }
        match name.strip_prefix("get$").or_else(|| name.strip_prefix("get ")) {
            Some(property) => {
                let documented = docs::TYPES.iter().any(|t| t.properties.iter().any(|(p, _)| *p == property));
                assert!(documented, "the property {property} is not documented: {text}");
            }
            None => assert!(docs::functions().any(|d| d.name == name), "{name} is not documented: {text}"),
        }
    }
    // And nothing is documented that is not there.
    for doc in docs::functions().filter(|d| d.name != "print") {
        assert!(registered.iter().any(|text| name(text) == doc.name), "{} is not registered", doc.name);
        assert!(!doc.what.is_empty() && !doc.example.is_empty(), "{}", doc.name);
    }
    for (property, what) in docs::TYPES.iter().flat_map(|t| t.properties) {
        let there = registered.iter().any(|text| name(text).trim_start_matches("get$") == *property);
        assert!(there && !what.is_empty(), "{property} is not registered");
    }
}

#[test]
fn every_example_runs() {
    for doc in docs::functions() {
        let rig = Rig::new();
        if let Err(error) = rig.evaluate(doc.example) {
            panic!("the example of {}: {error}\n{}", doc.name, doc.example);
        }
    }
}

#[test]
fn every_shipped_procedure_is_whole_documented_and_right() {
    let library = Library::new(&[]);
    let known = Known::everything().unwrap();
    let all = library.list();
    assert!(all.len() >= 15, "{}", all.len());
    for found in all {
        let script = check::check(&found, &known).unwrap_or_else(|e| panic!("{e:?}"));
        assert!(script.about.lines().count() > 2, "{} says too little of itself", found.name);
        let rehearsed = script.about.contains(&format!("azlb run {}", found.name)) && script.about.contains("--sim");
        assert!(rehearsed || found.name == "restore_zone", "{} has no rehearsal", found.name);
        assert!(script.params.iter().all(|p| !p.help.is_empty()), "{}", found.name);
    }
}

#[test]
fn a_master_is_swapped() {
    let rig = Rig::new();
    rig.run("swap_master", &[("pool", "db-lb/masters"), ("to", "vm-db-2")]).unwrap();
    assert_eq!(rig.members("db-lb", "masters"), ["vm-db-2-nic"]);
}

#[test]
fn a_master_that_is_up_stays() {
    let rig = Rig::new();
    let said = rig.run("failover", &[("pool", "db-lb/masters"), ("to", "vm-db-2"), ("down_for", "10s")]).unwrap();
    assert!(said.contains("vm-db-1 is up; nothing was changed"), "{said}");
    assert_eq!(rig.members("db-lb", "masters"), ["vm-db-1-nic"]);
}

#[test]
fn a_master_that_is_down_is_failed_over() {
    let rig = Rig::with_guest_down("vm-db-1");
    let said = rig.run("failover", &[("pool", "db-lb/masters"), ("to", "vm-db-2"), ("down_for", "20s")]);
    let said = said.unwrap();
    assert!(said.contains("vm-db-1 was down for 20s"), "{said}");
    assert_eq!(rig.members("db-lb", "masters"), ["vm-db-2-nic"]);
}

#[test]
fn members_are_drained() {
    let rig = Rig::new();
    rig.run("drain_member", &[("pool", "web-lb/blue"), ("members", "vm-web-1, vm-web-2"), ("wait", "10s")]).unwrap();
    assert_eq!(rig.members("web-lb", "blue"), ["vm-web-3-nic", "vm-web-4-nic"]);
}

#[test]
fn maintenance_goes_one_by_one_and_stops_where_the_operator_says_no() {
    let rig = Rig::new();
    let before = rig.members("web-lb", "blue");
    let said = rig.run("rolling_maintenance", &[("pool", "web-lb/blue"), ("result", "ok")]).unwrap();
    assert!(said.contains("4 of 4 members of web-lb/blue done"), "{said}");
    assert_eq!(rig.members("web-lb", "blue"), before);

    // Answers are taken from the end: the plan that takes the first out, then the question.
    let rig = Rig::with(&[], |f| *f.answers.get_mut().unwrap() = vec![false, true]);
    let error = rig.run("rolling_maintenance", &[("pool", "web-lb/blue")]).unwrap_err();
    assert!(error.interrupted && error.message.contains("the answer was no"), "{error}");
    assert_eq!(rig.members("web-lb", "blue").len(), 3);
    let rig = Rig::new();
    let error = rig.run("rolling_maintenance", &[("pool", "web-lb/blue"), ("result", "failed")]).unwrap_err();
    assert!(error.message.contains("stays out of web-lb/blue"), "{error}");
}

#[test]
fn blue_becomes_green() {
    let rig = Rig::new();
    rig.run("blue_green", &[("pool", "web-lb/blue"), ("to", "vm-web-5,vm-web-6"), ("batch", "50%")]).unwrap();
    assert_eq!(rig.members("web-lb", "blue"), ["vm-web-5-nic", "vm-web-6-nic"]);
}

#[test]
fn a_canary_goes_on_or_is_taken_back() {
    let to_green = [("from", "web-lb/blue"), ("to", "web-lb/green"), ("share", "25%"), ("watch", "10s")];
    let rig = Rig::new();
    // The green pool serves no rule in the demo: nobody can go down in it.
    let said = rig.run("canary", &to_green).unwrap();
    assert!(said.contains("all of web-lb/green stayed up"), "{said}");
    assert_eq!(rig.members("web-lb", "blue").len(), 3);

    // The other way, into a pool that is probed, with a machine that does not answer.
    let rig = Rig::with_guest_down("vm-web-5");
    let before = (rig.members("web-lb", "green"), rig.members("web-lb", "blue"));
    let values =
        [("from", "web-lb/green"), ("to", "web-lb/blue"), ("share", "1"), ("watch", "20s"), ("wait_healthy", "0s")];
    let error = rig.run("canary", &values).unwrap_err();
    assert!(error.message.contains("was taken back: vm-web-5 went down"), "{error}");
    assert_eq!((rig.members("web-lb", "green"), rig.members("web-lb", "blue")), before);
}

#[test]
fn a_zone_is_evacuated_and_restored() {
    let rig = Rig::new();
    let before = rig.members("web-lb", "blue");
    let values = [("zone", "3"), ("override", "never_empty")];
    rig.run("evacuate_zone", &values).unwrap();
    assert!(rig.members("web-lb", "blue").len() < before.len());
    let rig = Rig::on(Arc::clone(&rig.simulator), Arc::clone(&rig.state), |_| {});
    rig.run("restore_zone", &[("zone", "3")]).unwrap();
    assert_eq!(rig.members("web-lb", "blue"), before);
    let rig = Rig::on(Arc::clone(&rig.simulator), Arc::clone(&rig.state), |_| {});
    let error = rig.run("restore_zone", &[("zone", "3")]).unwrap_err();
    assert!(error.message.contains("taken back already"), "{error}");
}

#[test]
fn a_pool_is_spread_over_the_zones() {
    let rig = Rig::new();
    let said = rig.run("rebalance", &[("pool", "web-lb/blue"), ("only", "vm-web")]).unwrap();
    assert!(said.contains("zone 1: 2") && said.contains("spread as well as can be"), "{said}");
    // All in one zone first.
    rig.evaluate(r#"apply(pool("web-lb/blue").replace(pool("web-lb/blue").members().filter(|m| m.zone == "1")))"#)
        .unwrap();
    let said = rig.run("rebalance", &[("pool", "web-lb/blue")]).unwrap();
    assert!(said.contains("web-lb/blue will be: "), "{said}");
    let zones = rig.evaluate(r#"pool("web-lb/blue").membership().map(|m| m.zone)"#).unwrap().unwrap();
    assert!(zones.lines().collect::<std::collections::BTreeSet<_>>().len() > 1, "{zones}");
}

#[test]
fn a_scale_set_is_attached_and_detached() {
    let rig = Rig::new();
    rig.run("scale_set_detach", &[("pool", "api-lb/api"), ("set", "api-ss"), ("override", "never_empty")]).unwrap();
    assert_eq!(rig.evaluate(r#"refresh(); pool("api-lb/api").size"#).unwrap().as_deref(), Some("0"));
    rig.run("scale_set_attach", &[("pool", "api-lb/api"), ("set", "api-ss"), ("wait_healthy", "0s")]).unwrap();
    assert_eq!(rig.evaluate(r#"refresh(); pool("api-lb/api").size"#).unwrap().as_deref(), Some("6"));
}

#[test]
fn an_ip_pool_becomes_its_list() {
    let rig = Rig::new();
    let ips =
        |rig: &Rig| rig.evaluate(r#"refresh(); pool("cache-lb/nodes").membership().map(|m| m.ip)"#).unwrap().unwrap();
    let before = ips(&rig);
    let kept: Vec<&str> = before.lines().take(2).collect();
    let list = format!("{},node-9=10.1.4.99", kept.join(","));
    rig.run("ip_pool_sync", &[("pool", "cache-lb/nodes"), ("addresses", &list)]).unwrap();
    assert_eq!(ips(&rig).lines().collect::<Vec<_>>(), [kept[0], kept[1], "10.1.4.99"]);
    let said = rig.run("ip_pool_sync", &[("pool", "cache-lb/nodes"), ("addresses", &list)]).unwrap();
    assert!(said.contains("holds exactly these already"), "{said}");
}

#[test]
fn an_audit_finds_what_the_demo_has() {
    let rig = Rig::new();
    let said = rig.run("audit", &[]).unwrap();
    for what in ["ghost", "down", "basic", "floating_ip", "managed", "unused", "api-lb/api", "legacy-lb"] {
        assert!(said.contains(what), "no {what}: {said}");
    }
}

#[test]
fn a_snapshot_is_compared_with_later() {
    let rig = Rig::new();
    let before = rig.run("snapshot", &[]).unwrap();
    rig.evaluate(r#"apply(pool("web-lb/blue").swap("vm-web-1", "vm-web-5", #{ override: "same_port" }))"#).ok();
    rig.evaluate(r#"apply(pool("web-lb/blue").remove("vm-web-1")); refresh()"#).ok();
    rig.face.said.lock().unwrap().clear();
    let said = rig.run("compare", &[("before", &before)]).unwrap();
    assert!(said.contains("\"left\"") && said.contains("vm-web-1-nic"), "{said}");
    rig.face.said.lock().unwrap().clear();
    assert_eq!(rig.run("compare", &[("before", &before), ("after", &before)]).unwrap(), "[]");
}

#[test]
fn a_failure_is_caught_and_told() {
    let rig = Rig::with(&["PUT networkInterfaces 409 code=ScaleSetNotFound count=9"], |_| {});
    let text = r#"
        try { apply(pool("web-lb/blue").remove("vm-web-1")) }
        catch (err) {
            print(`${err.code} ${err.outcome.state}`);
            for step in err.outcome.steps.filter(|s| s.error != ()) { print(`${step.state}: ${step.resource} ${step.error}`); }
        }
        try { pool("db-lb/masters").add("vm-db-2") }
        catch (err) { print(`${err.code} ${err.resource}`); }
        try { pool("nowhere/none") } catch (err) { print(err.code); }
        try { pool("stg-*/*") } catch (err) { print(err.code); }
    "#;
    rig.evaluate(text).unwrap();
    let said = rig.face.said();
    for word in [
        "ScaleSetNotFound failed",
        "failed: /subscriptions/",
        "vm-web-1-nic",
        "exclusive /subscriptions/",
        "not_found",
        "ambiguous",
    ] {
        assert!(said.contains(word), "'{word}' is not in: {said}");
    }
    // What is not caught names its place, and its cause decides the exit code.
    let error = rig.evaluate("let x = 1;\npool(\"db-lb/masters\").add(\"vm-db-2\")").unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(matches!(error.cause.as_deref(), Some(SessionError::Plan(_))), "{error:?}");
}

#[test]
fn no_is_not_caught() {
    let rig = Rig::with(&[], |f| *f.answers.get_mut().unwrap() = vec![false]);
    let text = r#"try { apply(pool("web-lb/blue").remove("vm-web-1")) } catch { print("caught") } print("went on")"#;
    let error = rig.evaluate(text).unwrap_err();
    assert!(error.interrupted && error.message.contains("not confirmed"), "{error}");
    assert!(!rig.face.said().contains("went on"), "{}", rig.face.said());
    assert_eq!(rig.members("web-lb", "blue").len(), 4);
}

#[test]
fn plans_compose() {
    let rig = Rig::new();
    let text = r#"
        let web = pool("web-lb/blue");
        let both = plan([web.remove("vm-web-1"), web.add("vm-web-5")]);
        let later = web.remove("vm-web-1").pause("10s").then(web.remove("vm-web-2"));
        let undone = apply(web.remove("vm-web-1")).undo();
        [both.title, later.steps.map(|s| s.what), undone.title, both.guards.len() >= 0, later.diff.contains("web-lb/blue") || true]
    "#;
    let shown = rig.evaluate(text).unwrap().unwrap();
    for word in ["take vm-web-1 out", "vm-web-5", "pause", "write  vm-web-2"] {
        assert!(shown.contains(word), "'{word}' is not in: {shown}");
    }
    let refused = rig.evaluate("let w = pool(\"web-lb/blue\"); plan([w.remove(\"vm-web-2\"), w.add(\"vm-web-2\")])");
    assert!(refused.is_err());
}

#[test]
fn scripts_import_from_their_folders_alone() {
    let rig = Rig::new();
    let own = rig.state.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("lib.rhai"), "fn twice(x) { x * 2 }\nconst LIMIT = 7;\nprint(\"must not run\");").unwrap();
    std::fs::write(rig.state.path().join("out.rhai"), "fn f() { 1 }").unwrap();
    let value = rig.evaluate("import \"lib\" as lib; lib::twice(lib::LIMIT)").unwrap();
    assert_eq!(value.as_deref(), Some("14"));
    assert!(!rig.face.said().contains("must not run"));
    for outside in ["../out", "/etc/passwd", "lib/../../out", "own/lib"] {
        let error = rig.evaluate(&format!("import \"{outside}\" as x; 1")).unwrap_err();
        assert!(error.message.contains("is no script's name"), "{outside}: {error}");
    }
    let error = rig.evaluate("import \"nothing\" as x; 1").unwrap_err();
    assert!(error.message.contains("there is no script 'nothing'"), "{error}");
}

#[test]
fn a_script_ends_where_its_limits_are() {
    let rig = Rig::new();
    for (text, word) in [
        ("loop { }", "operations"),
        ("fn f(n) { f(n + 1) } f(0)", "overflow"),
        ("let s = \"x\"; loop { s += s; }", "string"),
        ("let a = []; loop { a.push(a.len()); a += a; }", "array"),
        ("eval(\"1\")", "eval"),
        ("run(\"no_such\")", "no script"),
        ("pool(\"web-lb/blue\").add()", "not found"),
    ] {
        let error = rig.evaluate(text).unwrap_err();
        assert!(error.to_string().to_lowercase().contains(word), "{text}: {error}");
    }
    // Wall time: of waits and of work.
    let mut console = rig.console();
    console.limit_time(std::time::Duration::from_millis(50));
    for text in ["sleep(\"24h\")", "loop { sleep(\"1s\"); }"] {
        let error = console.evaluate(text).unwrap_err();
        assert!(error.interrupted && error.message.contains("as long as it may"), "{error}");
    }
}

#[test]
fn the_check_finds_mistakes_and_names_their_place() {
    let known = Known::everything().unwrap();
    let findings = |text: &str| match check::check(&text_as("t", text), &known) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    for (text, words) in [
        ("let p = poool(\"a/b\");", vec!["t.rhai (of azlb):1:9", "no function 'poool'; did you mean pool?"]),
        ("print(1);\npool(5);", vec![":2:1", "argument 1 of pool is a number; a text was expected"]),
        ("fn mine(a) { a }\nmine(1, 2);", vec![":2:1", "mine takes 1 arguments, not 2"]),
        ("pool(\"a/b\").swap_master();", vec!["swap_master takes 1 or 2 arguments, not 0"]),
        ("let p = pool(\"a/b\"); p.wait_healthy(30)", vec!["argument 1 of wait_healthy is a number"]),
        ("let x = ;", vec![":1:9", "syntax error"]),
        ("const PARAMS = [#{ name: \"A\" }];", vec!["PARAMS[0]"]),
        (
            "for m in pool(\"a/b\").members() {\n  print(m.helth);\n}",
            vec![":2:11", "property 'helth'; did you mean health?"],
        ),
        (
            "const PARAMS = [#{ name: \"pool\", type: \"pool\" }];\nprint(params.pol + params.to.name);",
            vec![":2:14", "no parameter 'pol' in PARAMS; did you mean pool?", "no parameter 'to' in PARAMS"],
        ),
    ] {
        let found = findings(text);
        assert!(words.iter().all(|w| found.iter().any(|f| f.contains(w))), "{text}: {found:?}");
    }
    for good in [
        "let row = #{ helth: 1 }; row.stats = 2; print(row.helth + row.stats)",
        "let before = parse_json(\"{}\"); print(before.helth)",
        "for s in pool(\"a/b\").remove(\"c\").steps { print(s.writes) }",
        "let xs = [3, 1]; xs.sort(); xs.filter(|x| x > 1).len()",
        "print(`${1 + 1}`); \"a\".to_upper()",
    ] {
        assert_eq!(findings(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn a_procedure_is_run_by_its_name_with_checked_values() {
    let rig = Rig::new();
    rig.evaluate("run(\"drain_member\", #{ pool: \"web-lb/blue\", members: \"vm-web-1\", wait: \"5s\" })").unwrap();
    assert_eq!(rig.members("web-lb", "blue").len(), 3);
    for (text, word) in [
        ("run(\"drain_member\")", "the parameter 'pool' is missing"),
        ("run(\"drain_member\", #{ pol: 1 })", "there is no parameter 'pol'"),
        ("run(\"drain_member\", #{ pool: \"a/b\", members: \"x\", wait: \"soon\" })", "wait"),
        ("run(\"swap_master\", #{ pool: \"a/b\", to: \"x\", on_failure: \"pray\" })", "one of stop, continue, undo"),
    ] {
        let error = rig.evaluate(text).unwrap_err();
        assert!(error.message.contains(word), "{text}: {error}");
    }
}

/// What the screen asks for, recorded as script and evaluated on the same estate, is the same plan.
#[test]
fn a_recorded_line_makes_the_same_plan() {
    use azlb::changes::{Batch, describe};
    let rig = Rig::new();
    let session = &rig.face.session;
    rig.runtime.block_on(session.refresh()).unwrap();
    let options = || session.config().options();
    let mut tried = 0;
    // Ids, as the screen names its rows.
    let id = |m: &azlb::estate::members::Member| m.id.to_string();
    for row in session.pool_rows("") {
        let pool = session.pool(row.id.as_str()).unwrap();
        let members: Vec<String> = session.members(&pool.id).iter().map(id).collect();
        let candidates: Vec<String> = session.candidates(&pool.id).iter().take(4).map(id).collect();
        let some = |list: &[String]| list.iter().take(2).cloned().collect::<Vec<_>>();
        let minute = std::time::Duration::from_millis(61_500);
        let mut requests = vec![
            session.request_add(&pool, &some(&candidates), options()),
            session.request_add(&pool, &["10.9.9.9".to_owned(), "spare=10.9.9.10".to_owned()], options()),
            session.request_add(&pool, &["set:api-ss".to_owned(), "vm-web-8".to_owned()], options()),
            session.request_remove(&pool, &some(&members), options()),
            session.request_drain(&pool, &some(&members), minute, options()),
            session.request_replace(&pool, &some(&candidates), Batch::Count(1), options()),
            session.request_replace(&pool, &some(&candidates), "50%".parse().unwrap(), options()),
            session.request_admin_state(&pool, &some(&members), azlb::azure::backend_pool::AdminState::Down, options()),
        ];
        if let (Some(leaves), Some(joins)) = (members.first(), candidates.last()) {
            requests.push(session.request_swap(&pool, Some(leaves), joins, options()));
        }
        for other in session.pool_rows(row.load_balancer.as_str()).iter().filter(|o| o.id != row.id) {
            let to = session.pool(other.id.as_str()).unwrap();
            requests.push(session.request_move(&pool, &to, &some(&members), options()));
        }
        requests.push(session.request_evacuate(&["zone:1".to_owned()], Some(&row.load_balancer), options()));
        for request in requests.into_iter().flatten().filter(|r| !r.changes.is_empty()) {
            let line = azlb::script::record::line(session, &request);
            let direct = rig.runtime.block_on(session.plan(&request));
            let recorded = rig.console().evaluate(&line);
            match (direct, recorded) {
                (Ok(direct), Ok(recorded)) => {
                    let words = |text: String| text.split_once('\n').map(|(_, rest)| rest.to_owned());
                    let direct: Vec<String> = describe::plan(&direct).into_iter().map(|l| l.text).collect();
                    // The first line has the plan's own id, and so has the hint of its undo.
                    let no_id = |text: &str| -> Vec<String> {
                        text.lines().filter(|l| !l.contains("journal undo")).map(str::to_owned).collect()
                    };
                    let direct = words(direct.join("\n")).unwrap();
                    let recorded = words(recorded.unwrap()).unwrap();
                    assert_eq!(no_id(&recorded), no_id(&direct), "{line}");
                    tried += 1;
                }
                (Err(direct), Err(recorded)) => {
                    let same = recorded.message.contains(direct.to_string().lines().next().unwrap());
                    assert!(same, "{line}: {direct} / {recorded}");
                }
                (direct, recorded) => panic!("{line}:\n{direct:?}\n{recorded:?}"),
            }
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn lists_are_sorted_whatever_the_order_says() {
    let rig = Rig::new();
    for (text, expected) in [
        ("[3, 1, 2].sort()", "1 2 3"),
        ("[\"b\", \"a\"].sort().first()", "a"),
        ("[2.5, 1].sort().last()", "2.5"),
        ("let xs = [1, 2, 3]; xs.sort(|a, b| b - a); xs", "3 2 1"),
        ("[[2, 1], [1, 2], [1, 1]].sort(|a, b| a[0] < b[0]).map(|x| x[1])", "2 1 1"),
        ("[].first() == ()", "true"),
        // No order at all, of more than the standard sort would forgive.
        ("let xs = []; for i in 0..500 { xs.push(i); } xs.sort(|a, b| (a * 31 + b * 17) % 3 - 1).len()", "500"),
    ] {
        assert_eq!(rig.evaluate(text).unwrap().unwrap().replace('\n', " "), expected, "{text}");
    }
    // What fails in the function is told, and the list is as it was.
    let failed = rig
        .evaluate("let xs = [2, 1]; try { xs.sort(|a, b| pool(\"no/no\").size) } catch (err) { print(err.code) } xs");
    assert_eq!((failed.unwrap().unwrap().as_str(), rig.face.said().as_str()), ("2\n1", "not_found"));
    assert!(rig.evaluate("[1, \"a\"].sort()").unwrap_err().message.contains("no order of their own"));
}

#[test]
fn names_options_and_parameters_are_completed() {
    use azlb::script::complete::complete;
    let rig = Rig::new();
    rig.runtime.block_on(rig.face.session.refresh()).unwrap();
    let words = |text: &str| complete(&rig.face.session, &["before".to_owned()], text).1;
    assert_eq!(words("let x = bef"), ["before"]);
    assert_eq!(words("pool(\"DB-"), ["db-lb/masters"]);
    assert_eq!(words("pool(\"db-lb/masters\").swap_m"), ["swap_master("]);
    assert_eq!(words("pool(\"db-lb/masters\").swap_master(\"vm-db-"), ["vm-db-1", "vm-db-2", "vm-db-3"]);
    assert_eq!(words("pool(\"a/b\").remove(\"x\", #{ wait"), ["wait_healthy: "]);
    assert_eq!(words("align(\"api-ss\", #{ ask: \"1m\", on_"), ["on_limit: ", "on_failure: "]);
    assert_eq!(words("run(\"swap_m"), ["swap_master"]);
    assert_eq!(words("run(\"swap_master\", #{ "), ["pool: ", "to: ", "wait_healthy: ", "on_failure: "]);
    assert_eq!(words("run(\"swap_master\", #{ pool: \"db-"), ["db-lb/masters"]);
    assert_eq!(words("help(\"wait_h"), ["wait_healthy"]);
    assert_eq!(words("pool(\"a/b\").health().heal"), ["health", "health(", "healthy"]);
    // What is written down is a map of its own.
    assert!(words("let m = #{ po").contains(&"pool(".to_owned()));
}
