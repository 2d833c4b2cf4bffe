//! Every message.

use std::fmt;

use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, EntitySet, Message};
use keg_codec::{Api, ApiKey, Direction};

/// A message of one version.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) message: &'static Message,
    pub(crate) version: i16,
    /// Where it is used; what is embedded in other messages has no api key.
    pub(crate) used: Option<(ApiKey, Direction)>,
}

impl Case {
    /// Interest in all fields.
    pub(crate) fn everything(self) -> EntitySet {
        self.message.entities(self.version)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.message.name, self.version)
    }
}

/// Every version of every message.
pub(crate) fn every_message() -> impl Iterator<Item = Case> {
    let used = Api::all().iter().flat_map(|api| {
        [Direction::Request, Direction::Response].map(|direction| (api.message(direction), Some((api.key, direction))))
    });
    let embedded = [CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION].map(|message| (message, None));
    used.chain(embedded).flat_map(|(message, used)| {
        (message.versions.first..=message.versions.last).map(move |version| Case { message, version, used })
    })
}
