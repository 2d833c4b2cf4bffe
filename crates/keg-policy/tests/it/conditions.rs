//! Policies that are about some clients alone.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_policy::{BlockApis, Condition, Connection, Origin};

use crate::support::{Fate, Gateway, asking};

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
        gateway.connection = connection.with_origin(Origin {
            listener: listener.into(),
            address: None,
        });
        let fate = gateway.ask(key, 4, &asking(key, 4, &[]));
        match blocked {
            true => assert!(matches!(&fate, Fate::Answered(_)), "{listener}: {fate:?}"),
            false => assert!(matches!(&fate, Fate::Forwarded(..)), "{listener}: {fate:?}"),
        }
    }
}
