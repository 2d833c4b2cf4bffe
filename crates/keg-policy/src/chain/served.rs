//! Which versions of which APIs a chain serves, and which of its policies must see them.

use std::sync::Arc;

use keg_codec::schema::{EntitySet, Versions};
use keg_codec::{Api, ApiKey};

use crate::policy::{Interest, Policy};

/// The newest version in which a client doesn't say which node of which cluster it expects (KIP-1242).
///
/// A broker that is not the one that was meant sends the client back to its bootstrap address. Whether the node is the one
/// that was meant could be told here; whether the cluster is, only with an answer of the broker's that is never older than
/// what the client has learned by another connection, or clients would be sent back again and again. They do without the
/// check, as on brokers before 4.4, at the price of one more round trip for each connection (KIP-511).
const NEWEST_API_VERSIONS: i16 = 4;

/// The versions of each API that are served.
#[derive(Debug, Clone)]
pub struct Served {
    /// By api key; APIs that aren't served at all have an empty range.
    apis: Vec<ServedApi>,
}

#[derive(Debug, Clone)]
struct ServedApi {
    versions: Versions,
    /// By version, from the first one that is served. Most are as the one before.
    interested: Vec<Arc<[Interested]>>,
}

/// A policy that must see a version of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interested {
    pub(super) policy: usize,
    pub(super) request: bool,
    pub(super) response: bool,
    /// What it [looks for](Policy::looks_for) in a response.
    pub(super) looks_for: Option<EntitySet>,
}

impl Served {
    pub(super) fn by(policies: &[Arc<dyn Policy>]) -> Self {
        let mut apis = Vec::new();
        for api in Api::all() {
            apis.resize(usize::try_from(api.key.0).unwrap_or(0), ServedApi::NONE);
            apis.push(ServedApi::by(policies, api));
        }
        Self { apis }
    }

    /// SaslHandshake and SaslAuthenticate are answered before the policies.
    pub(super) fn add_sasl(&mut self) {
        for key in [ApiKey::SASL_HANDSHAKE, ApiKey::SASL_AUTHENTICATE] {
            let place = usize::try_from(key.0).ok();
            if let (Some(served), Some(api)) = (place.and_then(|place| self.apis.get_mut(place)), Api::of(key)) {
                served.versions = api.versions();
            }
        }
    }

    /// The served versions of an API.
    pub fn versions(&self, key: ApiKey) -> Versions {
        self.api(key).map_or(Versions::NONE, |api| api.versions)
    }

    /// Whether a version of an API is served.
    pub fn contains(&self, key: ApiKey, version: i16) -> bool {
        self.versions(key).contains(version)
    }

    /// What the policies together want to see of a version of an API; [`Interest::Unsupported`] when it isn't served.
    pub fn interest(&self, key: ApiKey, version: i16) -> Interest {
        let Some(interested) = self.interested(key, version) else {
            return Interest::Unsupported;
        };
        Interest::of(
            interested.iter().any(|it| it.request),
            interested.iter().any(|it| it.response),
        )
    }

    /// The policies that must see a version of an API, the client's side first; `None` when it isn't served.
    pub(super) fn interested(&self, key: ApiKey, version: i16) -> Option<&[Interested]> {
        let api = self.api(key)?;
        let place = version.checked_sub(api.versions.first)?;
        api.interested
            .get(usize::try_from(place).ok()?)
            .map(|interested| &**interested)
    }

    fn api(&self, key: ApiKey) -> Option<&ServedApi> {
        self.apis.get(usize::try_from(key.0).ok()?)
    }
}

impl ServedApi {
    const NONE: Self = Self {
        versions: Versions::NONE,
        interested: Vec::new(),
    };

    /// The longest run of versions that every policy supports.
    fn by(policies: &[Arc<dyn Policy>], api: &Api) -> Self {
        let all = api.versions();
        let (mut longest, mut run) = (Self::NONE, Self::NONE);
        for version in all.first..=all.last {
            let Some(interested) = interested(policies, api, version) else {
                run = Self::NONE;
                continue;
            };
            if run.interested.is_empty() {
                run.versions.first = version;
            }
            run.versions.last = version;
            let before = run.interested.last();
            let same = before.filter(|before| before[..] == interested[..]).cloned();
            run.interested.push(same.unwrap_or_else(|| interested.into()));
            if run.interested.len() >= longest.interested.len() {
                longest = run.clone();
            }
        }
        longest.interested.shrink_to_fit();
        longest
    }
}

