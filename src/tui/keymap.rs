//! From a key and a context to an action.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context, Spec};

/// The action of a key, where it has one in this context.
pub fn action(context: Context, key: &KeyEvent) -> Option<Action> {
    let name = name(key)?;
    here(context).find(|s| s.keys.contains(&name.as_str())).map(|s| s.action)
}

/// The actions of a context.
pub fn here(context: Context) -> impl Iterator<Item = &'static Spec> {
    ACTIONS.iter().filter(move |s| s.contexts.contains(&context))
}

/// A key's name, as the table of actions writes it.
pub fn name(key: &KeyEvent) -> Option<String> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pageup".to_owned(),
        KeyCode::PageDown => "pagedown".to_owned(),
        _ => return None,
    };
    Some(if key.modifiers.contains(KeyModifiers::CONTROL) {
        format!("ctrl-{}", base.to_lowercase())
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        format!("alt-{base}")
    } else {
        base
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const CONTEXTS: [Context; 5] = [Context::Tree, Context::Members, Context::Plan, Context::Jobs, Context::Help];

    #[test]
    fn no_key_means_two_things_in_one_context() {
        for context in CONTEXTS {
            let mut seen: HashMap<&str, Action> = HashMap::new();
            for spec in here(context) {
                for key in spec.keys {
                    if let Some(other) = seen.insert(key, spec.action) {
                        panic!("{key} is {other:?} and {:?} in {context:?}", spec.action);
                    }
                }
            }
        }
    }

    #[test]
    fn enter_and_esc_change_nothing() {
        let risky: Vec<_> =
            ACTIONS.iter().filter(|s| s.changes && s.keys.iter().any(|k| *k == "enter" || *k == "esc")).collect();
        assert!(risky.is_empty(), "{risky:?}");
    }

    #[test]
    fn keys_have_their_names() {
        let key = |code, modifiers| action(Context::Members, &KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('s'), KeyModifiers::NONE), Some(Action::Swap));
        assert_eq!(key(KeyCode::Char('U'), KeyModifiers::SHIFT), Some(Action::Unmark));
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), Some(Action::Mark));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(key(KeyCode::F(5), KeyModifiers::NONE), None);
    }
}
