//! The figures of `docs/performance.md`: `cargo bench --bench figures`, or `-- NAME` for one.
//!
//! It measures whole processes and whole plans, and prints what the document quotes. Nothing here
//! passes or fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use azlb::changes::lanes::Limits;
use azlb::sim::{Options, Simulator, generate};
use support::*;
use tempfile::TempDir;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    // `cargo bench --bench figures -- planning` measures that alone.
    let only: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| o == name);
    if wanted("first_frame") {
        first_frame();
    }
    if wanted("swap") {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(swap());
    }
    if wanted("discovery") {
        discovery("");
        discovery("--no-throttle");
    }
    if wanted("makespan") {
        makespan();
    }
    if wanted("planning") {
        planning();
    }
    if wanted("screen") {
        screen();
    }
    if wanted("scripts") {
        scripts();
    }
    if wanted("terminal") {
        terminal();
    }
    if wanted("simulator") {
        simulator_alone();
    }
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort();
    of[of.len() / 2]
}

/// From exec to the first frame, with an endpoint that accepts connections and never answers.
fn first_frame() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let state = TempDir::new().unwrap();
    let mut times = Vec::new();
    for _ in 0..11 {
        let pty = portable_pty::native_pty_system();
        let pair = pty.openpty(portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_azlb"));
        command.env("AZLB_ARM_ENDPOINT", &endpoint);
        command.env("IDENTITY_ENDPOINT", format!("{endpoint}/msi/token"));
        command.env("IDENTITY_HEADER", "x");
        command.env("AZLB_STATE_DIR", state.path());
        let start = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 8192];
        while !String::from_utf8_lossy(&seen).contains("Estate") {
            let n = reader.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..n]);
        }
        times.push(start.elapsed());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("first frame: {:?} median of 11, from exec, before any answer of the network", median(times));
}

/// A swap's own time: operations take no time, probes are not waited for.
async fn swap() {
    let mut times = Vec::new();
    let mut requests = 0;
    for round in 0..21 {
        let options = Options { operation_time: Duration::ZERO, throttle: false, ..Options::default() };
        let simulator = demo(options);
        let state = TempDir::new().unwrap();
        let session = session(&simulator, state.path());
        session.refresh().await.unwrap();
        let mut request = swap_request(&session, "vm-db-2");
        request.options.wait_healthy = Duration::ZERO;
        let before = session.reader().traffics().counts();
        let start = Instant::now();
        let report = apply(&session, &request).await;
        // The first round warms up.
        if round > 0 {
            times.push(start.elapsed());
        }
        assert!(is_done(&report));
        let after = session.reader().traffics().counts();
        requests = after.0 + after.1 - before.0 - before.1;
    }
    println!("swap: {:?} median of 20, planned, journalled, verified; {requests} requests", median(times));
}

