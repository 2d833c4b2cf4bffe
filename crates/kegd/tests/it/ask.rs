//! Requests to a broker, without a client around them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use keg_codec::header::request_head;
use keg_codec::{Api, ResponseFrame};

/// No broker takes longer to answer, or to close the connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// The body of the response, over a connection of its own.
pub(crate) fn ask(address: &str, api: &'static Api, version: i16, body: &[u8]) -> io::Result<Bytes> {
    say(&mut connect(address)?, api, version, body)
}

/// A connection to ask over.
pub(crate) fn connect(address: &str) -> io::Result<TcpStream> {
    let broker = TcpStream::connect(address)?;
    broker.set_read_timeout(Some(PATIENCE))?;
    Ok(broker)
}

/// The body of the response, over a connection that is there.
pub(crate) fn say(broker: &mut TcpStream, api: &'static Api, version: i16, body: &[u8]) -> io::Result<Bytes> {
    send(broker, api, version, body)?;
    hear(broker, api, version)
}

/// Sends a request, and doesn't wait for the response.
pub(crate) fn send(broker: &mut TcpStream, api: &'static Api, version: i16, body: &[u8]) -> io::Result<()> {
    let mut frame = request_head(api, version, b"keg").to_vec();
    frame.extend(body);
    broker.write_all(&u32::try_from(frame.len()).unwrap().to_be_bytes())?;
    broker.write_all(&frame)
}

/// The body of the next response.
pub(crate) fn hear(broker: &mut TcpStream, api: &'static Api, version: i16) -> io::Result<Bytes> {
    let mut size = [0; 4];
    broker.read_exact(&mut size)?;
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    broker.read_exact(&mut answer)?;
    let parts = ResponseFrame::parse(Bytes::from(answer)).and_then(|frame| frame.split(api, version));
    parts.map(|(_, body)| body).map_err(io::Error::other)
}
