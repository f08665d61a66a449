//! A conversation: entries, and the words that begin with a colon. One for the REPL and for the screen's
//! console.

use std::time::Duration;

use super::docs;
use super::engine::Console;
use super::record;

/// The words, and what each does.
pub const WORDS: &[(&str, &str)] = &[
    (":last", "the last value again; in entries it is the variable last"),
    (":time", "how long the next entries take; once more turns it off"),
    (":save NAME", "saves what was entered as a script; names and addresses that repeat become parameters"),
    (":load NAME", "evaluates a saved script's text here, its variables kept"),
    (":help NAME", "a function or a type"),
    (":quit", "ends"),
];

/// What an entry led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// A value, or nothing to show.
    Value(Option<String>),
    /// It failed.
    Error(String),
    /// The end is asked for.
    Quit,
}

/// A conversation with the engine.
pub struct Conversation {
    console: Console,
    /// What was entered and did not fail, in order.
    entries: Vec<String>,
    last: Option<String>,
    timed: bool,
}

impl Conversation {
    /// With an engine.
    pub fn new(console: Console) -> Self {
        Self { console, entries: Vec::new(), last: None, timed: false }
    }

    /// The variables' names, for completion.
    pub fn variables(&self) -> Vec<String> {
        self.console.variables()
    }

    /// Notes what was done elsewhere, as a line of script: `:save` writes it too.
    pub fn note(&mut self, line: &str) {
        self.entries.push(line.to_owned());
    }

    /// Takes an entry.
    pub fn enter(&mut self, text: &str) -> Said {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match word {
            ":quit" | ":q" | "exit" | "quit" => Said::Quit,
            ":last" => Said::Value(self.last.clone()),
            ":time" => {
                self.timed = !self.timed;
                Said::Value(Some(if self.timed { "entries are timed" } else { "entries are not timed" }.to_owned()))
            }
            ":help" if rest.is_empty() => {
                let words: String = WORDS.iter().map(|(w, what)| format!("\n  {w:<42}{what}")).collect();
                Said::Value(Some(format!("{}\nWords{words}", docs::overview())))
            }
            ":help" => Said::Value(Some(docs::about(rest))),
            ":save" => self.save(rest),
            ":load" => match self.console.library().find(rest) {
                Ok(found) => self.evaluate(&found.text),
                Err(error) => Said::Error(error.to_string()),
            },
            word if word.starts_with(':') => {
                let known: Vec<&str> = WORDS.iter().map(|(w, _)| *w).collect();
                Said::Error(format!("there is no word '{word}'; there is: {}", known.join(", ")))
            }
            _ => self.evaluate(text),
        }
    }

    fn evaluate(&mut self, text: &str) -> Said {
        let began = std::time::Instant::now();
        match self.console.evaluate(text) {
            Ok(value) => {
                self.entries.push(text.to_owned());
                if value.is_some() {
                    self.last.clone_from(&value);
                }
                let took = self.timed.then(|| format!("({})", short(began.elapsed())));
                let lines: Vec<String> = value.into_iter().chain(took).collect();
                Said::Value((!lines.is_empty()).then(|| lines.join("\n")))
            }
            Err(error) => Said::Error(error.to_string()),
        }
    }

    fn save(&self, name: &str) -> Said {
        if self.entries.is_empty() {
            return Said::Error("nothing was entered yet".to_owned());
        }
        match self.console.library().new_script(name, &record::script(name, &self.entries)) {
            Ok(path) => Said::Value(Some(format!("{}; run it with: azlb run {name}", path.display()))),
            Err(error) => Said::Error(error.to_string()),
        }
    }
}

fn short(time: Duration) -> String {
    if time.as_secs() > 0 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}
