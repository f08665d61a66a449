//! The clouds: where Resource Manager answers, whom tokens are for, where people sign in.
//!
//! Owns the rule of which URL may receive a token. Used by the client and by `auth`.
//! Source of the three tables: azcore's `cloud` package (facts of 2025).

use url::Url;

/// One Azure cloud, or an endpoint given by hand.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The name by which people choose it: `public`, `usgov`, `china`, `custom`.
    pub name: &'static str,
    endpoint: Url,
    scope: String,
    /// The sign-in authority's host, for credentials.
    pub authority: &'static str,
    /// The portal's address, for links.
    pub portal: &'static str,
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// Not one of the names.
    #[error("there is no cloud '{0}': use public, usgov or china")]
    UnknownName(String),
    /// The endpoint is not a URL of a resource manager.
    #[error("the endpoint '{0}' cannot be used: {1}")]
    BadEndpoint(String, &'static str),
}

impl Cloud {
    /// A cloud by its name.
    ///
    /// # Errors
    /// [`CloudError::UnknownName`].
    pub fn named(name: &str) -> Result<Self, CloudError> {
        let (name, endpoint, audience, authority, portal) = match name {
            "public" => (
                "public",
                "https://management.azure.com",
                "https://management.core.windows.net/",
                "https://login.microsoftonline.com/",
                "https://portal.azure.com",
            ),
            "usgov" => (
                "usgov",
                "https://management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net/",
                "https://login.microsoftonline.us/",
                "https://portal.azure.us",
            ),
            "china" => (
                "china",
                "https://management.chinacloudapi.cn",
                "https://management.core.chinacloudapi.cn/",
                "https://login.chinacloudapi.cn/",
                "https://portal.azure.cn",
            ),
            other => return Err(CloudError::UnknownName(other.to_owned())),
        };
        let endpoint = parse_endpoint(endpoint)?;
        // The double slash is right: the audience ends in one and the scope adds its own.
        Ok(Self { name, endpoint, scope: format!("{audience}/.default"), authority, portal })
    }

    /// A resource manager at an address given by hand, such as the simulator's.
    /// Plain http is taken for loopback alone.
    ///
    /// # Errors
    /// [`CloudError::BadEndpoint`] says what is wrong with the address.
    pub fn at(endpoint: &str) -> Result<Self, CloudError> {
        let url = parse_endpoint(endpoint)?;
        let scope = format!("{}/.default", endpoint.trim_end_matches('/'));
        Ok(Self {
            name: "custom",
            endpoint: url,
            scope,
            authority: "https://login.microsoftonline.com/",
            portal: "https://portal.azure.com",
        })
    }

    /// The resource manager's address.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// What a token is asked for.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Whether a URL is on this cloud's resource manager: the only place that may see a token.
    pub fn owns(&self, url: &Url) -> bool {
        url.scheme() == self.endpoint.scheme()
            && url.host_str() == self.endpoint.host_str()
            && url.port_or_known_default() == self.endpoint.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }
}

fn parse_endpoint(text: &str) -> Result<Url, CloudError> {
    let fail = |why| CloudError::BadEndpoint(text.to_owned(), why);
    let url = Url::parse(text).map_err(|_| fail("it is not a URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(fail("it names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(fail("a token would travel in clear: use https, http is for loopback alone")),
        _ => return Err(fail("use https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fail("it holds a user name or a password"));
    }
    if url.path() != "/" || url.query().is_some() {
        return Err(fail("give the host alone, without a path"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_the_resource_manager_alone() {
        let cloud = Cloud::named("public").unwrap();
        let owns = |s: &str| cloud.owns(&Url::parse(s).unwrap());
        assert!(owns("https://management.azure.com/subscriptions?x=1"));
        assert!(owns("https://management.azure.com:443/x"));
        assert!(!owns("http://management.azure.com/x"));
        assert!(!owns("https://management.azure.com.example.net/x"));
        assert!(!owns("https://management.azure.com:8443/x"));
        assert!(!owns("https://u@management.azure.com/x"));
    }

    #[test]
    fn plain_http_is_for_loopback() {
        assert!(Cloud::at("http://127.0.0.1:4000").is_ok());
        assert!(Cloud::at("http://[::1]:4000").is_ok());
        assert!(Cloud::at("http://localhost:4000/").is_ok());
        for bad in ["http://10.0.0.1", "ftp://x", "nonsense", "https://u:p@h", "https://h/path"] {
            assert!(Cloud::at(bad).is_err(), "{bad} was taken");
        }
    }
}
