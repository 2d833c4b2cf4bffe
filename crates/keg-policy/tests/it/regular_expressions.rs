//! Subscriptions by regular expression, which brokers match against all topics of the cluster.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use crate::support::message::{ints, texts};
use crate::support::{Gateway, answering, asking, null, text};

fn subscribing(regex: Value) -> Struct {
    asking(
        ApiKey::CONSUMER_GROUP_HEARTBEAT,
        1,
        &[("GroupId", text("team-a.workers")), ("SubscribedTopicRegex", regex)],
    )
}

#[test]
fn a_subscription_reaches_the_broker_as_one_within_the_namespace() {
    let check = |gateway: &Gateway, regex, expected: &str| {
        let (sent, _) = gateway.forward(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribing(text(regex)));
        assert_eq!(texts(&sent, "SubscribedTopicRegex"), [expected], "{regex}");
    };
    let gateway = Gateway::hiding();
    check(&gateway, ".*", r"team-a\..*");
    check(&gateway, "^orders|payments$", r"team-a\.(?:orders|payments$)");
    check(&gateway, r"\Qa)|(.*", r"team-a\.[^\x00-\x{10FFFF}]");
    let gateway = Gateway::enforcing();
    check(&gateway, ".*", r"team-a\..*");
    check(&gateway, r"team-.\.orders", r"team-a\.orders");
    check(&gateway, "orders", r"team-a\.[^\x00-\x{10FFFF}]");
}

#[test]
fn no_subscription_and_no_more_a_subscription_stay_what_they_are() {
    for gateway in [Gateway::hiding(), Gateway::enforcing()] {
        for (none, expected) in [(null(), "<null>"), (text(""), "")] {
            let (sent, _) = gateway.forward(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribing(none));
            assert_eq!(texts(&sent, "SubscribedTopicRegex"), [expected]);
        }
    }
}

#[test]
fn what_is_no_expression_by_itself_is_refused_with_the_reason() {
    let gateway = Gateway::hiding();
    let nested = format!("{}a{}", "(".repeat(201), ")".repeat(201));
    for (regex, reason) in [
        ("a)|(.*", "a ) closes nothing at character 2"),
        ("(?=a)", "isn't supported at character 1"),
        ("(a", "a closing ) is missing at character 3"),
        (&nested, "nested too deep"),
    ] {
        let seen = gateway.local(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribing(text(regex)));
        assert_eq!(ints(&seen, "ErrorCode"), [128], "{regex}");
        let message = texts(&seen, "ErrorMessage").concat();
        assert!(message.contains(reason), "{regex}: {message}");
    }
}

#[test]
fn groups_are_described_with_the_expressions_of_their_clients() {
    let answer = |regexes: &[&str]| {
        let paths: Vec<_> = (0..regexes.len())
            .map(|member| format!("Groups.0.Members.{member}.SubscribedTopicRegex"))
            .collect();
        let mut fields = vec![("Groups.0.GroupId", text("team-a.workers"))];
        fields.extend(
            paths
                .iter()
                .map(String::as_str)
                .zip(regexes.iter().map(|regex| text(regex))),
        );
        answering(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &fields)
    };
    let on_backend = [
        r"team-a\.orders-.*",
        r"team-a\.(?:orders|bills)",
        // Beside the gateway.
        r"team-a\..*|team-b\..*",
        ".*",
        "",
    ];
    for (gateway, group, expected) in [
        (Gateway::hiding(), "workers", ["orders-.*", "orders|bills", "", "", ""]),
        (
            Gateway::enforcing(),
            "team-a.workers",
            [r"team-a\.orders-.*", r"team-a\.(?:orders|bills)", "", "", ""],
        ),
    ] {
        let asked = asking(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &[("GroupIds.0", text(group))]);
        let seen = gateway.exchange(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &asked, &answer(&on_backend));
        assert_eq!(texts(&seen, "Groups.*.Members.*.SubscribedTopicRegex"), expected);
    }
}

#[test]
fn transactions_are_listed_by_an_expression_over_the_clients_ids() {
    const KEY: ApiKey = ApiKey::LIST_TRANSACTIONS;
    for (gateway, regex, expected) in [
        (Gateway::hiding(), "pay-[0-9]+|größe", r"team-a\.(?:pay-[0-9]+|größe)"),
        (Gateway::enforcing(), r"team-a\.pay.*|x", r"team-a\.pay.*"),
        (Gateway::hiding(), "", ""),
    ] {
        let asked = asking(KEY, 2, &[("TransactionalIdPattern", text(regex))]);
        let (sent, pending) = gateway.forward(KEY, 2, &asked);
        assert_eq!(texts(&sent, "TransactionalIdPattern"), [expected]);
        // One that came beside the gateway.
        let answer = answering(
            KEY,
            2,
            &[
                ("TransactionStates.0.TransactionalId", text("team-b.pay-1")),
                ("TransactionStates.1.TransactionalId", text("team-a.pay-1")),
            ],
        );
        let seen = gateway.answer(KEY, 2, pending, &answer);
        assert_eq!(texts(&seen, "TransactionStates.*.TransactionalId").len(), 1);
    }
    let gateway = Gateway::hiding();
    for wrong in ["a)|(.*", "(?=a)"] {
        let asked = asking(KEY, 2, &[("TransactionalIdPattern", text(wrong))]);
        assert_eq!(ints(&gateway.local(KEY, 2, &asked), "ErrorCode"), [128], "{wrong}");
    }
    let (sent, _) = gateway.forward(KEY, 2, &asking(KEY, 2, &[("TransactionalIdPattern", null())]));
    assert_eq!(texts(&sent, "TransactionalIdPattern"), ["<null>"]);
}
