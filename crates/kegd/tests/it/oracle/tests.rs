//! The oracle itself: what it must see, and what it must not.

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use super::case::{Case, Kind, Name};
use super::normal::{Normaliser, Which};
use super::play::{Arena, Places};
use super::settle::set;
use super::side::Side;
use super::symbols::Symbols;
use super::tally::Tally;
use super::term::{Operation, Term};
use crate::backend::Backend;
use crate::scenario::setup_or_skip;

/// A response to a Metadata request, as a side would give it.
fn metadata(topics: Vec<(&str, [u8; 16])>) -> Struct {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let mut response = Struct::new(api.response.fields, 12);
    let broker = vec![
        ("NodeId", Value::Integer(1)),
        ("Host", Value::text("localhost")),
        ("Port", Value::Integer(9092)),
    ];
    set(&mut response, "Brokers", vec![broker]);
    let topics = topics.into_iter().map(|(name, id)| {
        vec![
            ("Name", Value::text(name)),
            ("TopicId", Value::Uuid(id)),
            ("ErrorCode", Value::Integer(0)),
        ]
    });
    set(&mut response, "Topics", topics.collect());
    response
}

/// The client has two topics.
fn symbols() -> Symbols {
    let mut symbols = Symbols::default();
    symbols.own_topic(OWN[0], "one");
    symbols.own_topic(OWN[1], "other");
    symbols
}

const OWN: [[u8; 16]; 2] = [[0xa1; 16], [0xa2; 16]];

/// The description of a share group, of which a member is assigned these topics.
fn share_group(topics: &[([u8; 16], &str)]) -> Struct {
    let api = Api::of(ApiKey::SHARE_GROUP_DESCRIBE).unwrap();
    let mut response = Struct::new(api.response.fields, 1);
    set(&mut response, "Groups", vec![vec![("GroupId", Value::text("group"))]]);
    let Some(Value::Array(groups)) = response.get_mut("Groups") else {
        unreachable!()
    };
    let Some(Value::Struct(group)) = groups.first_mut() else {
        unreachable!()
    };
    set(group, "Members", vec![vec![("MemberId", Value::text("member"))]]);
    let Some(Value::Array(members)) = group.get_mut("Members") else {
        unreachable!()
    };
    let Some(Value::Struct(member)) = members.first_mut() else {
        unreachable!()
    };
    let Some(Value::Struct(assignment)) = member.get_mut("Assignment") else {
        unreachable!()
    };
    let topics = topics
        .iter()
        .map(|(id, name)| vec![("TopicId", Value::Uuid(*id)), ("TopicName", Value::text(name))]);
    set(assignment, "TopicPartitions", topics.collect());
    response
}

/// Where the sides differ, of which the first has the prefix `team-a-`.
fn differences(key: ApiKey, version: i16, one: &Struct, other: &Struct) -> Vec<String> {
    let api = Api::of(key).unwrap();
    let case = Case::new("", "team-b-", 1);
    let node = ("localhost".to_owned(), 9092);
    let [one, other] = [(Which::Virtual, one), (Which::Own, other)].map(|(which, response)| {
        let mut normaliser = Normaliser {
            which,
            case: &case,
            node: &node,
            several_members: true,
            symbols: &mut symbols(),
        };
        normaliser.show(api, version, response)
    });
    one.differences(&other)
}

#[test]
fn which_of_its_own_topics_one_of_several_members_is_assigned_is_no_difference_and_anothers_are() {
    const KEY: ApiKey = ApiKey::SHARE_GROUP_DESCRIBE;
    let own = share_group(&[(OWN[0], "one")]);
    assert_eq!(differences(KEY, 1, &share_group(&[(OWN[1], "other")]), &own), [""; 0]);
    for others in [([7; 16], "one"), (OWN[0], "team-a-one"), (OWN[0], "other")] {
        assert_eq!(
            differences(KEY, 1, &share_group(&[others]), &own).len(),
            1,
            "{others:?}"
        );
    }
}

#[test]
fn what_each_side_makes_up_is_no_difference() {
    let one = metadata(vec![("b", [1; 16]), ("a", [2; 16])]);
    let other = metadata(vec![("a", [7; 16]), ("b", [8; 16])]);
    assert_eq!(differences(ApiKey::METADATA, 12, &one, &other), [""; 0]);
}

