//! `azlb completions SHELL`.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::args::Args;
use super::exit::Failure;

pub(super) fn main(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "azlb", &mut out);
    super::output::print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}
