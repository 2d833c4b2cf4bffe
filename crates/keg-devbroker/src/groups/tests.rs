//! The state machine, driven by a clock that the tests move.

use bytes::Bytes;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::groups::member::Protocol;

const GROUP: &str = "g";
const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);

/// Groups with a clock.
struct World {
    groups: Groups,
    now: Instant,
    fresh: u32,
}

impl World {
    fn new() -> Self {
        Self::with_initial_delay(Duration::ZERO)
    }

    fn with_initial_delay(delay: Duration) -> Self {
        Self {
            groups: Groups::new(delay),
            now: Instant::now(),
            fresh: 0,
        }
    }

    /// Moves the clock, stopping at every deadline on the way.
    fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(deadline) = self.groups.next_deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now, "a deadline that has passed is done with");
            self.now = deadline;
            self.groups.tick(deadline);
            assert_ne!(
                self.groups.next_deadline(),
                Some(deadline),
                "a tick does all that is due"
            );
        }
        self.now = end;
    }

    /// A new member of the group; its id is `m1`, `m2` and so on.
    fn newcomer(&mut self) -> Join {
        self.fresh += 1;
        Join {
            member_id: String::new(),
            fresh_member_id: format!("m{}", self.fresh),
            instance_id: None,
            client_id: "client".to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            session_timeout: SESSION,
            rebalance_timeout: REBALANCE,
            protocol_type: "consumer".to_owned(),
            protocols: protocols(&["range"]),
            must_know_its_id: false,
            may_skip_assignment: false,
        }
    }

    fn returning(&mut self, member_id: &str) -> Join {
        let newcomer = self.newcomer();
        Join {
            member_id: member_id.to_owned(),
            ..newcomer
        }
    }

    fn static_member(&mut self, instance: &str) -> Join {
        let newcomer = self.newcomer();
        Join {
            instance_id: Some(instance.to_owned()),
            ..newcomer
        }
    }

    fn join(&mut self, join: Join) -> Receiver<JoinOutcome> {
        self.groups.join(self.now, GROUP, join)
    }

    fn sync(&mut self, member_id: &str, generation: i32, assignments: &[(&str, &str)]) -> Receiver<SyncOutcome> {
        let assignments = assignments
            .iter()
            .map(|(id, assigned)| ((*id).to_owned(), Bytes::copy_from_slice(assigned.as_bytes())));
        let sync = Sync {
            identity: dynamic(member_id),
            generation,
            protocol_type: None,
            protocol: None,
            assignments: assignments.collect(),
        };
        self.groups.sync(self.now, GROUP, sync)
    }

    fn heartbeat(&mut self, member_id: &str, generation: i32) -> Result<(), ResponseError> {
        self.groups.heartbeat(self.now, GROUP, &dynamic(member_id), generation)
    }

    fn leave(&mut self, member_id: &str) -> Result<(), ResponseError> {
        self.groups.leave(self.now, GROUP, &dynamic(member_id))
    }

    fn state(&self) -> &'static str {
        self.groups.get(GROUP).unwrap().state()
    }

    /// A stable group of dynamic members `m1` to `mN`, of which `m1` leads; gives its generation.
    fn stable(&mut self, members: usize) -> i32 {
        let first = self.newcomer();
        let leader = done(self.join(first)).unwrap();
        let mut joining = Vec::new();
        for _ in 1..members {
            let newcomer = self.newcomer();
            joining.push(self.join(newcomer));
        }
        let generation = if members > 1 {
            let again = self.returning(&leader.member_id);
            done(self.join(again)).unwrap().generation
        } else {
            leader.generation
        };
        for joined in joining {
            assert_eq!(done(joined).unwrap().generation, generation);
        }
        done(self.sync(&leader.member_id, generation, &[])).unwrap();
        assert_eq!(self.state(), "Stable");
        generation
    }
}

fn protocols(names: &[&str]) -> Vec<Protocol> {
    let named = |name: &&str| Protocol {
        name: (*name).to_owned(),
        metadata: Bytes::copy_from_slice(format!("{name} metadata").as_bytes()),
    };
    names.iter().map(named).collect()
}

fn dynamic(member_id: &str) -> Identity {
    Identity {
        member_id: member_id.to_owned(),
        instance_id: None,
    }
}

fn waits<T>(receiver: &mut Receiver<T>) -> bool {
    matches!(receiver.try_recv(), Err(TryRecvError::Empty))
}

#[track_caller]
fn done<T>(mut receiver: Receiver<T>) -> T {
    receiver.try_recv().expect("an answer")
}

#[track_caller]
fn refused(receiver: Receiver<JoinOutcome>) -> ResponseError {
    done(receiver).unwrap_err().error
}

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
