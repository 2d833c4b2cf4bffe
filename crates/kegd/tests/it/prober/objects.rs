//! Makes what a tenant has, on the backend itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::definitions::Definitions;
use super::embedded::{assignment, subscription};
use super::encode::hex;
use super::records::{Producer, batch};
use super::tenant::{Coordinators, Group, Tenant, Topic, Transaction, share_member};
use super::wire::Kafka;

/// Fetch sessions to be hijacked: one for each version that has them, and some.
const SESSIONS: usize = 16;

/// A tenant's objects in the making.
struct Maker<'a> {
    definitions: &'a Definitions,
    kafka: Kafka<'a>,
    tenant: Tenant,
    node: i64,
}

/// Makes the objects of a tenant that has none, through a node that shall lead and coordinate all of them.
pub(crate) fn make(
    definitions: &Definitions,
    address: &str,
    node: i64,
    coordinators: &Coordinators,
    tenant: Tenant,
) -> Tenant {
    let kafka = Kafka::connect(definitions, address, &format!("client-{}", tenant.marker));
    let mut maker = Maker {
        definitions,
        kafka,
        tenant,
        node,
    };
    maker.topics();
    maker.groups(coordinators);
    maker.transaction(coordinators);
    maker.administration();
    maker.sessions();
    maker.tenant
}

