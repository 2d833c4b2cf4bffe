//! What the running gateway takes for a change of its files, and when.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::gateway::get;
use crate::runs::{Rig, TIME};

const REFUSED: &str = "the configuration was not reloaded";

#[test]
fn a_log_beside_the_configuration_neither_puts_a_reload_off_nor_repeats_a_refusal() {
    let rig = Rig::new("watching");
    let broker = rig.broker();
    // The gateway's own log is in this folder, too.
    let mut kegd = rig.run_file(&rig.whole());
    rig.until_ready(&mut kegd);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        // More often than the gateway takes for the end of a change.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::write(rig.dir.join("other.log"), "a line").unwrap();
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let refusals = |log: &str, count: u32| {
            let counted = format!("kong_keg_config_errors_total {count}\n");
            log.matches(REFUSED).count() == count as usize && get(rig.health, "/metrics").unwrap().1.contains(&counted)
        };
        let refused = rig.whole().replace(&rig.servers(), "${file['servers']}");
        put(&rig, "keg.yaml", &refused);
        kegd.wait_until("the refusal", TIME, |log| refusals(log, 1));
        // Written again, and the same: nothing to try again for, unless it is asked for.
        put(&rig, "keg.yaml", &refused);
        kegd.signal("HUP");
        kegd.wait_until("the refusal that was asked for", TIME, |log| refusals(log, 2));
        // For longer than any change is put off.
        let since = Instant::now();
        kegd.wait_until("time for another refusal", TIME, |log| {
            assert!(refusals(log, 2), "{log}");
            since.elapsed() > Duration::from_secs(3)
        });

        put(&rig, "servers", &rig.servers().replace("127.0.0.1", "localhost"));
        kegd.wait_until("the reload", TIME, |log| log.contains("the configuration was reloaded"));
        assert!(refusals(&kegd.output(), 2), "{}", kegd.tail());
    });
    kegd.terminate(TIME);
    drop(broker);
}

/// Replaces a file at once, so that nobody sees half of it.
fn put(rig: &Rig, name: &str, text: &str) {
    let new = rig.dir.join("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, rig.dir.join(name)).unwrap();
}

/// Ends the noise, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
