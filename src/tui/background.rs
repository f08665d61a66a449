//! Whether the terminal's background is light, where it tells: it is asked once at the start (OSC 11) and
//! nothing waits for it.
//!
//! The answer comes among the keys, as if it had been typed: it is taken out of them here.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use tokio::time::Instant;

/// What asks for the background's colour.
pub(super) const QUESTION: &str = "\x1b]11;?\x1b\\";

/// How long an answer may take. What comes later is typed by somebody.
const PATIENCE: Duration = Duration::from_secs(2);

/// No answer is longer.
const LONGEST: usize = 40;

/// Whether this terminal may be asked: some print what they do not know.
pub(super) fn may_ask(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb" | "linux"))
}

/// Listens for the answer.
pub(super) struct Listener {
    until: Option<Instant>,
    answer: Option<String>,
}

/// What an event was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not the answer.
    Other,
    /// A part of it.
    Part,
    /// Its end: whether the background is light, where that can be told.
    Light(Option<bool>),
}

impl Listener {
    /// Listens from now on, where something was asked.
    pub(super) fn new(asked: bool) -> Self {
        Self { until: asked.then(|| Instant::now() + PATIENCE), answer: None }
    }

    /// Takes an event in.
    pub(super) fn hear(&mut self, event: &Event) -> Heard {
        if self.until.is_none_or(|until| Instant::now() > until) {
            return Heard::Other;
        }
        let Event::Key(key) = event else { return Heard::Other };
        let (alt, control) = (key.modifiers.contains(KeyModifiers::ALT), key.modifiers.contains(KeyModifiers::CONTROL));
        match (self.answer.take(), key.code) {
            (None, KeyCode::Char(']')) if alt => {
                self.answer = Some(String::new());
                Heard::Part
            }
            (None, _) => Heard::Other,
            (Some(text), KeyCode::Char('\\')) if alt => Heard::Light(self.end(text)),
            (Some(text), KeyCode::Char('g')) if control => Heard::Light(self.end(text)),
            (Some(mut text), KeyCode::Char(c)) if text.len() < LONGEST && !alt && !control => {
                text.push(c);
                self.answer = Some(text);
                Heard::Part
            }
            (Some(_), _) => {
                self.until = None;
                Heard::Other
            }
        }
    }

    fn end(&mut self, text: String) -> Option<bool> {
        self.until = None;
        is_light(&text)
    }
}

/// `11;rgb:ffff/ffff/ffff`, with one to four digits a colour.
fn is_light(answer: &str) -> Option<bool> {
    let colours = answer.strip_prefix("11;")?.trim_start_matches("rgba:").trim_start_matches("rgb:");
    let part = |text: &str| {
        let most = 16_u32.checked_pow(u32::try_from(text.len()).ok()?)?.checked_sub(1)?;
        Some(f64::from(u32::from_str_radix(text, 16).ok()?) / f64::from(most.max(1)))
    };
    let parts: Vec<f64> = colours.split('/').take(3).map(part).collect::<Option<_>>()?;
    let [red, green, blue] = parts.as_slice() else { return None };
    // What the eye makes of the three.
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn hear(listener: &mut Listener, answer: &str) -> Vec<Heard> {
        let mut keys = vec![KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT)];
        keys.extend(answer.chars().map(|c| KeyEvent::from(KeyCode::Char(c))));
        keys.push(KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT));
        keys.into_iter().map(|key| listener.hear(&Event::Key(key))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_is_taken_out_of_the_keys() {
        for (answer, light) in [
            ("11;rgb:ffff/ffff/ffff", Some(true)),
            ("11;rgb:1e1e/1e1e/2e2e", Some(false)),
            ("11;rgb:f/f/f", Some(true)),
            ("11;rgb:zz/0/0", None),
            ("10;rgb:ff/ff/ff", None),
        ] {
            let heard = hear(&mut Listener::new(true), answer);
            assert_eq!(heard.last(), Some(&Heard::Light(light)), "{answer}");
            assert!(heard.iter().rev().skip(1).all(|h| *h == Heard::Part), "{answer}");
        }
        assert!(hear(&mut Listener::new(false), "11;x").iter().all(|h| *h == Heard::Other), "nothing was asked");
        let mut late = Listener::new(true);
        tokio::time::advance(PATIENCE * 2).await;
        assert!(hear(&mut late, "11;x").iter().all(|h| *h == Heard::Other), "somebody types");
    }

    #[test]
    fn not_every_terminal_is_asked() {
        assert!(may_ask(Some("xterm-256color")) && may_ask(Some("tmux-256color")));
        assert!(!may_ask(Some("linux")) && !may_ask(Some("dumb")) && !may_ask(None));
    }
}
