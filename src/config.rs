//! Settings: defaults, then the configuration file, then the environment, then flags.
//!
//! Owns their names, their places and their validation. Read once at start by the command line.
//! A mistake is an error that names file, line and column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arm::Pacing;
use crate::auth::Method;
use crate::changes::execute::Tempo;
use crate::changes::lanes::Limits;
use crate::changes::{OnFailure, Options};

/// The settings of one session.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `public`, `usgov`, `china`.
    pub cloud: Option<String>,
    /// A resource manager's address, instead of a cloud's.
    pub endpoint: Option<String>,
    /// How to sign in.
    pub auth: Method,
    /// Subscriptions to look at, by id or name; all where empty.
    pub subscriptions: Vec<String>,
    /// Whether writing is off.
    pub read_only: bool,
    /// Pools that may never have two members: `LB/POOL` or an id.
    pub exclusive: Vec<String>,
    /// Pools whose name is to be typed before a plan of theirs is applied: `LB/POOL` or an id.
    pub protected: Vec<String>,
    /// How long a member that joined may take until its probe is up, such as `"2m"`.
    #[serde(deserialize_with = "time_text::deserialize")]
    #[schemars(with = "Option<String>")]
    pub wait_healthy: Option<Duration>,
    /// What happens when a step fails.
    pub on_failure: OnFailure,
    /// How many writes may run at once.
    pub limits: Limits,
    /// Folders of saved scripts, after `./scripts`.
    pub scripts: Vec<PathBuf>,
    /// Where state is kept, instead of the system's place.
    pub state_dir: Option<PathBuf>,
    /// The colours: a shipped theme's name, or that of a file in the `themes` folder beside this file.
    pub theme: Option<String>,
    /// Whether the terminal UI takes the mouse; the terminal's own selection then needs a key (often Shift).
    pub mouse: bool,
    /// The columns of the members besides their health, in the order of the screen; those of the width where empty.
    pub columns: Vec<Shown>,
    /// Keys of the terminal UI, by the action's name (`docs/keys.md`).
    pub keys: BTreeMap<String, Keys>,
    /// Where each of `keys` stands: the file, and the line.
    #[serde(skip)]
    pub key_lines: BTreeMap<String, (PathBuf, usize)>,
    /// The folder of the configuration file, whose `themes` folder holds the operator's own.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// Whether this start looks at fewer subscriptions than the configuration says: what it lists is not all.
    #[serde(skip)]
    pub narrowed: bool,
    /// How much faster than real time the simulator at the endpoint runs: waits shrink with it.
    #[serde(skip)]
    pub speed: Option<f64>,
}

/// A column of the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// The name.
    Name,
    /// The address.
    Ip,
    /// The power state.
    Power,
    /// The zone.
    Zone,
    /// NIC, instance, address or frontend.
    Kind,
    /// The admin state.
    Admin,
    /// Whether an instance is on the latest model.
    Latest,
    /// The id.
    Id,
}

impl Shown {
    /// All, in the order of the screen.
    pub const ALL: [Self; 8] =
        [Self::Name, Self::Ip, Self::Power, Self::Zone, Self::Kind, Self::Admin, Self::Latest, Self::Id];

    /// Those that are shown where nothing was chosen and the screen is not wide.
    pub const NARROW: [Self; 4] = [Self::Name, Self::Ip, Self::Power, Self::Zone];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Ip => "ip",
            Self::Power => "power",
            Self::Zone => "zone",
            Self::Kind => "kind",
            Self::Admin => "admin",
            Self::Latest => "latest",
            Self::Id => "id",
        }
    }
}

/// One key, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keys {
    /// One.
    One(String),
    /// Several, or none.
    Many(Vec<String>),
}

/// Where the names under `[keys]` stand.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KeyPlaces {
    keys: BTreeMap<toml::Spanned<String>, serde::de::IgnoredAny>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("configuration {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file has a mistake.
    #[error("configuration {path}: {cause}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The mistake, with its line.
        cause: String,
    },
    /// An environment variable has a mistake.
    #[error("{name}='{value}': {reason}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// The system has no place for state.
    #[error("no home folder is known, so there is no place for the journal: set AZLB_STATE_DIR")]
    NoState,
}

