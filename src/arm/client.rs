//! The client: one request with its token, its ids, its retries and its errors.
//!
//! Owns sending. [`Reader`] reads and is cloned freely; [`Writer`] writes and is not `Clone`, so
//! whoever holds it is the only one that can change Azure. A read is retried here; a write is sent
//! once, because only a re-read can tell whether it may be sent again, and that is the executor's
//! business.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use super::cloud::Cloud;
use super::document::{ApiVersion, Document, Etag};
use super::error::{ArmError, ErrorClass, ServiceError};
use super::id::ResourceId;
use super::operation::Operation;
use super::paging::Pager;
use super::throttle::{Throttle, Traffic};
use super::token::{CredentialSource, Tokens};
use super::transport::Transport;
use super::versions::Versions;

/// Waits and limits. All are settings; tests make them small.
#[derive(Debug, Clone)]
pub struct Pacing {
    /// How often a failed read is tried again.
    pub retries: u32,
    /// The first wait between tries; doubled each time, with jitter.
    pub retry_base: Duration,
    /// The longest wait between tries.
    pub retry_cap: Duration,
    /// The wait between polls where the server names none.
    pub poll: Duration,
    /// How long one operation is followed.
    pub operation_limit: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            retries: 4,
            retry_base: Duration::from_millis(800),
            retry_cap: Duration::from_secs(60),
            poll: Duration::from_secs(10),
            operation_limit: Duration::from_secs(30 * 60),
        }
    }
}

impl Pacing {
    /// The wait before try `attempt` (from 0): `base × 2^attempt × 0.8…1.3`, capped.
    pub fn backoff(&self, attempt: u32) -> Duration {
        let factor = f64::from(2u32.saturating_pow(attempt.min(20))) * (0.8 + 0.5 * fastrand::f64());
        self.retry_base.mul_f64(factor).min(self.retry_cap)
    }
}

/// How many requests were sent, for figures and for `azlb doctor`.
#[derive(Debug, Default)]
pub struct Traffics {
    reads: AtomicU64,
    writes: AtomicU64,
}

impl Traffics {
    /// Reads and writes so far, tries included.
    pub fn counts(&self) -> (u64, u64) {
        (self.reads.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed))
    }
}

pub(crate) struct Core {
    transport: Arc<dyn Transport>,
    cloud: Cloud,
    tokens: Tokens,
    throttle: Throttle,
    traffics: Traffics,
    versions: Versions,
    pub(crate) pacing: Pacing,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The items of a list that was asked for, each still its text in the answer: a page of large load
    /// balancers is ten times its size once it is parsed.
    pub(crate) items: Option<Vec<Bytes>>,
}

/// What an answer is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One thing.
    One,
    /// A page of a list: `{value: […], nextLink}`.
    Page,
}

/// A page, its items still text.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    #[serde(rename = "nextLink")]
    next: Option<Value>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// `Retry-After` in its three spellings: milliseconds first, then seconds, then a date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        // A server's mistake must not make azlb wait for a day.
        const MOST: Duration = Duration::from_secs(600);
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            if let Some(ms) = self.header(name).and_then(|v| v.parse().ok()) {
                return Some(Duration::from_millis(ms).min(MOST));
            }
        }
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds).min(MOST));
        }
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        let wait = at.as_second().saturating_sub(jiff::Timestamp::now().as_second());
        Some(Duration::from_secs(wait.max(0).unsigned_abs()).min(MOST))
    }
}

/// Opens a client on a cloud: one reader, one writer.
pub fn connect(
    transport: Arc<dyn Transport>,
    cloud: Cloud,
    credentials: Arc<dyn CredentialSource>,
    pacing: Pacing,
) -> (Reader, Writer) {
    let tokens = Tokens::new(credentials, cloud.scope().to_owned());
    let core = Arc::new(Core {
        transport,
        cloud,
        tokens,
        throttle: Throttle::default(),
        traffics: Traffics::default(),
        versions: Versions::default(),
        pacing,
    });
    (Reader { core: Arc::clone(&core) }, Writer { core })
}

/// A POST action that changes nothing, so that a reader may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAction {
    /// `loadBalancingRules/{rule}/health`.
    RuleHealth,
}

