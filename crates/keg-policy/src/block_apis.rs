//! The policy `block_apis`: some APIs are not for this virtual cluster's clients.

use std::sync::Arc;

use keg_codec::{Api, ApiKey, ErrorCode};

use crate::aliases::Condition;
use crate::connection::Connection;
use crate::message::Request;
use crate::policy::{Decision, Interest, Note, Policy};

/// Refuses APIs with POLICY_VIOLATION.
#[derive(Debug, Clone)]
pub struct BlockApis {
    name: String,
    apis: Vec<ApiKey>,
    message: String,
    condition: Option<Arc<dyn Condition>>,
}

impl BlockApis {
    /// A policy that refuses the APIs, and is called this in the refusals.
    pub fn new(name: impl Into<String>, apis: Vec<ApiKey>) -> Self {
        let name = name.into();
        let message = format!("refused by the gateway's policy `{name}`");
        Self {
            name,
            apis,
            message,
            condition: None,
        }
    }

    /// The same policy, for those clients alone of which the condition holds.
    #[must_use]
    pub fn with_condition(mut self, condition: Arc<dyn Condition>) -> Self {
        self.condition = Some(condition);
        self
    }
}

impl Policy for BlockApis {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self, api: &Api, _version: i16) -> Interest {
        Interest::of(self.apis.contains(&api.key), false)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        let condition = self.condition.as_ref();
        if !condition.is_none_or(|condition| condition.holds(connection)) {
            return Decision::Forward(Note::default());
        }
        match request.error(ErrorCode::POLICY_VIOLATION, Some(&self.message)) {
            Ok(response) => Decision::Answer(response),
            Err(error) => Decision::Close(request.malformed(&error)),
        }
    }
}
