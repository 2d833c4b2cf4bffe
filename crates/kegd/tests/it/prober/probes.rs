//! All the requests that are sent.

use serde_json::{Value, json};

use super::build::Builder;
use super::definitions::{Definitions, Message};
use super::encode::{UNKNOWN_TAGS, encode, hex};
use super::means::{self, Beside, INTERNAL, Manner};
use super::slots::{Kind, List, Slot, slots};
use super::tenant::Tenant;

/// When a request is sent. What a phase makes may show from the next on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Look,
    /// What the prober makes bears the names that it gives, which may be any.
    Make,
    Remove,
    /// What a cluster may not survive, where it is let through.
    Operate,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] = [Self::Look, Self::Make, Self::Remove, Self::Operate];

    fn of(api: &str) -> Self {
        match api {
            "Produce"
            | "OffsetCommit"
            | "JoinGroup"
            | "SyncGroup"
            | "CreateTopics"
            | "CreatePartitions"
            | "InitProducerId"
            | "AddPartitionsToTxn"
            | "AddOffsetsToTxn"
            | "TxnOffsetCommit"
            | "CreateAcls"
            | "AlterConfigs"
            | "IncrementalAlterConfigs"
            | "AlterClientQuotas"
            | "AlterUserScramCredentials"
            | "CreateDelegationToken"
            | "ConsumerGroupHeartbeat"
            | "ShareFetch"
            | "ShareAcknowledge"
            | "ShareGroupHeartbeat"
            | "StreamsGroupHeartbeat"
            | "InitializeShareGroupState"
            | "WriteShareGroupState"
            | "AlterShareGroupOffsets"
            | "StreamsGroupTopologyDescriptionUpdate" => Self::Make,
            "DeleteTopics"
            | "DeleteRecords"
            | "DeleteGroups"
            | "OffsetDelete"
            | "DeleteAcls"
            | "EndTxn"
            | "LeaveGroup"
            | "DeleteShareGroupOffsets"
            | "DeleteShareGroupState"
            | "WriteTxnMarkers" => Self::Remove,
            "AlterPartitionReassignments"
            | "ElectLeaders"
            | "AlterReplicaLogDirs"
            | "UpdateFeatures"
            | "UnregisterBroker"
            | "UnregisterController"
            | "AddRaftVoter"
            | "RemoveRaftVoter"
            | "UpdateRaftVoter"
            | "Vote"
            | "BeginQuorumEpoch"
            | "EndQuorumEpoch"
            | "AlterPartition"
            | "Envelope"
            | "BrokerRegistration"
            | "BrokerHeartbeat"
            | "ControllerRegistration"
            | "AssignReplicasToDirs"
            | "AllocateProducerIds"
            | "FetchSnapshot" => Self::Operate,
            _ => Self::Look,
        }
    }
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) api: String,
    pub(crate) key: i16,
    pub(crate) version: i16,
    pub(crate) flexible: bool,
    pub(crate) means: String,
    pub(crate) request: Value,
    pub(crate) body: Vec<u8>,
    pub(crate) phase: Phase,
    /// Whether it names nothing but the prober's own.
    pub(crate) own: bool,
    /// Whether the definitions have its version.
    pub(crate) is_defined: bool,
    /// Whether Kafka never answers it.
    pub(crate) mute: bool,
}

impl Probe {
    pub(crate) fn new(definitions: &Definitions, api: &str, version: i16, means: &str, request: Value) -> Self {
        Self::of(definitions.message(&format!("{api}Request")), version, means, request)
    }

    fn of(message: &Message, version: i16, means: &str, request: Value) -> Self {
        Self {
            api: message.api.clone(),
            key: message.key.unwrap(),
            version,
            flexible: message.is_flexible(version),
            means: means.to_owned(),
            body: encode(message, version, &request),
            request,
            phase: Phase::of(&message.api),
            own: false,
            is_defined: message.versions.contains(version),
            mute: is_mute(&message.api, means),
        }
    }
}

/// How much is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    All,
    /// What names topics, groups and transactions, in the newest version and in the first of every shape.
    Names,
}

/// Whose things are in the requests.
#[derive(Debug)]
pub(crate) struct Cast<'a> {
    pub(crate) definitions: &'a Definitions,
    pub(crate) own: &'a Tenant,
    pub(crate) them: &'a Tenant,
    pub(crate) beside: &'a Beside,
    pub(crate) node: i64,
    pub(crate) reach: Reach,
}

