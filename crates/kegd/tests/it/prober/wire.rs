//! Frames over TCP.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::decode::{decode, response_body};
use super::definitions::Definitions;
use super::encode::{encode, header};

/// Longer than any request is told to wait, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const IMPATIENCE: Duration = Duration::from_secs(1);

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    next: i32,
}

/// A connection that speaks in messages, to make and look at things; what it does not understand fails the test.
#[derive(Debug)]
pub(crate) struct Kafka<'a> {
    definitions: &'a Definitions,
    wire: Wire,
    client_id: String,
}

impl Wire {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, next: 0 })
    }

    /// Whether to wait for an answer as long as it may take, or just long enough for one that nobody expects.
    pub(crate) fn be_patient(&mut self, patient: bool) {
        let time = if patient { PATIENCE } else { IMPATIENCE };
        self.stream.set_read_timeout(Some(time)).unwrap();
    }

    /// Sends a request, and gives back the correlation id that its response will have.
    pub(crate) fn send(
        &mut self,
        key: i16,
        version: i16,
        flexible: bool,
        client_id: &str,
        body: &[u8],
    ) -> io::Result<i32> {
        let id = self.next;
        self.next += 1;
        let header = header(key, version, flexible, id, client_id);
        let mut frame = u32::try_from(header.len() + body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(header);
        frame.extend(body);
        self.stream.write_all(&frame)?;
        Ok(id)
    }

    /// The next frame, with the correlation id that it begins with.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }
}

impl<'a> Kafka<'a> {
    pub(crate) fn connect(definitions: &'a Definitions, address: &str, client_id: &str) -> Self {
        let wire = Wire::connect(address).unwrap();
        Self {
            definitions,
            wire,
            client_id: client_id.to_owned(),
        }
    }

    /// Sends a request and waits for its response.
    pub(crate) fn call(&mut self, api: &str, version: i16, request: &Value) -> Value {
        self.try_call(api, version, request)
            .unwrap_or_else(|error| panic!("{api} {version} with {request}: {error}"))
    }

    pub(crate) fn try_call(&mut self, api: &str, version: i16, request: &Value) -> Result<Value, String> {
        let message = self.definitions.message(&format!("{api}Request"));
        let body = encode(message, version, request);
        let flexible = message.is_flexible(version);
        let sent = self
            .wire
            .send(message.key.unwrap(), version, flexible, &self.client_id, &body);
        let frame = sent
            .and_then(|_| self.wire.receive())
            .map_err(|error| error.to_string())?;
        let response = self.definitions.response(api);
        decode(response, version, response_body(response, version, &frame)?)
    }

    /// Makes topics of one partition on the first node, and gives their ids.
    pub(crate) fn create_on_first(&mut self, names: &[String]) -> Vec<Value> {
        let topic = |name: &String| {
            let assignments = [json!({"PartitionIndex": 0, "BrokerIds": [1]})];
            json!({"Name": name, "NumPartitions": -1, "ReplicationFactor": -1, "Assignments": assignments})
        };
        let topics: Vec<Value> = names.iter().map(topic).collect();
        let created = self.settle("CreateTopics", 7, &json!({"Topics": topics, "timeoutMs": 20_000}));
        let id_of = |name: &String| {
            let topics = created["Topics"].as_array().unwrap();
            topics.iter().find(|it| it["Name"] == **name).unwrap()["TopicId"].clone()
        };
        names.iter().map(id_of).collect()
    }

    /// As [`call`](Self::call), until no error code of the response is one of those that pass by themselves.
    pub(crate) fn settle(&mut self, api: &str, version: i16, request: &Value) -> Value {
        let start = std::time::Instant::now();
        loop {
            let response = self.call(api, version, request);
            let codes = error_codes(&response);
            if codes.iter().all(|code| *code == 0) {
                return response;
            }
            let passes = codes.iter().all(|code| PASSING.contains(code)) && start.elapsed() < Duration::from_secs(60);
            assert!(passes, "{api} {version} with {request}: {response}");
        }
    }
}

/// None; not known yet; loading; not available; not the coordinator; a concurrent transaction.
const PASSING: [i64; 8] = [0, 3, 5, 6, 14, 15, 16, 51];

/// Every error code in a response.
pub(crate) fn error_codes(response: &Value) -> Vec<i64> {
    match response {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_i64() {
                Some(code) if name.ends_with("ErrorCode") => vec![code],
                _ => error_codes(value),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(error_codes).collect(),
        _ => Vec::new(),
    }
}
