//! The palette: every command that applies here, every theme, and every resource of the estate, found by
//! a few letters of its name.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::action::Action;
use super::model::{Field, Node};
use crate::arm::ResourceId;
use crate::config::Shown;

/// Something that the palette offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called, which is what is searched.
    pub label: String,
    /// What kind of thing it is, in a word.
    pub kind: &'static str,
    /// What choosing it does.
    pub goal: Goal,
}

/// What choosing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// An action, as its key would.
    Act(Action),
    /// A theme.
    Theme(String),
    /// A node of the tree, and a member of it.
    Go(Node, Option<ResourceId>),
    /// The document of a resource that is in no pool.
    Document(ResourceId),
    /// A text to the clipboard.
    Copy(String),
    /// A column is shown, or is not.
    Column(Shown),
    /// An answer to a script, by its place.
    Choice(usize),
    /// A saved script, by its place in the launcher.
    Script(usize),
    /// An entry of the console's history.
    Entry(String),
}

/// What is chosen from a palette.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A command, or a place.
    #[default]
    GoTo,
    /// The columns of the members. Several are chosen; Enter on one turns it on or off.
    Columns,
    /// The theme, tried on as the selection moves; and the one that was worn before.
    Themes(String),
    /// A place that is kept.
    Bookmarks,
    /// An answer to a script's question.
    Choice(String),
    /// A saved script.
    Scripts,
    /// An entry of the console's history.
    History,
}

impl Purpose {
    /// What stands above it.
    pub fn title(&self) -> String {
        let title = match self {
            Self::GoTo => " Go to, or do ",
            Self::Columns => " Columns ",
            Self::Themes(_) => " Theme ",
            Self::Bookmarks => " Kept places ",
            Self::Choice(question) => return format!(" {question} "),
            Self::Scripts => " Saved scripts ",
            Self::History => " Entries ",
        };
        title.to_owned()
    }
}

/// The palette while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What it is for.
    pub purpose: Purpose,
    /// What is typed.
    pub field: Field,
    /// What there is.
    pub items: Vec<Item>,
    /// The places of what fits, the best first.
    pub found: Vec<usize>,
    /// The selected one of these.
    pub at: usize,
    /// What was searched for last, and all that fitted: more letters find among these alone.
    last: (String, Vec<usize>),
}

/// The most that is found.
const MOST: usize = 200;

impl Palette {
    /// With these to choose from.
    pub fn new(items: Vec<Item>) -> Self {
        Self::of(Purpose::GoTo, items)
    }

    /// With these to choose from, for something.
    pub fn of(purpose: Purpose, items: Vec<Item>) -> Self {
        let mut palette = Self { purpose, items, ..Self::default() };
        palette.search();
        palette
    }

    /// More to choose from, as they become known.
    pub fn extend(&mut self, items: Vec<Item>) {
        self.items.extend(items);
        self.last = Default::default();
        self.search();
    }

    /// Finds anew what fits what is typed.
    pub fn search(&mut self) {
        self.at = 0;
        let typed = self.field.text.trim();
        if typed.is_empty() {
            self.found = (0..self.items.len().min(MOST)).collect();
            return;
        }
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let mut buffer = Vec::new();
        // The letters !, ^, $ and ' mean something of their own, and a space begins another word.
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-');
        let narrower = plain(typed) && plain(&self.last.0) && typed.starts_with(&self.last.0);
        let all: Vec<usize> = if narrower { std::mem::take(&mut self.last.1) } else { (0..self.items.len()).collect() };
        // The better first; among equals the shorter name, then the order of the estate. All that this takes is
        // noted while the name is at hand: a hundred thousand of them lie far apart.
        let mut scored: Vec<(Reverse<u32>, usize, usize)> = all
            .into_iter()
            .filter_map(|place| {
                let label = self.items.get(place)?.label.as_str();
                let score = pattern.score(Utf32Str::new(label, &mut buffer), &mut matcher)?;
                Some((Reverse(score), label.len(), place))
            })
            .collect();
        self.last = (typed.to_owned(), scored.iter().map(|(_, _, place)| *place).collect());
        if scored.len() > MOST {
            scored.select_nth_unstable(MOST);
            scored.truncate(MOST);
        }
        scored.sort_unstable();
        self.found = scored.into_iter().map(|(_, _, place)| place).collect();
    }

    /// The selected one.
    pub fn chosen(&self) -> Option<&Item> {
        self.items.get(*self.found.get(self.at)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first() {
        let item = |label: &str| Item { label: label.to_owned(), kind: "pool", goal: Goal::Copy(String::new()) };
        let mut palette =
            Palette::new(["web-lb/green", "db-lb/masters", "db-lb/masters-old", "mail"].map(item).to_vec());
        assert_eq!(palette.found, [0, 1, 2, 3]);
        palette.field = Field::of("dbmast");
        palette.search();
        assert_eq!(palette.chosen().unwrap().label, "db-lb/masters");
        assert_eq!(palette.found, [1, 2]);
        palette.field = Field::of("dbmastold");
        palette.search();
        assert_eq!(palette.found, [2]);
        palette.field = Field::of("m");
        palette.search();
        assert_eq!(palette.found.len(), 3, "fewer letters find more again");
        palette.field = Field::of("zzz");
        palette.search();
        assert_eq!(palette.chosen(), None);
    }
}
