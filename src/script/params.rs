//! A script's parameters, declared in its head so that they can be listed without running it:
//!
//! ```rhai
//! const PARAMS = [
//!     #{ name: "pool", type: "pool", help: "the pool, as LB/POOL" },
//!     #{ name: "wait", type: "duration", "default": "2m", help: "how long to wait" },
//! ];
//! ```

use rhai::{AST, Array, Dynamic, Map};

use crate::session::names::Names;

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name, as `--name`.
    pub name: String,
    /// `text`, `pool`, `member`, `list`, `batch`, `duration`, `number`, `flag`.
    pub kind: Kind,
    /// Its value where none is given; it is required where there is none.
    pub default: Option<String>,
    /// What it is.
    pub help: String,
    /// Where names for it come from.
    pub source: Source,
    /// The only values that it may have; any of its type where empty.
    pub values: Vec<String>,
}

/// Where the names come from that could be a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// None.
    None,
    /// The pools.
    Pools,
    /// The load balancers.
    LoadBalancers,
    /// Machines, instances and address entries; the pool's members first.
    Members,
    /// Machines and instances that are not in the pool.
    Candidates,
    /// The scale sets.
    Sets,
    /// The zones.
    Zones,
}

impl Source {
    /// The names that it gives, those of the pool's members first.
    pub fn names(self, names: &Names, pool: &str) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Pools => names.pools.iter().map(|p| p.name.clone()).collect(),
            Self::LoadBalancers => names.load_balancers.clone(),
            Self::Members => names.members_first(pool).map(str::to_owned).collect(),
            Self::Candidates => names.not_in(pool).map(str::to_owned).collect(),
            Self::Sets => names.sets.clone(),
            Self::Zones => names.zones.clone(),
        }
    }

    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "pools" => Self::Pools,
            "load_balancers" => Self::LoadBalancers,
            "members" => Self::Members,
            "candidates" => Self::Candidates,
            "sets" => Self::Sets,
            "zones" => Self::Zones,
            _ => return None,
        })
    }
}

impl Param {
    /// The value that a script sees.
    ///
    /// # Errors
    /// What was expected.
    pub fn value(&self, text: &str) -> Result<Dynamic, String> {
        if !self.values.is_empty() && !self.values.iter().any(|v| v == text) {
            return Err(format!("one of {} was expected", self.values.join(", ")));
        }
        self.kind.value(text)
    }

    /// What stands for its value in help.
    pub fn word(&self) -> String {
        if self.values.is_empty() { self.kind.word().to_owned() } else { self.values.join("|") }
    }
}

/// A parameter's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A pool: `LB/POOL`, `SUB:RG/LB/POOL` or an id.
    Pool,
    /// A member or a candidate.
    Member,
    /// Several, with commas between.
    List,
    /// A share such as `20%`, or a whole number.
    Batch,
    /// A time such as `2m`.
    Duration,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "pool" => Self::Pool,
            "member" => Self::Member,
            "list" => Self::List,
            "batch" => Self::Batch,
            "duration" => Self::Duration,
            "number" => Self::Number,
            "flag" => Self::Flag,
            _ => return None,
        })
    }

    /// Its name, for help.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Pool => "POOL",
            Self::Member => "MEMBER",
            Self::List => "A,B,…",
            Self::Batch => "N|N%",
            Self::Duration => "TIME",
            Self::Number => "NUMBER",
            Self::Flag => "true|false",
        }
    }

    /// The value that a script sees.
    ///
    /// # Errors
    /// What was expected.
    pub fn value(self, text: &str) -> Result<Dynamic, String> {
        match self {
            Self::Text | Self::Pool | Self::Member => Ok(text.to_owned().into()),
            Self::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(items.map(|item| Dynamic::from(item.to_owned())).collect::<Array>().into())
            }
            Self::Batch => text.parse::<crate::changes::Batch>().map(|_| text.to_owned().into()),
            Self::Duration => humantime::parse_duration(text)
                .map(|_| text.to_owned().into())
                .map_err(|e| format!("a time such as 90s or 2m was expected: {e}")),
            Self::Number => {
                text.parse::<i64>().map(Dynamic::from).map_err(|_| "a whole number was expected".to_owned())
            }
            Self::Flag => match text {
                "true" | "yes" | "1" => Ok(true.into()),
                "false" | "no" | "0" => Ok(false.into()),
                _ => Err("true or false was expected".to_owned()),
            },
        }
    }
}

