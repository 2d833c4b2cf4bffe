//! The ApiVersions response, which says what is served.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Versions;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::Served;
use crate::message::Response;

/// What a broker has said that it serves.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiVersions(Struct);

impl ApiVersions {
    /// The version of ApiVersions that is asked for: that of all brokers since Kafka 2.4.
    pub const VERSION: i16 = 3;

    /// Reads a response of this version, or of version 0: brokers that don't know the version answer so.
    ///
    /// # Errors
    /// When the response is malformed.
    pub fn read(body: &[u8]) -> Result<Self, WalkError> {
        let Some(api) = Api::of(ApiKey::API_VERSIONS) else {
            return Ok(Self(Struct::new(&[], 0)));
        };
        let version = if says_unsupported(body) { 0 } else { Self::VERSION };
        Struct::read(&api.response, version, body).map(Self)
    }

    /// Whether the broker only said that it doesn't know the version.
    pub fn is_unsupported(&self) -> bool {
        self.0.get("ErrorCode") == Some(&Value::Integer(ErrorCode::UNSUPPORTED_VERSION.0.into()))
    }
}

impl Served {
    /// The answer to an ApiVersions request from what a broker has said; and what that is.
    pub(super) fn answer(
        &self,
        version: i16,
        broker: &ApiVersions,
    ) -> Result<(Response, Vec<(ApiKey, Versions)>), WalkError> {
        let api = Api::of(ApiKey::API_VERSIONS).filter(|_| self.contains(ApiKey::API_VERSIONS, version));
        let Some(api) = api else {
            return Ok((self.unsupported(), Vec::new()));
        };
        let body = broker.0.write(&api.response, version)?;
        let mut response = Response::local(api, version, body);
        let versions = self.cut(version, &mut response)?;
        Ok((response, versions))
    }

    /// The answer to an ApiVersions request of a version that isn't served: version 0, whatever was asked (KIP-511).
    pub fn unsupported(&self) -> Response {
        let served = self.versions(ApiKey::API_VERSIONS);
        let mut body = ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes().to_vec();
        body.extend(1_i32.to_be_bytes());
        for number in [ApiKey::API_VERSIONS.0, served.first, served.last] {
            body.extend(number.to_be_bytes());
        }
        Response {
            head: Bytes::from_static(&[0; 4]),
            body: Bytes::from(body).into(),
            rest: None,
        }
    }

    /// Cuts an ApiVersions response to what is served, and gives what the broker has.
    pub(super) fn cut(&self, version: i16, response: &mut Response) -> Result<Vec<(ApiKey, Versions)>, WalkError> {
        let mut broker = Vec::new();
        let Some(api) = Api::of(ApiKey::API_VERSIONS) else {
            return Ok(broker);
        };
        let body = response.body_bytes();
        let unsupported = says_unsupported(&body);
        let version = if unsupported { 0 } else { version };
        let mut fields = Struct::read(&api.response, version, &body)?;
        if let Some(Value::Array(apis)) = fields.get_mut("ApiKeys") {
            apis.retain_mut(|entry| {
                let Some((key, versions)) = entry.as_struct().map(versions) else {
                    return false;
                };
                broker.push((key, versions));
                !is_sasl(key) && self.cut_entry(entry, key, versions)
            });
            // Whoever answers these here does so whatever the broker has of them.
            let own = [ApiKey::SASL_HANDSHAKE, ApiKey::SASL_AUTHENTICATE].into_iter();
            apis.extend(own.filter_map(|key| entry(api, version, key, self.versions(key))));
        }
        response.body = Bytes::from(fields.write(&api.response, version)?).into();
        // It says nothing of the other APIs then.
        if unsupported {
            broker.clear();
        }
        Ok(broker)
    }

    /// Narrows one entry to what is served, and says whether anything is left.
    fn cut_entry(&self, entry: &mut Value, key: ApiKey, broker: Versions) -> bool {
        let Value::Struct(entry) = entry else { return false };
        let both = broker.intersection(self.versions(key));
        if both.is_empty() {
            return false;
        }
        // Brokers advertise Produce from version 0 on, though they refuse 0 to 2: without that, librdkafka
        // before 2.8 turns compression off (KAFKA-18659).
        let first = if key == ApiKey::PRODUCE {
            broker.first
        } else {
            both.first
        };
        entry.set("MinVersion", Value::Integer(first.into()));
        entry.set("MaxVersion", Value::Integer(both.last.into()));
        true
    }
}

/// Whether a response says that the broker doesn't know the version, which it says in version 0.
fn says_unsupported(response: &[u8]) -> bool {
    response.first_chunk::<2>() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes())
}

fn is_sasl(key: ApiKey) -> bool {
    matches!(key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE)
}

/// An entry for versions of an API, if there are any.
fn entry(api: &Api, version: i16, key: ApiKey, versions: Versions) -> Option<Value> {
    if versions.is_empty() {
        return None;
    }
    let mut entry = Struct::new(api.response.fields, version).nested("ApiKeys", version)?;
    entry.set("ApiKey", Value::Integer(key.0.into()));
    entry.set("MinVersion", Value::Integer(versions.first.into()));
    entry.set("MaxVersion", Value::Integer(versions.last.into()));
    Some(Value::Struct(entry))
}

/// The API of an entry, and what the broker has of it.
fn versions(entry: &Struct) -> (ApiKey, Versions) {
    let number = |name| {
        let value = entry.get(name).and_then(Value::as_integer);
        value.and_then(|value| i16::try_from(value).ok()).unwrap_or(-1)
    };
    let versions = Versions {
        first: number("MinVersion"),
        last: number("MaxVersion"),
    };
    (ApiKey(number("ApiKey")), versions)
}
