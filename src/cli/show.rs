//! `azlb show`: one resource, as Azure serves it.

use std::process::ExitCode;

use super::exit::Failure;
use super::globals::{Globals, Output};
use super::output;
use crate::arm::ResourceId;
use crate::session::Session;

pub(super) async fn main(globals: &Globals, session: &Session, text: &str) -> Result<ExitCode, Failure> {
    let id = if text.starts_with('/') {
        ResourceId::parse(text).map_err(|e| Failure::usage(e.to_string()))?
    } else {
        session.refresh().await?;
        session.pool(text)?.id
    };
    let document = session.document(&id).await?;
    match globals.output {
        Output::Table if globals.query.is_none() => {
            let text = serde_json::to_string_pretty(document.body()).unwrap_or_default();
            output::print(&format!("{text}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        Output::Tsv if globals.query.is_none() => {
            let mut lines = String::new();
            flatten("", document.body(), &mut lines);
            output::print(&lines)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => output::value(globals, document.body()),
    }
}

/// A line a leaf: its path and its value.
fn flatten(path: &str, value: &serde_json::Value, out: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (at, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), value, out);
            }
        }
        Value::String(text) => out.push_str(&format!("{path}\t{}\n", crate::terminal_text::safe(text))),
        other => out.push_str(&format!("{path}\t{other}\n")),
    }
}
