//! Expressions of a configuration: what is said about wrong ones.

use super::super::environment::MemoryEnvironment;
use super::super::parse;
use super::samples::{check, check_one, virtual_clusters};

fn alias(condition: &str) -> String {
    virtual_clusters(&[&format!(
        "topic_aliases: [{{ alias: a, topic: b, condition: {condition} }}]"
    )])
}

#[test]
fn a_wrong_condition_is_a_problem_at_its_place_in_the_configuration_and_in_the_expression() {
    check(
        &alias("\"context.auth.principal.nam == 'ann'\""),
        &[
            "3:131: virtual_clusters[0].topic_aliases[0].condition: expected an expression that is true or false: \
             column 23: there is no member \"nam\" (did you mean name?)",
        ],
    );
    for (fields, path, message) in [
        (
            "topic_aliases: [{ alias: a, topic: b, condition: \"context.listener.name\" }]",
            "topic_aliases[0].condition",
            "it gives a string, neither true nor false",
        ),
        (
            "cluster_policies: [{ type: block_apis, condition: \"user == 'ann'\", config: { apis: [fetch] } }]",
            "cluster_policies[0].condition",
            "column 1: there is no variable \"user\" (all that is known of a client is in context)",
        ),
        (
            "acl_mode: enforce_on_gateway, cluster_policies: [{ type: acls, condition: \"1 +\", config: { rules: [] } }]",
            "cluster_policies[0].condition",
            "expected an expression that is true or false: column 4: ",
        ),
    ] {
        check_one(&virtual_clusters(&[fields]), path, message);
    }
}

#[test]
fn names_are_a_list_or_an_expression_that_gives_one() {
    let rule = |names: &str| {
        virtual_clusters(&[&format!(
            "acl_mode: enforce_on_gateway, cluster_policies: [{{ type: acls, config: {{ rules: [{{ resource_type: topic, \
             action: allow, operations: [{{ name: all }}], resource_names: {names} }}] }} }}]"
        )])
    };
    super::config(&rule("\"['app-' + context.auth.principal.name]\""));
    let path = "cluster_policies[0].config.rules[0].resource_names";
    for (names, message) in [
        (
            "\"'app-' + context.auth.principal.name\"",
            "it gives a string, no list of names",
        ),
        ("\"['app-', 1]\"", "it gives a list with an int, which is no name"),
        ("\"['app\\\\\\\\']\"", "ends with a single backslash"),
        ("orders", "column 1: there is no variable \"orders\""),
        ("{ match: orders }", "expected a list, found a mapping"),
        ("[]", "expected at least one item"),
    ] {
        check_one(&rule(names), path, message);
    }
}

#[test]
fn an_expression_is_text_and_what_a_template_gave_is_not_shown() {
    check_one(&alias("true"), "condition", "found a boolean (put it in quotes)");
    check_one(
        &alias("[]"),
        "condition",
        "expected an expression that is true or false, found a list",
    );
    let environment = MemoryEnvironment::new();
    let environment = environment.with_variable("CONDITION", "secret == 1");
    let problems = parse(&alias("\"${env['CONDITION']}\""), &environment)
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("found the value of ${env['CONDITION']}"),
        "{problems}"
    );
    assert!(!problems.contains("secret"), "{problems}");
}
