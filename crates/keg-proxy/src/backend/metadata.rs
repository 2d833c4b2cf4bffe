//! The gateway's own question to a backend cluster: which nodes are there.

use std::collections::BTreeMap;

use bytes::BytesMut;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ResponseFrame, WriteQueue, frame, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::connect::{ConnectError, first_of};
use super::{Backend, HostPort};
use crate::stream::Stream;

/// Every Kafka since 0.11 knows this version, in which an empty list of topics asks for none.
const VERSION: i16 = 4;

/// The answer holds nodes alone.
const MAX_ANSWER: usize = 1024 * 1024;

pub(super) async fn nodes(backend: &Backend) -> Result<BTreeMap<i32, HostPort>, ConnectError> {
    let settings = &backend.settings;
    let mut last = ConnectError::NoAddress;
    // Nodes that were there before, in case that none of the bootstrap servers is up.
    for address in settings.bootstrap_servers.iter().cloned().chain(backend.nodes.all()) {
        let tls = settings.tls.as_ref().map(keg_tls::Live::config);
        let attempt = async {
            let mut stream = first_of(std::slice::from_ref(&address), tls, settings.connect_timeout).await?;
            let answered = timeout(settings.connect_timeout, ask(&mut stream)).await;
            let malformed = |reason| ConnectError::Malformed {
                address: address.clone(),
                reason,
            };
            answered
                .map_err(|_| ConnectError::Timeout {
                    address: address.clone(),
                    timeout: settings.connect_timeout,
                })?
                .map_err(malformed)
        };
        match attempt.await {
            Ok(nodes) => return Ok(nodes),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask(stream: &mut Stream) -> Result<BTreeMap<i32, HostPort>, String> {
    let api = Api::of(ApiKey::METADATA).ok_or("keg has no table for Metadata")?;
    stream
        .write_all(&request(api)?)
        .await
        .map_err(|error| error.to_string())?;
    let mut buffer = BytesMut::new();
    let frame = loop {
        if let Some(frame) = frame::decode(&mut buffer, MAX_ANSWER).map_err(|error| error.to_string())? {
            break frame;
        }
        if stream.read_buf(&mut buffer).await.map_err(|error| error.to_string())? == 0 {
            return Err("it closed the connection; does its listener want TLS or SASL?".to_owned());
        }
    };
    let (_, body) = ResponseFrame::parse(frame)
        .and_then(|it| it.split(api, VERSION))
        .map_err(|error| error.to_string())?;
    let response = Struct::read(&api.response, VERSION, &body).map_err(|error| error.to_string())?;
    Ok(response
        .get("Brokers")
        .and_then(Value::as_array)
        .unwrap_or_default()
        .iter()
        .filter_map(node)
        .collect())
}

fn request(api: &'static Api) -> Result<Vec<u8>, String> {
    let mut body = Struct::new(api.request.fields, VERSION);
    body.set("Topics", Value::Array(Vec::new()));
    body.set("AllowAutoTopicCreation", Value::Integer(0));
    let body = body.write(&api.request, VERSION).map_err(|error| error.to_string())?;
    let mut head = Vec::new();
    head.extend(api.key.0.to_be_bytes());
    head.extend(VERSION.to_be_bytes());
    head.extend([0; 4]);
    head.extend(3_i16.to_be_bytes());
    head.extend(b"keg");
    let mut queue = WriteQueue::default();
    header::write_request(&mut queue, &head, 0, bytes::Bytes::from(body).into());
    Ok(queue.to_vec())
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
