//! The policies of a virtual cluster, in their order.

mod api_versions;
mod asking;
mod head;
mod pending;
mod sending;
mod served;
mod streaming;
mod topics;

use std::sync::Arc;

use keg_codec::header::client_id;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

pub use api_versions::ApiVersions;
use asking::Asker;
pub use asking::Asking;
use pending::Kept;
pub use pending::Pending;
pub use sending::request_head;
pub use served::Served;
pub use streaming::{Rest, StreamedNames, streamed_head};
use topics::Told;

use crate::connection::Connection;
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

/// The connection ends with a response that is none of its API.
fn malformed(api: &Api, error: &WalkError) -> Outcome<Pending> {
    Outcome::Close(format!("the broker's {} response is malformed: {error}", api.name))
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
    pub fn request(&self, connection: &Arc<Connection>, request: &mut Request) -> Outcome<Pending> {
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
        let client_id = self.client_ids.then(|| connection.called());
        let pending = Pending::new(request, client_id, first);
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
            let kept = Kept::before(interested, request);
            let decision = if interested.request {
                policy.request(connection, request)
            } else {
                Decision::Forward(Note::default())
            };
            match decision {
                Decision::Forward(note) => pending.goes_past(kept, note),
                decision => return self.decide(connection, request, Asker { pending, kept }, decision),
            }
        }
        Outcome::Forward(pending)
    }

    /// Does what a policy has decided of a request that is shown to it.
    fn decide(
        &self,
        connection: &Connection,
        request: &mut Request,
        asker: Asker,
        decision: Decision,
    ) -> Outcome<Pending> {
        let Asker { mut pending, kept } = asker;
        match decision {
            Decision::Forward(note) => {
                let next = kept.policy() + 1;
                pending.goes_past(kept, note);
                self.forward_rest(connection, request, pending, next)
            }
            Decision::Ask(question) => Asking::begin(self, connection, request, Asker { pending, kept }, question),
            // As a broker does: the producer notices, and refreshes its metadata.
            Decision::Answer(_) if pending.silent => Outcome::Close(format!(
                "a Produce request with acks=0 was refused by {}, which only a disconnect can tell",
                self.name(&kept)
            )),
            Decision::Answer(response) => self.response(connection, pending, Reply::Response(response)),
            Decision::Close(reason) => Outcome::Close(reason),
        }
    }

    fn name(&self, kept: &Kept) -> &str {
        self.policies
            .get(kept.policy())
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
        let (api, version) = (pending.api, pending.version);
        let refused = pending
            .refused
            .as_deref()
            .map(|refused| refused.take(api, version, &mut response));
        let told = match refused.transpose() {
            Ok(told) => told.unwrap_or_default(),
            Err(error) => return malformed(api, &error),
        };
        if api.key == ApiKey::API_VERSIONS {
            match self.served.cut(version, &mut response) {
                Ok(versions) => connection.learn_broker_versions(versions),
                Err(error) => return malformed(api, &error),
            }
        }
        if self.has_nothing_for_policies(&pending, &mut response) {
            return Self::reply(&pending, told, response);
        }
        for (policy, note, request) in self.awaiting(&pending).rev() {
            let answer = Answer {
                api,
                version,
                note,
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
                .and_then(|request| trimmed(request, |body| Response::error(api, version, body, code, None)).ok());
            match error {
                Some(error) => response = error,
                None => return Outcome::Close(withheld.reason),
            }
        }
        Self::reply(&pending, told, response)
    }

    /// Hands a response back that the policies have seen.
    fn reply(pending: &Pending, told: Told, mut response: Response) -> Outcome<Pending> {
        let (api, version) = (pending.api, pending.version);
        match told.tell(api, version, &mut response) {
            Ok(()) => Outcome::Reply(Reply::Response(response)),
            Err(error) => malformed(api, &error),
        }
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
