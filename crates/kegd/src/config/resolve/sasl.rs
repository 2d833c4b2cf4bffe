//! SASL, on both legs.

use std::time::Duration;

use keg_auth::scram::Hash;

use super::super::decode::{At, NonEmpty};
use super::super::model::{
    BackendUser, Credential, Mediation, Principal, ScramAlgorithm, Tokens, Users,
    VirtualClusterAuthentication as Authentication,
};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::super::value::{Password, Username};
use super::{client_certificate, oauth, refuse_duplicates};

/// Clients authenticate again after 85 to 95 percent of the time, and have the rest for it.
const SHORTEST_SESSION: Duration = Duration::from_secs(1);

/// How clients authenticate, in order.
pub(super) fn methods(raw: &[At<raw::VirtualClusterAuthentication>], report: &Report) -> Option<Vec<Authentication>> {
    let mut mechanisms = Vec::new();
    for method in raw {
        let mechanism = mechanism(&method.value);
        if mechanisms.contains(&mechanism) {
            let message = format!("clients of {mechanism} are decided on by an earlier item of the list");
            let problem = Problem::new(method.place.clone(), message);
            report.add(problem.hint("keep one of them, with all principals"));
        }
        mechanisms.push(mechanism);
    }
    client_certificate::refuse_behind_anonymous(raw, report);
    let methods: Vec<_> = raw.iter().map(|method| self::method(&method.value, report)).collect();
    methods.into_iter().collect()
}

/// How long sessions last that the gateway gives. Only those of SASL can go on in the same connection.
pub(super) fn session_lifetime(
    raw: &raw::VirtualCluster,
    methods: Option<&[Authentication]>,
    report: &Report,
) -> Option<Option<Duration>> {
    let Some(lifetime) = raw.session_lifetime.as_ref()? else {
        return Some(None);
    };
    let (message, hint) = if lifetime.value < SHORTEST_SESSION {
        let message = "a session of less than a second is over before a client can authenticate again";
        (message, "raise it")
    } else if !methods?.iter().any(gives_sessions) {
        let message = "clients don't authenticate to the gateway by SASL, whose sessions these are";
        (message, "remove it, or add a method to authentication")
    } else {
        return Some(Some(lifetime.value));
    };
    report.add(Problem::new(lifetime.place.clone(), message).hint(hint));
    None
}

/// Whether the gateway says how long clients may stay by this method. Where brokers alone decide on a client, they do.
fn gives_sessions(method: &Authentication) -> bool {
    match method {
        Authentication::SaslPlain(users) | Authentication::SaslScram { users, .. } => matches!(users, Users::Listed(_)),
        Authentication::OAuthBearer(tokens) => matches!(tokens, Tokens::Checked(_)),
        _ => false,
    }
}

fn mechanism(raw: &raw::VirtualClusterAuthentication) -> &'static str {
    match raw {
        raw::VirtualClusterAuthentication::Anonymous(_) => "no SASL",
        raw::VirtualClusterAuthentication::SaslPlain(_) => "PLAIN",
        raw::VirtualClusterAuthentication::SaslScram(scram) => match scram.algorithm {
            Some(ScramAlgorithm::Sha256) => "SCRAM-SHA-256",
            _ => "SCRAM-SHA-512",
        },
        raw::VirtualClusterAuthentication::OAuthBearer(_) => "OAUTHBEARER",
        raw::VirtualClusterAuthentication::ClientCertificate(_) => "a certificate and no SASL",
    }
}

fn method(raw: &raw::VirtualClusterAuthentication, report: &Report) -> Option<Authentication> {
    match raw {
        raw::VirtualClusterAuthentication::Anonymous(_) => Some(Authentication::Anonymous),
        raw::VirtualClusterAuthentication::ClientCertificate(_) => Some(Authentication::ClientCertificate),
        raw::VirtualClusterAuthentication::SaslPlain(plain) => {
            let (mediation, principals) = (plain.mediation.as_ref()?, plain.principals.as_ref()?);
            Some(Authentication::SaslPlain(users(
                mediation,
                principals.as_ref(),
                None,
                report,
            )?))
        }
        raw::VirtualClusterAuthentication::OAuthBearer(bearer) => {
            oauth::tokens(bearer, report).map(Authentication::OAuthBearer)
        }
        raw::VirtualClusterAuthentication::SaslScram(scram) => {
            let algorithm = scram.algorithm?;
            let (mediation, principals) = (scram.mediation.as_ref()?, scram.principals.as_ref()?);
            let users = users(mediation, principals.as_ref(), Some(algorithm.hash()), report)?;
            Some(Authentication::SaslScram { algorithm, users })
        }
    }
}

fn users(
    mediation: &At<Mediation>,
    principals: Option<&NonEmpty<raw::Principal>>,
    hash: Option<Hash>,
    report: &Report,
) -> Option<Users> {
    match (mediation.value, principals) {
        (Mediation::Terminate, Some(principals)) => self::principals(&principals.0, hash, report).map(Users::Listed),
        (Mediation::Passthrough, None) => Some(Users::OfBrokers),
        (Mediation::Terminate, None) => {
            let problem = Problem::new(
                mediation.place.clone(),
                "with terminate, principals is required: who may connect",
            );
            report.add(problem.hint("list the principals, or write mediation: passthrough if the brokers know them"));
            None
        }
        (Mediation::Passthrough, Some(_)) => {
            let message = "with passthrough the brokers decide who may connect, and principals has no effect";
            report.add(
                Problem::new(mediation.place.clone(), message).hint("remove principals, or write mediation: terminate"),
            );
            None
        }
    }
}

/// The principals. SCRAM needs hashes of its own function.
fn principals(raw: &[raw::Principal], hash: Option<Hash>, report: &Report) -> Option<Vec<Principal>> {
    let names = raw.iter().filter_map(|it| it.username.as_ref());
    refuse_duplicates("username", names, report);
    let principals: Vec<_> = raw.iter().map(|it| principal(it, hash, report)).collect();
    principals.into_iter().collect()
}

fn principal(raw: &raw::Principal, hash: Option<Hash>, report: &Report) -> Option<Principal> {
    let username = raw.username.as_ref()?;
    let credential = match (raw.password.as_ref()?, raw.password_hash.as_ref()?) {
        (Some(password), None) => Credential::Password(password.0.clone()),
        (None, Some(found)) => {
            if hash.is_some_and(|hash| hash != found.value.0.hash()) {
                let mechanism = found.value.0.hash().mechanism();
                let message = format!("the hash is one of {mechanism}, which this method can't use");
                let problem = Problem::new(found.place.clone(), message);
                report.add(problem.hint("print one with `kegd hash-password --algorithm`"));
                return None;
            }
            Credential::Hash(found.value.0.clone())
        }
        _ => {
            let message = "a principal has either a password or a password_hash";
            report.add(Problem::new(username.place.clone(), message).hint("set one of them"));
            return None;
        }
    };
    Some(Principal {
        username: username.value.0.clone(),
        credential,
    })
}

pub(super) fn user(username: Option<&Username>, password: Option<&Password>) -> Option<BackendUser> {
    Some(BackendUser {
        username: username?.0.clone(),
        password: password?.0.clone(),
    })
}
