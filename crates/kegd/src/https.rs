//! A small HTTPS client, for the endpoints that give out tokens and the keys that tokens are signed with.
//!
//! A connection is made for each request: they come minutes apart, and then nothing has to be kept, or found dead. What
//! the other side sends is bounded, in bytes and in time, and redirects are not followed: whoever answers one has not
//! been configured.

mod endpoint;
mod form;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use keg_tls::{BuildError, ClientConfig, ClientTls, HandshakeError, TrustBundle};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

pub use endpoint::{Endpoint, EndpointError};
pub(crate) use form::encode_text;

use crate::config::Secret;

/// The longest body that is read.
pub const MAX_BODY: usize = 1024 * 1024;

/// Asks endpoints over HTTPS. Clones share what they trust.
#[derive(Debug, Clone)]
pub struct HttpsClient {
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

/// What an endpoint has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, as in 200.
    pub status: u16,
    /// The body, of at most [`MAX_BODY`].
    pub body: Bytes,
}

/// Why there is no answer. Nothing of what was sent is in it.
#[derive(Debug, thiserror::Error)]
#[error("{endpoint}: {kind}")]
pub struct HttpsError {
    /// Who was asked.
    pub endpoint: String,
    /// What happened.
    pub kind: HttpsErrorKind,
}

/// What happened to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpsErrorKind {
    /// No connection.
    #[error("can't connect: {0}; check the address, and that the gateway may reach it")]
    Connect(#[source] io::Error),
    /// No TLS.
    #[error("{0}; if its certificate comes from an authority of your own, name that as ca_bundle")]
    Tls(#[source] HandshakeError),
    /// The connection ended early, or what came is not HTTP.
    #[error("the connection failed: {0}")]
    Http(#[source] hyper::Error),
    /// The body was cut short.
    #[error("the body can't be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    /// The body is too long.
    #[error("the body is longer than {MAX_BODY} bytes")]
    TooLong,
    /// Not in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// It is somewhere else.
    #[error("it answers with a redirect (status {0}), which is not followed; configure the final address")]
    Redirect(u16),
    /// Another status than that of success.
    #[error("it answers with status {0}")]
    Status(u16),
    /// What can't be sent.
    #[error("the request can't be made: {0}")]
    Request(#[source] hyper::http::Error),
}

impl HttpsClient {
    /// A client that trusts whom `tls` trusts. The timeout is one for all of a request: name, connection, handshake and
    /// answer.
    ///
    /// # Errors
    /// When the TLS settings can't be built.
    pub fn new(tls: &ClientTls, timeout: Duration) -> Result<Self, BuildError> {
        let tls = tls.build()?;
        Ok(Self { tls, timeout })
    }

    /// One that trusts these authorities, as PEM, or Mozilla's.
    ///
    /// # Errors
    /// When they can't be used, in words.
    pub(crate) fn trusting(ca_bundle: Option<&str>, timeout: Duration) -> Result<Self, String> {
        let mut tls = ClientTls::new();
        if let Some(pem) = ca_bundle {
            tls = tls.trust(TrustBundle::from_pem(pem).map_err(|error| format!("ca_bundle: {error}"))?);
        }
        Self::new(&tls, timeout).map_err(|error| error.to_string())
    }

    /// The same client with another timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Fetches a document of JSON.
    ///
    /// # Errors
    /// Also for every status but 200.
    pub async fn get(&self, endpoint: &Endpoint) -> Result<Bytes, HttpsError> {
        let answer = self.send(endpoint, Method::GET, None, Bytes::new()).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(endpoint.failed(HttpsErrorKind::Status(status))),
        }
    }

    /// Sends a form, as token endpoints take it (RFC 6749). `authorization` is the header of that name. Of a refusal,
    /// the status and the body are given back, since RFC 6749 puts the reason there.
    ///
    /// # Errors
    /// When there is no answer, or a redirect.
    pub async fn post_form(
        &self,
        endpoint: &Endpoint,
        fields: &[(&str, &str)],
        authorization: Option<&Secret>,
    ) -> Result<Answer, HttpsError> {
        let body = Bytes::from(form::encode(fields));
        self.send(endpoint, Method::POST, authorization, body).await
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        authorization: Option<&Secret>,
        body: Bytes,
    ) -> Result<Answer, HttpsError> {
        let deadline = Instant::now() + self.timeout;
        let request = request(endpoint, method, authorization, body)
            .map_err(|error| endpoint.failed(HttpsErrorKind::Request(error)))?;
        match timeout_at(deadline, self.exchange(endpoint, request, deadline)).await {
            Ok(answer) => answer.map_err(|kind| endpoint.failed(kind)),
            Err(_) => Err(endpoint.failed(HttpsErrorKind::Timeout(self.timeout))),
        }
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Answer, HttpsErrorKind> {
        let stream = TcpStream::connect((endpoint.host(), endpoint.port()))
            .await
            .map_err(HttpsErrorKind::Connect)?;
        match endpoint.server_name() {
            Some(name) => {
                let tls = keg_tls::connect(stream, Arc::clone(&self.tls), name.clone(), deadline);
                let stream = tls.await.map_err(|error| match error {
                    HandshakeError::Deadline => HttpsErrorKind::Timeout(self.timeout),
                    error => HttpsErrorKind::Tls(error),
                })?;
                over(stream, request).await
            }
            None => over(stream, request).await,
        }
    }
}

/// Sends a request over a connection, and reads the answer. The connection ends with it.
async fn over<IO>(io: IO, request: Request<Full<Bytes>>) -> Result<Answer, HttpsErrorKind>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(HttpsErrorKind::Http)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(HttpsErrorKind::Http)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpsErrorKind::Redirect(status.as_u16()));
        }
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|error| match error.is::<http_body_util::LengthLimitError>() {
            true => HttpsErrorKind::TooLong,
            false => HttpsErrorKind::Body(error),
        })?;
        Ok(Answer {
            status: status.as_u16(),
            body: body.to_bytes(),
        })
    };
    tokio::pin!(exchange, connection);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection may be at its end while the last of the answer waits to be taken.
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(HttpsErrorKind::Http(error)),
        },
    }
}

fn request(
    endpoint: &Endpoint,
    method: Method,
    authorization: Option<&Secret>,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let is_form = method == Method::POST;
    let mut request = Request::builder()
        .method(method)
        .uri(endpoint.path_and_query())
        .header(HOST, endpoint.authority())
        .header(USER_AGENT, concat!("keg/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "application/json");
    if is_form {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization.expose())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Full::new(body))
}

impl Answer {
    /// Whether the request was successful.
    #[must_use]
    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }
}
