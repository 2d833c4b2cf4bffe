//! What an expression can ask of a client: the variable `context`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::Val;
use keg_policy::{AddressBook, Claim, Connection, Identity, NamePattern, Origin};

use super::inputs::{Inputs, Members};

/// Its name.
pub(super) const VARIABLE: &str = "context";
/// The member that says who the client is.
pub(super) const AUTH: &str = "auth";
/// The member of that with what its token is.
pub(super) const TOKEN: &str = "token";
/// The member whose own members are different for every client.
pub(super) const CLAIMS: &str = "claims";

/// The member that the client may change with each request.
pub(super) const CLIENT_ID: &str = "client_id";

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

/// What is known of the client of a connection, as far as it is looked at.
///
/// `identity` and `client_id` are the connection's, and have to outlive the value.
pub(super) fn of<'v>(
    connection: &'v Connection,
    identity: &'v Identity,
    client_id: &'v str,
    strings: Strings,
    inputs: &Inputs,
) -> CelMap<'v> {
    let claims = |looked_at| claims(&identity.claims, looked_at, strings);
    let principal = &*connection.principal;
    let (principal_type, name) = principal.split_once(':').unwrap_or(("", principal));
    map([
        (
            AUTH,
            boxed([
                (
                    "principal",
                    boxed([("type", strings.value(principal_type)), ("name", strings.value(name))]),
                ),
                ("type", strings.value(identity.method)),
                ("scopes", list(identity.scopes.iter().map(|scope| strings.value(scope)))),
                (CLAIMS, claims(&inputs.claims)),
                (TOKEN, boxed([(CLAIMS, claims(&inputs.token_claims))])),
            ]),
        ),
        (CLIENT_ID, strings.value(client_id)),
        (
            "virtual_cluster",
            boxed([("name", strings.value(&connection.virtual_cluster))]),
        ),
        (
            "listener",
            boxed([("name", strings.value(&connection.origin.listener))]),
        ),
        ("source", boxed([("address", address(connection))])),
        (
            "tls",
            boxed([("subject", strings.value(&connection.certificate_subject))]),
        ),
    ])
}

/// The names are texts of the client as well: a loop over them could give them as names of resources.
fn claims<'v>(claims: &'v BTreeMap<String, Claim>, looked_at: &Members, strings: Strings) -> Box<dyn Val + 'v> {
    let claims = claims.iter().filter_map(|(name, value)| {
        let name = match strings {
            Strings::Plain => Cow::Borrowed(name.as_str()),
            Strings::Escaped => Cow::Owned(NamePattern::escape(name)),
        };
        let is_seen = looked_at.contain(&name);
        is_seen.then(|| (CelMapKey::from(name.into_owned()), claim(value, strings)))
    });
    Box::new(CelMap::from(claims.collect::<HashMap<_, _>>()))
}

fn claim<'v>(value: &'v Claim, strings: Strings) -> Box<dyn Val + 'v> {
    match value {
        Claim::Null => Box::new(CelNull),
        Claim::Bool(value) => Box::new(CelBool::from(*value)),
        Claim::Integer(value) => Box::new(CelInt::from(*value)),
        Claim::Number(value) => Box::new(CelDouble::from(*value)),
        Claim::Text(text) => strings.value(text),
        Claim::List(items) => list(items.iter().map(|item| claim(item, strings))),
        Claim::Map(members) => claims(members, &Members::All, strings),
    }
}

fn list<'v>(items: impl Iterator<Item = Box<dyn Val + 'v>>) -> Box<dyn Val + 'v> {
    Box::new(CelList::from(items.collect::<Vec<_>>()))
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

    let connection = Connection::new("cluster", "User:name", Arc::new(Nowhere)).with_origin(Origin {
        listener: "listener".into(),
        address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
    });
    connection.identify(Identity {
        method: "anonymous",
        scopes: vec!["scope".to_owned()],
        ..Identity::default()
    });
    connection.call(b"client");
    connection
}