/// Listing a generated estate of 1,000 load balancers and 10,000 NICs, each process its own.
fn discovery(option: &str) {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_azlb"))
        .args(["sim", "--generate", "subs=1,lbs=1000,nics=10000"])
        .args(Some(option).filter(|o| !o.is_empty()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sim.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let first: serde_json::Value = serde_json::from_str(&line).unwrap();
    let endpoint = first["endpoint"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let state = TempDir::new().unwrap();
    let mut times = Vec::new();
    let mut peak = 0;
    let mut requests = 0;
    for _ in 0..3 {
        let before = gets(&endpoint);
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_azlb"))
            .args(["list", "pools", "-o", "tsv"])
            .envs(first["env"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())))
            .env("AZLB_STATE_DIR", state.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait().unwrap().is_none() {
            let high = std::fs::read_to_string(&status).unwrap_or_default();
            let kb =
                high.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            peak = peak.max(kb.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(start.elapsed());
        // The question itself and the token are two of them.
        requests = gets(&endpoint) - before - 1;
    }
    sim.kill().unwrap();
    sim.wait().unwrap();
    println!(
        "discovery of 1,000 load balancers and 10,000 NICs {}: {:?} median of 3, {requests} requests with the token's, peak memory {} MB",
        if option.is_empty() { "through ARM's buckets" } else { "without ARM's buckets" },
        median(times),
        peak / 1024
    );
}

fn gets(address: &str) -> u64 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /sim/requests HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    let body: serde_json::Value = serde_json::from_str(all.split_once("\r\n\r\n").unwrap().1).unwrap();
    body["GET"].as_u64().unwrap()
}

/// Moving many NICs between two pools in simulated time, against the bound that lanes and budgets
/// allow: 8 writes at once, each as long as its operation.
fn makespan() {
    for count in [20, 200, 2000] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let size: generate::Size = format!("subs=1,lbs=1,nics={}", count + 1).parse().unwrap();
            let simulator = Arc::new(Simulator::new(generate::estate(size), Options { page_size: 1000, ..Options::default() }).unwrap());
            let state = TempDir::new().unwrap();
            let session = session(&simulator, state.path());
            session.refresh().await.unwrap();
            let (a, b) = (session.pool("lb-0000/a").unwrap(), session.pool("lb-0000/b").unwrap());
            let names: Vec<String> = (0..count).map(|n| format!("vm-{n:05}")).collect();
            let mut options = session.config().options();
            options.wait_healthy = Duration::ZERO;
            let request = session.request_move(&a, &b, &names, options).unwrap();
            let start = Instant::now();
            let plan = session.plan(&request).await.unwrap();
            let planned = start.elapsed();
            let before = session.reader().traffics().counts();
            let simulated = tokio::time::Instant::now();
            let report = apply_plan(&session, plan).await;
            assert!(is_done(&report));
            let took = simulated.elapsed();
            let after = session.reader().traffics().counts();
            let requests = (after.0 + after.1 - before.0 - before.1) as f64 / count as f64;
            let lanes = Limits::default().per_load_balancer as f64;
            let operation = 2.0 * (count as f64 / lanes).ceil();
            // The bucket of writes: 200 at once, then 10 a second.
            let budget = (count as f64 - 200.0).max(0.0) / 10.0;
            let bound = operation.max(budget);
            println!(
                "moving {count} NICs: {:.1} s simulated, {:.2} of the bound of {bound:.0} s; {requests:.2} requests a NIC; read and planned in {planned:?}",
                took.as_secs_f64(),
                took.as_secs_f64() / bound
            );
        });
    }
}

/// Planning alone, a pure function: 1,000 and 10,000 moves.
/// The simulator alone: how fast it starts, how much it holds, how many NICs it serves in a second.
fn simulator_alone() {
    use bytes::Bytes;
    let before = resident_kb();
    let start = Instant::now();
    let size: generate::Size = "subs=100,lbs=1000,nics=50000,seed=7".parse().unwrap();
    let options = Options { throttle: false, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let simulator = Simulator::new(generate::estate(size), options).unwrap();
    let started = start.elapsed();
    let held = resident_kb() - before;
    let request = http::Request::get("http://sim/msi/token?resource=http://sim&api-version=2019-08-01")
        .header("x-identity-header", simulator.identity_header());
    let answer = simulator.handle(request.body(Bytes::new()).unwrap()).unwrap();
    let token: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let ids: Vec<String> = simulator
        .documents()
        .iter()
        .filter_map(|d| d["id"].as_str().filter(|id| id.contains("/networkInterfaces/")).map(str::to_owned))
        .collect();
    let start = Instant::now();
    let mut served = 0u32;
    for id in ids.iter().cycle() {
        let uri = format!("http://sim{id}?api-version=2024-05-01");
        let request = http::Request::get(uri).header("authorization", &token).body(Bytes::new()).unwrap();
        assert_eq!(simulator.handle(request).unwrap().status(), 200);
        served += 1;
        if start.elapsed() > Duration::from_secs(3) {
            break;
        }
    }
    println!(
        "simulator of 50,000 NICs with their VMs and 1,000 load balancers: started in {started:?}, {:.1} kB a NIC, {:.0} GETs of a NIC in a second on one core",
        held as f64 / 50_000.0,
        f64::from(served) / start.elapsed().as_secs_f64()
    );
}

/// The memory of this process that is in use, in kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn planning() {
    let mut times = Vec::new();
    for count in [1_000, 10_000] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let took = runtime.block_on(async {
            let size: generate::Size = format!("subs=1,lbs=10,nics={}", count + 10).parse().unwrap();
            let options = Options { page_size: 1000, throttle: false, ..Options::default() };
            let simulator = Arc::new(Simulator::new(generate::estate(size), options).unwrap());
            let state = TempDir::new().unwrap();
            let session = session(&simulator, state.path());
            session.refresh().await.unwrap();
            let options = session.config().options();
            let mut changes = Vec::new();
            for lb in 0..10 {
                let (a, b) = (format!("lb-{lb:04}/a"), format!("lb-{lb:04}/b"));
                let (a, b) = (session.pool(&a).unwrap(), session.pool(&b).unwrap());
                for member in session.members(&a.id).into_iter().take(count / 10) {
                    let target = azlb::changes::MemberTarget::IpConfig(member.id);
                    let member = azlb::changes::MemberRef { target, name: member.name.into() };
                    changes.push(azlb::changes::Change::Move { member, from: a.id.clone(), to: b.id.clone() });
                }
            }
            assert_eq!(changes.len(), count);
            let request = azlb::changes::Request { title: "many".to_owned(), changes, options };
            let documents = azlb::changes::gather::gather(session.reader(), &request).await.unwrap();
            let once = || {
                let start = Instant::now();
                let plan = azlb::changes::plan::plan(&request, &documents, "x").unwrap();
                let took = start.elapsed();
                assert_eq!(plan.writes().count(), count);
                took
            };
            median((0..101).map(|_| once()).collect())
        });
        times.push(took);
    }
    println!(
        "planning 1,000 moves {:?}, 10,000 moves {:?}: {:.1} times (medians of 101)",
        times[0],
        times[1],
        times[1].as_secs_f64() / times[0].as_secs_f64()
    );
}

