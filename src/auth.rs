//! The credential: which of azure_identity's credentials signs in, chosen by name or by what the
//! environment offers.
//!
//! Owns the order of the choice and the sentence that says what was tried. Tokens themselves are
//! asked for by `arm`. Never reads or keeps a secret of its own.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_identity::{
    AzureCliCredential, ClientSecretCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential,
};
use serde::{Deserialize, Serialize};

use crate::arm::token::CredentialSource;

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The first of the others that the environment offers and that gives a token.
    #[default]
    Auto,
    /// `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`.
    ServicePrincipal,
    /// `AZURE_FEDERATED_TOKEN_FILE` with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`.
    WorkloadIdentity,
    /// The identity of this machine.
    ManagedIdentity,
    /// Whoever ran `az login`.
    Cli,
}

/// Makes credentials of the chosen kind.
#[derive(Debug, Clone, Copy)]
pub struct Credentials {
    method: Method,
}

impl Credentials {
    /// Of a kind.
    pub fn new(method: Method) -> Self {
        Self { method }
    }
}

impl CredentialSource for Credentials {
    fn credential(&self) -> Result<Arc<dyn TokenCredential>, String> {
        let methods = match self.method {
            Method::Auto => automatic(),
            one => vec![one],
        };
        Ok(Arc::new(Chain { methods }))
    }
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// What the environment offers, in order. A machine's own endpoint is asked last, since asking
/// where there is none takes long.
fn automatic() -> Vec<Method> {
    let mut out = Vec::new();
    if set("AZURE_CLIENT_SECRET").is_some() {
        out.push(Method::ServicePrincipal);
    }
    if set("AZURE_FEDERATED_TOKEN_FILE").is_some() {
        out.push(Method::WorkloadIdentity);
    }
    if set("IDENTITY_ENDPOINT").is_some() {
        out.push(Method::ManagedIdentity);
    }
    out.push(Method::Cli);
    if set("IDENTITY_ENDPOINT").is_none() {
        out.push(Method::ManagedIdentity);
    }
    out
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ServicePrincipal => "service principal (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET)",
            Self::WorkloadIdentity => "workload identity (AZURE_FEDERATED_TOKEN_FILE)",
            Self::ManagedIdentity => "managed identity",
            Self::Cli => "az CLI",
        }
    }

    fn build(self) -> Result<Arc<dyn TokenCredential>, String> {
        let need = |name: &str| set(name).ok_or_else(|| format!("{name} is not set"));
        let text = |e: azure_core::Error| e.to_string();
        match self {
            Self::Auto => Err("no single credential".to_owned()),
            Self::ServicePrincipal => {
                let secret = Secret::new(need("AZURE_CLIENT_SECRET")?);
                ClientSecretCredential::new(&need("AZURE_TENANT_ID")?, need("AZURE_CLIENT_ID")?, secret, None)
                    .map(|c| c as Arc<dyn TokenCredential>)
                    .map_err(text)
            }
            Self::WorkloadIdentity => {
                WorkloadIdentityCredential::new(None).map(|c| c as Arc<dyn TokenCredential>).map_err(text)
            }
            Self::ManagedIdentity => {
                let options = set("AZURE_CLIENT_ID").map(|id| ManagedIdentityCredentialOptions {
                    user_assigned_id: Some(UserAssignedId::ClientId(id)),
                    ..Default::default()
                });
                ManagedIdentityCredential::new(options).map(|c| c as Arc<dyn TokenCredential>).map_err(text)
            }
            Self::Cli => AzureCliCredential::new(None).map(|c| c as Arc<dyn TokenCredential>).map_err(text),
        }
    }
}

/// Tries each method in turn; the first token wins.
#[derive(Debug)]
struct Chain {
    methods: Vec<Method>,
}

/// How long one method may take to give a token before the next is tried.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

#[async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let mut tried = Vec::new();
        for method in &self.methods {
            let asked = match method.build() {
                Ok(credential) => {
                    match tokio::time::timeout(PATIENCE, credential.get_token(scopes, options.clone())).await {
                        Ok(Ok(token)) => return Ok(token),
                        Ok(Err(error)) => first_line(&error.to_string()),
                        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
                    }
                }
                Err(error) => first_line(&error),
            };
            tried.push(format!("\n  {}: {asked}", method.name()));
        }
        Err(azure_core::Error::with_message(
            azure_core::error::ErrorKind::Credential,
            format!(
                "nobody is signed in. Tried:{}\nRun 'az login', or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, \
                 or run on a machine with a managed identity; --auth names one method. To look around without Azure: azlb --sim",
                tried.concat()
            ),
        ))
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("no reason given");
    line.chars().take(200).collect()
}
