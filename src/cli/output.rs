//! Tables, JSON and tab-separated lines.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use super::exit::Failure;
use super::globals::{Globals, Output};
pub use crate::script::text_table as table;
use crate::terminal_text::safe as one_line;
pub use crate::terminal_text::safe_lines as safe;

/// Prints rows: as a table with these columns, as tab-separated lines, or with all fields as JSON or YAML.
///
/// # Errors
/// Where standard output is closed.
pub fn rows<T: Serialize>(
    globals: &Globals,
    rows: &[T],
    columns: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<ExitCode, Failure> {
    match globals.output {
        Output::Tsv if globals.query.is_none() => print(&tsv(rows.iter().map(cells)))?,
        Output::Table if globals.query.is_none() => print(&format!("{}\n", table(rows.iter().map(cells), columns)))?,
        _ => return value(globals, &rows),
    }
    Ok(ExitCode::SUCCESS)
}

fn tsv(rows: impl Iterator<Item = Vec<String>>) -> String {
    rows.map(|row| row.iter().map(|c| one_line(c)).collect::<Vec<_>>().join("\t") + "\n").collect()
}

/// Prints a value as a program wants it, or the part of it that `--query` asks for.
///
/// # Errors
/// A query that the value cannot answer; standard output that is closed.
pub fn value<T: Serialize>(globals: &Globals, value: &T) -> Result<ExitCode, Failure> {
    let failed = |e: String| Failure::new(super::exit::FAILED, e);
    let mut value = serde_json::to_value(value).map_err(|e| failed(e.to_string()))?;
    if let Some(query) = &globals.query {
        let data = jmespath::Variable::from_json(&value.to_string()).map_err(failed)?;
        let found = query.0.search(data).map_err(|e| Failure::usage(format!("--query: {e}")))?;
        value = serde_json::to_value(&*found).map_err(|e| failed(e.to_string()))?;
    }
    let text = match globals.output {
        Output::Json if std::io::stdout().is_terminal() => serde_json::to_string_pretty(&value),
        Output::Json => serde_json::to_string(&value),
        Output::Yaml => {
            serde_yaml_ng::to_string(&value).map(|text| text.trim_end().to_owned()).map_err(serde::ser::Error::custom)
        }
        Output::Jsonl => match &value {
            Value::Array(list) => Ok(list.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")),
            other => Ok(other.to_string()),
        },
        // A query's answer for people or for cut(1): rows where it is rows, else its text.
        Output::Table => Ok(answer(&value, |columns, rows| table(rows.into_iter(), columns))),
        Output::Tsv => Ok(answer(&value, |_, rows| tsv(rows.into_iter()).trim_end().to_owned())),
    };
    let text = text.map_err(|e| failed(e.to_string()))?;
    if !text.is_empty() {
        print(&format!("{text}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The answer of a query as text.
fn answer(value: &Value, rows: impl Fn(&[&str], Vec<Vec<String>>) -> String) -> String {
    let cell = |v: &Value| match v {
        Value::Null => "-".to_owned(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    };
    let Value::Array(list) = value else { return cell(value) };
    if let Some(Value::Object(first)) = list.first() {
        let columns: Vec<&str> = first.keys().map(String::as_str).collect();
        let cells = |row: &Value| columns.iter().map(|c| cell(row.get(c).unwrap_or(&Value::Null))).collect();
        return rows(&columns, list.iter().map(cells).collect());
    }
    let line = |row: &Value| match row {
        Value::Array(cells) => cells.iter().map(cell).collect::<Vec<_>>().join("\t"),
        other => cell(other),
    };
    list.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Prints text. A reader that went away (`| head`) is no failure.
///
/// # Errors
/// Any other failure of standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// An absent text in a table.
pub fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}
