//! What the guard in front of the codec accepts, by what real brokers and clients send each other.

mod inspector;
mod recorder;

use std::time::Duration;

use crate::backend::Backend;
use crate::scenario::{Scenario, Target, direct, setup_or_skip};
use crate::transactions;
use recorder::Recorder;

/// Programs that use topics, records, groups and their offsets between them.
const PROGRAMS: [&str; 4] = ["keg.Codecs", "keg.Groups", "keg.TopicIds", "keg.MadeAgain"];

const TIME: Duration = Duration::from_secs(180);

#[test]
fn what_real_brokers_and_clients_send_is_accepted_and_written_back_as_it_was() {
    // All other tests have their topics on the backend then, under the same names.
    if direct() {
        return;
    }
    let Some(setup) = setup_or_skip("frames") else { return };
    let backend = Backend::shared(setup);
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
    recorder.check();
}
