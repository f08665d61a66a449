//! The binary on a terminal of its own: it starts, follows the size, stops and goes on, ends in good
//! order however it is ended, and never leaves the terminal as it must not be left.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize};
use tempfile::TempDir;

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const CURSOR: &str = "\x1b[?25h";

/// What the terminal was sent so far.
type Sent = Arc<(Mutex<(Vec<u8>, bool)>, Condvar)>;

struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn std::io::Write + Send>,
    sent: Sent,
    state: Arc<TempDir>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    fn start_with(config: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), config, variables, &[])
    }

    /// Another command than the screen, in a folder that may hold files already.
    fn start_in(state: TempDir, config: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let file = state.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let pair = portable_pty::native_pty_system().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_azlb"));
        command.args(["--sim", "--sim-speed", "20"]);
        command.args(arguments);
        // Where it would save scripts.
        command.cwd(state.path());
        command.env("AZLB_CONFIG", &file);
        command.env("AZLB_STATE_DIR", state.path());
        command.env("LANG", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        command.env_remove("LC_ALL");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.env_remove("COLORFGBG");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let sent: Sent = Arc::default();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&sent);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut so_far = shared.0.lock().unwrap();
                so_far.0.extend_from_slice(&buffer[..read]);
                so_far.1 = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, sent, state: Arc::new(state) }
    }

    /// Waits until what was sent from `from` on satisfies this; gives all that was sent.
    fn wait(&self, what: &str, from: usize, is: impl Fn(&str) -> bool) -> String {
        let mut so_far = self.sent.0.lock().unwrap();
        loop {
            let text = String::from_utf8_lossy(&so_far.0[from.min(so_far.0.len())..]).into_owned();
            if is(&text) {
                return text;
            }
            assert!(!so_far.1, "the terminal was closed before {what}: {text:?}");
            let (next, time) = self.sent.1.wait_timeout(so_far, Duration::from_secs(30)).unwrap();
            assert!(!time.timed_out(), "no {what}: {text:?}");
            so_far = next;
        }
    }

    /// Waits until this stands on the screen, as a terminal of its size shows it.
    fn shows(&self, what: &str) {
        self.wait(what, 0, |sent| {
            let mut screen = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
            screen.process(sent.as_bytes());
            screen.screen().contents().contains(what)
        });
    }

    fn length(&self) -> usize {
        self.sent.0.lock().unwrap().0.len()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn step(&mut self, keys: &str, what: &str) {
        self.press(keys);
        self.shows(what);
    }

    /// The master is swapped by the saved script's form.
    fn swap_by_form(&mut self) {
        self.shows("db-lb");
        self.step("x", "Saved scripts");
        self.step("swap_master", ":swap_master");
        self.step("\r", "The pool, as LB/POOL");
        // Fields are filled from the first that is empty.
        self.step("db-lb/masters\tvm-db-2\r", "then the name masters");
        self.step("amasters\r", "is done: swap");
        self.step("\x1b", "q quit");
    }

    fn pid(&self) -> rustix::process::Pid {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::Pid::from_raw(pid).unwrap()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until the process has stopped; a signal to go on before that would be lost.
    fn stopped(&self) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        waitid(WaitId::Pid(self.pid()), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
    }

    /// Waits for the end: the exit code, and all that was sent.
    fn end(mut self) -> (u32, String) {
        let mut so_far = self.sent.0.lock().unwrap();
        while !so_far.1 {
            let (next, time) = self.sent.1.wait_timeout(so_far, Duration::from_secs(30)).unwrap();
            so_far = next;
            if time.timed_out() {
                self.child.kill().unwrap();
                panic!("it does not end: {:?}", String::from_utf8_lossy(&so_far.0));
            }
        }
        let status = self.child.wait().unwrap();
        (status.exit_code(), String::from_utf8_lossy(&so_far.0).into_owned())
    }
}

/// The terminal is as it was: the other screen left last, the cursor shown.
fn given_back(sent: &str) {
    let left = sent.rfind(LEAVE).expect("the alternate screen is left");
    assert!(sent.rfind(ENTER).is_none_or(|entered| entered < left), "{sent:?}");
    assert!(sent[left..].contains(CURSOR), "{sent:?}");
}

#[test]
fn it_starts_follows_the_size_and_leaves() {
    let mut terminal = Terminal::start("");
    terminal.wait("first frame", 0, |t| t.contains("Estate") && t.contains("quit"));
    let before = terminal.length();
    terminal.master.resize(size(10, 40)).unwrap();
    terminal.wait("frame of the new size", before, |t| t.contains("Estate"));
    terminal.press("q");
    let (code, sent) = terminal.end();
    assert_eq!(code, 0);
    given_back(&sent);
}

#[test]
fn it_stops_gives_the_terminal_back_and_goes_on() {
    for by_key in [true, false] {
        let mut terminal = Terminal::start("");
        terminal.wait("first frame", 0, |t| t.contains("Estate"));
        let before = terminal.length();
        if by_key {
            terminal.press("\x1a");
        } else {
            terminal.signal(rustix::process::Signal::TSTP);
        }
        terminal.wait("the terminal given back", before, |t| t.contains(LEAVE));
        terminal.stopped();
        let stopped = terminal.length();
        terminal.signal(rustix::process::Signal::CONT);
        terminal.wait("the screen again", stopped, |t| t.contains(ENTER) && t.contains("Estate"));
        terminal.press("q");
        let (code, sent) = terminal.end();
        assert_eq!(code, 0);
        given_back(&sent);
    }
}

#[test]
fn it_ends_in_good_order_when_it_is_told_to() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let terminal = Terminal::start("");
        terminal.wait("first frame", 0, |t| t.contains("Estate"));
        terminal.signal(signal);
        let (_, sent) = terminal.end();
        given_back(&sent);
    }
}

