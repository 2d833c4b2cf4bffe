//! A broker that does what the test says, byte by byte.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{MetadataResponse, ResponseHeader};
use kafka_protocol::protocol::{Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;
use super::client::framed;

pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    accepted: mpsc::UnboundedReceiver<Link>,
    task: JoinHandle<()>,
}

/// A connection that the gateway has opened for a client.
pub(crate) struct Link {
    pub(crate) stream: TcpStream,
    first: Option<Bytes>,
}

impl Scripted {
    /// Answers the gateway's own question for nodes; everything else is left to the test.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, accepted) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let sender = sender.clone();
                tokio::spawn(async move {
                    let first = read(&mut stream).await?;
                    if first.ends_with(b"\0\x03keg\0\0\0\0\0") {
                        stream.write_all(&metadata(address)).await.ok()?;
                        return stream.read_u8().await.ok();
                    }
                    let first = Some(first);
                    sender.send(Link { stream, first }).ok().map(|()| 0)
                });
            }
        });
        Self {
            address,
            accepted,
            task,
        }
    }

    /// The connection of the next client that has sent something.
    pub(crate) async fn accept(&mut self) -> Link {
        timeout(PATIENCE, self.accepted.recv()).await.expect("in time").unwrap()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link {
    /// The next request; `None` at the end of the connection.
    pub(crate) async fn request(&mut self) -> Option<Bytes> {
        match self.first.take() {
            Some(first) => Some(first),
            None => timeout(PATIENCE, read(&mut self.stream)).await.expect("in time"),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }
}

/// The correlation id of a request.
pub(crate) fn correlation_id(request: &[u8]) -> i32 {
    i32::from_be_bytes(request[4..8].try_into().unwrap())
}

/// A response with this body; its header has no tags.
pub(crate) fn response(correlation_id: i32, body: &[u8]) -> Bytes {
    framed(&[&correlation_id.to_be_bytes(), body].concat())
}

pub(crate) async fn read(stream: &mut TcpStream) -> Option<Bytes> {
    let length = stream.read_u32().await.ok()?;
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame.into())
}

pub(crate) fn metadata(address: SocketAddr) -> Bytes {
    let broker = MetadataResponseBroker::default()
        .with_node_id(0.into())
        .with_host(StrBytes::from_static_str("127.0.0.1"))
        .with_port(i32::from(address.port()));
    let mut out = BytesMut::new();
    ResponseHeader::default().encode(&mut out, 0).unwrap();
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .encode(&mut out, 4)
        .unwrap();
    framed(&out)
}
