//! Topic ids of aliases, which nobody but a gateway knows.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::AliasMemory;

use super::play::{id, plain, play, remembering, teach};
use crate::support::message::values;
use crate::support::{Gateway, answering, asking, int};

const KEY: ApiKey = ApiKey::FETCH;
const ALIASES: &[(&str, &str)] = &[("alias", "orders"), ("second", "orders"), ("prices", "prices-v2")];

fn prices() -> Value {
    Value::Uuid(0xfedc_ba98_7654_4210_9123_4567_89ab_cdef_u128.to_be_bytes())
}

fn fetch(ids: &[&Value]) -> Struct {
    let paths: Vec<_> = (0..ids.len()).map(|index| format!("Topics.{index}.TopicId")).collect();
    let mut fields: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .zip(ids.iter().map(|it| (*it).clone()))
        .collect();
    fields.push(("SessionEpoch", int(-1)));
    asking(KEY, 13, &fields)
}

/// A broker that answers for what it is asked for.
fn fetched(request: &Struct) -> Struct {
    let ids = values(request, "Topics.*.TopicId");
    let paths: Vec<_> = (0..ids.len())
        .map(|index| format!("Responses.{index}.TopicId"))
        .collect();
    let fields: Vec<_> = paths.iter().map(String::as_str).zip(ids.into_iter().cloned()).collect();
    answering(KEY, 13, &fields)
}

fn ids_of<'a>(message: &'a Struct, array: &str) -> Vec<&'a Value> {
    values(message, &format!("{array}.*.TopicId"))
}

#[test]
fn every_gateway_gives_an_alias_the_same_id_and_no_two_have_one() {
    let of = |alias| teach(&plain(ALIASES), alias, "orders", &id());
    assert_eq!(of("alias"), of("alias"));
    assert_ne!(of("alias"), of("second"));
    assert_ne!(of("alias"), id());
    let again = teach(&plain(ALIASES), "alias", "orders", &prices());
    assert_ne!(again, of("alias"), "a topic that was made again has another id");
}

#[test]
fn an_id_that_another_gateway_gave_is_looked_up_once() {
    let alias = teach(&plain(ALIASES), "alias", "orders", &id());
    let gateway = plain(ALIASES);
    let topics = [("orders", id()), ("prices-v2", prices())];
    for look_ups in [1, 0] {
        let played = play(&gateway, &topics, KEY, 13, &fetch(&[&alias]), fetched);
        assert_eq!(played.look_ups, look_ups);
        assert_eq!(ids_of(&played.sent[0], "Topics"), [&id()]);
        assert_eq!(ids_of(played.seen(), "Responses"), [&alias]);
    }
    // With it all others are known.
    let other = teach(&plain(ALIASES), "prices", "prices-v2", &prices());
    let played = play(&gateway, &topics, KEY, 13, &fetch(&[&other, &prices()]), fetched);
    assert_eq!(played.look_ups, 0);
    let sent: Vec<_> = played.sent.iter().flat_map(|sent| ids_of(sent, "Topics")).collect();
    assert_eq!(sent, [&prices(), &prices()], "in turns");
    assert_eq!(ids_of(played.seen(), "Responses"), [&prices(), &other]);
}

#[test]
fn ids_of_nobody_go_on_and_those_of_topics_are_not_looked_up() {
    let gateway = plain(ALIASES);
    let old = teach(&plain(ALIASES), "alias", "orders", &prices());
    let topics = [("orders", id())];
    let played = play(&gateway, &topics, KEY, 13, &fetch(&[&old]), fetched);
    assert_eq!(played.look_ups, 1);
    assert_eq!(
        ids_of(&played.sent[0], "Topics"),
        [&old],
        "the broker says that it doesn't know it"
    );
    let gateway = plain(ALIASES);
    let played = play(&gateway, &topics, KEY, 13, &fetch(&[&id()]), fetched);
    assert_eq!(played.look_ups, 0);
}

#[test]
fn an_alias_that_leads_elsewhere_is_not_read_by_its_old_id() {
    let memory = AliasMemory::default();
    let before = remembering(&[("alias", "orders")], &memory);
    let old = teach(&before, "alias", "orders", &id());
    let after = remembering(&[("alias", "prices-v2")], &memory);
    let topics = [("orders", id()), ("prices-v2", prices())];
    let played = play(&after, &topics, KEY, 13, &fetch(&[&old]), fetched);
    assert_eq!((played.look_ups, ids_of(&played.sent[0], "Topics")), (0, vec![&old]));
    let new = teach(&after, "alias", "prices-v2", &prices());
    let played = play(&after, &topics, KEY, 13, &fetch(&[&new]), fetched);
    assert_eq!(
        (played.look_ups, ids_of(&played.sent[0], "Topics")),
        (0, vec![&prices()])
    );
    // What was known before is known after.
    let back = remembering(&[("alias", "orders")], &memory);
    let played = play(&back, &topics, KEY, 13, &fetch(&[&old]), fetched);
    assert_eq!((played.look_ups, ids_of(&played.sent[0], "Topics")), (0, vec![&id()]));
}

#[test]
fn metadata_by_id_gives_the_alias() {
    let gateway = plain(ALIASES);
    let alias = teach(&gateway, "alias", "orders", &id());
    let request = asking(
        ApiKey::METADATA,
        12,
        &[("Topics.0.TopicId", alias.clone()), ("Topics.0.Name", Value::Null)],
    );
    let known = |found: bool| {
        move |asked: &Struct| {
            assert_eq!(ids_of(asked, "Topics"), [&id()]);
            let name = if found { Value::text("orders") } else { Value::Null };
            let code = if found { 0 } else { 100 };
            answering(
                ApiKey::METADATA,
                12,
                &[
                    ("Topics.0.ErrorCode", int(code)),
                    ("Topics.0.Name", name),
                    ("Topics.0.TopicId", id()),
                ],
            )
        }
    };
    for (found, name) in [(true, Value::text("alias")), (false, Value::Null)] {
        let played = play(&gateway, &[], ApiKey::METADATA, 12, &request, known(found));
        assert_eq!(ids_of(played.seen(), "Topics"), [&alias]);
        assert_eq!(values(played.seen(), "Topics.*.Name"), [&name]);
    }
}

#[test]
fn ids_in_responses_of_topics_that_were_named_by_their_own_stay() {
    let gateway: Gateway = plain(ALIASES);
    teach(&gateway, "alias", "orders", &id());
    let played = play(&gateway, &[], KEY, 13, &fetch(&[&id()]), fetched);
    assert_eq!(ids_of(played.seen(), "Responses"), [&id()]);
}

#[test]
fn a_topic_that_had_no_alias_for_a_while_is_told_apart_from_the_one_that_it_has_again() {
    let memory = AliasMemory::default();
    let alias = teach(&remembering(ALIASES, &memory), "alias", "orders", &id());
    teach(
        &remembering(&[("prices", "prices-v2")], &memory),
        "orders",
        "orders",
        &id(),
    );
    let gateway = remembering(ALIASES, &memory);
    let played = play(&gateway, &[], KEY, 13, &fetch(&[&id(), &alias]), fetched);
    assert_eq!(
        played
            .sent
            .iter()
            .flat_map(|it| ids_of(it, "Topics"))
            .collect::<Vec<_>>(),
        [&id(), &id()]
    );
    assert_eq!(played.sent.len(), 2, "{played:?}");
    assert_eq!(ids_of(played.seen(), "Responses"), [&id(), &alias]);
}
