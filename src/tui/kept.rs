//! What the screen keeps from one start to the next: the order, the columns, the theme.
//!
//! A small file beside the journal. Nothing depends on it: where it cannot be read or written, the screen
//! begins as it does the first time.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::model::Model;
use super::sort::Column;
use crate::arm::ResourceId;
use crate::config::Shown;

/// The file's name.
const FILE: &str = "screen.json";

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    sort: Column,
    reversed: bool,
    wide: bool,
    /// The columns that were chosen.
    columns: Option<Vec<Shown>>,
    /// The places that are kept.
    bookmarks: Vec<ResourceId>,
    /// The theme that was chosen on the screen.
    pub theme: Option<String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { sort: Column::Listed, reversed: false, wide: false, columns: None, bookmarks: Vec::new(), theme: None }
    }
}

impl Kept {
    /// Reads it from the state's folder.
    pub fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Of the screen as it is.
    pub fn of(model: &Model, theme: Option<String>) -> Self {
        Self {
            sort: model.sort.0,
            reversed: model.sort.1,
            wide: model.wide,
            columns: model.columns.clone(),
            bookmarks: model.bookmarks.clone(),
            theme,
        }
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, folder: &Path) {
        let (file, fresh) = (folder.join(FILE), folder.join("screen.json.new"));
        let text = serde_json::to_string(self).unwrap_or_default();
        let made = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&fresh, text));
        if made.is_ok() {
            let _ = std::fs::rename(&fresh, &file);
        }
    }

    /// Makes the screen so.
    pub fn restore(&self, model: &mut Model) {
        model.sort = (self.sort, self.reversed);
        model.wide = self.wide;
        // What the configuration says of columns holds until others are chosen.
        if self.columns.is_some() {
            model.columns.clone_from(&self.columns);
        }
        model.bookmarks.clone_from(&self.bookmarks);
    }
}
