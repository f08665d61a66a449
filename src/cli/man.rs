//! `azlb man FOLDER`: the man pages, from the same table of arguments as the help.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;

use super::args::Args;
use super::exit::{FAILED, Failure};
use super::output;

pub(super) fn main(folder: &Path) -> Result<ExitCode, Failure> {
    let failed = |e: std::io::Error| Failure::new(FAILED, format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Args::command().name("azlb"), folder).map_err(failed)?;
    output::print(&format!("{}\n", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
