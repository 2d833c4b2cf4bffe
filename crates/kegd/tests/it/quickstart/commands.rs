//! The printed commands, run as they are printed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::run::{Dir, Ports, Quickstart};
use super::shell::{Shell, resolves_localhost_names};
use crate::backend::Backend;
use crate::process::Process;
use crate::scenario::setup_or_skip;
use crate::setup::{answers, skip};

const TIME: Duration = Duration::from_secs(30);
const KCAT: &str = "kcat: produce, consume, list topics";
const KCAT_TLS: &str = "kcat over TLS: produce, consume, list topics";
const TOOLS: &str = "Kafka's console tools";
const TOOLS_TLS: &str = "Kafka's console tools over TLS";

#[test]
fn the_commands_for_kcat_work_as_printed() {
    if !answers("kcat", &["-V"]) {
        return skip("quickstart-kcat", "no kcat: run `cargo xtask setup`");
    }
    let dir = Dir::new("kcat");
    let ports = Ports::free();
    let quickstart = Quickstart::ready(&dir, &ports, &[]);
    kcat(&Shell::new(&dir), "", &quickstart.commands(KCAT), 1, |team, id| {
        ports.node(team, id)
    });

    let mut commands = quickstart.commands(KCAT_TLS);
    let mut first = String::new();
    let mut shell = Some(Shell::new(&dir));
    if !resolves_localhost_names() {
        first = format!("{}\n", commands.remove(0));
        assert!(first.ends_with("| sudo tee -a /etc/hosts\n"), "{first}");
        shell = Shell::new(&dir).with_hosts(&dir);
    }
    let Some(shell) = shell else {
        return skip(
            "quickstart-kcat-tls",
            "no `*.localhost` here, and no mount namespace to have it",
        );
    };
    let node = |team: &str, id: u16| format!("broker-{id}.{team}.localhost:{}", ports.tls);
    kcat(&shell, &first, &commands, 2, node);
    assert_eq!(quickstart.end("INT").code(), Some(0));
}

#[test]
fn the_commands_for_the_console_tools_work_as_printed() {
    let Some(setup) = setup_or_skip("quickstart-tools") else {
        return;
    };
    let dir = Dir::new("tools");
    let shell = Shell::new(&dir).with_console_tools(setup);
    let quickstart = Quickstart::ready(&dir, &Ports::free(), &[]);
    for (heading, messages) in [(TOOLS, 1), (TOOLS_TLS, 2)] {
        for (team, commands) in by_team(&quickstart.commands(heading)) {
            let [produce, consume, list] = commands;
            let hello = format!("hello from {team}");
            shell.run(&produce);
            let consumed = shell.run_until(&consume, |output| output.matches(&hello).count() == messages);
            assert_eq!(printed(&consumed), vec![hello.clone(); messages], "{team}");
            assert_eq!(printed(&shell.run(&list)), ["orders"], "{team}");
        }
    }
    assert_eq!(quickstart.end("INT").code(), Some(0));
}

#[test]
fn a_consumer_that_waits_does_not_hold_up_the_end() {
    if !answers("kcat", &["-V"]) {
        return skip("quickstart-end", "no kcat: run `cargo xtask setup`");
    }
    let dir = Dir::new("end");
    let quickstart = Quickstart::ready(&dir, &Ports::free(), &[]);
    let (_, [produce, consume, _]) = by_team(&quickstart.commands(KCAT)).swap_remove(0);
    Shell::new(&dir).run(&produce);
    let consume = format!("exec {}", consume.trim_end_matches(" -e"));
    let mut kcat = Process::start("kcat", &dir.path().join("kcat.log"), "sh", ["-c", &consume]);
    // It holds messages back when its output is a file, but not this.
    kcat.wait_until("a message", TIME, |output| output.contains("] at offset 1\n"));
    let begin = Instant::now();
    assert_eq!(quickstart.end("INT").code(), Some(0));
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    kcat.kill();
}

