//! Bearer tokens, of clients and of the gateway.

use std::time::Duration;

use super::super::decode::{At, NonEmpty, choice, entity};
use super::super::model::TokenMediation;
use super::super::value::{KeySet, Password, Pem, TokenAlgorithm, TokenText, Username};
use crate::https::Endpoint;

entity! {
    /// SASL/OAUTHBEARER: clients send a token that somebody else has given to them, so that the listener should be one
    /// for TLS.
    OAuthBearerClient {
        /// Who checks the token: the gateway (terminate), the gateway and then the brokers (validate_forward), or the
        /// brokers (passthrough). All that follows is for the gateway.
        mediation: At<TokenMediation>,
        /// Which claims of a token are what.
        claims_mapping: Option<At<ClaimsMapping>>,
        /// The keys that tokens are signed with.
        jwks: Option<At<Jwks>>,
        /// What a token has to be.
        validate: Option<At<TokenValidation>>,
    }
}

entity! {
    /// The names of claims.
    ClaimsMapping {
        /// The claim that is the principal's name.
        sub: TokenText = "sub",
        /// The claim with what the token was given for.
        scope: TokenText = "scope",
    }
}

entity! {
    /// The keys that tokens are signed with: by an endpoint, or here.
    Jwks {
        /// Where they are fetched, in the background: a URL of https://, or of http:// on this host.
        endpoint: Option<Endpoint>,
        /// How long a fetch may take.
        timeout: Duration = "10s",
        /// When they are fetched again. A token with a key that isn't known has them fetched before, at a bounded rate.
        cache_expiration: Duration = "1h",
        /// The certificate authorities of the endpoint, as PEM, in place of Mozilla's.
        ca_bundle: Option<Pem>,
        /// The keys themselves, as a JWKS, such as that of a file.
        keys: Option<KeySet>,
    }
}

entity! {
    /// What a token has to be, beside signed and in time.
    TokenValidation {
        /// Who has to have given it out.
        issuer: Option<TokenText>,
        /// For whom: one of these. With [], for anybody.
        audiences: Option<Vec<Audience>>,
        /// The algorithms that it may be signed with; all but none and HMAC when this is left out.
        algorithms: Option<NonEmpty<TokenAlgorithm>>,
        /// How far the clock of who gives out tokens may be off.
        clock_skew: Duration = "30s",
    }
}

entity! {
    /// For whom a token is.
    Audience {
        /// The name, as in the claim aud.
        name: TokenText,
    }
}

entity! {
    /// SASL/OAUTHBEARER: the gateway sends a token that it fetches by its client credentials (RFC 6749, 4.4), in the
    /// background.
    OAuthBearer {
        /// Where tokens are given out: a URL of https://, or of http:// on this host.
        token_endpoint: Endpoint,
        /// Who the gateway is there.
        client_id: At<Username>,
        /// Its secret there.
        client_secret: Password,
        /// Whether client_id and client_secret are URL-encoded in the request's header, as RFC 6749 (2.3.1) has it, but
        /// not what every endpoint expects. It is Kafka's sasl.oauthbearer.header.urlencode.
        header_urlencode: bool = false,
        /// What the token is asked for.
        scope: Option<TokenText>,
        /// How long a fetch may take.
        timeout: At<Duration> = "10s",
        /// The certificate authorities of the endpoint, as PEM, in place of Mozilla's.
        ca_bundle: Option<Pem>,
    }
}

choice! {
    TokenMediation {
        "terminate" => Terminate,
        "validate_forward" => ValidateForward,
        "passthrough" => Passthrough,
    }
}
