//! Kafka's own ACLs.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::rules::{Operation, Resource, Rule, acls, allow};
use crate::oracle::settle::{elements, errors, patiently_for, set};
use crate::oracle::side::Side;

const PATIENCE: Duration = Duration::from_secs(30);

/// Matches whatever there is.
const ANY: i64 = 1;

/// Has these rules and no others, and waits until they are in force: for the client that comes in by the port for TLS
/// (`keg.PrincipalByListener`).
pub(super) fn set_acls(operators: &str, clients: &str, rules: &[Rule], numbers: &Range<u64>) {
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let mut operator = Side::connect(operators);
    let deleted = operator.ask(ApiKey::DELETE_ACLS, 3, |request| {
        set(request, "Filters", vec![all()]);
    });
    assert!(errors(&deleted).iter().all(|code| *code == 0), "{deleted:?}");
    until_there_are(&mut operator, 0);
    let mut acls = acls(rules, numbers);
    // Something that no other rules have allowed.
    let last = format!("last-{}-", TIMES.fetch_add(1, Ordering::Relaxed));
    let mut creation = self::acls(&[allow(Resource::Topic, "", &[Operation::Create])], numbers);
    for (field, value) in creation.iter_mut().flatten() {
        if *field == "ResourceName" {
            *value = Value::text(&last);
        }
    }
    acls.append(&mut creation);
    // Kafka keeps the same rule once.
    let count = acls.iter().map(|acl| format!("{acl:?}")).collect::<HashSet<_>>().len();
    let created = operator.ask(ApiKey::CREATE_ACLS, 3, |request| set(request, "Creations", acls));
    assert!(errors(&created).iter().all(|code| *code == 0), "{created:?}");
    until_there_are(&mut operator, count);
    // The broker tells of its own; what the controller knows shows in what it allows.
    let mut client = Side::connect(clients);
    let creation = || {
        client.ask(ApiKey::CREATE_TOPICS, 5, |request| {
            let topic = vec![
                ("Name", Value::text(&last)),
                ("NumPartitions", Value::Integer(1)),
                ("ReplicationFactor", Value::Integer(1)),
            ];
            set(request, "Topics", vec![topic]);
            request.set("timeoutMs", Value::Integer(10_000));
            request.set("validateOnly", Value::Integer(1));
        })
    };
    // Whether the topic's configuration may be seen is said beside it.
    let is_allowed =
        |response: &Struct| elements(response, "Topics").all(|it| it.get("ErrorCode") == Some(&Value::Integer(0)));
    let last = patiently_for(PATIENCE, creation, is_allowed);
    assert!(is_allowed(&last), "{last:?}");
}

fn until_there_are(operator: &mut Side, expected: usize) {
    let count = || {
        let described = operator.ask(ApiKey::DESCRIBE_ACLS, 3, |request| {
            for (name, value) in all() {
                request.set(name, value);
            }
        });
        elements(&described, "Resources")
            .map(|it| elements(it, "Acls").count())
            .sum::<usize>()
    };
    let last = patiently_for(PATIENCE, count, |count| *count == expected);
    assert_eq!(last, expected);
}

/// The fields of a filter that matches all ACLs.
fn all() -> Vec<(&'static str, Value)> {
    let any = ["ResourceTypeFilter", "PatternTypeFilter", "Operation", "PermissionType"];
    let unnamed = ["ResourceNameFilter", "PrincipalFilter", "HostFilter"];
    let any = any.map(|name| (name, Value::Integer(ANY)));
    any.into_iter().chain(unnamed.map(|name| (name, Value::Null))).collect()
}
