//! How one request reaches the server and its answer comes back.
//!
//! Owns the reqwest client: no redirects are followed, sizes and times are bounded. A second
//! implementation lives in the tests, so that they can run in paused time. Called by the client
//! alone.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

/// An answer larger than this is an accident or an attack. A page of 1,000 NICs is about 2 MB.
const MAX_BODY: usize = 64 << 20;

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct TransportError {
    /// What the connection said, with its chain of causes.
    pub cause: String,
}

/// Sends one HTTP request and reads the whole answer.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute.
    ///
    /// # Errors
    /// [`TransportError`] where no whole answer came.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// The transport over the network.
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// Builds the client.
    ///
    /// # Errors
    /// [`TransportError`] where the TLS library cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("azlb/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the token to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(100))
            .build()
            .map_err(|e| TransportError { cause: chain(&e) })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let fail = |e: &reqwest::Error| TransportError { cause: chain(e) };
        let request = reqwest::Request::try_from(request).map_err(|e| fail(&e))?;
        let mut answer = self.client.execute(request).await.map_err(|e| fail(&e))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        // A body that grows as it comes is copied, and takes up to three times its size meanwhile.
        let told = answer.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let mut body = BytesMut::with_capacity(told.min(MAX_BODY));
        while let Some(chunk) = answer.chunk().await.map_err(|e| fail(&e))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(TransportError { cause: "the answer is larger than 64 MiB".to_owned() });
            }
            body.extend_from_slice(&chunk);
        }
        let mut out = http::Response::new(body.freeze());
        *out.status_mut() = status;
        *out.headers_mut() = headers;
        Ok(out)
    }
}

/// An error and its causes in one line, without the URL (a poll URL is signed).
fn chain(error: &reqwest::Error) -> String {
    let mut out = String::new();
    let mut source = std::error::Error::source(error);
    if source.is_none() {
        out = format!("{error}");
    }
    while let Some(cause) = source {
        let text = cause.to_string();
        if !out.ends_with(&text) {
            if !out.is_empty() {
                out.push_str(": ");
            }
            out.push_str(&text);
        }
        source = cause.source();
    }
    if error.is_timeout() { format!("timed out ({out})") } else { out }
}
