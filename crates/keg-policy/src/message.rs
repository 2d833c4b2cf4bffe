//! Requests and replies as policies see them.

use bytes::Bytes;
use keg_codec::header::{client_id, request_head, response_head};
use keg_codec::message::Struct;
use keg_codec::walk::{WalkError, check};
use keg_codec::{Api, ErrorCode, RequestFrame, Rope, error_reply};

use crate::chain::Rest;

/// A request on its way from the client to the broker.
#[derive(Debug, Clone)]
pub struct Request {
    /// The API.
    pub api: &'static Api,
    /// The version of the API, one that keg's tables have.
    pub version: i16,
    /// What the client called the request.
    pub correlation_id: i32,
    /// The header as the client sent it; the correlation id is replaced on the way out.
    pub head: Bytes,
    /// What follows the header, or as much of it as [`request_head`](crate::request_head) says.
    pub body: Rope,
    /// What is still to come of the body. Who needs all of it before it decides answers by [`Reply::Whole`].
    pub rest: Option<Box<Rest>>,
    /// How much of the response must be there before it is handed back, the rest behind it with a [`Rest`]. A
    /// [`Chain`](crate::Chain) asks for as much of what it forwards as its policies look at; who else looks at whole
    /// responses sets it to [`Streams::No`].
    pub streams: Streams,
}

impl Request {
    /// A request that the gateway makes itself, on behalf of the client of another request and under its client id.
    ///
    /// # Errors
    /// When a value is too long for its field, or null where the version doesn't allow it.
    pub fn local(api: &'static Api, version: i16, body: &Struct, on_behalf_of: &Self) -> Result<Self, WalkError> {
        let client_id = client_id(&on_behalf_of.head).unwrap_or_default();
        Ok(Self {
            api,
            version,
            correlation_id: 0,
            head: request_head(api, version, client_id),
            body: Bytes::from(body.write(&api.request, version)?).into(),
            rest: None,
            streams: Streams::No,
        })
    }

    /// The body in one piece; after this it is in one piece.
    pub fn body_bytes(&mut self) -> Bytes {
        contiguous(&mut self.body)
    }

    /// Reads the body, of which only what was read goes on: it is cut behind its last field.
    pub(crate) fn trimmed<T>(
        &mut self,
        mut read: impl FnMut(&mut Self, &Bytes) -> Result<T, WalkError>,
    ) -> Result<T, WalkError> {
        let body = self.body_bytes();
        trimmed(&body, |trimmed| {
            if trimmed.len() < body.len() {
                self.body = trimmed.clone().into();
            }
            read(self, trimmed)
        })
    }

    /// Cuts off what stands behind the last field, if all before it can be read.
    pub(crate) fn cut_off_trailing_bytes(&mut self) {
        // What else is wrong is told by whoever reads it.
        let _ = self.trimmed(|request, body| check(&request.api.request, request.version, body));
    }

    /// Why a connection ends on which this request came, which can't be read.
    pub(crate) fn malformed(&self, error: &WalkError) -> String {
        format!(
            "a malformed {} request (version {}): {error}",
            self.api.name, self.version
        )
    }

    /// A response to the whole request that says the error.
    pub(crate) fn error(&mut self, error: ErrorCode, message: Option<&str>) -> Result<Response, WalkError> {
        self.trimmed(|request, body| Response::error(request.api, request.version, body, error, message))
    }
}

impl From<RequestFrame> for Request {
    fn from(frame: RequestFrame) -> Self {
        let RequestFrame {
            api,
            version,
            correlation_id,
            head,
            body,
        } = frame;
        Self {
            api,
            version,
            correlation_id,
            head,
            body: body.into(),
            rest: None,
            streams: Streams::Unseen,
        }
    }
}

/// How much of a response must be there before it is handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Streams {
    /// All of it.
    #[default]
    No,
    /// Its [head](crate::streamed_head).
    BehindHead,
    /// Its head with the name of the only topic, or all of it if it has several.
    BehindName,
    /// Nothing: nobody looks at it.
    Unseen,
}

impl Streams {
    /// What must be there for both of two who see the response one after the other. One head is all that is passed on behind.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unseen, one) | (one, Self::Unseen) => one,
            _ => Self::No,
        }
    }
}

/// A response on its way from the broker to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The header as the broker sent it; the correlation id is replaced on the way out.
    pub head: Bytes,
    /// What follows the header, or its beginning.
    pub body: Rope,
    /// What is still to come of the body.
    pub rest: Option<Box<Rest>>,
}

impl Response {
    /// A response that the gateway makes itself.
    pub fn local(api: &Api, version: i16, body: impl Into<Bytes>) -> Self {
        Self {
            head: response_head(api, version),
            body: Rope::from(body.into()),
            rest: None,
        }
    }

    /// A response that answers every part of the request with the error.
    ///
    /// # Errors
    /// When the request's body is malformed.
    pub fn error(
        api: &'static Api,
        version: i16,
        request: &[u8],
        error: ErrorCode,
        message: Option<&str>,
    ) -> Result<Self, WalkError> {
        Ok(Self::local(
            api,
            version,
            error_reply(api, version, request, error, message)?,
        ))
    }

    /// The body in one piece; after this it is in one piece.
    pub fn body_bytes(&mut self) -> Bytes {
        contiguous(&mut self.body)
    }
}

/// What the client gets for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A response.
    Response(Response),
    /// Nothing: a Produce request with acks=0.
    Silent,
    /// Nothing yet: the request had a [`Rest`], and must be whole before it goes anywhere. It was not sent.
    Whole,
}

/// Reads a request's body without what follows its last field.
///
/// Brokers don't look there, and there are clients that leave something: librdkafka 2.0.2 sends three bytes too many
/// when it asks for the metadata of all topics. What nobody has read must not go on to the broker, so it is cut off.
pub(crate) fn trimmed<T>(body: &Bytes, mut read: impl FnMut(&Bytes) -> Result<T, WalkError>) -> Result<T, WalkError> {
    match read(body) {
        Err(WalkError::TrailingBytes { count }) => read(&body.slice(..body.len().saturating_sub(count))),
        outcome => outcome,
    }
}

fn contiguous(body: &mut Rope) -> Bytes {
    if let [whole] = body.pieces() {
        return whole.clone();
    }
    let whole = std::mem::take(body).into_bytes();
    *body = Rope::from(whole.clone());
    whole
}