#[test]
fn it_works_on_a_kafka_that_is_there() {
    let Some(setup) = setup_or_skip("quickstart-backend") else {
        return;
    };
    if !answers("kcat", &["-V"]) {
        return skip("quickstart-backend", "no kcat: run `cargo xtask setup`");
    }
    let backend = Backend::shared(setup);
    let dir = Dir::new("backend");
    // The second finds the topics of the first.
    for messages in 1..=2 {
        let ports = Ports::free();
        let quickstart = Quickstart::ready(&dir, &ports, &["--backend", &backend.bootstrap()]);
        let commands = quickstart.commands(KCAT);
        kcat(&Shell::new(&dir), "", &commands, messages, |team, id| {
            ports.node(team, id)
        });
        assert_eq!(quickstart.end("INT").code(), Some(0));
    }
}

/// Runs the command that a quickstart prints for going on with its configuration, in a shell.
pub(super) fn the_printed_run_command_runs(dir: &Dir, output: &str, health_port: u16) {
    let (_, after) = output.split_once("To start from them: ").unwrap();
    let (command, _) = after.split_once('\n').unwrap();
    let command = format!("exec {command}");
    let mut kegd = Process::start("kegd run", &dir.path().join("run.log"), "sh", ["-c", &command]);
    kegd.wait_until("liveness", TIME, |_| is_alive(health_port));
    kegd.signal("TERM");
    let status = kegd.wait(TIME);
    assert!(status.is_some_and(|status| status.success()), "{}", kegd.tail());
}

/// Produces, consumes and lists topics for both teams, with `first` before each of the commands.
fn kcat(shell: &Shell, first: &str, commands: &[String], messages: usize, node: impl Fn(&str, u16) -> String) {
    for (team, [produce, consume, list]) in by_team(commands) {
        let run = |command: &str| printed(&shell.run(&format!("{first}{command}")));
        run(&produce);
        let hello = format!("hello from {team}");
        assert_eq!(run(&consume), vec![hello; messages], "{team}");

        let listed = run(&list);
        for id in 1..=3 {
            let broker = format!("  broker {id} at {}", node(&team, id));
            assert!(
                listed.iter().any(|line| line.starts_with(&broker)),
                "{broker}:\n{listed:#?}"
            );
        }
        let topics: Vec<&str> = listed
            .iter()
            .map(String::as_str)
            .filter(|line| line.starts_with("  topic "))
            .collect();
        assert_eq!(topics, [r#"  topic "orders" with 3 partitions:"#], "{team}");
    }
}

/// The three commands of each team.
fn by_team(commands: &[String]) -> Vec<(String, [String; 3])> {
    assert_eq!(commands.len(), 6, "{commands:#?}");
    let of_team = |(team, commands): (&str, &[String])| {
        assert!(
            commands[0].starts_with(&format!("echo 'hello from {team}' | ")),
            "{commands:#?}"
        );
        (team.to_owned(), [0, 1, 2].map(|index| commands[index].clone()))
    };
    ["team-a", "team-b"]
        .into_iter()
        .zip(commands.chunks(3))
        .map(of_team)
        .collect()
}

/// What a command prints, without what clients say of themselves, and without what `tee` repeats.
fn printed(output: &str) -> Vec<String> {
    let noise = [
        "%",
        "127.0.0.1 ",
        "The consumer rebalance protocol (KIP-848) is ",
        // Its successor, `--command-config`, is not known before Kafka 4.2.
        "Option --consumer.config is deprecated",
    ];
    let is_noise = |line: &&str| noise.iter().any(|noise| line.starts_with(noise));
    output
        .lines()
        .filter(|line| !is_noise(line))
        .map(str::to_owned)
        .collect()
}

fn is_alive(health_port: u16) -> bool {
    let answer = TcpStream::connect(("127.0.0.1", health_port)).and_then(|mut stream| {
        stream.write_all(b"GET /health/probes/liveness HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    });
    answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}
