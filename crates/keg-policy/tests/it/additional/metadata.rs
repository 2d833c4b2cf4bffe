//! Topics that a client asks for must not be made by that.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::Mode;

use crate::support::message::{ints, texts};
use crate::support::{Gateway, answering, asking, int, null, text};

const KEY: ApiKey = ApiKey::METADATA;

fn asked(version: i16, names: &[&str]) -> Struct {
    let paths: Vec<_> = (0..names.len()).map(|index| format!("Topics.{index}.Name")).collect();
    let mut fields: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .zip(names.iter().copied().map(text))
        .collect();
    if version >= 4 {
        fields.push(("AllowAutoTopicCreation", int(1)));
    }
    asking(KEY, version, &fields)
}

#[test]
fn a_request_that_names_a_shared_topic_creates_none() {
    let gateway = Gateway::sharing(Mode::HidePrefix);
    for version in 4..=13 {
        let (sent, _) = gateway.forward(KEY, version, &asked(version, &["orders", "shared-prices"]));
        assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.orders", "shared-prices"]);
        assert_eq!(ints(&sent, "AllowAutoTopicCreation"), [0], "v{version}");
        let (sent, _) = gateway.forward(KEY, version, &asked(version, &["orders"]));
        assert_eq!(ints(&sent, "AllowAutoTopicCreation"), [1], "v{version}");
        // Nothing is made for a request for all.
        let all = asking(KEY, version, &[("Topics", null()), ("AllowAutoTopicCreation", int(1))]);
        assert_eq!(gateway.forward(KEY, version, &all).0, all);
    }
}

#[test]
fn versions_that_always_create_get_the_topics_out_of_all() {
    for (mode, own, missing) in [
        (Mode::HidePrefix, "orders", "new"),
        (Mode::EnforcePrefix, "team-a.orders", "team-a.new"),
    ] {
        let gateway = Gateway::sharing(mode);
        for version in 0..=3 {
            let names = [own, missing, "shared-prices", "shared-new", "shared-prices"];
            let (sent, pending) = gateway.forward(KEY, version, &asked(version, &names));
            let all = if version == 0 { Value::Array(Vec::new()) } else { null() };
            assert_eq!(sent.get("Topics"), Some(&all), "v{version}");
            let answer = answering(
                KEY,
                version,
                &[
                    ("Topics.0.Name", text("__consumer_offsets")),
                    ("Topics.1.Name", text("shared-others")),
                    ("Topics.2.Name", text("shared-prices")),
                    ("Topics.2.Partitions.0.LeaderId", int(2)),
                    ("Topics.3.Name", text("team-a.bills")),
                    ("Topics.4.Name", text("team-a.orders")),
                    ("Topics.5.Name", text("team-b.orders")),
                ],
            );
            let seen = gateway.answer(KEY, version, pending, &answer);
            assert_eq!(
                texts(&seen, "Topics.*.Name"),
                ["shared-prices", own, "shared-new", missing],
                "v{version}"
            );
            assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 0, 3, 3]);
            assert_eq!(ints(&seen, "Topics.*.Partitions.*.LeaderId"), [2]);

            let (sent, _) = gateway.forward(KEY, version, &asked(version, &[own]));
            assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.orders"]);
        }
    }
}

#[test]
fn a_denied_topic_beside_a_shared_one_is_answered() {
    let gateway = Gateway::sharing(Mode::EnforcePrefix);
    for version in 0..=13 {
        let asked = asked(version, &["team-b.orders", "shared-prices"]);
        let (_, pending) = gateway.forward(KEY, version, &asked);
        let answer = answering(KEY, version, &[("Topics.0.Name", text("shared-prices"))]);
        let seen = gateway.answer(KEY, version, pending, &answer);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["shared-prices", "team-b.orders"]);
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 29], "v{version}");
    }
}
