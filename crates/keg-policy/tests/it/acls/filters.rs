//! DescribeAcls: which question reaches the broker, and what the client sees of the answer.

use std::collections::BTreeSet;

use keg_codec::ApiKey;
use keg_policy::Mode;

use super::wire::{answer, describe, described, exchange, filters};
use super::{ANY, Acl, Ask, CLUSTER, Cluster, GROUP, LITERAL, MATCH, PREFIXED, TOPIC, TRANSACTIONAL_ID, USER};
use crate::support::message::{ints, texts};
use crate::support::{Gateway, PREFIX, answering, int, null, text};

/// ACLs of several tenants and of the operator.
fn backend() -> Cluster {
    let mut backend = Cluster::default();
    for (resource_type, pattern, name) in [
        (TOPIC, LITERAL, "team-a.orders"),
        (TOPIC, PREFIXED, "team-a.or"),
        (TOPIC, PREFIXED, "team-a."),
        (GROUP, LITERAL, "team-a.orders"),
        (TRANSACTIONAL_ID, PREFIXED, "team-a.tx"),
        // Others', some of which match the tenant's names as well.
        (TOPIC, LITERAL, "*"),
        (TOPIC, PREFIXED, "team-"),
        (TOPIC, PREFIXED, "team-a"),
        (TOPIC, LITERAL, "team-b.orders"),
        (TOPIC, PREFIXED, "team-b."),
        (TOPIC, LITERAL, "orders"),
        (GROUP, LITERAL, "*"),
        (CLUSTER, LITERAL, "kafka-cluster"),
        (USER, LITERAL, "User:alice"),
    ] {
        assert_eq!(backend.create(&Acl::new(resource_type, pattern, name)), 0);
    }
    backend
}

fn seen(gateway: &Gateway, ask: &Ask, version: i16) -> BTreeSet<(i64, i64, String)> {
    let (mut backend, request) = (backend(), describe(ask, version));
    let before = backend.clone();
    let response = exchange(gateway, &mut backend, &before, ApiKey::DESCRIBE_ACLS, version, &request);
    assert_eq!(backend, before);
    let acls = described(&response).into_iter();
    acls.map(|acl| (acl.resource_type, acl.pattern, acl.name)).collect()
}

#[test]
fn filters_find_what_they_would_on_a_cluster_of_ones_own() {
    let (hiding, enforcing) = (Gateway::hiding(), Gateway::enforcing());
    let check =
        |gateway: &Gateway, (resource_type, pattern, name): (i64, i64, Option<&str>), expected: &[(i64, i64, &str)]| {
            let expected = expected
                .iter()
                .map(|(resource_type, pattern, name)| (*resource_type, *pattern, (*name).to_owned()));
            let expected: BTreeSet<_> = expected.collect();
            for version in 1..=3 {
                let seen = seen(gateway, &Ask::new(resource_type, pattern, name), version);
                assert_eq!(seen, expected, "{resource_type} {pattern} {name:?}");
            }
        };
    let all = [
        (TOPIC, LITERAL, "orders"),
        (TOPIC, PREFIXED, "or"),
        (TOPIC, LITERAL, "*"),
        (GROUP, LITERAL, "orders"),
        (TRANSACTIONAL_ID, PREFIXED, "tx"),
    ];
    check(&hiding, (ANY, ANY, None), &all);
    check(&hiding, (ANY, MATCH, None), &all);
    check(&hiding, (TOPIC, ANY, None), &all[..3]);
    check(&hiding, (ANY, LITERAL, None), &[all[0], all[2], all[3]]);
    check(&hiding, (ANY, PREFIXED, None), &[all[1], all[4]]);
    check(&hiding, (TOPIC, LITERAL, Some("orders")), &all[..1]);
    check(&hiding, (ANY, LITERAL, Some("orders")), &[all[0], all[3]]);
    check(&hiding, (ANY, ANY, Some("orders")), &[all[0], all[3]]);
    check(&hiding, (TOPIC, MATCH, Some("orders")), &all[..3]);
    check(&hiding, (TOPIC, MATCH, Some("x")), &all[2..3]);
    check(&hiding, (GROUP, MATCH, Some("orders")), &all[3..4]);
    check(&hiding, (TOPIC, LITERAL, Some("*")), &all[2..3]);
    check(&hiding, (TOPIC, ANY, Some("*")), &all[2..3]);
    check(&hiding, (TOPIC, MATCH, Some("*")), &all[2..3]);
    check(&hiding, (TOPIC, PREFIXED, Some("or")), &all[1..2]);
    check(&hiding, (TOPIC, ANY, Some("")), &[]);
    check(&hiding, (TOPIC, PREFIXED, Some("")), &[]);
    check(&hiding, (TOPIC, MATCH, Some("")), &all[2..3]);
    check(&hiding, (TOPIC, LITERAL, Some("team-b.orders")), &[]);
    check(&hiding, (CLUSTER, ANY, None), &[]);
    check(&hiding, (CLUSTER, LITERAL, Some("kafka-cluster")), &[]);
    check(&hiding, (USER, ANY, None), &[]);
    // A name that is too long for the backend still begins with others.
    let long = "o".to_owned() + &"r".repeat(0x7fff - 1);
    check(&hiding, (TOPIC, MATCH, Some(&long)), &[all[1], all[2]]);
    check(&hiding, (TOPIC, LITERAL, Some(&long)), &[]);

    let all = all.map(|(resource_type, pattern, name)| match name {
        "*" => (resource_type, PREFIXED, PREFIX.to_owned()),
        name => (resource_type, pattern, format!("{PREFIX}{name}")),
    });
    let all = all
        .each_ref()
        .map(|(resource_type, pattern, name)| (*resource_type, *pattern, name.as_str()));
    check(&enforcing, (ANY, ANY, None), &all);
    check(&enforcing, (ANY, LITERAL, None), &[all[0], all[3]]);
    check(&enforcing, (TOPIC, MATCH, Some("team-a.orders")), &all[..3]);
    check(&enforcing, (TOPIC, LITERAL, Some("team-a.orders")), &all[..1]);
    check(&enforcing, (TOPIC, PREFIXED, Some("team-a.")), &all[2..3]);
    check(&enforcing, (TOPIC, LITERAL, Some("*")), &[]);
    check(&enforcing, (TOPIC, MATCH, Some("team-b.orders")), &[]);
    check(&enforcing, (TOPIC, PREFIXED, Some("team-")), &[]);
    check(&enforcing, (CLUSTER, ANY, None), &[]);
}

