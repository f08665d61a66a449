//! From a key and a context to an action: the table of actions, with the operator's own keys.

use std::collections::{BTreeMap, HashMap};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context, Spec};
use crate::config::Keys;

/// An action with the keys that it has.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The action.
    pub spec: &'static Spec,
    /// Its keys.
    pub keys: Vec<String>,
}

/// Which key does what.
#[derive(Debug, Clone)]
pub struct Keymap(Vec<Binding>);

impl KeyError {
    /// The actions that it is about.
    pub fn actions(&self) -> Vec<&str> {
        match self {
            Self::Unknown { name, .. } => vec![name],
            Self::NoKey { action, .. } => vec![action],
            Self::Conflict { one, other, .. } => vec![one, other],
            Self::Risky { action, .. } => vec![action],
        }
    }
}

/// Why keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No such action.
    #[error("keys: there is no action '{name}'; there is: {}", .known.join(", "))]
    Unknown {
        /// As it was written.
        name: String,
        /// The actions.
        known: Vec<&'static str>,
    },
    /// No such key.
    #[error(
        "keys: '{key}' of {action} is no key: a character, enter, esc, tab, space, up, down, left, right, home, end, pageup, pagedown, f1 to f12, with ctrl- or alt- before it"
    )]
    NoKey {
        /// The action.
        action: String,
        /// As it was written.
        key: String,
    },
    /// A key would mean two things.
    #[error("keys: '{key}' would be both {one} and {other} ({context}): give one of them another key")]
    Conflict {
        /// The key.
        key: String,
        /// An action.
        one: &'static str,
        /// Another.
        other: &'static str,
        /// Where both apply.
        context: &'static str,
    },
    /// Enter and Esc never change anything.
    #[error("keys: '{key}' cannot be {action}: enter and esc never lead to a change")]
    Risky {
        /// The key.
        key: String,
        /// The action.
        action: &'static str,
    },
}

impl Default for Keymap {
    fn default() -> Self {
        let own = |spec: &'static Spec| Binding { spec, keys: spec.keys.iter().map(|k| (*k).to_owned()).collect() };
        Self(ACTIONS.iter().map(own).collect())
    }
}

impl Keymap {
    /// The table with an operator's own keys.
    ///
    /// # Errors
    /// [`KeyError`] names the action and the key.
    pub fn new(own: &BTreeMap<String, Keys>) -> Result<Self, KeyError> {
        let mut map = Self::default();
        for (name, keys) in own {
            let known = || ACTIONS.iter().map(|s| s.name).collect();
            let binding = map.0.iter_mut().find(|b| b.spec.name == name);
            let binding = binding.ok_or_else(|| KeyError::Unknown { name: name.clone(), known: known() })?;
            binding.keys = match keys {
                Keys::One(key) => vec![key.clone()],
                Keys::Many(keys) => keys.clone(),
            };
            if let Some(key) = binding.keys.iter().find(|k| !is_key(k)) {
                return Err(KeyError::NoKey { action: name.clone(), key: key.clone() });
            }
        }
        map.check()?;
        Ok(map)
    }

    fn check(&self) -> Result<(), KeyError> {
        for context in Context::ALL {
            let mut seen: HashMap<&str, &'static str> = HashMap::new();
            for binding in self.here(context) {
                for key in &binding.keys {
                    if let Some(one) = seen.insert(key, binding.spec.name) {
                        let (other, context) = (binding.spec.name, context.name());
                        return Err(KeyError::Conflict { key: key.clone(), one, other, context });
                    }
                    if binding.spec.changes && (key == "enter" || key == "esc") {
                        return Err(KeyError::Risky { key: key.clone(), action: binding.spec.name });
                    }
                }
            }
        }
        Ok(())
    }

    /// The action of a key, where it has one in this context.
    pub fn action(&self, context: Context, key: &KeyEvent) -> Option<Action> {
        let name = name(key)?;
        let bound = |name: &str| self.here(context).find(|b| b.keys.iter().any(|k| k == name)).map(|b| b.spec.action);
        // An arrow with Shift that means nothing of its own is the arrow.
        bound(&name).or_else(|| bound(name.strip_prefix(SHIFT)?))
    }

    /// The actions of a context.
    pub fn here(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.0.iter().filter(move |b| b.spec.contexts.contains(&context))
    }
}

/// `docs/keys.md`: the table of actions, by where they apply.
pub fn document() -> String {
    let mut out = String::from(
        "# Keys\n\nMade from the table of actions (`src/tui/action.rs`): `AZLB_WRITE=1 cargo test --test documents` writes it anew.\n\n\
         Each key can be changed in the configuration, by the action's name: `[keys]`, then `swap = \"S\"` or\n`open = [\"enter\", \"l\"]`. \
         A key that would mean two things where both apply is an error, and so is Enter or Esc for an action that leads to a change.\n",
    );
    let map = Keymap::default();
    for context in Context::ALL {
        out.push_str(&format!("\n## {}\n\n| keys | action | name |\n| --- | --- | --- |\n", context.name()));
        for Binding { spec, keys } in map.here(context) {
            let keys: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
            let what = match (spec.writes(), spec.changes) {
                (true, _) => " **(writes)**",
                (false, true) => " (shows a plan first)",
                (false, false) => "",
            };
            out.push_str(&format!("| {} | {}{what} | `{}` |\n", keys.join(" "), spec.title, spec.name));
        }
    }
    out
}

