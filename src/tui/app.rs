//! The loop: what happens is drained, the model updated, commands started, and the screen drawn
//! where something changed, at most thirty times a second.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use futures::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::background::{self, Heard, Listener};
use super::command::{Command, Tasks};
use super::event::Event;
use super::kept::Kept;
use super::keymap::Keymap;
use super::model::Model;
use super::theme::{self, Faces, Themes};
use super::update::update;
use super::{copy, dump, snapshot, view};
use crate::config::{Config, Shown};
use crate::session::Session;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// How often ages are shown anew, and whether health is due is looked at.
const TICK: Duration = Duration::from_secs(1);

/// How the screen looks and answers: what the operator has configured.
pub struct Look {
    /// Colours and glyphs.
    pub faces: Faces,
    /// Where themes come from.
    pub themes: Themes,
    /// The theme's name.
    pub theme: String,
    /// Which key does what.
    pub keymap: Keymap,
    /// The columns that the configuration names. None: those of the width.
    pub columns: Option<Vec<Shown>>,
    /// Where the screen is written to. None where it is not.
    pub dumps: Option<PathBuf>,
    /// Stops the process as Ctrl-Z does, the terminal given back meanwhile.
    pub suspend: fn() -> std::io::Result<()>,
    /// What was kept at the last end.
    pub kept: Kept,
    /// Where it is kept. None where nothing is.
    pub state: Option<PathBuf>,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether the terminal is asked for its background, which then chooses between dark and light.
    pub ask_background: bool,
    /// Sends a sequence to the terminal beside what is drawn.
    pub send: fn(&str) -> std::io::Result<()>,
}

impl Look {
    /// By the configuration and the environment.
    ///
    /// # Errors
    /// Where keys or theme have a mistake.
    pub fn from_config(config: &Config) -> Result<Self, super::OpenError> {
        let themes = Themes::new(config.folder.as_ref().map(|f| f.join("themes")));
        let state = config.state_dir().ok();
        let kept = state.as_deref().map(Kept::read).unwrap_or_default();
        // What was chosen on the screen is forgotten where it is not there any more.
        let chosen = kept.theme.as_deref().filter(|name| themes.load(name).is_ok());
        let wanted = config.theme.as_deref().or(chosen);
        let ask_background = theme::is_open(wanted) && background::may_ask(std::env::var("TERM").ok().as_deref());
        let theme = theme::chosen(wanted);
        Ok(Self {
            faces: Faces { theme: themes.load(&theme)?, unicode: Faces::unicode_from_environment() },
            keymap: Keymap::new(&config.keys).map_err(|error| {
                let place = error.actions().into_iter().find_map(|action| config.key_lines.get(action)).cloned();
                super::OpenError::Keys { place: super::place(place), error }
            })?,
            columns: (!config.columns.is_empty()).then(|| config.columns.clone()),
            dumps: state.as_ref().map(|d| d.join("screens")),
            suspend: super::terminal::suspend,
            kept,
            state,
            mouse: config.mouse,
            ask_background,
            send: |text| {
                use std::io::Write as _;
                let mut out = std::io::stdout();
                out.write_all(text.as_bytes())?;
                out.flush()
            },
            themes,
            theme,
        })
    }

    /// The shipped look of a name, with everything else as it is without a configuration.
    pub fn shipped(name: &str) -> Self {
        Self {
            faces: Faces::shipped(name, true),
            themes: Themes::new(None),
            theme: name.to_owned(),
            keymap: Keymap::default(),
            columns: None,
            dumps: None,
            suspend: || Ok(()),
            kept: Kept::default(),
            state: None,
            mouse: false,
            ask_background: false,
            send: |_| Ok(()),
        }
    }

    /// Takes up another theme, or the same one anew.
    fn wear(&mut self, name: String) -> Result<(), theme::ThemeError> {
        self.faces.theme = self.themes.load(&name)?;
        self.theme = name;
        Ok(())
    }

    fn written(&self) -> Option<std::time::SystemTime> {
        self.themes.file(&self.theme).and_then(|path| theme::written_at(&path))
    }
}

