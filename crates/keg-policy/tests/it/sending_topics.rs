//! Produce requests of several topics that go on while they still arrive.

mod by_name;
mod play;
mod rules;

use std::sync::Arc;

use keg_codec::message::Struct;
use keg_policy::{
    AclAction, AclCondition, AclNames, AclPolicy, AclRule, Acls, Chain, Connection, ExpressionFailed, Mode,
    NamePattern, Namespace, Operation, Operations, Policy, ResourceType, TopicAliases,
};

use crate::support::passing::follow;
use crate::support::random::{Choices, hold};
use crate::support::{PREFIX, api, int, text};
use play::{Begun, Case, KEY, OTHERS, OWN, UNKNOWN_TOPIC_ID, VERSION, broker, bytes, id, of, produce};
use rules::Told;

const TOPIC_AUTHORIZATION_FAILED: i64 = 29;

fn hiding() -> Arc<dyn Policy> {
    Arc::new(Namespace::new(Mode::HidePrefix, PREFIX))
}

#[test]
fn clients_are_answered_and_brokers_write_what_they_would_if_the_request_had_come_whole() {
    let told = Arc::new(Told::default());
    hold("answers are the same", |choices| {
        let mut topics = Vec::new();
        for place in 0..1 + choices.below(5) {
            let id = match choices.below(8) {
                // What is refused at the beginning is held, which others show.
                _ if place == 0 => id(0),
                0 => [OTHERS + choices.below(3) as u8; 16],
                1 => [0; 16],
                // An id as those that stand for refused ones.
                2 => *b"\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
                own => id(own as u8 % 3),
            };
            let partitions = (0..1 + choices.below(3)).map(|_| vec![choices.below(256) as u8; choices.below(200)]);
            topics.push((id, partitions.collect()));
        }
        topics.push((id(1), vec![vec![7]]));
        let mut body = produce(&topics);
        if choices.below(2) == 1 {
            // Which is the client's even where it has to be prefixed.
            body.set("TransactionalId", text("team-a.tx"));
        }
        for (at, mut case) in Case::all(&told, OWN.len()).into_iter().enumerate() {
            case.reconnect();
            told.take();
            let streamed = case.streamed(&body, &mut choices.clone());
            let streamed = streamed.unwrap_or_else(|| panic!("chain {at}: it is held"));
            let decisions = told.take();
            assert_eq!(streamed, case.whole(&body), "chain {at}");
            assert_eq!(decisions, told.take(), "chain {at}");
        }
    });
}

#[test]
fn what_is_refused_behind_the_first_topic_is_told_as_its_own_and_nothing_of_it_is_written() {
    let told = Arc::new(Told::default());
    let [hiding, enforcing, ruled, rules] = Case::all(&told, OWN.len());
    let check = |mut case: Case, expected: [i64; 4]| {
        let (others, none) = ([OTHERS; 16], [99; 16]);
        let ids = [id(0), id(2), others, none];
        case.reconnect();
        let answer = case.at_once(&ids).unwrap();
        assert_eq!(ids.map(|id| answer.code(id)), expected);
        let written: Vec<_> = answer.written.iter().map(|(id, ..)| *id).collect();
        let admitted = ids.into_iter().zip(expected).filter(|(_, code)| *code == 0);
        assert_eq!(written, admitted.map(|(id, _)| id).collect::<Vec<_>>());
    };
    check(hiding, [0, 0, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID]);
    check(enforcing, [0, 0, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID]);
    let denied = [0, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID];
    check(ruled, denied);
    // By rules alone, what the client hasn't been told of isn't known.
    check(rules, denied);
}

#[test]
fn the_first_of_a_connections_requests_of_several_topics_comes_whole_and_what_is_not_known_is_asked_for() {
    let told = Arc::new(Told::default());
    for (at, case) in Case::all(&told, 1).into_iter().enumerate() {
        let ids = [id(0), id(1)];
        assert_eq!(case.at_once(&ids), None, "chain {at}");
        assert_eq!(case.whole(&of(&ids)).code(id(1)), 0, "chain {at}");
        assert_eq!(case.at_once(&ids).unwrap().code(id(1)), 0, "chain {at}");
    }
}

#[test]
fn behind_a_topic_that_is_not_known_the_next_requests_come_whole_and_it_is_asked_for() {
    let told = Arc::new(Told::default());
    for (at, mut case) in Case::all(&told, 1).into_iter().enumerate() {
        case.reconnect();
        let (late, others) = ([id(0), id(1)], [id(0), id(0)]);
        assert_eq!(case.at_once(&late).unwrap().code(id(1)), UNKNOWN_TOPIC_ID, "chain {at}");
        // What was sent before the client tries again knows nothing of it.
        for _ in 0..900 {
            assert_eq!(case.at_once(&others), None, "chain {at}");
        }
        assert_eq!(case.at_once(&late), None, "chain {at}");
        assert_eq!(case.whole(&of(&late)).code(id(1)), 0, "chain {at}");
        let held = (0..).take_while(|_| case.at_once(&others).is_none()).count();
        assert_eq!(held, 99, "chain {at}");
        assert_eq!(case.at_once(&late).unwrap().code(id(1)), 0, "chain {at}");
        // The id that is none is nobody's, whoever is asked.
        assert_eq!(case.at_once(&[id(0), [0; 16]]).unwrap().code([0; 16]), UNKNOWN_TOPIC_ID);
        assert!(case.at_once(&late).is_some(), "chain {at}");
    }
}

