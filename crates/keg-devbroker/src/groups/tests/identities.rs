//! Who may join, commit and ask, and who may not.

use super::*;

#[test]
fn a_newcomer_must_come_back_with_the_id_it_was_given() {
    let mut world = World::new();
    let first = Join {
        must_know_its_id: true,
        ..world.newcomer()
    };
    let outcome = done(world.join(first)).unwrap_err();
    assert_eq!(outcome, JoinRefused::new(ResponseError::MemberIdRequired, "m1"));
    let again = world.returning("m1");
    assert_eq!(done(world.join(again)).unwrap().member_id, "m1");
    let stranger = world.returning("stranger");
    assert_eq!(refused(world.join(stranger)), ResponseError::UnknownMemberId);
}

#[test]
fn an_id_that_nobody_comes_back_with_is_forgotten() {
    let mut world = World::new();
    let first = Join {
        must_know_its_id: true,
        ..world.newcomer()
    };
    world.join(first);
    assert!(!world.groups.get(GROUP).unwrap().is_empty());
    world.advance(SESSION);
    assert!(world.groups.get(GROUP).unwrap().is_empty());
    let late = world.returning("m1");
    assert_eq!(refused(world.join(late)), ResponseError::UnknownMemberId);
}

#[test]
fn what_does_not_fit_the_generation_is_refused() {
    let mut world = World::new();
    let generation = world.stable(1);
    assert_eq!(
        world.heartbeat("m1", generation + 1),
        Err(ResponseError::IllegalGeneration)
    );
    assert_eq!(world.heartbeat("m9", generation), Err(ResponseError::UnknownMemberId));
    assert_eq!(
        done(world.sync("m1", generation - 1, &[])),
        Err(ResponseError::IllegalGeneration)
    );
    assert_eq!(
        done(world.sync("m9", generation, &[])),
        Err(ResponseError::UnknownMemberId)
    );
    let mut commit = |member: &str, generation| {
        let identity = dynamic(member);
        let outcome = world.groups.committing(world.now, GROUP, &identity, generation);
        outcome.map(|_| ()).err()
    };
    assert_eq!(commit("m1", generation), None);
    assert_eq!(commit("m1", generation + 1), Some(ResponseError::IllegalGeneration));
    assert_eq!(
        commit("", -1),
        Some(ResponseError::UnknownMemberId),
        "others are in the group"
    );
    let other = world.groups.committing(world.now, "other", &dynamic(""), -1);
    assert!(other.is_ok(), "a commit from outside founds a group");
}

#[test]
fn nothing_is_committed_between_join_and_sync() {
    let mut world = World::new();
    let first = world.newcomer();
    let generation = done(world.join(first)).unwrap().generation;
    let outcome = world.groups.committing(world.now, GROUP, &dynamic("m1"), generation);
    assert_eq!(outcome.map(|_| ()).unwrap_err(), ResponseError::RebalanceInProgress);
}

#[test]
fn a_topic_that_is_gone_takes_its_offsets_along() {
    let mut world = World::new();
    let committed = Committed {
        offset: 5,
        leader_epoch: 0,
        metadata: String::new(),
    };
    let group = world.groups.committing(world.now, GROUP, &dynamic(""), -1).unwrap();
    group.offsets.commit("a", 0, committed.clone());
    group.offsets.commit("b", 0, committed.clone());
    world.groups.forget_topic("a");
    let offsets = &world.groups.get(GROUP).unwrap().offsets;
    assert_eq!(offsets.fetch("a", 0), None);
    assert_eq!(offsets.fetch("b", 0), Some(&committed));
}
