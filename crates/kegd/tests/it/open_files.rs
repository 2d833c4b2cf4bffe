//! A process that may have few open files.

use std::collections::VecDeque;
use std::fs;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;

use crate::gateway::get;
use crate::process::Process;
use crate::runs::{API_VERSIONS, DESCRIBE_CLUSTER, Rig, TIME, exchange, response};

/// How many files the process may have.
const FILES: usize = 224;
/// Far more than it has files for, with one of each to its broker.
const CLIENTS: usize = 200;

#[test]
fn connections_that_there_are_no_files_for_wait_and_are_served_when_others_end() {
    let rig = Rig::new("few-files");
    let broker = rig.broker();
    let file = rig.dir.join("keg.yaml");
    fs::write(&file, rig.whole()).unwrap();
    let script = format!("ulimit -n {FILES} && exec \"$0\" run --config \"$1\"");
    let mut kegd = rig.start(
        "sh",
        ["-c", &script, env!("CARGO_BIN_EXE_kegd"), file.to_str().unwrap()],
    );
    rig.until_ready(&mut kegd);
    let limit = value(&rig, "keg_connections_limit");
    assert!((20..FILES / 2).contains(&limit), "{limit}");
    let mut clients: VecDeque<TcpStream> = (0..CLIENTS).map(|_| rig.client()).collect();
    for client in &mut clients {
        client.write_all(API_VERSIONS).unwrap();
    }
    let mut waiting = clients.split_off(limit);
    let mut served = clients;
    for client in &mut served {
        response(client);
        // This takes the connection to the broker.
        exchange(client, DESCRIBE_CLUSTER);
    }
    kegd.wait_until("word of those that wait", TIME, |log| log.contains("and more wait"));
    assert_eq!(value(&rig, "kong_keg_kafka_connections"), limit);
    assert!(value(&rig, "keg_connections_delayed_total") > 0);
    for client in &waiting {
        assert!(waits(client), "it is neither served nor closed");
    }
    while let Some(mut next) = waiting.pop_front() {
        drop(served.pop_front());
        response(&mut next);
        exchange(&mut next, DESCRIBE_CLUSTER);
        served.push_back(next);
    }
    kegd.terminate(TIME);
    told_of_nothing_else(&kegd);
    drop(broker);
}

fn waits(client: &TcpStream) -> bool {
    client.set_nonblocking(true).unwrap();
    let nothing = client
        .peek(&mut [0])
        .is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    nothing
}

fn told_of_nothing_else(kegd: &Process) {
    let log = kegd.output();
    let problems = log
        .lines()
        .filter(|line| line.contains("error") || line.contains("closed"));
    assert_eq!(problems.collect::<Vec<_>>(), [""; 0], "{log}");
}

/// The value of a metric of which there is one.
fn value(rig: &Rig, name: &str) -> usize {
    let metrics = get(rig.health, "/metrics").unwrap().1;
    let line = metrics
        .lines()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
    let (_, value) = line
        .unwrap_or_else(|| panic!("{name}: {metrics}"))
        .rsplit_once(' ')
        .unwrap();
    value.parse().unwrap()
}
