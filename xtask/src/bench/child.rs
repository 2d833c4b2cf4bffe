//! Programs that end with what holds them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use crate::test::finish;

/// How long a program may take to end in order.
const END: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program whose output goes to a file.
    pub(super) fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let output = File::create(log)?;
        let child = command
            // What a build that counts has counted goes to where that says.
            .env_remove("LLVM_PROFILE_FILE")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has done so in order: only then what it measured of itself is written.
    pub(super) fn end(mut self) -> Outcome {
        finish(Command::new("kill").args(["-TERM", &self.id().to_string()]))?;
        let log = self.log.display();
        let start = Instant::now();
        while start.elapsed() < END {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("a program ended with {status}: see {log}").into()),
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
        Err(format!("a program did not end within {} s of SIGTERM: see {log}", END.as_secs()).into())
    }

    /// Where what it says is.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
