//! Sets of rules, as the gateway and as Kafka are given them.

use std::ops::Range;

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

/// Which resources a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Those whose names begin so.
    Beginning(&'static str),
    /// The one that is called so, in each of some cases.
    Called(&'static str),
    /// All of them.
    Any,
}

/// For whom a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The client that plays.
    Client,
    /// Everybody, and so the client too.
    Everybodys,
    /// Somebody who doesn't play.
    SomebodyElses,
}

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) whose: Whose,
    pub(super) resource: Resource,
    pub(super) action: Action,
    pub(super) operations: &'static [Operation],
    pub(super) name: Name,
}

pub(super) const fn allow(resource: Resource, start: &'static str, operations: &'static [Operation]) -> Rule {
    Rule {
        whose: Whose::Client,
        resource,
        action: Action::Allow,
        operations,
        name: Name::Beginning(start),
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

/// The policies in YAML's flow style: one for each whose the rules are. Single names are those of the numbered cases.
pub(super) fn yaml(rules: &[Rule], numbers: &Range<u64>) -> String {
    let policy = |(whose, name, condition): (Whose, &str, &str)| {
        let rules = rules.iter().filter(|rule| rule.whose == whose);
        let rules: Vec<_> = rules.map(|rule| rule.yaml(numbers)).collect();
        let rules = rules.join(", ");
        (!rules.is_empty())
            .then(|| format!("{{ type: acls, name: {name}, {condition}config: {{ rules: [{rules}] }} }}"))
    };
    let of = |name: &str| format!("condition: \"context.auth.principal.name == '{name}'\", ");
    let policies = [
        (Whose::Client, "client", &*of("ANONYMOUS")),
        (Whose::Everybodys, "everybody", ""),
        (Whose::SomebodyElses, "somebody-else", &*of("somebody")),
    ];
    let policies: Vec<_> = policies.into_iter().filter_map(policy).collect();
    format!("[{}]", policies.join(", "))
}

/// The same as the elements of a CreateAcls request.
pub(super) fn acls(rules: &[Rule], numbers: &Range<u64>) -> Vec<Vec<(&'static str, Value)>> {
    let of_rule = |rule: &Rule| {
        let resource = match rule.resource {
            Resource::Topic => 2,
            Resource::Group => 3,
            Resource::Cluster => 4,
            Resource::TransactionalId => 5,
        };
        let permission = match rule.action {
            Action::Deny => 2,
            Action::Allow => 3,
        };
        let principal = match rule.whose {
            Whose::Client => "User:client",
            Whose::Everybodys => "User:*",
            Whose::SomebodyElses => "User:somebody",
        };
        let mut acls = Vec::new();
        for (name, pattern) in rule.acl_names(numbers) {
            acls.extend(rule.operations.iter().map(|operation| {
                vec![
                    ("ResourceType", Value::Integer(resource)),
                    ("ResourceName", Value::text(&name)),
                    ("ResourcePatternType", Value::Integer(pattern)),
                    ("Principal", Value::text(principal)),
                    ("Host", Value::text("*")),
                    ("Operation", Value::Integer(*operation as i64)),
                    ("PermissionType", Value::Integer(permission)),
                ]
            }));
        }
        acls
    };
    rules.iter().flat_map(of_rule).collect()
}

impl Rule {
    fn yaml(&self, numbers: &Range<u64>) -> String {
        let operations = self.operations.iter().map(|it| format!("{{ name: {} }}", it.name()));
        let names = self.names(numbers).into_iter();
        let names = names.map(|(name, rest)| format!("{{ match: \"{name}{rest}\" }}"));
        format!(
            "{{ resource_type: {}, action: {}, operations: [{}], resource_names: [{}] }}",
            match self.resource {
                Resource::Topic => "topic",
                Resource::Group => "group",
                Resource::TransactionalId => "transactional_id",
                Resource::Cluster => "cluster",
            },
            match self.action {
                Action::Allow => "allow",
                Action::Deny => "deny",
            },
            operations.collect::<Vec<_>>().join(", "),
            names.collect::<Vec<_>>().join(", "),
        )
    }

    /// Its names, and what stands for the rest of a name.
    fn names(&self, numbers: &Range<u64>) -> Vec<(String, &'static str)> {
        match (self.resource, self.name) {
            (Resource::Cluster, _) => vec![(CLUSTER.to_owned(), "")],
            (_, Name::Beginning(start)) => vec![(start.to_owned(), "*")],
            (_, Name::Called(name)) => numbers
                .clone()
                .map(|number| (format!("{name}-c{number}"), ""))
                .collect(),
            (_, Name::Any) => vec![(String::new(), "*")],
        }
    }

    /// Its names in ACLs, with the types of patterns that they are.
    fn acl_names(&self, numbers: &Range<u64>) -> Vec<(String, i64)> {
        if self.name == Name::Any && !matches!(self.resource, Resource::Cluster) {
            return vec![("*".to_owned(), LITERAL)];
        }
        let names = self.names(numbers).into_iter();
        names
            .map(|(name, rest)| (name, if rest.is_empty() { LITERAL } else { PREFIXED }))
            .collect()
    }
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
