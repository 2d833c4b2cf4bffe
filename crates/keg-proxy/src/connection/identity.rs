//! What policies see of how a client has said who it is.

use std::collections::BTreeMap;

use keg_auth::{Claim, Claims, Mechanism, Proof, Session};
use keg_policy::Identity;

/// What is known by a session.
pub(crate) fn of(session: &Session) -> Identity {
    Identity {
        method: method(session.proof()),
        scopes: session.scopes().to_vec(),
        claims: claims(session.claims()),
    }
}

/// As Kong Event Gateway names the methods, as far as it has them.
fn method(proof: Proof) -> &'static str {
    match proof {
        Proof::Nothing => "anonymous",
        Proof::Certificate => "client_certificate",
        Proof::Sasl(mechanism) | Proof::Forwarded(mechanism) | Proof::Passthrough(mechanism) => match mechanism {
            Mechanism::Plain => "sasl_plain",
            Mechanism::ScramSha256 => "sasl_scram_sha256",
            Mechanism::ScramSha512 => "sasl_scram_sha512",
            Mechanism::OAuthBearer => "sasl_oauth_bearer",
        },
        // Of a proof that there isn't yet nothing is said.
        _ => "",
    }
}

fn claims(claims: &Claims) -> BTreeMap<String, keg_policy::Claim> {
    let of = |(name, value): (&String, &Claim)| (name.clone(), claim(value));
    claims.iter().map(of).collect()
}

/// No deeper than the reader of the token goes.
fn claim(value: &Claim) -> keg_policy::Claim {
    match value {
        Claim::Null => keg_policy::Claim::Null,
        Claim::Bool(value) => keg_policy::Claim::Bool(*value),
        Claim::Integer(value) => keg_policy::Claim::Integer(*value),
        Claim::Number(value) => keg_policy::Claim::Number(*value),
        Claim::Text(text) => keg_policy::Claim::Text(text.clone()),
        Claim::List(list) => keg_policy::Claim::List(list.iter().map(claim).collect()),
        Claim::Map(map) => keg_policy::Claim::Map(claims(map)),
    }
}
