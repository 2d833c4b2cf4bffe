//! What a process costs, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::Outcome;

/// A process from a moment on.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    before: BTreeMap<u32, u64>,
}

/// What it took since then.
#[derive(Debug)]
pub(crate) struct Cost {
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// The most memory at one time, in KiB.
    pub(crate) peak: u64,
}

impl Process {
    pub(crate) fn start(pid: u32) -> Outcome<Self> {
        // Forgets the peak of before (proc(5), clear_refs).
        fs::write(format!("/proc/{pid}/clear_refs"), "5")?;
        Ok(Self {
            pid,
            before: threads(pid)?,
        })
    }

    pub(crate) fn end(&self) -> Outcome<Cost> {
        let nanoseconds = spent(&self.before, &threads(self.pid)?);
        Ok(Cost {
            cpu: Duration::from_nanos(nanoseconds),
            peak: memory(self.pid, "VmHWM")?,
        })
    }
}

/// A line of `/proc/PID/status` that is in KiB.
pub(crate) fn memory(pid: u32, line: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    kibibytes(&status, line).ok_or_else(|| format!("/proc/{pid}/status has no {line}").into())
}

fn kibibytes(status: &str, line: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix(line)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The nanoseconds on a CPU of each thread. Those in `stat` are in ticks of 10 ms.
fn threads(pid: u32) -> Outcome<BTreeMap<u32, u64>> {
    let mut threads = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        let id = entry.file_name().to_string_lossy().parse()?;
        // A thread that has ended meanwhile has nothing to read.
        if let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) {
            threads.insert(id, nanoseconds(&text).ok_or("schedstat doesn't begin with a number")?);
        }
    }
    Ok(threads)
}

fn nanoseconds(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

fn spent(before: &BTreeMap<u32, u64>, after: &BTreeMap<u32, u64>) -> u64 {
    let of = |(id, time): (&u32, &u64)| time.saturating_sub(before.get(id).copied().unwrap_or_default());
    after.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_its_own_line() {
        let status = "VmPeak:\t  900 kB\nVmHWM:\t   123 kB\nVmRSS:\t    45 kB\n";
        assert_eq!(kibibytes(status, "VmHWM"), Some(123));
        assert_eq!(kibibytes(status, "VmRSS"), Some(45));
        assert_eq!(kibibytes(status, "VmSwap"), None);
    }

    #[test]
    fn new_threads_count_whole_and_others_from_the_start_on() {
        let before = BTreeMap::from([(1, 100), (2, 50)]);
        assert_eq!(spent(&before, &BTreeMap::from([(1, 130), (3, 7)])), 37);
        assert_eq!(nanoseconds("123456 99 3\n"), Some(123_456));
    }

    #[test]
    fn this_process_costs_what_it_works() {
        let process = Process::start(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while process.end().unwrap().cpu < Duration::from_millis(20) {
            sum = std::hint::black_box((0..100_000_u64).fold(sum, u64::wrapping_add));
        }
        assert!(process.end().unwrap().peak > 0);
    }
}
