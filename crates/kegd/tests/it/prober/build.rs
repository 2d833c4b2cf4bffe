//! Requests that are sensible, about the prober's own objects; and the same with something else in one place.

use serde_json::{Map, Value, json};

use super::definitions::{Definitions, Field, Message, Type};
use super::embedded;
use super::encode::hex;
use super::records::{Producer, batch};
use super::slots::{Kind, kind};
use super::tenant::{Group, Tenant};

/// Builds one version of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) definitions: &'a Definitions,
    pub(crate) message: &'a Message,
    pub(crate) version: i16,
    pub(crate) own: &'a Tenant,
    pub(crate) node: i64,
}

impl Builder<'_> {
    /// The request about the prober's own.
    pub(crate) fn request(&self) -> Value {
        self.structure(&self.message.fields, false)
    }

    /// Puts a value somewhere, with everything on the way there.
    pub(crate) fn set(&self, request: &mut Value, path: &[String], value: Value) {
        let mut fields = &self.message.fields;
        let mut place = request;
        let (last, way) = path.split_last().unwrap();
        for name in way {
            let field = named(fields, name);
            let missing = place
                .get(name)
                .is_none_or(|it| it.is_null() || it.as_array().is_some_and(Vec::is_empty));
            if missing {
                place[name] = self.field(field, true);
            }
            place = &mut place[name];
            if place.is_array() {
                place = &mut place[0];
            }
            fields = &field.fields;
        }
        // Where a topic may go by its name or by its id, only one of them may be said.
        let other = match kind(&self.message.api, named(fields, last)) {
            Some(Kind::TopicId) => fields
                .iter()
                .find(|it| it.nullable.contains(self.version) && it.name.ends_with("Name")),
            _ => None,
        };
        if let Some(other) = other {
            place[&other.name] = Value::Null;
        }
        place[last] = value;
    }

    fn structure(&self, fields: &[Field], whole: bool) -> Value {
        let in_version = |field: &&Field| field.versions.contains(self.version) && !field.tagged.contains(self.version);
        let fields = fields.iter().filter(in_version);
        fields
            .map(|field| (field.name.clone(), self.field(field, whole)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// A field's value; `whole` for one that isn't null or empty.
    fn field(&self, field: &Field, whole: bool) -> Value {
        let default = field.default();
        let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if let Some(value) = self.said(field).filter(|value| !whole || !is_empty(value)) {
            return value;
        }
        match &field.ty {
            Type::Struct if default.is_null() && !whole => default,
            Type::Struct => self.structure(&field.fields, false),
            Type::Array(_) if default.is_null() && !whole => default,
            Type::Array(element) if **element == Type::Struct => json!([self.structure(&field.fields, false)]),
            Type::Array(_) => match self.names(field) {
                Some(name) => json!([name]),
                None => json!([]),
            },
            _ if default.is_null() => default,
            _ => self.names(field).unwrap_or(default),
        }
    }

    /// What a field that names something has in it.
    fn names(&self, field: &Field) -> Option<Value> {
        let own = self.own;
        let api = self.message.api.as_str();
        let name = |backend: &str| Some(json!(own.as_client(backend)));
        match kind(api, field)? {
            Kind::Topic => match api {
                "CreateTopics" => name(&own.name("made")),
                "DeleteTopics" | "DeleteRecords" => name(&own.victim.name),
                _ => name(&own.orders.name),
            },
            Kind::Group => name(&self.group().name),
            Kind::Transaction => name(&own.transaction.id),
            // Next to a name that can be left out, the name is meant.
            Kind::TopicId if matches!(api, "Metadata" | "DeleteTopics") => None,
            Kind::TopicId => Some(json!(own.orders.id)),
            Kind::Key => name(&own.classic.name),
            Kind::Resource => name(&own.orders.name),
            Kind::Member => Some(json!(self.group().member)),
            Kind::User => Some(json!(format!("User:{}", own.user()))),
            Kind::Host => Some(json!("*")),
            Kind::Producer => Some(json!(own.transaction.producer)),
            Kind::Broker if field.name.starts_with("Replica") && field.ty == Type::Int32 => Some(json!(-1)),
            Kind::Broker => Some(json!(self.node)),
            Kind::Subscription => Some(json!(embedded::subscription(
                self.definitions,
                own.as_client(&own.orders.name)
            ))),
            Kind::Assignment => Some(json!(embedded::assignment(
                self.definitions,
                own.as_client(&own.orders.name)
            ))),
            _ => None,
        }
    }

    /// The own group of the kind that the request is about.
    fn group(&self) -> Group {
        let own = self.own;
        let api = self.message.api.as_str();
        match api {
            "JoinGroup" => Group {
                name: own.joins.clone(),
                ..Group::default()
            },
            "OffsetCommit" | "TxnOffsetCommit" | "AddOffsetsToTxn" | "OffsetDelete" | "DeleteGroups" => {
                own.simple.clone()
            }
            _ if api.contains("Share") => own.share.clone(),
            _ if api.contains("Streams") => own.streams.clone(),
            _ if api.contains("Consumer") => own.consumer.clone(),
            _ => own.classic.clone(),
        }
    }

    /// Values that make a request sensible, by the fields' names.
    fn said(&self, field: &Field) -> Option<Value> {
        let api = self.message.api.as_str();
        let value = match (api, field.name.as_str()) {
            ("OffsetFetch", "MemberId") | ("OffsetFetch", "MemberEpoch") => field.default(),
            ("ConsumerGroupHeartbeat" | "ShareGroupHeartbeat" | "StreamsGroupHeartbeat", "MemberEpoch") => {
                json!(self.group().epoch)
            }
            ("Heartbeat" | "SyncGroup", "GenerationId") => json!(self.own.classic.epoch),
            ("Heartbeat" | "SyncGroup" | "LeaveGroup", "GroupInstanceId") => {
                json!(format!("instance-{}", self.own.marker))
            }
            ("JoinGroup" | "SyncGroup", "ProtocolType") => json!("consumer"),
            ("SyncGroup", "ProtocolName") => json!("range"),
            ("JoinGroup", "Name") => json!("range"),
            ("ApiVersions", "ClientSoftwareName" | "ClientSoftwareVersion") => json!("prober"),
            (_, "ProducerEpoch" | "V3AndBelowProducerEpoch") => json!(self.own.transaction.epoch),
            ("CreateTopics", "NumPartitions" | "ReplicationFactor") => json!(1),
            ("CreateTopics" | "CreatePartitions", "Assignments") if field.nullable.contains(self.version) => {
                Value::Null
            }
            ("CreateTopics" | "CreatePartitions", "Assignments") => json!([]),
            // All of them.
            ("DeleteRecords", "Offset") => json!(-1),
            ("CreatePartitions", "Count") => json!(3),
            ("CreateTopics" | "AlterConfigs" | "IncrementalAlterConfigs", "Name") if field.entity.is_none() => {
                json!("max.message.bytes")
            }
            ("CreateTopics" | "AlterConfigs" | "IncrementalAlterConfigs", "Value") => json!("888888"),
            ("DescribeConfigs" | "AlterConfigs" | "IncrementalAlterConfigs", "ResourceType") => json!(2),
            ("DescribeConfigs", "ConfigurationKeys") => Value::Null,
            (_, "ResourceType" | "ResourceTypeFilter") => json!(2),
            (_, "ResourcePatternType" | "PatternTypeFilter") => json!(3),
            ("CreateAcls", "Operation" | "PermissionType") => json!(3),
            (_, "Operation" | "PermissionType") => json!(1),
            (_, "PrincipalFilter" | "HostFilter") => Value::Null,
            ("AlterClientQuotas" | "DescribeClientQuotas", "EntityType") => json!("user"),
            (
                "AlterClientQuotas"
                | "DescribeClientQuotas"
                | "AlterUserScramCredentials"
                | "DescribeUserScramCredentials",
                "EntityName" | "Match" | "Name",
            ) => {
                json!(self.own.user())
            }
            ("AlterClientQuotas", "Key") => json!("consumer_byte_rate"),
            ("AlterClientQuotas", "Value") => json!(9_999_999.0),
            ("AlterUserScramCredentials", "Mechanism") => json!(1),
            ("AlterUserScramCredentials", "Iterations") => json!(4096),
            ("AlterUserScramCredentials", "Salt" | "SaltedPassword") => json!("0102030405060708"),
            ("ConsumerGroupHeartbeat" | "ShareGroupHeartbeat", "SubscribedTopicNames") => self.list_of_topics(),
            (
                "StreamsGroupHeartbeat",
                "StateChangelogTopics"
                | "RepartitionSourceTopics"
                | "RepartitionSinkTopics"
                | "CopartitionGroups"
                | "SourceTopicRegex",
            ) => {
                json!([])
            }
            ("StreamsGroupHeartbeat", "Epoch") => json!(1),
            // What has not been fetched can't be acknowledged.
            ("ShareFetch", "AcknowledgementBatches" | "ForgottenTopicsData") => json!([]),
            (_, "AcknowledgeTypes") => json!([1]),
            (_, "SubtopologyId") => json!("0"),
            (_, "Acks") => json!(1),
            (_, "Records") => json!(hex(&batch(Producer::PLAIN, &[format!("probing-{}", self.own.marker)]))),
            (_, "TransactionalId") if matches!(api, "Produce") => Value::Null,
            (_, "TransactionTimeoutMs") => json!(60_000),
            (_, "SessionTimeoutMs" | "RebalanceTimeoutMs") => json!(100),
            (_, "TimeoutMs" | "timeoutMs") => json!(1000),
            (_, "MaxBytes" | "PartitionMaxBytes") => json!(1_048_576),
            (_, "MaxRecords" | "BatchSize") => json!(10),
            (_, "Timestamp") => json!(-1),
            (_, "CommittedOffset") => json!(1),
            (_, "DurationFilter") => json!(-1),
            (_, "Partitions" | "PartitionIndexes")
                if *field.ty.innermost() == Type::Int32 && field.ty != Type::Int32 =>
            {
                json!([0])
            }
            ("AlterPartitionReassignments", "Replicas") => json!([1, 2, 3]),
            _ => return None,
        };
        Some(value)
    }

    fn list_of_topics(&self) -> Value {
        json!([self.own.as_client(&self.own.orders.name)])
    }
}

fn named<'a>(fields: &'a [Field], name: &str) -> &'a Field {
    fields.iter().find(|field| field.name == name).unwrap()
}
