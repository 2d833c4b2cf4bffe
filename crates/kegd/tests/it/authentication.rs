//! Who clients are to the gateway, and who the gateway is to brokers.

use std::fs;
use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::{Config, get};
use crate::issuer::{Issuer, Keys};
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, direct, setup_or_skip};

const TIME: Duration = Duration::from_secs(120);

/// Ann and Bob, with every mechanism; the password of one as a hash.
const USERS: &str = "\
    { type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: ann-secret }, \
      { username: bob, password_hash: \"HASH\" }] }, \
    { type: sasl_scram, algorithm: sha256, mediation: terminate, principals: [{ username: ann, password: ann-secret }, \
      { username: bob, password: bob-secret }] }, \
    { type: sasl_scram, algorithm: sha512, mediation: terminate, principals: [{ username: ann, password: ann-secret }, \
      { username: bob, password_hash: \"HASH\" }] }";

/// The methods of these users.
pub(crate) fn users() -> String {
    let hash = keg_auth::scram::Hash::Sha512;
    let bob = keg_auth::scram::Credential::generate(hash, "bob-secret", 4096).unwrap();
    USERS.replace("HASH", &bob.to_text())
}

#[test]
fn java_clients_authenticate_with_every_mechanism_and_wrong_passwords_do_not() {
    let Some(setup) = setup_or_skip("authentication") else {
        return;
    };
    if direct() {
        return; // The brokers have no such users.
    }
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "authentication").with_authentication(&users());
    let mut scenario = Scenario::with(setup, backend, "authentication", &config);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["mechanisms"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons of refusals", |log, _| {
        log.contains("wrong password of the user") && log.contains("there is no user")
    });
    let log = gateway.log_tail();
    assert!(!log.contains("ann-secret") && !log.contains("bob-secret") && !log.contains("wrong-secret"));
}

#[test]
fn a_user_who_is_removed_ends_with_the_next_request_and_nobody_else_notices() {
    let Some(setup) = setup_or_skip("removed-user") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "removed-user").with_authentication(&users());
    let mut scenario = Scenario::with(setup, backend, "removed-user", &config);
    let mut program = scenario.start_java("keg.Authentication", &["removal"]);
    program.wait_until("both are connected", TIME, |log| log.contains("CONNECTED"));
    let only_ann = "{ type: sasl_scram, algorithm: sha512, mediation: terminate, \
                    principals: [{ username: ann, password: ann-secret }] }";
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&config.clone().with_authentication(only_ann).yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    fs::write(scenario.dir.join("removed"), "").unwrap();
    expect_checks_to_pass(&mut program, TIME);
}

#[test]
fn a_rule_that_is_revoked_ends_reading_in_an_open_session() {
    let Some(setup) = setup_or_skip("revoked-rule") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let rule = |resource: &str, operation: &str, name: &str| {
        format!(
            "{{ resource_type: {resource}, action: allow, operations: [{{ name: {operation} }}], \
             resource_names: [{{ match: \"{name}\" }}] }}"
        )
    };
    let all = [
        rule("topic", "all", "*"),
        rule("group", "all", "*"),
        rule("cluster", "all", "*"),
    ];
    let config = Config::new(backend, "revoked-rule").with_acls(&all.join(", "));
    let mut scenario = Scenario::with(setup, backend, "revoked-rule", &config);
    let mut program = scenario.start_java("keg.Authentication", &["revocation"]);
    program.wait_until("both are read", TIME, |log| log.contains("CONNECTED"));
    let some = [
        rule("topic", "all", "kept"),
        rule("group", "all", "*"),
        rule("cluster", "all", "*"),
    ];
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&config.clone().with_acls(&some.join(", ")).yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    fs::write(scenario.dir.join("removed"), "").unwrap();
    expect_checks_to_pass(&mut program, TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a denial that is told", |log, metrics| {
        log.contains("denied by ACLs")
            && metrics.lines().any(|line| {
                line.starts_with("kong_keg_kafka_acl_attempts_total")
                    && line.contains("result=\"denied\"")
                    && !line.ends_with(" 0")
            })
    });
}

#[test]
fn users_have_topics_of_their_own_and_what_a_condition_gives_them() {
    let Some(setup) = setup_or_skip("conditions") else {
        return;
    };
    if direct() {
        return; // The brokers know of no conditions.
    }
    let users = "{ type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: ann-secret }, \
        { username: bob, password: bob-secret }, { username: \"*\", password: \"*-secret\" }] }";
    let policies = "[{ type: acls, name: everybody, config: { rules: [ \
          { resource_type: topic, action: allow, operations: [{ name: all }], \
            resource_names: \"[context.auth.principal.name + '-*']\" }, \
          { resource_type: topic, action: allow, operations: [{ name: describe }], resource_names: [{ match: alias }] }] } }, \
        { type: acls, name: anns, condition: \"context.auth.principal.name == 'ann'\", config: { rules: [ \
          { resource_type: topic, action: allow, operations: [{ name: all }], resource_names: [{ match: shared }] }] } }, \
        { type: block_apis, name: fails, condition: \"context.auth.claims.admin\", config: { apis: [delete_records] } }]";
    let backend = Backend::shared(setup);
    let alias = "{ alias: alias, topic: shared, condition: \"context.auth.principal.name == 'ann'\" }";
    let config = Config::new(backend, "conditions")
        .with_authentication(users)
        .with_acls("")
        .with_cluster_policies(policies)
        .with_topic_aliases([alias, alias].map(str::to_owned));
    let mut scenario = Scenario::with(setup, backend, "conditions", &config);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["conditions"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a condition that fails to be told", |log, metrics| {
        let is_counted = |line: &str| {
            line.starts_with("kong_keg_kafka_policy_condition_failures_total")
                && line.contains("policy_name=\"fails\"")
                && !line.ends_with(" 0")
        };
        log.contains("a condition fails") && metrics.lines().any(is_counted)
    });
}