/// A session that has listed a generated estate.
async fn generated(size: &str) -> (azlb::session::Session, TempDir) {
    let size: generate::Size = size.parse().unwrap();
    let options = Options { page_size: 1000, throttle: false, ..Options::default() };
    let simulator = Arc::new(Simulator::new(generate::estate(size), options).unwrap());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    (session, state)
}

/// A face that nobody looks at.
#[derive(Default)]
struct Nobody(azlb::script::host::Stop);

impl azlb::script::Host for Nobody {
    fn print(&self, _: &str) {}

    fn confirm(&self, _: &azlb::changes::Plan) -> Result<bool, azlb::session::SessionError> {
        Ok(false)
    }

    fn apply(
        &self,
        _: &azlb::changes::Plan,
    ) -> Result<Option<azlb::script::host::Applied>, azlb::session::SessionError> {
        Ok(None)
    }

    fn ask(&self, _: &str) -> Result<bool, azlb::session::SessionError> {
        Ok(false)
    }

    fn choose(&self, _: &str, _: &[String]) -> Result<usize, azlb::session::SessionError> {
        Ok(0)
    }

    fn progress(&self, _: &str, _: u64, _: u64) {}

    fn emit(&self, _: &serde_json::Value, _: &[String]) {}

    fn stop(&self) -> &azlb::script::host::Stop {
        &self.0
    }
}