/// Reads the declarations of a compiled script.
///
/// # Errors
/// What is wrong with a declaration.
pub fn declared(ast: &AST) -> Result<Vec<Param>, String> {
    let Some((_, _, value)) = ast.iter_literal_variables(true, false).find(|(name, _, _)| *name == "PARAMS") else {
        return Ok(Vec::new());
    };
    let list = value.try_cast::<Array>().ok_or("PARAMS must be an array of maps")?;
    list.into_iter().enumerate().map(|(at, item)| one(item).map_err(|e| format!("PARAMS[{at}]: {e}"))).collect()
}

fn one(item: Dynamic) -> Result<Param, String> {
    let map = item.try_cast::<Map>().ok_or("a map such as #{ name: \"pool\" } was expected")?;
    let text = |key: &str| map.get(key).map(ToString::to_string);
    for key in map.keys() {
        if !["name", "type", "default", "help", "source", "values"].contains(&key.as_str()) {
            return Err(format!("'{key}' is not known: use name, type, default, help, source, values"));
        }
    }
    let name = text("name").filter(|n| !n.is_empty()).ok_or("it has no name")?;
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(format!("the name '{name}' must be of small letters, digits and _"));
    }
    let kind = text("type").unwrap_or_else(|| "text".to_owned());
    let kind = Kind::read(&kind).ok_or_else(|| {
        format!("there is no type '{kind}': use text, pool, member, list, batch, duration, number, flag")
    })?;
    let source = match text("source") {
        Some(word) => Source::read(&word).ok_or_else(|| {
            format!("there is no source '{word}': use pools, load_balancers, members, candidates, sets, zones, none")
        })?,
        None => match kind {
            Kind::Pool => Source::Pools,
            Kind::Member => Source::Members,
            _ => Source::None,
        },
    };
    let values = match map.get("values").map(|v| v.clone().try_cast::<Array>()) {
        None => Vec::new(),
        Some(Some(list)) => list.iter().map(ToString::to_string).collect(),
        Some(None) => return Err("its values must be an array".to_owned()),
    };
    let default = text("default");
    let param = Param { name, kind, default, help: text("help").unwrap_or_default(), source, values };
    if let Some(default) = &param.default {
        let _checked = param.value(default).map_err(|e| format!("its default '{default}': {e}"))?;
    }
    Ok(param)
}

/// The script's own words about itself: the `//!` lines at its head, each paragraph one line, since how wide
/// they are shown is not the script's to know. A line that is indented stands by itself.
pub fn about(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|l| l.starts_with("//!") || l.trim().is_empty())
        .map(|l| l.strip_prefix("//!").map_or("", |l| l.strip_prefix(' ').unwrap_or(l)).trim_end());
    let alone = |line: &str| line.is_empty() || line.starts_with([' ', '-', '*']);
    let mut out: Vec<String> = Vec::new();
    for line in lines {
        match out.last_mut().filter(|last| !alone(last) && !alone(line)) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => out.push(line.to_owned()),
        }
    }
    out.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn paragraphs_are_lines() {
        let text = "//! Moves a share.\n//!\n//! Where one goes down,\n//! it is undone:\n//!   one\n//!   two\n//! And so on.\n\nlet x = 1;\n//! no\n";
        assert_eq!(about(text), "Moves a share.\n\nWhere one goes down, it is undone:\n  one\n  two\nAnd so on.");
    }
}