#[test]
fn a_wrong_configuration_never_takes_the_terminal() {
    for (config, words) in [
        ("theme = \"drak\"", ["theme drak", "high-contrast"]),
        ("[keys]\nswap = \"a\"", ["both swap and add", "config.toml:2: "]),
        ("[keys]\n# faster\nfly = \"F\"", ["no action 'fly'", "config.toml:3: "]),
        ("columns = [\"nmae\"]", ["line 1", "nmae"]),
        ("colour = \"red\"", ["line 1", "colour"]),
    ] {
        let (code, sent) = Terminal::start(config).end();
        assert_eq!(code, 2, "{config}");
        assert!(words.iter().all(|w| sent.contains(w)), "{config}: {sent}");
        assert!(!sent.contains(ENTER), "{sent:?}");
    }
}

#[test]
fn keys_and_theme_of_the_configuration_are_used() {
    let mut terminal = Terminal::start("theme = \"high-contrast\"\n[keys]\nquit = \"Q\"\n");
    terminal.wait("first frame", 0, |t| t.contains("Estate") && t.contains('Q'));
    let before = terminal.length();
    terminal.press("?");
    terminal.wait("the help", before, |t| t.contains("Help"));
    terminal.press("q");
    terminal.press("Q");
    assert_eq!(terminal.end().0, 0);
}

/// A fault of azlb itself gives the terminal back and leaves a report without names.
#[test]
fn a_panic_gives_the_terminal_back_and_leaves_a_report() {
    let mut terminal = Terminal::start_with("", &[("AZLB_TEST_PANIC", "1")]);
    terminal.wait("first frame", 0, |t| t.contains("Estate"));
    // F12, in a build for tests, is a panic.
    terminal.press("jj\x1b[24~");
    let state = Arc::clone(&terminal.state);
    let (code, sent) = terminal.end();
    assert_ne!(code, 0);
    given_back(&sent);
    assert!(sent.contains("this is a fault of azlb") && sent.contains("azlb journal list"), "{sent}");
    let reports: Vec<_> = std::fs::read_dir(state.path().join("screens")).unwrap().map(Result::unwrap).collect();
    let report = std::fs::read_to_string(reports[0].path()).unwrap();
    assert!(report.contains("Down Down") && report.contains("asked for by a test"), "{report}");
    assert!(!report.contains("Contoso") && !report.contains("db-lb"), "{report}");
}

