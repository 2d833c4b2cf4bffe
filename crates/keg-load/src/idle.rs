//! Connections that do nothing, and all of them coming back at once.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::Outcome;
use crate::connection::{Connection, Connector};
use crate::process::{Process, memory};
use crate::target::Target;

/// How many connections are made at the same time.
const AT_ONCE: usize = 256;

/// How often a connection is tried before it counts as lost.
const ATTEMPTS: usize = 20;

pub(crate) fn run(target: &Target, connections: usize, storm: bool, pid: Option<u32>) -> Outcome<String> {
    let connector = Connector::new(target)?;
    let before = pid.map(|pid| memory(pid, "VmRSS")).transpose()?;
    let process = pid.map(Process::start).transpose()?;
    let failed = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let open = connect(&connector, connections, &failed)?;
    let mut report = format!(
        "connections {}\nfailed {}\nseconds {}\n",
        open.len(),
        failed.swap(0, Ordering::Relaxed),
        start.elapsed().as_secs_f64()
    );
    if let (Some(pid), Some(before), Some(process)) = (pid, before, process) {
        let after = memory(pid, "VmRSS")?;
        let cpu = process.end()?.cpu.as_secs_f64();
        writeln!(report, "before {before}\nafter {after}\ncpu {cpu}")?;
    }
    if storm {
        drop(open);
        let start = Instant::now();
        let open = connect(&connector, connections, &failed)?;
        writeln!(
            report,
            "storm_connections {}\nstorm_failed {}\nstorm_seconds {}",
            open.len(),
            failed.load(Ordering::Relaxed),
            start.elapsed().as_secs_f64()
        )?;
    }
    Ok(report)
}

/// As many connections as there are to be; attempts that fail are counted, and made again.
fn connect(connector: &Connector, connections: usize, failed: &Arc<AtomicUsize>) -> Outcome<Vec<Connection>> {
    let left = Arc::new(AtomicUsize::new(connections));
    let mut workers = Vec::new();
    for _ in 0..AT_ONCE.min(connections) {
        let (connector, left, failed) = (connector.clone(), Arc::clone(&left), Arc::clone(failed));
        let work = move || -> Outcome<Vec<Connection>> {
            let mut open = Vec::new();
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
            {
                open.push(attempt(&connector, &failed)?);
            }
            Ok(open)
        };
        workers.push(thread::Builder::new().stack_size(256 * 1024).spawn(work)?);
    }
    let mut open = Vec::with_capacity(connections);
    for worker in workers {
        open.extend(worker.join().map_err(|_| "a thread ended")??);
    }
    Ok(open)
}

fn attempt(connector: &Connector, failed: &AtomicUsize) -> Outcome<Connection> {
    let mut attempts = 0;
    loop {
        match connector.connect() {
            Ok(connection) => return Ok(connection),
            Err(problem) => {
                failed.fetch_add(1, Ordering::Relaxed);
                attempts += 1;
                if attempts == ATTEMPTS {
                    return Err(problem);
                }
            }
        }
    }
}
