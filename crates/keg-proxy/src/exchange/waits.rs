//! What must not wait for ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::alarm::Alarm;
use super::{Answers, Exchange};
use crate::error::Over;
use crate::limits::Limits;

/// A clock that runs while something is unfinished, so that an idle connection has no timer.
pub(super) struct Ticker {
    period: Duration,
    running: Option<Box<Running>>,
    /// Since when the client neither sends nor has anything to take.
    client_done: Option<Instant>,
}

struct Running {
    sleep: Pin<Box<Sleep>>,
    /// Goes off with it.
    alarm: Alarm,
}

impl Ticker {
    pub(super) fn new(limits: &Limits) -> Self {
        let shortest = limits
            .stall_timeout
            .min(limits.max_response_wait)
            .min(limits.drain_duration);
        // Limits hold with a tenth more, or two where it is a tick that notes what is waited for; nobody counts the seconds
        // of a minute.
        let period = (shortest / 10).clamp(Duration::from_millis(10), Duration::from_secs(5));
        Self {
            period,
            running: None,
            client_done: None,
        }
    }

    #[cfg(test)]
    pub(super) fn is_resting(&self) -> bool {
        self.running.is_none()
    }

    /// Ready now and then.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let period = self.period;
        let running = self.running.get_or_insert_with(|| {
            Box::new(Running {
                sleep: Box::pin(sleep_until(Instant::now() + period)),
                alarm: Alarm::default(),
            })
        });
        let Running { sleep, alarm } = &mut **running;
        if !alarm.went_off(context.waker()) {
            return Poll::Pending;
        }
        let ticked = sleep.as_mut().poll(&mut alarm.context(context));
        if ticked.is_ready() {
            sleep.as_mut().reset(Instant::now() + period);
            alarm.set_off();
        }
        ticked
    }
}

impl<C, B, S: Answers> Exchange<C, B, S> {
    /// Looks now and then whether something has waited too long.
    pub(super) fn poll_waits(&mut self, context: &mut Context<'_>) -> Poll<Over> {
        if self.ticker.running.is_none() && !self.is_unfinished() {
            return Poll::Pending;
        }
        while self.ticker.poll(context).is_ready() {
            if !self.is_unfinished() {
                self.ticker.running = None;
                return Poll::Pending;
            }
            if let Err(over) = self.check_waits(Instant::now()) {
                return Poll::Ready(over);
            }
        }
        Poll::Pending
    }

    fn is_unfinished(&self) -> bool {
        let incoming = &self.client.incoming;
        incoming.pending() > 0
            || incoming.is_closed()
            || !self.replies.is_empty()
            || self.passing.is_some()
            || self.sending.is_some()
            || !self.to_client.is_empty()
            || self.link.queued() > 0
    }

    fn check_waits(&mut self, now: Instant) -> Result<(), Over> {
        let Limits {
            stall_timeout,
            max_response_wait,
            drain_duration,
            ..
        } = self.limits;
        let incoming = &self.client.incoming;
        let over = |waited: Option<Duration>, limit| waited.filter(|waited| *waited >= limit);
        let patience = |contended| if contended { stall_timeout } else { max_response_wait };
        if let Some(waited) = over(incoming.waited(now), stall_timeout) {
            let received = incoming.pending();
            return Err(Over::Stalled { received, waited });
        }
        if let Some(waited) = over(incoming.hogged(now), stall_timeout) {
            let received = incoming.pending();
            return Err(Over::Hogged { received, waited });
        }
        if let Some(waited) = over(self.backend.incoming.hogged(now), stall_timeout) {
            let received = self.backend.incoming.pending();
            return Err(Over::ResponseHogged { received, waited });
        }
        let patience_with_client = patience(self.backend.incoming.is_contended());
        if let Some(waited) = over(self.client.writer.blocked(now), patience_with_client) {
            return Err(Over::Unread { waited });
        }
        let patience_with_broker = patience(incoming.is_contended());
        let oldest = self.replies.oldest(now);
        // What is behind a response that is on its way can't be there yet.
        let waited = match &self.passing {
            Some(_) => self.backend.incoming.waited(now),
            None => oldest.map(|since| now.duration_since(since)),
        };
        // One that has gone takes nothing any more, and what it has answered is still the client's.
        let is_there = self.gone.is_none() && !self.backend.incoming.is_closed();
        let blocked = self.backend.writer.blocked(now).filter(|_| is_there);
        let unanswered = over(waited, max_response_wait).or_else(|| over(blocked, patience_with_broker));
        if let Some(waited) = unanswered {
            return Err(Over::Unanswered { waited });
        }
        if !incoming.is_closed() {
            return Ok(());
        }
        // A client that sends no more may still be waiting, but most that look like this have gone.
        let waited = match self.client.writer.blocked(now) {
            Some(waited) => {
                self.ticker.client_done = None;
                waited
            }
            None => now.duration_since(*self.ticker.client_done.get_or_insert(now)),
        };
        if waited >= drain_duration {
            return Err(self.ending.take().map_or(Over::ClientGone, |over| *over));
        }
        Ok(())
    }
}