#[test]
fn foreign_names_and_types_do_not_reach_the_broker() {
    for (gateway, resource_type, name) in [
        (Gateway::enforcing(), TOPIC, Some("team-b.orders")),
        (Gateway::enforcing(), GROUP, Some("*")),
        (Gateway::hiding(), CLUSTER, None),
        (Gateway::hiding(), USER, Some("User:alice")),
        (Gateway::enforcing(), CLUSTER, Some("kafka-cluster")),
    ] {
        for pattern in [ANY, MATCH, LITERAL, PREFIXED] {
            let request = describe(&Ask::new(resource_type, pattern, name), 3);
            let (sent, _) = gateway.forward(ApiKey::DESCRIBE_ACLS, 3, &request);
            let sent = filters(&sent, "").remove(0);
            assert_eq!(
                (sent.resource_type, sent.pattern),
                (TOPIC, LITERAL),
                "{resource_type} {name:?}"
            );
            assert_eq!(sent.name.as_deref(), Some(PREFIX));
        }
    }
}

#[test]
fn unknown_types_are_refused() {
    let gateway = Gateway::hiding();
    for (field, value) in [
        ("ResourceTypeFilter", 0),
        ("ResourceTypeFilter", 8),
        ("PatternTypeFilter", 0),
        ("PatternTypeFilter", 5),
        ("Operation", 0),
        ("Operation", 16),
        ("PermissionType", 0),
        ("PermissionType", 4),
    ] {
        let mut request = describe(&Ask::new(ANY, ANY, None), 3);
        request.set(field, int(value));
        let seen = gateway.local(ApiKey::DESCRIBE_ACLS, 3, &request);
        assert_eq!(ints(&seen, "ErrorCode"), [42], "{field} {value}");
    }
}

#[test]
fn what_clients_have_no_words_for_is_not_shown() {
    let gateway = Gateway::hiding();
    // Literally the prefix, and a literal star: neither is what the client would take it for.
    for name in ["team-a.", "team-a.*"] {
        let backend = Cluster([Acl::new(GROUP, LITERAL, name)].into());
        let request = describe(&Ask::new(ANY, ANY, None), 3);
        let seen = exchange(
            &gateway,
            &mut backend.clone(),
            &backend,
            ApiKey::DESCRIBE_ACLS,
            3,
            &request,
        );
        assert_eq!(described(&seen), BTreeSet::new(), "{name}");
    }
}

#[test]
fn additional_names_are_not_shown() {
    for (mode, expected) in [(Mode::HidePrefix, "orders"), (Mode::EnforcePrefix, "team-a.orders")] {
        let gateway = Gateway::sharing(mode);
        let mut names = vec!["team-a.orders", "shared-prices"];
        if mode == Mode::HidePrefix {
            names.push("team-a.shared-prices");
        }
        let acls = names.into_iter().map(|name| Acl::new(TOPIC, LITERAL, name));
        let backend = Cluster(acls.collect());
        let request = describe(&Ask::new(ANY, ANY, None), 3);
        let seen = exchange(
            &gateway,
            &mut backend.clone(),
            &backend,
            ApiKey::DESCRIBE_ACLS,
            3,
            &request,
        );
        assert_eq!(
            described(&seen),
            [Acl::new(TOPIC, LITERAL, expected)].into(),
            "{mode:?}"
        );
    }
}

#[test]
fn errors_come_through_without_the_prefix() {
    let gateway = Gateway::hiding();
    let request = describe(&Ask::new(TOPIC, LITERAL, Some("orders")), 3);
    for (message, expected) in [
        (
            text("No Authorizer is configured for team-a.orders"),
            "No Authorizer is configured for orders",
        ),
        (null(), "<null>"),
    ] {
        let response = answering(
            ApiKey::DESCRIBE_ACLS,
            3,
            &[("ErrorCode", int(54)), ("ErrorMessage", message)],
        );
        let seen = gateway.exchange(ApiKey::DESCRIBE_ACLS, 3, &request, &response);
        assert_eq!(ints(&seen, "ErrorCode"), [54]);
        assert_eq!(texts(&seen, "ErrorMessage"), [expected]);
    }
}

#[test]
fn a_question_that_needs_no_change_goes_on_as_it_is() {
    let gateway = Gateway::enforcing();
    let request = describe(&Ask::new(TOPIC, MATCH, Some("team-a.orders")), 3);
    let (sent, pending) = gateway.forward(ApiKey::DESCRIBE_ACLS, 3, &request);
    assert!(sent == request);
    let own = Cluster(
        [
            Acl::new(TOPIC, LITERAL, "team-a.orders"),
            Acl::new(TOPIC, PREFIXED, "team-a.o"),
        ]
        .into(),
    );
    let response = answer(&mut own.clone(), &own, ApiKey::DESCRIBE_ACLS, 3, &sent);
    assert!(gateway.answer(ApiKey::DESCRIBE_ACLS, 3, pending, &response) == response);
}
