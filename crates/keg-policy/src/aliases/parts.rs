//! Requests that are taken apart: where one names a topic in two ways, the broker gets it in turns, as it takes each topic
//! once, or the last mention of it alone.

use std::collections::{BTreeMap, VecDeque};

use keg_codec::message::Struct;
use keg_codec::walk::WalkError;
use keg_codec::{ApiKey, Rope};

use super::fetches;
use super::inbound::Found;
use super::outbound::Naming;
use super::set::{Handle, Set};
use crate::message::Request;
use crate::policy::{Decision, Note, Question};

/// Which name goes at which turn.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By topic, the ways in which it is named: each goes at its place's turn.
    handles: BTreeMap<usize, Vec<Handle>>,
    /// Whether the first turn is for what isn't named by an alias.
    apart: bool,
}

impl Plan {
    /// One turn for each way of naming a topic. `apart` keeps what is named by aliases apart from all else.
    pub(super) fn new(found: &mut Found, apart: bool) -> Self {
        let mut handles = std::mem::take(&mut found.handles);
        for handles in handles.values_mut() {
            // Direct comes first.
            handles.sort();
        }
        let is_direct = |handle: &Handle| matches!(handle, Handle::Direct(_));
        let mixed = found.others || handles.values().flatten().any(is_direct);
        Self {
            handles,
            apart: apart && mixed && found.aliases,
        }
    }

    pub(super) fn rank(&self, set: &Set, handle: Handle) -> usize {
        let handles = set.target(handle).and_then(|topic| self.handles.get(&topic));
        let handles = handles.map_or(&[][..], Vec::as_slice);
        let place = handles.iter().position(|it| *it == handle).unwrap_or_default();
        let direct_is_first = matches!(handles.first(), Some(Handle::Direct(_)));
        place + usize::from(self.apart && !direct_is_first)
    }

    pub(super) fn turns(&self) -> usize {
        let turns = self.handles.values().map(|handles| {
            let direct_is_first = matches!(handles.first(), Some(Handle::Direct(_)));
            handles.len() + usize::from(self.apart && !direct_is_first)
        });
        turns.max().unwrap_or(1)
    }

    /// How the client names the topics of a turn.
    pub(super) fn naming(&self, set: &Set, found: &Found, turn: usize) -> Naming {
        let aliases = self.handles.iter().filter_map(|(topic, handles)| {
            let at_turn = handles.iter().find(|handle| self.rank(set, **handle) == turn)?;
            match at_turn {
                Handle::Alias(alias) => Some((*topic, *alias)),
                Handle::Direct(_) => None,
            }
        });
        let aliases: BTreeMap<_, _> = aliases.collect();
        let ids = found.ids.iter().copied();
        let ids = ids.filter(|(_, alias)| self.rank(set, Handle::Alias(*alias)) == turn);
        Naming {
            ids: ids.collect(),
            aliases,
            ..Naming::default()
        }
    }
}

/// What goes at a turn.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) body: Rope,
    pub(super) naming: Naming,
}

/// A request that goes in turns.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) steps: VecDeque<Step>,
    /// The answers so far, in the client's names.
    pub(super) done: Vec<Struct>,
}

/// What the broker was asked.
#[derive(Debug)]
pub(super) enum Waiting {
    /// Ids.
    LookUp,
    /// A part of the request, which names topics so.
    Part(Progress, Naming),
}

/// What is kept of a request that went on.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) naming: Naming,
    /// What else is answered, in the client's names.
    pub(super) before: Vec<Struct>,
}

impl Progress {
    /// Sends what is next: the last part takes the request's place.
    pub(super) fn advance(mut self, request: &mut Request) -> Result<Decision, WalkError> {
        let Some(Step { mut body, naming }) = self.steps.pop_front() else {
            return Ok(Decision::Close("a request of no parts".to_owned()));
        };
        let is_last = self.steps.is_empty();
        if request.api.key == ApiKey::FETCH && (!is_last || fetches::found_something(&self.done)) {
            body = fetches::without_waiting(request.api, request.version, body)?;
        }
        if is_last {
            request.body = body;
            let before = self.done;
            return Ok(Decision::Forward(Note::new(Asked { naming, before })));
        }
        let request = Request {
            body,
            ..request.clone()
        };
        Ok(Decision::Ask(Question {
            request,
            note: Note::new(Waiting::Part(self, naming)),
        }))
    }
}
