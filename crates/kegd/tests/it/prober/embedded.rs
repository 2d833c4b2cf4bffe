//! What the consumer protocol embeds in the bytes of classic groups.

use serde_json::json;

use super::definitions::Definitions;
use super::encode::{encode, hex};

/// A member's subscription to a topic that it owns a partition of, in hexadecimal digits.
pub(crate) fn subscription(definitions: &Definitions, topic: &str) -> String {
    let owned = json!([{"Topic": topic, "Partitions": [0]}]);
    let value = json!({"Topics": [topic], "OwnedPartitions": owned, "GenerationId": -1});
    versioned(definitions, "ConsumerProtocolSubscription", 3, &value)
}

/// A member's assignment, in hexadecimal digits.
pub(crate) fn assignment(definitions: &Definitions, topic: &str) -> String {
    let value = json!({"AssignedPartitions": [{"Topic": topic, "Partitions": [0, 1]}]});
    versioned(definitions, "ConsumerProtocolAssignment", 3, &value)
}

fn versioned(definitions: &Definitions, name: &str, version: i16, value: &serde_json::Value) -> String {
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend(encode(definitions.message(name), version, value));
    hex(&bytes)
}