impl Maker<'_> {
    fn topics(&mut self) {
        let names = [self.tenant.name("orders"), self.tenant.name("victim")];
        let others: Vec<i64> = (1..=3).filter(|id| *id != self.node).collect();
        let replicas = json!([self.node, others[0], others[1]]);
        let topic = |name: &String| {
            let partition = |index: i64| json!({"PartitionIndex": index, "BrokerIds": replicas});
            json!({
                "Name": name, "NumPartitions": -1, "ReplicationFactor": -1,
                "Assignments": [partition(0), partition(1)],
                "Configs": [{"Name": "max.message.bytes", "Value": "777777"}],
            })
        };
        let topics: Vec<Value> = names.iter().map(topic).collect();
        let created = self
            .kafka
            .settle("CreateTopics", 7, &json!({"Topics": topics, "timeoutMs": 20_000}));
        let made = |name: &String| {
            let found = created["Topics"]
                .as_array()
                .unwrap()
                .iter()
                .find(|it| it["Name"] == **name)
                .unwrap();
            Topic {
                name: name.clone(),
                id: text(&found["TopicId"]),
            }
        };
        self.tenant.orders = made(&names[0]);
        self.tenant.victim = made(&names[1]);
        for name in &names {
            for partition in 0..2 {
                let values: Vec<String> = (0..5)
                    .map(|i| format!("payload-{}-{partition}-{i}", self.tenant.marker))
                    .collect();
                self.produce(name, partition, None, &batch(Producer::PLAIN, &values));
            }
        }
    }

    fn produce(&mut self, topic: &str, partition: i64, transactional_id: Option<&str>, batch: &[u8]) {
        let request = json!({
            "TransactionalId": transactional_id, "Acks": -1, "TimeoutMs": 20_000,
            "TopicData": [{"Name": topic, "PartitionData": [{"Index": partition, "Records": hex(batch)}]}],
        });
        self.kafka.settle("Produce", 9, &request);
    }

    fn groups(&mut self, coordinators: &Coordinators) {
        let name = |stem: &str| self.tenant.group(stem, coordinators, self.node);
        let [simple, classic, consumer, share, streams] =
            ["simple", "classic", "consumer", "share", "streams"].map(name);
        self.tenant.joins = name("joins");
        let member = format!("member-{}", self.tenant.marker);
        let topic = self.tenant.orders.name.clone();

        self.tenant.simple = Group {
            name: simple,
            member: String::new(),
            epoch: -1,
        };
        self.tenant.classic = self.join(classic);
        for group in [self.tenant.simple.clone(), self.tenant.classic.clone()] {
            self.commit(&group);
        }

        let request = json!({
            "GroupId": consumer, "MemberId": member, "RebalanceTimeoutMs": 600_000,
            "SubscribedTopicNames": [topic], "TopicPartitions": [],
        });
        let epoch = integer(&self.kafka.settle("ConsumerGroupHeartbeat", 1, &request)["MemberEpoch"]);
        self.tenant.consumer = Group {
            name: consumer,
            member: member.clone(),
            epoch,
        };
        self.commit(&self.tenant.consumer.clone());

        let sharing = share_member(&self.tenant.marker);
        let request = json!({"GroupId": share, "MemberId": sharing, "SubscribedTopicNames": [topic]});
        let epoch = self.settled("ShareGroupHeartbeat", 1, request, "Assignment");
        self.tenant.share = Group {
            name: share,
            member: sharing,
            epoch,
        };

        let request = json!({
            "GroupId": streams, "MemberId": member, "RebalanceTimeoutMs": 600_000, "ProcessId": "process",
            "Topology": {"Epoch": 1, "Subtopologies": [{"SubtopologyId": "0", "SourceTopics": [topic]}]},
            "ActiveTasks": [], "StandbyTasks": [], "WarmupTasks": [],
        });
        let epoch = self.settled("StreamsGroupHeartbeat", 0, request, "ActiveTasks");
        self.tenant.streams = Group {
            name: streams,
            member,
            epoch,
        };
    }

    /// Heartbeats until the member has an assignment; its epoch.
    fn settled(&mut self, api: &str, version: i16, mut request: Value, assignment: &str) -> i64 {
        let start = Instant::now();
        loop {
            let answer = self.kafka.settle(api, version, &request);
            let epoch = integer(&answer["MemberEpoch"]);
            let assigned = &answer[assignment];
            let some = assigned.as_array().or_else(|| assigned["TopicPartitions"].as_array());
            if some.is_some_and(|some| !some.is_empty()) {
                return epoch;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{api} without an assignment: {answer}"
            );
            // What is said once need not be said again.
            request = json!({"GroupId": request["GroupId"], "MemberId": request["MemberId"], "MemberEpoch": epoch});
        }
    }

    /// A member of the classic protocol, which needs no heartbeat for half an hour.
    fn join(&mut self, group: String) -> Group {
        let mut request = json!({
            "GroupId": group, "SessionTimeoutMs": 1_800_000, "RebalanceTimeoutMs": 300, "ProtocolType": "consumer",
            "GroupInstanceId": format!("instance-{}", self.tenant.marker),
            "Protocols": [{"Name": "range", "Metadata": subscription(self.definitions, &self.tenant.orders.name)}],
        });
        let joined = self.kafka.settle("JoinGroup", 9, &request);
        request["MemberId"] = joined["MemberId"].clone();
        let member = text(&joined["MemberId"]);
        let epoch = integer(&joined["GenerationId"]);
        let request = json!({
            "GroupId": group, "GenerationId": epoch, "MemberId": member,
            "GroupInstanceId": format!("instance-{}", self.tenant.marker),
            "ProtocolType": "consumer", "ProtocolName": "range",
            "Assignments": [{"MemberId": member, "Assignment": assignment(self.definitions, &self.tenant.orders.name)}],
        });
        self.kafka.settle("SyncGroup", 5, &request);
        Group {
            name: group,
            member,
            epoch,
        }
    }

    fn commit(&mut self, group: &Group) {
        let instance = (group.name == self.tenant.classic.name).then(|| format!("instance-{}", self.tenant.marker));
        let partition = |index: i64| {
            json!({
                "PartitionIndex": index, "CommittedOffset": 3 + index,
                "CommittedMetadata": format!("metadata-{}", self.tenant.marker),
            })
        };
        let request = json!({
            "GroupId": group.name, "MemberId": group.member, "GenerationIdOrMemberEpoch": group.epoch,
            "GroupInstanceId": instance,
            "Topics": [{"Name": self.tenant.orders.name, "Partitions": [partition(0), partition(1)]}],
        });
        self.kafka.settle("OffsetCommit", 9, &request);
    }

    /// One that stays open.
    fn transaction(&mut self, coordinators: &Coordinators) {
        let id = self.tenant.transactional_id("transaction", coordinators, self.node);
        let request = json!({"TransactionalId": id, "TransactionTimeoutMs": 900_000});
        let made = self.kafka.settle("InitProducerId", 4, &request);
        let (producer, epoch) = (integer(&made["ProducerId"]), integer(&made["ProducerEpoch"]));
        let topic = self.tenant.orders.name.clone();
        let request = json!({
            "V3AndBelowTransactionalId": id, "V3AndBelowProducerId": producer, "V3AndBelowProducerEpoch": epoch,
            "V3AndBelowTopics": [{"Name": topic, "Partitions": [1]}],
        });
        self.kafka.settle("AddPartitionsToTxn", 3, &request);
        let as_producer = Producer {
            id: producer,
            epoch: i16::try_from(epoch).unwrap(),
            transactional: true,
        };
        let batch = batch(as_producer, &[format!("open-{}", self.tenant.marker)]);
        self.produce(&topic, 1, Some(&id), &batch);
        self.tenant.transaction = Transaction { id, producer, epoch };
    }

    /// What administrators make.
    fn administration(&mut self) {
        let tenant = &self.tenant;
        let resource = |kind: i64, name: &str, key: &str, value: &str| json!({"ResourceType": kind, "ResourceName": name, "Configs": [{"Name": key, "ConfigOperation": 0, "Value": value}]});
        let metrics = format!("metrics-{}", tenant.marker);
        let request = json!({"Resources": [
            resource(32, &tenant.consumer.name, "consumer.heartbeat.interval.ms", "7000"),
            resource(16, &metrics, "match", "client_software_name=x"),
        ]});
        self.kafka.settle("IncrementalAlterConfigs", 1, &request);

        let acl = |kind: i64, name: &str, pattern: i64| {
            json!({
                "ResourceType": kind, "ResourceName": name, "ResourcePatternType": pattern,
                "Principal": format!("User:{}", tenant.user()), "Host": "*", "Operation": 3, "PermissionType": 3,
            })
        };
        let request = json!({"Creations": [
            acl(2, &tenant.orders.name, 3), acl(2, &tenant.prefix, 4), acl(3, &tenant.classic.name, 3),
            acl(3, &tenant.prefix, 4), acl(5, &tenant.transaction.id, 3), acl(2, "*", 3),
        ]});
        self.kafka.settle("CreateAcls", 3, &request);

        let request = json!({"Entries": [{
            "Entity": [{"EntityType": "user", "EntityName": tenant.user()}],
            "Ops": [{"Key": "producer_byte_rate", "Value": 7_777_777.0}],
        }]});
        self.kafka.settle("AlterClientQuotas", 1, &request);

        let request = json!({"Upsertions": [
            {"Name": tenant.user(), "Mechanism": 1, "Iterations": 4096, "Salt": "01020304", "SaltedPassword": "05060708"},
        ]});
        self.kafka.settle("AlterUserScramCredentials", 0, &request);
    }

    /// Opens fetch sessions, which are a number that anyone may name.
    fn sessions(&mut self) {
        let by_name = json!({"Topic": self.tenant.orders.name});
        let by_id = json!({"TopicId": self.tenant.orders.id});
        for (place, version, mut topic) in [(0, 11, by_name), (1, 17, by_id)] {
            // Past the end: the next fetch of the session finds something only if it says so.
            topic["Partitions"] = json!([{"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1_048_576}]);
            for _ in 0..SESSIONS {
                let request = json!({"SessionEpoch": 0, "Topics": [topic.clone()]});
                let fetched = self.kafka.settle("Fetch", version, &request);
                self.tenant.sessions[place].push(integer(&fetched["SessionId"]));
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap()
}
