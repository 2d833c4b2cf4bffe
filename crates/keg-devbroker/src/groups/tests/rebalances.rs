//! Rebalances, and what time does to them.

use super::*;

#[test]
fn the_first_member_leads_and_gives_everybody_an_assignment() {
    let mut world = World::new();
    let first = world.newcomer();
    let leader = done(world.join(first)).unwrap();
    assert_eq!(
        (leader.generation, leader.leader.as_str(), leader.members.len()),
        (1, "m1", 1)
    );
    assert_eq!(leader.members[0].metadata, "range metadata");

    let second = world.newcomer();
    let mut follower = world.join(second);
    assert!(waits(&mut follower), "until the leader has rejoined");
    assert_eq!(world.heartbeat("m1", 1), Err(ResponseError::RebalanceInProgress));
    let again = world.returning("m1");
    let leader = done(world.join(again)).unwrap();
    let follower = done(follower).unwrap();
    assert_eq!((leader.generation, follower.generation), (2, 2));
    assert_eq!((leader.members.len(), follower.members.len()), (2, 0));
    assert_eq!(follower.leader, "m1");

    let mut synced = world.sync("m2", 2, &[]);
    assert!(waits(&mut synced), "until the leader has assigned");
    let own = done(world.sync("m1", 2, &[("m1", "a"), ("m2", "b")])).unwrap();
    assert_eq!(
        (own.assignment, done(synced).unwrap().assignment),
        ("a".into(), "b".into())
    );
    assert_eq!(world.state(), "Stable");
    assert_eq!(world.heartbeat("m2", 2), Ok(()));
    assert_eq!(
        done(world.sync("m2", 2, &[])).unwrap().assignment,
        "b",
        "again, for a lost answer"
    );
}

#[test]
fn the_initial_delay_gathers_members_into_one_generation() {
    let mut world = World::with_initial_delay(Duration::from_secs(3));
    let (first, second) = (world.newcomer(), world.newcomer());
    let mut first = world.join(first);
    world.advance(Duration::from_secs(2));
    let mut second = world.join(second);
    assert!(waits(&mut first) && waits(&mut second));
    world.advance(Duration::from_secs(1));
    assert_eq!(done(first).unwrap().members.len(), 2);
    assert_eq!(done(second).unwrap().generation, 1);
}

#[test]
fn a_silent_member_is_removed_when_its_session_ends() {
    let mut world = World::new();
    let generation = world.stable(2);
    world.advance(SESSION - Duration::from_millis(1));
    assert_eq!(world.heartbeat("m1", generation), Ok(()));
    world.advance(Duration::from_millis(1));
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.heartbeat("m2", generation), Err(ResponseError::UnknownMemberId));
    let again = world.returning("m1");
    assert_eq!(done(world.join(again)).unwrap().members.len(), 1);
}

#[test]
fn a_member_that_waits_for_the_others_is_alive() {
    let mut world = World::new();
    let generation = world.stable(1);
    let second = world.newcomer();
    let mut second = world.join(second);
    for _ in 0..4 {
        world.advance(SESSION / 2);
        assert_eq!(
            world.heartbeat("m1", generation),
            Err(ResponseError::RebalanceInProgress)
        );
    }
    assert!(waits(&mut second), "longer than its session timeout");
}

#[test]
fn who_does_not_rejoin_in_time_is_left_behind() {
    let mut world = World::new();
    let generation = world.stable(2);
    let third = world.newcomer();
    let mut third = world.join(third);
    let again = world.returning("m2");
    let mut second = world.join(again);
    let mut waited = Duration::ZERO;
    while waited + SESSION / 2 < REBALANCE {
        world.advance(SESSION / 2);
        waited += SESSION / 2;
        assert!(world.heartbeat("m1", generation).is_err());
        assert!(waits(&mut second) && waits(&mut third));
    }
    world.advance(REBALANCE - waited);
    let (second, third) = (done(second).unwrap(), done(third).unwrap());
    assert_eq!(second.leader, "m2", "the old leader is gone");
    assert_eq!((second.members.len(), third.generation), (2, generation + 1));
    assert_eq!(world.heartbeat("m1", generation), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_leader_that_never_assigns_is_removed() {
    let mut world = World::new();
    world.stable(1);
    let second = world.newcomer();
    let second = world.join(second);
    let again = world.returning("m1");
    done(world.join(again)).unwrap();
    let generation = done(second).unwrap().generation;
    let synced = world.sync("m2", generation, &[]);
    let mut waited = Duration::ZERO;
    while waited + SESSION / 2 < REBALANCE {
        world.advance(SESSION / 2);
        waited += SESSION / 2;
        assert_eq!(world.heartbeat("m1", generation), Ok(()));
    }
    world.advance(REBALANCE - waited);
    assert_eq!(done(synced), Err(ResponseError::RebalanceInProgress));
    assert_eq!(world.heartbeat("m1", generation), Err(ResponseError::UnknownMemberId));
    let again = world.returning("m2");
    assert_eq!(done(world.join(again)).unwrap().leader, "m2");
}

#[test]
fn the_last_member_to_leave_leaves_an_empty_group() {
    let mut world = World::new();
    let generation = world.stable(2);
    assert_eq!(world.leave("m2"), Ok(()));
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.groups.delete(GROUP), Err(ResponseError::NonEmptyGroup));
    assert_eq!(world.leave("m1"), Ok(()));
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.leave("m1"), Err(ResponseError::UnknownMemberId));
    assert_eq!(world.groups.next_deadline(), None);
    let newcomer = world.newcomer();
    let newcomer = done(world.join(newcomer)).unwrap();
    assert!(newcomer.generation > generation);
    assert_eq!(world.leave(&newcomer.member_id), Ok(()));
    assert_eq!(world.groups.delete(GROUP), Ok(()));
    assert_eq!(world.groups.delete(GROUP), Err(ResponseError::GroupIdNotFound));
}

#[test]
fn a_follower_that_joins_again_unchanged_disturbs_nobody() {
    let mut world = World::new();
    let generation = world.stable(2);
    let again = world.returning("m2");
    assert_eq!(done(world.join(again)).unwrap().generation, generation);
    assert_eq!(world.state(), "Stable");
    let changed = Join {
        protocols: protocols(&["roundrobin", "range"]),
        ..world.returning("m2")
    };
    let mut changed = world.join(changed);
    assert!(waits(&mut changed));
    assert_eq!(world.state(), "PreparingRebalance");
}

#[test]
fn the_strategy_is_one_that_all_support_and_most_prefer() {
    let mut world = World::new();
    let speaks = |world: &mut World, names: &[&str]| Join {
        protocols: protocols(names),
        ..world.newcomer()
    };
    let first = speaks(&mut world, &["sticky", "range", "roundrobin"]);
    done(world.join(first)).unwrap();
    let second = speaks(&mut world, &["roundrobin", "range"]);
    world.join(second);
    let third = speaks(&mut world, &["roundrobin", "range"]);
    world.join(third);
    let stranger = speaks(&mut world, &["other"]);
    assert_eq!(refused(world.join(stranger)), ResponseError::InconsistentGroupProtocol);
    let connect = Join {
        protocol_type: "connect".to_owned(),
        ..world.newcomer()
    };
    assert_eq!(refused(world.join(connect)), ResponseError::InconsistentGroupProtocol);
    let again = Join {
        member_id: "m1".to_owned(),
        ..speaks(&mut world, &["sticky", "range", "roundrobin"])
    };
    assert_eq!(done(world.join(again)).unwrap().protocol, "roundrobin");
}
