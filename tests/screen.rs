//! The screen through its true loop: keys in, frames out, on a simulator in memory and in paused
//! time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use azlb::sim::{Options, Simulator};
use azlb::tui::app::{Look, run};
use azlb::tui::dump;
use azlb::tui::kept::Kept;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures::stream;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use support::*;
use tempfile::TempDir;

/// What a script of keys is made of: words are key names or text, each followed by a moment.
fn keys(script: &str) -> Vec<KeyEvent> {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    let mut out = Vec::new();
    for word in script.split(' ') {
        match word {
            "enter" => out.push(plain(KeyCode::Enter)),
            "esc" => out.push(plain(KeyCode::Esc)),
            "tab" => out.push(plain(KeyCode::Tab)),
            "space" => out.push(plain(KeyCode::Char(' '))),
            "down" => out.push(plain(KeyCode::Down)),
            "right" => out.push(plain(KeyCode::Right)),
            "ctrl-a" => out.push(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::CONTROL)),
            "ctrl-c" => out.push(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            text => out.extend(text.chars().map(|c| plain(KeyCode::Char(c)))),
        }
    }
    out
}

struct Seen {
    frame: String,
    buffer: Buffer,
    simulator: Arc<Simulator>,
}

/// Runs the loop with a script of keys, a quarter of a second apart after a first look of three
/// seconds, and then lets it rest before the terminal goes away.
async fn play(size: (u16, u16), script: &str, rest: u64, read_only: bool) -> Seen {
    play_in(size, script, rest, read_only, Look::shipped("dark")).await
}

/// With faults: lines as `--sim-fault` takes them.
async fn play_on(faults: &[&str], size: (u16, u16), script: &str, rest: u64) -> Seen {
    let simulator = demo(Options::default());
    faults.iter().for_each(|fault| simulator.inject(fault.parse().unwrap()));
    play_with(simulator, size, script, rest, false, Look::shipped("dark")).await
}

async fn play_in(size: (u16, u16), script: &str, rest: u64, read_only: bool, look: Look) -> Seen {
    play_with(demo(Options::default()), size, script, rest, read_only, look).await
}