/// Every request, phase by phase. Two casts get the same list, but for the names.
pub(crate) fn all(cast: &Cast<'_>) -> Vec<Probe> {
    let mut probes = Vec::new();
    for message in cast.definitions.requests() {
        let versions = message.versions.first..=message.versions.last;
        let versions = versions.filter(|version| cast.reach == Reach::All || has_new_shape(message, *version));
        for version in versions {
            Version::new(cast, message, version).probe(&mut probes);
        }
        if cast.reach == Reach::Names {
            continue;
        }
        let newest = Version::new(cast, message, message.versions.last);
        for version in [message.versions.first - 1, message.versions.last + 1] {
            probes.push(Probe {
                version,
                is_defined: false,
                ..newest.probe_of("a version that is not", newest.builder.request(), true)
            });
        }
    }
    let unknown: &[i16] = match cast.reach {
        Reach::All => &[-1, 4, 5, 6, 7, 95, 96, 1000, i16::MAX],
        Reach::Names => &[],
    };
    for key in unknown.iter().copied() {
        for version in [0, 1] {
            let body = cast.them.orders.name.clone().into_bytes();
            probes.push(Probe {
                api: "an unknown key".to_owned(),
                key,
                version,
                flexible: version > 0,
                means: "whole name".to_owned(),
                request: json!({"body": cast.them.orders.name}),
                body,
                phase: Phase::Look,
                own: false,
                is_defined: false,
                mute: false,
            });
        }
    }
    // What lives through the loss of Kafka's own topics comes before it.
    probes.sort_by_key(|probe| (probe.phase, is_internal(probe)));
    probes
}

/// Whether a version is the last, or one that has other things in other places than the one before.
fn has_new_shape(message: &Message, version: i16) -> bool {
    let shape = |version: i16| (slots(message, version), message.is_flexible(version));
    let is_edge = version == message.versions.first || version == message.versions.last;
    is_edge || shape(version - 1) != shape(version)
}

/// Whether it names one of Kafka's own topics.
pub(crate) fn is_internal(probe: &Probe) -> bool {
    INTERNAL.iter().any(|name| probe.means.contains(name))
}

/// One version of one request.
struct Version<'a> {
    cast: &'a Cast<'a>,
    builder: Builder<'a>,
    slots: Vec<Slot>,
    lists: Vec<List>,
}

impl<'a> Version<'a> {
    fn new(cast: &'a Cast<'a>, message: &'a Message, version: i16) -> Self {
        let Cast {
            definitions, own, node, ..
        } = *cast;
        let builder = Builder {
            definitions,
            message,
            version,
            own,
            node,
        };
        let (mut slots, lists) = slots(message, version);
        if cast.reach == Reach::Names {
            slots.retain(|slot| slot.kind.is_name());
        }
        Self {
            cast,
            builder,
            slots,
            lists,
        }
    }

    fn probe(&self, probes: &mut Vec<Probe>) {
        let Self { builder, cast, .. } = self;
        if self.slots.is_empty() && cast.reach == Reach::Names {
            return;
        }
        let own = builder.request();
        probes.push(self.probe_of("own", own.clone(), true));

        for manner in [Manner::Client, Manner::Whole] {
            let everything = self.everything(manner);
            probes.push(self.probe_of(&format!("everything, {manner:?}"), everything.clone(), false));
            for broker in [-2, 1] {
                let mut request = everything.clone();
                let brokers = self.slots.iter().filter(|slot| slot.kind == Kind::Broker && !slot.list);
                let set: Vec<()> = brokers
                    .map(|slot| builder.set(&mut request, &slot.path, json!(broker)))
                    .collect();
                if !set.is_empty() {
                    probes.push(self.probe_of(&format!("everything, {manner:?}, as node {broker}"), request, false));
                }
            }
            for choice in self.slots.iter().filter(|slot| slot.kind == Kind::Choice) {
                for mean in means::all(builder, cast.them, cast.beside, choice) {
                    let mut request = everything.clone();
                    builder.set(&mut request, &choice.path, mean.value);
                    let label = format!("everything, {manner:?}, {} {}", choice.path.join("."), mean.label);
                    probes.push(self.probe_of(&label, request, false));
                }
            }
        }
        for slot in &self.slots {
            for mean in means::all(builder, cast.them, cast.beside, slot) {
                let mut request = own.clone();
                builder.set(&mut request, &slot.path, mean.value);
                let label = format!("{} = {}", slot.path.join("."), mean.label);
                probes.push(self.probe_of(&label, request, false));
            }
        }
        for list in &self.lists {
            self.probe_list(&own, list, probes);
        }
        if self.cast.reach == Reach::All {
            self.probe_tags(&own, probes);
            self.probe_special(probes);
        }
    }

    /// The other's things in every place that can name one.
    fn everything(&self, manner: Manner) -> Value {
        let mut request = self.builder.request();
        for slot in self.slots.iter().filter(|slot| slot.kind != Kind::Text) {
            if let Some(value) = means::other(&self.builder, self.cast.them, manner, slot.kind) {
                let value = if slot.list { json!([value]) } else { value };
                self.builder.set(&mut request, &slot.path, value);
            }
        }
        request
    }

