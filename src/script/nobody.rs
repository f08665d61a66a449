//! Surroundings in which nothing can be read, asked or applied: enough to know what functions there are.
//!
//! Used by the check and the documentation.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::host::{Applied, Host, Stop};
use super::library::Library;
use super::words::Surroundings;
use crate::arm::Cloud;
use crate::arm::token::CredentialSource;
use crate::arm::transport::{Transport, TransportError};
use crate::changes::Plan;
use crate::config::Config;
use crate::session::{Session, SessionError};

#[derive(Default)]
struct Nobody(Stop);

fn nobody<T>() -> Result<T, SessionError> {
    Err(SessionError::Asked("nobody is here".to_owned()))
}

impl Host for Nobody {
    fn print(&self, _: &str) {}

    fn confirm(&self, _: &Plan) -> Result<bool, SessionError> {
        nobody()
    }

    fn apply(&self, _: &Plan) -> Result<Option<Applied>, SessionError> {
        nobody()
    }

    fn ask(&self, _: &str) -> Result<bool, SessionError> {
        nobody()
    }

    fn choose(&self, _: &str, _: &[String]) -> Result<usize, SessionError> {
        nobody()
    }

    fn progress(&self, _: &str, _: u64, _: u64) {}

    fn emit(&self, _: &serde_json::Value, _: &[String]) {}

    fn stop(&self) -> &Stop {
        &self.0
    }
}

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        Err(TransportError { cause: "there is no network here".to_owned() })
    }
}

impl CredentialSource for Nobody {
    fn credential(&self) -> Result<Arc<dyn azure_core::credentials::TokenCredential>, String> {
        Err("nobody signs in here".to_owned())
    }
}

/// The surroundings.
pub(super) fn surroundings() -> Result<Surroundings, SessionError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|e| SessionError::Asked(e.to_string()))?;
    let handle = runtime.handle().clone();
    // Nothing is ever run on it; where this is called from a runtime, one may not wait for its end.
    runtime.shutdown_background();
    let config = Config { read_only: true, state_dir: Some(std::env::temp_dir()), ..Config::default() };
    let cloud = Cloud::named("public").map_err(|e| SessionError::Asked(e.to_string()))?;
    let nobody = || Arc::new(Nobody::default());
    let session = Session::open(config, cloud, nobody(), nobody(), String::new())?;
    let until = Arc::new(Mutex::new(Instant::now()));
    let library = Arc::new(Library::new(&[]));
    Ok(Surroundings { session, host: nobody(), runtime: handle, library, until })
}
