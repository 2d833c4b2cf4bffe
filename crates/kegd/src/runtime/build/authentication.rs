//! Who clients are, and who the gateway is to brokers.

use std::sync::Arc;

use keg_auth::jwt::{KeyStore, Keys, Validator};
use keg_auth::{Authentication, Credential, Mechanism, Method, RandomnessError, Secret, ServerSecret, plain, scram};
use keg_proxy::Credentials;

use crate::config::model::{self, BackendAuthentication, TokenKeys, Tokens, Users, VirtualClusterAuthentication};
use crate::runtime::jwks::Fetchers;
use crate::runtime::tokens::TokenFetchers;

/// What salts are made with.
pub(super) fn secret(runtime: &model::Runtime) -> Result<ServerSecret, RandomnessError> {
    match &runtime.scram_secret {
        Some(secret) => Ok(ServerSecret::from_bytes(secret.expose().as_bytes())),
        None => ServerSecret::random(),
    }
}

/// How clients of a virtual cluster authenticate.
pub(super) fn of_clients(
    cluster: &model::VirtualCluster,
    secret: &ServerSecret,
    fetchers: &Fetchers,
) -> Result<Authentication, String> {
    let methods = cluster
        .authentication
        .iter()
        .map(|method| self::method(method, secret, fetchers));
    let methods: Result<Vec<_>, _> = methods.collect();
    Ok(Authentication::new(methods?).with_session_lifetime(cluster.session_lifetime))
}

/// Whether some of them do it by SASL.
pub(super) fn is_sasl(cluster: &model::VirtualCluster) -> bool {
    cluster.authentication.iter().any(|method| {
        !matches!(
            method,
            VirtualClusterAuthentication::Anonymous | VirtualClusterAuthentication::ClientCertificate
        )
    })
}

fn method(method: &VirtualClusterAuthentication, secret: &ServerSecret, fetchers: &Fetchers) -> Result<Method, String> {
    let secret = secret.clone();
    match method {
        VirtualClusterAuthentication::Anonymous => Ok(Method::Anonymous),
        VirtualClusterAuthentication::ClientCertificate => Ok(Method::ClientCertificate),
        VirtualClusterAuthentication::SaslPlain(Users::OfBrokers) => Ok(passthrough(Mechanism::Plain)),
        VirtualClusterAuthentication::SaslPlain(Users::Listed(principals)) => {
            let principals = plain::Principals::new(secret, users(principals));
            let principals = principals.map_err(|error| format!("authentication: sasl_plain: {error}"))?;
            Ok(Method::Plain(Arc::new(principals)))
        }
        VirtualClusterAuthentication::SaslScram {
            algorithm,
            users: Users::OfBrokers,
        } => Ok(passthrough(algorithm.hash().mechanism())),
        VirtualClusterAuthentication::SaslScram {
            algorithm,
            users: Users::Listed(principals),
        } => {
            let principals = scram::Principals::new(algorithm.hash(), secret, users(principals));
            let principals = principals.map_err(|error| format!("authentication: sasl_scram: {error}"))?;
            Ok(Method::Scram(Arc::new(principals)))
        }
        VirtualClusterAuthentication::OAuthBearer(Tokens::OfBrokers) => Ok(passthrough(Mechanism::OAuthBearer)),
        VirtualClusterAuthentication::OAuthBearer(Tokens::Checked(bearer)) => {
            let keys = match &bearer.keys {
                TokenKeys::Endpoint(jwks) => fetchers.keys(jwks).unwrap_or_default(),
                TokenKeys::Given(jwks) => {
                    let keys = Keys::from_jwks(jwks.as_bytes());
                    KeyStore::new(keys.map_err(|error| format!("authentication: oauth_bearer: jwks: keys: {error}"))?)
                }
            };
            let mut validator = Validator::new(keys)
                .algorithms(bearer.algorithms.iter().copied())
                .audiences(&bearer.audiences)
                .clock_skew(bearer.clock_skew)
                .principal_claim(&bearer.sub_claim)
                .scope_claim(&bearer.scope_claim);
            if let Some(issuer) = &bearer.issuer {
                validator = validator.issuer(issuer);
            }
            Ok(Method::OAuthBearer {
                validator: Arc::new(validator),
                forward: bearer.forward,
            })
        }
    }
}

fn passthrough(mechanism: Mechanism) -> Method {
    Method::Passthrough { mechanism }
}

fn users(principals: &[model::Principal]) -> impl Iterator<Item = (String, Credential)> {
    principals.iter().map(|principal| {
        let credential = match &principal.credential {
            model::Credential::Password(password) => Credential::Password(Secret::new(password.expose())),
            model::Credential::Hash(hash) => Credential::Salted(hash.clone()),
        };
        (principal.username.clone(), credential)
    })
}

/// What the gateway proves to the nodes of a backend cluster.
pub(super) fn of_gateway(backend: &model::BackendCluster, fetchers: &TokenFetchers) -> Option<Arc<Credentials>> {
    let password = |user: &model::BackendUser| Secret::new(user.password.expose());
    let credentials = match &backend.authentication {
        BackendAuthentication::Anonymous => return None,
        BackendAuthentication::SaslPlain(user) => Credentials::Plain {
            username: user.username.clone(),
            password: password(user),
        },
        BackendAuthentication::SaslScram(algorithm, user) => Credentials::Scram {
            hash: algorithm.hash(),
            username: user.username.clone(),
            password: password(user),
        },
        BackendAuthentication::OAuthBearer(wanted) => Credentials::OAuthBearer {
            client: wanted.client_id.clone(),
            tokens: fetchers.tokens(&backend.name)?,
        },
    };
    Some(Arc::new(credentials))
}