impl ReadAction {
    fn segment(self) -> &'static str {
        match self {
            Self::RuleHealth => "health",
        }
    }
}

/// Reads from Azure.
#[derive(Clone)]
pub struct Reader {
    core: Arc<Core>,
}

/// Writes to Azure. There is one; it cannot be cloned.
pub struct Writer {
    core: Arc<Core>,
}

/// What became of a write that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The operation to follow, where the server named one.
    pub operation: Option<Operation>,
    /// The answer's body.
    pub body: Value,
}

impl Reader {
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// The cloud this reader reads from.
    pub fn cloud(&self) -> &Cloud {
        &self.core.cloud
    }

    /// The state of the buckets.
    pub fn throttle(&self) -> &Throttle {
        &self.core.throttle
    }

    /// The waits and limits in force.
    pub fn pacing(&self) -> &Pacing {
        &self.core.pacing
    }

    /// How many requests were sent.
    pub fn traffics(&self) -> &Traffics {
        &self.core.traffics
    }

    /// GET of one resource. `query` is added after the api-version, such as `$expand=instanceView`.
    ///
    /// # Errors
    /// Any [`ArmError`].
    pub async fn get(&self, id: &ResourceId, version: ApiVersion, query: &str) -> Result<Document, ArmError> {
        let url = self.core.url(id.as_str(), version, query)?;
        let answer = self.core.read(Method::GET, url, Traffic::Read, id.subscription()).await?;
        let etag = answer.header("etag").map(Etag::new);
        Document::new(answer.body, etag).map_err(|e| ArmError::document(id.as_str(), &e))
    }

    /// GET of what a resource tells of itself and is no resource: it may have no id and no ETag.
    ///
    /// # Errors
    /// Any [`ArmError`].
    pub async fn view(&self, id: &ResourceId, version: ApiVersion) -> Result<Value, ArmError> {
        let url = self.core.url(id.as_str(), version, "")?;
        Ok(self.core.read(Method::GET, url, Traffic::Read, id.subscription()).await?.body)
    }

    /// A list, to be read page by page.
    ///
    /// # Errors
    /// [`ArmError`] where the path does not make a URL.
    pub fn list(&self, path: &str, version: ApiVersion, query: &str) -> Result<Pager, ArmError> {
        let url = self.core.url(path, version, query)?;
        let subscription = path.split('/').nth(2).unwrap_or_default();
        Ok(Pager::new(self.clone(), url, subscription))
    }

    /// A reading action on a resource, followed to its result.
    ///
    /// # Errors
    /// Any [`ArmError`].
    pub async fn action(&self, id: &ResourceId, action: ReadAction, version: ApiVersion) -> Result<Value, ArmError> {
        let path = format!("{}/{}", id.as_str(), action.segment());
        let url = self.core.url(&path, version, "")?;
        let answer = self.core.read(Method::POST, url, Traffic::Read, id.subscription()).await?;
        match Operation::from_answer(&self.core, &answer, id.subscription())? {
            Some(operation) => Ok(self.follow(&operation).await?.body),
            None => Ok(answer.body),
        }
    }
}

impl Writer {
    /// PUT of one whole resource, once. `If-Match` is sent where an ETag is known.
    ///
    /// # Errors
    /// Any [`ArmError`]; after a transient one the outcome is unknown until the resource is read.
    pub async fn put(
        &self,
        id: &ResourceId,
        version: ApiVersion,
        body: &Value,
        if_match: Option<&Etag>,
        request_id: &str,
    ) -> Result<Sent, ArmError> {
        let url = self.core.url(id.as_str(), version, "")?;
        self.core.throttle.pass(Traffic::Write, id.subscription()).await;
        let exchange = Exchange { method: Method::PUT, url, body: Some(body), if_match, request_id, shape: Shape::One };
        let answer = self.core.send(&exchange, Traffic::Write, id.subscription()).await?;
        let operation = Operation::from_answer(&self.core, &answer, id.subscription())?;
        Ok(Sent { operation, body: answer.body })
    }
}

struct Exchange<'a> {
    method: Method,
    url: Url,
    body: Option<&'a Value>,
    if_match: Option<&'a Etag>,
    request_id: &'a str,
    shape: Shape,
}