impl Config {
    /// Reads the file (`AZLB_CONFIG`, or the system's place) and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the place of the mistake.
    pub fn load() -> Result<Self, ConfigError> {
        let given = std::env::var_os("AZLB_CONFIG").map(PathBuf::from);
        let path = given.clone().or_else(|| folders().map(|d| d.config_dir().join("config.toml")));
        let folder = path.as_ref().and_then(|p| p.parent()).map(Path::to_owned);
        let mut config = match path {
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Self::parse(&text, &path)?,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && given.is_none() => Self::default(),
                Err(cause) => return Err(ConfigError::Unreadable { path, cause }),
            },
            None => Self::default(),
        };
        config.folder = folder;
        config.environment(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))?;
        Ok(config)
    }

    /// Parses a configuration file's text.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|e| ConfigError::Invalid { path: path.to_owned(), cause: e.to_string().trim_end().to_owned() })?;
        let line = |at: usize| text.get(..at).unwrap_or_default().lines().count().max(1);
        let places = toml::from_str::<KeyPlaces>(text).map(|places| places.keys).unwrap_or_default();
        config.key_lines =
            places.into_keys().map(|name| (name.get_ref().clone(), (path.to_owned(), line(name.span().end)))).collect();
        Ok(config)
    }

    /// Takes in the environment's variables.
    fn environment(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        if let Some(endpoint) = variable("AZLB_ARM_ENDPOINT") {
            self.endpoint = Some(endpoint);
        }
        if let Some(folder) = variable("AZLB_STATE_DIR") {
            self.state_dir = Some(PathBuf::from(folder));
        }
        if let Some(value) = variable("AZLB_SPEED") {
            match value.parse() {
                Ok(speed) if speed > 0.0 => self.speed = Some(speed),
                _ => {
                    let reason = "a number above 0 was expected".to_owned();
                    return Err(ConfigError::Environment { name: "AZLB_SPEED", value, reason });
                }
            }
        }
        if let Some(value) = variable("AZLB_READ_ONLY") {
            self.read_only = match value.as_str() {
                "1" | "true" | "yes" => true,
                "0" | "false" | "no" => false,
                _ => {
                    let reason = "true or false was expected".to_owned();
                    return Err(ConfigError::Environment { name: "AZLB_READ_ONLY", value, reason });
                }
            };
        }
        Ok(())
    }

    /// Where journals and histories are kept.
    ///
    /// # Errors
    /// [`ConfigError::NoState`] where the system has no such place.
    pub fn state_dir(&self) -> Result<PathBuf, ConfigError> {
        match &self.state_dir {
            Some(folder) => Ok(folder.clone()),
            None => folders()
                .map(|d| d.state_dir().unwrap_or_else(|| d.data_local_dir()).to_owned())
                .ok_or(ConfigError::NoState),
        }
    }

    /// The options with which plans are made, before any flag.
    pub fn options(&self) -> Options {
        let mut options = Options {
            exclusive: self.exclusive.clone(),
            protected: self.protected.clone(),
            on_failure: self.on_failure,
            ..Options::default()
        };
        if let Some(wait) = self.wait_healthy {
            options.wait_healthy = wait;
        }
        options
    }

    fn factor(&self) -> f64 {
        self.speed.unwrap_or(1.0)
    }

    /// The client's waits.
    pub fn pacing(&self) -> Pacing {
        let mut pacing = Pacing::default();
        pacing.retry_base = pacing.retry_base.div_f64(self.factor());
        pacing.poll = pacing.poll.div_f64(self.factor());
        pacing
    }

    /// By how much a real wait is shorter than the one asked for: 1, or less on a fast simulator.
    pub fn pace(&self) -> f64 {
        1.0 / self.factor()
    }

    /// The executor's waits.
    pub fn tempo(&self) -> Tempo {
        let mut tempo = Tempo { speed: self.factor(), ..Tempo::default() };
        tempo.gate_poll = tempo.gate_poll.div_f64(self.factor());
        tempo.busy_poll = tempo.busy_poll.div_f64(self.factor());
        tempo.guard_age = tempo.guard_age.div_f64(self.factor());
        tempo
    }
}

/// `docs/config.schema.json`: what the configuration file may hold, for editors.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "azlb")
}

/// Durations as people write them: `"2m"`, `"90s"`, `"1m 30s"`.
mod time_text {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Some)
            .map_err(|e| serde::de::Error::custom(format!("'{text}' is not a time such as \"2m\" or \"90s\": {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = "read_only = true\nexclusive = [\"db-lb/masters\"]\nwait_healthy = \"90s\"\non_failure = \"undo\"\n[limits]\nper_load_balancer = 4\n";
        let config = Config::parse(text, Path::new("c.toml")).unwrap();
        assert!(config.read_only);
        assert_eq!(config.options().wait_healthy, Duration::from_secs(90));
        assert_eq!(config.options().on_failure, OnFailure::Undo);
        assert_eq!(config.limits.per_load_balancer, 4);
        assert_eq!(config.limits.per_availability_set, 1);
    }

    #[test]
    fn a_mistake_names_its_line() {
        for (text, line, word) in [
            ("a = 1", "line 1", "a"),
            ("read_only = true\nwait_healthy = \"soon\"", "line 2", "soon"),
            ("x", "line 1", "x"),
        ] {
            let message = Config::parse(text, Path::new("c.toml")).unwrap_err().to_string();
            assert!(message.contains(line) && message.contains(word) && message.contains("c.toml"), "{message}");
        }
    }

    #[test]
    fn the_environment_wins_and_is_checked() {
        let mut config = Config { endpoint: Some("https://a".to_owned()), ..Config::default() };
        config.environment(|n| (n == "AZLB_ARM_ENDPOINT").then(|| "https://b".to_owned())).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("https://b"));
        assert!(config.environment(|n| (n == "AZLB_READ_ONLY").then(|| "maybe".to_owned())).is_err());
    }
}
