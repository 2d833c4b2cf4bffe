//! A client of one node.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer};
use keg_devbroker::DevBroker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing takes so long: a test that would hang fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    stream: TcpStream,
    sent: i32,
}

impl Client {
    /// Connects to the node with this id, in a broker whose ids begin at 0.
    pub(crate) async fn connect(broker: &DevBroker, node: i32) -> Self {
        let address = broker.addresses()[usize::try_from(node).unwrap()];
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            sent: 0,
        }
    }

    pub(crate) async fn leader(broker: &DevBroker, topic: &str, partition: i32) -> Self {
        Self::connect(broker, broker.leader(topic, partition).unwrap()).await
    }

    pub(crate) async fn coordinator(broker: &DevBroker, group: &str) -> Self {
        Self::connect(broker, broker.coordinator(group).unwrap()).await
    }

    /// Sends a request and reads its response.
    pub(crate) async fn call<R: Request>(&mut self, version: i16, request: R) -> R::Response {
        let correlation_id = self.send(version, &request).await;
        let (answered, response) = self.receive::<R>(version).await.expect("a response");
        assert_eq!(answered, correlation_id);
        response
    }

    /// Sends a request; gives its correlation id.
    pub(crate) async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let mut body = BytesMut::new();
        request.encode(&mut body, version).unwrap();
        self.send_raw(R::KEY, version, &body).await
    }

    /// Sends a body under a header; gives its correlation id.
    pub(crate) async fn send_raw(&mut self, api_key: i16, version: i16, body: &[u8]) -> i32 {
        self.sent += 1;
        let header = RequestHeader::default()
            .with_request_api_key(api_key)
            .with_request_api_version(version)
            .with_correlation_id(self.sent)
            .with_client_id(Some(StrBytes::from_static_str("test")));
        let mut frame = BytesMut::new();
        encode_request_header_into_buffer(&mut frame, &header).unwrap();
        frame.extend_from_slice(body);
        self.write(&framed(&frame)).await;
        self.sent
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next response and its correlation id; `None` at the end of the connection.
    pub(crate) async fn receive<R: Request>(&mut self, version: i16) -> Option<(i32, R::Response)> {
        let frame = self.frame().await?;
        Some(decode::<R>(version, frame))
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        let length = timeout(PATIENCE, self.stream.read_u32()).await.expect("in time").ok()?;
        let mut frame = vec![0; length as usize];
        let read = timeout(PATIENCE, self.stream.read_exact(&mut frame))
            .await
            .expect("in time");
        read.ok().map(|_| frame.into())
    }

    /// What comes until the broker ends the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut rest))
            .await
            .expect("in time");
        // A connection that is closed with bytes unread is reset.
        read.map_or_else(|_| Vec::new(), |_| rest)
    }
}

pub(crate) fn decode<R: Request>(version: i16, mut frame: Bytes) -> (i32, R::Response) {
    let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version)).unwrap();
    let response = R::Response::decode(&mut frame, version)
        .unwrap_or_else(|error| panic!("{:?} v{version}: {error:#}", ApiKey::try_from(R::KEY)));
    assert!(
        frame.is_empty(),
        "{:?} v{version}: {} byte(s) too many",
        ApiKey::try_from(R::KEY),
        frame.len()
    );
    (header.correlation_id, response)
}

pub(crate) fn framed(bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(bytes.len()).unwrap());
    frame.put_slice(bytes);
    frame.freeze()
}
