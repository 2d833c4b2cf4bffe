//! Asking for a token by client credentials (RFC 6749, 4.4).

use std::time::Duration;

use data_encoding::BASE64;
use keg_auth::{Secret, oauthbearer};
use serde_json::Value;

use crate::config::{self, model::ClientCredentials};
use crate::https::{Answer, HttpsClient};

/// How long a token is taken to be good of which that isn't said: what such endpoints give out lasts for longer.
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

/// Asks for a token, as Kafka's own client does: who the gateway is goes in the header of HTTP's basic authentication, as
/// it is.
pub(super) async fn grant(client: &HttpsClient, wanted: &ClientCredentials) -> Result<Grant, String> {
    let who = format!("{}:{}", wanted.client_id, wanted.client_secret.expose());
    let who = config::Secret::new(format!("Basic {}", BASE64.encode(who.as_bytes())));
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(wanted.scope.as_deref().map(|scope| ("scope", scope)));
    let answer = client.post_form(&wanted.token_endpoint, &fields, Some(&who)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    read(&answer).map_err(|reason| {
        // An endpoint that gives back what it was sent doesn't get it into the log.
        let reason = match reason.contains(wanted.client_secret.expose()) {
            true => format!("it answers with status {}", answer.status),
            false => reason,
        };
        format!("{}: {reason}", wanted.token_endpoint)
    })
}

/// Reads an answer. What is said of one that is no token has nothing in it that may be one.
fn read(answer: &Answer) -> Result<Grant, String> {
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
        None | Some(Value::Null) => UNSAID,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Result<(String, u64), String> {
        let body = body.to_owned().into();
        let grant = read(&Answer { status, body })?;
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
