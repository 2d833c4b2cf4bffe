//! The few requests that a quickstart makes itself.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Type;
use keg_codec::{Api, ApiKey, ErrorCode, ResponseFrame, WriteQueue, frame, header};
use keg_proxy::HostPort;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Every Kafka since 0.11 knows this version of Metadata, and every Kafka since 2.4 this one of CreateTopics, in which
/// -1 leaves the replicas to the cluster.
const METADATA: i16 = 4;
const CREATE_TOPICS: i16 = 4;

const TOPIC_ALREADY_EXISTS: ErrorCode = ErrorCode(36);

/// How long one request may take, and how long connecting may.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

const MAX_ANSWER: usize = 1024 * 1024;

/// Why a request was not answered as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is nobody.
    #[error("{address} can't be connected to: {error}")]
    Connect {
        /// Where.
        address: HostPort,
        /// Why.
        error: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {address} broke: {error}")]
    Closed {
        /// Where.
        address: HostPort,
        /// How.
        error: io::Error,
    },
    /// It took too long.
    #[error("{address} did not answer within {timeout:?}")]
    Timeout {
        /// Where.
        address: HostPort,
        /// How long it was given.
        timeout: Duration,
    },
    /// That isn't Kafka.
    #[error("{address} gave an answer that is not Kafka's: {reason}")]
    Malformed {
        /// Where.
        address: HostPort,
        /// What is wrong with it.
        reason: String,
    },
    /// Kafka refuses.
    #[error("{address} answered with Kafka's error code {code}{}{}", if .message.is_empty() { "" } else { ": " }, .message)]
    Refused {
        /// Where.
        address: HostPort,
        /// Kafka's error code.
        code: i16,
        /// What Kafka says about it.
        message: String,
    },
}

/// What a cluster says about itself.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) nodes: BTreeMap<i32, HostPort>,
    controller: i32,
}

/// Asks for the nodes.
pub(super) async fn describe(address: &HostPort) -> Result<Cluster, ClientError> {
    let answer = Client::connect(address)
        .await?
        .call(ApiKey::METADATA, METADATA, |body| {
            body.set("Topics", Value::Array(Vec::new()));
            body.set("AllowAutoTopicCreation", Value::Integer(0));
        })
        .await?;
    let nodes = elements(&answer, "Brokers").filter_map(node).collect();
    let controller = integer(&answer, "ControllerId").unwrap_or(-1);
    Ok(Cluster { nodes, controller })
}

/// Creates a topic, if it isn't there.
pub(super) async fn create_topic(bootstrap: &HostPort, name: &str, partitions: u16) -> Result<(), ClientError> {
    let cluster = describe(bootstrap).await?;
    // With ZooKeeper only the controller creates topics.
    let address = cluster.nodes.get(&cluster.controller).unwrap_or(bootstrap);
    let answer = Client::connect(address)
        .await?
        .call(ApiKey::CREATE_TOPICS, CREATE_TOPICS, |body| {
            let Some(mut topic) = element_of(body, "Topics", CREATE_TOPICS) else {
                return;
            };
            topic.set("Name", Value::text(name));
            topic.set("NumPartitions", Value::Integer(partitions.into()));
            topic.set("ReplicationFactor", Value::Integer(-1));
            body.set("Topics", Value::Array(vec![Value::Struct(topic)]));
            body.set(
                "timeoutMs",
                Value::Integer(TIMEOUT.as_millis().try_into().unwrap_or(i64::MAX)),
            );
        })
        .await?;
    let topic = elements(&answer, "Topics").next();
    let code = topic.and_then(|it| integer(it, "ErrorCode")).unwrap_or(-1);
    match ErrorCode(code) {
        ErrorCode::NONE | TOPIC_ALREADY_EXISTS => Ok(()),
        ErrorCode(code) => Err(ClientError::Refused {
            address: address.clone(),
            code,
            message: topic
                .and_then(|it| it.get("ErrorMessage")?.as_text())
                .unwrap_or_default()
                .to_owned(),
        }),
    }
}

/// A connection for one request after the other.
struct Client {
    stream: TcpStream,
    address: HostPort,
}

impl Client {
    async fn connect(address: &HostPort) -> Result<Self, ClientError> {
        let connecting = TcpStream::connect((address.host.as_str(), address.port));
        let stream = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| ClientError::Timeout {
                address: address.clone(),
                timeout: CONNECT_TIMEOUT,
            })?
            .map_err(|error| ClientError::Connect {
                address: address.clone(),
                error,
            })?;
        Ok(Self {
            stream,
            address: address.clone(),
        })
    }

    async fn call(&mut self, key: ApiKey, version: i16, fill: impl FnOnce(&mut Struct)) -> Result<Struct, ClientError> {
        let malformed = |address: &HostPort, reason: String| ClientError::Malformed {
            address: address.clone(),
            reason,
        };
        let api = Api::of(key).ok_or_else(|| malformed(&self.address, format!("there is no {key}")))?;
        let mut body = Struct::new(api.request.fields, version);
        fill(&mut body);
        let body = body
            .write(&api.request, version)
            .map_err(|error| malformed(&self.address, error.to_string()))?;
        let frame = timeout(TIMEOUT, self.exchange(&request(key, version, body)))
            .await
            .map_err(|_| ClientError::Timeout {
                address: self.address.clone(),
                timeout: TIMEOUT,
            })?
            .map_err(|error| ClientError::Closed {
                address: self.address.clone(),
                error,
            })?;
        ResponseFrame::parse(frame)
            .and_then(|it| it.split(api, version))
            .and_then(|(_, body)| Struct::read(&api.response, version, &body))
            .map_err(|error| malformed(&self.address, error.to_string()))
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<bytes::Bytes> {
        self.stream.write_all(request).await?;
        let mut buffer = BytesMut::new();
        loop {
            let frame = frame::decode(&mut buffer, MAX_ANSWER);
            if let Some(frame) = frame.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "there was no answer"));
            }
        }
    }
}

fn request(key: ApiKey, version: i16, body: Vec<u8>) -> Vec<u8> {
    const CLIENT_ID: &[u8] = b"\x00\x0ekeg-quickstart";
    let mut head = Vec::new();
    head.extend(key.0.to_be_bytes());
    head.extend(version.to_be_bytes());
    head.extend([0; 4]);
    head.extend(CLIENT_ID);
    let mut queue = WriteQueue::default();
    header::write_request(&mut queue, &head, 0, bytes::Bytes::from(body).into());
    queue.to_vec()
}

/// An element of one of a structure's arrays, with defaults.
fn element_of(parent: &Struct, array: &str, version: i16) -> Option<Struct> {
    let field = parent.table().iter().find(|field| field.name == array)?;
    match field.ty {
        Type::Struct(fields) => Some(Struct::new(fields, version)),
        _ => None,
    }
}

fn elements<'a>(parent: &'a Struct, array: &str) -> impl Iterator<Item = &'a Struct> {
    let elements = parent.get(array).and_then(Value::as_array).unwrap_or_default();
    elements.iter().filter_map(Value::as_struct)
}

fn integer<T: TryFrom<i64>>(parent: &Struct, field: &str) -> Option<T> {
    parent.get(field)?.as_integer()?.try_into().ok()
}

fn node(broker: &Struct) -> Option<(i32, HostPort)> {
    let address = HostPort {
        host: broker.get("Host")?.as_text()?.to_owned(),
        port: integer(broker, "Port")?,
    };
    Some((integer(broker, "NodeId")?, address))
}