#[test]
fn what_was_refused_as_unknown_is_refused_to_the_end_of_the_request() {
    let told = Arc::new(Told::default());
    for (at, mut case) in Case::all(&told, 1).into_iter().enumerate() {
        case.reconnect();
        let body = bytes(&of(&[id(0), id(1), id(1), id(0)]));
        let Begun {
            head,
            mut rest,
            pending,
            taken,
        } = case.begin(&body).unwrap();
        let guard = rest.guard.as_mut().unwrap();
        let (first, second) = body[taken..].split_at(100);
        assert!(first.windows(16).any(|bytes| bytes == id(1)) && second.windows(16).any(|bytes| bytes == id(1)));
        let mut first = first.to_vec();
        let passed = guard.pass(&mut first).unwrap().count;
        case.tell(2);
        let mut rest = [&first[passed..], second].concat();
        guard.pass(&mut rest).unwrap();
        let sent = [&head, &first[..passed], &rest].concat();
        let sent = Struct::read(&api(KEY).request, VERSION, &sent).unwrap();
        let answer = case.answer(pending, &sent, &broker(&sent));
        assert_eq!(answer.told[&id(1)], [[0, UNKNOWN_TOPIC_ID, -1]; 2], "chain {at}");
        assert!(!answer.written.iter().any(|(topic, ..)| *topic == id(1)), "chain {at}");
    }
}

#[test]
fn a_request_of_several_topics_is_held_if_its_first_is_refused_or_it_has_aliases_or_no_answer_or_too_many() {
    let told = Arc::new(Told::default());
    let mut cases = Vec::from(Case::all(&told, OWN.len()));
    cases.iter_mut().for_each(Case::reconnect);
    for case in &cases {
        let ids = [id(0), id(1)];
        assert_eq!(case.at_once(&[[OTHERS; 16], id(0)]), None);
        let mut silent = of(&ids);
        silent.set("Acks", int(0));
        assert_eq!(case.streamed(&silent, &mut Choices::none()), None);
        assert!(case.at_once(&ids.repeat(500)).is_some());
        assert_eq!(case.at_once(&[&ids.repeat(500)[..], &[id(0)]].concat()), None);
        assert!(case.at_once(&ids).is_some());
    }
    let mut aliases = Case::knowing(OWN.len(), vec![Arc::new(TopicAliases::new([])), hiding()], PREFIX);
    aliases.reconnect();
    assert_eq!(aliases.at_once(&[id(0), id(1)]), None);
}

#[test]
fn what_the_broker_says_of_the_whole_request_is_not_covered_by_what_was_refused() {
    let told = Arc::new(Told::default());
    let mut case = Case::knowing(OWN.len(), vec![rules::acls(&told)], "");
    case.reconnect();
    let body = bytes(&of(&[id(0), id(2)]));
    let begun = case.begin(&body).unwrap();
    let sent = follow(&begun.head, begun.rest, &body[begun.taken..], &mut Choices::none()).unwrap();
    let sent = Struct::read(&api(KEY).request, VERSION, &sent).unwrap();
    let mut answer = broker(&sent);
    for topic in answer.elements_mut("Responses") {
        for partition in topic.elements_mut("PartitionResponses") {
            // INVALID_REQUIRED_ACKS
            partition.set("ErrorCode", int(21));
        }
    }
    let answer = case.answer(begun.pending, &sent, &answer);
    assert_eq!([id(0), id(2)].map(|id| answer.code(id)), [21, 21]);
}

#[derive(Debug)]
struct HasNoName;

impl AclCondition for HasNoName {
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        Ok(connection.client_id().is_empty())
    }
}

#[test]
fn topics_are_decided_on_for_what_the_client_called_itself_in_the_request() {
    let policy = AclPolicy {
        name: "nameless".into(),
        condition: Some(Arc::new(HasNoName)),
        rules: vec![AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Write, Operation::Describe]),
            names: AclNames::Patterns(vec![NamePattern::new("*").unwrap()]),
        }],
    };
    let mut case = Case::knowing(0, Vec::new(), "");
    case.gateway.chain = Chain::new(vec![Arc::new(Acls::new(vec![policy]))]).with_client_ids();
    case.tell(OWN.len());
    case.reconnect();
    for meanwhile in ["", "reader"] {
        let body = bytes(&of(&[id(0), id(1)]));
        let begun = case.begin(&body).unwrap();
        // As the response to another request does.
        case.gateway.connection.call(meanwhile.as_bytes());
        let sent = follow(&begun.head, begun.rest, &body[begun.taken..], &mut Choices::none()).unwrap();
        let sent = Struct::read(&api(KEY).request, VERSION, &sent).unwrap();
        assert_eq!(
            case.answer(begun.pending, &sent, &broker(&sent)).code(id(1)),
            0,
            "{meanwhile}"
        );
    }
}
