//! Bearer tokens, of clients and of the gateway.

use std::time::Duration;

use keg_auth::jwt::Algorithm;

use super::super::decode::At;
use super::super::model::{ClientCredentials, Jwks, OAuthBearer, TokenKeys, TokenMediation, Tokens};
use super::super::problem::{Place, Problem, Report};
use super::super::raw;
use super::super::value::TokenText;

pub(super) fn tokens(raw: &raw::OAuthBearerClient, report: &Report) -> Option<Tokens> {
    let mediation = raw.mediation.as_ref()?;
    let forward = match mediation.value {
        TokenMediation::Terminate => false,
        TokenMediation::ValidateForward => true,
        TokenMediation::Passthrough => return of_brokers(raw, report),
    };
    let (jwks, validation) = (raw.jwks.as_ref()?, raw.validate.as_ref()?);
    if jwks.is_none() {
        let message = "the gateway checks tokens, and jwks is required for that";
        let problem = Problem::new(mediation.place.clone(), message);
        report.add(problem.hint("write mediation: passthrough if only the brokers are to check them"));
    }
    if validation.is_none() {
        refuse_no_audiences(&mediation.place, report);
    }
    let keys = jwks.as_ref().and_then(|jwks| keys(jwks, report));
    let audiences = validation.as_ref().and_then(|it| audiences(it, report));
    let validation = &validation.as_ref()?.value;
    let claim =
        |of: fn(&raw::ClaimsMapping) -> Option<&TokenText>, otherwise: &str| match raw.claims_mapping.as_ref()? {
            Some(mapping) => of(&mapping.value).map(|claim| claim.0.clone()),
            None => Some(otherwise.to_owned()),
        };
    Some(Tokens::Checked(Box::new(OAuthBearer {
        forward,
        sub_claim: claim(|mapping| mapping.sub.as_ref(), "sub")?,
        scope_claim: claim(|mapping| mapping.scope.as_ref(), "scope")?,
        keys: keys?,
        issuer: validation.issuer.as_ref()?.as_ref().map(|it| it.0.clone()),
        audiences: audiences?,
        algorithms: match validation.algorithms.as_ref()? {
            Some(algorithms) => algorithms.0.iter().map(|it| it.0).collect(),
            None => Algorithm::ALL.to_vec(),
        },
        clock_skew: validation.clock_skew?,
    })))
}

fn of_brokers(raw: &raw::OAuthBearerClient, report: &Report) -> Option<Tokens> {
    let places = [
        ("jwks", raw.jwks.as_ref()?.as_ref().map(|it| &it.place)),
        ("validate", raw.validate.as_ref()?.as_ref().map(|it| &it.place)),
        (
            "claims_mapping",
            raw.claims_mapping.as_ref()?.as_ref().map(|it| &it.place),
        ),
    ];
    for (name, place) in places {
        if let Some(place) = place {
            let message = format!("with passthrough the brokers check tokens, and {name} has no effect");
            let problem = Problem::new(place.clone(), message);
            report.add(problem.hint("remove it, or write mediation: validate_forward for both to check them"));
        }
    }
    Some(Tokens::OfBrokers)
}

/// Without audiences, tokens that were given out for something else would be good here: that has to be said.
fn audiences(raw: &At<raw::TokenValidation>, report: &Report) -> Option<Vec<String>> {
    match raw.value.audiences.as_ref()? {
        Some(audiences) => audiences.iter().map(|it| Some(it.name.as_ref()?.0.clone())).collect(),
        None => {
            refuse_no_audiences(&raw.place, report);
            None
        }
    }
}

fn refuse_no_audiences(place: &Place, report: &Report) {
    let message = "without audiences, a token that was given out for anything else would be good here";
    let problem = Problem::new(place.clone(), message);
    report.add(problem.hint("list the audiences in validate, or write audiences: [] if that is meant"));
}

fn keys(raw: &At<raw::Jwks>, report: &Report) -> Option<TokenKeys> {
    let jwks = &raw.value;
    let (timeout, cache_expiration) = (jwks.timeout?, jwks.cache_expiration?);
    for (name, time) in [("timeout", timeout), ("cache_expiration", cache_expiration)] {
        if time < Duration::from_secs(1) {
            let problem = Problem::new(raw.place.clone(), format!("{name} is less than a second"));
            report.add(problem.hint("remove it to take the default"));
        }
    }
    match (jwks.endpoint.as_ref()?, jwks.keys.as_ref()?) {
        (Some(endpoint), None) => Some(TokenKeys::Endpoint(Jwks {
            endpoint: endpoint.clone(),
            timeout,
            cache_expiration,
            ca_bundle: jwks.ca_bundle.as_ref()?.as_ref().map(|it| it.0.clone()),
        })),
        (None, Some(keys)) => Some(TokenKeys::Given(keys.0.clone())),
        _ => {
            let problem = Problem::new(raw.place.clone(), "keys come either from an endpoint or from keys");
            report.add(problem.hint("set one of endpoint and keys"));
            None
        }
    }
}

pub(super) fn client_credentials(raw: &raw::OAuthBearer, report: &Report) -> Option<ClientCredentials> {
    let (client, timeout) = (raw.client_id.as_ref(), raw.timeout.as_ref());
    let is_as_it_is = raw.header_urlencode == Some(false);
    if let Some(client) = client.filter(|client| is_as_it_is && client.value.0.contains(':')) {
        let message = "a client id with a colon can't be told from its secret in HTTP's basic authentication";
        let problem = Problem::new(client.place.clone(), message);
        report.add(
            problem.hint("set header_urlencode, if the endpoint decodes it, or have it name the gateway without one"),
        );
    }
    if let Some(timeout) = timeout.filter(|timeout| timeout.value < Duration::from_secs(1)) {
        let problem = Problem::new(timeout.place.clone(), "timeout is less than a second");
        report.add(problem.hint("remove it to take the default"));
    }
    Some(ClientCredentials {
        token_endpoint: raw.token_endpoint.clone()?,
        client_id: client?.value.0.clone(),
        client_secret: raw.client_secret.as_ref()?.0.clone(),
        header_urlencode: raw.header_urlencode?,
        scope: raw.scope.as_ref()?.as_ref().map(|it| it.0.clone()),
        timeout: timeout?.value,
        ca_bundle: raw.ca_bundle.as_ref()?.as_ref().map(|it| it.0.clone()),
    })
}
