//! How many threads serve connections.

use std::fs;
use std::thread::available_parallelism;

use crate::runs::{DESCRIBE_CLUSTER, Rig, TIME, exchange};

/// The names of the threads of a process that serve connections.
fn workers(id: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    // A thread may have ended meanwhile.
    let names = threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).ok());
    let mut names: Vec<String> = names.map(|name| name.trim_end().to_owned()).collect();
    names.retain(|name| name.starts_with("keg-worker-"));
    names.sort();
    names
}

#[test]
fn as_many_threads_serve_connections_as_there_are_processors_or_as_is_configured_at_the_start() {
    let rig = Rig::new("worker-threads");
    let broker = rig.broker();
    let with = |count: usize| {
        rig.whole()
            .replace("runtime: { ", &format!("runtime: {{ worker_threads: {count}, "))
    };
    let (mut kegd, id) = rig.run_ready(&rig.whole());
    assert_eq!(workers(&id).len(), available_parallelism().unwrap().get());
    kegd.terminate(TIME);

    fs::write(rig.dir.join("kegd.log"), "").unwrap();
    let (mut kegd, id) = rig.run_ready(&with(3));
    let three = ["keg-worker-0", "keg-worker-1", "keg-worker-2"];
    assert_eq!(workers(&id), three);
    let mut clients = [(); 4].map(|()| rig.client());
    for client in &mut clients {
        exchange(client, DESCRIBE_CLUSTER);
    }

    rig.reload(&mut kegd, &with(5));
    let warning = "changes of `runtime.worker_threads` take effect at the next start";
    kegd.wait_until("the warning", TIME, |log| log.matches(warning).count() == 1);
    for client in &mut clients {
        exchange(client, DESCRIBE_CLUSTER);
    }
    exchange(&mut rig.client(), DESCRIBE_CLUSTER);
    assert_eq!(workers(&id), three);
    kegd.terminate(TIME);
    drop(broker);
}
