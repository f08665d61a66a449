//! The built binary, as a command and as a process that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn azlb(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_azlb"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("AZLB_STATE_DIR", state)
        .env("AZLB_CONFIG", state.join("none.toml"))
        .env_remove("AZLB_ARM_ENDPOINT")
        .env_remove("IDENTITY_ENDPOINT")
        .env_remove("IDENTITY_HEADER")
        .env_remove("AZURE_CLIENT_SECRET")
        .env_remove("AZURE_FEDERATED_TOKEN_FILE")
        .stdin(Stdio::null());
    std::fs::write(state.join("none.toml"), "").unwrap();
    command
}

fn run(state: &Path, line: &str) -> Output {
    azlb(state).args(line.split(' ')).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}\n{}", text(&output.stdout), text(&output.stderr)))
}

/// A simulator in a process of its own.
struct Sim {
    child: Child,
    env: Vec<(String, String)>,
}

impl Sim {
    fn start(options: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_azlb"))
            .arg("sim")
            .args(options.split(' ').filter(|w| !w.is_empty()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let line: Value = serde_json::from_str(&first).unwrap();
        assert!(line["endpoint"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        let env = line["env"].as_object().unwrap();
        let mut names: Vec<&String> = env.keys().collect();
        names.sort();
        assert_eq!(names, ["AZLB_ARM_ENDPOINT", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"]);
        let env = env.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
        Self { child, env }
    }

    fn command(&self, state: &Path, line: &str) -> Command {
        let mut command = azlb(state);
        command.args(line.split(' ')).envs(self.env.iter().cloned());
        command
    }

    fn run(&self, state: &Path, line: &str) -> Output {
        self.command(state, line).output().unwrap()
    }

    fn history(&self, pool: &str) -> Vec<Vec<String>> {
        let endpoint = &self.env.iter().find(|(k, _)| k == "AZLB_ARM_ENDPOINT").unwrap().1;
        let address = endpoint.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET /sim/history HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut all = String::new();
        std::io::Read::read_to_string(&mut stream, &mut all).unwrap();
        let body: Value = serde_json::from_str(all.split_once("\r\n\r\n").unwrap().1).unwrap();
        body.as_array()
            .unwrap()
            .iter()
            .filter(|e| e["pool"].as_str().unwrap().ends_with(pool))
            .map(|e| {
                e["members"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|m| m.as_str().unwrap().split('/').nth(8).unwrap().to_owned())
                    .collect()
            })
            .collect()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_shipped_script_swaps_the_master() {
    let state = TempDir::new().unwrap();
    let line = "run scripts/swap_master.rhai --pool db-lb/masters --to vm-db-2 --sim --sim-speed 50";
    let out = run(state.path(), &format!("{line} --yes"));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("vm-db-1 → vm-db-2"), "{}", text(&out.stdout));
    let out = run(state.path(), &format!("{line} --dry-run"));
    assert_eq!(out.status.code(), Some(0));
    assert!(text(&out.stdout).contains("2 writes") && text(&out.stdout).contains("nothing was changed"));
    // Nobody answers: nothing is done.
    let out = run(state.path(), line);
    assert_eq!(out.status.code(), Some(5));
    assert!(text(&out.stderr).contains("nothing was changed"));
    let out = run(state.path(), "run scripts/swap_master.rhai --help");
    assert_eq!(out.status.code(), Some(0));
    assert!(text(&out.stdout).contains("--wait-healthy") && text(&out.stdout).contains("Swap the single master"));
}

#[test]
fn a_confirmation_is_the_pools_name_and_nothing_else() {
    let state = TempDir::new().unwrap();
    let line = "swap --pool db-lb/masters --to vm-db-2 --sim --sim-speed 50";
    for (answer, code) in [("yes\n", 5), ("master\n", 5), ("masters\n", 0), ("\n", 5)] {
        let mut child = azlb(state.path())
            .args(line.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(code), "{answer:?}: {}", text(&out.stderr));
    }
}

#[test]
fn a_swap_is_one_json_document() {
    let state = TempDir::new().unwrap();
    let out = run(state.path(), "swap --pool db-lb/masters --to vm-db-2 --sim --sim-speed 50 --yes -o json");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let doc = json(&out);
    assert_eq!(doc["state"], "done");
    assert_eq!(doc["id"].as_str().unwrap().len(), 8);
    let states: Vec<&str> = doc["steps"].as_array().unwrap().iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done"; 5]);
    assert_eq!(doc["members"]["before"][0]["name"], "vm-db-1");
    assert_eq!(doc["members"]["after"][0]["name"], "vm-db-2");
    let list = json(&run(state.path(), "journal list -o json"));
    assert_eq!(list[0]["id"], doc["id"]);
    assert_eq!(list[0]["state"], "done");
}

#[test]
fn lists_have_their_columns_and_keys() {
    let state = TempDir::new().unwrap();
    let rows = json(&run(state.path(), "list members --sim -o json"));
    let row =
        |name: &str| rows.as_array().unwrap().iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    for key in [
        "subscription",
        "resource_group",
        "load_balancer",
        "pool",
        "kind",
        "name",
        "id",
        "ip",
        "power_state",
        "admin_state",
        "health",
    ] {
        assert!(row("vm-db-1").get(key).is_some(), "{key}");
    }
    for key in ["state", "reason", "source", "age_s"] {
        assert!(row("vm-db-1")["health"].get(key).is_some(), "{key}");
    }
    assert_eq!(row("vm-db-1")["health"]["state"], "up");
    assert_eq!(row("api-ss/3")["health"]["reason"], "Down_Probe_HttpStatusCodeError");
    assert_eq!(row("api-ss/5")["latest_model"], false);
    assert_eq!(row("node-4")["admin_state"], "Down");
    assert_eq!(row("node-4")["kind"], "address");
    assert_eq!(row("api-ss/0")["kind"], "instance");
    assert_eq!(row("vm-stg-app-2")["power_state"], "deallocated");
    assert_eq!(row("vm-stg-app-2")["health"]["state"], "unknown");
    assert_eq!(row("vm-legacy-1")["health"]["state"], "unknown");
    let candidates = json(&run(state.path(), "list candidates --pool db-lb/masters --sim -o json"));
    let names: Vec<&str> = candidates.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["vm-db-2", "vm-db-3"]);
    assert!(!names.contains(&"vm-db-1"));
    assert!(candidates[0]["id"].as_str().unwrap().contains("/ipConfigurations/"));
    let tsv = text(&run(state.path(), "list subscriptions --sim -o tsv").stdout);
    assert_eq!(tsv.lines().next().unwrap().split('\t').next(), Some("Contoso Production"));
    let pool = json(&run(state.path(), "show db-lb/masters --sim -o json"));
    assert_eq!(pool["name"], "masters");
    for what in ["subscriptions", "lbs", "pools"] {
        assert!(!json(&run(state.path(), &format!("list {what} --sim -o json"))).as_array().unwrap().is_empty());
    }
}

#[test]
fn mistakes_have_their_sentences_and_codes() {
    let state = TempDir::new().unwrap();
    let file = |name: &str, content: &str| {
        let path = state.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let bad_estate = file(
        "bad.jsonl",
        "{\"id\": \"/subscriptions/s\"}\n{\"id\": \"/subscriptions/s/resourceGroups/g\", \"properties\": 3}\n",
    );
    let bad_script = file("bad.rhai", "let x = 1;\nlet y = ;\n");
    let bad_call = file("call.rhai", "print(1);\n\n  nope(3);\n");
    let cases: &[(&str, i32, &[&str])] = &[
        ("swap --pool nope/x --to y --sim", 2, &["no pool 'nope/x'", "db-lb/masters"]),
        ("swap --pool db-lb/masters --to vm-nope --sim", 2, &["vm-nope", "vm-db-2"]),
        ("swap --pool masters --to vm-db-2 --sim", 2, &["LB/POOL", "SUB:RG/LB/POOL"]),
        ("swap --pool /subscriptions/x/bad --to vm-db-2 --sim", 2, &["/subscriptions/x/bad"]),
        ("add --pool db-lb/masters vm-db-1 --sim --yes", 3, &["already_member", "vm-db-1"]),
        ("add --pool db-lb/masters vm-db-2 --sim --yes", 3, &["exclusive", "azlb swap"]),
        ("remove --pool db-lb/masters vm-db-2 --sim --yes", 3, &["not_member"]),
        ("remove --pool db-lb/masters vm-db-1 --sim --yes", 3, &["never_empty", "--override never_empty"]),
        ("add --pool cache-lb/nodes vm-web-1 --sim --yes", 3, &["kind_mix", "10.1.1.4"]),
        ("remove --pool web-lb/blue vm-nobody --sim --yes", 2, &["vm-nobody", "vm-web-1"]),
        (&format!("list lbs --sim {bad_estate}"), 2, &["document 1", "'properties'", "bad.jsonl"]),
        (&format!("run {bad_script} --sim"), 2, &["line 2, column 9", "syntax error"]),
        (&format!("run {bad_call} --sim"), 1, &["line 3", "nope"]),
        ("run scripts/swap_master.rhai --pool a/b --to c --whoops 1 --sim", 2, &["--whoops"]),
        ("run scripts/swap_master.rhai --to c --sim", 2, &["--pool"]),
        ("run nosuch --sim", 2, &["nosuch"]),
        ("list lbs --sim --sim-fault nonsense", 2, &["METHOD PATH FAULT"]),
        ("journal show zz", 2, &["no plan 'zz'"]),
        ("swap --read-only --pool db-lb/masters --to vm-db-2 --sim --yes", 3, &["read-only"]),
        ("--sim", 1, &["needs a terminal"]),
    ];
    for (line, code, words) in cases {
        let out = run(state.path(), line);
        let stderr = text(&out.stderr);
        assert_eq!(out.status.code(), Some(*code), "{line}: {stderr}");
        for word in *words {
            assert!(stderr.contains(word), "{line}: '{word}' is not in: {stderr}");
        }
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
    }
}

/// An answer without end is given up in time, and what else there is is shown.
#[test]
fn an_oversized_answer_is_refused_and_hides_nothing_else() {
    let state = TempDir::new().unwrap();
    let output = azlb(state.path())
        .args([
            "list",
            "lbs",
            "--sim",
            "--sim-speed",
            "1000",
            "--sim-fault",
            "GET 0001/providers/Microsoft.Network/loadBalancers oversized",
        ])
        .output()
        .unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(err.contains("larger than 64 MiB"), "{err}");
    assert!(out.contains("stg-"), "{out}\n{err}");
}

#[test]
fn what_is_ambiguous_lists_its_matches() {
    let state = TempDir::new().unwrap();
    let mut estate: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let copy = |document: &Value, from: &str, to: &str| -> Value {
        serde_json::from_str(&document.to_string().replace(from, to)).unwrap()
    };
    // A second db-lb in another group, and a second NIC of vm-db-2.
    let lb = estate.iter().find(|d| d["name"] == "db-lb").unwrap();
    let mut twin =
        copy(lb, "rg-db/providers/Microsoft.Network/loadBalancers", "rg-web/providers/Microsoft.Network/loadBalancers");
    for pool in twin["properties"]["backendAddressPools"].as_array_mut().unwrap() {
        pool["properties"] = serde_json::json!({});
    }
    let nic = estate.iter().find(|d| d["name"] == "vm-db-2-nic").unwrap();
    let second = copy(nic, "vm-db-2-nic", "vm-db-2-nic-b");
    estate.extend([twin, second]);
    let file = state.path().join("estate.json");
    std::fs::write(&file, Value::Array(estate).to_string()).unwrap();
    let sim =
        |words: &[&str]| azlb(state.path()).args(words).arg(format!("--sim={}", file.display())).output().unwrap();
    let out = sim(&["swap", "--pool", "db-lb/masters", "--to", "vm-db-3"]);
    let stderr = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        stderr.contains("Contoso Production:rg-db/db-lb/masters") && stderr.contains(":rg-web/db-lb/masters"),
        "{stderr}"
    );
    let pool = "Contoso Production:rg-db/db-lb/masters";
    let out = sim(&["swap", "--pool", pool, "--to", "vm-db-2"]);
    let stderr = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr.contains("vm-db-2-nic/ipconfig1") && stderr.contains("vm-db-2-nic-b/ipconfig1"), "{stderr}");
    let out = sim(&["swap", "--pool", pool, "--to", "vm-db-2-nic-b/ipconfig1", "--dry-run"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}

#[test]
fn the_wrong_server_and_no_sign_in_are_told_apart() {
    let state = TempDir::new().unwrap();
    let sim = Sim::start("");
    // A server that is not ARM: the token comes from the simulator, the answer from elsewhere.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>");
        }
    });
    let out = sim
        .command(state.path(), "list lbs")
        .env("AZLB_ARM_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("not Resource Manager's"), "{}", text(&out.stderr));
    // Nobody signs in: the identity's secret is wrong, and there is no az.
    let out = sim.command(state.path(), "list lbs").env("IDENTITY_HEADER", "wrong").env("PATH", "").output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    let stderr = text(&out.stderr);
    assert!(
        stderr.contains("managed identity") && stderr.contains("az login") && stderr.contains("az CLI"),
        "{stderr}"
    );
    // A plain http endpoint beyond loopback would send the token in clear.
    let out = sim.command(state.path(), "list lbs").env("AZLB_ARM_ENDPOINT", "http://10.0.0.1").output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("https"));
}

/// SIGKILL in the middle of a swap, at several moments; another process goes on or takes it back.
#[test]
fn a_killed_swap_is_resumed_or_undone() {
    for (after_ms, recover, master) in [
        (150, "resume", "vm-db-2"),
        (900, "resume", "vm-db-2"),
        (150, "undo", "vm-db-1"),
        (900, "undo", "vm-db-1"),
        (1500, "undo", "vm-db-1"),
    ] {
        let state = TempDir::new().unwrap();
        // Operations of two seconds, so that the kill falls into them.
        let sim = Sim::start("--speed 3 --seed 7");
        let mut child = sim
            .command(state.path(), "swap --pool db-lb/masters --to vm-db-2 --yes")
            .env("AZLB_SPEED", "3")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The journal's first line says that it is under way.
        let journal = state.path().join("journal");
        let begun = std::time::Instant::now();
        while std::fs::read_dir(&journal).map(|d| d.count()).unwrap_or(0) == 0 && begun.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        std::thread::sleep(std::time::Duration::from_millis(after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let list = json(&sim.run(state.path(), "journal list -o json"));
        let (id, was) = (list[0]["id"].as_str().unwrap(), list[0]["state"].as_str().unwrap());
        assert_eq!(was, "interrupted", "{after_ms} {recover}");
        let out = sim
            .command(state.path(), &format!("journal {recover} {id} --yes -o json"))
            .env("AZLB_SPEED", "3")
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(0), "{after_ms} {recover}: {}", text(&out.stderr));
        let rows = json(&sim.run(state.path(), "list members --pool db-lb/masters --no-health -o json"));
        assert_eq!(rows.as_array().unwrap().len(), 1);
        assert_eq!(rows[0]["name"], master, "{after_ms} {recover}");
        let history = sim.history("/db-lb/backendaddresspools/masters");
        assert!(history.iter().all(|m| m.len() <= 1), "{after_ms} {recover}: {history:?}");
        let state_now = json(&sim.run(state.path(), &format!("journal show {id} -o json")));
        assert_eq!(state_now["state"], if recover == "undo" { "undone" } else { "done" });
    }
}

#[test]
fn the_repl_reads_entries_from_a_pipe() {
    let state = TempDir::new().unwrap();
    let mut child = azlb(state.path())
        .args(["repl", "--sim"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let entries = "let p = pool(\"web-lb/blue\");\nfor m in p.members() {\n  print(m.name);\n}\np.health()\nfn twice(x) { x * 2 }\ntwice(21)\nnope()\n";
    child.stdin.take().unwrap().write_all(entries.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let stdout = text(&out.stdout);
    assert!(stdout.contains("vm-web-1\nvm-web-2\nvm-web-3\nvm-web-4\n"), "{stdout}");
    assert!(stdout.contains("4 up, 0 down") && stdout.contains("42"), "{stdout}");
    assert!(text(&out.stderr).contains("nope"));
    assert_eq!(out.status.code(), Some(1));
}

/// What a shell would be answered for the last word of a line.
fn completed(state: &Path, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let answer = azlb(state)
        .env("AZLB_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .arg("--")
        .args(words)
        .output()
        .unwrap();
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    text(&answer.stdout).lines().map(str::to_owned).collect()
}

/// Shells complete commands, a script's parameters, and names that the last listing left behind.
#[test]
fn a_shell_completes_names_of_the_estate() {
    let state = TempDir::new().unwrap();
    let state = state.path();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = run(state, &format!("completions {shell}"));
        assert!(script.status.success() && text(&script.stdout).contains("AZLB_COMPLETE"), "{shell}");
    }
    assert!(completed(state, "azlb --sim swap --pool ").is_empty(), "nothing is listed yet");
    assert_eq!(completed(state, "azlb sw"), ["swap"]);
    assert_eq!(completed(state, "azlb run swap_m"), ["swap_master"]);
    assert!(completed(state, "azlb run swap_master --").contains(&"--wait-healthy".to_owned()));
    assert!(run(state, "list pools --sim").status.success());
    assert_eq!(completed(state, "azlb --sim swap --pool DB"), ["db-lb/masters"]);
    assert_eq!(completed(state, "azlb --sim swap --pool db-lb/masters --to vm-db"), ["vm-db-2", "vm-db-3"]);
    assert_eq!(completed(state, "azlb remove --sim --pool db-lb/masters vm"), ["vm-db-1"]);
    assert_eq!(completed(state, "azlb --sim evacuate zo"), ["zone:1", "zone:2", "zone:3"]);
    let to = completed(state, "azlb run swap_master --sim --pool db-lb/masters --to vm-db");
    assert_eq!(to, ["vm-db-2", "vm-db-3"]);
    assert!(completed(state, "azlb swap --pool db").is_empty(), "the simulator's names are not the cloud's");
    let part = azlb(state).args(["list", "pools", "--sim", "--subscription", "Contoso Staging"]).output().unwrap();
    assert!(part.status.success() && !text(&part.stdout).contains("web-lb"));
    assert_eq!(completed(state, "azlb --sim swap --pool DB"), ["db-lb/masters"], "a part hides nothing");
    let swap = run(state, "swap --sim --sim-speed 100 --pool db-lb/masters --to vm-db-2 --yes -o json");
    let id = json(&swap)["id"].as_str().unwrap().to_owned();
    assert_eq!(completed(state, &format!("azlb journal undo {}", &id[..2])), [id]);
}

/// One answer in every form, whole or a part of it.
#[test]
fn every_form_of_the_output_says_the_same() {
    let state = TempDir::new().unwrap();
    let state = state.path();
    let whole = json(&run(state, "list pools --sim -o json"));
    let yaml = run(state, "list pools --sim -o yaml");
    assert_eq!(serde_yaml_ng::from_slice::<Value>(&yaml.stdout).unwrap(), whole);
    let lines = run(state, "list pools --sim -o jsonl");
    let items: Vec<Value> = text(&lines.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(items), whole);

    let query = |form: &str, query: &str| {
        azlb(state).args(["list", "pools", "--sim", form, "--query", query]).output().unwrap()
    };
    let exclusive = json(&query("-o=json", "[?exclusive].{pool: selector, members: members}"));
    assert_eq!(exclusive[0], serde_json::json!({ "pool": "db-lb/masters", "members": 1 }));
    let tsv = query("-o=tsv", "[?exclusive].[selector, kind]");
    assert_eq!(text(&tsv.stdout).lines().next(), Some("db-lb/masters\tnic"));
    assert_eq!(text(&query("-o=table", "length([?exclusive])").stdout), "2\n");
    assert_eq!(text(&query("-o=yaml", "[0].rules").stdout), "- api\n");
    let wrong = query("-o=json", "[?");
    assert_eq!((wrong.status.code(), text(&wrong.stdout).as_str()), (Some(2), ""));
    assert!(text(&wrong.stderr).contains("--query"), "{}", text(&wrong.stderr));
}

#[test]
fn a_script_gives_its_output_to_programs_and_its_words_to_people() {
    let state = TempDir::new().unwrap();
    let state = state.path();
    let own = state.join("own.rhai");
    let script = "//! Says who serves.\nconst PARAMS = [#{ name: \"pool\", type: \"pool\", help: \"Which\" }];\n\
                  let p = pool(params.pool);\nprint(\"looking\");\nfor m in p.membership() { emit(#{ name: m.name }); }\n";
    std::fs::write(&own, script).unwrap();
    let line = |rest: &str| {
        let mut command = azlb(state);
        command.arg("run").arg(&own).args(rest.split(' ')).output().unwrap()
    };
    let out = line("--pool web-lb/blue --sim -o jsonl");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let names: Vec<Value> = text(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((names.len(), &names[0]["name"]), (4, &Value::from("vm-web-1")));
    assert!(text(&out.stderr).contains("looking"));
    let one = line("--pool web-lb/blue --sim -o json --query [].name");
    assert_eq!(json(&one)[3], "vm-web-4", "{}", text(&one.stdout));
    // Plans that are applied report in it too: one document, a list where there are several.
    let two = state.join("two.rhai");
    let blue = "pool(\"web-lb/blue\")";
    std::fs::write(&two, format!("apply({blue}.remove(\"vm-web-1\")); apply({blue}.add(\"vm-web-1\")); emit(7);"))
        .unwrap();
    let out =
        azlb(state).arg("run").arg(&two).args(["--sim", "--sim-speed", "50", "--yes", "-o", "json"]).output().unwrap();
    let all = json(&out);
    assert_eq!((&all[0]["state"], &all[1]["state"], &all[2]), (&"done".into(), &"done".into(), &7.into()));
    // Nobody can be asked for what is missing.
    let missing = line("--sim");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("--pool"), "{}", text(&missing.stderr));
    let unknown = line("--pool web-lb/blue --sim --pol x");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("'--pool'"), "a near name is told: {}", text(&unknown.stderr));
}

#[test]
fn saved_scripts_are_listed_shown_made_and_checked() {
    let state = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    let command = |line: &str| azlb(state.path()).current_dir(folder.path()).args(line.split(' ')).output().unwrap();
    let list = json(&command("scripts list -o json"));
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    for name in ["audit", "evacuate_zone", "failover", "rolling_maintenance", "swap_master"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(text(&command("scripts show failover").stdout).starts_with("//! "));
    assert!(text(&command("scripts doc swap_master").stdout).contains("--to"));
    assert!(text(&command("scripts doc").stdout).contains("wait_healthy"));
    assert_eq!(command("scripts new mine").status.code(), Some(0));
    assert_ne!(command("scripts new mine").status.code(), Some(0), "nothing is written over");
    assert_eq!(command("scripts check").status.code(), Some(0), "the new one and all that are shipped");
    std::fs::write(folder.path().join("scripts/mine.rhai"), "pool(\"a/b\").remuve(\"c\");\n").unwrap();
    let wrong = command("scripts check mine");
    assert_eq!(wrong.status.code(), Some(2));
    let said = format!("{}{}", text(&wrong.stdout), text(&wrong.stderr));
    assert!(said.contains("mine.rhai:1:13") && said.contains("did you mean remove?"), "{said}");
    assert_eq!(command("scripts show ../none").status.code(), Some(2));
    // The help of every command as pages of the manual.
    assert_eq!(command("man pages").status.code(), Some(0));
    let page = std::fs::read_to_string(folder.path().join("pages/azlb-swap.1")).unwrap();
    assert!(page.contains("fail a master over"), "{page}");
}

/// The line with which a shipped script says how it is rehearsed, typed as it stands.
#[test]
fn every_shipped_script_is_rehearsed_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut rehearsed = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let script = std::fs::read_to_string(&path).unwrap();
        let line = script.lines().find_map(|l| l.strip_prefix("//! Rehearse it:  azlb "));
        let Some(line) = line else { continue };
        let state = TempDir::new().unwrap();
        // A script may say that another's output goes in.
        let snapshot = text(&run(state.path(), "run snapshot --sim -o json").stdout);
        let line = line.replace("\"$(azlb run snapshot --sim -o json)\"", &format!("'{}'", snapshot.trim()));
        let mut words = shlex::split(&line).unwrap();
        for (option, value) in [("--sim-speed", Some("50")), ("--yes", None)] {
            if !words.iter().any(|w| w == option) {
                words.push(option.to_owned());
                words.extend(value.map(str::to_owned));
            }
        }
        let out = azlb(state.path()).args(&words).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{}: {}", path.display(), text(&out.stderr));
        assert!(!out.stdout.is_empty(), "{}", path.display());
        rehearsed += 1;
    }
    assert!(rehearsed >= 14, "{rehearsed}");
}
