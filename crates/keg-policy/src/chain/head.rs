//! What policies are shown of a response of which the rest is passed on.

use std::sync::Arc;

use bytes::Bytes;
use keg_codec::schema::{Entity, EntitySet};
use keg_codec::walk::{Passage, WalkError};
use keg_codec::{Api, FetchHead};

use super::streaming::{Rest, StreamedNames};

/// What a response must not show, wherever it stands behind the head.
const HIDDEN: EntitySet = EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort]);

/// The head of a response of which the rest is passed on.
pub(super) struct Head {
    api: &'static Api,
    version: i16,
    found: FetchHead,
    /// What becomes of the names behind it; none if it has the only one.
    names: Option<StreamedNames>,
}

impl Head {
    pub(super) fn of(api: &'static Api, version: i16, body: &[u8], names: Option<StreamedNames>) -> Option<Self> {
        let found = match names {
            Some(_) => FetchHead::of(api, version, body),
            None => FetchHead::with_name(api, version, body),
        };
        Some(Self {
            api,
            version,
            found: found.filter(|found| found.length == body.len())?,
            names,
        })
    }

    /// What makes a whole response of what is shown of the head.
    fn nothing(&self) -> &'static [u8] {
        match self.names {
            Some(_) => FetchHead::without_topics(self.api, self.version),
            None => FetchHead::without_partitions(self.api, self.version),
        }
    }

    /// A response that has no records.
    pub(super) fn alone(&self, head: &[u8]) -> Bytes {
        let shown = match self.names {
            Some(_) => head.get(..self.found.fields).unwrap_or_default(),
            None => head,
        };
        [shown, self.nothing()].concat().into()
    }

    /// The head, after policies were shown it [alone](Self::alone) and made this of it.
    pub(super) fn of_shown(&self, shown: &[u8], head: &[u8]) -> Option<Vec<u8>> {
        let shown = shown.strip_suffix(self.nothing())?;
        let (new, found) = match self.names {
            Some(_) => {
                let new = [shown, head.get(self.found.fields..)?].concat();
                let found = FetchHead::of(self.api, self.version, &new)?;
                (new, found)
            }
            None => (shown.to_vec(), FetchHead::with_name(self.api, self.version, shown)?),
        };
        (found.length == new.len()).then_some(new)
    }

    /// Takes the head past a guard, which the rest goes past next.
    pub(super) fn guarded(&self, mut head: Vec<u8>, rest: &mut Rest) -> Result<Bytes, WalkError> {
        let refused = WalkError::Refused { field: self.api.name };
        let response = &self.api.response;
        let guard = Passage::new(response, self.version, head.len() + rest.length, HIDDEN);
        let mut guard = guard.ok_or(refused)?;
        if let Some(StreamedNames::Beginning { with, hidden }) = &self.names {
            let topics = hidden.then_some(self.found.topics);
            let left_out = topics.unwrap_or(0).checked_mul(with.len());
            let length = left_out.and_then(|left_out| rest.length.checked_sub(left_out));
            rest.length = length.ok_or(WalkError::CountBeyondMessage {
                count: self.found.topics,
                left: rest.length,
            })?;
            let names = guard.beginning_with(Entity::TopicName, Arc::clone(with), topics);
            guard = names.ok_or(refused)?;
        }
        guard.pass(&mut head)?;
        rest.guard = Some(guard);
        Ok(head.into())
    }
}
