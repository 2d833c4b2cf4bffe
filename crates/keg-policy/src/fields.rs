//! What becomes of every field that names something, in every version of every message.
//!
//! ```
//! use keg_policy::fields::{Effect, fields};
//!
//! let fields = fields();
//! let group = fields.iter().find(|field| field.message == "HeartbeatRequest" && field.path == "GroupId");
//! assert_eq!(group.map(|field| field.decision.effect), Some(Effect::Renamed));
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use keg_codec::schema::{
    CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Entity, Field, Message, Type, Versions,
};
use keg_codec::{Api, Direction};

use crate::addresses::BrokerAddresses;
use crate::chain::{Chain, Served};
use crate::namespace::{Mode, Namespace, decisions};

/// A field that names something, in versions in which the same becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamingField {
    /// Kafka's name of the message, such as `FetchResponse`.
    pub message: &'static str,
    /// Where the field stands in it, as in `Topics[].Partitions[].Records`.
    pub path: String,
    /// The versions.
    pub versions: Versions,
    /// What it names.
    pub entity: Entity,
    /// What becomes of it.
    pub decision: Decision,
}

/// What becomes of a field in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// In short.
    pub effect: Effect,
    /// In words.
    pub words: Cow<'static, str>,
}

impl Decision {
    pub(crate) fn new(effect: Effect, words: impl Into<Cow<'static, str>>) -> Self {
        Self {
            effect,
            words: words.into(),
        }
    }
}

/// What becomes of the values of a field that the client may use or see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Its version isn't served.
    NotServed,
    /// They stay, and may be whatever they are.
    Passes,
    /// They stay, and what else there is doesn't.
    Checked,
    /// They change where the prefix is hidden; otherwise they stay. What else there is doesn't.
    Renamed,
    /// Something else takes their place.
    Replaced,
}

/// All fields that name something, in the order of the api keys and of the wire, requests before responses; what consumers
/// send each other comes last.
pub fn fields() -> Vec<NamingField> {
    let namespace = Namespace::new(Mode::HidePrefix, "prefix-");
    let isolated = Chain::new(vec![Arc::new(namespace), Arc::new(BrokerAddresses)]);
    let open = Chain::new(vec![Arc::new(BrokerAddresses)]);
    let mut found = Vec::new();
    for api in Api::all() {
        for direction in [Direction::Request, Direction::Response] {
            of_message(api.message(direction), &mut found, |version, field| {
                match is_served(isolated.served(), api, version) {
                    true => decisions::decide(api, direction, version, field),
                    false if is_served(open.served(), api, version) => {
                        Decision::new(Effect::NotServed, "not served in a namespace")
                    }
                    false => Decision::new(Effect::NotServed, "never served"),
                }
            });
        }
    }
    for message in [CONSUMER_PROTOCOL_SUBSCRIPTION, CONSUMER_PROTOCOL_ASSIGNMENT] {
        of_message(message, &mut found, |_, field| decisions::embedded(field.entity));
    }
    found
}

fn is_served(served: &Served, api: &Api, version: i16) -> bool {
    served.contains(api.key, version)
}

/// A field at a place, and the versions that have both.
struct Found {
    path: String,
    field: &'static Field,
    versions: Versions,
}

fn of_message(
    message: &'static Message,
    into: &mut Vec<NamingField>,
    decide: impl Fn(i16, &'static Field) -> Decision,
) {
    let mut found = Vec::new();
    collect(message.fields, "", message.versions, &mut found);
    for Found { path, field, versions } in found {
        let mut runs: Vec<NamingField> = Vec::new();
        for version in versions.first..=versions.last {
            let decision = decide(version, field);
            match runs.last_mut() {
                Some(run) if run.decision == decision => run.versions.last = version,
                _ => runs.push(NamingField {
                    message: message.name,
                    path: path.clone(),
                    versions: Versions {
                        first: version,
                        last: version,
                    },
                    entity: field.entity,
                    decision,
                }),
            }
        }
        into.append(&mut runs);
    }
}

fn collect(fields: &'static [Field], prefix: &str, versions: Versions, into: &mut Vec<Found>) {
    for field in fields {
        // A table that two fields share has the versions of both.
        let versions = field.versions.intersection(versions);
        let path = format!("{prefix}{}{}", field.name, if field.array { "[]" } else { "" });
        match field.ty {
            Type::Struct(nested) => collect(nested, &format!("{path}."), versions, into),
            _ if field.entity != Entity::Plain => into.push(Found { path, field, versions }),
            _ => {}
        }
    }
}
