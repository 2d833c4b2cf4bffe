//! Which versions of which APIs a chain serves, and the ApiVersions response that says so.

use std::sync::Arc;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Versions;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use crate::message::Response;
use crate::policy::{Interest, Policy};

/// The newest version whose response carries no cluster and node id (KIP-1242), which belong to the backend.
const NEWEST_API_VERSIONS: i16 = 4;

/// The versions of each API that are served.
#[derive(Debug, Clone)]
pub struct Served {
    /// By api key; APIs that aren't served at all have an empty range.
    ranges: Vec<Versions>,
}

impl Served {
    pub(super) fn by(policies: &[Arc<dyn Policy>]) -> Self {
        let mut ranges = Vec::new();
        for api in Api::all() {
            let index = usize::try_from(api.key.0).unwrap_or(0);
            ranges.resize(index, Versions::NONE);
            ranges.push(longest_run(api, policies));
        }
        Self { ranges }
    }

    /// The served versions of an API.
    pub fn versions(&self, key: ApiKey) -> Versions {
        let range = usize::try_from(key.0).ok().and_then(|index| self.ranges.get(index));
        range.copied().unwrap_or(Versions::NONE)
    }

    /// Whether a version of an API is served.
    pub fn contains(&self, key: ApiKey, version: i16) -> bool {
        self.versions(key).contains(version)
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
            head: vec![0; 4].into(),
            body: bytes::Bytes::from(body).into(),
        }
    }

    /// Cuts an ApiVersions response to what is served.
    pub(super) fn cut(&self, version: i16, response: &mut Response) -> Result<(), WalkError> {
        let Some(api) = Api::of(ApiKey::API_VERSIONS) else {
            return Ok(());
        };
        let body = response.body_bytes();
        // A broker that doesn't know the version answers in version 0.
        let unsupported = body.first_chunk::<2>() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
        let version = if unsupported { 0 } else { version };
        let mut fields = Struct::read(&api.response, version, &body)?;
        if let Some(Value::Array(apis)) = fields.get_mut("ApiKeys") {
            apis.retain_mut(|entry| self.cut_entry(entry));
        }
        response.body = bytes::Bytes::from(fields.write(&api.response, version)?).into();
        Ok(())
    }

    /// Narrows one entry to what is served, and says whether anything is left.
    fn cut_entry(&self, entry: &mut Value) -> bool {
        let Value::Struct(entry) = entry else { return false };
        let number = |entry: &Struct, name: &str| {
            entry
                .get(name)
                .and_then(Value::as_integer)
                .and_then(|value| i16::try_from(value).ok())
                .unwrap_or(-1)
        };
        let key = ApiKey(number(entry, "ApiKey"));
        let broker = Versions {
            first: number(entry, "MinVersion"),
            last: number(entry, "MaxVersion"),
        };
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

/// The longest run of versions that every policy supports.
fn longest_run(api: &Api, policies: &[Arc<dyn Policy>]) -> Versions {
    let is_served = |version: i16| {
        // Who the client is was settled before its first request came here: an exchange with the broker now would make
        // the gateway's own connection somebody else's.
        api.broker
            && !matches!(api.key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE)
            && (api.key != ApiKey::API_VERSIONS || version <= NEWEST_API_VERSIONS)
            && policies
                .iter()
                .all(|policy| policy.interest(api, version) != Interest::Unsupported)
    };
    let versions = api.versions();
    let (mut best, mut first) = (Versions::NONE, None);
    for version in versions.first..=versions.last {
        if !is_served(version) {
            first = None;
            continue;
        }
        let first = *first.get_or_insert(version);
        if best.is_empty() || version - first >= best.last - best.first {
            best = Versions { first, last: version };
        }
    }
    best
}