/// What a script adds to a call of the core, and how long reading an estate takes in one.
fn scripts() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // 1,000 load balancers with two pools each.
    let (session, _state) = runtime.block_on(generated("subs=4,lbs=1000,nics=10000"));
    let timed = |session: &azlb::session::Session, name: &str, text: &str| {
        let host = Arc::new(Nobody::default());
        let mut console = azlb::script::Console::new(session.clone(), host, runtime.handle().clone());
        let script = console.compile(name, text).unwrap();
        let run = |console: &mut azlb::script::Console| {
            let start = Instant::now();
            console.run(&script, rhai::Map::new()).unwrap();
            start.elapsed()
        };
        run(&mut console);
        median((0..11).map(|_| run(&mut console)).collect())
    };
    let direct = |what: &dyn Fn()| {
        what();
        let times = (0..11).map(|_| {
            let start = Instant::now();
            what();
            start.elapsed()
        });
        median(times.collect())
    };
    const CALLS: u32 = 1000;
    let one = session.pool_rows("").into_iter().max_by_key(|p| p.members).unwrap();
    let by_script = timed(&session, "pool", &format!("for i in 0..{CALLS} {{ pool(\"{}\"); }}", one.selector));
    let by_core = direct(&|| {
        for _ in 0..CALLS {
            std::hint::black_box(session.pool_row_of(&one.selector).unwrap());
        }
    });
    println!(
        "scripts: pool(…) {:?} a call, the core {:?}: {:?} more",
        by_script / CALLS,
        by_core / CALLS,
        by_script.saturating_sub(by_core) / CALLS
    );
    let text = format!("let p = pool(\"{}\"); for i in 0..{CALLS} {{ p.membership(); }}", one.selector);
    let by_script = timed(&session, "membership", &text);
    let by_core = direct(&|| {
        for _ in 0..CALLS {
            std::hint::black_box(session.member_rows(&one.id));
        }
    });
    println!(
        "scripts: membership() of {} members {:?} a call, the core {:?}: {:?} more",
        one.members,
        by_script / CALLS,
        by_core / CALLS,
        by_script.saturating_sub(by_core) / CALLS
    );
    let text = "let n = 0; for p in pools() { for m in p.membership() { if m.ip != () && m.name != \"\" { n += 1; } } } \
                if n < 5000 { throw n; }";
    let pools = session.pool_rows("");
    let members: usize = pools.iter().map(|p| p.members).sum();
    println!("scripts: {} pools with {members} members are read in {:?}", pools.len(), timed(&session, "all", text));
    let (large, _state) = runtime.block_on(generated("subs=1,lbs=1,nics=20000"));
    let pool = large.pool_rows("").into_iter().max_by_key(|p| p.members).unwrap();
    let text = format!(
        "let n = 0; for m in pool(\"{}\").membership() {{ if m.ip != () && m.name != \"\" {{ n += 1; }} }} if n != {} {{ throw n; }}",
        pool.selector, pool.members
    );
    println!("scripts: one pool of {} members is read in {:?}", pool.members, timed(&large, "large", &text));
}

