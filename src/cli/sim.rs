//! `azlb sim`: the simulator on loopback, until Ctrl-C.

use std::process::ExitCode;
use std::sync::Arc;

use super::args::SimArgs;
use super::exit::{FAILED, Failure};
use super::output;
use crate::sim::server::{Address, serve};
use crate::sim::{Options, Simulator, estate_file, generate};

pub(super) async fn main(args: SimArgs) -> Result<ExitCode, Failure> {
    let documents = match (&args.estate, args.generate) {
        (Some(file), _) => estate_file::read(file).map_err(|e| Failure::usage(e.to_string()))?,
        (None, Some(size)) => generate::estate(size),
        (None, None) => estate_file::parse("demo", crate::sim::DEMO).map_err(|e| Failure::usage(e.to_string()))?,
    };
    let options = Options {
        speed: args.speed,
        seed: args.seed,
        operation_time: args.operation_time,
        throttle: !args.no_throttle,
        ..Options::default()
    };
    let simulator = Simulator::new(documents, options).map_err(|e| Failure::usage(e.to_string()))?;
    args.fault.into_iter().for_each(|f| simulator.inject(f));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|e| Failure::new(FAILED, format!("port {} cannot be used: {e}", args.port)))?;
    let address = Address::of(&simulator, listener.local_addr()?);
    output::print(&format!("{}\n", address.announcement()))?;
    eprintln!("azlb: the simulator serves {}; Ctrl-C ends it", address.endpoint);
    tokio::select! {
        () = serve(Arc::new(simulator), listener) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}
