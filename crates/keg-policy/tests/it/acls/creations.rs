//! CreateAcls: what becomes of each pattern, and that it comes back as it was made.

use std::sync::Arc;

use keg_codec::ApiKey;

use super::wire::{create, described, exchange};
use super::{
    ANY, Acl, Ask, CLUSTER, Cluster, DELEGATION_TOKEN, GROUP, LITERAL, MATCH, OWN_TYPES, PREFIXED, TOPIC,
    TRANSACTIONAL_ID, USER,
};
use crate::support::message::{ints, texts};
use crate::support::{Fate, Gateway, answering, asking, int, text};
use keg_policy::{Mode, Namespace};

/// The pattern that a client's has become on the backend, or the error that it got.
fn made(gateway: &Gateway, acl: &Acl, version: i16) -> Result<(i64, i64, String), i64> {
    let mut backend = Cluster::default();
    let request = create(std::slice::from_ref(acl), version);
    let response = exchange(
        gateway,
        &mut backend,
        &Cluster::default(),
        ApiKey::CREATE_ACLS,
        version,
        &request,
    );
    let Some(made) = backend.0.first().cloned() else {
        let code = ints(&response, "Results.*.ErrorCode")[0];
        assert!(!texts(&response, "Results.*.ErrorMessage")[0].is_empty());
        assert_eq!(ints(&response, "Results.*.ErrorCode").len(), 1);
        return Err(code);
    };
    assert_eq!(ints(&response, "Results.*.ErrorCode"), [0]);
    assert_eq!((&made.principal, made.operation), (&acl.principal, acl.operation));
    let everything = super::wire::describe(&Ask::new(ANY, ANY, None), version);
    let seen = backend.clone();
    let response = exchange(
        gateway,
        &mut backend,
        &seen,
        ApiKey::DESCRIBE_ACLS,
        version,
        &everything,
    );
    assert_eq!(described(&response).first(), Some(acl), "it comes back as it was made");
    Ok((made.resource_type, made.pattern, made.name))
}

#[test]
fn patterns_are_made_for_what_they_mean_in_both_modes() {
    for (mode, pattern, name, expected) in [
        (Mode::HidePrefix, LITERAL, "orders", Ok((LITERAL, "team-a.orders"))),
        (
            Mode::HidePrefix,
            LITERAL,
            "team-b.orders",
            Ok((LITERAL, "team-a.team-b.orders")),
        ),
        (Mode::HidePrefix, LITERAL, "*", Ok((PREFIXED, "team-a."))),
        (Mode::HidePrefix, PREFIXED, "or", Ok((PREFIXED, "team-a.or"))),
        (Mode::HidePrefix, PREFIXED, "*", Ok((PREFIXED, "team-a.*"))),
        (Mode::HidePrefix, LITERAL, "**", Ok((LITERAL, "team-a.**"))),
        (Mode::HidePrefix, LITERAL, "", Err(42)),
        (Mode::HidePrefix, PREFIXED, "", Err(42)),
        (Mode::HidePrefix, MATCH, "orders", Err(42)),
        (Mode::HidePrefix, ANY, "orders", Err(42)),
        (Mode::HidePrefix, 0, "orders", Err(42)),
        (Mode::HidePrefix, 5, "orders", Err(42)),
        (
            Mode::EnforcePrefix,
            LITERAL,
            "team-a.orders",
            Ok((LITERAL, "team-a.orders")),
        ),
        (Mode::EnforcePrefix, LITERAL, "team-a.", Ok((LITERAL, "team-a."))),
        (Mode::EnforcePrefix, LITERAL, "team-a.*", Ok((LITERAL, "team-a.*"))),
        (Mode::EnforcePrefix, PREFIXED, "team-a.", Ok((PREFIXED, "team-a."))),
        (Mode::EnforcePrefix, PREFIXED, "team-a.or", Ok((PREFIXED, "team-a.or"))),
        (Mode::EnforcePrefix, LITERAL, "*", Err(31)),
        (Mode::EnforcePrefix, PREFIXED, "*", Err(31)),
        (Mode::EnforcePrefix, LITERAL, "team-b.orders", Err(31)),
        (Mode::EnforcePrefix, PREFIXED, "team-a", Err(31)),
        (Mode::EnforcePrefix, PREFIXED, "t", Err(31)),
        (Mode::EnforcePrefix, LITERAL, "", Err(42)),
        (Mode::EnforcePrefix, MATCH, "team-a.orders", Err(42)),
    ] {
        let gateway = Gateway::isolated(mode);
        for (resource_type, version) in OWN_TYPES.into_iter().flat_map(|it| [(it, 1), (it, 2), (it, 3)]) {
            let made = made(&gateway, &Acl::new(resource_type, pattern, name), version);
            let expected = expected.map(|(pattern, name)| (resource_type, pattern, name.to_owned()));
            assert_eq!(made, expected, "{mode:?} {resource_type} {pattern} {name:?}");
        }
    }
}

