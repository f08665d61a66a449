//! How far something is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::safe;

/// The bar of a script.
pub(super) struct Bars {
    shown: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    said: String,
}

impl Bars {
    /// Shown where people read the output.
    pub(super) fn new(shown: bool) -> Self {
        Self { shown, state: Mutex::default() }
    }

    /// Shows it.
    pub(super) fn show(&self, text: &str, done: u64, of: u64) {
        if !self.shown {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if std::io::stderr().is_terminal() {
            let bar = state.bar.get_or_insert_with(|| {
                let bar = ProgressBar::new(of);
                if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
                    bar.set_style(style);
                }
                bar
            });
            bar.set_length(of);
            bar.set_position(done);
            bar.set_message(crate::terminal_text::safe(text));
            if done >= of
                && let Some(bar) = state.bar.take()
            {
                bar.finish_and_clear();
            }
        } else {
            let line = format!("{done}/{of} {text}");
            // The same is not said twice.
            if state.said != line {
                eprintln!("{}", safe(&line));
                state.said = line;
            }
        }
    }

    /// Takes it away, before anything else is printed.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.state.lock().unwrap_or_else(PoisonError::into_inner).bar.take() {
            bar.finish_and_clear();
        }
    }
}
