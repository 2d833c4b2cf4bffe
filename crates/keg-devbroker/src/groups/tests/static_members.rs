//! Members with an instance id (KIP-345).

use super::*;

#[test]
fn a_static_member_that_restarts_takes_its_place_and_fences_its_past() {
    let mut world = World::new();
    let first = world.static_member("i1");
    let leader = done(world.join(first)).unwrap();
    let second = world.static_member("i2");
    let second = world.join(second);
    let again = Join {
        member_id: leader.member_id.clone(),
        ..world.static_member("i1")
    };
    let generation = done(world.join(again)).unwrap().generation;
    let old = done(second).unwrap().member_id;
    done(world.sync("m1", generation, &[("m1", "a"), (&old, "b")])).unwrap();

    let restarted = world.static_member("i2");
    let restarted = done(world.join(restarted)).unwrap();
    assert_eq!(restarted.generation, generation, "no rebalance");
    assert_ne!(restarted.member_id, old);
    let synced = done(world.sync(&restarted.member_id, generation, &[])).unwrap();
    assert_eq!(synced.assignment, "b");
    let past = Identity {
        member_id: old,
        instance_id: Some("i2".to_owned()),
    };
    let beaten = world.groups.heartbeat(world.now, GROUP, &past, generation);
    assert_eq!(beaten, Err(ResponseError::FencedInstanceId));
}

#[test]
fn a_static_leader_that_restarts_makes_no_assignment() {
    for may_skip_assignment in [false, true] {
        let mut world = World::new();
        let first = world.static_member("i1");
        let old = done(world.join(first)).unwrap();
        done(world.sync(&old.member_id, 1, &[(&old.member_id, "a")])).unwrap();
        let restarted = Join {
            may_skip_assignment,
            ..world.static_member("i1")
        };
        let restarted = done(world.join(restarted)).unwrap();
        assert_eq!(restarted.generation, 1);
        assert_eq!(restarted.skip_assignment, may_skip_assignment);
        assert_eq!(restarted.leader == restarted.member_id, may_skip_assignment);
        assert_eq!(restarted.members.len(), usize::from(may_skip_assignment));
    }
}

#[test]
fn a_static_member_that_is_away_keeps_its_place_until_its_session_ends() {
    let mut world = World::new();
    let first = world.static_member("i1");
    done(world.join(first)).unwrap();
    done(world.sync("m1", 1, &[])).unwrap();
    let second = Join {
        rebalance_timeout: SESSION / 2,
        ..world.newcomer()
    };
    let mut second = world.join(second);
    // The first member's rebalance timeout is the longest, but its session is over before.
    world.advance(SESSION - Duration::from_millis(1));
    assert!(waits(&mut second));
    world.advance(Duration::from_millis(1));
    assert_eq!(done(second).unwrap().members.len(), 1);
}

#[test]
fn an_administrator_removes_a_static_member_by_its_instance() {
    let mut world = World::new();
    let first = world.static_member("i1");
    done(world.join(first)).unwrap();
    let identity = |instance: &str| Identity {
        member_id: String::new(),
        instance_id: Some(instance.to_owned()),
    };
    let leave = |world: &mut World, instance| world.groups.leave(world.now, GROUP, &identity(instance));
    assert_eq!(leave(&mut world, "i9"), Err(ResponseError::UnknownMemberId));
    assert_eq!(leave(&mut world, "i1"), Ok(()));
    assert_eq!(world.state(), "Empty");
}
