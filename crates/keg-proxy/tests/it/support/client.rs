//! A client of one address, which speaks Kafka with another codec than the gateway's.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer};
use keg_tls::{ClientTls, Live, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::PATIENCE;

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(crate) struct Client {
    pub(crate) stream: Box<dyn Io>,
    sent: i32,
}

impl Client {
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn tls(address: SocketAddr, settings: &Live<ClientTls>, name: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        Self::over(
            keg_tls::connect(stream, settings.config(), name, deadline)
                .await
                .unwrap(),
        )
    }

    pub(crate) fn over(stream: impl Io + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            sent: 100,
        }
    }

    /// Sends a request and reads its response.
    pub(crate) async fn call<R: Request>(&mut self, version: i16, request: R) -> R::Response {
        let correlation_id = self.send(version, &request).await;
        let (answered, response) = self.receive::<R>(version).await;
        assert_eq!(answered, correlation_id);
        response
    }

    /// Sends a request; gives its correlation id.
    pub(crate) async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let frame = self.frame_of(version, request);
        self.write(&frame).await;
        self.sent
    }

    /// The next request as a frame.
    pub(crate) fn frame_of<R: Request>(&mut self, version: i16, request: &R) -> Bytes {
        let mut body = BytesMut::new();
        request.encode(&mut body, version).unwrap();
        self.sent += 1;
        framed(&[&header(R::KEY, version, self.sent)[..], &body].concat())
    }

    /// Sends a body under the header of a version that the codec doesn't have.
    pub(crate) async fn send_unknown(&mut self, api_key: i16, version: i16, body: &[u8]) -> i32 {
        self.sent += 1;
        let mut frame = BytesMut::new();
        frame.put_i16(api_key);
        frame.put_i16(version);
        frame.put_i32(self.sent);
        frame.put_slice(b"\0\x04test\0");
        frame.put_slice(body);
        self.write(&framed(&frame)).await;
        self.sent
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Says that nothing more comes.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next response and its correlation id.
    pub(crate) async fn receive<R: Request>(&mut self, version: i16) -> (i32, R::Response) {
        decode::<R>(version, self.frame().await.expect("a response"))
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

    /// Whether nothing comes for a moment.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_millis(50), self.stream.read_u8()).await.is_err()
    }

    /// What comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A connection that is closed with bytes unread is reset.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut rest))
            .await
            .expect("in time");
        rest
    }
}

fn header(api_key: i16, version: i16, correlation_id: i32) -> BytesMut {
    let header = RequestHeader::default()
        .with_request_api_key(api_key)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("test")));
    let mut out = BytesMut::new();
    encode_request_header_into_buffer(&mut out, &header).unwrap();
    out
}

pub(crate) fn decode<R: Request>(version: i16, mut frame: Bytes) -> (i32, R::Response) {
    let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version)).unwrap();
    let response = R::Response::decode(&mut frame, version).unwrap();
    assert!(frame.is_empty(), "{} byte(s) too many", frame.len());
    (header.correlation_id, response)
}

pub(crate) fn framed(bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(bytes.len()).unwrap());
    frame.put_slice(bytes);
    frame.freeze()
}
