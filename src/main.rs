//! azlb's binary: parse, prepare, start the runtime, hand over.

use std::process::ExitCode;

use azlb::cli::args::{Args, Command};
use azlb::cli::{self, exit, open, run};
use clap::Parser as _;

/// Large plans and estates are thousands of small texts that come and go; the C library's allocator takes
/// half as long again over them (`docs/performance.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::completions::answer();
    let mut args = Args::parse_from(cli::args::join_sim(std::env::args_os()));
    // A script's own arguments may hold --sim, which must be known before the first thread.
    let mut prepared = None;
    if let Some(Command::Run(script)) = &args.command {
        match run::prepare(&mut args.globals, script) {
            Ok(Some(script)) => prepared = Some(script),
            Ok(None) => return ExitCode::SUCCESS,
            Err(failure) => return exit::report(Err(failure)),
        }
    }
    log_to_stderr(args.globals.verbose);
    let simulator = match open::simulator(&args.globals) {
        Ok(simulator) => simulator,
        Err(failure) => return exit::report(Err(failure)),
    };
    if let Some(simulator) = &simulator {
        sign_in_at(&simulator.address.identity_endpoint, &simulator.address.identity_header);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(Err(error.into())),
    };
    let code = runtime.block_on(cli::main(args, simulator, prepared));
    // A script's thread may still wait for a key; it must not hold the process.
    runtime.shutdown_background();
    code
}

/// Points azure_identity's managed identity at the simulator inside this process: it takes its
/// endpoint from the environment and from nowhere else.
#[allow(unsafe_code)]
fn sign_in_at(endpoint: &str, header: &str) {
    // SAFETY: no other thread exists yet; the runtime is built after this.
    unsafe {
        std::env::set_var("IDENTITY_ENDPOINT", endpoint);
        std::env::set_var("IDENTITY_HEADER", header);
        std::env::remove_var("IDENTITY_SERVER_THUMBPRINT");
        std::env::remove_var("AZURE_CLIENT_ID");
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "azlb=info",
        _ => "azlb=debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
