//! One connection: requests are answered one after the other, as Kafka does.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::RequestKind;
use keg_codec::header::HeaderError;
use keg_codec::{ApiKey, RequestFrame};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tracing::{debug, warn};

use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::handlers::{self, Answer, Call};
use crate::versions;
use crate::wire::{self, Frames, WireError};

/// Serves a connection to its end.
pub(crate) async fn run(cluster: Arc<Cluster>, node: i32, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(node, %peer, %error, "no TCP_NODELAY");
    }
    let (reader, writer) = stream.into_split();
    let frames = Frames::new(reader, cluster.settings.max_frame_bytes);
    let mut connection = Connection {
        cluster,
        node,
        peer,
        host: format!("/{}", peer.ip()),
        writer,
        held: None,
    };
    match connection.serve(frames).await {
        Ok(()) => debug!(node, %peer, "connection closed"),
        Err(error) if error.is_departure() => debug!(node, %peer, %error, "connection closed"),
        Err(error) => warn!(node, %peer, %error, "connection closed"),
    }
}

#[derive(Debug)]
struct Connection {
    cluster: Arc<Cluster>,
    node: i32,
    peer: SocketAddr,
    /// The peer as Kafka's tools print it.
    host: String,
    writer: OwnedWriteHalf,
    /// A reply that goes out behind the next one.
    held: Option<BytesMut>,
}

/// What follows on a request.
enum Next {
    Reply(BytesMut),
    Silence,
    Close,
}

impl Connection {
    async fn serve<R: AsyncRead + Unpin>(&mut self, mut frames: Frames<R>) -> Result<(), WireError> {
        while let Some(frame) = frames.next().await? {
            if !self.exchange(frame).await? {
                break;
            }
        }
        Ok(())
    }

    /// Answers one request; false if the connection is over.
    async fn exchange(&mut self, frame: Bytes) -> Result<bool, WireError> {
        let request = match RequestFrame::parse(frame) {
            Ok(request) => request,
            // An unknown version has an unknown schema, and so no reply, but for the one that every client reads.
            Err(HeaderError::UnknownVersion {
                api, correlation_id, ..
            }) if api.key == ApiKey::API_VERSIONS => {
                let response = handlers::api_versions(Some(ResponseError::UnsupportedVersion));
                let reply = wire::api_versions_refusal(correlation_id, &response.into())?;
                return self.send(Some(reply), None).await;
            }
            Err(error) => return Err(error.into()),
        };
        let fault = self.cluster.faults.take(self.node, request.api.key.0);
        if let Some(fault) = &fault {
            debug!(node = self.node, peer = %self.peer, api = request.api.name, ?fault, "fault");
        }
        let next = match fault {
            Some(Fault::DisconnectBeforeHandling) => Next::Close,
            Some(Fault::Error(code)) => self.refuse(&request, code)?,
            _ => self.answer(&request).await?,
        };
        match next {
            Next::Reply(reply) => self.send(Some(reply), fault).await,
            Next::Silence => self.send(None, fault).await,
            Next::Close => Ok(false),
        }
    }

    async fn answer(&self, request: &RequestFrame) -> Result<Next, WireError> {
        let supported = versions::of(request.api.key.0).filter(|versions| versions.contains(request.version));
        let Some(supported) = supported else {
            warn!(node = self.node, peer = %self.peer, api = request.api.name, version = request.version,
                "unsupported: see the versions that the broker advertises");
            if request.api.key == ApiKey::API_VERSIONS {
                let response = handlers::api_versions(Some(ResponseError::UnsupportedVersion));
                return wire::reply(request, 0, &response.into()).map(Next::Reply);
            }
            return self.refuse(request, ResponseError::UnsupportedVersion.code());
        };
        let call = Call {
            cluster: &self.cluster,
            node: self.node,
            version: request.version,
            client_id: request.client_id().unwrap_or_default(),
            client_host: &self.host,
        };
        match handlers::handle(&call, wire::body(request, supported.api_key)?).await {
            Answer::Reply(response) => wire::reply(request, request.version, &response).map(Next::Reply),
            Answer::Silence => Ok(Next::Silence),
            Answer::Close => Ok(Next::Close),
        }
    }

    /// Answers with nothing but an error; a producer that wants no answers is told by the end of its connection.
    fn refuse(&self, request: &RequestFrame, code: i16) -> Result<Next, WireError> {
        if let Some(supported) = versions::of(request.api.key.0)
            && supported.contains(request.version)
            && let RequestKind::Produce(produce) = wire::body(request, supported.api_key)?
            && produce.acks == 0
        {
            return Ok(Next::Close);
        }
        wire::refusal(request, code).map(Next::Reply)
    }

    /// Sends a reply, if there is one, with what is wrong with it; false if the connection is over.
    async fn send(&mut self, reply: Option<BytesMut>, fault: Option<Fault>) -> Result<bool, WireError> {
        if let Some(Fault::Delay(delay)) = fault {
            tokio::time::sleep(delay).await;
        }
        if fault == Some(Fault::DisconnectBeforeReply) {
            return Ok(false);
        }
        let Some(mut reply) = reply else {
            return Ok(fault != Some(Fault::DisconnectAfterReply));
        };
        match fault {
            Some(Fault::Truncate(length)) => {
                reply.truncate(length.saturating_add(4));
                self.writer.write_all(&reply).await?;
                return Ok(false);
            }
            Some(Fault::Shorten(length)) => {
                reply.truncate(length.saturating_add(4));
                wire::finish(&mut reply);
            }
            Some(Fault::WrongCorrelationId) => {
                if let Some(last) = reply.get_mut(7) {
                    *last ^= 0x55;
                }
            }
            Some(Fault::SwapWithNext) if self.held.is_none() => {
                self.held = Some(reply);
                return Ok(true);
            }
            _ => {}
        }
        self.writer.write_all(&reply).await?;
        if let Some(held) = self.held.take() {
            self.writer.write_all(&held).await?;
        }
        Ok(fault != Some(Fault::DisconnectAfterReply))
    }
}
