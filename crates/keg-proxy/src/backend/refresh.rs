//! Asking once for everybody who wants to know.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::ConnectError;

/// How long an answer is taken for fresh. Without it, every client of a node that is down would ask again.
const FRESH: Duration = Duration::from_millis(500);

/// Questions of which one is asked at a time. Who waits for its turn uses the answer that it waited for, be it an error.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    last: Mutex<Option<Answer>>,
    answers: AtomicU64,
    succeeded: AtomicBool,
}

#[derive(Debug)]
struct Answer {
    at: Instant,
    outcome: Result<(), Arc<ConnectError>>,
}

impl Refresh {
    /// Whether the last question was answered, be it by a refusal of the gateway's credentials.
    pub(super) fn succeeded(&self) -> bool {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Asks, or uses the answer of somebody else.
    pub(super) async fn run(&self, ask: impl Future<Output = Result<(), ConnectError>>) -> Result<(), ConnectError> {
        let before = self.answers.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        let waited = self.answers.load(Ordering::Acquire) != before;
        if let Some(answer) = &*last
            && (waited || answer.at.elapsed() < FRESH)
        {
            return answer.outcome.clone().map_err(ConnectError::Refresh);
        }
        let outcome = ask.await.map_err(Arc::new);
        let answered = outcome.as_ref().err().is_none_or(|error| error.is_refusal());
        self.succeeded.store(answered, Ordering::Relaxed);
        self.answers.fetch_add(1, Ordering::Release);
        *last = Some(Answer {
            at: Instant::now(),
            outcome: outcome.clone(),
        });
        outcome.map_err(ConnectError::Refresh)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_question_is_asked_for_all_who_wait_and_its_error_is_theirs() {
        let (refresh, asked) = (Refresh::default(), AtomicUsize::new(0));
        let ask = || {
            refresh.run(async {
                asked.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(10)).await;
                Err(ConnectError::NoAddress)
            })
        };
        let began = Instant::now();
        let outcomes = tokio::join!(ask(), ask(), ask());
        assert!(outcomes.0.is_err() && outcomes.1.is_err() && outcomes.2.is_err());
        assert_eq!(
            (began.elapsed(), asked.load(Ordering::Relaxed)),
            (Duration::from_secs(10), 1)
        );
        assert!(ask().await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 1, "the answer is fresh");
        advance(FRESH).await;
        assert!(ask().await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_asks_by_itself_when_the_first_gives_up() {
        let refresh = Refresh::default();
        let never = refresh.run(std::future::pending());
        let (gave_up, answered) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(1), never),
            refresh.run(async { Ok(()) })
        );
        assert!(gave_up.is_err() && answered.is_ok() && refresh.succeeded());
    }
}
