//! Faults on demand: what a test wants to go wrong, and when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::messages::ApiKey;

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is handled, and its reply held back for so long; requests behind it on the
    /// same connection wait too.
    Delay(Duration),
    /// The connection ends before the request has any effect.
    DisconnectBeforeHandling,
    /// The request takes effect, but the connection ends in place of its reply.
    DisconnectBeforeReply,
    /// The reply is sent, and then the connection ends.
    DisconnectAfterReply,
    /// The request has no effect; the reply has this error code wherever it has room for one.
    Error(i16),
    /// The frame announces its full length, but the connection ends after so many bytes of it,
    /// the 4 bytes of the length not counted.
    Truncate(usize),
    /// The reply is cut to so many bytes, in a frame of that length; the connection goes on.
    Shorten(usize),
    /// The reply comes after the reply to the next request of the connection: it needs a client
    /// that has two requests in flight.
    SwapWithNext,
    /// The reply has another correlation id than the request.
    WrongCorrelationId,
}

/// A handle to the faults of a broker; clones share them.
///
/// Faults are used up in the order in which they were injected; a request meets at most one.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Arc<Mutex<Vec<Planned>>>,
}

#[derive(Debug)]
struct Planned {
    api_key: ApiKey,
    node: Option<i32>,
    times: usize,
    fault: Fault,
}

/// A fault in the making: which requests it meets.
#[derive(Debug)]
#[must_use = "nothing is injected before `inject`"]
pub struct Injection {
    faults: Faults,
    api_key: ApiKey,
    node: Option<i32>,
    times: usize,
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a fault for requests of this API: the next one, at any node, unless more is said.
    pub fn on(&self, api_key: ApiKey) -> Injection {
        Injection {
            faults: self.clone(),
            api_key,
            node: None,
            times: 1,
        }
    }

    /// Forgets what was injected and has not happened yet.
    pub fn clear(&self) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// True if everything that was injected has happened.
    pub fn is_empty(&self) -> bool {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The fault that a request meets, which is used up by it.
    pub(crate) fn take(&self, node: i32, api_key: i16) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let position = planned
            .iter()
            .position(|plan| plan.api_key as i16 == api_key && plan.node.is_none_or(|planned| planned == node))?;
        let plan = planned.get_mut(position)?;
        let fault = plan.fault.clone();
        plan.times = plan.times.saturating_sub(1);
        if plan.times == 0 {
            planned.remove(position);
        }
        Some(fault)
    }
}

impl Injection {
    /// Only at the node with this id.
    pub fn at_node(mut self, node: i32) -> Self {
        self.node = Some(node);
        self
    }

    /// For so many requests; 0 injects nothing, `usize::MAX` never ends.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Injects the fault.
    pub fn inject(self, fault: Fault) {
        let Self {
            faults,
            api_key,
            node,
            times,
        } = self;
        if times > 0 {
            let planned = Planned {
                api_key,
                node,
                times,
                fault,
            };
            faults
                .planned
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(planned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_meet_the_requests_they_are_meant_for_and_are_used_up() {
        let faults = Faults::new();
        faults.on(ApiKey::Fetch).at_node(2).times(2).inject(Fault::Error(3));
        faults.on(ApiKey::Fetch).inject(Fault::Truncate(1));
        faults.on(ApiKey::Fetch).times(0).inject(Fault::SwapWithNext);
        let fetch = ApiKey::Fetch as i16;
        assert_eq!(faults.take(1, ApiKey::Produce as i16), None);
        assert_eq!(faults.take(2, fetch), Some(Fault::Error(3)));
        assert_eq!(faults.take(1, fetch), Some(Fault::Truncate(1)));
        assert_eq!(faults.take(1, fetch), None);
        assert_eq!(faults.take(2, fetch), Some(Fault::Error(3)));
        assert!(faults.is_empty());
        faults.on(ApiKey::Fetch).times(usize::MAX).inject(Fault::SwapWithNext);
        faults.clear();
        assert_eq!(faults.take(2, fetch), None);
    }
}
