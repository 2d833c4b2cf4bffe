//! `kegd quickstart`, as a new user runs it.

mod commands;
mod run;
mod shell;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use keg_devbroker::DevBroker;
use run::{Dir, Ports, Quickstart};

#[test]
fn it_is_ready_in_under_a_second() {
    let dir = Dir::new("time");
    let mut times = Vec::new();
    // Other tests keep the machine busy, and this is a debug build: one start of a few has to be quick.
    for _ in 0..10 {
        let begin = Instant::now();
        let quickstart = Quickstart::ready(&dir, &Ports::free(), &[]);
        let seen = begin.elapsed();
        let said = quickstart.milliseconds();
        quickstart.end("TERM");
        if said < 1000 && seen < Duration::from_secs(1) {
            return;
        }
        times.push((said, seen));
    }
    panic!("never in under a second: {times:?}");
}

#[test]
fn ctrl_c_and_sigterm_end_it_cleanly_and_leave_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let dir = Dir::new(signal);
        let quickstart = Quickstart::ready(&dir, &Ports::free(), &[]);
        assert_eq!(dir.temporary(), 1);
        assert_eq!(quickstart.end(signal).code(), Some(0), "{signal}");
        assert_eq!(dir.temporary(), 0, "{signal}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let dir = Dir::new("taken");
    let check = |port: fn(&Ports) -> u16, purpose: &str, flag: &str| {
        let ports = Ports::free();
        let port = port(&ports);
        let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (status, output) = Quickstart::refused(&dir, &ports, &[]);
        assert_eq!(
            output,
            format!("kegd: port {port}, for {purpose}, is taken on 127.0.0.1; change it with `{flag} PORT`\n")
        );
        assert_eq!(status.code(), Some(1), "{output}");
        assert_eq!(dir.temporary(), 0, "{flag}");
    };
    check(|it| it.team_a, "team-a", "--team-a-port");
    check(|it| it.team_a + 3, "team-a", "--team-a-port");
    check(|it| it.team_b + 1, "team-b", "--team-b-port");
    check(|it| it.tls, "TLS", "--tls-port");
    check(|it| it.broker + 2, "the embedded broker", "--broker-port");
    check(|it| it.health, "health and metrics", "--health-port");
}

#[test]
fn ports_that_overlap_are_refused_before_anything_starts() {
    let dir = Dir::new("overlap");
    let mut ports = Ports::free();
    ports.tls = ports.team_b + 3;
    let (status, output) = Quickstart::refused(&dir, &ports, &[]);
    assert_eq!(status.code(), Some(1));
    let port = ports.tls;
    assert_eq!(
        output,
        format!("kegd: team-b and TLS both need port {port}; change `--team-b-port PORT` or `--tls-port PORT`\n")
    );
}

#[test]
fn a_backend_that_does_not_answer_is_named() {
    let dir = Dir::new("unreachable");
    let closed = Ports::free();
    let first = format!("127.0.0.1:{}", closed.team_a);
    let second = format!("127.0.0.1:{}", closed.team_b);
    let (status, output) = Quickstart::refused(&dir, &Ports::free(), &["--backend", &format!("{first},{second}")]);
    assert_eq!(status.code(), Some(1));
    for address in [first, second] {
        let line = format!("\n  {address} can't be connected to: Connection refused");
        assert!(output.contains(&line), "{address}:\n{output}");
    }
    assert_eq!(dir.temporary(), 0);
}

#[test]
fn a_backend_whose_nodes_are_elsewhere_is_told_from_one_that_is_not_there() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = DevBroker::builder().advertised_host("nowhere.invalid");
    let broker = runtime.block_on(broker.start()).unwrap();
    let address = broker.addresses()[0].to_string();
    let dir = Dir::new("elsewhere");
    let (status, output) = Quickstart::refused(&dir, &Ports::free(), &["--backend", &address]);
    assert_eq!(status.code(), Some(1));
    assert!(
        output.contains("kegd: the topic `orders` can't be created in team-"),
        "{output}"
    );
    assert!(output.contains("nowhere.invalid"), "{output}");
    runtime.block_on(broker.shutdown());
}

#[test]
fn changes_of_the_configuration_take_effect_at_once() {
    let dir = Dir::new("changes");
    let wanted = dir.path().join("keg");
    let args = ["-v", "--dir", wanted.to_str().unwrap()];
    let mut quickstart = Quickstart::ready(&dir, &Ports::free(), &args);
    let file = wanted.join("keg.yaml");
    let yaml = fs::read_to_string(&file).unwrap();
    assert!(yaml.contains("prefix: team-b-"));
    fs::write(&file, yaml.replace("prefix: team-b-", "prefix: team-c-")).unwrap();
    quickstart.wait_until("the configuration was reloaded");
    assert_eq!(quickstart.end("INT").code(), Some(0));
}

#[test]
fn a_written_configuration_is_what_runs_and_runs_again() {
    let dir = Dir::new("written");
    let ports = Ports::free();
    // With a blank, for the quotes of the printed commands.
    let wanted = dir.path().join("my keg");
    let write = ["--write-config", wanted.to_str().unwrap()];
    let quickstart = Quickstart::ready(&dir, &ports, &write);
    let output = quickstart.output();
    assert_eq!(quickstart.end("INT").code(), Some(0));
    assert_eq!(dir.temporary(), 0);

    let modes: BTreeMap<String, u32> = fs::read_dir(&wanted)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    let names: Vec<&str> = modes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ca.pem",
            "client.properties",
            "hosts",
            "keg.yaml",
            "server.key",
            "server.pem"
        ]
    );
    assert_eq!(modes["server.key"], 0o600);
    let key = fs::read_to_string(wanted.join("server.key")).unwrap();
    let secrets = key
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN PRIVATE KEY"));
    assert!(secrets.clone().count() >= 3);
    for line in secrets {
        assert!(!output.contains(line), "a key was printed");
    }

    let file = wanted.join("keg.yaml");
    let validated = Command::new(env!("CARGO_BIN_EXE_kegd"))
        .args(["validate", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(validated.stdout).unwrap(),
        "the configuration is valid: 1 backend cluster, 2 virtual clusters, 3 listeners\n"
    );
    commands::the_printed_run_command_runs(&dir, &output, ports.health);

    // The same once more is the same file; what somebody has changed is never replaced.
    let written = fs::read(&file).unwrap();
    Quickstart::ready(&dir, &ports, &write).end("INT");
    assert_eq!(fs::read(&file).unwrap(), written);
    fs::write(&file, "runtime: {}\n").unwrap();
    let (status, output) = Quickstart::refused(&dir, &ports, &write);
    assert_eq!(status.code(), Some(1));
    let refusal = format!("kegd: {} is there already", file.display());
    assert!(output.starts_with(&refusal), "{output}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "runtime: {}\n");
}
