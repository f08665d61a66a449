//! Text fields and filters.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::Field;
use super::snapshot::Row;
use crate::health::HealthState;

impl Field {
    /// A field with text, the cursor at its end.
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// Inserts text at the cursor.
    pub fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(i, _)| i)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    /// Takes an editing key. False where the key is none.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('k') if control => self.text.truncate(self.cursor),
            KeyCode::Char('w') if control => {
                let head = self.text[..self.cursor].trim_end();
                let start = head.rfind(char::is_whitespace).map_or(0, |i| i + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => {
                let start = self.before();
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            KeyCode::Delete => {
                let end = self.after();
                self.text.drain(self.cursor..end);
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }
}

/// Whether a row passes a filter: words that must all fit, `!word` that must not, and the fields
/// `state:`, `kind:`, `zone:`, `power:`.
pub(super) fn passes(row: &Row, filter: &str) -> bool {
    filter.split_whitespace().all(|word| match word.strip_prefix('!') {
        Some("") => true,
        Some(not) => !fits(row, not),
        None => fits(row, word),
    })
}

fn fits(row: &Row, word: &str) -> bool {
    let word = word.to_lowercase();
    let m = &row.member;
    if let Some((field, value)) = word.split_once(':')
        && !value.is_empty()
    {
        let own = match field {
            "state" => match row.health.as_ref().map(|h| h.state) {
                Some(HealthState::Up) => "up".to_owned(),
                Some(HealthState::Down) => "down".to_owned(),
                Some(HealthState::Unknown) => "unknown".to_owned(),
                None => "out".to_owned(),
            },
            "kind" => format!("{:?}", m.kind).to_lowercase(),
            "zone" => m.zone.clone().unwrap_or_default(),
            "power" => m.power_state.clone().unwrap_or_default(),
            _ => String::new(),
        };
        if ["state", "kind", "zone", "power"].contains(&field) {
            return own.starts_with(value);
        }
    }
    m.name.to_lowercase().contains(&word)
        || m.ip.as_deref().is_some_and(|ip| ip.contains(&word))
        || m.id.as_str().to_lowercase().contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[KeyEvent]) -> Field {
        let mut field = Field::default();
        for key in keys {
            field.key(key);
        }
        field
    }

    fn plain(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn editing_respects_characters() {
        let field = typed(&[
            plain(KeyCode::Char('é')),
            plain(KeyCode::Char('東')),
            plain(KeyCode::Left),
            plain(KeyCode::Backspace),
            plain(KeyCode::Char('x')),
            plain(KeyCode::End),
            plain(KeyCode::Char('y')),
        ]);
        assert_eq!(field.text, "x東y");
        let mut field = Field::of("two words");
        field.key(&KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(field.text, "two ");
        field.key(&plain(KeyCode::Home));
        field.key(&plain(KeyCode::Backspace));
        field.key(&plain(KeyCode::Delete));
        assert_eq!(field.text, "wo ");
    }
}
