//! Records: every codec, keys, headers, timestamps, tombstones, offsets.

use std::time::Duration;

use crate::scenario::Scenario;

#[test]
fn records_of_every_codec_come_back_as_they_were_sent() {
    let Some(scenario) = Scenario::new("codecs") else {
        return;
    };
    scenario.java("keg.Codecs", Duration::from_secs(120));
}