/// The keys with names of more than one character.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
];

/// Before an arrow's name: with Shift it may mean something of its own.
const SHIFT: &str = "shift-";

fn is_arrow(name: &str) -> bool {
    ["up", "down", "left", "right"].contains(&name)
}

fn is_key(name: &str) -> bool {
    if let Some(arrow) = name.strip_prefix(SHIFT) {
        return is_arrow(arrow);
    }
    let base = name.strip_prefix("ctrl-").or_else(|| name.strip_prefix("alt-")).unwrap_or(name);
    let function = base.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=12).contains(&n));
    function || NAMED.iter().any(|(n, _)| *n == base) || (base.chars().count() == 1 && base != " ")
}

/// A key's name, as the table of actions writes it.
pub fn name(key: &KeyEvent) -> Option<String> {
    let named = NAMED.iter().find(|(_, code)| *code == key.code).map(|(name, _)| (*name).to_owned());
    let base = match (named, key.code) {
        (Some(name), _) => name,
        (None, KeyCode::Char(c)) => c.to_string(),
        (None, KeyCode::F(n)) => format!("f{n}"),
        _ => return None,
    };
    Some(if key.modifiers.contains(KeyModifiers::CONTROL) {
        format!("ctrl-{}", base.to_lowercase())
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        format!("alt-{base}")
    } else if key.modifiers.contains(KeyModifiers::SHIFT) && is_arrow(&base) {
        format!("{SHIFT}{base}")
    } else {
        base
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        Keymap::default().check().unwrap();
        let names: std::collections::HashSet<&str> = ACTIONS.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), ACTIONS.len(), "each has a name of its own");
    }

    #[test]
    fn an_arrow_with_shift_has_a_meaning_or_is_the_arrow() {
        let map = Keymap::default();
        let press = |code, context| map.action(context, &KeyEvent::new(code, KeyModifiers::SHIFT));
        assert_eq!(press(KeyCode::Right, Context::Members), Some(Action::Sort));
        assert_eq!(press(KeyCode::Left, Context::Members), Some(Action::SortBack));
        assert_eq!(press(KeyCode::Down, Context::Members), Some(Action::Down));
        assert_eq!(press(KeyCode::Right, Context::Tree), Some(Action::Open));
        assert!(is_key("shift-left") && !is_key("shift-x"));
    }

    /// A finger that slips from a harmless key must not write.
    #[test]
    fn no_key_that_writes_lies_beside_a_harmless_one() {
        // In quarters of a key's width: each row of a keyboard stands a little further right.
        let rows = [("1234567890", 0), ("qwertyuiop", 2), ("asdfghjkl;", 3), ("zxcvbnm,./", 5)];
        let place = |key: &str| {
            let c = key.to_lowercase();
            let at = |(y, (row, shift)): (usize, &(&str, usize))| Some((row.find(c.as_str())? * 4 + shift, y));
            rows.iter().enumerate().find_map(at).filter(|_| c.len() == 1)
        };
        let map = Keymap::default();
        for context in Context::ALL {
            for writer in map.here(context).filter(|b| b.spec.writes()) {
                for other in map.here(context).filter(|b| !b.spec.changes && b.spec.action != Action::No) {
                    for (a, b) in writer.keys.iter().flat_map(|a| other.keys.iter().map(move |b| (a, b))) {
                        let (Some(a_at), Some(b_at)) = (place(a), place(b)) else { continue };
                        let near = a_at.0.abs_diff(b_at.0) <= 4 && a_at.1.abs_diff(b_at.1) <= 1;
                        assert!(
                            !near,
                            "{a} ({}) lies beside {b} ({}) in {context:?}",
                            writer.spec.name, other.spec.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn own_keys_are_checked() {
        let of = |text: &str| Keymap::new(&toml::from_str(text).unwrap());
        let map = of("swap = \"S\"\nopen = [\"enter\", \"f3\"]").unwrap();
        let act = |code| map.action(Context::Members, &KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(act(KeyCode::Char('S')), Some(Action::Swap));
        assert_eq!(act(KeyCode::Char('s')), None);
        assert_eq!(act(KeyCode::F(3)), Some(Action::Open));
        for (text, words) in [
            ("swop = \"s\"", ["swop", "swap"]),
            ("swap = \"hyper-s\"", ["hyper-s", "swap"]),
            ("swap = \"a\"", ["both swap and add", "members"]),
            ("swap = \"enter\"\nopen = \"l\"", ["enter", "swap"]),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(words.iter().all(|w| error.contains(w)), "{error}");
        }
    }

    #[test]
    fn keys_have_their_names() {
        let map = Keymap::default();
        let key = |code, modifiers| map.action(Context::Members, &KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('s'), KeyModifiers::NONE), Some(Action::Swap));
        assert_eq!(key(KeyCode::Char('U'), KeyModifiers::SHIFT), Some(Action::Unmark));
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), Some(Action::Mark));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(key(KeyCode::F(5), KeyModifiers::NONE), None);
    }
}