/// Keys on the screen with an estate of 50,000 NICs: from the key to the frame, and what goes to the
/// terminal.
fn screen() {
    use azlb::tui::event::Event;
    use azlb::tui::theme::Faces;
    use azlb::tui::{model::Model, snapshot, update::update, view};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (session, _state) = runtime.block_on(generated("subs=1,lbs=10,nics=50000"));
    let faces = Faces::shipped("dark", true);
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 40)).unwrap();
    let _guard = runtime.enter();
    let mut model = Model::new(true, String::new());
    update(&mut model, Event::Estate(Arc::new(snapshot::tree(&session))));
    let key = |model: &mut Model, code| {
        update(model, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    };
    let pool = session.pool("lb-0000/a").unwrap().id;
    for code in ["j", "l", "j"] {
        key(&mut model, KeyCode::Char(code.chars().next().unwrap()));
    }
    let start = Instant::now();
    let pool = snapshot::pool(&session, &pool).unwrap();
    let (members, candidates) = (pool.members.len(), pool.candidates.len());
    println!("screen: a pool of {members} members and {candidates} who could join is read in {:?}", start.elapsed());
    update(&mut model, Event::Pool(Arc::new(pool)));
    // What a cursor's move sends to a terminal.
    let sent = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let backend = ratatui::backend::CrosstermBackend::new(Sink(std::rc::Rc::clone(&sent)));
    let fixed =
        ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 120, 40)) };
    let mut wire = ratatui::Terminal::with_options(backend, fixed).unwrap();
    key(&mut model, KeyCode::Tab);
    let mut moves: Vec<usize> = (0..60)
        .map(|n| {
            key(&mut model, KeyCode::Char(if n % 3 == 2 { 'k' } else { 'j' }));
            wire.draw(|frame| view::draw(&mut model, frame, &faces)).unwrap();
            std::mem::take(&mut *sent.borrow_mut()).len()
        })
        .skip(1)
        .collect();
    moves.sort_unstable();
    println!("screen: a cursor's move among members sends {} bytes (median), {} (most)", moves[29], moves[58]);
    key(&mut model, KeyCode::Tab);
    let mut measure = |what: &str, model: &mut Model, codes: &[KeyCode]| {
        let mut times: Vec<Duration> = (0..600)
            .map(|n| {
                let start = Instant::now();
                key(model, codes[n % codes.len()]);
                terminal.draw(|frame| view::draw(model, frame, &faces)).unwrap();
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("screen: {what}: median {:?}, 99th of 100 {:?}, of 600 keys at 120x40", times[300], times[594]);
    };
    measure("tree", &mut model, &[KeyCode::Char('k'), KeyCode::Char('j')]);
    key(&mut model, KeyCode::Tab);
    measure("members", &mut model, &[KeyCode::Char('j'), KeyCode::Char('j'), KeyCode::Char('k')]);
    key(&mut model, KeyCode::Char('o'));
    key(&mut model, KeyCode::Char('o'));
    measure("members sorted by name", &mut model, &[KeyCode::Char('j'), KeyCode::Char('j'), KeyCode::Char('k')]);
    key(&mut model, KeyCode::Char('/'));
    let filter: Vec<KeyCode> = "vm-1".chars().map(KeyCode::Char).chain([KeyCode::Backspace; 4]).collect();
    measure("a filter typed", &mut model, &filter);
    key(&mut model, KeyCode::Esc);
    key(&mut model, KeyCode::Char(':'));
    update(&mut model, Event::Places(snapshot::places(&session)));
    let palette: Vec<KeyCode> = "vm123".chars().map(KeyCode::Char).chain([KeyCode::Backspace; 5]).collect();
    measure("the palette typed", &mut model, &palette);
}

/// A place where what is written is counted.
struct Sink(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The binary on a terminal: what it writes and costs while nothing happens, and what it holds with an
/// estate of 100,000 members.
fn terminal() {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_azlb"))
        .args(["sim", "--no-throttle", "--generate", "subs=1,lbs=20,nics=100000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(sim.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let line: serde_json::Value = serde_json::from_str(&first).unwrap();
    let state = TempDir::new().unwrap();
    let pair = portable_pty::native_pty_system()
        .openpty(portable_pty::PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })
        .unwrap();
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_azlb"));
    for (name, value) in line["env"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command.env("AZLB_STATE_DIR", state.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    let pid = child.process_id().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut keys = pair.master.take_writer().unwrap();
    let seen = Arc::new(std::sync::Mutex::new(Vec::<u8>::new()));
    let shared = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            shared.lock().unwrap().extend_from_slice(&buffer[..n]);
        }
    });
    // The listing is over when nothing is written any more for ten seconds.
    let quiet = |seconds: u64| {
        let mut last = 0;
        loop {
            std::thread::sleep(Duration::from_secs(seconds));
            let now = seen.lock().unwrap().len();
            if now == last {
                return now;
            }
            last = now;
        }
    };
    quiet(10);
    keys.write_all(b"p").unwrap();
    let before = quiet(3);
    let cpu = || -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    };
    let used = cpu();
    std::thread::sleep(Duration::from_secs(30));
    let written = seen.lock().unwrap().len() - before;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find(|l| l.starts_with("VmRSS")).unwrap().to_owned();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap().to_owned();
    println!("terminal: 30 s idle and paused: {written} bytes written, {:.2} s of processor time", cpu() - used);
    println!("terminal: 100,000 members listed: {resident}, {peak}");
    child.kill().unwrap();
    child.wait().unwrap();
    sim.kill().unwrap();
    sim.wait().unwrap();
}
