//! What an expression can ask of a client: the variable `context`.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use cel::common::types::{CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use keg_policy::{AddressBook, Connection, NamePattern, Origin};

/// Its name.
pub(super) const VARIABLE: &str = "context";
/// The member whose own members are different for every client.
pub(super) const CLAIMS: &str = "claims";

/// What becomes of the texts of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// They are what they are.
    Plain,
    /// They can be put into patterns of names, and match themselves there.
    Escaped,
}

impl Strings {
    fn value<'v>(self, text: &'v str) -> Box<dyn Val + 'v> {
        match self {
            Self::Plain => Box::new(CelString::from(text)),
            Self::Escaped => Box::new(CelString::from(NamePattern::escape(text))),
        }
    }
}

/// What is known of the client of a connection.
pub(super) fn of(connection: &Connection, strings: Strings) -> CelMap<'_> {
    let principal = &*connection.principal;
    let (principal_type, name) = principal.split_once(':').unwrap_or(("", principal));
    map([
        (
            "auth",
            boxed([
                (
                    "principal",
                    boxed([("type", strings.value(principal_type)), ("name", strings.value(name))]),
                ),
                (CLAIMS, boxed([])),
            ]),
        ),
        (
            "virtual_cluster",
            boxed([("name", strings.value(&connection.virtual_cluster))]),
        ),
        (
            "listener",
            boxed([("name", strings.value(&connection.origin.listener))]),
        ),
        ("source", boxed([("address", address(connection))])),
    ])
}

/// As text; none has a character with a meaning in names.
fn address<'v>(connection: &Connection) -> Box<dyn Val + 'v> {
    let address = connection.origin.address.map(|it| it.to_string());
    Box::new(CelString::from(address.unwrap_or_default()))
}

fn map<'v, const N: usize>(members: [(&'static str, Box<dyn Val + 'v>); N]) -> CelMap<'v> {
    let members = members.into_iter().map(|(name, value)| (CelMapKey::from(name), value));
    CelMap::from(members.collect::<HashMap<_, _>>())
}

fn boxed<'v, const N: usize>(members: [(&'static str, Box<dyn Val + 'v>); N]) -> Box<dyn Val + 'v> {
    Box::new(map(members))
}

/// A client to try expressions with.
pub(super) fn sample() -> Connection {
    #[derive(Debug)]
    struct Nowhere;

    impl AddressBook for Nowhere {
        fn advertise(&self, _node_id: i32) -> Result<(Arc<str>, u16), String> {
            Err("this is no client".to_owned())
        }

        fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
    }

    Connection::new("cluster", "User:name", Arc::new(Nowhere)).with_origin(Origin {
        listener: "listener".into(),
        address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
    })
}
