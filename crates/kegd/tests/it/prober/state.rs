//! What the backend has of a tenant, to be compared with what it had before.

mod kept;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::definitions::Definitions;
use super::tenant::Tenant;
use super::wire::Kafka;

/// Facets of a tenant's objects, by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State(BTreeMap<&'static str, Value>);

/// What was found to be different: the facet, and how.
#[derive(Clone, Debug)]
pub(crate) struct Damage {
    pub(crate) facet: &'static str,
    pub(crate) what: String,
}

/// What differs between two answers to the same question without any harm.
const VOLATILE: [&str; 7] = [
    "ThrottleTimeMs",
    "LeaderId",
    "LeaderEpoch",
    "IsrNodes",
    "TransactionStartTimeMs",
    "LastTimestamp",
    "Coordinator",
];

struct Look<'a> {
    kafka: Kafka<'a>,
    tenant: &'a Tenant,
    /// Whether it is the last look: it takes from what it looks at.
    closing: bool,
}

impl State {
    /// Looks at everything, through the node that coordinates it; `closing` for the last time.
    pub(crate) fn of(definitions: &Definitions, address: &str, tenant: &Tenant, closing: bool) -> Self {
        let mut look = Look {
            kafka: Kafka::connect(definitions, address, "looking"),
            tenant,
            closing,
        };
        let facets = [
            ("topics", look.topics()),
            ("records", look.records()),
            ("fetch sessions", look.sessions()),
            ("configurations", look.configurations()),
            ("offsets", look.offsets()),
            ("groups", look.groups()),
            ("transactions", look.transactions()),
            ("access control lists", look.acls()),
            ("quotas", look.quotas()),
            ("credentials", look.credentials()),
        ];
        Self(facets.into())
    }

    /// Everything that is not as it was.
    pub(crate) fn damage(&self, later: &Self) -> Vec<Damage> {
        let mut damage = Vec::new();
        for (facet, before) in &self.0 {
            let mut differences = Vec::new();
            differ("", before, &later.0[facet], &mut differences);
            damage.extend(differences.into_iter().map(|what| Damage { facet, what }));
        }
        damage
    }

