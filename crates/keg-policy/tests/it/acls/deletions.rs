//! DeleteAcls: which filters reach the broker, and what the client is told.

use keg_codec::ApiKey;
use keg_codec::message::Struct;
use keg_policy::{Asking, Outcome, Reply, Request, Response};

use super::wire::{answer, create, delete, deleted, exchange, filters};
use super::{ANY, Acl, Ask, CLUSTER, Cluster, GROUP, LITERAL, MATCH, PREFIXED, TOPIC, TRANSACTIONAL_ID};
use crate::support::message::{ints, texts};
use crate::support::{Fate, Gateway, PREFIX, answering, api, int, text};

/// What the broker gets to delete for a request that needs no look-up.
fn sent(gateway: &Gateway, ask: Ask, version: i16) -> Vec<(i64, i64, String)> {
    let (sent, _) = gateway.forward(ApiKey::DELETE_ACLS, version, &delete(&[ask], version));
    let sent = filters(&sent, "Filters.*.").into_iter();
    sent.map(|ask| (ask.resource_type, ask.pattern, ask.name.unwrap()))
        .collect()
}

#[test]
fn filters_that_name_what_they_are_about_go_on_at_once() {
    for version in 1..=3 {
        let gateway = Gateway::hiding();
        let check = |resource_type, pattern, name, expected: &[(i64, i64, &str)]| {
            let expected = expected
                .iter()
                .map(|(resource_type, pattern, name)| (*resource_type, *pattern, (*name).to_owned()));
            let sent = sent(&gateway, Ask::new(resource_type, pattern, Some(name)), version);
            assert_eq!(sent, expected.collect::<Vec<_>>(), "{resource_type} {pattern} {name}");
        };
        check(TOPIC, LITERAL, "orders", &[(TOPIC, LITERAL, "team-a.orders")]);
        check(GROUP, PREFIXED, "or", &[(GROUP, PREFIXED, "team-a.or")]);
        check(TOPIC, LITERAL, "*", &[(TOPIC, PREFIXED, "team-a.")]);
        check(
            TOPIC,
            ANY,
            "*",
            &[(TOPIC, PREFIXED, "team-a."), (TOPIC, PREFIXED, "team-a.*")],
        );
        let own_types = [TOPIC, GROUP, TRANSACTIONAL_ID].map(|it| (it, LITERAL, "team-a.orders"));
        check(ANY, LITERAL, "orders", &own_types);
    }
    let enforcing = Gateway::enforcing();
    let asked = Ask::new(TOPIC, ANY, Some("team-a.orders"));
    let expected = [
        (TOPIC, LITERAL, "team-a.orders".to_owned()),
        (TOPIC, PREFIXED, "team-a.orders".to_owned()),
    ];
    assert_eq!(sent(&enforcing, asked, 3), expected);
}

/// The question that a deletion waits for.
fn question(gateway: &Gateway, request: &Struct) -> (Request, Box<Asking>, Ask) {
    let Fate::Waits(request, asking) = gateway.ask(ApiKey::DELETE_ACLS, 3, request) else {
        panic!("it waits")
    };
    let mut question = asking.question();
    let asked = Struct::read(&question.api.request, 3, &question.body_bytes()).unwrap();
    let asked = filters(&asked, "").remove(0);
    (request, asking, asked)
}

#[test]
fn other_filters_are_looked_up_and_only_what_is_own_is_deleted() {
    let gateway = Gateway::hiding();
    let mut backend = Cluster(
        [
            Acl::new(TOPIC, LITERAL, "team-a.orders"),
            Acl::new(TOPIC, PREFIXED, "team-a."),
            Acl::new(TOPIC, LITERAL, "*"),
            Acl::new(TOPIC, PREFIXED, "team-"),
            Acl::new(TOPIC, LITERAL, "team-b.orders"),
        ]
        .into(),
    );
    let request = delete(&[Ask::new(TOPIC, MATCH, Some("orders"))], 3);
    let (request, asking, asked) = question(&gateway, &request);
    assert_eq!((asked.pattern, asked.name.as_deref()), (MATCH, Some("team-a.orders")));
    let response = answer(
        &mut backend.clone(),
        &backend,
        ApiKey::DESCRIBE_ACLS,
        3,
        &super::wire::describe(&asked, 3),
    );
    let Fate::Forwarded(sent, pending) = gateway.resume(request, asking, &response) else {
        panic!("it goes on")
    };
    let mut names = texts(&sent, "Filters.*.ResourceNameFilter");
    names.sort();
    assert_eq!(names, ["team-a.", "team-a.orders"]);
    let response = answer(&mut backend, &Cluster::default(), ApiKey::DELETE_ACLS, 3, &sent);
    let seen = gateway.answer(ApiKey::DELETE_ACLS, 3, pending, &response);
    let expected = [Acl::new(TOPIC, LITERAL, "orders"), Acl::new(TOPIC, LITERAL, "*")];
    assert_eq!(deleted(&seen), [expected.into()]);
    assert_eq!(backend.0.len(), 3);
}

