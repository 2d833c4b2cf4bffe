//! The gateway's own questions to a backend cluster: which nodes are there, and what they serve.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ResponseFrame, WriteQueue, frame, header};
use keg_policy::ApiVersions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::certificate::NoAnswer;
use super::connect::ConnectError;
use super::proof::{Broker, ProofError};
use super::questions::Question;
use super::{Backend, HostPort, Leg};
use crate::error::Over;
use crate::stream::Stream;

/// Every Kafka since 0.11 knows this version, in which an empty list of topics asks for none.
const VERSION: i16 = 4;

/// The answers hold nodes, or versions, alone.
const MAX_ANSWER: usize = 1024 * 1024;

/// Asks for the nodes.
pub(super) async fn nodes(backend: &Backend) -> Result<BTreeMap<i32, HostPort>, ConnectError> {
    ask(backend, async |stream| ask_nodes(stream).await).await
}

/// Asks what is served.
pub(super) async fn api_versions(backend: &Backend) -> Result<ApiVersions, ConnectError> {
    ask(backend, async |stream| {
        let said = ask_versions(stream, ApiVersions::VERSION).await?;
        match said.is_unsupported() {
            true => ask_versions(stream, 0).await,
            false => Ok(said),
        }
    })
    .await
}

/// Asks the bootstrap servers; and the nodes that were there before, in case that none of those is up.
async fn ask<T>(
    backend: &Backend,
    question: impl AsyncFn(&mut Stream) -> Result<T, NoAnswer>,
) -> Result<T, ConnectError> {
    let bootstrap = &backend.settings.bootstrap_servers;
    let mut last = ConnectError::NoAddress;
    for (place, address) in backend.preferred.order(bootstrap) {
        match ask_node(backend, address, &question).await {
            Ok(answer) => {
                backend.preferred.answered(place);
                return Ok(answer);
            }
            Err(error) => last = error,
        }
    }
    for address in backend.nodes.all() {
        if !bootstrap.contains(&address)
            && let Ok(answer) = ask_node(backend, &address, &question).await
        {
            return Ok(answer);
        }
    }
    Err(last)
}

async fn ask_node<T>(
    backend: &Backend,
    address: &HostPort,
    question: &impl AsyncFn(&mut Stream) -> Result<T, NoAnswer>,
) -> Result<T, ConnectError> {
    let settings = &backend.settings;
    let mut connected = backend.connect_to(address, Leg::Gateways).await?;
    let answer = timeout(settings.connect_timeout, question(&mut connected.stream)).await;
    let answer = answer.map_err(|_| ConnectError::Timeout {
        address: address.clone(),
        timeout: settings.connect_timeout,
    })?;
    let answer = answer.map_err(|error| match error {
        NoAnswer::Certificate(alert) => backend.refused_certificate(address.clone(), alert),
        NoAnswer::Other(reason) => ConnectError::Malformed {
            address: address.clone(),
            reason,
        },
    })?;
    backend.note_answer();
    Ok(answer)
}

async fn ask_nodes(stream: &mut Stream) -> Result<BTreeMap<i32, HostPort>, NoAnswer> {
    let api = Api::of(ApiKey::METADATA).ok_or_else(|| NoAnswer::other("keg has no table for Metadata"))?;
    let mut request = Struct::new(api.request.fields, VERSION);
    request.set("Topics", Value::Array(Vec::new()));
    request.set("AllowAutoTopicCreation", Value::Integer(0));
    let body = exchange(stream, api, VERSION, &request).await?;
    let response = Struct::read(&api.response, VERSION, &body).map_err(NoAnswer::other)?;
    let brokers = response.get("Brokers").and_then(Value::as_array).unwrap_or_default();
    let nodes: BTreeMap<_, _> = brokers.iter().filter_map(node).collect();
    if nodes.is_empty() {
        return Err(NoAnswer::other("it knows no nodes yet"));
    }
    Ok(nodes)
}

async fn ask_versions(stream: &mut Stream, version: i16) -> Result<ApiVersions, NoAnswer> {
    let api = Api::of(ApiKey::API_VERSIONS).ok_or_else(|| NoAnswer::other("keg has no table for ApiVersions"))?;
    let mut request = Struct::new(api.request.fields, version);
    request.set("ClientSoftwareName", Value::text("keg"));
    request.set("ClientSoftwareVersion", Value::text(env!("CARGO_PKG_VERSION")));
    let body = exchange(stream, api, version, &request).await?;
    ApiVersions::read(&body).map_err(NoAnswer::other)
}

/// Sends a request, and gives the body of its response.
async fn exchange(stream: &mut Stream, api: &'static Api, version: i16, request: &Struct) -> Result<Bytes, NoAnswer> {
    let body = request.write(&api.request, version).map_err(NoAnswer::other)?;
    exchange_bytes(stream, api, version, body.into()).await
}

/// The same, with a request that is written already.
async fn exchange_bytes(stream: &mut Stream, api: &'static Api, version: i16, body: Bytes) -> Result<Bytes, NoAnswer> {
    let head = header::request_head(api, version, b"keg");
    let mut queue = WriteQueue::default();
    header::write_request(&mut queue, &head, 0, body.into());
    let sent = async {
        stream.write_all(&queue.to_vec()).await?;
        stream.flush().await
    };
    let sent = sent.await.map_err(NoAnswer::from);
    let mut buffer = BytesMut::new();
    if let Err(error) = sent {
        // A node that has closed the connection may have said why before.
        let read = stream.read_buf(&mut buffer).await.map_err(NoAnswer::from);
        return Err(match read {
            Err(refused @ NoAnswer::Certificate(_)) => refused,
            _ => error,
        });
    }
    let frame = loop {
        if let Some(frame) =
            frame::decode(&mut buffer, MAX_ANSWER).map_err(|error| NoAnswer::other(Over::response(error)))?
        {
            break frame;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(NoAnswer::other(
                "it closed the connection; does its listener want TLS or SASL?",
            ));
        }
    };
    let (_, body) = ResponseFrame::parse(frame)
        .and_then(|it| it.split(api, version))
        .map_err(NoAnswer::other)?;
    Ok(body)
}

/// A node that is asked before anything else is sent to it.
pub(crate) struct Asked<'a>(pub(crate) &'a mut Stream);

impl Broker for Asked<'_> {
    async fn ask(&mut self, question: Question) -> Result<Bytes, ProofError> {
        let Question { api, version, body, .. } = question;
        let answer = exchange_bytes(self.0, api, version, body).await;
        answer.map_err(|error| match error {
            NoAnswer::Certificate(alert) => ProofError::Certificate(alert),
            NoAnswer::Other(reason) => ProofError::Undecided(reason),
        })
    }
}

fn node(broker: &Value) -> Option<(i32, HostPort)> {
    let broker = broker.as_struct()?;
    let integer = |name| broker.get(name).and_then(Value::as_integer);
    let host = broker.get("Host").and_then(Value::as_text)?.to_owned();
    Some((
        integer("NodeId")?.try_into().ok()?,
        HostPort {
            host,
            port: integer("Port")?.try_into().ok()?,
        },
    ))
}
