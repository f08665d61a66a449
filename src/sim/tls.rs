//! A certificate authority for one run, and a server certificate of it for loopback.
//!
//! Made by `azlb sim --tls`: real clients insist on https. The keys live in this process alone;
//! only the authority's certificate is written down, for the client's `REQUESTS_CA_BUNDLE`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made: {0}")]
pub struct TlsError(String);

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<tokio_rustls::rustls::Error> for TlsError {
    fn from(error: tokio_rustls::rustls::Error) -> Self {
        Self(error.to_string())
    }
}

/// A server's side of TLS.
pub struct Tls {
    /// Takes connections.
    pub(super) acceptor: TlsAcceptor,
    /// The authority's certificate, as PEM.
    pub authority: String,
}

impl Tls {
    /// Makes an authority and a certificate for `localhost` and `127.0.0.1`, valid for thirty days.
    ///
    /// # Errors
    /// [`TlsError`] where the system gives no randomness, most likely.
    pub fn generate() -> Result<Self, TlsError> {
        let authority_key = KeyPair::generate()?;
        let mut authority = params("azlb simulator, this run's authority")?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate()?;
        let mut server = params("localhost")?;
        server.subject_alt_names =
            vec![SanType::DnsName("localhost".try_into()?), SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        server.use_authority_key_identifier_extension = true;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let chain = vec![server.signed_by(&key, &issuer)?.der().clone(), certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority: certificate.pem() })
    }
}

fn params(name: &str) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    let day = |offset: i64| {
        let date = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
        let date = date.saturating_add(jiff::Span::new().days(offset));
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(-1);
    params.not_after = day(30);
    Ok(params)
}
