//! `azlb scripts`: the saved procedures.

use std::process::ExitCode;

use super::args::ScriptsCommand;
use super::exit::{Failure, USAGE};
use super::globals::Globals;
use super::output;
use super::run::command_of;
use crate::config::Config;
use crate::script::check::{self, Known};
use crate::script::docs;
use crate::script::engine::compile_alone;
use crate::script::library::{Found, Library};

/// What a new script begins with.
const TEMPLATE: &str = r#"//! NAME: what it does, in one line.
//!
//! What happens, in which order, and what happens when something fails.
//!
//! Rehearse it:  azlb run NAME --pool db-lb/masters --sim

const PARAMS = [
    #{ name: "pool", type: "pool", help: "The pool, as LB/POOL" },
];

let pool = pool(params.pool);
table(pool.members());
"#;

pub(super) fn main(globals: &Globals, command: ScriptsCommand) -> Result<ExitCode, Failure> {
    let config = Config::load().map_err(|e| Failure::usage(e.to_string()))?;
    let library = Library::new(&config.scripts);
    let usage = |e: crate::script::library::LibraryError| Failure::usage(e.to_string());
    match command {
        ScriptsCommand::List => list(globals, &library),
        ScriptsCommand::Show { name } => {
            output::print(&library.find(&name).map_err(usage)?.text)?;
            Ok(ExitCode::SUCCESS)
        }
        ScriptsCommand::New { name } => {
            let path = library.new_script(&name, &TEMPLATE.replace("NAME", &name)).map_err(usage)?;
            output::print(&format!("{}\n", path.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        ScriptsCommand::Check { names } => {
            let found: Vec<Found> = if names.is_empty() {
                library.list()
            } else {
                names.iter().map(|n| library.find(n).map_err(usage)).collect::<Result<_, _>>()?
            };
            check(globals, &found)
        }
        ScriptsCommand::Doc { name: Some(name) } => {
            let found = library.find(&name).map_err(usage)?;
            let script = compile_alone(&found.place(), &found.text).map_err(|e| Failure::usage(e.to_string()))?;
            let mut command = command_of(&script).bin_name(format!("azlb run {}", found.name));
            output::print(&format!("{}\n", command.render_long_help()))?;
            Ok(ExitCode::SUCCESS)
        }
        ScriptsCommand::Doc { name: None } => {
            output::print(&docs::reference())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A saved procedure.
#[derive(serde::Serialize)]
struct Row {
    name: String,
    about: String,
    parameters: Vec<String>,
    place: String,
}

fn list(globals: &Globals, library: &Library) -> Result<ExitCode, Failure> {
    let row = |found: Found| match compile_alone(&found.place(), &found.text) {
        Ok(script) => Row {
            name: found.name.clone(),
            about: script.title().to_owned(),
            parameters: script.params.iter().map(|p| p.name.clone()).collect(),
            place: found.place(),
        },
        Err(error) => Row {
            name: found.name.clone(),
            about: format!("broken: {error}"),
            parameters: Vec::new(),
            place: found.place(),
        },
    };
    let rows: Vec<Row> = library.list().into_iter().map(row).collect();
    output::rows(globals, &rows, &["name", "about", "parameters"], |r| {
        vec![r.name.clone(), r.about.clone(), r.parameters.join(" ")]
    })
}

fn check(globals: &Globals, found: &[Found]) -> Result<ExitCode, Failure> {
    let known = Known::everything()?;
    let mut wrong = 0;
    for script in found {
        match check::check(script, &known) {
            Ok(_) if globals.for_people() => output::print(&format!("{}: good\n", script.place()))?,
            Ok(_) => {}
            Err(findings) => {
                wrong += 1;
                findings.iter().for_each(|f| eprintln!("{}", output::safe(&f.to_string())));
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(USAGE) })
}
