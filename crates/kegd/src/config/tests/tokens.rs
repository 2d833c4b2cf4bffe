//! What is wrong with how tokens are checked, and how it is said.

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
            "authentication[0].validate",
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
            "terminate",
            "validate_forward",
            "mediation",
            "not supported by this version of keg",
        ),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        check_one(&bearer(&changed), path, message);
    }
}
