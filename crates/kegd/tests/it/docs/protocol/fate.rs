//! What a chain of policies makes of a version of an API.

use std::sync::Arc;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::fields::{Effect, NamingField, fields};
use keg_policy::{AddressBook, Chain, Connection, Interest, Mode, Outcome, Reply, Request, Response};

use super::sample::sample;
use crate::repository::{read, root};

/// The chain of a virtual cluster.
pub(super) struct Fates {
    chain: Chain,
    mode: Option<Mode>,
    fields: Vec<NamingField>,
}

/// A request is all that is sent here, so that no address is asked for.
#[derive(Debug)]
pub(super) struct NoAddresses;

impl AddressBook for NoAddresses {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        Err(format!("node {node_id} has no address"))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

impl Fates {
    pub(super) fn of(chain: Chain, mode: impl Into<Option<Mode>>) -> Self {
        Self {
            chain,
            mode: mode.into(),
            fields: fields(),
        }
    }

    /// What becomes of a request, and behind a slash of its response.
    pub(super) fn of_version(&self, api: &'static Api, version: i16) -> String {
        let connection = Arc::new(Connection::new("documented", "User:ANONYMOUS", Arc::new(NoAddresses)));
        let join = Api::of(ApiKey::JOIN_GROUP).unwrap();
        let_in(&self.chain, &connection, &mut sample(join, join.versions().last));
        match self.chain.request(&connection, &mut sample(api, version)) {
            Outcome::Forward(_) | Outcome::Ask(_) => {}
            Outcome::Reply(Reply::Response(mut response)) => {
                let body = response.body_bytes();
                // A version of ApiVersions that isn't served is answered in version 0.
                let version = if api.key == ApiKey::API_VERSIONS { 0 } else { version };
                let response = Struct::read(&api.response, version, &body).unwrap();
                return match first_error(&response) {
                    Some(code) => format!("refused: {}", error_name(code)),
                    None => "answered".to_owned(),
                };
            }
            other => panic!("{} v{version}: {other:?}", api.name),
        }
        let (request, response) = match self.chain.served().interest(api.key, version) {
            Interest::None => (false, false),
            Interest::Request => (true, false),
            Interest::Response => (false, true),
            Interest::Both => (true, true),
            Interest::Unsupported => panic!("{} v{version} is not served, and went on", api.name),
        };
        let request = self.word(request, api, version, Direction::Request);
        let response = match api.key {
            ApiKey::API_VERSIONS => "answered",
            _ => self.word(response, api, version, Direction::Response),
        };
        match request == response {
            true => request.to_owned(),
            false => format!("{request} / {response}"),
        }
    }

    fn word(&self, is_read: bool, api: &'static Api, version: i16, direction: Direction) -> &'static str {
        let message = api.message(direction);
        if is_read && self.mode.is_none() {
            // Only addresses are looked for: these have a place of their own, or may stand in texts.
            let entities = message.entities(version);
            return match entities.contains(Entity::BrokerHost) || entities.contains(Entity::ClientHost) {
                true => "rewritten",
                false => "checked",
            };
        }
        let effects = self
            .fields
            .iter()
            .filter(|it| it.message == message.name && it.versions.contains(version))
            .map(|it| it.decision.effect);
        match (is_read, self.mode, effects.max()) {
            (false, ..) => "passes",
            (true, _, Some(Effect::Replaced)) => "rewritten",
            (true, Some(Mode::HidePrefix), Some(Effect::Renamed)) => "rewritten",
            (true, ..) => "checked",
        }
    }
}

/// The client is let into a group: SyncGroup depends on it before version 5.
pub(super) fn let_in(chain: &Chain, connection: &Arc<Connection>, join: &mut Request) {
    let (api, version) = (join.api, join.version);
    let joined = match chain.request(connection, join) {
        Outcome::Forward(pending) => pending,
        other => panic!("{other:?}"),
    };
    let body = Struct::new(api.response.fields, version);
    let body = body.write(&api.response, version).unwrap();
    let reply = Reply::Response(Response::local(api, version, body));
    let answered = chain.response(connection, joined, reply);
    assert!(matches!(answered, Outcome::Reply(_)), "{answered:?}");
}

/// The first error code that says something.
pub(super) fn first_error(response: &Struct) -> Option<i64> {
    response.iter().find_map(|(field, value)| match value {
        Value::Integer(code) if field.entity == Entity::ErrorCode && *code != 0 => Some(*code),
        Value::Struct(nested) => first_error(nested),
        Value::Array(elements) => elements.iter().filter_map(Value::as_struct).find_map(first_error),
        _ => None,
    })
}

/// What Kafka calls an error, as the codec has it.
pub(super) fn error_name(code: i64) -> String {
    let codes = read(&root().join("crates/keg-codec/src/error_code.rs"));
    let value = format!(": Self = Self({code});");
    let line = codes.lines().find(|line| line.ends_with(&value));
    let name = line.and_then(|line| line.trim().strip_prefix("pub const ")?.strip_suffix(&value));
    name.unwrap_or_else(|| panic!("no name for the error {code}"))
        .to_owned()
}
