//! Stands between clients and the brokers themselves. What comes off either socket is inspected as it is; only then are
//! the brokers' addresses replaced, so that clients come back here.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use bytes::Bytes;
use keg_codec::{Api, Direction, RequestFrame, ResponseFrame, WriteQueue, header};
use keg_policy::{AddressBook, BrokerAddresses, Chain, Connection, Outcome, Pending, Reply, Request, Response};

use super::inspector::Inspector;

/// One listener for each broker.
#[derive(Debug)]
pub(super) struct Recorder {
    inspector: Arc<Inspector>,
    book: Arc<Ports>,
    stopped: Arc<AtomicBool>,
}

/// The ports of the recorder, in the order of the nodes' ids, which begin at 1.
#[derive(Debug)]
struct Ports(Vec<u16>);

impl AddressBook for Ports {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        let place = usize::try_from(node_id - 1).ok();
        let port = place.and_then(|place| self.0.get(place));
        port.map(|port| ("127.0.0.1".into(), *port))
            .ok_or_else(|| format!("there is no node {node_id}"))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

/// What both directions of a connection have in common.
#[derive(Clone)]
struct Shared {
    inspector: Arc<Inspector>,
    chain: Arc<Chain>,
    connection: Arc<Connection>,
}

/// A request whose response is yet to come.
struct InFlight {
    api: &'static Api,
    version: i16,
    correlation_id: i32,
    pending: Pending,
}

impl Recorder {
    /// Stands before brokers that are given in the order of their ids.
    pub(super) fn start(brokers: &str) -> Self {
        let brokers: Vec<String> = brokers.split(',').map(str::to_owned).collect();
        let listeners: Vec<_> = brokers
            .iter()
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports = listeners.iter().map(|listener| listener.local_addr().unwrap().port());
        let recorder = Self {
            inspector: Arc::default(),
            book: Arc::new(Ports(ports.collect())),
            stopped: Arc::default(),
        };
        for (listener, broker) in listeners.into_iter().zip(brokers) {
            let (inspector, book) = (Arc::clone(&recorder.inspector), Arc::clone(&recorder.book));
            let stopped = Arc::clone(&recorder.stopped);
            thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    if stopped.load(Ordering::Acquire) {
                        break;
                    }
                    let shared = Shared {
                        inspector: Arc::clone(&inspector),
                        chain: Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)])),
                        connection: Arc::new(Connection::new("recorded", "User:ANONYMOUS", Arc::clone(&book) as _)),
                    };
                    shared.serve(client, TcpStream::connect(&broker).unwrap());
                }
            });
        }
        recorder
    }

    pub(super) fn bootstrap(&self) -> String {
        let addresses: Vec<_> = self.book.0.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        addresses.join(",")
    }

    pub(super) fn inspector(&self) -> &Inspector {
        &self.inspector
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Whoever accepts has to see it.
        for port in &self.book.0 {
            drop(TcpStream::connect(("127.0.0.1", *port)));
        }
    }
}

impl Shared {
    fn serve(self, client: TcpStream, broker: TcpStream) {
        let (sender, receiver) = channel();
        let (from_client, to_broker) = (client.try_clone().unwrap(), broker.try_clone().unwrap());
        let requests = self.clone();
        thread::spawn(move || requests.requests(from_client, to_broker, &sender));
        thread::spawn(move || self.responses(broker, client, &receiver));
    }

    fn requests(&self, mut client: TcpStream, mut broker: TcpStream, in_flight: &Sender<InFlight>) {
        while let Some(frame) = frame(&mut client) {
            let frame = match RequestFrame::parse(frame) {
                Ok(frame) => frame,
                Err(error) => {
                    self.inspector.problem(format!("a request: {error}"));
                    break;
                }
            };
            let RequestFrame {
                api,
                version,
                correlation_id,
                ..
            } = frame;
            self.inspector.inspect(api, version, Direction::Request, &frame.body);
            let is_silent = frame.is_silent();
            let mut request = Request::from(frame);
            let pending = match self.chain.request(&self.connection, &mut request) {
                Outcome::Forward(pending) => pending,
                other => {
                    self.inspector.problem(format!("{} v{version}: {other:?}", api.name));
                    break;
                }
            };
            let request_in_flight = InFlight {
                api,
                version,
                correlation_id,
                pending,
            };
            if !is_silent && in_flight.send(request_in_flight).is_err() {
                break;
            }
            let mut queue = WriteQueue::default();
            header::write_request(&mut queue, &request.head, correlation_id, request.body);
            if broker.write_all(&queue.to_vec()).is_err() {
                break;
            }
        }
        let _ = broker.shutdown(Shutdown::Both);
    }

    fn responses(&self, mut broker: TcpStream, mut client: TcpStream, in_flight: &Receiver<InFlight>) {
        while let Some(frame) = frame(&mut broker) {
            let Ok(request) = in_flight.recv() else { break };
            let InFlight {
                api,
                version,
                correlation_id,
                pending,
            } = request;
            let (head, body) = match ResponseFrame::parse(frame).and_then(|frame| frame.split(api, version)) {
                Ok(parts) => parts,
                Err(error) => {
                    self.inspector
                        .problem(format!("a response to {} v{version}: {error}", api.name));
                    break;
                }
            };
            self.inspector.inspect(api, version, Direction::Response, &body);
            let reply = Reply::Response(Response {
                head,
                body: body.into(),
                rest: None,
            });
            let Outcome::Reply(Reply::Response(response)) = self.chain.response(&self.connection, pending, reply)
            else {
                break;
            };
            let mut queue = WriteQueue::default();
            header::write_response(&mut queue, &response.head, correlation_id, response.body);
            if client.write_all(&queue.to_vec()).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    }
}

/// The next frame; none when the connection is over.
fn frame(from: &mut TcpStream) -> Option<Bytes> {
    let mut size = [0; 4];
    from.read_exact(&mut size).ok()?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    from.read_exact(&mut frame).ok()?;
    Some(frame.into())
}
