//! Tables, JSON and tab-separated lines.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::args::Output;
use super::exit::Failure;
use crate::terminal_text::safe as one_line;
pub use crate::terminal_text::safe_lines as safe;

/// Prints rows: as a table with these columns, as JSON with all fields, or as tab-separated lines.
///
/// # Errors
/// Where standard output is closed.
pub fn rows<T: Serialize>(
    form: Output,
    rows: &[T],
    columns: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<ExitCode, Failure> {
    match form {
        Output::Json => return json(&rows),
        Output::Tsv => {
            let lines: String = rows
                .iter()
                .map(|r| cells(r).iter().map(|c| one_line(c)).collect::<Vec<_>>().join("\t") + "\n")
                .collect();
            print(&lines)?;
        }
        Output::Table => print(&format!("{}\n", table(rows.iter().map(cells), columns)))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A table without lines around it, no wider than the terminal.
pub fn table(rows: impl Iterator<Item = Vec<String>>, columns: &[&str]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|c| c.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|c| one_line(c)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Prints one JSON document.
///
/// # Errors
/// Where standard output is closed.
pub fn json<T: Serialize>(value: &T) -> Result<ExitCode, Failure> {
    let text = if std::io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    print(&format!("{}\n", text.map_err(|e| Failure::new(super::exit::FAILED, e.to_string()))?))?;
    Ok(ExitCode::SUCCESS)
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