impl Core {
    fn url(&self, path: &str, version: ApiVersion, query: &str) -> Result<Url, ArmError> {
        let mut url = self.cloud.endpoint().clone();
        url.set_path(path);
        let and = if query.is_empty() { "" } else { "&" };
        let version = self.versions.of(path, version.0);
        url.set_query(Some(&format!("api-version={version}{and}{query}")));
        Ok(url)
    }

    /// A link from an answer, made absolute; refused where it points elsewhere.
    pub(crate) fn own_link(&self, what: &'static str, link: &str) -> Result<Url, ArmError> {
        let url = self
            .cloud
            .endpoint()
            .join(link)
            .map_err(|_| ArmError::ForeignLink { what, url: link.chars().take(80).collect() })?;
        if self.cloud.owns(&url) {
            Ok(url)
        } else {
            let host = url.host_str().unwrap_or_default();
            Err(ArmError::ForeignLink { what, url: format!("{}://{host}{}", url.scheme(), url.path()) })
        }
    }

    /// Sends what only reads, and tries again where that can help.
    pub(crate) async fn read(
        &self,
        method: Method,
        url: Url,
        traffic: Traffic,
        subscription: &str,
    ) -> Result<Answer, ArmError> {
        self.read_as(Shape::One, method, url, traffic, subscription).await
    }

    /// The same, the answer being of a shape.
    pub(crate) async fn read_as(
        &self,
        shape: Shape,
        method: Method,
        url: Url,
        traffic: Traffic,
        subscription: &str,
    ) -> Result<Answer, ArmError> {
        let mut attempt = 0;
        loop {
            self.throttle.pass(traffic, subscription).await;
            let request_id = uuid::Uuid::new_v4().to_string();
            let exchange = Exchange {
                method: method.clone(),
                url: url.clone(),
                body: None,
                if_match: None,
                request_id: &request_id,
                shape,
            };
            let error = match self.send(&exchange, traffic, subscription).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = matches!(error.class(), ErrorClass::Transient | ErrorClass::Throttled | ErrorClass::Busy);
            if !again || attempt >= self.pacing.retries {
                return Err(error);
            }
            let asked = error.service().and_then(|e| e.retry_after);
            let wait = asked.unwrap_or_else(|| self.pacing.backoff(attempt));
            tracing::debug!(path = url.path(), %error, ?wait, "read again");
            // A throttled bucket is closed already; its own wait is served by `pass`.
            if error.class() != ErrorClass::Throttled {
                tokio::time::sleep(wait).await;
            }
            attempt += 1;
        }
    }

    /// One exchange. A version that the provider does not serve is asked once more with one that it does:
    /// nothing was done yet.
    async fn send(&self, exchange: &Exchange<'_>, traffic: Traffic, subscription: &str) -> Result<Answer, ArmError> {
        let error = match self.send_once(exchange, traffic, subscription).await {
            Err(ArmError::Service(error)) if error.code.eq_ignore_ascii_case("NoRegisteredProviderFound") => error,
            other => return other,
        };
        let Some(url) = self.with_known_version(&exchange.url, &error.message) else {
            return Err(ArmError::Service(error));
        };
        let again = Exchange { method: exchange.method.clone(), url, ..*exchange };
        self.send_once(&again, traffic, subscription).await
    }

    /// The same address with a version that the refusal lists.
    fn with_known_version(&self, url: &Url, refusal: &str) -> Option<Url> {
        let asked = url.query_pairs().find(|(k, _)| k == "api-version").map(|(_, v)| v.into_owned())?;
        let chosen = self.versions.learn(url.path(), &asked, refusal)?;
        let mut url = url.clone();
        let query = url.query()?.replacen(&format!("api-version={asked}"), &format!("api-version={chosen}"), 1);
        url.set_query(Some(&query));
        Some(url)
    }

