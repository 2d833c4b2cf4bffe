//! The ApiVersions response, by which clients choose their versions.

use std::sync::Arc;

use keg_codec::message::Struct;
use keg_codec::{Api, ApiKey};
use keg_policy::{Interest, Outcome, Policy};

use crate::support::message::{count, ints, texts};
use crate::support::{Fate, Gateway, answering, api, asking, int, request, text};

const KEY: ApiKey = ApiKey::API_VERSIONS;

/// What a broker says: api key, first and last version.
fn ranges(from: &Struct) -> Vec<[i64; 3]> {
    let of = |name| ints(from, &format!("ApiKeys.*.{name}"));
    let versions = of("MinVersion").into_iter().zip(of("MaxVersion"));
    of("ApiKey")
        .into_iter()
        .zip(versions)
        .map(|(key, (first, last))| [key, first, last])
        .collect()
}

fn says(version: i16, ranges: &[[i64; 3]]) -> Struct {
    let mut fields = Vec::new();
    for (index, [key, first, last]) in ranges.iter().enumerate() {
        for (name, value) in [("ApiKey", key), ("MinVersion", first), ("MaxVersion", last)] {
            fields.push((format!("ApiKeys.{index}.{name}"), int(*value)));
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    answering(KEY, version, &fields)
}

#[test]
fn versions_are_cut_to_what_is_served() {
    let gateway = Gateway::hiding();
    for version in 0..=4 {
        let broker = says(
            version,
            &[
                [0, 0, 13],
                [1, 4, 18],
                [2, 1, 11],
                [3, 0, 13],
                [17, 0, 1],
                [18, 0, 5],
                [32, 2, 9],
                [36, 0, 2],
                [55, 0, 2],
                [51, 0, 0],
                [78, 1, 2],
                [84, 0, 0],
                [999, 0, 3],
            ],
        );
        let asked = asking(KEY, version, &[]);
        let seen = gateway.exchange(KEY, version, &asked, &broker);
        assert_eq!(
            ranges(&seen),
            [
                // Brokers advertise what they refuse, for librdkafka's sake.
                [0, 0, 13],
                [1, 4, 18],
                [2, 1, 11],
                [3, 0, 13],
                [18, 0, 4],
                [32, 2, 4],
                [78, 1, 2],
            ],
            "v{version}"
        );
    }
}

#[test]
fn features_and_the_rest_are_kept() {
    let gateway = Gateway::hiding();
    let mut broker = says(4, &[[3, 0, 13]]);
    for (name, value) in [("ThrottleTimeMs", int(12)), ("FinalizedFeaturesEpoch", int(7))] {
        assert!(broker.set(name, value));
    }
    let features = answering(
        KEY,
        4,
        &[
            ("SupportedFeatures.0.Name", text("group.version")),
            ("SupportedFeatures.0.MaxVersion", int(1)),
            ("FinalizedFeatures.0.Name", text("transaction.version")),
            ("FinalizedFeatures.0.MaxVersionLevel", int(2)),
        ],
    );
    for name in ["SupportedFeatures", "FinalizedFeatures"] {
        broker.set(name, features.get(name).unwrap().clone());
    }
    let seen = gateway.exchange(KEY, 4, &asking(KEY, 4, &[]), &broker);
    assert_eq!(seen, broker);
}

#[test]
fn a_broker_that_does_not_know_the_version_answers_in_version_0() {
    let gateway = Gateway::hiding();
    let broker = {
        let mut broker = says(0, &[[18, 0, 2]]);
        broker.set("ErrorCode", int(35));
        broker.write(&api(KEY).response, 0).unwrap()
    };
    for version in 1..=4 {
        let (_, pending) = gateway.forward(KEY, version, &asking(KEY, version, &[]));
        let response = keg_policy::Response::local(api(KEY), version, broker.clone());
        let Outcome::Reply(keg_policy::Reply::Response(mut seen)) =
            gateway
                .chain
                .response(&gateway.connection, pending, keg_policy::Reply::Response(response))
        else {
            panic!("it is a reply")
        };
        assert_eq!(seen.body_bytes(), broker, "v{version}");
    }
}

#[test]
fn a_version_that_is_not_served_is_answered_in_version_0() {
    // KIP-1242 adds the ids of the cluster and of the node, which are the backend's.
    let gateway = Gateway::hiding();
    let mut asked = request(KEY, 5, asking(KEY, 5, &[]).write(&api(KEY).request, 5).unwrap());
    let Outcome::Reply(keg_policy::Reply::Response(mut seen)) = gateway.chain.request(&gateway.connection, &mut asked)
    else {
        panic!("it is answered")
    };
    assert_eq!(seen, gateway.chain.served().unsupported());
    assert_eq!(
        &seen.head[..],
        [0; 4],
        "header version 0, as for all ApiVersions responses"
    );
    let seen = Struct::read(&api(KEY).response, 0, &seen.body_bytes()).unwrap();
    assert_eq!(ints(&seen, "ErrorCode"), [35]);
    assert_eq!(ranges(&seen), [[18, 0, 4]]);
}

#[test]
fn what_is_cut_is_refused_by_name_when_it_is_sent_all_the_same() {
    let gateway = Gateway::hiding();
    let asked = asking(
        ApiKey::DESCRIBE_USER_SCRAM_CREDENTIALS,
        0,
        &[("Users.0.Name", text("ann")), ("Users.1.Name", text("bob"))],
    );
    let seen = gateway.local(ApiKey::DESCRIBE_USER_SCRAM_CREDENTIALS, 0, &asked);
    assert_eq!(ints(&seen, "ErrorCode"), [35]);
    assert_eq!(count(&seen, "Results"), 0);
}

#[test]
fn a_produce_version_that_is_not_served_closes_when_nobody_waits_for_an_answer() {
    let gateway = Gateway::of(vec![Arc::new(UpTo(12))]);
    let asked = asking(ApiKey::PRODUCE, 13, &[("Acks", int(0))]);
    let fate = gateway.ask(ApiKey::PRODUCE, 13, &asked);
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("version 13")),
        "{fate:?}"
    );
}

/// Serves Produce up to a version.
#[derive(Debug)]
struct UpTo(i16);

impl Policy for UpTo {
    fn name(&self) -> &str {
        "up_to"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        if api.key == ApiKey::PRODUCE && version > self.0 {
            Interest::Unsupported
        } else {
            Interest::None
        }
    }
}

#[test]
fn a_malformed_response_closes() {
    let gateway = Gateway::hiding();
    let (_, pending) = gateway.forward(KEY, 3, &asking(KEY, 3, &[]));
    let response = keg_policy::Response::local(api(KEY), 3, vec![0, 0, 0xff]);
    let outcome = gateway
        .chain
        .response(&gateway.connection, pending, keg_policy::Reply::Response(response));
    assert!(matches!(outcome, Outcome::Close(_)), "{outcome:?}");
}

#[test]
fn without_a_namespace_all_that_clients_may_send_is_served() {
    let gateway = Gateway::of(Vec::new());
    let broker = says(3, &[[0, 0, 13], [17, 0, 1], [52, 0, 2], [78, 1, 2]]);
    let seen = gateway.exchange(KEY, 3, &asking(KEY, 3, &[]), &broker);
    assert_eq!(ranges(&seen), [[0, 0, 13], [78, 1, 2]]);
    assert_eq!(count(&seen, "ApiKeys"), 2);
    assert_eq!(texts(&seen, "SupportedFeatures.*.Name"), [] as [&str; 0]);
}
