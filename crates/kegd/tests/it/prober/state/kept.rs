//! What has to stay of the topics and groups that a prober may use, and not alter.

use serde_json::{Map, Value, json};

use super::super::definitions::Definitions;
use super::super::tenant::Tenant;
use super::super::wire::Kafka;
use super::{Look, State, by_key, elements};

/// Where the length of a batch of records stands in its hexadecimal digits, and where it counts from.
const BATCH_LENGTH: std::ops::Range<usize> = 16..24;

impl State {
    /// Of additional topics and groups, and of topics that must not be taken for such: whoever may use them can add
    /// records, offsets and members.
    pub(crate) fn of_additional(
        definitions: &Definitions,
        address: &str,
        tenant: &Tenant,
        hidden: &[&str],
        closing: bool,
    ) -> Self {
        let mut look = Look::new(definitions, address, tenant, closing);
        let is_theirs = |name: &str| name.starts_with(&tenant.prefix) || hidden.contains(&name);
        let facets = [
            ("additional topics", look.topics_that(is_theirs)),
            ("records of additional topics", look.beginnings()),
            ("configurations of additional things", look.configurations()),
            ("offsets of additional groups", look.committed()),
            ("additional groups", look.listed()),
            ("transactions on additional topics", look.transactions()),
        ];
        Self(facets.into())
    }

    /// Of topics that have aliases, and of those that must not come to be instead: all but the topics is its clients'.
    pub(crate) fn of_aliased(
        definitions: &Definitions,
        address: &str,
        tenant: &Tenant,
        instead: &[String],
        closing: bool,
    ) -> Self {
        let mut look = Look::new(definitions, address, tenant, closing);
        let names = [&tenant.orders.name, &tenant.victim.name];
        let is_one = |name: &str| names.into_iter().chain(instead).any(|it| it == name);
        let facets = [
            ("topics with aliases", look.topics_that(is_one)),
            ("records of topics with aliases", look.beginnings()),
            (
                "configurations of topics with aliases",
                look.configurations_of(&names.map(|name| (2, name.as_str()))).into(),
            ),
        ];
        Self(facets.into())
    }
}

impl<'a> Look<'a> {
    fn new(definitions: &'a Definitions, address: &str, tenant: &'a Tenant, closing: bool) -> Self {
        Self {
            kafka: Kafka::connect(definitions, address, "looking"),
            tenant,
            closing,
        }
    }

    /// Where the partitions begin, and the first batch that was written to each.
    fn beginnings(&mut self) -> Value {
        let mut found = Map::new();
        for topic in [&self.tenant.orders.name, &self.tenant.victim.name] {
            for partition in 0..2 {
                let asked = json!([{"PartitionIndex": partition, "Timestamp": -2}]);
                let request = json!({"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": asked}]});
                let earliest = self.call("ListOffsets", 7, &request)["Topics"].take();
                let asked = json!([{"Partition": partition, "FetchOffset": 0, "PartitionMaxBytes": 10_000_000}]);
                let request = json!({"Topics": [{"Topic": topic, "Partitions": asked}]});
                let fetched = self.call("Fetch", 11, &request);
                let first = fetched
                    .pointer("/Responses/0/Partitions/0/Records")
                    .and_then(first_batch);
                found.insert(
                    format!("{topic}-{partition}"),
                    json!({"earliest": earliest, "first batch": first}),
                );
            }
        }
        found.into()
    }

    /// Of which partitions of the tenant's the groups have offsets, whatever they are by now.
    fn committed(&mut self) -> Value {
        let mut offsets = self.offsets();
        if let Some(groups) = offsets["committed"].as_object_mut() {
            let own = json!(self.tenant.orders.name).to_string();
            groups
                .values_mut()
                .filter_map(|group| group["Topics"].as_object_mut())
                .for_each(|topics| topics.retain(|topic, _| *topic == own));
        }
        json!({
            "committed": partitions(offsets["committed"].take(), "CommittedOffset"),
            "share": partitions(offsets["share"].take(), "StartOffset"),
        })
    }

    /// The groups that there are.
    fn listed(&mut self) -> Value {
        let groups = self.tenant.groups();
        let mut listed = self.call("ListGroups", 5, &json!({}));
        let mut found = elements(&mut listed["Groups"]);
        found
            .iter_mut()
            .for_each(|it| *it = json!({"GroupId": it["GroupId"], "GroupType": it["GroupType"]}));
        let is_one = |it: &Value| groups.iter().any(|group| it["GroupId"] == group.name);
        by_key(found, is_one, "GroupId")
    }
}

/// The same with the partition in the place of all that is said of its offset.
fn partitions(value: Value, offset: &str) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key(offset) => fields["PartitionIndex"].clone(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, partitions(value, offset)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(elements) => elements.into_iter().map(|it| partitions(it, offset)).collect(),
        other => other,
    }
}

fn first_batch(records: &Value) -> Option<String> {
    let digits = records.as_str()?;
    let length = usize::from_str_radix(digits.get(BATCH_LENGTH)?, 16).ok()?;
    Some(digits.get(..BATCH_LENGTH.end + 2 * length)?.to_owned())
}