#[test]
fn a_leaked_prefix_another_name_and_a_mixed_up_id_are_differences() {
    let own = metadata(vec![("a", [7; 16]), ("b", [8; 16])]);
    for topics in [
        vec![("team-a-a", [1; 16]), ("b", [2; 16])],
        vec![("a", [1; 16]), ("b", [2; 16]), ("team-b-a", [3; 16])],
        vec![("a", [1; 16])],
        vec![("a", [1; 16]), ("b", [1; 16])],
        vec![("a", [1; 16]), ("b", [0; 16])],
    ] {
        let found = differences(ApiKey::METADATA, 12, &metadata(topics.clone()), &own);
        assert!(!found.is_empty(), "{topics:?}");
    }
}

#[test]
fn another_error_code_and_a_backends_address_are_differences() {
    let own = metadata(vec![("a", [7; 16])]);
    let mut denied = metadata(vec![("a", [1; 16])]);
    if let Some(Value::Array(topics)) = denied.get_mut("Topics")
        && let Value::Struct(topic) = &mut topics[0]
    {
        topic.set("ErrorCode", Value::Integer(29));
    }
    let found = differences(ApiKey::METADATA, 12, &denied, &own);
    assert_eq!(found, [".Topics[0].ErrorCode: 29 here, 0 on a Kafka of its own"]);
    let mut leaking = metadata(vec![("a", [1; 16])]);
    if let Some(Value::Array(brokers)) = leaking.get_mut("Brokers")
        && let Value::Struct(broker) = &mut brokers[0]
    {
        broker.set("Port", Value::Integer(9093));
    }
    let found = differences(ApiKey::METADATA, 12, &leaking, &own);
    assert_eq!(found, [".Brokers[0].Port: 9093 here, <own port> on a Kafka of its own"]);
}

#[test]
fn a_prefix_in_a_text_is_a_difference_and_an_id_in_it_is_none() {
    let api = Api::of(ApiKey::DELETE_TOPICS).unwrap();
    let response = |message: &str, id| {
        let mut response = Struct::new(api.response.fields, 6);
        let topic = vec![
            ("Name", Value::text("a")),
            ("TopicId", Value::Uuid(id)),
            ("ErrorMessage", Value::text(message)),
        ];
        set(&mut response, "Responses", vec![topic]);
        response
    };
    let check = |one: &str, other: &str| {
        differences(
            ApiKey::DELETE_TOPICS,
            6,
            &response(one, [0; 16]),
            &response(other, [0xff; 16]),
        )
        .len()
    };
    // The id is none on one side.
    assert_eq!(check("no a", "no a"), 1);
    assert_eq!(check("no team-a-a", "no a"), 2);
    let one = response("no topic AQEBAQEBAQEBAQEBAQEBAQ", [1; 16]);
    let other = response("no topic _____________________w", [0xff; 16]);
    assert_eq!(differences(ApiKey::DELETE_TOPICS, 6, &one, &other), [""; 0]);
}

#[test]
fn the_id_of_a_producer_is_no_part_of_a_name_that_ends_in_the_same_digits() {
    let mut symbols = Symbols::default();
    symbols.producer(965);
    let text = symbols.in_text("producer 965 of t0-c1965, t0-c965 and (965)");
    assert_eq!(text, "producer <producer 0> of t0-c1965, t0-c965 and (<producer 0>)");
}

#[test]
fn what_others_have_on_a_backend_without_a_gateway_is_a_difference() {
    let Some(setup) = setup_or_skip("oracle-detector") else {
        return;
    };
    let [shared, own] = Backend::twins(setup).map(Backend::bootstrap);
    Side::connect(&shared).ask(ApiKey::CREATE_TOPICS, 5, |request| {
        let topic = vec![
            ("Name", Value::text("oracle-detector-others")),
            ("NumPartitions", Value::Integer(1)),
            ("ReplicationFactor", Value::Integer(1)),
        ];
        set(request, "Topics", vec![topic]);
        request.set("timeoutMs", Value::Integer(10_000));
    });
    let prefixes = ["a-".to_owned(), "b-".to_owned()];
    let sides = || [shared.clone(), own.clone()];
    let places = Places {
        clients: sides(),
        observers: sides(),
        backends: sides(),
        other_tenant: None,
    };
    let arena = Arena::new(places, false, prefixes);
    let play = |topics| {
        let metadata = Operation {
            api: Api::of(ApiKey::METADATA).unwrap(),
            version: 0,
            fields: vec![("Topics", topics)],
        };
        arena.play(&[metadata], &mut Tally::default())
    };
    let found = play(Term::Null).unwrap_err();
    assert!(found.contains("oracle-detector-others"), "{found}");
    assert!(found.contains("__consumer_offsets"), "{found}");
    let one = vec![("Name", Term::Name(Kind::Topic, Name::Own(0)))];
    assert_eq!(play(Term::Array(vec![Term::Fields(one)])), Ok(()));
}