    pub(crate) fn facets(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

impl Look<'_> {
    fn call(&mut self, api: &str, version: i16, request: &Value) -> Value {
        let mut response = self.kafka.call(api, version, request);
        calm(&mut response, &VOLATILE);
        response
    }

    /// All topics that begin with the prefix, whoever made them.
    fn topics(&mut self) -> Value {
        let prefix = &self.tenant.prefix;
        self.topics_that(|name| name.starts_with(prefix))
    }

    fn topics_that(&mut self, are_wanted: impl Fn(&str) -> bool) -> Value {
        let mut metadata = self.call("Metadata", 12, &json!({"Topics": null}));
        let topics = elements(&mut metadata["Topics"]);
        by_key(topics, |it| it["Name"].as_str().is_some_and(&are_wanted), "Name")
    }

    fn records(&mut self) -> Value {
        let tenant = self.tenant;
        let mut found = Map::new();
        for topic in [&tenant.orders.name, &tenant.victim.name] {
            for partition in 0..2 {
                let asked = json!([{"Partition": partition, "FetchOffset": 0, "PartitionMaxBytes": 10_000_000}]);
                let request = json!({"Topics": [{"Topic": topic, "Partitions": asked}]});
                found.insert(
                    format!("{topic}-{partition}"),
                    self.call("Fetch", 11, &request)["Responses"].take(),
                );
            }
            for time in [-1, -2] {
                let asked = json!([{"PartitionIndex": 0, "Timestamp": time}, {"PartitionIndex": 1, "Timestamp": time}]);
                let request = json!({"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": asked}]});
                found.insert(
                    format!("{topic} at {time}"),
                    self.call("ListOffsets", 7, &request)["Topics"].take(),
                );
            }
        }
        found.into()
    }

    /// An untouched session goes on where its owner left it.
    fn sessions(&mut self) -> Value {
        let mut found = Map::new();
        for (place, version) in [(0, 11), (1, 17)] {
            for session in &self.tenant.sessions[place] {
                let request = json!({"SessionId": session, "SessionEpoch": 1});
                let code = if self.closing {
                    self.call("Fetch", version, &request)["ErrorCode"].take()
                } else {
                    json!(0)
                };
                found.insert(session.to_string(), code);
            }
        }
        found.into()
    }

    fn configurations(&mut self) -> Value {
        let tenant = self.tenant;
        let metrics = format!("metrics-{}", tenant.marker);
        let mut found = self.configurations_of(&[
            (2, &tenant.orders.name),
            (2, &tenant.victim.name),
            (32, &tenant.consumer.name),
            (16, &metrics),
        ]);
        for node in ["1", "2", "3", ""] {
            let request = json!({"Resources": [{"ResourceType": 4, "ResourceName": node, "ConfigurationKeys": null}]});
            let mut described = self.call("DescribeConfigs", 4, &request);
            let configs = elements(&mut described["Results"][0]["Configs"]);
            // Set for one node, or for all.
            let is_set = |it: &Value| it["ConfigSource"] == 2 || it["ConfigSource"] == 3;
            found.insert(format!("node {node}"), by_key(configs, is_set, "Name"));
        }
        let client = json!({"ClientSoftwareName": "looking", "ClientSoftwareVersion": "1"});
        let features = self.call("ApiVersions", 4, &client);
        found.insert("features".to_owned(), features["FinalizedFeatures"].clone());
        found.into()
    }

    fn configurations_of(&mut self, named: &[(i64, &str)]) -> Map<String, Value> {
        let mut found = Map::new();
        for (kind, name) in named {
            let request =
                json!({"Resources": [{"ResourceType": kind, "ResourceName": name, "ConfigurationKeys": null}]});
            let mut described = self.call("DescribeConfigs", 4, &request);
            let configs = elements(&mut described["Results"][0]["Configs"]);
            found.insert((*name).to_owned(), by_key(configs, |_| true, "Name"));
        }
        found
    }

    fn offsets(&mut self) -> Value {
        let groups: Vec<Value> = self
            .tenant
            .groups()
            .iter()
            .map(|it| json!({"GroupId": it.name, "Topics": null}))
            .collect();
        let mut fetched = self.call("OffsetFetch", 8, &json!({"Groups": groups}));
        let shared = json!({"Groups": [{"GroupId": self.tenant.share.name, "Topics": null}]});
        let share = self.call("DescribeShareGroupOffsets", 0, &shared);
        let mut found = elements(&mut fetched["Groups"]);
        for group in &mut found {
            let mut topics = elements(&mut group["Topics"]);
            for topic in &mut topics {
                topic["Partitions"] = by_key(elements(&mut topic["Partitions"]), |_| true, "PartitionIndex");
            }
            group["Topics"] = by_key(topics, |_| true, "Name");
        }
        json!({"committed": by_key(found, |_| true, "GroupId"), "share": share["Groups"]})
    }

    fn groups(&mut self) -> Value {
        let tenant = self.tenant;
        let mut listed = self.call("ListGroups", 5, &json!({}));
        let own = |it: &Value| {
            it["GroupId"]
                .as_str()
                .is_some_and(|name| name.starts_with(&tenant.prefix))
        };
        let mut found = json!({"listed": by_key(elements(&mut listed["Groups"]), own, "GroupId")});
        let described = [
            ("DescribeGroups", 6, "Groups", &tenant.classic),
            ("DescribeGroups", 6, "Groups", &tenant.simple),
            ("ConsumerGroupDescribe", 1, "GroupIds", &tenant.consumer),
            ("ShareGroupDescribe", 1, "GroupIds", &tenant.share),
            ("StreamsGroupDescribe", 0, "GroupIds", &tenant.streams),
        ];
        for (api, version, field, group) in described {
            found[&group.name] = self.call(api, version, &json!({field: [group.name]}));
        }
        found
    }

    fn transactions(&mut self) -> Value {
        let described = self.call(
            "DescribeTransactions",
            0,
            &json!({"TransactionalIds": [self.tenant.transaction.id]}),
        );
        let mut listed = self.call("ListTransactions", 1, &json!({}));
        let states = elements(&mut listed["TransactionStates"]);
        let own = |it: &Value| {
            it["TransactionalId"]
                .as_str()
                .is_some_and(|name| name.starts_with(&self.tenant.prefix))
        };
        let listed = by_key(states, own, "TransactionalId");
        json!({"described": described, "listed": listed})
    }

    /// All but those on resources of the probers' own.
    fn acls(&mut self) -> Value {
        let request = json!({
            "ResourceTypeFilter": 1, "ResourceNameFilter": null, "PatternTypeFilter": 1, "PrincipalFilter": null,
            "HostFilter": null, "Operation": 1, "PermissionType": 1,
        });
        let mut described = self.call("DescribeAcls", 3, &request);
        let mut found = elements(&mut described["Resources"]);
        found.retain(|it| {
            !it["ResourceName"]
                .as_str()
                .is_some_and(|name| name.contains("-team-a-"))
        });
        for resource in &mut found {
            resource["Acls"] = sorted(elements(&mut resource["Acls"]));
            let name = format!(
                "{} {} {}",
                resource["ResourceType"], resource["PatternType"], resource["ResourceName"]
            );
            resource["is"] = json!(name);
        }
        json!({"error": described["ErrorCode"], "resources": by_key(found, |_| true, "is")})
    }

    fn quotas(&mut self) -> Value {
        let mut described = self.call("DescribeClientQuotas", 1, &json!({"Components": [], "Strict": false}));
        sorted(elements(&mut described["Entries"]))
    }

    fn credentials(&mut self) -> Value {
        let mut described = self.call("DescribeUserScramCredentials", 0, &json!({"Users": null}));
        by_key(elements(&mut described["Results"]), |_| true, "User")
    }
}

