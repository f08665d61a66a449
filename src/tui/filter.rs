//! What a filter lets through: the words that are typed after `/`, read once and asked of every row.
//!
//! The tree and the members ask it; it hides rows and changes nothing else.

use super::snapshot::Row;
use crate::health::HealthState;

/// The fields of a member that a word can name.
const FIELDS: [&str; 4] = ["state", "kind", "zone", "power"];

/// A filter, read: every term must hold.
#[derive(Debug, Default)]
pub(super) struct Filter {
    terms: Vec<Term>,
}

/// One word of it.
#[derive(Debug)]
struct Term {
    /// `!`: it must not hold.
    not: bool,
    /// What it asks.
    asks: Asks,
}

/// What a word asks of a row; in lower case.
#[derive(Debug)]
enum Asks {
    /// The text holds it.
    Word(String),
    /// `~`: the text holds its letters, in this order.
    Letters(String),
    /// `field:value`: the member's field begins with it.
    Field(&'static str, String),
}

impl Filter {
    /// Reads what was typed.
    pub(super) fn read(typed: &str) -> Self {
        Self { terms: typed.split_whitespace().filter_map(Term::read).collect() }
    }

    /// Whether it hides nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a text passes.
    pub(super) fn passes(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.terms.iter().all(|t| t.not != t.asks.of_text(&text))
    }

    /// Whether a member passes, by its name, address, id and fields.
    pub(super) fn passes_member(&self, row: &Row) -> bool {
        self.terms.iter().all(|t| t.not != t.asks.of_member(row))
    }
}

impl Term {
    fn read(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let (not, word) = match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word.as_str()),
        };
        let field = word.split_once(':').and_then(|(field, value)| {
            let field = FIELDS.into_iter().find(|f| *f == field)?;
            (!value.is_empty()).then(|| Asks::Field(field, value.to_owned()))
        });
        let asks = match (field, word.strip_prefix('~')) {
            (Some(field), _) => field,
            (None, Some(letters)) => Asks::Letters(letters.to_owned()),
            (None, None) => Asks::Word(word.to_owned()),
        };
        // A `!` that nothing follows yet is a word being typed.
        (!word.is_empty()).then_some(Self { not, asks })
    }
}

impl Asks {
    fn of_text(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => text.contains(word.as_str()),
            Self::Letters(letters) => {
                let mut of_text = text.chars();
                letters.chars().all(|l| of_text.any(|t| t == l))
            }
            Self::Field(field, value) => text.contains(&format!("{field}:{value}")),
        }
    }

    /// Of a text in any case.
    fn of_any(&self, text: &str) -> bool {
        // Nearly every name fits, and is not put somewhere else to be made small.
        let mut small = [0u8; 256];
        match small.get_mut(..text.len()).filter(|_| text.is_ascii()) {
            Some(small) => {
                small.copy_from_slice(text.as_bytes());
                small.make_ascii_lowercase();
                std::str::from_utf8(small).is_ok_and(|text| self.of_text(text))
            }
            None => self.of_text(&text.to_lowercase()),
        }
    }

    fn of_member(&self, row: &Row) -> bool {
        let m = &row.member;
        let Self::Field(field, value) = self else {
            return self.of_any(&m.name)
                || m.ip.as_deref().is_some_and(|ip| self.of_text(ip))
                // Letters in any id's order would be found in nearly all of them.
                || matches!(self, Self::Word(_)) && self.of_any(m.id.as_str());
        };
        match *field {
            "state" => match row.health.as_ref().map(|h| h.state) {
                Some(HealthState::Up) => "up",
                Some(HealthState::Down) => "down",
                Some(HealthState::Unknown) => "unknown",
                None => "out",
            }
            .starts_with(value.as_str()),
            "kind" => format!("{:?}", m.kind).to_lowercase().starts_with(value.as_str()),
            "zone" => m.zone.as_deref().unwrap_or_default().starts_with(value.as_str()),
            _ => m.power_state.as_deref().unwrap_or_default().to_lowercase().starts_with(value.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_letters_and_their_opposites() {
        let rows =
            ["Contoso Production/db-lb/masters", "Contoso Production/web-lb/blue", "Contoso Staging/db-lb/masters"];
        for (typed, expected) in [
            ("", &[0, 1, 2][..]),
            ("masters", &[0, 2]),
            ("prod MASTERS", &[0]),
            ("!staging", &[0, 1]),
            ("!", &[0, 1, 2]),
            ("~prdmst", &[0]),
            ("~mstprd", &[]),
            ("db-lb !~stgms", &[0]),
        ] {
            let filter = Filter::read(typed);
            let passing: Vec<usize> =
                rows.iter().enumerate().filter(|(_, r)| filter.passes(r)).map(|(i, _)| i).collect();
            assert_eq!(passing, expected, "{typed}");
        }
    }
}
