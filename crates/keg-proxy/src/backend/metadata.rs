//! The gateway's own question to a backend cluster: which nodes are there.

use std::collections::BTreeMap;

use bytes::BytesMut;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ResponseFrame, WriteQueue, frame, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::connect::{ConnectError, connect};
use super::{Backend, HostPort};
use crate::error::Over;
use crate::stream::Stream;

/// Every Kafka since 0.11 knows this version, in which an empty list of topics asks for none.
const VERSION: i16 = 4;

/// The answer holds nodes alone.
const MAX_ANSWER: usize = 1024 * 1024;

/// Asks the bootstrap servers for the nodes; and the nodes that were there before, in case that none of those is up.
pub(super) async fn nodes(backend: &Backend) -> Result<BTreeMap<i32, HostPort>, ConnectError> {
    let bootstrap = &backend.settings.bootstrap_servers;
    let mut last = ConnectError::NoAddress;
    for (place, address) in backend.preferred.order(bootstrap) {
        match ask(backend, address).await {
            Ok(nodes) => {
                backend.preferred.answered(place);
                return Ok(nodes);
            }
            Err(error) => last = error,
        }
    }
    for address in backend.nodes.all() {
        if !bootstrap.contains(&address)
            && let Ok(nodes) = ask(backend, &address).await
        {
            return Ok(nodes);
        }
    }
    Err(last)
}

async fn ask(backend: &Backend, address: &HostPort) -> Result<BTreeMap<i32, HostPort>, ConnectError> {
    let settings = &backend.settings;
    let tls = settings.tls.as_ref().map(keg_tls::Live::config);
    let mut stream = connect(address, tls, settings.connect_timeout).await?;
    let answer = timeout(settings.connect_timeout, exchange(&mut stream)).await;
    answer
        .map_err(|_| ConnectError::Timeout {
            address: address.clone(),
            timeout: settings.connect_timeout,
        })?
        .map_err(|reason| ConnectError::Malformed {
            address: address.clone(),
            reason,
        })
}

async fn exchange(stream: &mut Stream) -> Result<BTreeMap<i32, HostPort>, String> {
    let api = Api::of(ApiKey::METADATA).ok_or("keg has no table for Metadata")?;
    stream
        .write_all(&request(api)?)
        .await
        .map_err(|error| error.to_string())?;
    stream.flush().await.map_err(|error| error.to_string())?;
    let mut buffer = BytesMut::new();
    let frame = loop {
        if let Some(frame) =
            frame::decode(&mut buffer, MAX_ANSWER).map_err(|error| Over::response(error).to_string())?
        {
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
    let brokers = response.get("Brokers").and_then(Value::as_array).unwrap_or_default();
    let nodes: BTreeMap<_, _> = brokers.iter().filter_map(node).collect();
    if nodes.is_empty() {
        return Err("it knows no nodes yet".to_owned());
    }
    Ok(nodes)
}

fn request(api: &'static Api) -> Result<Vec<u8>, String> {
    let mut body = Struct::new(api.request.fields, VERSION);
    body.set("Topics", Value::Array(Vec::new()));
    body.set("AllowAutoTopicCreation", Value::Integer(0));
    let body = body.write(&api.request, VERSION).map_err(|error| error.to_string())?;
    let head = header::request_head(api, VERSION, b"keg");
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
