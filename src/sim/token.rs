//! The token endpoint, App Service style, and the check of tokens.
//!
//! `GET {IDENTITY_ENDPOINT}?resource=…&api-version=2019-08-01` with `X-IDENTITY-HEADER`. The token is
//! a well-formed JWT with no signature worth the name; only those issued here are taken.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::answer::Answer;

/// The tenant of every simulated identity.
pub(super) const TENANT: &str = "00000000-0000-0000-0000-0000000000aa";

pub(super) struct Tokens {
    secret: String,
    /// Issued tokens and their expiry in Unix seconds.
    issued: HashMap<String, i64>,
}

impl Tokens {
    pub(super) fn new(chance: &mut fastrand::Rng) -> Self {
        // Two simulators on one machine must not take each other's tokens, seed or not.
        let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        Self { secret: format!("{:016x}{:08x}", chance.u64(..), salt), issued: HashMap::new() }
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// Answers a request for a token.
    pub(super) fn issue(&mut self, resource: Option<&str>, header: Option<&str>, now: i64) -> Answer {
        if header != Some(self.secret.as_str()) {
            return Answer::json(401, json!({ "statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong" }));
        }
        let Some(resource) = resource else {
            return Answer::json(400, json!({ "statusCode": 400, "message": "the parameter 'resource' is missing" }));
        };
        let expires = now + 86_400;
        let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let head = part(&json!({ "alg": "none", "typ": "JWT" }));
        let claims = part(&json!({
            "aud": resource,
            "iss": format!("https://sts.windows.net/{TENANT}/"),
            "iat": now, "nbf": now, "exp": expires,
            "tid": TENANT,
            "oid": "00000000-0000-0000-0000-0000000000bb",
            "appid": "00000000-0000-0000-0000-0000000000cc",
            "idtyp": "app",
            "xms_mirid": "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg-ops/providers/Microsoft.ManagedIdentity/userAssignedIdentities/azlb-sim",
            "ver": "1.0",
            "uti": format!("{}-{}", self.issued.len(), self.secret),
        }));
        let token = format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(b"simulated"));
        self.issued.insert(token.clone(), expires);
        Answer::json(
            200,
            json!({
                "access_token": token,
                "expires_on": expires.to_string(),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": "00000000-0000-0000-0000-0000000000cc",
            }),
        )
    }

    /// Whether an `Authorization` header carries a token issued here.
    pub(super) fn accepts(&self, authorization: Option<&str>, now: i64) -> bool {
        let Some(token) = authorization.and_then(|a| a.strip_prefix("Bearer ")) else { return false };
        self.issued.get(token).is_some_and(|expires| *expires > now)
    }

    /// Forgets every token: the next requests are answered with 401.
    pub(super) fn expire_all(&mut self) {
        self.issued.clear();
    }
}