/// Runs until the operator leaves.
///
/// # Errors
/// Where the terminal cannot be drawn to.
pub async fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    session: Session,
    keys: impl Stream<Item = std::io::Result<TerminalEvent>> + Send + 'static,
    mut look: Look,
) -> std::io::Result<()>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut keys = forwarded(keys);
    let (sender, mut events) = mpsc::channel(256);
    let mut changes = session.changes();
    let mut tasks = Tasks::new(session.clone(), sender);
    let mut model = Model::new(session.may_write(), session.place().to_owned());
    model.portal = session.reader().cloud().portal;
    model.keymap = Arc::new(look.keymap.clone());
    model.themes = look.themes.names();
    model.columns.clone_from(&look.columns);
    model.theme.clone_from(&look.theme);
    look.kept.restore(&mut model);
    let mut chosen = look.kept.theme.clone();
    let mut worn = look.written();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut end = Box::pin(terminated());
    let mut stops = stops();
    if look.ask_background {
        (look.send)(background::QUESTION)?;
    }
    let mut listener = Listener::new(look.ask_background);
    let mut dirty = true;
    let mut drawn = Instant::now() - FRAME;
    tasks.start(Command::List);
    while !model.quit {
        if dirty && drawn.elapsed() >= FRAME {
            terminal.draw(|frame| view::draw(&mut model, frame, &look.faces)).map_err(std::io::Error::other)?;
            dirty = false;
            drawn = Instant::now();
        }
        let event = tokio::select! {
            biased;
            key = keys.recv() => match key {
                Some(key) => heard(&mut listener, key?),
                // The terminal is gone; a running plan is brought to the end of its step by its journal.
                None => Some(Event::Terminate),
            },
            () = &mut end => Some(Event::Terminate),
            Some(()) = stops.recv() => Some(Event::Suspend),
            Some(event) = events.recv() => Some(event),
            Ok(()) = changes.changed() => {
                changes.mark_unchanged();
                Some(Event::Estate(Arc::new(snapshot::tree(&session))))
            }
            _ = tick.tick() => Some(Event::Tick),
            () = tokio::time::sleep_until(drawn + FRAME), if dirty => None,
        };
        let mut next = event;
        // Everything that waits is taken in before the screen is drawn once.
        while let Some(event) = next.take() {
            model.throttled = session.throttled();
            if matches!(event, Event::Tick) && look.written() != worn {
                worn = look.written();
                let again = look.wear(look.theme.clone()).map(|()| format!("theme {} was read anew", look.theme));
                told_of(&mut model, again.map_err(|e| e.to_string()));
                dirty = true;
            }
            let (commands, changed) = update(&mut model, event);
            dirty |= changed;
            for command in commands {
                match command {
                    Command::Suspend => {
                        (look.suspend)()?;
                        // Not `clear`, which would ask the terminal where its cursor is and wait.
                        let area = terminal.get_frame().area();
                        terminal.resize(area).map_err(std::io::Error::other)?;
                    }
                    Command::Theme { name, keep } => {
                        let told = look.wear(name).map(|()| format!("theme {}", look.theme));
                        if told.is_ok() && keep {
                            chosen = Some(look.theme.clone());
                        }
                        worn = look.written();
                        model.theme.clone_from(&look.theme);
                        // While one is tried on, only what is wrong with it is said.
                        if told.is_err() || model.typing == super::model::Typing::Nothing {
                            told_of(&mut model, told.map_err(|e| e.to_string()));
                        }
                    }
                    Command::Copy(what, text) => {
                        let sequence = copy::sequence(&text, copy::in_tmux());
                        let sent = sequence.and_then(|s| (look.send)(&s).map_err(|e| e.to_string()));
                        told_of(&mut model, sent.map(|()| format!("copied the {what}: {}", first_line(&text))));
                    }
                    Command::Dump => {
                        let drawn = terminal.draw(|frame| view::draw(&mut model, frame, &look.faces));
                        let buffer = drawn.map_err(std::io::Error::other)?.buffer.clone();
                        let told = match &look.dumps {
                            None => Err("there is no folder for screens".to_owned()),
                            Some(folder) => dump::write(&buffer, folder)
                                .map(|p| format!("written: {}.txt, .ans and .svg", p.display()))
                                .map_err(|e| format!("{}: {e}", folder.display())),
                        };
                        told_of(&mut model, told);
                    }
                    other => {
                        tasks.start(other);
                        continue;
                    }
                }
                dirty = true;
            }
            next = match keys.try_recv() {
                Ok(key) => heard(&mut listener, key?).or_else(|| events.try_recv().ok()),
                Err(_) => events.try_recv().ok(),
            };
        }
    }
    let last = Kept::of(&model, chosen);
    if let Some(folder) = look.state.filter(|_| last != look.kept) {
        last.write(&folder);
    }
    Ok(())
}

fn told_of(model: &mut Model, result: Result<String, String>) {
    match result {
        Ok(text) => model.say(text, false),
        Err(text) => model.say(text, true),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Keys by way of a channel, which can be looked into without waiting. Polling the terminal's own
/// stream once and leaving it would lose its next wake-up.
fn forwarded(
    keys: impl Stream<Item = std::io::Result<TerminalEvent>> + Send + 'static,
) -> mpsc::Receiver<std::io::Result<TerminalEvent>> {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut keys = std::pin::pin!(keys);
        while let Some(key) = keys.next().await {
            if sender.send(key).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// What an event means. The terminal's answer about its background is no key.
fn heard(listener: &mut Listener, event: TerminalEvent) -> Option<Event> {
    match listener.hear(&event) {
        Heard::Other => translate(event),
        Heard::Light(Some(light)) => Some(Event::Background { light }),
        Heard::Part | Heard::Light(None) => None,
    }
}

// The panic is one that a test asks for, in a build for tests alone.
#[allow(clippy::panic)]
fn translate(event: TerminalEvent) -> Option<Event> {
    match event {
        #[cfg(debug_assertions)]
        TerminalEvent::Key(key)
            if key.code == crossterm::event::KeyCode::F(12) && std::env::var_os("AZLB_TEST_PANIC").is_some() =>
        {
            panic!("asked for by a test");
        }
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        TerminalEvent::Mouse(event) => Some(Event::Mouse(event)),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(..) => Some(Event::Resize),
        _ => None,
    }
}

/// Ends when the process is asked to end. The signals are listened to from the call on, not from the
/// first wait: before that they would end the process with the terminal as it is.
#[cfg(unix)]
fn terminated() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    async move {
        let (Ok(mut term), Ok(mut hangup)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Says each time that the process is asked to stop for a while (SIGTSTP).
fn stops() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kind = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        if let Ok(mut stop) = signal(kind) {
            tokio::spawn(async move { while stop.recv().await.is_some() && sender.send(()).await.is_ok() {} });
        }
    }
    #[cfg(not(unix))]
    drop(sender);
    receiver
}

#[cfg(not(unix))]
fn terminated() -> impl Future<Output = ()> {
    std::future::pending()
}
