//! Rules that nobody has thought of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::rules::{Action, Name, Operation, Resource, Rule, Whose, allow};
use crate::oracle::case::{GROUPS, TOPICS, TRANSACTIONS};

/// What the client may do whatever is drawn, but for what is denied: else there would be nothing to see.
const ALWAYS: [Rule; 3] = [
    allow(Resource::Topic, "t0", &[Operation::All]),
    allow(Resource::Group, "g0", &[Operation::All]),
    allow(Resource::TransactionalId, "x0", &[Operation::All]),
];

/// What Kafka knows to be asked for of each (its `AclEntry.supportedOperations`). Of the cluster neither all nor
/// `ClusterAction`: that is what brokers do among themselves.
const OF_TOPICS: &[Operation] = &[
    Operation::All,
    Operation::Read,
    Operation::Write,
    Operation::Create,
    Operation::Delete,
    Operation::Alter,
    Operation::Describe,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
];
const OF_GROUPS: &[Operation] = &[
    Operation::All,
    Operation::Read,
    Operation::Delete,
    Operation::Describe,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
];
const OF_TRANSACTIONS: &[Operation] = &[Operation::All, Operation::Write, Operation::Describe];
const OF_THE_CLUSTER: &[Operation] = &[
    Operation::Create,
    Operation::Alter,
    Operation::Describe,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
    Operation::IdempotentWrite,
];

/// The rules of a seed.
pub(super) fn rules(runner: &mut TestRunner) -> Vec<Rule> {
    let drawn = vec(rule(), 4..=20).new_tree(runner).unwrap().current();
    ALWAYS.into_iter().chain(drawn).collect()
}

fn rule() -> impl Strategy<Value = Rule> {
    let resource = prop_oneof![
        6 => of(Resource::Topic, OF_TOPICS, "t", &TOPICS),
        3 => of(Resource::Group, OF_GROUPS, "g", &GROUPS),
        2 => of(Resource::TransactionalId, OF_TRANSACTIONS, "x", &TRANSACTIONS),
        1 => of(Resource::Cluster, OF_THE_CLUSTER, "", &[""]),
    ];
    let whose = prop_oneof![
        6 => Just(Whose::Client),
        2 => Just(Whose::Everybodys),
        1 => Just(Whose::SomebodyElses),
    ];
    let denies = prop::bool::weighted(0.25);
    (resource, whose, denies).prop_map(|((resource, name, operations), whose, denies)| {
        let has = |operation: Operation| operations.iter().any(|it| *it as i64 == operation as i64);
        // To deny all of everything would leave nothing to see, and nobody could see that rules are in force.
        let is_all = has(Operation::All) && (is_wide(name) || ALWAYS.iter().any(|it| it.name == name));
        let is_needed = has(Operation::Create) && name == Name::Any;
        Rule {
            whose,
            resource,
            action: if denies && !is_all && !is_needed {
                Action::Deny
            } else {
                Action::Allow
            },
            operations,
            name,
        }
    })
}

fn is_wide(name: Name) -> bool {
    matches!(name, Name::Any | Name::Beginning("t" | "g" | "x"))
}

/// One or two operations on resources of a type: one name, those that begin as one, as all of a case do, or all there are.
fn of(
    resource: Resource,
    operations: &'static [Operation],
    start: &'static str,
    names: &'static [&'static str],
) -> impl Strategy<Value = (Resource, Name, &'static [Operation])> {
    let name = prop_oneof![
        4 => select(names).prop_map(Name::Called),
        4 => select(names).prop_map(Name::Beginning),
        2 => Just(Name::Beginning(start)),
        1 => Just(Name::Any),
    ];
    let operations = (0..operations.len(), 1..=2_usize)
        .prop_map(move |(first, count)| &operations[first..operations.len().min(first + count)]);
    (name, operations).prop_map(move |(name, operations)| (resource, name, operations))
}
