//! Whatever a client does with ACLs, it gets what it would of a cluster of its own, and others' stay as they are.

use keg_codec::ApiKey;
use keg_policy::Mode;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::wire::{create, delete, deleted, describe, described, exchange};
use super::{Acl, Ask, Cluster, LITERAL, OWN_TYPES, PREFIXED};
use crate::support::message::ints;
use crate::support::{Gateway, PREFIX};

#[derive(Debug, Clone)]
enum Step {
    Create(Vec<Acl>),
    Describe(Ask),
    Delete(Vec<Ask>),
}

const BARE: [&str; 9] = ["*", "", "o", "or", "orders", "orders-x", "team-a.", "team-b.or", "*x"];
const FOREIGN: [&str; 9] = [
    "*",
    "t",
    "team-",
    "team-a",
    "team-b.",
    "team-b.orders",
    "team-aa",
    "orders",
    "o",
];
const PRINCIPALS: [&str; 2] = ["User:alice", "User:bob"];

fn named(mode: Mode, bare: &str) -> String {
    match mode {
        Mode::EnforcePrefix if bare != "*" => format!("{PREFIX}{bare}"),
        _ => bare.to_owned(),
    }
}

fn acl(mode: Mode) -> impl Strategy<Value = Acl> {
    let (types, patterns) = (
        select(vec![2, 3, 5, 4, 7, 1]),
        select(vec![LITERAL, PREFIXED, LITERAL, PREFIXED, 2]),
    );
    (types, patterns, select(&BARE[..]), select(&PRINCIPALS[..]), 2i64..4).prop_map(
        move |(resource_type, pattern, bare, principal, operation)| Acl {
            resource_type,
            pattern,
            name: named(mode, bare),
            principal: principal.to_owned(),
            operation,
        },
    )
}

fn ask(mode: Mode) -> impl Strategy<Value = Ask> {
    let name = weighted(0.7, select([&BARE[..], &FOREIGN[..]].concat()));
    let principal = weighted(0.3, select(&PRINCIPALS[..]));
    (
        select(vec![1, 2, 3, 4, 5, 7]),
        1i64..5,
        name,
        any::<bool>(),
        principal,
        1i64..4,
    )
        .prop_map(
            move |(resource_type, pattern, name, prefixed, principal, operation)| Ask {
                resource_type,
                pattern,
                name: name.map(|name| if prefixed { named(mode, name) } else { name.to_owned() }),
                principal: principal.map(str::to_owned),
                operation,
            },
        )
}

fn step(mode: Mode) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => vec(acl(mode), 0..5).prop_map(Step::Create),
        2 => ask(mode).prop_map(Step::Describe),
        2 => vec(ask(mode), 0..4).prop_map(Step::Delete),
    ]
}

/// Others' ACLs, among them those that clients of a hidden prefix have no words for.
fn foreign(mode: Mode) -> Cluster {
    let mut foreign = Cluster::default();
    for resource_type in 2..=7 {
        for pattern in [LITERAL, PREFIXED] {
            for name in FOREIGN {
                foreign.create(&Acl::new(resource_type, pattern, name));
            }
        }
    }
    for name in ["team-a.", "team-a.*"] {
        for resource_type in OWN_TYPES.into_iter().filter(|_| mode == Mode::HidePrefix) {
            foreign.create(&Acl::new(resource_type, LITERAL, name));
        }
    }
    for (resource_type, name) in [(4, "kafka-cluster"), (7, "team-a.user"), (6, "team-a.token")] {
        foreign.create(&Acl::new(resource_type, LITERAL, name));
    }
    foreign
}

/// What a creation gets, of a cluster of its own on which others' resources are refused.
fn created(own: &mut Cluster, mode: Mode, acl: &Acl) -> i64 {
    let is_valid = Cluster::default().create(&Acl {
        resource_type: 2,
        ..acl.clone()
    });
    let is_own = OWN_TYPES.contains(&acl.resource_type) && (mode == Mode::HidePrefix || acl.name.starts_with(PREFIX));
    match (acl.name.is_empty(), acl.resource_type, is_own) {
        (true, _, _) => 42,
        (_, 4 | 7, _) => 31,
        (_, 2 | 3 | 5, false) if is_valid == 0 => 31,
        _ => own.create(acl),
    }
}

fn run(mode: Mode, version: i16, lags: bool, steps: &[Step]) {
    let gateway = Gateway::isolated(mode);
    let foreign = foreign(mode);
    let (mut own, mut backend) = (Cluster::default(), foreign.clone());
    let mut before = backend.clone();
    for step in steps {
        // What a broker knows: for deletions it may be from before the last creation.
        let now = backend.clone();
        match step {
            Step::Create(acls) => {
                let response = exchange(
                    &gateway,
                    &mut backend,
                    &now,
                    ApiKey::CREATE_ACLS,
                    version,
                    &create(acls, version),
                );
                let expected: Vec<_> = acls.iter().map(|acl| created(&mut own, mode, acl)).collect();
                assert_eq!(ints(&response, "Results.*.ErrorCode"), expected, "{acls:?}");
                before = now;
            }
            Step::Describe(ask) => {
                let response = exchange(
                    &gateway,
                    &mut backend,
                    &now,
                    ApiKey::DESCRIBE_ACLS,
                    version,
                    &describe(ask, version),
                );
                assert_eq!(described(&response), own.describe(ask), "{ask:?}");
            }
            Step::Delete(asks) => {
                let seen = if lags { &before } else { &now };
                let response = exchange(
                    &gateway,
                    &mut backend,
                    seen,
                    ApiKey::DELETE_ACLS,
                    version,
                    &delete(asks, version),
                );
                assert_eq!(deleted(&response), own.delete(asks), "{asks:?}");
                before = backend.clone();
            }
        }
        assert!(foreign.0.is_subset(&backend.0), "others' ACLs stay");
        assert_eq!(
            backend.0.len(),
            foreign.0.len() + own.0.len(),
            "and no more of them are made"
        );
    }
}

fn steps(mode: Mode) -> impl Strategy<Value = Vec<Step>> {
    vec(step(mode), 1..12)
}

proptest! {
    #[test]
    fn a_client_of_a_hidden_prefix_administers_a_cluster_of_its_own(
        version in 1i16..4, lags in any::<bool>(), steps in steps(Mode::HidePrefix),
    ) {
        run(Mode::HidePrefix, version, lags, &steps);
    }

    #[test]
    fn a_client_of_an_enforced_prefix_administers_a_cluster_of_its_own(
        version in 1i16..4, lags in any::<bool>(), steps in steps(Mode::EnforcePrefix),
    ) {
        run(Mode::EnforcePrefix, version, lags, &steps);
    }
}

#[test]
fn an_acl_that_the_broker_has_not_seen_yet_is_deleted_beside_one_that_it_has() {
    let acl = |operation| Acl {
        resource_type: 2,
        pattern: LITERAL,
        name: PREFIX.to_owned(),
        principal: "User:alice".to_owned(),
        operation,
    };
    let ask = |resource_type, operation| Ask {
        resource_type,
        pattern: 1,
        name: None,
        principal: None,
        operation,
    };
    let steps = [
        Step::Create(vec![acl(2)]),
        Step::Create(vec![acl(3)]),
        // The first look-up shows the older one.
        Step::Delete(vec![ask(4, 1), ask(1, 3)]),
    ];
    run(Mode::EnforcePrefix, 1, true, &steps);
}