/// Who must see a version of an API; `None` when it can't be served.
fn interested(policies: &[Arc<dyn Policy>], api: &Api, version: i16) -> Option<Vec<Interested>> {
    let is_for_clients = match api.key {
        // Who the client is was settled before its first request came here: an exchange with the broker now would make
        // the gateway's own connection somebody else's.
        ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE => false,
        ApiKey::API_VERSIONS => version <= NEWEST_API_VERSIONS,
        _ => api.broker,
    };
    if !is_for_clients {
        return None;
    }
    let mut interested = Vec::new();
    for (policy, it) in policies.iter().enumerate() {
        let (request, response) = match it.interest(api, version) {
            Interest::None => continue,
            Interest::Request => (true, false),
            Interest::Response => (false, true),
            Interest::Both => (true, true),
            Interest::Unsupported => return None,
        };
        interested.push(Interested {
            policy,
            request,
            response,
            looks_for: it.looks_for(api, version),
        });
    }
    Some(interested)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Supports some versions of Metadata, and looks at a request or a response by their parity.
    #[derive(Debug)]
    struct Picky(&'static [i16]);

    impl Policy for Picky {
        fn name(&self) -> &str {
            "picky"
        }

        fn interest(&self, api: &Api, version: i16) -> Interest {
            match api.key {
                ApiKey::METADATA if self.0.contains(&version) => Interest::Unsupported,
                ApiKey::METADATA => Interest::of(version % 2 == 0, version % 2 == 1),
                _ => Interest::None,
            }
        }
    }

    fn served(unsupported: &[&'static [i16]]) -> Served {
        let policies: Vec<_> = unsupported
            .iter()
            .map(|it| Arc::new(Picky(it)) as Arc<dyn Policy>)
            .collect();
        Served::by(&policies)
    }

    #[test]
    fn the_longest_run_of_versions_that_all_policies_support_is_served() {
        let check = |unsupported, first, last| {
            assert_eq!(served(unsupported).versions(ApiKey::METADATA), Versions { first, last });
        };
        check(&[], 0, 13);
        check(&[&[0, 13]], 1, 12);
        check(&[&[5]], 6, 13);
        check(&[&[9], &[2]], 3, 8);
        // Of equals the newest.
        check(&[&[0, 1, 7]], 8, 13);
    }

    #[test]
    fn who_is_interested_is_known_for_each_version() {
        let served = served(&[&[0], &[3]]);
        let of = |version| served.interested(ApiKey::METADATA, version);
        assert_eq!(of(3), None);
        assert_eq!(of(-1), None);
        assert_eq!(of(i16::MIN), None);
        assert_eq!(of(14), None);
        let both = |request, response| {
            [0, 1].map(|policy| Interested {
                policy,
                request,
                response,
                looks_for: None,
            })
        };
        assert_eq!(of(4), Some(&both(true, false)[..]));
        assert_eq!(of(13), Some(&both(false, true)[..]));
        assert_eq!(served.interested(ApiKey::PRODUCE, 9), Some(&[][..]));
        assert_eq!(served.interest(ApiKey::METADATA, 3), Interest::Unsupported);
        assert_eq!(served.interest(ApiKey::METADATA, 4), Interest::Request);
        assert_eq!(served.interest(ApiKey::METADATA, 13), Interest::Response);
        assert_eq!(served.interest(ApiKey::PRODUCE, 9), Interest::None);
        assert_eq!(served.interested(ApiKey(-1), 0), None);
        assert_eq!(served.interested(ApiKey(999), 0), None);
    }

    #[test]
    fn what_is_not_for_clients_is_not_served() {
        let served = served(&[]);
        for api in Api::all() {
            let is_sasl = matches!(api.key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE);
            let is_served = api.broker && !is_sasl;
            assert_eq!(served.versions(api.key).is_empty(), !is_served, "{}", api.name);
        }
        assert_eq!(served.versions(ApiKey::API_VERSIONS).last, 4);
    }
}
