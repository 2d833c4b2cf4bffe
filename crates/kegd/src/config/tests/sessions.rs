//! How long clients may go on without authenticating again.

use std::time::Duration;

use super::super::{Change, changes};
use super::config;
use super::samples::{check_one, virtual_clusters};

fn lasting(lifetime: &str, method: &str) -> String {
    virtual_clusters(&[lifetime]).replace(
        "authentication: [{ type: anonymous }]",
        &format!("authentication: [{method}]"),
    )
}

const PLAIN: &str =
    "{ type: anonymous }, { type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: x }] }";

#[test]
fn sessions_last_as_long_as_is_written_and_a_change_of_that_closes_nothing() {
    let unlimited = config(&lasting("", PLAIN));
    assert_eq!(unlimited.virtual_clusters[0].session_lifetime, None);
    let limited = config(&lasting("session_lifetime: 1h", PLAIN));
    let lifetime = limited.virtual_clusters[0].session_lifetime;
    assert_eq!(lifetime, Some(Duration::from_secs(3600)));
    assert_eq!(changes(&unlimited, &limited).virtual_clusters["a"], Change::Live);
}

#[test]
fn a_lifetime_that_nobody_could_have_is_refused() {
    check_one(
        &lasting("session_lifetime: 999ms", PLAIN),
        "virtual_clusters[0].session_lifetime",
        "is over before a client can authenticate again",
    );
    let passed = "{ type: anonymous }, { type: sasl_plain, mediation: passthrough }, { type: oauth_bearer, mediation: passthrough }";
    for methods in ["{ type: anonymous }", passed] {
        check_one(
            &lasting("session_lifetime: 1h", methods),
            "virtual_clusters[0].session_lifetime",
            "clients don't authenticate to the gateway by SASL",
        );
    }
}
