//! The policies of a virtual cluster, in their order.

mod served;

use std::sync::Arc;

use bytes::Bytes;
use keg_codec::{Api, ApiKey, ErrorCode};

pub use served::Served;

use crate::connection::Connection;
use crate::message::{Reply, Request, Response};
use crate::policy::{Answer, Decision, Interest, Note, Outcome, Policy};

/// The policies of a virtual cluster. Immutable; a change makes a new one.
#[derive(Debug)]
pub struct Chain {
    policies: Vec<Arc<dyn Policy>>,
    served: Served,
}

/// A request that is with the broker: who saw it, and what they noted.
#[derive(Debug)]
pub struct Pending {
    api: &'static Api,
    version: i16,
    /// The client's request, for an error in the place of a response that is withheld. Record batches aren't kept.
    request: Option<Bytes>,
    notes: Vec<(usize, Note)>,
}

impl Chain {
    /// A chain of policies, the client's side first.
    ///
    /// An API's version that one of them doesn't support isn't served at all.
    pub fn new(policies: Vec<Arc<dyn Policy>>) -> Self {
        let served = Served::by(&policies);
        Self { policies, served }
    }

    /// Which versions of which APIs are served.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// Shows a request to the policies that are interested in it.
    pub fn request(&self, connection: &Connection, request: &mut Request) -> Outcome<Pending> {
        if !self.served.contains(request.api.key, request.version) {
            return self.refuse(request);
        }
        let keep = request.api.key != ApiKey::PRODUCE;
        let mut pending = Pending {
            api: request.api,
            version: request.version,
            request: None,
            notes: Vec::new(),
        };
        for (index, policy) in self.policies.iter().enumerate() {
            let interest = policy.interest(request.api, request.version);
            if matches!(interest, Interest::Response | Interest::Both) && keep && pending.request.is_none() {
                pending.request = Some(request.body_bytes());
            }
            let note = match interest {
                Interest::None => continue,
                Interest::Unsupported => return self.refuse(request),
                Interest::Response => Note::default(),
                Interest::Request | Interest::Both => match policy.request(connection, request) {
                    Decision::Forward(note) => note,
                    Decision::Answer(_) if is_silent(request) => {
                        // As a broker does: the producer notices, and refreshes its metadata.
                        return Outcome::Close(format!(
                            "a Produce request with acks=0 was refused by {}, which only a disconnect can tell",
                            policy.name()
                        ));
                    }
                    Decision::Answer(response) => {
                        return self.response(connection, pending, Reply::Response(response));
                    }
                    Decision::Close(reason) => return Outcome::Close(reason),
                },
            };
            if matches!(interest, Interest::Response | Interest::Both) {
                pending.notes.push((index, note));
            }
        }
        Outcome::Forward(pending)
    }

    /// Shows a reply to the policies that saw its request, in reverse. Never gives [`Outcome::Forward`].
    pub fn response(&self, connection: &Connection, pending: Pending, reply: Reply) -> Outcome<Pending> {
        let Reply::Response(mut response) = reply else {
            return Outcome::Reply(reply);
        };
        let Pending {
            api,
            version,
            request,
            notes,
        } = pending;
        if api.key == ApiKey::API_VERSIONS
            && let Err(error) = self.served.cut(version, &mut response)
        {
            return Outcome::Close(format!("the broker's ApiVersions response is malformed: {error}"));
        }
        for (index, note) in notes.iter().rev() {
            let Some(policy) = self.policies.get(*index) else {
                continue;
            };
            let answer = Answer {
                api,
                version,
                note,
                response: &mut response,
            };
            if let Err(withheld) = policy.response(connection, answer) {
                tracing::error!(
                    virtual_cluster = &*connection.virtual_cluster,
                    api = api.name,
                    version,
                    policy = policy.name(),
                    "a response was withheld from the client: {withheld}"
                );
                let request = request.as_deref().unwrap_or_default();
                let error = Response::error(api, version, request, ErrorCode::UNKNOWN_SERVER_ERROR, None);
                return match error {
                    Ok(error) => Outcome::Reply(Reply::Response(error)),
                    Err(_) => Outcome::Close(withheld.reason),
                };
            }
        }
        Outcome::Reply(Reply::Response(response))
    }

    fn refuse(&self, request: &mut Request) -> Outcome<Pending> {
        if request.api.key == ApiKey::API_VERSIONS {
            return Outcome::Reply(Reply::Response(self.served.unsupported()));
        }
        if is_silent(request) {
            return Outcome::Close(format!("Produce version {} with acks=0 is not served", request.version));
        }
        let (code, message) = match request.api.key {
            ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE => (
                ErrorCode::ILLEGAL_SASL_STATE,
                "clients of this virtual cluster don't authenticate by SASL",
            ),
            _ => (
                ErrorCode::UNSUPPORTED_VERSION,
                "keg does not serve this API or version in this virtual cluster",
            ),
        };
        match request.error(code, Some(message)) {
            Ok(response) => Outcome::Reply(Reply::Response(response)),
            Err(error) => Outcome::Close(format!(
                "a malformed {} request (version {}): {error}",
                request.api.name, request.version
            )),
        }
    }
}

fn is_silent(request: &Request) -> bool {
    let head = request.body.pieces().first().map(|piece| &**piece).unwrap_or_default();
    keg_codec::is_silent(request.api, request.version, head)
}
