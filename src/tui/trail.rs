//! The last actions of the operator, for the report of a panic. Names of actions alone: nothing that was
//! typed, and no name of a resource.

use std::collections::VecDeque;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::action::Action;

/// How many are kept.
const KEPT: usize = 60;

static TRAIL: Mutex<VecDeque<Action>> = Mutex::new(VecDeque::new());

/// Notes an action.
pub(super) fn note(action: Action) {
    let mut trail = TRAIL.lock().unwrap_or_else(PoisonError::into_inner);
    if trail.len() == KEPT {
        trail.pop_front();
    }
    trail.push_back(action);
}

/// Writes a panic's report and gives its path; nothing is to be done where even that fails.
pub(super) fn report(info: &PanicHookInfo<'_>, folder: &Path) -> Option<PathBuf> {
    let trail = TRAIL.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let actions: Vec<String> = trail.iter().map(|action| format!("{action:?}")).collect();
    let text = format!(
        "azlb {}\n{}\nThe last actions, the newest last: {}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        info,
        actions.join(" "),
        std::backtrace::Backtrace::force_capture(),
    );
    std::fs::create_dir_all(folder).ok()?;
    let path = folder.join(jiff::Zoned::now().strftime("panic-%Y%m%d-%H%M%S.txt").to_string());
    std::fs::write(&path, text).ok()?;
    Some(path)
}
