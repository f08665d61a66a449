//! The bearer token: asked of a credential, kept until near its expiry, asked anew after a 401.
//!
//! Owns the only copy of the token text outside the credential. Never prints it. Called by the
//! client before each send.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::{AccessToken, TokenCredential};
use tokio::sync::Mutex;

use super::error::ArmError;

/// Gives credentials of one kind. A new one starts with an empty cache, which is how a token that
/// the server no longer takes is replaced.
pub trait CredentialSource: Send + Sync {
    /// A fresh credential.
    ///
    /// # Errors
    /// A sentence that says what was tried and what to do.
    fn credential(&self) -> Result<Arc<dyn TokenCredential>, String>;
}

/// How long before its end a token is replaced.
const EARLY: Duration = Duration::from_secs(300);

pub(crate) struct Tokens {
    source: Arc<dyn CredentialSource>,
    scope: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    credential: Option<Arc<dyn TokenCredential>>,
    token: Option<AccessToken>,
}

impl Tokens {
    pub(crate) fn new(source: Arc<dyn CredentialSource>, scope: String) -> Self {
        Self { source, scope, state: Mutex::default() }
    }

    /// The token in force. `refused` is one that the server has just refused with a 401.
    pub(crate) async fn get(&self, refused: Option<&str>) -> Result<String, ArmError> {
        let mut state = self.state.lock().await;
        if refused.is_some() && state.token.as_ref().map(|t| t.token.secret()) == refused {
            *state = State::default();
        }
        if let Some(token) = &state.token
            && SystemTime::from(token.expires_on) > SystemTime::now() + EARLY
        {
            return Ok(token.token.secret().to_owned());
        }
        let credential = match &state.credential {
            Some(credential) => Arc::clone(credential),
            None => self.source.credential().map_err(ArmError::Credential)?,
        };
        let token = credential
            .get_token(&[&self.scope], None)
            .await
            .map_err(|e| ArmError::Credential(format!("no token: {e}")))?;
        let text = token.token.secret().to_owned();
        *state = State { credential: Some(credential), token: Some(token) };
        Ok(text)
    }
}
