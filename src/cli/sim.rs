//! `azlb sim`: the simulator on loopback, until Ctrl-C.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::args::SimArgs;
use super::exit::{FAILED, Failure};
use super::output;
use crate::sim::server::{Address, serve, serve_tls};
use crate::sim::tls::Tls;
use crate::sim::{Options, Simulator, estate_file, generate};

pub(super) async fn main(args: SimArgs) -> Result<ExitCode, Failure> {
    let options = Options {
        speed: args.speed,
        seed: args.seed,
        operation_time: args.operation_time,
        throttle: !args.no_throttle,
        ..Options::default()
    };
    let simulator = match (&args.estate, args.generate) {
        (Some(file), _) => estate_file::read(file).and_then(|documents| Simulator::new(documents, options)),
        (None, Some(size)) => Simulator::new(generate::estate(size), options),
        (None, None) => Simulator::demo(options),
    };
    let simulator = simulator.map_err(|e| Failure::usage(e.to_string()))?;
    args.fault.into_iter().for_each(|f| simulator.inject(f));
    if let Some(file) = &args.fault_file {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("fault file {name}: {e}")))?;
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let fault =
                    line.parse().map_err(|e| Failure::usage(format!("fault file {name}, line {}: {e}", number + 1)))?;
                simulator.inject(fault);
            }
        }
    }
    let listener = listen(args.port).await?;
    let address = Address::of(&simulator, listener.local_addr()?);
    let simulator = Arc::new(simulator);
    let mut announcement = address.announcement();
    let mut authority = None;
    if args.tls {
        let tls = Tls::generate().map_err(|e| Failure::new(FAILED, e.to_string()))?;
        let listener = listen(args.tls_port).await?;
        let file = CaFile::write(&tls.authority)?;
        if let Some(object) = announcement.as_object_mut() {
            let port = listener.local_addr()?.port();
            object.insert("tls_endpoint".to_owned(), format!("https://localhost:{port}").into());
            object.insert("ca".to_owned(), file.path.display().to_string().into());
        }
        authority = Some(file);
        tokio::spawn(serve_tls(Arc::clone(&simulator), listener, tls));
    }
    output::print(&format!("{announcement}\n"))?;
    eprintln!("azlb: the simulator serves {}; Ctrl-C ends it", address.endpoint);
    let mut terminated = terminated()?;
    tokio::select! {
        () = serve(simulator, listener) => {}
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    drop(authority);
    Ok(ExitCode::SUCCESS)
}

async fn listen(port: u16) -> Result<tokio::net::TcpListener, Failure> {
    tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|e| Failure::new(FAILED, format!("port {port} cannot be used: {e}")))
}

fn terminated() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
}

/// The authority's certificate in a file of its own, which goes with the simulator.
struct CaFile {
    path: PathBuf,
}

impl CaFile {
    fn write(pem: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("azlb-sim-ca-{}.pem", std::process::id()));
        // Whoever else made a file of this name does not say whom clients trust.
        let _ = std::fs::remove_file(&path);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.write_all(pem.as_bytes())?;
        Ok(Self { path })
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
