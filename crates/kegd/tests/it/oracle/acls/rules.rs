//! Sets of rules, as the gateway and as Kafka are given them.

use keg_codec::message::Value;

/// What a rule is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resource {
    Topic,
    Group,
    TransactionalId,
    Cluster,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Allow,
    Deny,
}

/// Operations, by Kafka's codes for them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    All = 2,
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
}

/// A rule on all resources whose names begin in one way.
#[derive(Debug)]
pub(super) struct Rule {
    resource: Resource,
    action: Action,
    operations: &'static [Operation],
    start: &'static str,
}

const fn allow(resource: Resource, start: &'static str, operations: &'static [Operation]) -> Rule {
    Rule {
        resource,
        action: Action::Allow,
        operations,
        start,
    }
}

const fn deny(resource: Resource, start: &'static str, operations: &'static [Operation]) -> Rule {
    Rule {
        action: Action::Deny,
        ..allow(resource, start, operations)
    }
}

/// Something of everything: all, some operations, describing alone, a denial beside, and nothing. The cluster is nobody's.
pub(super) const ON_NAMES: &[Rule] = &[
    allow(Resource::Topic, "t0", &[Operation::All]),
    allow(Resource::Topic, "t1", &[Operation::Read, Operation::Write]),
    allow(Resource::Topic, "t2", &[Operation::Describe]),
    allow(Resource::Topic, "t.", &[Operation::All]),
    deny(Resource::Topic, "t.", &[Operation::Write]),
    allow(Resource::Group, "g0", &[Operation::All]),
    allow(Resource::Group, "g1", &[Operation::Describe]),
    allow(Resource::TransactionalId, "x0", &[Operation::All]),
    allow(Resource::TransactionalId, "x1", &[Operation::Describe]),
];

/// Rules that overlap, denials within what is allowed, and some of what is asked of the cluster.
pub(super) const ON_THE_CLUSTER: &[Rule] = &[
    allow(
        Resource::Cluster,
        CLUSTER,
        &[
            Operation::Create,
            Operation::Describe,
            Operation::Alter,
            Operation::DescribeConfigs,
            Operation::IdempotentWrite,
        ],
    ),
    allow(Resource::Topic, "t", &[Operation::Read, Operation::DescribeConfigs]),
    allow(Resource::Topic, "t0", &[Operation::All]),
    allow(
        Resource::Topic,
        "t1",
        &[Operation::Write, Operation::Delete, Operation::AlterConfigs],
    ),
    deny(Resource::Topic, "t2", &[Operation::Describe]),
    allow(Resource::Topic, "t_", &[Operation::Alter]),
    deny(Resource::Topic, "t.", &[Operation::All]),
    allow(Resource::Group, "g", &[Operation::Read]),
    allow(Resource::Group, "g0", &[Operation::All]),
    allow(Resource::Group, "g1", &[Operation::Delete]),
    deny(Resource::Group, "g2", &[Operation::Describe]),
    allow(Resource::TransactionalId, "x", &[Operation::Write]),
    allow(Resource::TransactionalId, "x0", &[Operation::All]),
    deny(Resource::TransactionalId, "x1", &[Operation::Describe]),
];

/// What the cluster is called.
const CLUSTER: &str = "kafka-cluster";

/// The rules in YAML's flow style, without the brackets of the list.
pub(super) fn yaml(rules: &[Rule]) -> String {
    let rules = rules.iter().map(|rule| {
        let operations = rule.operations.iter().map(|it| format!("{{ name: {} }}", it.name()));
        format!(
            "{{ resource_type: {}, action: {}, operations: [{}], resource_names: [{{ match: \"{}\" }}] }}",
            match rule.resource {
                Resource::Topic => "topic",
                Resource::Group => "group",
                Resource::TransactionalId => "transactional_id",
                Resource::Cluster => "cluster",
            },
            match rule.action {
                Action::Allow => "allow",
                Action::Deny => "deny",
            },
            operations.collect::<Vec<_>>().join(", "),
            match rule.resource {
                Resource::Cluster => rule.start.to_owned(),
                _ => format!("{}*", rule.start),
            },
        )
    });
    rules.collect::<Vec<_>>().join(", ")
}

/// The same as the elements of a CreateAcls request, for a principal.
pub(super) fn acls(rules: &[Rule], principal: &str) -> Vec<Vec<(&'static str, Value)>> {
    let of_rule = |rule: &Rule| {
        let (resource, pattern) = match rule.resource {
            Resource::Topic => (2, PREFIXED),
            Resource::Group => (3, PREFIXED),
            Resource::Cluster => (4, LITERAL),
            Resource::TransactionalId => (5, PREFIXED),
        };
        let permission = match rule.action {
            Action::Deny => 2,
            Action::Allow => 3,
        };
        let of_operation = |operation: &Operation| {
            vec![
                ("ResourceType", Value::Integer(resource)),
                ("ResourceName", Value::text(rule.start)),
                ("ResourcePatternType", Value::Integer(pattern)),
                ("Principal", Value::text(principal)),
                ("Host", Value::text("*")),
                ("Operation", Value::Integer(*operation as i64)),
                ("PermissionType", Value::Integer(permission)),
            ]
        };
        rule.operations.iter().map(of_operation).collect::<Vec<_>>()
    };
    rules.iter().flat_map(of_rule).collect()
}

const LITERAL: i64 = 3;
const PREFIXED: i64 = 4;

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Alter => "alter",
            Self::Describe => "describe",
            Self::DescribeConfigs => "describe_configs",
            Self::AlterConfigs => "alter_configs",
            Self::IdempotentWrite => "idempotent_write",
        }
    }
}