    /// One exchange. A 401 asks for a new token once.
    async fn send_once(
        &self,
        exchange: &Exchange<'_>,
        traffic: Traffic,
        subscription: &str,
    ) -> Result<Answer, ArmError> {
        let token = self.tokens.get(None).await?;
        let answer = self.send_with(exchange, &token, traffic).await?;
        let answer = if answer.status == 401 {
            let fresh = self.tokens.get(Some(&token)).await?;
            self.send_with(exchange, &fresh, traffic).await?
        } else {
            answer
        };
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let mut error = ServiceError::read(exchange.method.as_str(), exchange.url.path(), answer.status, &answer.body);
        error.retry_after = answer.retry_after();
        error.correlation_id = answer.header("x-ms-correlation-request-id").map(str::to_owned);
        error.request_id = answer.header("x-ms-request-id").map(str::to_owned);
        if error.class() == ErrorClass::Throttled {
            let wait = error.retry_after.unwrap_or_else(|| self.pacing.backoff(2));
            self.throttle.close(traffic, subscription, wait);
        }
        Err(ArmError::Service(Box::new(error)))
    }

    async fn send_with(&self, exchange: &Exchange<'_>, token: &str, traffic: Traffic) -> Result<Answer, ArmError> {
        let (method, path) = (exchange.method.as_str(), exchange.url.path());
        let host = exchange.url.host_str().unwrap_or_default().to_owned();
        let mut request = http::Request::builder()
            .method(exchange.method.clone())
            .uri(exchange.url.as_str())
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json")
            .header("x-ms-client-request-id", exchange.request_id)
            .header("x-ms-return-client-request-id", "true");
        if let Some(etag) = exchange.if_match {
            request = request.header("if-match", etag.as_str());
        }
        let body = match exchange.body {
            Some(value) => {
                request = request.header("content-type", "application/json");
                Bytes::from(value.to_string())
            }
            None => {
                // ARM wants a length on a POST without a body.
                if exchange.method == Method::POST {
                    request = request.header("content-length", "0");
                }
                Bytes::new()
            }
        };
        let request = request.body(body).map_err(|e| ArmError::unexpected(path, e))?;
        match traffic {
            Traffic::Read => self.traffics.reads.fetch_add(1, Ordering::Relaxed),
            Traffic::Write => self.traffics.writes.fetch_add(1, Ordering::Relaxed),
        };
        let answer = self.transport.send(request).await.map_err(|e| ArmError::Transport {
            method: method.to_owned(),
            path: path.to_owned(),
            host: host.clone(),
            cause: e.cause,
        })?;
        let status = answer.status().as_u16();
        tracing::debug!(method, path, status, request = exchange.request_id, "exchange");
        let (parts, bytes) = answer.into_parts();
        let not_arm = |why: String| ArmError::NotArm {
            method: method.to_owned(),
            path: path.to_owned(),
            host: host.clone(),
            status,
            why,
        };
        // What is no page is read as anything else is: it may be an error, or a gateway's.
        let page =
            (exchange.shape == Shape::Page && status == 200).then(|| serde_json::from_slice::<Page<'_>>(&bytes).ok());
        let (items, body) = if let Some(page) = page.flatten() {
            let link = page.next.into_iter().map(|link| ("nextLink".to_owned(), link));
            let items = page.value.iter().map(|item| bytes.slice_ref(item.get().as_bytes())).collect();
            (Some(items), Value::Object(link.collect()))
        } else if bytes.iter().all(u8::is_ascii_whitespace) {
            (None, Value::Null)
        } else {
            match serde_json::from_slice(&bytes) {
                Ok(value) => (None, value),
                // A gateway in front of ARM may speak HTML when it fails: that is a passing fault.
                Err(_) if matches!(status, 401 | 408 | 429 | 500 | 502 | 503 | 504) => (None, Value::Null),
                // An answer that breaks off is a broken connection; and a write that something answered
                // with success may have landed, whatever the answer looks like.
                Err(e)
                    if matches!(bytes.first(), Some(b'{' | b'['))
                        || (matches!(traffic, Traffic::Write) && (200..300).contains(&status)) =>
                {
                    return Err(ArmError::Transport {
                        method: method.to_owned(),
                        path: path.to_owned(),
                        host: host.clone(),
                        cause: format!("the answer cannot be read: {e}"),
                    });
                }
                Err(e) => {
                    let start: String = String::from_utf8_lossy(&bytes).chars().take(60).collect();
                    return Err(not_arm(format!("JSON was expected ({e}), it begins {start:?}")));
                }
            }
        };
        if (300..400).contains(&status) {
            return Err(not_arm("a redirect, which is not followed with a token".to_owned()));
        }
        Ok(Answer { status, headers: parts.headers, body, items })
    }
}
