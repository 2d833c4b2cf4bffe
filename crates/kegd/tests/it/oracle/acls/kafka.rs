//! Kafka's own ACLs.

use std::time::Duration;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::rules::{Rule, acls};
use crate::oracle::settle::{elements, errors, patiently_for, set};
use crate::oracle::side::Side;

/// Who comes in by the port for TLS (`keg.PrincipalByListener`).
const CLIENT: &str = "User:client";

const PATIENCE: Duration = Duration::from_secs(30);

/// Matches whatever there is.
const ANY: i64 = 1;

/// Gives the client these rules and no others, and waits until they are in force.
pub(super) fn set_acls(operators: &str, clients: &str, rules: &[Rule]) {
    let mut operator = Side::connect(operators);
    let deleted = operator.ask(ApiKey::DELETE_ACLS, 3, |request| {
        set(request, "Filters", vec![all()]);
    });
    assert!(errors(&deleted).iter().all(|code| *code == 0), "{deleted:?}");
    until_there_are(&mut operator, 0);
    let acls = acls(rules, CLIENT);
    let count = acls.len();
    let created = operator.ask(ApiKey::CREATE_ACLS, 3, |request| set(request, "Creations", acls));
    assert!(errors(&created).iter().all(|code| *code == 0), "{created:?}");
    until_there_are(&mut operator, count);
    // The broker tells of its own; what the controller knows shows in what it allows.
    let mut client = Side::connect(clients);
    let creation = || {
        client.ask(ApiKey::CREATE_TOPICS, 5, |request| {
            let topic = vec![
                ("Name", Value::text("t0-c0")),
                ("NumPartitions", Value::Integer(1)),
                ("ReplicationFactor", Value::Integer(1)),
            ];
            set(request, "Topics", vec![topic]);
            request.set("timeoutMs", Value::Integer(10_000));
            request.set("validateOnly", Value::Integer(1));
        })
    };
    let is_allowed = |response: &Struct| errors(response).iter().all(|code| *code == 0);
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
