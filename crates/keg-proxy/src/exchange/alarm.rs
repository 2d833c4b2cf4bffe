//! Which of a task's sources has woken it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Wakes a task, and tells it afterwards who has: what waits for several things need not ask for those that haven't
/// happened.
///
/// A task that is woken while it is to run already must see all that was done before: tokio's do from 1.47.2 on, which the
/// least version that this crate asks for has.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Set>);

/// An alarm that is set for a task.
#[derive(Debug)]
struct Set {
    sleeper: Arc<Sleeper>,
    /// The sleeper's.
    waker: Waker,
}

#[derive(Debug)]
struct Sleeper {
    task: Waker,
    woken: AtomicBool,
}

impl Alarm {
    /// Whether it has gone off since it was asked last. For a task that it isn't set for, it may have: it is set then.
    #[inline]
    pub(super) fn went_off(&mut self, task: &Waker) -> bool {
        match &self.0 {
            // If it goes off right now, it wakes the task once more.
            Some(Set { sleeper, .. }) if sleeper.task.will_wake(task) => {
                sleeper.woken.load(Ordering::Relaxed) && sleeper.woken.swap(false, Ordering::Acquire)
            }
            _ => {
                self.0 = Some(Set::new(task));
                true
            }
        }
    }

    /// Lets it have gone off, since what it stands for is to be asked again.
    pub(super) fn set_off(&self) {
        if let Some(Set { sleeper, .. }) = &self.0 {
            sleeper.woken.store(true, Ordering::Relaxed);
        }
    }

    /// What is asked with this sets the alarm off when it has happened.
    pub(super) fn context<'a>(&'a self, task: &'a Context<'_>) -> Context<'a> {
        Context::from_waker(self.0.as_ref().map_or(task.waker(), |set| &set.waker))
    }
}

impl Set {
    #[cold]
    fn new(task: &Waker) -> Self {
        let sleeper = Arc::new(Sleeper {
            task: task.clone(),
            woken: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&sleeper));
        Self { sleeper, waker }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(AtomicBool);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn task() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count(AtomicBool::new(false)));
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn it_tells_once_that_it_has_woken_the_task() {
        let (woken, task) = task();
        let mut alarm = Alarm::default();
        assert!(alarm.went_off(&task), "something may have happened before");
        assert!(!alarm.went_off(&task));
        let context = Context::from_waker(&task);
        alarm.context(&context).waker().wake_by_ref();
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(alarm.went_off(&task));
        assert!(!alarm.went_off(&task));
        alarm.set_off();
        assert!(alarm.went_off(&task));
    }

    #[test]
    fn it_is_set_anew_for_another_task() {
        let ((woken, first), (woken_later, second)) = (task(), task());
        let mut alarm = Alarm::default();
        alarm.went_off(&first);
        assert!(alarm.went_off(&second), "nobody wakes the second yet");
        alarm.context(&Context::from_waker(&second)).waker().wake_by_ref();
        assert!(!woken.0.load(Ordering::Relaxed) && woken_later.0.load(Ordering::Relaxed));
    }
}
