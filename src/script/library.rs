//! Saved procedures: those of `./scripts`, of the configuration's folders, and those that azlb brings.
//!
//! Owns the finding of a script by its name, and the import of one script by another: from these places
//! only. Never writes but for [`Library::new_script`].

use std::path::{Path, PathBuf};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::engine::{Script, compile_alone};
use super::error::ScriptError;

/// The scripts that azlb brings.
const SHIPPED: &[(&str, &str)] = &[
    ("audit", include_str!("../../scripts/audit.rhai")),
    ("blue_green", include_str!("../../scripts/blue_green.rhai")),
    ("canary", include_str!("../../scripts/canary.rhai")),
    ("compare", include_str!("../../scripts/compare.rhai")),
    ("drain_member", include_str!("../../scripts/drain_member.rhai")),
    ("evacuate_zone", include_str!("../../scripts/evacuate_zone.rhai")),
    ("failover", include_str!("../../scripts/failover.rhai")),
    ("ip_pool_sync", include_str!("../../scripts/ip_pool_sync.rhai")),
    ("rebalance", include_str!("../../scripts/rebalance.rhai")),
    ("restore_zone", include_str!("../../scripts/restore_zone.rhai")),
    ("rolling_maintenance", include_str!("../../scripts/rolling_maintenance.rhai")),
    ("scale_set_attach", include_str!("../../scripts/scale_set_attach.rhai")),
    ("scale_set_detach", include_str!("../../scripts/scale_set_detach.rhai")),
    ("snapshot", include_str!("../../scripts/snapshot.rhai")),
    ("swap_master", include_str!("../../scripts/swap_master.rhai")),
];

/// Where scripts are looked for.
#[derive(Debug, Clone, Default)]
pub struct Library {
    folders: Vec<PathBuf>,
}

/// A script that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, by which it is run and imported.
    pub name: String,
    /// Its file; none of one that azlb brings.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: String,
}

/// Why a script cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It is in none of the places.
    #[error("there is no script '{name}'; looked in:{}\nthere is: {}", .places.iter().map(|p| format!("\n  {p}")).collect::<String>(), .known.join(", "))]
    Unknown {
        /// Its name.
        name: String,
        /// Where it was looked for.
        places: Vec<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// A name that leads out of the folders.
    #[error("'{0}' is no script's name: letters, digits, _ and - alone")]
    Name(String),
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It is no rhai.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// Whether a text may name a script: a name cannot lead out of the folders.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

impl Library {
    /// Of the folders of a configuration, after `./scripts`.
    pub fn new(configured: &[PathBuf]) -> Self {
        let mut folders = vec![PathBuf::from("scripts")];
        folders.extend(configured.iter().cloned());
        Self { folders }
    }

    /// Every script, by name; one in a folder hides one of the same name in a later place.
    pub fn list(&self) -> Vec<Found> {
        let mut out: Vec<Found> = Vec::new();
        for folder in &self.folders {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            for path in files.filter(|p| p.extension().is_some_and(|e| e == "rhai")) {
                let name = path.file_stem().and_then(|n| n.to_str()).filter(|n| is_name(n)).map(str::to_owned);
                if let (Some(name), Ok(text)) = (name, std::fs::read_to_string(&path))
                    && !out.iter().any(|f| f.name == name)
                {
                    out.push(Found { name, path: Some(path), text });
                }
            }
        }
        for (name, text) in SHIPPED {
            if !out.iter().any(|f| f.name == *name) {
                out.push(Found { name: (*name).to_owned(), path: None, text: (*text).to_owned() });
            }
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        out
    }

    /// The script of a name, or of a file.
    ///
    /// # Errors
    /// [`LibraryError`]: where it was looked for.
    pub fn find(&self, given: &str) -> Result<Found, LibraryError> {
        let direct = Path::new(given);
        if direct.is_file() {
            let text = read(direct)?;
            let name = direct.file_stem().and_then(|n| n.to_str()).unwrap_or(given).to_owned();
            return Ok(Found { name, path: Some(direct.to_owned()), text });
        }
        let name = given.strip_suffix(".rhai").unwrap_or(given);
        let name = name.strip_prefix("scripts/").unwrap_or(name);
        self.named(name)
    }

    /// The script of a name, from the folders and from what azlb brings alone.
    ///
    /// # Errors
    /// [`LibraryError`]: where it was looked for.
    pub fn named(&self, name: &str) -> Result<Found, LibraryError> {
        if !is_name(name) {
            return Err(LibraryError::Name(name.to_owned()));
        }
        for folder in &self.folders {
            let path = folder.join(format!("{name}.rhai"));
            if path.is_file() {
                return Ok(Found { name: name.to_owned(), text: read(&path)?, path: Some(path) });
            }
        }
        match SHIPPED.iter().find(|(n, _)| *n == name) {
            Some((_, text)) => Ok(Found { name: name.to_owned(), path: None, text: (*text).to_owned() }),
            None => Err(LibraryError::Unknown {
                name: name.to_owned(),
                places: self
                    .folders
                    .iter()
                    .map(|f| f.display().to_string())
                    .chain(["azlb itself".to_owned()])
                    .collect(),
                known: self.list().into_iter().map(|f| f.name).collect(),
            }),
        }
    }

    /// A script, compiled.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn script(&self, name: &str) -> Result<Script, LibraryError> {
        let found = self.named(name)?;
        Ok(compile_alone(&found.place(), &found.text)?)
    }

    /// Writes a new script into the first folder that is there, else into `./scripts`.
    ///
    /// # Errors
    /// [`LibraryError::File`] where it is there already, or cannot be written.
    pub fn new_script(&self, name: &str, text: &str) -> Result<PathBuf, LibraryError> {
        if !is_name(name) {
            return Err(LibraryError::Name(name.to_owned()));
        }
        let folder = self.folders.iter().find(|f| f.is_dir()).or_else(|| self.folders.first());
        let folder = folder.cloned().unwrap_or_else(|| PathBuf::from("."));
        let path = folder.join(format!("{name}.rhai"));
        let fail = |cause| LibraryError::File { path: path.clone(), cause };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let mut file = std::fs::File::create_new(&path).map_err(fail)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(fail)?;
        Ok(path)
    }
}

fn read(path: &Path) -> Result<String, LibraryError> {
    std::fs::read_to_string(path).map_err(|cause| LibraryError::File { path: path.to_owned(), cause })
}

impl Found {
    /// The file, or that azlb brings it.
    pub fn place(&self) -> String {
        self.path.as_ref().map_or_else(|| format!("{}.rhai (of azlb)", self.name), |p| p.display().to_string())
    }
}

impl ModuleResolver for Library {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let fail = |message: String| {
            Box::new(EvalAltResult::ErrorInModule(
                path.to_owned(),
                Box::new(EvalAltResult::ErrorRuntime(message.into(), Position::NONE)),
                position,
            ))
        };
        let found = self.named(path).map_err(|e| fail(e.to_string()))?;
        let mut ast = engine.compile(&found.text).map_err(|e| fail(format!("{}: {e}", found.place())))?;
        ast.set_source(found.place());
        // What a script does when it is run is no part of what it lends to another: its functions and constants.
        let functions = ast.clone_functions_only();
        let mut module = Module::eval_ast_as_new(Scope::new(), &functions, engine)?;
        for (name, _, value) in ast.iter_literal_variables(true, false) {
            module.set_var(name, value);
        }
        Ok(module.into())
    }
}