/// The terminal is asked for its background and not waited for; its answer is no key press.
#[test]
fn a_light_background_is_taken_up_when_the_terminal_tells_it() {
    let mut terminal = Terminal::start("");
    terminal.wait("the question", 0, |t| t.contains("\x1b]11;?"));
    terminal.wait("first frame", 0, |t| t.contains("Estate"));
    let before = terminal.length();
    terminal.press("\x1b]11;rgb:ffff/ffff/f0f0\x1b\\");
    terminal.press("T");
    let sent = terminal.wait("the themes", before, |t| t.contains("high-contrast"));
    assert!(!sent.contains("Kept places"), "a letter of the answer was a key: {sent:?}");
    terminal.press("\rq");
    assert_eq!(terminal.end().0, 0);
    let configured = Terminal::start("theme = \"dark\"\n");
    let sent = configured.wait("first frame", 0, |t| t.contains("Estate"));
    assert!(!sent.contains("\x1b]11"), "nothing is asked where a theme is chosen");
}

/// A saved script is launched by its form, shows its plan, and waits for the name.
#[test]
fn a_script_is_launched_by_its_form() {
    let mut terminal = Terminal::start("");
    terminal.swap_by_form();
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

/// What was done on the screen and in its console is saved as a script that can be run again.
#[test]
fn what_was_done_is_saved_as_a_script() {
    let mut terminal = Terminal::start("");
    // By the form, then by an entry.
    terminal.swap_by_form();
    terminal.step("c", "enter evaluate");
    terminal.step("pool(\"db-lb/masters\").size\r", "› pool(\"db-lb/masters\").size");
    terminal.step(":save night\r", "azlb run night");
    terminal.step(":save night\r", "exists");
    terminal.step("\x1b", "q quit");
    let file = terminal.state.path().join("scripts/night.rhai");
    let text = std::fs::read_to_string(file).unwrap();
    for part in
        ["//! night: recorded.", "\"default\": \"db-lb/masters\"", "run(\"swap_master\"", "pool(params.pool).size;"]
    {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
    azlb::script::engine::compile_alone("night", &text).unwrap();
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

/// A script's question is a list to pick from, narrowed by letters; Ctrl-C there is the operator's stop.
#[test]
fn a_script_lets_somebody_pick() {
    let script = "let p = choose(\"Which pool?\", pools().map(|p| p.selector));\nprint(`chosen: ${p}`);\n";
    let start = || {
        let state = TempDir::new().unwrap();
        std::fs::write(state.path().join("pick.rhai"), script).unwrap();
        let terminal = Terminal::start_in(state, "", &[], &["run", "pick.rhai"]);
        terminal.shows("> api-lb/api");
        terminal
    };
    let mut terminal = start();
    terminal.press("msters");
    terminal.shows("> db-lb/masters");
    terminal.press("\r");
    terminal.shows("chosen: db-lb/masters");
    assert_eq!(terminal.end().0, 0);
    let mut terminal = start();
    terminal.press("\x03");
    terminal.shows("stopped by the operator");
    let (code, sent) = terminal.end();
    assert_eq!(code, 5);
    assert!(sent.rfind(CURSOR) > sent.rfind("\x1b[?25l"), "the cursor is shown again: {sent:?}");
}

/// Ctrl-C at a question is a no, at once: of a command, of a script, of a plan that asks between its steps.
#[test]
fn a_question_is_called_off() {
    let start = |arguments: &[&str], question: &str| {
        let terminal = Terminal::start_in(TempDir::new().unwrap(), "", &[], arguments);
        terminal.shows(question);
        terminal
    };
    let swap = ["swap", "--pool", "db-lb/masters", "--to", "vm-db-2"];
    for arguments in [&swap[..], &["run", "swap_master", "--pool", "db-lb/masters", "--to", "vm-db-2"]] {
        let mut terminal = start(arguments, "type the pool's name (masters): ");
        terminal.press("\x03");
        let (code, sent) = terminal.end();
        assert!(code == 5 && sent.contains("nothing was changed"), "{code}: {sent}");
    }
    // The answer may come in pieces, and what was typed in time counts.
    let mut terminal = start(&swap, "type the pool's name (masters): ");
    terminal.press("mast");
    terminal.press("ers\r");
    terminal.shows("Plan");
    assert_eq!(terminal.end().0, 0);
    // A plan's own question has a limit, after which nobody's line is waited for.
    let asking = |limit: &'static str| [&swap[..], &[limit, "--yes"]].concat();
    let terminal = start(&asking("--ask=1s"), "Type yes to go on: ");
    let (code, sent) = terminal.end();
    assert!(code == 4 && sent.contains("journal"), "{code}: {sent}");
    let mut terminal = start(&asking("--ask=10m"), "Type yes to go on: ");
    terminal.press("yes\r");
    assert_eq!(terminal.end().0, 0);
}
