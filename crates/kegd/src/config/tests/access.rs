//! What is wrong with who may connect, and with what they may do.

use super::config;
use super::samples::{check_one, virtual_clusters};

#[test]
fn who_may_connect_is_said_once_and_with_one_credential() {
    let hash = "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$ZmFrZWZha2VmYWtlZmFrZWZha2VmYWtlZmFrZWZha2U=:\
                ZmFrZWZha2VmYWtlZmFrZWZha2VmYWtlZmFrZWZha2U=";
    let with = |methods: &str| {
        let methods = methods.replace("HASH", hash);
        virtual_clusters(&[""]).replace("[{ type: anonymous }]", &format!("[{methods}]"))
    };
    let plain = |principals: &str| {
        with(&format!(
            "{{ type: sasl_plain, mediation: terminate, principals: [{principals}] }}"
        ))
    };
    config(&plain(
        "{ username: ann, password: x }, { username: bob, password_hash: \"HASH\" }",
    ));
    check_one(
        &plain("{ username: ann, password: x, password_hash: \"HASH\" }"),
        "authentication[0].principals[0].username",
        "a principal has either a password or a password_hash",
    );
    check_one(
        &plain("{ username: ann }"),
        "principals[0].username",
        "a principal has either",
    );
    check_one(
        &plain("{ username: ann, password: x }, { username: ann, password: y }"),
        "principals[1].username",
        "ann",
    );
    check_one(
        &plain("{ username: ann, password_hash: secret }"),
        "principals[0].password_hash",
        "expected what `kegd hash-password` prints",
    );
    check_one(
        &with(
            "{ type: sasl_scram, algorithm: sha512, mediation: terminate, principals: [{ username: ann, password_hash: \"HASH\" }] }",
        ),
        "principals[0].password_hash",
        "the hash is one of SCRAM-SHA-256, which this method can't use",
    );
    check_one(
        &with("{ type: anonymous }, { type: anonymous }"),
        "authentication[1]",
        "clients of no SASL are decided on by an earlier item of the list",
    );
    config(&with("{ type: sasl_plain, mediation: passthrough }"));
    check_one(
        &with("{ type: sasl_plain, mediation: passthrough, principals: [{ username: ann, password: x }] }"),
        "authentication[0].mediation",
        "principals has no effect",
    );
    check_one(
        &with("{ type: sasl_scram, algorithm: sha512, mediation: terminate }"),
        "authentication[0].mediation",
        "principals is required",
    );
}

#[test]
fn rules_that_say_nothing_are_refused() {
    let rule = |resource_type, operation, name| {
        format!(
            "cluster_policies: [{{ type: acls, config: {{ rules: [{{ resource_type: {resource_type}, action: allow, \
             operations: [{{ name: {operation} }}], resource_names: [{{ match: \"{name}\" }}] }}] }} }}]"
        )
    };
    let enforced = |rule: String| virtual_clusters(&[&format!("acl_mode: enforce_on_gateway, {rule}")]);
    for rule in [
        rule("topic", "all", "*"),
        rule("group", "read", "a"),
        rule("cluster", "create", "kafka*"),
    ] {
        config(&enforced(rule));
    }
    check_one(
        &enforced(rule("group", "write", "a")),
        "cluster_policies[0].config.rules[0].operations[0].name",
        "write is nothing that is done to a group (there are read, delete, describe, describe_configs, alter_configs and all)",
    );
    check_one(
        &enforced(rule("cluster", "all", "main")),
        "rules[0].resource_names[0].match",
        "no cluster is called \"main\" (write kafka-cluster or *)",
    );
    check_one(
        &virtual_clusters(&[&rule("topic", "all", "*")]),
        "cluster_policies[0].config",
        "these rules are not enforced: acl_mode is passthrough",
    );
}
