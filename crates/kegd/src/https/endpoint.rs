//! Where an endpoint is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;
use keg_tls::ServerName;

use super::{HttpsError, HttpsErrorKind};

/// The URL of an endpoint: one of HTTPS, or of HTTP on this host.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    /// What its certificate must be for; none without TLS.
    server_name: Option<ServerName<'static>>,
}

/// Why a text is not the URL of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// No URL.
    #[error("expected a URL such as https://idp.example/keys")]
    Malformed,
    /// Neither HTTPS nor HTTP.
    #[error("expected a URL of https://")]
    Scheme,
    /// HTTP to elsewhere.
    #[error("http:// is only for this host: whoever is on the way could put keys or tokens of his own in")]
    Plaintext,
    /// A name and a password in the URL.
    #[error("a URL with a user's name or password in it")]
    UserInfo,
}

impl Endpoint {
    /// All of it, with a query that may hold a secret.
    pub(crate) fn url(&self) -> String {
        self.uri.to_string()
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    pub(super) fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |it| it.as_str())
    }

    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |it| it.as_str())
    }

    pub(super) fn failed(&self, kind: HttpsErrorKind) -> HttpsError {
        HttpsError {
            endpoint: self.to_string(),
            kind,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        // Of a fragment, Uri would silently let go.
        let uri: Uri = match text.contains('#') {
            true => return Err(EndpointError::Malformed),
            false => text.parse().map_err(|_| EndpointError::Malformed)?,
        };
        let authority = uri.authority().ok_or(EndpointError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let (port, server_name) = match uri.scheme_str() {
            Some("https") => {
                let name = ServerName::try_from(host.clone()).map_err(|_| EndpointError::Malformed)?;
                (443, Some(name))
            }
            Some("http") if is_loopback(&host) => (80, None),
            Some("http") => return Err(EndpointError::Plaintext),
            _ => return Err(EndpointError::Scheme),
        };
        // "host:" and "host:99999" have no port that Uri gives.
        let behind = authority.as_str().get(authority.host().len()..).unwrap_or_default();
        let port = match (behind.is_empty(), authority.port_u16()) {
            (true, _) => port,
            (false, Some(port)) if port > 0 => port,
            _ => return Err(EndpointError::Malformed),
        };
        Ok(Self {
            host,
            port,
            server_name,
            uri,
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Without the query, which may hold a secret.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{}{}", self.authority(), self.uri.path())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
