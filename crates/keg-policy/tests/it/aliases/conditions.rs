//! Who has an alias.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Condition, Connection, TopicAlias, TopicAliases};

use super::play::{alias, play};
use crate::support::message::texts;
use crate::support::{Gateway, answering, asking, text};

#[derive(Debug)]
struct Only(&'static str);

impl Condition for Only {
    fn holds(&self, connection: &Connection) -> bool {
        &*connection.principal == self.0
    }

    fn identity(&self) -> &str {
        self.0
    }
}

fn of(principal: &'static str) -> Gateway {
    let conditional = TopicAlias {
        condition: Some(Arc::new(Only("User:ann"))),
        ..alias("alias", "orders")
    };
    let mut gateway = Gateway::of(vec![Arc::new(TopicAliases::new([conditional]))]);
    gateway.connection = Arc::new(Connection::new("orders", principal, Arc::clone(&gateway.book) as _));
    gateway
}

#[test]
fn an_alias_is_one_for_those_that_have_it_and_a_name_like_others_for_the_rest() {
    let key = ApiKey::METADATA;
    for (principal, sent, listed) in [
        ("User:ann", "orders", &["alias", "orders"][..]),
        ("User:bob", "alias", &["orders"]),
    ] {
        let gateway = of(principal);
        let (asked, _) = gateway.forward(key, 12, &asking(key, 12, &[("Topics.0.Name", text("alias"))]));
        assert_eq!(texts(&asked, "Topics.*.Name"), [sent], "{principal}");
        let all = asking(key, 12, &[("Topics", Value::Null)]);
        let played = play(&gateway, &[], key, 12, &all, |_| {
            answering(key, 12, &[("Topics.0.Name", text("orders"))])
        });
        assert_eq!(texts(played.seen(), "Topics.*.Name"), listed, "{principal}");
        let create = asking(ApiKey::CREATE_TOPICS, 5, &[("Topics.0.Name", text("alias"))]);
        let played = play(&gateway, &[], ApiKey::CREATE_TOPICS, 5, &create, |_| {
            answering(ApiKey::CREATE_TOPICS, 5, &[("Topics.0.Name", text("alias"))])
        });
        assert_eq!(played.sent.is_empty(), principal == "User:ann");
    }
}
