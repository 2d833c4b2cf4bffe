//! What is wrong with how tokens are checked, and how it is said.

use super::config;
use super::samples::{check_one, virtual_clusters};

fn bearer(fields: &str) -> String {
    virtual_clusters(&[""]).replace(
        "authentication: [{ type: anonymous }]",
        &format!("authentication: [{{ type: oauth_bearer, {fields} }}]"),
    )
}

#[test]
fn tokens_that_could_be_anybodys_are_refused_with_what_to_do() {
    let good = "mediation: terminate, jwks: { endpoint: \"https://idp.example/keys\" }, validate: { audiences: [{ name: k }] }";
    for (from, to, path, message) in [
        (
            ", validate: { audiences: [{ name: k }] }",
            "",
            "authentication[0].mediation",
            "write audiences: [] if that is meant",
        ),
        (
            "https://idp",
            "http://idp",
            "jwks.endpoint",
            "expected a URL of https://",
        ),
        ("https://", "https://ann:pw@", "jwks.endpoint", "without a user's name"),
        (
            "/keys\"",
            "/keys\", keys: '{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}'",
            "authentication[0].jwks",
            "set one of endpoint and keys",
        ),
        (
            "endpoint: \"https://idp.example/keys\"",
            "",
            "authentication[0].jwks",
            "set one of endpoint and keys",
        ),
        (
            "/keys\"",
            "/keys\", timeout: 5ms",
            "authentication[0].jwks",
            "timeout is less than a second",
        ),
        (
            "}] }",
            "}], algorithms: [none] }",
            "algorithms[0]",
            "none and HMAC are never taken",
        ),
        (
            "}] }",
            "}], algorithms: [HS256] }",
            "algorithms[0]",
            "none and HMAC are never taken",
        ),
        (
            "jwks: { endpoint: \"https://idp.example/keys\" }, ",
            "",
            "mediation",
            "jwks is required",
        ),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        check_one(&bearer(&changed), path, message);
    }
    config(&bearer(&good.replace("terminate", "validate_forward")));
    config(&bearer("mediation: passthrough"));
    check_one(
        &bearer("mediation: passthrough, jwks: { endpoint: \"https://idp.example/keys\" }"),
        "authentication[0].jwks",
        "the brokers check tokens, and jwks has no effect",
    );
}

#[test]
fn what_the_gateway_fetches_tokens_by_is_checked() {
    let good =
        "type: oauth_bearer, token_endpoint: \"https://idp.example/token\", client_id: keg, client_secret: hunter2";
    let text = |fields: &str| virtual_clusters(&[""]).replacen("{ type: anonymous }", &format!("{{ {fields} }}"), 1);
    config(&text(&format!("{good}, scope: kafka, timeout: 2s")));
    let encoded = format!("{good}, header_urlencode: true").replace(": keg", ": \"k:eg\"");
    config(&text(&encoded));
    for (from, to, path, message) in [
        ("https://", "http://", "token_endpoint", "expected a URL of https://"),
        (
            ": keg",
            ": \"k:eg\"",
            "client_id",
            "set header_urlencode, if the endpoint decodes it, or have it name the gateway without one",
        ),
        (
            "hunter2",
            "hunter2, timeout: 0s",
            "timeout",
            "timeout is less than a second",
        ),
        (", client_secret: hunter2", "", "authentication", "client_secret"),
        ("hunter2", "hunter2, scope: \"\"", "scope", ""),
        ("hunter2", "hunter2, ca_bundle: nothing", "ca_bundle", "PEM"),
    ] {
        check_one(&text(&good.replace(from, to)), path, message);
    }
}