    /// Nothing, null, and the own with the other's before and behind it.
    fn probe_list(&self, own: &Value, list: &List, probes: &mut Vec<Probe>) {
        let path = list.path.join(".");
        let mut with = |label: &str, value: Value, is_own: bool| {
            let mut request = own.clone();
            self.builder.set(&mut request, &list.path, value);
            probes.push(self.probe_of(&format!("{path} {label}"), request, is_own));
        };
        if self.cast.reach == Reach::All {
            with("empty", json!([]), true);
            if list.nullable {
                with("null", Value::Null, true);
            }
        }
        for manner in [Manner::Client, Manner::Whole] {
            let (Some(mine), Some(theirs)) = (at(own, &list.path), at(&self.everything(manner), &list.path)) else {
                continue;
            };
            if let ([mine], [theirs]) = (mine.as_slice(), theirs.as_slice())
                && mine != theirs
            {
                with(&format!("both, {manner:?}"), json!([mine, theirs, mine]), false);
                with(&format!("both, {manner:?}, theirs first"), json!([theirs, mine]), false);
            }
        }
    }

    /// Tagged fields that no definition knows: in the request itself, and in the first element of every array.
    fn probe_tags(&self, own: &Value, probes: &mut Vec<Probe>) {
        if !self.builder.message.is_flexible(self.builder.version) {
            return;
        }
        let name = hex(self.cast.them.orders.name.as_bytes());
        let elements = self.lists.iter().map(|list| format!("/{}/0", list.path.join("/0/")));
        for place in elements.chain([String::new()]) {
            for tag in [77, 9999] {
                let mut request = own.clone();
                let structure = request.pointer_mut(&place).filter(|structure| structure.is_object());
                if let Some(structure) = structure {
                    structure[UNKNOWN_TAGS] = json!([[tag, name]]);
                    probes.push(self.probe_of(&format!("unknown tag {tag} {place}"), request, false));
                }
            }
        }
    }

    /// What takes more than one field at a time.
    fn probe_special(&self, probes: &mut Vec<Probe>) {
        let Self { builder, cast, .. } = self;
        let version = builder.version;
        let mut add = |label: &str, request: Value| probes.push(self.probe_of(label, request, false));
        match builder.message.api.as_str() {
            // A session is anybody's who knows its number.
            "Fetch" if version >= 7 => {
                let place = usize::from(version >= 13);
                let session = cast.them.sessions[place][usize::try_from(version - 7).unwrap()];
                add(
                    "their session",
                    json!({"SessionId": session, "SessionEpoch": 1, "MaxBytes": 1_000_000}),
                );
            }
            "DescribeAcls" | "DeleteAcls" => {
                for kind in [0, 1, 2, 3, 4, 5, 6, 7, 9] {
                    for pattern in [0, 1, 2, 3, 4, 5] {
                        for name in [
                            Value::Null,
                            json!("*"),
                            json!(cast.them.orders.name),
                            json!(cast.them.prefix),
                        ] {
                            let filter = json!({
                                "ResourceTypeFilter": kind, "PatternTypeFilter": pattern, "ResourceNameFilter": name,
                                "PrincipalFilter": null, "HostFilter": null, "Operation": 1, "PermissionType": 1,
                            });
                            let label = format!("resource {kind}, pattern {pattern}, {name}");
                            match builder.message.api.as_str() {
                                "DescribeAcls" => add(&label, filter),
                                _ => add(&label, json!({"Filters": [filter]})),
                            }
                        }
                    }
                }
            }
            "DescribeConfigs" | "AlterConfigs" | "IncrementalAlterConfigs" => {
                let metrics = format!("metrics-{}", cast.them.marker);
                for kind in [0, 1, 2, 3, 4, 5, 8, 16, 32, 64, 127] {
                    for name in [
                        "",
                        "1",
                        "2",
                        "*",
                        &metrics,
                        &cast.them.consumer.name,
                        &cast.them.orders.name,
                        &cast.them.prefix,
                    ] {
                        let mut request = builder.request();
                        builder.set(
                            &mut request,
                            &["Resources", "ResourceType"].map(str::to_owned),
                            json!(kind),
                        );
                        builder.set(
                            &mut request,
                            &["Resources", "ResourceName"].map(str::to_owned),
                            json!(name),
                        );
                        add(&format!("resource {kind} {name}"), request);
                    }
                }
            }
            _ => {}
        }
    }

    fn probe_of(&self, means: &str, request: Value, own: bool) -> Probe {
        let Builder { message, version, .. } = self.builder;
        let probe = Probe::of(message, version, means, request);
        Probe { own, ..probe }
    }
}

/// What Kafka 4.3 leaves without an answer: a batch of no transactions, and what names the same thing twice.
fn is_mute(api: &str, means: &str) -> bool {
    match api {
        "AddPartitionsToTxn" => means == "Transactions empty",
        "AlterConfigs" => means.starts_with("Resources both") && !means.ends_with("first"),
        "WriteTxnMarkers" => means.starts_with("Markers.Topics both") && !means.ends_with("first"),
        _ => false,
    }
}

/// The elements of an array on the way of the first elements.
fn at(request: &Value, path: &[String]) -> Option<Vec<Value>> {
    let mut place = request;
    for name in path {
        place = if place.is_array() { place.get(0)? } else { place };
        place = place.get(name)?;
    }
    place.as_array().cloned()
}
