//! The policies of a virtual cluster, in their order.

mod api_versions;
mod asking;
mod head;
mod sending;
mod served;
mod streaming;

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::header::client_id;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

pub use api_versions::ApiVersions;
use asking::Asker;
pub use asking::Asking;
pub use sending::request_head;
pub use served::Served;
pub use streaming::{Rest, StreamedNames, streamed_head};

use crate::connection::{ClientId, Connection};
use crate::message::{Reply, Request, Response, trimmed};
use crate::policy::{Answer, Decision, Note, Outcome, Policy};

/// The policies of a virtual cluster. Immutable; a change makes a new one.
#[derive(Debug)]
pub struct Chain {
    policies: Vec<Arc<dyn Policy>>,
    served: Served,
    /// Whether connections are told of client ids.
    client_ids: bool,
}

/// A request that is with the broker: who saw it, and what they noted.
#[derive(Debug)]
pub struct Pending {
    api: &'static Api,
    version: i16,
    silent: bool,
    /// What the client called itself then, if policies ask for it.
    client_id: Option<Arc<ClientId>>,
    /// The policies that are to see the response.
    seen: Vec<Seen>,
    /// What becomes of the names that are behind the head of a response which is passed on; none if that has the only one.
    names: Option<StreamedNames>,
}

/// A policy that saw a request.
#[derive(Debug)]
struct Seen {
    policy: usize,
    wants_response: bool,
    note: Note,
    /// The request as it came to the policy, for an error in the place of a response that the policy withholds. Record
    /// batches aren't kept.
    request: Option<Bytes>,
}

impl Chain {
    /// A chain of policies, the client's side first.
    ///
    /// Each policy is asked for its [interest](Policy::interest) in every version of every API here, and not again. An
    /// API's version that one of them doesn't support isn't served at all.
    pub fn new(policies: Vec<Arc<dyn Policy>>) -> Self {
        let served = Served::by(&policies);
        Self {
            policies,
            served,
            client_ids: false,
        }
    }

    /// The same chain, for policies that ask for [`Connection::client_id`]: it is looked at in each request.
    #[must_use]
    pub fn with_client_ids(mut self) -> Self {
        self.client_ids = true;
        self
    }

    /// The same chain, behind something that answers SaslHandshake and SaslAuthenticate: clients are told that they are
    /// served.
    #[must_use]
    pub fn behind_sasl(mut self) -> Self {
        self.served.add_sasl();
        self
    }

    /// The answer to an ApiVersions request from what the broker has said to another one, in version
    /// [`ApiVersions::VERSION`]: for a client that isn't let through to the broker yet. What is learned of it is the
    /// connection's.
    ///
    /// # Errors
    /// When the version has no place for something that the broker has said.
    pub fn api_versions(
        &self,
        connection: &Connection,
        version: i16,
        broker: &ApiVersions,
    ) -> Result<Response, WalkError> {
        let (response, versions) = self.served.answer(version, broker)?;
        connection.learn_broker_versions(versions);
        Ok(response)
    }

    /// Which versions of which APIs are served.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// Shows a request to the policies that are interested in it.
    ///
    /// One that has a [`Rest`] is forwarded, or comes to nothing: it is answered by [`Reply::Whole`] then.
    pub fn request(&self, connection: &Connection, request: &mut Request) -> Outcome<Pending> {
        if self.client_ids {
            connection.call(client_id(&request.head).unwrap_or_default());
        }
        if let Some(rest) = request.rest.take() {
            return self.begin(connection, request, rest);
        }
        if self.served.interested(request.api.key, request.version).is_none() {
            return self.refuse(request);
        }
        let outcome = self.forward(connection, request, 0);
        self.mark(connection, request, outcome)
    }

    /// Notes with a request that goes on how its response may come back.
    fn mark(&self, connection: &Connection, request: &mut Request, mut outcome: Outcome<Pending>) -> Outcome<Pending> {
        if let Outcome::Forward(pending) = &mut outcome {
            request.streams = request.streams.and(self.streams(connection, pending));
        }
        outcome
    }

    /// Takes a request of which a policy asked something first further, with the reply to that.
    ///
    /// `request` is the one that [`request`](Self::request) was given.
    pub fn resume(
        &self,
        connection: &Connection,
        request: &mut Request,
        asking: Box<Asking>,
        reply: Reply,
    ) -> Outcome<Pending> {
        let outcome = asking.resume(self, connection, request, reply);
        self.mark(connection, request, outcome)
    }

    /// Shows a request to those of the interested policies that stand at `first` or behind.
    fn forward(&self, connection: &Connection, request: &mut Request, first: usize) -> Outcome<Pending> {
        let interested = self.served.interested(request.api.key, request.version);
        let pending = Pending {
            api: request.api,
            version: request.version,
            silent: request.body.is_silent(request.api, request.version),
            client_id: self.client_ids.then(|| connection.called()),
            seen: Vec::with_capacity(interested.map_or(0, <[_]>::len)),
            names: None,
        };
        self.forward_rest(connection, request, pending, first)
    }

