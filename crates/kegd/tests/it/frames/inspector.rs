//! Looks at frames, and counts what it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keg_codec::message::Struct;
use keg_codec::walk::check;
use keg_codec::{Api, ApiKey, Direction, ErrorCode};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Inspector(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    frames: BTreeMap<(&'static str, i16), usize>,
    problems: BTreeSet<String>,
}

impl Inspector {
    /// Looks at a message as it came off the wire.
    pub(super) fn inspect(&self, api: &'static Api, version: i16, direction: Direction, body: &[u8]) {
        let message = api.message(direction);
        // A broker that doesn't know the version answers in version 0 (KIP-511).
        let is_unsupported = body.first_chunk::<2>() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
        let version = match (api.key, direction) {
            (ApiKey::API_VERSIONS, Direction::Response) if is_unsupported => 0,
            _ => version,
        };
        let mut seen = self.seen();
        *seen.frames.entry((message.name, version)).or_default() += 1;
        let problem = match check(message, version, body) {
            Err(error) => Some(format!("is refused: {error}")),
            Ok(()) => match Struct::read(message, version, body).and_then(|it| it.write(message, version)) {
                Err(error) => Some(format!("can't be read and written: {error}")),
                Ok(written) if written != body => Some(format!("is written as {written:02x?}, not as {body:02x?}")),
                Ok(_) => None,
            },
        };
        if let Some(problem) = problem {
            seen.problems.insert(format!("{} v{version} {problem}", message.name));
        }
    }

    /// Notes what is wrong with a connection.
    pub(super) fn problem(&self, problem: String) {
        self.seen().problems.insert(problem);
    }

    /// Fails if anything was not as it should be, or fewer messages were seen than there should be; versions count.
    pub(super) fn check(&self, least: usize) {
        let seen = self.seen();
        let problems: Vec<_> = seen.problems.iter().map(String::as_str).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        assert!(
            seen.frames.len() >= least,
            "{} messages: {:?}",
            seen.frames.len(),
            seen.frames
        );
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
