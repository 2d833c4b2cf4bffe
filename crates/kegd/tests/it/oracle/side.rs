//! One of the two clusters that are compared, over a connection of one's own.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use keg_codec::header::{request_head, write_request};
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ResponseFrame, WriteQueue};

/// Longer than any request of a sequence makes a broker wait.
const PATIENCE: Duration = Duration::from_secs(12);

/// What comes back for a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Response(Struct),
    /// The connection was closed, which is how brokers refuse what has no response.
    Closed,
    /// No response was to come, and the connection is open.
    Nothing,
    /// No response came. There are requests that brokers forget to answer.
    Silence,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Side {
    address: String,
    stream: TcpStream,
    correlation_id: i32,
}

impl Side {
    pub(super) fn connect(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: stream(address),
            correlation_id: 0,
        }
    }

    /// Sends a request, and gives what [`receive`](Self::receive) has to know.
    pub(super) fn send(&mut self, api: &'static Api, version: i16, request: &Struct) -> Asked {
        let silent = api.key == ApiKey::PRODUCE && request.get("Acks") == Some(&Value::Integer(0));
        self.write(api, version, request);
        if silent {
            // Requests are answered in their order: this one's answer says that the one before was taken.
            let ping = Api::of(ApiKey::API_VERSIONS).unwrap();
            self.write(ping, 0, &Struct::new(ping.request.fields, 0));
            return Asked {
                api: ping,
                version: 0,
                silent,
            };
        }
        Asked { api, version, silent }
    }

    pub(super) fn receive(&mut self, asked: Asked) -> Outcome {
        let frame = match self.read() {
            Ok(frame) => frame,
            Err(error) => {
                self.stream = stream(&self.address);
                return match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => Outcome::Silence,
                    _ => Outcome::Closed,
                };
            }
        };
        let response = ResponseFrame::parse(frame).unwrap();
        assert_eq!(response.correlation_id, self.correlation_id);
        let (_, body) = response.split(asked.api, asked.version).unwrap();
        if asked.silent {
            return Outcome::Nothing;
        }
        let Asked { api, version, .. } = asked;
        Outcome::Response(
            Struct::read(&api.response, version, &body)
                .unwrap_or_else(|error| panic!("{} {version}: {error}: {body:?}", api.name)),
        )
    }

    /// A request that is always answered.
    pub(super) fn ask(&mut self, key: ApiKey, version: i16, fill: impl FnOnce(&mut Struct)) -> Struct {
        let api = Api::of(key).unwrap();
        let mut request = Struct::new(api.request.fields, version);
        fill(&mut request);
        let asked = self.send(api, version, &request);
        match self.receive(asked) {
            Outcome::Response(response) => response,
            outcome => panic!("{} to {}: {outcome:?}", api.name, self.address),
        }
    }

    fn write(&mut self, api: &'static Api, version: i16, request: &Struct) {
        self.correlation_id += 1;
        let head = request_head(api, version, b"oracle");
        let body = Bytes::from(request.write(&api.request, version).unwrap());
        let mut frame = WriteQueue::default();
        write_request(&mut frame, &head, self.correlation_id, body.into());
        // One that is closed says so when it is read from.
        let _ = self.stream.write_all(&frame.to_vec());
    }

    fn read(&mut self) -> std::io::Result<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut frame)?;
        Ok(frame.into())
    }
}

/// What a response is to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    api: &'static Api,
    version: i16,
    silent: bool,
}

fn stream(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
