//! The simulator on a socket: loopback, HTTP/1.1, plain or over TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::Simulator;
use super::tls::Tls;

/// A larger request is no client's mistake.
const MAX_REQUEST: usize = 32 << 20;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The scheme that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scheme(pub(super) &'static str);

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
        let stream = accept(&listener).await;
        let simulator = Arc::clone(&simulator);
        tokio::spawn(connection(simulator, stream, "http"));
    }
}

/// The same over TLS.
pub async fn serve_tls(simulator: Arc<Simulator>, listener: TcpListener, tls: Tls) {
    loop {
        let stream = accept(&listener).await;
        let simulator = Arc::clone(&simulator);
        let handshake = tls.acceptor.accept(stream);
        tokio::spawn(async move {
            // A client that does not know the authority hangs up here.
            match tokio::time::timeout(HANDSHAKE, handshake).await {
                Ok(Ok(stream)) => connection(simulator, stream, "https").await,
                Ok(Err(error)) => tracing::debug!(%error, "a client's handshake failed"),
                Err(_) => tracing::debug!("a client's handshake took too long"),
            }
        });
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of descriptors, most likely: give the others time to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(
    simulator: Arc<Simulator>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    scheme: &'static str,
) {
    let service = service_fn(move |request| answer(Arc::clone(&simulator), request, scheme));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a client's connection ended");
    }
}

/// An error here makes hyper close the connection without an answer, which is what a reset is.
async fn answer(
    simulator: Arc<Simulator>,
    request: hyper::Request<Incoming>,
    scheme: &'static str,
) -> Result<hyper::Response<Full<Bytes>>, std::io::Error> {
    let (mut parts, body) = request.into_parts();
    // Links in answers name the scheme that the client came by.
    parts.extensions.insert(Scheme(scheme));
    let body =
        Limited::new(body, MAX_REQUEST).collect().await.map_err(|e| std::io::Error::other(e.to_string()))?.to_bytes();
    match simulator.handle(http::Request::from_parts(parts, body)) {
        Some(response) => {
            if let Some(super::answer::Delay(delay)) = response.extensions().get() {
                tokio::time::sleep(*delay).await;
            }
            Ok(response.map(Full::new))
        }
        None => Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was asked for")),
    }
}
