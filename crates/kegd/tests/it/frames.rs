//! What the guard in front of the codec accepts, by what real brokers and clients send each other.

mod inspector;
mod recorder;

use std::time::Duration;

use keg_codec::{Api, Direction};

use crate::ask::ask;
use crate::backend::Backend;
use crate::docs::protocol::sample::sample;
use crate::docs::protocol::tested::Tested;
use crate::scenario::{Scenario, Target, setup_or_skip};
use crate::transactions;
use inspector::Inspector;
use recorder::Recorder;

/// Programs that use topics, records, groups and their offsets between them.
const PROGRAMS: [&str; 2] = ["keg.Groups", "keg.TopicIds"];

const TIME: Duration = Duration::from_secs(180);

#[test]
fn what_real_brokers_and_clients_send_is_accepted_and_written_back_as_it_was() {
    let Some(setup) = setup_or_skip("frames") else { return };
    // The programs' topics are looked for under their bare names on the shared one.
    let backend = Backend::authorizing(setup);
    let recorder = Recorder::start(&backend.bootstrap());
    let target = Target {
        name: "recorded".to_owned(),
        bootstrap: recorder.bootstrap(),
        prefix: String::new(),
        client: Vec::new(),
    };
    let scenario = Scenario::without_gateway(setup, backend, "frames", vec![target]);
    for program in PROGRAMS {
        scenario.java(program, TIME);
    }
    transactions::run(&scenario);
    recorder.inspector().check(60);
}

#[test]
fn what_real_brokers_answer_in_every_version_of_every_api_is_accepted_and_written_back_as_it_was() {
    let Some(setup) = setup_or_skip("frames-of-versions") else {
        return;
    };
    let bootstrap = Backend::shared(setup).bootstrap();
    let broker = bootstrap.split(',').next().unwrap();
    let (tested, inspector) = (Tested::read(), Inspector::default());
    for api in Api::all() {
        let versions = api.versions();
        let versions = (versions.first..=versions.last).filter(|version| tested.has(api.key, *version));
        for version in versions {
            let body = sample(api, version).body_bytes();
            match ask(broker, api, version, &body) {
                Ok(answer) => inspector.inspect(api, version, Direction::Response, &answer),
                Err(error) => inspector.problem(format!("{} v{version}: {error}", api.name)),
            }
        }
    }
    inspector.check(250);
}
