//! Programs that end with what holds them.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Outcome;

#[derive(Debug)]
pub(super) struct Program(Child);

impl Program {
    /// Starts a program whose output goes to a file.
    pub(super) fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let output = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        Ok(Self(child))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
