//! An address book that remembers what it was taught.

use std::sync::{Arc, Mutex};

use keg_policy::AddressBook;

pub(crate) const GATEWAY: &str = "gateway.example";

/// Where clients reach node 0.
pub(crate) const FIRST_PORT: u16 = 20_000;

/// Knows the nodes 0 to 9.
#[derive(Debug, Default)]
pub(crate) struct Book {
    learned: Mutex<Vec<(i32, String, u16)>>,
}

impl Book {
    pub(crate) fn learned(&self) -> Vec<(i32, String, u16)> {
        std::mem::take(&mut *self.learned.lock().unwrap())
    }
}

impl AddressBook for Book {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        match u16::try_from(node_id) {
            Ok(node @ ..=9) => Ok((GATEWAY.into(), FIRST_PORT + node)),
            _ => Err(format!("node {node_id} has no port: 20000-20009 are for nodes 0-9")),
        }
    }

    fn learn(&self, node_id: i32, host: &str, port: u16) {
        self.learned.lock().unwrap().push((node_id, host.to_owned(), port));
    }
}
