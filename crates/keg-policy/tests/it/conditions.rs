//! Policies that are about some clients alone.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keg_codec::header::request_head;
use keg_codec::{Api, ApiKey};
use keg_policy::{
    Answer, BlockApis, Chain, Condition, Connection, Interest, Origin, Outcome, Policy, Reply, Response, Withheld,
};

use crate::support::{Fate, Gateway, api, asking, request};

/// Holds of clients of this listener.
#[derive(Debug)]
struct CameBy(&'static str);

impl Condition for CameBy {
    fn holds(&self, connection: &Connection) -> bool {
        &*connection.origin.listener == self.0
    }

    fn identity(&self) -> &str {
        self.0
    }
}

#[test]
fn apis_are_blocked_for_those_that_the_condition_holds_of() {
    let key = ApiKey::LIST_GROUPS;
    let blocks = BlockApis::new("no-lists", vec![key]).with_condition(Arc::new(CameBy("public")));
    let mut gateway = Gateway::of(vec![Arc::new(blocks)]);
    for (listener, blocked) in [("public", true), ("internal", false), ("", false)] {
        let connection = Connection::new("orders", "User:ann", Arc::clone(&gateway.book) as _);
        gateway.connection = Arc::new(connection.with_origin(Origin {
            listener: listener.into(),
            address: None,
        }));
        let fate = gateway.ask(key, 4, &asking(key, 4, &[]));
        match blocked {
            true => assert!(matches!(&fate, Fate::Answered(_)), "{listener}: {fate:?}"),
            false => assert!(matches!(&fate, Fate::Forwarded(..)), "{listener}: {fate:?}"),
        }
    }
}

/// Holds of clients that call themselves so.
#[derive(Debug)]
struct Calls(&'static str);

impl Condition for Calls {
    fn holds(&self, connection: &Connection) -> bool {
        &*connection.client_id() == self.0
    }

    fn identity(&self) -> &str {
        self.0
    }
}

#[test]
fn a_chain_tells_what_a_client_calls_itself_with_each_request_where_that_is_asked_for() {
    let key = ApiKey::LIST_GROUPS;
    let blocks = |id| BlockApis::new("no-lists", vec![key]).with_condition(Arc::new(Calls(id)));
    let connection = Gateway::of(Vec::new()).connection;
    let is_blocked = |chain: &Chain, id: &[u8]| {
        let mut request = request(key, 4, asking(key, 4, &[]).write(&api(key).request, 4).unwrap());
        request.head = request_head(api(key), 4, id);
        matches!(chain.request(&connection, &mut request), Outcome::Reply(_))
    };
    let policies = || vec![Arc::new(blocks("tool")) as Arc<dyn Policy>];
    let untold = Chain::new(policies());
    assert!(!is_blocked(&untold, b"tool"));
    assert_eq!(connection.renewals(), 0);

    let told = Chain::new(policies()).with_client_ids();
    for (id, blocked, renewals) in [
        (&b"tool"[..], true, 1),
        (b"tool", true, 1),
        (b"app", false, 2),
        (b"", false, 3),
        (b"tool", true, 4),
        (b"to\xffl", false, 5),
        (b"to\xffl", false, 5),
    ] {
        assert_eq!(is_blocked(&told, id), blocked, "{id:?}");
        assert_eq!(connection.renewals(), renewals, "{id:?}");
    }
    assert_eq!(&*connection.client_id(), "to\u{fffd}l");
}

/// Notes what the clients of responses call themselves.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Policy for Heard {
    fn name(&self) -> &str {
        "heard"
    }

    fn interest(&self, _: &Api, _: i16) -> Interest {
        Interest::Response
    }

    fn response(&self, connection: &Connection, _: Answer<'_>) -> Result<(), Withheld> {
        self.0.lock().unwrap().push(connection.client_id().to_string());
        Ok(())
    }
}

#[test]
fn a_response_is_looked_at_by_the_client_id_of_its_own_request() {
    let (key, version) = (ApiKey::LIST_GROUPS, 4);
    let heard = Arc::new(Heard::default());
    let connection = Gateway::of(Vec::new()).connection;
    let told = Chain::new(vec![Arc::clone(&heard) as Arc<dyn Policy>]).with_client_ids();
    let body = asking(key, version, &[]).write(&api(key).request, version).unwrap();
    let ask = |id: &[u8]| {
        let mut request = request(key, version, body.clone());
        request.head = request_head(api(key), version, id);
        match told.request(&connection, &mut request) {
            Outcome::Forward(pending) => pending,
            other => panic!("{other:?}"),
        }
    };
    let pending = [ask(b"app"), ask(b"tool"), ask(b"tool")];
    for (pending, renewals) in pending.into_iter().zip([3, 4, 4]) {
        let response = Response {
            head: Bytes::from_static(&[0; 5]),
            body: Bytes::new().into(),
            rest: None,
        };
        let outcome = told.response(&connection, pending, Reply::Response(response));
        assert!(matches!(outcome, Outcome::Reply(_)), "{outcome:?}");
        assert_eq!(connection.renewals(), renewals);
    }
    assert_eq!(*heard.0.lock().unwrap(), ["app", "tool", "tool"]);
    ask(b"tool");
    assert_eq!(connection.renewals(), 4);
}
