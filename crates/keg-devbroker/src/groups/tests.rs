//! The state machine, driven by a clock that the tests move.

mod identities;
mod rebalances;
mod static_members;

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
