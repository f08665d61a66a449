//! The simulator on a socket: loopback, plain HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Simulator;

/// A larger request is no client's mistake.
const MAX_REQUEST: usize = 32 << 20;

/// Where a simulator listens and how a client signs in to it.
#[derive(Debug, Clone)]
pub struct Address {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The token endpoint, for `IDENTITY_ENDPOINT`.
    pub identity_endpoint: String,
    /// The secret, for `IDENTITY_HEADER`.
    pub identity_header: String,
}

impl Address {
    /// Of a simulator behind a listener.
    pub fn of(simulator: &Simulator, local: SocketAddr) -> Self {
        let endpoint = format!("http://{local}");
        Self {
            identity_endpoint: format!("{endpoint}/msi/token"),
            identity_header: simulator.identity_header(),
            endpoint,
        }
    }

    /// What `azlb sim` prints first: the endpoint and the environment of a client.
    pub fn announcement(&self) -> Value {
        json!({
            "endpoint": self.endpoint,
            "env": {
                "AZLB_ARM_ENDPOINT": self.endpoint,
                "IDENTITY_ENDPOINT": self.identity_endpoint,
                "IDENTITY_HEADER": self.identity_header,
            },
        })
    }
}

/// Serves until the task is dropped. One connection is one task; each ends with its client.
pub async fn serve(simulator: Arc<Simulator>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: give the others time to end.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let simulator = Arc::clone(&simulator);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&simulator), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a client's connection ended");
            }
        });
    }
}

/// An error here makes hyper close the connection without an answer, which is what a reset is.
async fn answer(
    simulator: Arc<Simulator>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body =
        Limited::new(body, MAX_REQUEST).collect().await.map_err(|e| std::io::Error::other(e.to_string()))?.to_bytes();
    match simulator.handle(http::Request::from_parts(parts, body)) {
        Some(response) => Ok(response.map(Full::new)),
        None => Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was asked for")),
    }
}
