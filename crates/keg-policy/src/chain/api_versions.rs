//! The ApiVersions response, which says what is served.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Versions;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::Served;
use crate::message::Response;

impl Served {
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
        }
    }

    /// Cuts an ApiVersions response to what is served, and gives what the broker has.
    pub(super) fn cut(&self, version: i16, response: &mut Response) -> Result<Vec<(ApiKey, Versions)>, WalkError> {
        let mut broker = Vec::new();
        let Some(api) = Api::of(ApiKey::API_VERSIONS) else {
            return Ok(broker);
        };
        let body = response.body_bytes();
        // A broker that doesn't know the version answers in version 0.
        let unsupported = body.first_chunk::<2>() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
        let version = if unsupported { 0 } else { version };
        let mut fields = Struct::read(&api.response, version, &body)?;
        if let Some(Value::Array(apis)) = fields.get_mut("ApiKeys") {
            apis.retain_mut(|entry| {
                let Some((key, versions)) = entry.as_struct().map(versions) else {
                    return false;
                };
                broker.push((key, versions));
                self.cut_entry(entry, key, versions)
            });
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