#[test]
fn users_of_the_brokers_pass_through_with_every_mechanism_and_again_and_again() {
    let Some(setup) = setup_or_skip("passed-through") else {
        return;
    };
    if direct() {
        return; // What is blocked is the gateway's doing.
    }
    let backend = Backend::with_short_sessions(setup);
    let methods = "{ type: sasl_plain, mediation: passthrough }, \
        { type: sasl_scram, algorithm: sha256, mediation: passthrough }, \
        { type: sasl_scram, algorithm: sha512, mediation: passthrough }, \
        { type: oauth_bearer, mediation: passthrough }";
    let policies = "[{ type: block_apis, name: ann, condition: \"context.auth.principal.name == 'ann'\", \
        config: { apis: [delete_records] } }]";
    // The gateway itself is nobody to these brokers.
    let config = Config::new(backend, "passed-through")
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_authentication(methods)
        .with_cluster_policies(policies);
    let mut scenario = Scenario::with(setup, backend, "passed-through", &config);
    let token = Issuer::of_brokers().keys.token_of("ann", 3600);
    fs::write(scenario.dir.join("good-ann"), token).unwrap();
    let health = config.health_port();
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("readiness", |_, _| {
        get(health, "/health/probes/readiness").unwrap().0 == 200
    });
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["passed"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("what the brokers have said", |log, metrics| {
        let measured = |again: bool, result: &str| {
            let labels = format!("auth_mediation=\"passthrough\",reauthentication=\"{again}\",result=\"{result}\"}}");
            metrics.contains(&labels)
        };
        log.contains("the broker refuses the client (error 58)")
            && measured(false, "success")
            && measured(false, "fail")
            && measured(true, "success")
    });
    let log = gateway.log_tail();
    assert!(
        !log.contains("-secret") && !log.contains("gateway's credentials"),
        "{log}"
    );
    assert!(!log.contains("does not answer"), "{log}");
}

#[test]
fn tokens_that_are_forwarded_have_to_be_good_to_the_gateway_and_to_the_brokers() {
    let Some(setup) = setup_or_skip("forwarded") else {
        return;
    };
    if direct() {
        return;
    }
    let (backend, issuer) = (Backend::with_short_sessions(setup), Issuer::of_brokers());
    // For anybody, to the gateway; but not to the brokers.
    let method = format!(
        "{{ type: oauth_bearer, mediation: validate_forward, \
            jwks: {{ endpoint: \"{}\", ca_bundle: {:?} }}, validate: {{ audiences: [] }} }}",
        issuer.url(),
        issuer.ca()
    );
    let config = Config::new(backend, "forwarded")
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_backend_authentication("{ type: sasl_plain, username: keg, password: \"gateway's\" }")
        .with_authentication(&method);
    let mut scenario = Scenario::with(setup, backend, "forwarded", &config);
    let write = |name: &str, token: &str| fs::write(scenario.dir.join(name), token).unwrap();
    write("good-ann", &issuer.keys.token_of("ann", 3600));
    write("bad-to-brokers", &issuer.keys.token_for("elsewhere", "ann", 3600));
    write("bad-to-both", &Keys::new().token_of("ann", 3600));
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["forwarded"]), TIME);
    let args = ["tokens", "good-ann", "bad-to-brokers", "bad-to-both"];
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &args), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("who has refused what", |log, _| {
        log.contains("the broker refuses the client (error 58)") && log.contains("the signature is wrong")
    });
}

#[test]
fn the_gateway_authenticates_to_brokers_and_a_wrong_password_is_the_operators_to_mend() {
    let Some(setup) = setup_or_skip("backend-authentication") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::authenticating(setup);
    let by = |authentication: &str| {
        Config::new(backend, "backend-authentication")
            .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
            .with_backend_authentication(authentication)
    };
    let plain = "{ type: sasl_plain, username: keg, password: \"gateway's\" }";
    let scram = |algorithm, password: &str| {
        format!("{{ type: sasl_scram, algorithm: {algorithm}, username: scram-keg, password: {password} }}")
    };
    let config = by(plain);
    let mut scenario = Scenario::with(setup, backend, "backend-authentication", &config);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
    for authentication in [scram("sha256", "sha256-secret"), scram("sha512", "sha512-secret")] {
        let gateway = scenario.gateway.as_mut().unwrap();
        gateway.restart_with(&config.clone().with_backend_authentication(&authentication).yaml());
        expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
    }
    let wrong = config.clone().with_backend_authentication(&scram("sha512", "wrong"));
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&wrong.yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["unreachable"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a word to the operator", |log, metrics| {
        log.contains("do not take the credentials of the gateway")
            && metrics.contains("kong_keg_kafka_backend_connection_errors_total")
    });
    assert!(!gateway.log_tail().contains("sha512-secret"));
}