    fn forward_rest(
        &self,
        connection: &Connection,
        request: &mut Request,
        mut pending: Pending,
        first: usize,
    ) -> Outcome<Pending> {
        let interested = self.served.interested(request.api.key, request.version);
        for interested in interested.unwrap_or_default() {
            let Some(policy) = self
                .policies
                .get(interested.policy)
                .filter(|_| interested.policy >= first)
            else {
                continue;
            };
            let keeps = interested.response && request.api.key != ApiKey::PRODUCE;
            let seen = Seen {
                policy: interested.policy,
                note: Note::default(),
                request: keeps.then(|| request.body_bytes()),
                wants_response: interested.response,
            };
            let decision = if interested.request {
                policy.request(connection, request)
            } else {
                Decision::Forward(Note::default())
            };
            pending = match self.decide(connection, request, pending, seen, decision) {
                ControlFlow::Continue(pending) => pending,
                ControlFlow::Break(outcome) => return outcome,
            };
        }
        Outcome::Forward(pending)
    }

    /// Does what a policy has decided of a request; goes on if the policies behind it are to see the request next.
    fn decide(
        &self,
        connection: &Connection,
        request: &mut Request,
        mut pending: Pending,
        mut seen: Seen,
        decision: Decision,
    ) -> ControlFlow<Outcome<Pending>, Pending> {
        ControlFlow::Break(match decision {
            Decision::Forward(note) => {
                if seen.wants_response {
                    seen.note = note;
                    pending.seen.push(seen);
                }
                return ControlFlow::Continue(pending);
            }
            Decision::Ask(question) => Asking::begin(self, connection, request, Asker { pending, seen }, question),
            // As a broker does: the producer notices, and refreshes its metadata.
            Decision::Answer(_) if pending.silent => Outcome::Close(format!(
                "a Produce request with acks=0 was refused by {}, which only a disconnect can tell",
                self.name(&seen)
            )),
            Decision::Answer(response) => self.response(connection, pending, Reply::Response(response)),
            Decision::Close(reason) => Outcome::Close(reason),
        })
    }

    fn name(&self, seen: &Seen) -> &str {
        self.policies
            .get(seen.policy)
            .map_or("a policy", |policy| policy.name())
    }

    /// Shows a reply to the policies that saw its request, in reverse. Gives [`Outcome::Reply`] or [`Outcome::Close`].
    ///
    /// When a policy withholds the response, an error that answers the request takes its place from there on; the
    /// response to a Produce request, of which nothing is kept, ends the connection instead.
    pub fn response(&self, connection: &Connection, pending: Pending, reply: Reply) -> Outcome<Pending> {
        let Reply::Response(mut response) = reply else {
            return Outcome::Reply(reply);
        };
        // Requests that came since may have another one.
        if let Some(client_id) = &pending.client_id {
            connection.call_again(client_id);
        }
        if let Some(rest) = response.rest.take() {
            return self.pass(connection, pending, response, rest);
        }
        let Pending { api, version, seen, .. } = pending;
        if api.key == ApiKey::API_VERSIONS {
            match self.served.cut(version, &mut response) {
                Ok(versions) => connection.learn_broker_versions(versions),
                Err(error) => {
                    return Outcome::Close(format!("the broker's ApiVersions response is malformed: {error}"));
                }
            }
        }
        for Seen {
            policy, note, request, ..
        } in seen.into_iter().rev()
        {
            let Some(policy) = self.policies.get(policy) else {
                continue;
            };
            let answer = Answer {
                api,
                version,
                note: &note,
                response: &mut response,
            };
            let Err(withheld) = policy.response(connection, answer) else {
                continue;
            };
            if withheld.ends_connection {
                return Outcome::Close(withheld.reason);
            }
            tracing::error!(
                virtual_cluster = &*connection.virtual_cluster,
                api = api.name,
                version,
                policy = policy.name(),
                "a response was withheld from the client: {withheld}"
            );
            let code = ErrorCode::UNKNOWN_SERVER_ERROR;
            let error = request
                .and_then(|request| trimmed(request, |body| Response::error(api, version, &body, code, None)).ok());
            match error {
                Some(error) => response = error,
                None => return Outcome::Close(withheld.reason),
            }
        }
        Outcome::Reply(Reply::Response(response))
    }

    fn refuse(&self, request: &mut Request) -> Outcome<Pending> {
        if request.api.key == ApiKey::API_VERSIONS {
            return Outcome::Reply(Reply::Response(self.served.unsupported()));
        }
        if request.body.is_silent(request.api, request.version) {
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
            Err(error) => Outcome::Close(request.malformed(&error)),
        }
    }
}
