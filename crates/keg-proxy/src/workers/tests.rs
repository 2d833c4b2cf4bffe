use std::time::Instant;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn workers(count: usize) -> Workers {
    Workers::start(NonZeroUsize::new(count).unwrap()).unwrap()
}

fn taken(workers: &Workers) -> Vec<usize> {
    workers.all().map(|worker| worker.taken()).collect()
}

/// Tells, by no longer being shared, that a thread has ended: it is a thread's own.
fn watch_end_of(seat: &Seat) -> std::sync::Weak<()> {
    thread_local!(static OWN: std::cell::OnceCell<Arc<()>> = const { std::cell::OnceCell::new() });
    let own = async { OWN.with(|own| Arc::downgrade(own.get_or_init(Arc::default))) };
    let (tell, told) = std::sync::mpsc::channel();
    seat.runtime().spawn(async move { tell.send(own.await) });
    told.recv_timeout(PATIENCE).unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn connections_go_where_the_fewest_are_and_in_turn_where_they_are_equally_few() {
    let workers = workers(3);
    let mut seats: Vec<Seat> = (0..3).map(|_| workers.seat()).collect();
    assert_eq!(taken(&workers), [1, 1, 1]);
    seats.extend((0..2).map(|_| workers.seat()));
    assert_eq!(taken(&workers), [2, 2, 1]);
    // The one that was put on the second first.
    seats.remove(1);
    seats.push(workers.seat());
    assert_eq!(taken(&workers), [2, 1, 2], "it was the third's turn");
    seats.push(workers.seat());
    assert_eq!(taken(&workers), [2, 2, 2], "the second had fewer");
    seats.clear();
    assert_eq!(taken(&workers), [0, 0, 0]);
    // One at a time, they don't all go to the same.
    for expected in [[0, 0, 1], [1, 0, 0], [0, 1, 0]] {
        let _seat = workers.seat();
        assert_eq!(taken(&workers), expected);
    }
}

#[test]
fn connections_that_come_at_once_are_spread_evenly() {
    let workers = workers(4);
    let seats = std::thread::scope(|scope| {
        let take = || (0..25).map(|_| workers.seat()).collect();
        let takers: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        let seats = takers.into_iter().map(|taker| taker.join().unwrap());
        seats.collect::<Vec<Vec<Seat>>>()
    });
    assert_eq!(taken(&workers), [25; 4]);
    drop(seats);
}

#[test]
fn threads_have_names_and_what_is_put_on_them_stays() {
    let workers = workers(2);
    let seats = [workers.seat(), workers.seat()];
    for (number, seat) in seats.iter().enumerate() {
        let (tell, told) = std::sync::mpsc::channel();
        seat.runtime().spawn(async move {
            for _ in 0..10 {
                tell.send(std::thread::current().name().map(str::to_owned)).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        let names: Vec<_> = told.into_iter().collect();
        assert_eq!(names, vec![Some(format!("keg-worker-{number}")); 10]);
    }
}

#[test]
fn threads_end_with_their_last_connection_when_nobody_can_put_one_on_them_any_more() {
    let workers = workers(3);
    let (one, other, idle) = (workers.seat(), workers.seat(), workers.seat());
    let (its, others, idles) = (watch_end_of(&one), watch_end_of(&other), watch_end_of(&idle));
    drop(idle);
    let ended = || [&its, &others, &idles].map(|thread| thread.strong_count() == 0);
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let connections = TaskTracker::new();
    let runtime = one.runtime().clone();
    let serving = async move {
        released.notified().await;
        drop(one);
    };
    connections.spawn_on(serving, &runtime);
    assert_eq!(ended(), [false; 3]);
    drop(workers);
    until("the end of the one without connections", || {
        ended() == [false, false, true]
    });
    drop(other);
    until("the end of the next", || ended() == [false, true, true]);
    assert_eq!(connections.len(), 1);
    release.notify_one();
    until("the end of all", || ended() == [true; 3]);
    until("the end of the task", || connections.is_empty());
}

#[test]
fn a_task_that_panics_or_is_aborted_gives_its_seat_back_and_ends_nothing_else() {
    let workers = workers(1);
    let (panicking, hanging, staying) = (workers.seat(), workers.seat(), workers.seat());
    let runtime = staying.runtime().clone();
    runtime.spawn(async move {
        let _seat = panicking;
        panic!("on purpose");
    });
    let hanging: AbortHandle = runtime
        .spawn(async move {
            let _seat = hanging;
            std::future::pending::<()>().await;
        })
        .abort_handle();
    until("the end of the first", || taken(&workers) == [2]);
    hanging.abort();
    until("the end of the second", || taken(&workers) == [1]);
    watch_end_of(&staying).upgrade().unwrap();
}

#[test]
fn workers_can_be_given_up_in_the_midst_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let workers = workers(2);
        drop(workers.seat());
        drop(workers);
    });
}

#[tokio::test]
async fn the_runtime_that_is_there_serves_where_there_are_no_threads() {
    let workers = Workers::current();
    assert_eq!(workers.threads(), 0);
    let seat = workers.seat();
    let here = std::thread::current().id();
    let there = seat.runtime().spawn(async { std::thread::current().id() });
    assert_eq!(there.await.unwrap(), here);
    let polling = seat.busy_poll().clone();
    polling.set_window(PATIENCE);
    drop(seat);
    drop(workers);
    // Nothing is left running: the test would end anyway, but a program would not.
    let metrics = Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_worker_polls_its_sockets_while_it_has_traffic_and_the_others_sleep() {
    let workers = workers(2);
    let (busy, quiet) = (workers.seat(), workers.seat());
    let touched = |seat: &Seat| {
        let polling = seat.busy_poll().clone();
        seat.runtime().spawn(async move { polling.touch() });
    };
    workers.set_busy_poll(PATIENCE);
    until("polling", || {
        touched(&busy);
        busy.busy_poll().turns() > 1_000
    });
    assert_eq!(quiet.busy_poll().turns(), 0);
    workers.set_busy_poll(Duration::ZERO);
    let rests = || {
        let before = busy.busy_poll().turns();
        std::thread::sleep(Duration::from_millis(5));
        busy.busy_poll().turns() == before
    };
    until("rest", rests);
}

#[test]
fn a_worker_that_polls_ends_as_others_do() {
    let workers = workers(1);
    workers.set_busy_poll(PATIENCE);
    let seat = workers.seat();
    let thread = watch_end_of(&seat);
    let polling = seat.busy_poll().clone();
    polling.touch();
    until("polling", || polling.turns() > 10);
    drop((seat, workers));
    until("the end", || thread.strong_count() == 0);
}
