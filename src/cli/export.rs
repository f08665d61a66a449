//! `azlb export`: the estate as raw ARM documents, one a line, for `--sim` and `azlb sim --estate`.

use std::process::ExitCode;

use super::exit::{FAILED, Failure};
use super::output::{self, safe};
use crate::session::Session;

pub(super) async fn main(session: &Session) -> Result<ExitCode, Failure> {
    let export = session.export().await?;
    for (what, why) in &export.problems {
        eprintln!("azlb: {} could not be read: {}", safe(what), safe(why));
    }
    let mut text = String::new();
    for document in &export.documents {
        text.push_str(&document.to_string());
        text.push('\n');
    }
    output::print(&text)?;
    eprintln!("azlb: {} documents; rehearse on them with --sim=FILE", export.documents.len());
    // A file that lacks something must not pass for a whole one.
    Ok(if export.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
