//! Opening a session: settings, cloud, credential, and the simulator inside this process.

use std::net::TcpListener;
use std::sync::Arc;

use super::exit::{FAILED, Failure};
use super::globals::Globals;
use crate::arm::Cloud;
use crate::arm::cloud::CloudError;
use crate::arm::transport::{HttpTransport, Transport};
use crate::auth::Credentials;
use crate::config::Config;
use crate::estate::redacted::Redacted;
use crate::session::{SIMULATOR, Session};
use crate::sim::server::{Address, serve};
use crate::sim::{Options, Simulator, estate_file};

/// A simulator of this process, listening and not yet served.
pub struct InProcess {
    simulator: Arc<Simulator>,
    listener: TcpListener,
    /// Where it is, for the environment.
    pub address: Address,
}

/// Prepares the simulator that `--sim` asks for. The environment that its token endpoint needs is
/// set by `main`, while there is one thread.
///
/// # Errors
/// A broken estate file, or no free port.
pub fn simulator(globals: &Globals) -> Result<Option<InProcess>, Failure> {
    let Some(estate) = &globals.sim else { return Ok(None) };
    let documents = match estate.as_str() {
        "demo" => estate_file::parse("demo", crate::sim::DEMO),
        file => estate_file::read(std::path::Path::new(file)),
    };
    let options = Options { speed: globals.sim_speed.unwrap_or(1.0), ..Options::default() };
    let simulator = documents.and_then(|d| Simulator::new(d, options)).map_err(|e| Failure::usage(e.to_string()))?;
    for fault in &globals.sim_fault {
        simulator.inject(fault.clone());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = Address::of(&simulator, listener.local_addr()?);
    Ok(Some(InProcess { simulator: Arc::new(simulator), listener, address }))
}

/// Opens the session. Nothing is sent yet.
///
/// # Errors
/// Wrong settings, or no TLS.
pub fn session(globals: &Globals, in_process: Option<InProcess>) -> Result<Session, Failure> {
    let mut config = Config::load().map_err(|e| Failure::usage(e.to_string()))?;
    config.read_only |= globals.read_only;
    if !globals.subscription.is_empty() {
        config.subscriptions.clone_from(&globals.subscription);
        config.narrowed = true;
    }
    if let Some(method) = globals.auth {
        config.auth = method;
    }
    let (cloud, place) = match in_process {
        Some(InProcess { simulator, listener, address }) => {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(serve(simulator, listener));
            config.speed = globals.sim_speed.or(config.speed);
            // The managed identity of the simulator, whatever the settings say of the real one.
            config.auth = crate::auth::Method::ManagedIdentity;
            (Cloud::at(&address.endpoint), SIMULATOR.to_owned())
        }
        None => {
            let cloud = cloud(globals.cloud.as_deref(), &config);
            let place = cloud.as_ref().map(place_of).unwrap_or_default();
            (cloud, place)
        }
    };
    let cloud = cloud.map_err(|e| Failure::usage(e.to_string()))?;
    let transport = HttpTransport::new().map_err(|e| Failure::new(FAILED, format!("no HTTP client: {e}")))?;
    let mut transport: Arc<dyn Transport> = Arc::new(transport);
    if globals.redact {
        transport = Arc::new(redacted(transport, &mut config));
    }
    let credentials = Arc::new(Credentials::new(config.auth));
    Ok(Session::open(config, cloud, transport, credentials, place)?)
}

/// The cloud that the command line names, else the configuration.
pub(super) fn cloud(named: Option<&str>, config: &Config) -> Result<Cloud, CloudError> {
    match (named, &config.endpoint) {
        (Some(name), _) => Cloud::named(name),
        (None, Some(endpoint)) => Cloud::at(endpoint),
        (None, None) => Cloud::named(config.cloud.as_deref().unwrap_or("public")),
    }
}

/// What plans and kept names of a cloud are marked with.
pub(super) fn place_of(cloud: &Cloud) -> String {
    cloud.endpoint().as_str().trim_end_matches('/').to_owned()
}

/// Makes a session one of stand-ins. It writes nothing, and what is kept on this machine under real names (the
/// journal, the screen's places) stays out of it.
fn redacted(transport: Arc<dyn Transport>, config: &mut Config) -> Redacted {
    let redacted = Redacted::new(transport);
    config.read_only = true;
    config.state_dir = Some(std::env::temp_dir().join(format!("azlb-redacted-{}", std::process::id())));
    config.subscriptions.iter_mut().for_each(|s| *s = redacted.subscription(s));
    config.exclusive.iter_mut().chain(&mut config.protected).for_each(|p| *p = redacted.selector(p));
    redacted
}