#[test]
fn what_is_not_in_namespaces_is_refused() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::isolated(mode);
        for (resource_type, name, code) in [
            (CLUSTER, "kafka-cluster", 31),
            (CLUSTER, "team-a.", 31),
            (USER, "User:alice", 31),
            (DELEGATION_TOKEN, "team-a.token", 31),
            (ANY, "team-a.orders", 42),
            (0, "team-a.orders", 42),
            (8, "team-a.orders", 42),
            (-1, "team-a.orders", 42),
        ] {
            let acl = Acl::new(resource_type, LITERAL, name);
            assert_eq!(made(&gateway, &acl, 3), Err(code), "{mode:?} {resource_type}");
        }
        // A broker would end the connection.
        let mut acl = Acl::new(TOPIC, LITERAL, "team-a.orders");
        acl.operation = 0;
        assert_eq!(made(&gateway, &acl, 3), Err(42));
    }
}

#[test]
fn additional_names_and_what_they_hide_are_not_the_tenants() {
    let hiding = Gateway::sharing(Mode::HidePrefix);
    let enforcing = Gateway::sharing(Mode::EnforcePrefix);
    for (gateway, resource_type, pattern, name, expected) in [
        (&hiding, TOPIC, LITERAL, "shared-prices", Err(31)),
        (&hiding, GROUP, LITERAL, "shared-app", Err(31)),
        // Transactional ids have no additional ones.
        (&hiding, TRANSACTIONAL_ID, LITERAL, "shared-x", Ok("team-a.shared-x")),
        // These are about the namespace's own, which have another name on the backend.
        (&hiding, TOPIC, PREFIXED, "shared", Ok("team-a.shared")),
        (&hiding, TOPIC, LITERAL, "*", Ok("team-a.")),
        (&enforcing, TOPIC, LITERAL, "shared-prices", Err(31)),
        (&enforcing, TOPIC, PREFIXED, "shared-", Err(31)),
        (&enforcing, GROUP, LITERAL, "shared-app", Err(31)),
        (&enforcing, TOPIC, PREFIXED, "team-a.", Ok("team-a.")),
    ] {
        let made = made(gateway, &Acl::new(resource_type, pattern, name), 3);
        assert_eq!(
            made.map(|(_, _, name)| name),
            expected.map(str::to_owned),
            "{resource_type} {name}"
        );
    }
}

#[test]
fn patterns_that_reach_kafkas_own_topics_are_refused_whatever_the_prefix_is() {
    for (mode, name) in [(Mode::HidePrefix, "con"), (Mode::EnforcePrefix, "__con")] {
        let gateway = Gateway::of(vec![Arc::new(Namespace::new(mode, "__"))]);
        let whole = format!("{name}sumer_offsets");
        for (resource_type, pattern, name, expected) in [
            (TOPIC, PREFIXED, name, Err(31)),
            (TOPIC, LITERAL, &whole, Err(31)),
            (TOPIC, PREFIXED, &format!("{whole}-"), Ok(())),
            (TOPIC, LITERAL, name, Ok(())),
            (GROUP, PREFIXED, name, Ok(())),
        ] {
            let made = made(&gateway, &Acl::new(resource_type, pattern, name), 3);
            assert_eq!(made.map(drop), expected, "{mode:?} {resource_type} {pattern} {name}");
        }
    }
    let hiding = Gateway::of(vec![Arc::new(Namespace::new(Mode::HidePrefix, "__"))]);
    assert_eq!(made(&hiding, &Acl::new(TOPIC, LITERAL, "*"), 3), Err(31));
}

