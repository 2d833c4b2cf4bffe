//! kcat, on a librdkafka that is years older than the gateway.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use crate::process::Process;
use crate::scenario::{Scenario, Target, direct};
use crate::setup::{answers, skip};

const TIME: Duration = Duration::from_secs(60);
const LINES: usize = 200;
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

#[test]
fn kcat_produces_lists_and_consumes() {
    if !answers("kcat", &["-V"]) {
        return skip("kcat", "no kcat: run `cargo xtask setup`");
    }
    let Some(scenario) = Scenario::new("kcat") else { return };
    let topics: BTreeSet<String> = CODECS.iter().map(|codec| format!("kcat-{codec}")).collect();
    scenario.create_topics(&topics.iter().map(String::as_str).collect::<Vec<_>>());
    for target in &scenario.targets {
        for codec in CODECS {
            produce_and_consume(&scenario, target, codec);
        }
        if direct() {
            assert!(listed(&scenario, target).is_superset(&topics), "{}", target.name);
        } else {
            assert_eq!(
                listed(&scenario, target),
                topics,
                "{} lists its own topics and no others",
                target.name
            );
        }
    }
}

fn produce_and_consume(scenario: &Scenario, target: &Target, codec: &str) {
    let topic = format!("kcat-{codec}");
    let lines: Vec<String> = (0..LINES)
        .map(|index| format!("key-{index}:{} {codec} {index}", target.name))
        .collect();
    let input = scenario.dir.join(format!("{}-{topic}.txt", target.name));
    fs::write(&input, lines.join("\n")).unwrap();
    let input = input.display().to_string();
    kcat(
        scenario,
        target,
        &[
            "-P", "-t", &topic, "-p", "0", "-z", codec, "-K:", "-H", "team=one", "-H", "team=two", "-l", &input,
        ],
    );

    let expected: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(offset, line)| format!("0 {offset} team=one,team=two {line}"))
        .collect();
    let format = "%p %o %h %k:%s\n";
    let consumed = kcat(
        scenario,
        target,
        &[
            "-C",
            "-t",
            &topic,
            "-p",
            "0",
            "-o",
            "beginning",
            "-e",
            "-q",
            "-f",
            format,
        ],
    );
    assert_eq!(
        consumed.lines().collect::<Vec<_>>(),
        expected,
        "{} {topic}",
        target.name
    );

    let group = format!("kcat-{codec}");
    let grouped = kcat(
        scenario,
        target,
        &[
            "-G",
            &group,
            "-X",
            "auto.offset.reset=earliest",
            "-c",
            "200",
            "-q",
            "-f",
            format,
            &topic,
        ],
    );
    assert_eq!(
        grouped.lines().collect::<Vec<_>>(),
        expected,
        "{} {topic} by a group",
        target.name
    );

    let end = kcat(scenario, target, &["-Q", "-t", &format!("{topic}:0:-1")]);
    assert_eq!(end.trim(), format!("{topic} [0] offset {LINES}"), "{}", target.name);
}

/// The topics in kcat's list of metadata.
fn listed(scenario: &Scenario, target: &Target) -> BTreeSet<String> {
    let list: serde_json::Value = serde_json::from_str(&kcat(scenario, target, &["-L", "-J"])).unwrap();
    let topics = list["topics"].as_array().unwrap();
    topics
        .iter()
        .map(|topic| topic["topic"].as_str().unwrap().to_owned())
        .collect()
}

/// What kcat prints, without what librdkafka logs.
pub(crate) fn kcat(scenario: &Scenario, target: &Target, args: &[&str]) -> String {
    let log = scenario.dir.join(format!("kcat-{}.log", target.name));
    let _ = fs::remove_file(&log);
    let mut words = vec!["-b", &target.bootstrap, "-X", "broker.address.family=v4"];
    words.extend(args);
    let mut kcat = Process::start("kcat", &log, "kcat", &words);
    let status = kcat.wait(TIME);
    assert!(
        status.is_some_and(|status| status.success()),
        "kcat {words:?}: {status:?}\n{}",
        kcat.tail()
    );
    let output = kcat.output();
    let printed: Vec<&str> = output.lines().filter(|line| !line.starts_with('%')).collect();
    printed.join("\n")
}
