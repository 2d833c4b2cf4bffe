//! Sockets that are polled for a while after the last traffic, seen by what that costs.

use std::fs;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::runs::{DESCRIBE_CLUSTER, Rig, TIME, exchange};

/// What no request takes, and what polling takes soon.
const MUCH: Duration = Duration::from_millis(25);
/// Long beside it.
const WHILE: Duration = Duration::from_millis(250);

/// The time of all threads on a processor.
fn cpu(pid: &str) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let spent = threads.filter_map(|thread| {
        // A thread may have ended meanwhile.
        let text = fs::read_to_string(thread.unwrap().path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// What the process takes for a request and a while after it.
fn cost_of_a_request(client: &mut TcpStream, pid: &str) -> Duration {
    let before = cpu(pid);
    exchange(client, DESCRIBE_CLUSTER);
    sleep(WHILE);
    cpu(pid) - before
}

/// Waits until the process takes little in a while.
fn until_it_rests(pid: &str) {
    let start = Instant::now();
    loop {
        let before = cpu(pid);
        sleep(WHILE);
        if cpu(pid) - before < MUCH {
            return;
        }
        assert!(start.elapsed() < TIME, "it does not rest");
    }
}

fn reload(rig: &Rig, kegd: &mut Process, text: &str) {
    let reloaded = |log: &str| log.matches("the configuration was reloaded").count();
    let before = reloaded(&kegd.output());
    fs::write(rig.dir.join("keg.yaml"), text).unwrap();
    kegd.wait_until("the change", TIME, |log| reloaded(log) > before);
}

#[test]
fn sockets_are_polled_after_traffic_while_that_is_configured_and_a_reload_changes_it() {
    let rig = Rig::new("busy-polling");
    let broker = rig.broker();
    let with = |window: &str| {
        rig.whole()
            .replace("runtime: { ", &format!("runtime: {{ busy_poll: {window}, "))
    };
    let file = rig.dir.join("keg.yaml");
    fs::write(&file, rig.whole()).unwrap();
    let script = "echo $$ && exec \"$0\" run --config \"$1\"";
    let mut kegd = rig.start("sh", ["-c", script, env!("CARGO_BIN_EXE_kegd"), file.to_str().unwrap()]);
    rig.until_ready(&mut kegd);
    let pid = kegd.output().lines().next().unwrap().to_owned();
    let mut client = rig.client();
    for _ in 0..2 {
        exchange(&mut client, DESCRIBE_CLUSTER);
        until_it_rests(&pid);
        assert!(cost_of_a_request(&mut client, &pid) < MUCH, "it is off");

        reload(&rig, &mut kegd, &with("1s"));
        until_it_rests(&pid);
        // A busy machine may leave little of it to the process.
        kegd.wait_until("polling", TIME, |_| cost_of_a_request(&mut client, &pid) > MUCH);
        until_it_rests(&pid);

        reload(&rig, &mut kegd, &with("0s"));
    }
    kegd.terminate(TIME);
    drop(broker);
}