#[test]
fn without_a_prefix_everything_is_as_it_is() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::of(vec![Arc::new(Namespace::new(mode, ""))]);
        for (pattern, name) in [(LITERAL, "*"), (LITERAL, "orders"), (PREFIXED, "or")] {
            let made = made(&gateway, &Acl::new(TOPIC, pattern, name), 3);
            assert_eq!(made, Ok((TOPIC, pattern, name.to_owned())));
        }
    }
}

#[test]
fn each_creation_has_its_own_result_in_the_order_asked() {
    let gateway = Gateway::hiding();
    let acls = [
        Acl::new(CLUSTER, LITERAL, "kafka-cluster"),
        Acl::new(TOPIC, LITERAL, "first"),
        Acl::new(TOPIC, LITERAL, ""),
        Acl::new(GROUP, PREFIXED, "second"),
        Acl::new(USER, LITERAL, "User:alice"),
    ];
    let (sent, pending) = gateway.forward(ApiKey::CREATE_ACLS, 3, &create(&acls, 3));
    assert_eq!(
        texts(&sent, "Creations.*.ResourceName"),
        ["team-a.first", "team-a.second"]
    );
    let answer = answering(
        ApiKey::CREATE_ACLS,
        3,
        &[
            ("ThrottleTimeMs", int(5)),
            ("Results.0.ErrorCode", int(0)),
            ("Results.1.ErrorCode", int(42)),
            ("Results.1.ErrorMessage", text("(resource team-a.second) is not good")),
        ],
    );
    let seen = gateway.answer(ApiKey::CREATE_ACLS, 3, pending, &answer);
    assert_eq!(ints(&seen, "ThrottleTimeMs"), [5]);
    assert_eq!(ints(&seen, "Results.*.ErrorCode"), [31, 0, 42, 42, 31]);
    assert_eq!(
        texts(&seen, "Results.*.ErrorMessage")[3],
        "(resource second) is not good"
    );
}

#[test]
fn results_that_can_not_be_told_apart_are_withheld() {
    let gateway = Gateway::hiding();
    let acls = [Acl::new(TOPIC, LITERAL, "first"), Acl::new(USER, LITERAL, "User:alice")];
    let (_, pending) = gateway.forward(ApiKey::CREATE_ACLS, 3, &create(&acls, 3));
    let seen = gateway.answer(ApiKey::CREATE_ACLS, 3, pending, &answering(ApiKey::CREATE_ACLS, 3, &[]));
    assert_eq!(ints(&seen, "Results.*.ErrorCode"), [-1, -1]);
}

#[test]
fn names_that_the_prefix_makes_too_long_are_refused() {
    let gateway = Gateway::hiding();
    let longest = "x".repeat(0x7fff - "team-a.".len());
    assert!(made(&gateway, &Acl::new(GROUP, LITERAL, &longest), 1).is_ok());
    assert_eq!(
        made(&gateway, &Acl::new(GROUP, LITERAL, &format!("{longest}x")), 1),
        Err(42)
    );
}

#[test]
fn an_unknown_tagged_field_is_refused() {
    let gateway = Gateway::hiding();
    for (key, fields, error) in [
        (
            ApiKey::DESCRIBE_ACLS,
            vec![("ResourceNameFilter", text("orders"))],
            "ErrorCode",
        ),
        (
            ApiKey::CREATE_ACLS,
            vec![("Creations.0.ResourceName", text("orders"))],
            "Results.*.ErrorCode",
        ),
        (
            ApiKey::DELETE_ACLS,
            vec![("Filters.0.Operation", int(1))],
            "FilterResults.*.ErrorCode",
        ),
    ] {
        let mut body = asking(key, 3, &fields)
            .write(&crate::support::api(key).request, 3)
            .unwrap();
        assert_eq!(body.pop(), Some(0), "the last section of tagged fields is empty");
        body.extend([1, 99, 2, b'h', b'i']);
        let Fate::Answered(seen) = gateway.ask_bytes(key, 3, body) else {
            panic!("{key:?} is refused")
        };
        assert_eq!(ints(&seen, error), [42], "{key:?}");
    }
}
