//! Bearer tokens, of clients and of the gateway.

use std::time::Duration;

use keg_auth::jwt::Algorithm;

use super::super::secret::Secret;
use crate::https::Endpoint;

/// Who checks a client's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMediation {
    /// The gateway.
    Terminate,
    /// The gateway, and then the brokers.
    ValidateForward,
    /// The brokers.
    Passthrough,
}

/// How clients authenticate by tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokens {
    /// The gateway checks them.
    Checked(Box<OAuthBearer>),
    /// The brokers do, and nobody else.
    OfBrokers,
}

/// How tokens of clients are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthBearer {
    /// Whether brokers get them too, and clients are to them who they are.
    pub forward: bool,
    /// The claim that is the principal's name.
    pub sub_claim: String,
    /// The claim with the scopes.
    pub scope_claim: String,
    /// The keys that tokens are signed with.
    pub keys: TokenKeys,
    /// Who has to have given a token out; none for anybody.
    pub issuer: Option<String>,
    /// For whom it has to be; empty for anybody.
    pub audiences: Vec<String>,
    /// The algorithms that it may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// How far the clock of who gives out tokens may be off.
    pub clock_skew: Duration,
}

/// Where keys of tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKeys {
    /// An endpoint.
    Endpoint(Jwks),
    /// The configuration: a JWKS with at least one key of use.
    Given(String),
}

/// An endpoint for keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwks {
    /// Where it is.
    pub endpoint: Endpoint,
    /// How long a fetch may take.
    pub timeout: Duration,
    /// When keys are fetched again.
    pub cache_expiration: Duration,
    /// The certificate authorities of the endpoint, as PEM; none for Mozilla's.
    pub ca_bundle: Option<String>,
}

/// How the gateway gets tokens for brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Where they are given out.
    pub token_endpoint: Endpoint,
    /// Who the gateway is there; without a colon, unless it is URL-encoded.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: Secret,
    /// Whether both are URL-encoded in the header.
    pub header_urlencode: bool,
    /// What a token is asked for; none for what the endpoint chooses.
    pub scope: Option<String>,
    /// How long a fetch may take.
    pub timeout: Duration,
    /// The certificate authorities of the endpoint, as PEM; none for Mozilla's.
    pub ca_bundle: Option<String>,
}