async fn play_with(
    simulator: Arc<Simulator>,
    size: (u16, u16),
    script: &str,
    rest: u64,
    read_only: bool,
    look: Look,
) -> Seen {
    let state = TempDir::new().unwrap();
    let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
    let session = session_on(wire, state.path(), |c| c.read_only = read_only);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let keys = keys(script);
    let count = keys.len();
    let typed = stream::unfold((0, keys), move |(n, keys)| async move {
        let wait = if n == 0 {
            3000
        } else if n == count {
            rest * 1000
        } else {
            250
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let key = *keys.get(n)?;
        Some((Ok(Event::Key(key)), (n + 1, keys)))
    });
    run(&mut terminal, session, typed, look).await.unwrap();
    let buffer = terminal.backend().buffer().clone();
    let frame = dump::text(&buffer).trim_end_matches('\n').to_owned();
    // Lines at the end that are empty are lines all the same.
    let lines = frame.split('\n').count();
    let frame = format!("{frame}{}", "\n".repeat(usize::from(size.1).saturating_sub(lines)));
    Seen { frame, buffer, simulator }
}

const TO_MASTERS: &str = "j j j j l j enter";

#[tokio::test(start_paused = true)]
async fn the_first_screen_counts_who_is_up() {
    let seen = play((80, 24), "", 2, false).await;
    for word in
        ["Contoso Prod", "db-lb         1/1 up", "api-lb        5/6 up", "cache-lb      3/4 up", "may write", "? help"]
    {
        assert!(seen.frame.contains(word), "'{word}' is not in:\n{}", seen.frame);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_shows_its_members_and_who_could_join() {
    let seen = play((80, 24), TO_MASTERS, 2, false).await;
    for word in [
        "db-lb/masters  NIC pool  exclusive  1/1 up",
        "floating IP",
        "probe tcp 59999, every 5 s, 2 in a row",
        "● up      vm-db-1",
        "could join",
        "○ not in  vm-db-2",
        "live ",
    ] {
        assert!(seen.frame.contains(word), "'{word}' is not in:\n{}", seen.frame);
    }
}

#[tokio::test(start_paused = true)]
async fn a_swap_is_shown_confirmed_by_name_and_watched() {
    let plan = play((80, 24), &format!("{TO_MASTERS} j s"), 2, false).await;
    for word in [
        "swap vm-db-1 for vm-db-2",
        "− ipconfig1: db-lb/masters",
        "+ ipconfig1: db-lb/masters",
        "a, then the name masters, applies",
    ] {
        assert!(plan.frame.contains(word), "'{word}' is not in:\n{}", plan.frame);
    }
    let wrong = play((80, 24), &format!("{TO_MASTERS} j s a yes enter"), 2, false).await;
    assert!(wrong.frame.contains("'yes' is not masters; nothing was changed"), "{}", wrong.frame);
    assert_eq!(members(&wrong.simulator, "db-lb", "masters"), ["vm-db-1-nic"]);
    let left = play((80, 24), &format!("{TO_MASTERS} j s enter"), 2, false).await;
    assert!(left.frame.contains("was left; nothing was changed"), "{}", left.frame);
    let done = play((80, 24), &format!("{TO_MASTERS} j s a masters enter"), 40, false).await;
    assert!(done.frame.contains("5/5") && done.frame.contains("is done: swap vm-db-1 for vm-db-2"), "{}", done.frame);
    assert_eq!(members(&done.simulator, "db-lb", "masters"), ["vm-db-2-nic"]);
    assert_eq!(most_ever(&done.simulator, "/db-lb/backendaddresspools/masters"), 1);
}

/// A pool that the configuration protects is changed after its name was typed, exclusive or not.
#[tokio::test(start_paused = true)]
async fn a_protected_pools_name_is_typed() {
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
    let session = session_on(wire, state.path(), |c| c.protected = vec!["web-lb/blue".to_owned()]);
    session.refresh().await.unwrap();
    let pool = session.pool("web-lb/blue").unwrap();
    let request = session.request_remove(&pool, &["vm-web-1".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert!(plan.exclusive.is_empty());
    assert!(!plan.confirmed_by("yes") && plan.confirmed_by("blue") && plan.confirmed_by("web-lb/blue"));
    let green = session.pool("web-lb/green").unwrap();
    let request = session.request_remove(&green, &["vm-web-5".to_owned()], session.config().options()).unwrap();
    assert!(session.plan(&request).await.unwrap().confirmed_by("yes"));
}

#[tokio::test(start_paused = true)]
async fn marked_members_move_together_and_the_console_says_how() {
    // web-lb is the fifth load balancer; green its second pool; blue is chosen by filter.
    let script = "j j j j j l j j enter space space v blue enter a";
    let seen = play((80, 24), script, 40, false).await;
    assert_eq!(members(&seen.simulator, "web-lb", "green"), ["vm-web-7-nic", "vm-web-8-nic"]);
    assert_eq!(members(&seen.simulator, "web-lb", "blue").len(), 6);
    let seen = play((120, 24), &format!("{script} esc"), 1, false).await;
    let line = "apply(pool(\"web-lb/green\").move_to([\"vm-web-5\", \"vm-web-6\"], pool(\"web-lb/blue\")))";
    assert!(seen.frame.contains(line), "{}", seen.frame);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_session_says_so_and_applies_nothing() {
    let seen = play((80, 24), &format!("{TO_MASTERS} j s a masters enter"), 5, true).await;
    assert!(seen.frame.contains("READ-ONLY"), "{}", seen.frame);
    assert_eq!(members(&seen.simulator, "db-lb", "masters"), ["vm-db-1-nic"]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_narrows_the_tree_and_esc_forgets_it() {
    let seen = play((80, 24), "/ cache", 1, false).await;
    assert!(
        seen.frame.contains("/cache") && seen.frame.contains("nodes") && !seen.frame.contains("web-lb"),
        "{}",
        seen.frame
    );
    let seen = play((80, 24), "/ cache esc", 1, false).await;
    assert!(seen.frame.contains("web-lb"), "{}", seen.frame);
    let seen = play((120, 40), "j l j enter / state:down enter", 1, false).await;
    assert!(seen.frame.contains("api-ss/3") && !seen.frame.contains("api-ss/2 "), "{}", seen.frame);
}

#[tokio::test(start_paused = true)]
async fn the_help_lists_what_applies_here() {
    let seen = play((80, 24), "?", 1, false).await;
    assert!(seen.frame.contains("keys that apply here") && !seen.frame.contains("take out"), "{}", seen.frame);
    let seen = play((80, 24), &format!("{TO_MASTERS} ?"), 1, false).await;
    assert!(seen.frame.contains("take out") && seen.frame.contains("shows a plan first"), "{}", seen.frame);
}

#[tokio::test(start_paused = true)]
async fn every_size_is_survived() {
    for size in [(1, 1), (2, 3), (11, 4), (12, 4), (20, 6), (40, 12), (59, 10), (60, 11), (200, 60)] {
        for script in ["", TO_MASTERS, "j j j j l j enter j s", "J", "?", "c", "j j j j j l j j enter v"] {
            let seen = play(size, script, 1, false).await;
            assert_eq!(seen.frame.split('\n').count(), usize::from(size.1), "{size:?} {script}");
        }
    }
}

/// Presses keys at random over a simulator that fails now and then. `a` and `y` are not among them: whatever
/// else is pressed, nothing is written, and nothing breaks.
async fn press_at_random(seed: u64, rounds: usize, keys: usize) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let sizes = [(80, 24), (40, 12), (20, 6), (120, 40), (200, 60)];
    for round in 0..rounds {
        let pool = [
            "j", "k", "h", "l", "g", "G", "tab", "enter", "esc", "space", "s", "d", "v", "/", "p", "r", "J", "e", "u",
            "?", "U", "x", ":", "i", "H", "o", "O", "M", "*", "[", "]", "f", "n", "N", "ctrl-a", "db", "down", "c",
            "é",
        ];
        let script: Vec<&str> = (0..keys).map(|_| pool[chance.usize(..pool.len())]).collect();
        let script = script.join(" ");
        let seen = play_on(
            &[
                "GET * 429 p=0.05 retry-after=2",
                "GET * 500 p=0.05",
                "POST health reset-before p=0.1",
                "GET * html p=0.02",
                "GET * truncated p=0.02",
            ],
            sizes[round % sizes.len()],
            &script,
            30,
        )
        .await;
        assert_eq!(put_count(&seen.simulator), 0, "seed {seed}, round {round}: {script}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_at_random_never_write_without_a_plan() {
    press_at_random(11, 10, 300).await;
}

/// The long run: `cargo test --release --test screen a_hundred_thousand -- --ignored`.
#[tokio::test(start_paused = true)]
#[ignore = "takes a minute"]
async fn a_hundred_thousand_keys_at_random() {
    press_at_random(12, 200, 500).await;
}

fn put_count(simulator: &Simulator) -> u64 {
    let request = http::Request::builder().uri("http://sim/sim/requests").body(bytes::Bytes::new()).unwrap();
    let answer = simulator.handle(request).unwrap();
    let counts: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    counts["PUT"].as_u64().unwrap_or(0)
}

/// The palette finds what stands anywhere in the estate, and the way back is remembered.
#[tokio::test(start_paused = true)]
async fn the_palette_goes_to_any_resource_and_back() {
    let seen = play((80, 24), ": green enter", 2, false).await;
    assert!(seen.frame.contains("web-lb/green  NIC pool"), "{}", seen.frame);
    let member = play((80, 24), ": vm-web-6 enter", 2, false).await;
    assert!(member.frame.contains("web-lb/green") && member.frame.contains("▸ ? unknown vm-web-6"), "{}", member.frame);
    let back = play((80, 24), ": green enter [", 2, false).await;
    assert!(back.frame.contains("Enter opens"), "{}", back.frame);
    let forward = play((80, 24), ": green enter [ ]", 2, false).await;
    assert!(forward.frame.contains("web-lb/green  NIC pool"), "{}", forward.frame);
    let machine = play((80, 24), ": db-3 enter", 2, false).await;
    assert!(machine.frame.contains("vm-db-3-nic  JSON"), "{}", machine.frame);
    let command = play((80, 24), ": jobs enter", 2, false).await;
    assert!(command.frame.contains("Journal"), "{}", command.frame);
}

#[tokio::test(start_paused = true)]
async fn a_document_is_searched_folded_and_turned() {
    let seen = play((80, 24), &format!("{TO_MASTERS} i / alloc enter"), 2, false).await;
    assert!(seen.frame.contains("vm-db-1-nic  JSON  /alloc"), "{}", seen.frame);
    assert!(seen.frame.contains("privateIPAllocationMethod"), "{}", seen.frame);
    let yaml = play((80, 24), "j j j j i f", 2, false).await;
    assert!(yaml.frame.contains("db-lb  YAML") && yaml.frame.contains("name: db-lb"), "{}", yaml.frame);
    let folded = play((80, 24), "j j j j i / sku enter space", 2, false).await;
    assert!(folded.frame.contains("▸   \"sku\": { …") && !folded.frame.contains("\"tier\""), "{}", folded.frame);
    let none = play((80, 24), "j j j j i / zebra enter", 2, false).await;
    assert!(none.frame.contains("'zebra' is not in this document"), "{}", none.frame);
    let left = play((80, 24), "j j j j i esc", 2, false).await;
    assert!(left.frame.contains("Estate"), "{}", left.frame);
}

#[tokio::test(start_paused = true)]
async fn health_is_shown_by_member_and_rule_with_its_reason_and_the_last_hour() {
    let seen = play((100, 30), "j H", 3, false).await;
    for word in [
        "api-lb  each member by each rule",
        "api-ss/3 ✗ down",
        "api-ss/3: answers with an HTTP status other than 200 (by api)",
        "probe status",
        "new connections",
        "83 %",
    ] {
        assert!(seen.frame.contains(word), "'{word}' is not in:\n{}", seen.frame);
    }
    // Paused, it says so, and the age goes on.
    let paused = play((100, 30), "j H p", 35, false).await;
    assert!(paused.frame.contains("paused") && paused.frame.contains("rule health 30s old"), "{}", paused.frame);
}

#[tokio::test(start_paused = true)]
async fn rows_are_sorted_and_marked_by_the_range() {
    let first = |frame: &str| frame.lines().find(|l| l.contains("api-ss/")).unwrap_or_default().to_owned();
    let to_api = "j l j enter";
    let listed = play((100, 30), to_api, 2, false).await;
    assert!(first(&listed.frame).contains("api-ss/0"), "{}", listed.frame);
    let worst = play((100, 30), &format!("{to_api} o"), 2, false).await;
    assert!(first(&worst.frame).contains("api-ss/3"), "{}", worst.frame);
    let last = play((100, 30), &format!("{to_api} o o O"), 2, false).await;
    assert!(first(&last.frame).contains("api-ss/5"), "{}", last.frame);
    let range = play((100, 30), &format!("{to_api} space j j M"), 2, false).await;
    assert!(range.frame.contains(" 4 marked "), "{}", range.frame);
    let all = play((100, 30), &format!("{to_api} / state:up enter ctrl-a *"), 2, false).await;
    assert!(!all.frame.contains("marked"), "{}", all.frame);
    let all = play((100, 30), &format!("{to_api} / state:up enter ctrl-a"), 2, false).await;
    assert!(all.frame.contains(" 5 marked "), "{}", all.frame);
}

/// Order and columns are there again at the next start; the theme too.
#[tokio::test(start_paused = true)]
async fn what_was_chosen_is_kept() {
    let state = TempDir::new().unwrap();
    let look =
        || Look { kept: Kept::read(state.path()), state: Some(state.path().to_owned()), ..Look::shipped("dark") };
    let first = play_in((120, 30), ": blue enter tab o o O w : theme light enter", 2, false, look()).await;
    assert!(first.frame.contains("name↑") && first.frame.contains("latest"), "{}", first.frame);
    let again = play_in((120, 30), ": blue enter tab", 2, false, look()).await;
    assert!(again.frame.contains("name↑") && again.frame.contains("latest"), "{}", again.frame);
    assert!(std::fs::read_to_string(state.path().join("screen.json")).unwrap().contains("light"));
    std::fs::write(state.path().join("screen.json"), "{broken").unwrap();
    let fresh = play_in((120, 30), ": blue enter tab", 2, false, look()).await;
    assert!(!fresh.frame.contains("name↑"), "{}", fresh.frame);
}

/// The mouse selects, opens and scrolls, and does no more.
#[tokio::test(start_paused = true)]
async fn a_click_selects_and_another_opens() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let session = session_on(Arc::new(Wire::new(Arc::clone(&simulator), None)), state.path(), |_| {});
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let at = |kind, column, row| Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = |column, row| at(MouseEventKind::Down(MouseButton::Left), column, row);
    // db-lb is selected and opened, its pool selected, its second row, and the wheel goes to the end.
    let events = vec![click(5, 6), click(5, 6), click(8, 7), click(40, 7), at(MouseEventKind::ScrollDown, 40, 7)];
    let typed = stream::unfold((0, events), |(n, events)| async move {
        tokio::time::sleep(Duration::from_millis(2000)).await;
        let event = events.get(n)?.clone();
        Some((Ok(event), (n + 1, events)))
    });
    run(&mut terminal, session, typed, Look::shipped("dark")).await.unwrap();
    let frame = dump::text(terminal.backend().buffer());
    assert!(frame.contains("db-lb/masters") && frame.contains("▸ ○ not in  api-ss/1"), "{frame}");
}

#[tokio::test(start_paused = true)]
async fn own_keys_work_and_are_shown() {
    let keys = toml::from_str("palette = \"W\"\nhelp = \"f1\"").unwrap();
    let mut look = Look::shipped("dark");
    look.keymap = azlb::tui::keymap::Keymap::new(&keys).unwrap();
    let seen = play_in((80, 24), "W green enter", 2, false, look).await;
    assert!(seen.frame.contains("web-lb/green  NIC pool"), "{}", seen.frame);
    assert!(seen.frame.contains("W go to") && seen.frame.contains("f1 help"), "{}", seen.frame);
}

/// A theme's file is read anew when it was written, and a mistake in it leaves the old colours.
#[tokio::test(start_paused = true)]
async fn a_theme_is_chosen_and_read_anew() {
    let seen = play((80, 24), ": theme light enter", 1, false).await;
    assert!(seen.frame.contains("theme light"), "{}", seen.frame);
    let blue = ratatui::style::Color::Indexed(25);
    assert!(seen.buffer.content().iter().any(|c| c.bg == blue), "the selection has the theme's colour");
}

/// Every theme at every size, as it was when it was last looked at. Where a picture has changed on purpose:
/// `INSTA_UPDATE=always cargo test --test screen pictures`.
#[tokio::test(start_paused = true)]
async fn pictures_of_every_theme_and_size() {
    for theme in ["dark", "light", "high-contrast", "colour-blind", "16-colour", "mono"] {
        for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
            let script = format!("{TO_MASTERS} j space");
            let seen = play_in((width, height), &script, 2, false, Look::shipped(theme)).await;
            insta::assert_snapshot!(
                format!("members-{theme}-{width}x{height}"),
                dump::ansi(&seen.buffer).replace('\x1b', "␛")
            );
        }
    }
    for (name, script) in [("health", "j H"), ("document", "j j j j i"), ("palette", ": master"), ("help", "?")] {
        for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
            let seen = play((width, height), script, 3, false).await;
            // Traffic is made up by the minute of the clock.
            let made_up = ["new connections", "bytes", "SNAT ports used"];
            let still =
                |line: &str| made_up.iter().find(|m| line.contains(*m)).map_or(line.to_owned(), |m| (*m).to_owned());
            let frame: Vec<String> = seen.frame.lines().map(still).collect();
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), frame.join("\n"));
        }
    }
}

/// The documents' pictures: `AZLB_WRITE=1 cargo test --test screen drawn` makes them anew.
#[tokio::test(start_paused = true)]
async fn the_documents_pictures_are_drawn_by_the_screen_itself() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    for (name, script, size) in [
        ("members", TO_MASTERS.to_owned(), (100, 26)),
        ("plan", format!("{TO_MASTERS} j s"), (100, 26)),
        ("health", "j H".to_owned(), (100, 26)),
    ] {
        let seen = play(size, &script, 3, false).await;
        let path = folder.join(format!("{name}.svg"));
        if std::env::var_os("AZLB_WRITE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, dump::svg(&seen.buffer)).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("<svg "), "{}", path.display());
    }
}

/// Columns are turned on and off one by one, and kept with the places for the next start.
#[tokio::test(start_paused = true)]
async fn columns_and_places_are_chosen_and_kept() {
    let state = TempDir::new().unwrap();
    let look = || {
        let mut look = Look::shipped("dark");
        look.state = Some(state.path().to_owned());
        look.kept = azlb::tui::kept::Kept::read(state.path());
        look
    };
    // Without the address, with the kind; the pool is kept.
    let script = format!("{TO_MASTERS} C down enter down down down enter esc b");
    let seen = play_in((110, 24), &script, 2, false, look()).await;
    assert!(seen.frame.contains("z kind") && !seen.frame.contains(" ip "), "{}", seen.frame);
    assert!(seen.frame.contains("db-lb/masters: kept; B goes to it"), "{}", seen.frame);

    let again = play_in((110, 24), "B enter", 2, false, look()).await;
    assert!(again.frame.contains("z kind") && again.frame.contains("vm-db-1"), "{}", again.frame);
    let forgotten = play_in((110, 24), "B enter b B", 2, false, look()).await;
    assert!(forgotten.frame.contains("nothing is kept"), "{}", forgotten.frame);
}

/// A theme is worn while it is looked at, and is put back where it is not taken.
#[tokio::test(start_paused = true)]
async fn a_theme_is_tried_on() {
    let worn = |seen: &Seen| seen.buffer[(1, 1)].style();
    let before = play((80, 24), "", 2, false).await;
    let tried = play((80, 24), "T down down", 2, false).await;
    assert_ne!(worn(&tried), worn(&before));
    let left = play((80, 24), "T down down esc", 2, false).await;
    assert_eq!(worn(&left), worn(&before));
    let taken = play((80, 24), "T down down enter", 2, false).await;
    assert_eq!(worn(&taken), worn(&tried));
}

/// What was said in the status line can be read again, whole.
#[tokio::test(start_paused = true)]
async fn what_was_said_is_kept() {
    let seen = play((80, 24), "b j j j j l j b L", 2, false).await;
    for word in ["What was said", "a pool or a load balancer can be kept; select one", "db-lb/masters: kept"] {
        assert!(seen.frame.contains(word), "'{word}' is not in:\n{}", seen.frame);
    }
    let closed = play((80, 24), "b L q", 2, false).await;
    assert!(!closed.frame.contains("What was said"), "{}", closed.frame);
}

/// The whole documents of a plan, as they are and as they will be.
#[tokio::test(start_paused = true)]
async fn a_plan_shows_each_document_as_it_will_be() {
    let seen = play((110, 40), &format!("{TO_MASTERS} j s f"), 3, false).await;
    for word in ["each document as it is and will be", "− ", "\"loadBalancerBackendAddressPools\": []", "+ "] {
        assert!(seen.frame.contains(word), "'{word}' is not in:\n{}", seen.frame);
    }
    let back = play((110, 40), &format!("{TO_MASTERS} j s f f"), 3, false).await;
    assert!(back.frame.contains("If a step fails"), "{}", back.frame);
}

/// A saved script's form is filled in with what is selected, and says what is missing or wrong.
#[tokio::test(start_paused = true)]
async fn a_saved_script_is_launched_by_its_form() {
    let form = play((100, 30), &format!("{TO_MASTERS} x swap_master enter"), 2, false).await;
    for word in ["Swap the single master", "pool             db-lb/masters", "MEMBER"] {
        assert!(form.frame.contains(word), "'{word}' is not in:\n{}", form.frame);
    }
    let offered = play((100, 30), &format!("{TO_MASTERS} x swap_master enter vm-db"), 2, false).await;
    assert!(offered.frame.contains("→ vm-db-2  vm-db-3"), "{}", offered.frame);
    let taken = play((100, 30), &format!("{TO_MASTERS} x swap_master enter vm-db right"), 2, false).await;
    assert!(taken.frame.contains("to               vm-db-2"), "{}", taken.frame);
    let missing = play((100, 30), &format!("{TO_MASTERS} x swap_master enter enter"), 2, false).await;
    assert!(missing.frame.contains("to is missing"), "{}", missing.frame);
    let wrong = play((100, 30), &format!("{TO_MASTERS} x swap_master enter vm-db-2 down x enter"), 2, false).await;
    assert!(wrong.frame.contains("wait_healthy: a time such as"), "{}", wrong.frame);
}

/// After a swap the tree counts who serves now: nothing is shown of the members that the pool had.
#[tokio::test(start_paused = true)]
async fn after_a_swap_the_new_master_is_counted() {
    // The pool is not looked at any more when the plan ends.
    let keys = format!("{TO_MASTERS} j s a masters enter esc esc g");
    let seen = play((100, 30), &keys, 20, false).await;
    assert!(members(&seen.simulator, "db-lb", "masters")[0].contains("vm-db-2"), "{}", seen.frame);
    assert!(seen.frame.contains("db-lb                1/1 up"), "{}", seen.frame);
}

/// Marks of several pools are one plan, and the line that is recorded makes it too.
#[tokio::test(start_paused = true)]
async fn marks_of_several_pools_are_one_plan() {
    let to_blue = "/ web-lb enter j j enter";
    let two = format!("{to_blue} space esc j enter space d");
    let plan = play((110, 40), &two, 4, false).await;
    for word in [
        "take vm-web-1 out of web-lb/blue; take vm-web-5 out of web-lb/green",
        "− ipconfig1: web-lb/blue",
        "− ipconfig1: web-lb/green",
    ] {
        assert!(plan.frame.contains(word), "'{word}' is not in:\n{}", plan.frame);
    }
    let line = play((110, 40), &format!("{two} esc"), 4, false).await;
    let word = "plan([pool(\"web-lb/blue\").remove(\"vm-web-1\"), pool(\"web-lb/green\").remove(\"vm-web-5\")])";
    assert!(line.frame.contains(word), "'{word}' is not in:\n{}", line.frame);
    assert!(line.frame.contains("1 marked, 1 elsewhere"), "{}", line.frame);
    // They move together, each from its own pool; who is there stays.
    let moved = play((110, 40), &format!("{to_blue} space esc j enter space v workers enter"), 4, false).await;
    for word in [
        "move vm-web-1 from web-lb/blue to batch-lb/workers",
        "move vm-web-5 from web-lb/green",
        "2 members in batch-lb/workers",
    ] {
        assert!(moved.frame.contains(word), "'{word}' is not in:\n{}", moved.frame);
    }
    let applied = play((110, 40), &format!("{two} a"), 30, false).await;
    let members = |pool| members(&applied.simulator, "web-lb", pool).join(" ");
    assert!(!members("blue").contains("vm-web-1") && !members("green").contains("vm-web-5"), "{}", applied.frame);
}

/// What was done last is copied as script.
#[tokio::test(start_paused = true)]
async fn the_last_line_of_script_is_copied() {
    let seen = play((100, 30), &format!("{TO_MASTERS} j s esc : script space line enter"), 2, false).await;
    assert!(seen.frame.contains("script line"), "{}", seen.frame);
    assert!(!seen.frame.contains("Go to, or do"), "{}", seen.frame);
    let before = play((100, 30), ": script space line", 2, false).await;
    assert!(!before.frame.contains("copy script line"), "nothing was done yet: {}", before.frame);
}

/// What failed is told whole, however narrow the line that names it.
#[tokio::test(start_paused = true)]
async fn what_failed_is_told_whole() {
    let fault = "PUT vm-db-2-nic 400 code=NotToday count=9";
    let keys = format!("{TO_MASTERS} j s a masters enter");
    // Once it has ended, its codes and the id that support asks for are there to the last letter.
    let wait = "r ".repeat(60);
    let told = play_on(&[fault], (80, 24), &format!("{keys} {wait} i"), 2).await;
    for word in ["400 NotToday", "correlation id", "step 3 was not done"] {
        assert!(told.frame.contains(word), "'{word}' is not in:\n{}", told.frame);
    }
}
