//! A broker with users, whose sessions last a moment.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
    SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::scripted::{correlation_id, metadata, read, response};

const METADATA: i16 = 3;
const HEARTBEAT: i16 = 12;
const HANDSHAKE: i16 = 17;
const AUTHENTICATE: i16 = 36;

/// The head of a request of the gateway's: key, version, correlation id, "keg".
const HEAD: usize = 2 + 2 + 4 + 2 + 3;

const MECHANISMS: [&str; 2] = ["PLAIN", "OAUTHBEARER"];

/// How long a session lasts: the least that the gateway can keep up with.
pub(crate) const LIFETIME: Duration = Duration::from_millis(1_400);

/// Two users have the same password; and a token is good if it says so, or is a JWT.
fn is_right(token: &[u8]) -> bool {
    let good = [&b"n,,\x01auth=Bearer good-"[..], b"n,,\x01auth=Bearer ey"];
    [&b"\0keg\0secret"[..], b"\0ann\0secret"].contains(&token) || good.iter().any(|it| token.starts_with(it))
}

/// What came, by connection.
pub(crate) type Seen = Arc<Mutex<Vec<Vec<i16>>>>;

/// A broker which takes nothing else between a handshake and its token, and nothing when a session is over.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Seen,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let all = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, address, Arc::clone(&all)));
            }
        });
        Self { address, seen }
    }

    /// How many handshakes came.
    pub(crate) fn handshakes(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().flatten().filter(|key| **key == HANDSHAKE).count()
    }

    /// How many heartbeats came, and how many handshakes, on each connection with heartbeats.
    pub(crate) fn clients(&self) -> Vec<(usize, usize)> {
        let seen = self.seen.lock().unwrap();
        let count = |came: &[i16], key| came.iter().filter(|it| **it == key).count();
        let all = seen.iter().map(|came| (count(came, HEARTBEAT), count(came, HANDSHAKE)));
        all.filter(|(heartbeats, _)| *heartbeats > 0).collect()
    }
}

async fn serve(mut stream: TcpStream, address: SocketAddr, seen: Seen) -> Option<()> {
    let place = {
        let mut seen = seen.lock().unwrap();
        seen.push(Vec::new());
        seen.len() - 1
    };
    let (mut expects_token, mut end) = (false, Instant::now());
    loop {
        let request = read(&mut stream).await?;
        let key = i16::from_be_bytes([request[0], request[1]]);
        seen.lock().unwrap()[place].push(key);
        let id = correlation_id(&request);
        if expects_token != (key == AUTHENTICATE) {
            return None;
        }
        match key {
            HANDSHAKE => {
                let wanted = SaslHandshakeRequest::decode(&mut request.slice(HEAD..), 1).unwrap();
                let has = MECHANISMS.contains(&&*wanted.mechanism);
                expects_token = true;
                let mechanisms = MECHANISMS.map(StrBytes::from_static_str).to_vec();
                let answer = SaslHandshakeResponse::default()
                    .with_error_code(if has { 0 } else { 33 })
                    .with_mechanisms(mechanisms);
                stream.write_all(&response(id, &body(&answer, 1))).await.ok()?;
                if !has {
                    return None;
                }
            }
            AUTHENTICATE => {
                let token = SaslAuthenticateRequest::decode(&mut request.slice(HEAD..), 1).unwrap();
                let right = is_right(&token.auth_bytes);
                // So that there is time for something to come between that must not.
                sleep(Duration::from_millis(30)).await;
                expects_token = false;
                end = Instant::now() + LIFETIME;
                let answer = SaslAuthenticateResponse::default()
                    .with_error_code(if right { 0 } else { 58 })
                    .with_error_message((!right).then(|| StrBytes::from_static_str("who are you")))
                    .with_session_lifetime_ms(LIFETIME.as_millis() as i64);
                stream.write_all(&response(id, &body(&answer, 1))).await.ok()?;
                if !right {
                    return None;
                }
            }
            _ if Instant::now() > end => return None,
            METADATA => stream.write_all(&metadata(address)).await.ok()?,
            HEARTBEAT => stream.write_all(&response(id, &[0; 8])).await.ok()?,
            key => panic!("a request of API {key}"),
        }
    }
}

fn body(response: &impl Encodable, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    response.encode(&mut out, version).unwrap();
    out.freeze()
}

pub(crate) fn heartbeat() -> HeartbeatRequest {
    HeartbeatRequest::default().with_group_id(GroupId(StrBytes::from_static_str("workers")))
}

/// Sends, two requests at a time, until it was so for this long or the connection has ended; how many were answered.
pub(crate) async fn keep_busy(client: &mut Client, time: Duration) -> Result<usize, usize> {
    let (end, mut answered) = (Instant::now() + time, 0);
    while Instant::now() < end {
        let ids = [client.send(4, &heartbeat()).await, client.send(4, &heartbeat()).await];
        for id in ids {
            let Some(frame) = client.frame().await else {
                return Err(answered);
            };
            assert_eq!(frame[..4], id.to_be_bytes());
            answered += 1;
        }
    }
    Ok(answered)
}

/// Asks for a mechanism; gives the error, and the mechanisms that there are.
pub(crate) async fn handshake(client: &mut Client, version: i16, mechanism: &'static str) -> (i16, Vec<String>) {
    let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism));
    let response = client.call(version, request).await;
    let mechanisms = response.mechanisms.iter().map(ToString::to_string);
    (response.error_code, mechanisms.collect())
}

/// Shows a token.
pub(crate) async fn token(client: &mut Client, token: impl Into<Bytes>) -> SaslAuthenticateResponse {
    let request = SaslAuthenticateRequest::default().with_auth_bytes(token.into());
    client.call(2, request).await
}

/// The message of a bearer token.
pub(crate) fn bearer(token: &str) -> Bytes {
    format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}").into()
}