#[test]
fn a_deletion_of_nothing_deletes_nothing() {
    for gateway in [Gateway::hiding(), Gateway::enforcing()] {
        let mut backend = Cluster(
            [
                Acl::new(TOPIC, LITERAL, "team-b.orders"),
                Acl::new(CLUSTER, LITERAL, "kafka-cluster"),
            ]
            .into(),
        );
        let asks = [
            Ask::new(ANY, ANY, None),
            Ask::new(CLUSTER, ANY, None),
            Ask::new(TOPIC, LITERAL, Some("")),
            Ask::new(TOPIC, MATCH, Some("team-b.orders")),
        ];
        let before = backend.clone();
        for asks in [&asks[..], &[]] {
            let request = delete(asks, 3);
            // The broker would be told nothing to delete: it is not told anything.
            let mut fate = gateway.ask(ApiKey::DELETE_ACLS, 3, &request);
            while let Fate::Waits(request, asking) = fate {
                let mut question = asking.question();
                let asked = Struct::read(&question.api.request, 3, &question.body_bytes()).unwrap();
                let response = answer(&mut backend, &before, ApiKey::DESCRIBE_ACLS, 3, &asked);
                fate = gateway.resume(request, asking, &response);
            }
            let Fate::Answered(seen) = fate else { panic!("{fate:?}") };
            assert_eq!(deleted(&seen), vec![Default::default(); asks.len()]);
        }
        assert_eq!(backend, before);
    }
}

#[test]
fn filters_that_match_the_same_each_say_so() {
    let gateway = Gateway::hiding();
    let mut backend = Cluster(
        [
            Acl::new(TOPIC, LITERAL, "team-a.orders"),
            Acl::new(GROUP, LITERAL, "team-a.workers"),
        ]
        .into(),
    );
    let asks = [
        Ask::new(TOPIC, LITERAL, Some("orders")),
        Ask::new(ANY, ANY, None),
        Ask::new(GROUP, LITERAL, None),
        Ask::new(TOPIC, PREFIXED, Some("orders")),
    ];
    let seen = backend.clone();
    let response = exchange(&gateway, &mut backend, &seen, ApiKey::DELETE_ACLS, 3, &delete(&asks, 3));
    let (orders, workers) = (Acl::new(TOPIC, LITERAL, "orders"), Acl::new(GROUP, LITERAL, "workers"));
    let expected = [
        [orders.clone()].into(),
        [orders, workers.clone()].into(),
        [workers].into(),
        [].into(),
    ];
    assert_eq!(deleted(&response), expected);
    assert_eq!(backend, Cluster::default());
}

#[test]
fn errors_of_the_look_up_are_the_filters() {
    let gateway = Gateway::hiding();
    let request = delete(
        &[Ask::new(TOPIC, ANY, None), Ask::new(TOPIC, LITERAL, Some("orders"))],
        3,
    );
    let (request, asking, _) = question(&gateway, &request);
    let error = [("ErrorCode", int(31)), ("ErrorMessage", text("not for team-a.you"))];
    let Fate::Forwarded(sent, pending) = gateway.resume(request, asking, &answering(ApiKey::DESCRIBE_ACLS, 3, &error))
    else {
        panic!("the rest goes on")
    };
    assert_eq!(texts(&sent, "Filters.*.ResourceNameFilter"), ["team-a.orders"]);
    let answer = answering(ApiKey::DELETE_ACLS, 3, &[("FilterResults.0.ErrorCode", int(54))]);
    let seen = gateway.answer(ApiKey::DELETE_ACLS, 3, pending, &answer);
    assert_eq!(ints(&seen, "FilterResults.*.ErrorCode"), [31, 54]);
    assert_eq!(texts(&seen, "FilterResults.0.ErrorMessage"), ["not for you"]);

    // Alone, it is all there is to answer.
    let request = delete(&[Ask::new(TOPIC, ANY, None)], 3);
    let (request, asking, _) = question(&gateway, &request);
    let Fate::Answered(seen) = gateway.resume(request, asking, &answering(ApiKey::DESCRIBE_ACLS, 3, &error)) else {
        panic!("it is answered")
    };
    assert_eq!(ints(&seen, "FilterResults.*.ErrorCode"), [31]);
}

