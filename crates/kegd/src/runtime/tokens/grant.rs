//! Asking for a token by client credentials (RFC 6749, 4.4).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use keg_auth::{Secret, oauthbearer};
use serde_json::Value;

use crate::config::{self, model::ClientCredentials};
use crate::https::{Answer, HttpsClient, encode_text};

/// How long a token is taken to be good of which neither the endpoint nor itself says that: what such endpoints give out
/// lasts for longer.
const UNSAID: Duration = Duration::from_secs(300);

/// The longest time that is believed.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A token.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: Secret,
    /// For how long it is good, from when it was asked for.
    pub(super) lifetime: Duration,
}

/// Asks for a token, as Kafka's own client does: who the gateway is goes in the header of HTTP's basic authentication.
pub(super) async fn grant(client: &HttpsClient, wanted: &ClientCredentials) -> Result<Grant, String> {
    let who = authorization(wanted);
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(wanted.scope.as_deref().map(|scope| ("scope", scope)));
    let answer = client.post_form(&wanted.token_endpoint, &fields, Some(&who)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    read(&answer, SystemTime::now()).map_err(|reason| {
        // An endpoint that gives back what it was sent doesn't get it into the log.
        let secret = wanted.client_secret.expose();
        let sent = [secret, &encode_text(secret), who.expose().trim_start_matches("Basic ")];
        let reason = match sent.iter().any(|sent| reason.contains(sent)) {
            true => format!("it answers with status {}", answer.status),
            false => reason,
        };
        format!("{}: {reason}", wanted.token_endpoint)
    })
}

/// The header by which the gateway says who it is. RFC 6749 (2.3.1) has both parts URL-encoded, which many endpoints don't
/// decode.
fn authorization(wanted: &ClientCredentials) -> config::Secret {
    let (id, secret) = (&*wanted.client_id, wanted.client_secret.expose());
    let who = match wanted.header_urlencode {
        true => format!("{}:{}", encode_text(id), encode_text(secret)),
        false => format!("{id}:{secret}"),
    };
    config::Secret::new(format!("Basic {}", BASE64.encode(who.as_bytes())))
}

/// Reads an answer. What is said of one that is no token has nothing in it that may be one.
fn read(answer: &Answer, now: SystemTime) -> Result<Grant, String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if !answer.is_success() {
        let cut = |text: &str| text.chars().take(256).collect::<String>();
        let error = text("error").map(|error| format!(", {:?}", cut(error)));
        let description = text("error_description").map(|description| format!(", {:?}", cut(description)));
        return Err(format!(
            "it answers with status {}{}{}{}",
            answer.status,
            error.unwrap_or_default(),
            description.unwrap_or_default(),
            if answer.status < 500 {
                "; check client_id, client_secret and scope"
            } else {
                ""
            }
        ));
    }
    let token = Secret::new(text("access_token").ok_or("there is no access_token in the answer")?);
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err("the token is not one of the type Bearer".to_owned());
    }
    if oauthbearer::Client::new(token.clone()).is_err() {
        return Err("access_token has characters that a token can't have".to_owned());
    }
    let lifetime = match body.get("expires_in") {
        None | Some(Value::Null) => remaining(token.reveal(), now).unwrap_or(UNSAID).min(LONGEST),
        Some(value) => {
            let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            let lifetime = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            lifetime.ok_or("expires_in is not a number of seconds")?.min(LONGEST)
        }
    };
    match lifetime.is_zero() {
        true => Err("the token has expired already".to_owned()),
        false => Ok(Grant { token, lifetime }),
    }
}

/// For how long a token is good by what it says itself, if it is one of those that can be read (RFC 7519). Endpoints need
/// not say it (RFC 6749, 5.1), and Kafka's own client looks nowhere else.
fn remaining(token: &str, now: SystemTime) -> Option<Duration> {
    let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let end = Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()?;
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    Some(end.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Result<(String, u64), String> {
        let body = body.to_owned().into();
        let grant = read(&Answer { status, body }, UNIX_EPOCH + Duration::from_secs(1_000))?;
        Ok((grant.token.reveal().to_owned(), grant.lifetime.as_secs()))
    }

    #[test]
    fn answers_are_read_as_endpoints_give_them() {
        for (body, lifetime) in [
            (r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#, 60),
            (r#"{"access_token":"t","token_type":"Bearer","expires_in":"60"}"#, 60),
            (r#"{"access_token":"t"}"#, 300),
            (r#"{"access_token":"t","expires_in":1e18}"#, 365 * 24 * 3600),
        ] {
            assert_eq!(of(200, body), Ok(("t".to_owned(), lifetime)), "{body}");
        }
    }

    #[test]
    fn a_token_says_how_long_it_is_good_where_the_endpoint_does_not() {
        for (claims, said, expected) in [
            (r#"{"exp":1060}"#, "", Ok(60)),
            (r#"{"exp":1060.5}"#, "", Ok(60)),
            (r#"{"exp":1060}"#, r#","expires_in":30"#, Ok(30)),
            (r#"{"exp":1e300}"#, "", Ok(300)),
            (r#"{"sub":"keg"}"#, "", Ok(300)),
            ("no claims", "", Ok(300)),
            (r#"{"exp":1000}"#, "", Err("the token has expired already".to_owned())),
            (r#"{"exp":-1}"#, "", Ok(300)),
        ] {
            let token = format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes()));
            let found = of(200, &format!(r#"{{"access_token":"{token}"{said}}}"#));
            assert_eq!(found.map(|(_, lifetime)| lifetime), expected, "{claims}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_without_what_may_be_one() {
        let refusal = r#"{"error":"invalid_client","error_description":"no such secret"}"#;
        for (status, body, reason) in [
            (
                401,
                refusal,
                "status 401, \"invalid_client\", \"no such secret\"; check client_id",
            ),
            (500, "oops", "answers with status 500"),
            (200, "hunter2", "no access_token"),
            (200, r#"{"access_token":"hunter2","token_type":"mac"}"#, "type Bearer"),
            (200, r#"{"access_token":"hunter2\u0001"}"#, "can't have"),
            (200, r#"{"access_token":"hunter2","expires_in":0}"#, "expired already"),
            (
                200,
                r#"{"access_token":"hunter2","expires_in":-1}"#,
                "not a number of seconds",
            ),
        ] {
            let told = of(status, body).unwrap_err();
            assert!(told.contains(reason) && !told.contains("hunter2"), "{told}");
        }
    }
}
