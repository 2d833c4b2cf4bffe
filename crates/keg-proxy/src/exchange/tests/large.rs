//! What tests of large messages have in common.

use keg_policy::{AddressBook, Connection, Policy, PolicyLayer};
use tower_layer::Layer;

use super::*;

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Far more than is held of a message that is passed on.
pub(super) const LENGTH: usize = 4_000_000;

pub(super) fn limits() -> Limits {
    Limits {
        max_response_wait: 100 * SECOND,
        stall_timeout: 10 * SECOND,
        ..Limits::default()
    }
}

/// So many bytes, in which it shows where a piece is missing.
pub(super) fn body(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// An exchange in which a response of [`LENGTH`] bytes was asked for, and its frame.
pub(super) async fn asked(capacity: usize) -> (Rig, Vec<u8>) {
    let mut rig = marked_rig(&limits(), capacity, true);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    let request = read(&mut rig.broker).await.unwrap();
    let reply = response(id(&request, 4), &body(LENGTH));
    (rig, reply)
}

#[derive(Debug)]
struct NoAddresses;

impl AddressBook for NoAddresses {
    fn advertise(&self, _: i32) -> Result<(Arc<str>, u16), String> {
        Err("there is none".to_owned())
    }

    fn learn(&self, _: i32, _: &str, _: u16) {}
}

/// What puts policies in front of a broker.
pub(super) fn layer(policies: Vec<Arc<dyn Policy>>) -> PolicyLayer<Arc<Chain>> {
    let connection = Connection::new("team", "User:ANONYMOUS", Arc::new(NoAddresses));
    PolicyLayer::new(Arc::new(Chain::new(policies)), Arc::new(connection))
}

/// An exchange behind policies.
pub(super) fn behind(policies: Vec<Arc<dyn Policy>>, capacity: usize) -> Rig {
    rig_with(&limits(), capacity, |link| layer(policies).layer(link))
}