#[test]
fn an_unknown_tagged_field_of_the_look_up_is_not_looked_at() {
    let gateway = Gateway::hiding();
    let (mut request, asking, _) = question(&gateway, &delete(&[Ask::new(TOPIC, ANY, None)], 3));
    let describe = api(ApiKey::DESCRIBE_ACLS);
    let mut body = answering(ApiKey::DESCRIBE_ACLS, 3, &[])
        .write(&describe.response, 3)
        .unwrap();
    assert_eq!(body.pop(), Some(0), "the last section of tagged fields is empty");
    body.extend([1, 99, 2, b'h', b'i']);
    let reply = Reply::Response(Response::local(describe, 3, body));
    let outcome = gateway.chain.resume(&gateway.connection, &mut request, asking, reply);
    assert!(matches!(outcome, Outcome::Reply(Reply::Response(_))), "{outcome:?}");
}

#[test]
fn one_error_of_several_is_the_filters() {
    let gateway = Gateway::hiding();
    let request = delete(&[Ask::new(TOPIC, ANY, Some("orders"))], 3);
    for failed in 0..2 {
        let (_, pending) = gateway.forward(ApiKey::DELETE_ACLS, 3, &request);
        let at = |at: usize, field: &str| format!("FilterResults.{at}.{field}");
        let (code, message) = (at(failed, "ErrorCode"), at(failed, "ErrorMessage"));
        let other = at(1 - failed, "MatchingAcls.0.ResourceName");
        let answer = answering(
            ApiKey::DELETE_ACLS,
            3,
            &[
                (&code, int(42)),
                (&message, text("no")),
                (&other, text("team-a.orders")),
            ],
        );
        let seen = gateway.answer(ApiKey::DELETE_ACLS, 3, pending, &answer);
        assert_eq!(ints(&seen, "FilterResults.*.ErrorCode"), [42]);
        assert_eq!(texts(&seen, "FilterResults.*.ErrorMessage"), ["no"]);
        assert_eq!(ints(&seen, "FilterResults.*.MatchingAcls.*.ErrorCode"), [0; 0]);
    }
}

#[test]
fn unknown_types_are_refused_and_the_rest_goes_on() {
    let gateway = Gateway::hiding();
    for ask in [
        Ask::new(8, LITERAL, Some("orders")),
        Ask::new(TOPIC, 5, None),
        Ask::new(TOPIC, 0, None),
    ] {
        let request = delete(&[ask, Ask::new(TOPIC, LITERAL, Some("orders"))], 3);
        let (_, pending) = gateway.forward(ApiKey::DELETE_ACLS, 3, &request);
        let answer = answering(ApiKey::DELETE_ACLS, 3, &[("FilterResults.0.ErrorCode", int(0))]);
        let seen = gateway.answer(ApiKey::DELETE_ACLS, 3, pending, &answer);
        assert_eq!(ints(&seen, "FilterResults.*.ErrorCode"), [42, 0]);
    }
}

#[test]
fn results_that_can_not_be_told_apart_are_withheld() {
    let gateway = Gateway::hiding();
    let request = delete(&[Ask::new(TOPIC, LITERAL, Some("orders"))], 3);
    let (_, pending) = gateway.forward(ApiKey::DELETE_ACLS, 3, &request);
    let seen = gateway.answer(ApiKey::DELETE_ACLS, 3, pending, &answering(ApiKey::DELETE_ACLS, 3, &[]));
    assert_eq!(ints(&seen, "FilterResults.*.ErrorCode"), [-1]);
}

#[test]
fn what_was_just_made_is_deleted_though_the_broker_does_not_know_it_yet() {
    let gateway = Gateway::hiding();
    let mut backend = Cluster::default();
    let acls = [Acl::new(TOPIC, LITERAL, "orders"), Acl::new(GROUP, LITERAL, "workers")];
    exchange(
        &gateway,
        &mut backend,
        &Cluster::default(),
        ApiKey::CREATE_ACLS,
        3,
        &create(&acls, 3),
    );
    assert_eq!(backend.0.len(), 2);
    let request = delete(&[Ask::new(TOPIC, ANY, None)], 3);
    let response = exchange(
        &gateway,
        &mut backend,
        &Cluster::default(),
        ApiKey::DELETE_ACLS,
        3,
        &request,
    );
    assert_eq!(deleted(&response), [[acls[0].clone()].into()]);
    assert_eq!(backend.0.len(), 1);
}

#[test]
fn what_matches_too_much_is_refused_as_a_whole() {
    let gateway = Gateway::hiding();
    let long = "x".repeat(30_000);
    let acls = (0..200).map(|number| Acl::new(GROUP, LITERAL, &format!("{PREFIX}{number}{long}")));
    let mut backend = Cluster(acls.collect());
    let before = backend.clone();
    let request = delete(
        &[Ask::new(GROUP, LITERAL, None), Ask::new(TOPIC, LITERAL, Some("orders"))],
        3,
    );
    let response = exchange(&gateway, &mut backend, &before, ApiKey::DELETE_ACLS, 3, &request);
    assert_eq!(ints(&response, "FilterResults.*.ErrorCode"), [42, 42]);
    assert_eq!(backend, before);
}
