//! Topics under other names.

use std::fs;
use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::{Config, VIRTUAL_CLUSTERS};
use crate::java::expect_checks_to_pass;
use crate::kcat::kcat;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::setup::{answers, skip};

const MODES: [&str; 2] = ["hide_prefix", "enforce_prefix"];
const CONFLICT: &str = "kong_keg_kafka_topic_alias_conflict";

/// How long clients may take to notice a change.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names for each virtual cluster, of which only the first hides the prefix.
fn for_each(config: &Config, aliases: &[(&str, &str)]) -> [String; 2] {
    let of = |prefix: &str| {
        let aliases = aliases.iter();
        let aliases: Vec<_> = aliases
            .map(|(alias, topic)| format!("{{ alias: {alias}, topic: {prefix}{topic} }}"))
            .collect();
        aliases.join(", ")
    };
    [of(""), of(&config.prefix(VIRTUAL_CLUSTERS[1]))]
}

#[test]
fn topics_are_used_by_their_aliases_and_neither_made_nor_altered_in_both_modes() {
    if direct() {
        return skip("aliases", "Kafka has no aliases");
    }
    let Some(setup) = setup_or_skip("aliases") else { return };
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "aliases").with_modes(MODES);
    let names = [
        ("aliases-alias", "aliases-topic"),
        ("aliases-second", "aliases-topic"),
        ("aliases-absent", "aliases-nowhere"),
        ("aliases-hidden", "aliases-topic"),
    ];
    let aliases = for_each(&config, &names);
    let config = config.with_topic_aliases(aliases);
    let scenario = Scenario::with(setup, backend, "aliases", &config);
    scenario.java("keg.Aliases", Duration::from_secs(240));
    if answers("kcat", &["-V"]) {
        let target = &scenario.targets[0];
        let input = scenario.dir.join("kcat.txt");
        fs::write(&input, "from kcat").unwrap();
        let produce = ["-P", "-t", "aliases-alias", "-p", "0", "-l", input.to_str().unwrap()];
        kcat(&scenario, target, &produce);
        let consume = [
            "-C",
            "-t",
            "aliases-second",
            "-p",
            "0",
            "-o",
            "-1",
            "-e",
            "-q",
            "-f",
            "%t %s\n",
        ];
        assert_eq!(kcat(&scenario, target, &consume), "aliases-second from kcat");
        let group = [
            "-G",
            "aliases-kcat",
            "-X",
            "auto.offset.reset=earliest",
            "-c",
            "1",
            "-q",
            "-f",
            "%t\n",
            "aliases-alias",
        ];
        assert_eq!(kcat(&scenario, target, &group), "aliases-alias");
    }
    // The program made a topic of an alias' name where the prefix is hidden.
    let metrics = scenario.gateway.as_ref().unwrap().metrics();
    let told = |virtual_cluster: &str| {
        let label = format!("virtual_cluster=\"{virtual_cluster}\"");
        let mut lines = metrics.lines().filter(|line| line.starts_with(CONFLICT));
        let line = lines.find(|line| line.contains(&label));
        line.and_then(|line| line.rsplit(' ').next())
    };
    assert_eq!((told("team-a"), told("team-b")), (Some("1"), Some("0")), "{metrics}");
    let log = scenario.gateway.as_ref().unwrap().log_tail();
    let lines = log.lines().filter(|line| line.contains("topic=aliases-hidden"));
    assert_eq!(lines.count(), 1, "{log}");
}

#[test]
fn aliases_come_and_go_under_running_consumers() {
    if direct() {
        return skip("live aliases", "Kafka has no aliases");
    }
    let Some(setup) = setup_or_skip("live-aliases") else {
        return;
    };
    let backend = Backend::shared(setup);
    let without = Config::new(backend, "live").with_modes(MODES);
    let leading_to = |topic| {
        // Names without the prefix are refused where it shows, rather than absent.
        let aliases = ["", &without.prefix(VIRTUAL_CLUSTERS[1])];
        let aliases = aliases.map(|prefix| format!("{{ alias: {prefix}live-alias, topic: {prefix}{topic} }}"));
        without.clone().with_topic_aliases(aliases)
    };
    let mut scenario = Scenario::with(setup, backend, "live-aliases", &without);
    let mut program = scenario.start_java("keg.LiveAliases", &[]);
    program.wait_until("consumers", PATIENCE, |output| is_over(output, "CONSUMERS RUN"));
    let steps = [
        ("one", &leading_to("live-one")),
        ("nothing", &without),
        ("one", &leading_to("live-one")),
        ("two", &leading_to("live-two")),
    ];
    for (number, (reads, config)) in steps.into_iter().enumerate() {
        scenario.gateway.as_mut().unwrap().reload(&config.yaml());
        fs::write(scenario.dir.join(format!("step-{number}")), reads).unwrap();
        let done = format!("STEP {number} DONE");
        program.wait_until(&done, 2 * PATIENCE, |output| is_over(output, &done));
    }
    fs::write(scenario.dir.join("step-4"), "stop").unwrap();
    expect_checks_to_pass(&mut program, PATIENCE);
}

/// Whether both virtual clusters' clients are through with it, or the program failed.
fn is_over(output: &str, done: &str) -> bool {
    count(output, done) == 2 || output.lines().any(|line| line.starts_with("FAIL "))
}

fn count(output: &str, start: &str) -> usize {
    output.lines().filter(|line| line.starts_with(start)).count()
}
