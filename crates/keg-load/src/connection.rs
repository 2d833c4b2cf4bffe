//! A client's connection, blocking: threads and large reads cost less here than a runtime would.

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Outcome;
use crate::requests::{self, CORRELATION_ID, Call, Topic};
use crate::target::Target;

/// How long an answer may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(60);

trait Transport: Read + Write + Send {}
impl<T: Read + Write + Send> Transport for T {}

/// How to connect to a target; made once for many connections.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    target: Target,
    tls: Option<Arc<ClientConfig>>,
}

impl Connector {
    pub(crate) fn new(target: &Target) -> Outcome<Self> {
        let tls = match &target.ca {
            None => None,
            Some(file) => {
                let mut roots = RootCertStore::empty();
                roots.add(
                    CertificateDer::from_pem_file(file).map_err(|error| format!("{}: {error}", file.display()))?,
                )?;
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()?
                    .with_root_certificates(roots)
                    .with_no_client_auth();
                Some(Arc::new(config))
            }
        };
        Ok(Self {
            target: target.clone(),
            tls,
        })
    }

    /// Connects, and does what every Kafka client does first: ApiVersions, and SASL if there is a user.
    pub(crate) fn connect(&self) -> Outcome<Connection> {
        let stream = TcpStream::connect(self.target.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let transport: Box<dyn Transport> = match &self.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::try_from("localhost")?;
                Box::new(StreamOwned::new(
                    ClientConnection::new(Arc::clone(config), name)?,
                    stream,
                ))
            }
        };
        let mut connection = Connection { transport, next: 0 };
        let call = Call::new(ApiKey::API_VERSIONS, 3)?;
        let mut request = call.request();
        request.set("ClientSoftwareName", Value::text("keg-load"));
        request.set("ClientSoftwareVersion", Value::text("1"));
        connection.ask(call, &request)?;
        if let Some((user, password)) = &self.target.user {
            connection.authenticate(user, password)?;
        }
        Ok(connection)
    }
}

/// A connection that is ready for requests.
pub(crate) struct Connection {
    transport: Box<dyn Transport>,
    next: i32,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Sends a frame with the next correlation id.
    pub(crate) fn send(&mut self, frame: &mut [u8]) -> Outcome {
        if let Some(place) = frame.get_mut(CORRELATION_ID) {
            place.copy_from_slice(&self.next.to_be_bytes());
        }
        self.next = self.next.wrapping_add(1);
        self.transport.write_all(frame)?;
        Ok(self.transport.flush()?)
    }

    /// Reads a response's frame, without its length.
    pub(crate) fn receive(&mut self) -> Outcome<Vec<u8>> {
        let mut length = [0; 4];
        self.transport.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length))?];
        self.transport.read_exact(&mut frame)?;
        Ok(frame)
    }

    /// Reads a response and forgets it; how many bytes its frame had, without its length.
    pub(crate) fn skip(&mut self, buffer: &mut [u8]) -> Outcome<usize> {
        let mut length = [0; 4];
        self.transport.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length))?;
        let mut left = length;
        while left > 0 {
            let size = left.min(buffer.len());
            let read = self.transport.read(buffer.get_mut(..size).unwrap_or_default())?;
            if read == 0 {
                return Err("the connection ended in a response".into());
            }
            left -= read;
        }
        Ok(length)
    }

    pub(crate) fn ask(&mut self, call: Call, request: &Struct) -> Outcome<Struct> {
        self.send(&mut call.frame(request)?)?;
        let response = call.response(self.receive()?)?;
        match requests::errors(&response).as_slice() {
            [] => Ok(response),
            errors => Err(format!("{} was answered with the errors {errors:?}", call.api.name).into()),
        }
    }

    /// What the cluster says of a topic.
    pub(crate) fn topic(&mut self, name: &str) -> Outcome<Topic> {
        let call = Call::new(ApiKey::METADATA, 12)?;
        let mut request = call.request();
        let mut asked = requests::nested(&request, "Topics", call)?;
        asked.set("Name", Value::text(name));
        request.set("Topics", Value::Array(vec![Value::Struct(asked)]));
        request.set("AllowAutoTopicCreation", Value::Integer(0));
        let response = self.ask(call, &request)?;
        let topic = response.elements("Topics").next().ok_or("Metadata has no topic")?;
        let Some(Value::Uuid(id)) = topic.get("TopicId") else {
            return Err("Metadata has no topic id".into());
        };
        Ok(Topic {
            name: name.to_owned(),
            id: *id,
            partitions: i32::try_from(topic.elements("Partitions").count())?,
        })
    }

    fn authenticate(&mut self, user: &str, password: &str) -> Outcome {
        let call = Call::new(ApiKey::SASL_HANDSHAKE, 1)?;
        let mut request = call.request();
        request.set("Mechanism", Value::text("PLAIN"));
        self.ask(call, &request)?;
        let call = Call::new(ApiKey::SASL_AUTHENTICATE, 2)?;
        let mut request = call.request();
        request.set("AuthBytes", Value::Bytes(format!("\0{user}\0{password}").into_bytes()));
        self.ask(call, &request)?;
        Ok(())
    }
}