/// Takes out what is volatile.
pub(crate) fn calm(value: &mut Value, volatile: &[&str]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !volatile.contains(&name.as_str()));
            fields.values_mut().for_each(|it| calm(it, volatile));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|it| calm(it, volatile)),
        _ => {}
    }
}

fn elements(array: &mut Value) -> Vec<Value> {
    match array.take() {
        Value::Array(elements) => elements,
        _ => Vec::new(),
    }
}

fn sorted(mut elements: Vec<Value>) -> Value {
    elements.sort_by_key(Value::to_string);
    elements.into()
}

/// An object of some of an array's elements, by one of their fields.
fn by_key(elements: Vec<Value>, wanted: impl Fn(&Value) -> bool, key: &str) -> Value {
    let wanted = elements.into_iter().filter(|it| wanted(it));
    let pairs: Map<String, Value> = wanted.map(|it| (it[key].to_string(), it)).collect();
    pairs.into()
}

/// All that is another in a message than in another one.
pub(crate) fn differ(path: &str, before: &Value, after: &Value, differences: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(some), Value::Object(others)) => {
            for (name, value) in some {
                let other = others.get(name).unwrap_or(&Value::Null);
                differ(&format!("{path}/{name}"), value, other, differences);
            }
            let new = others.iter().filter(|(name, _)| !some.contains_key(*name));
            differences.extend(new.map(|(name, value)| format!("{path}/{name} is new: {}", short(value))));
        }
        (Value::Array(some), Value::Array(others)) if some.len() == others.len() => {
            for (index, (value, other)) in some.iter().zip(others).enumerate() {
                differ(&format!("{path}/{index}"), value, other, differences);
            }
        }
        _ if before == after => {}
        _ => differences.push(format!("{path} was {}, is {}", short(before), short(after))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(200).collect()
}
