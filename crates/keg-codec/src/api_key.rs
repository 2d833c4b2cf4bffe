//! Api keys.

use std::fmt;

use crate::schema::Api;

/// The number of a Kafka API on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKey(pub i16);

impl ApiKey {
    /// Kafka's name of the API, or `Unknown`.
    pub fn name(self) -> &'static str {
        Api::of(self).map_or("Unknown", |api| api.name)
    }

    /// The API that is called this, in Kafka's spelling or in snake case (`CreateTopics`, `create_topics`).
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = name.replace('_', "");
        Api::all()
            .iter()
            .find(|api| api.name.eq_ignore_ascii_case(&plain))
            .map(|api| api.key)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Api::of(*self) {
            Some(api) => f.write_str(api.name),
            None => write!(f, "api key {}", self.0),
        }
    }
}
