//! What the gateway logs, on the thread of a test.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Warnings and errors of the gateway, from here on.
pub(crate) struct Logs {
    lines: Lines,
    _guard: DefaultGuard,
}

/// With one subscriber alone, tracing asks that of the thread on which a line is logged for the first time whether anybody
/// wants it at all. Other tests' threads have none.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
    let subscriber = tracing_subscriber::fmt().with_writer(io::sink);
    Dispatch::new(subscriber.with_env_filter(EnvFilter::new("keg_proxy=warn")).finish())
});

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Logs {
    pub(crate) fn capture() -> Self {
        LazyLock::force(&ANOTHER);
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .with_env_filter(EnvFilter::new("keg_proxy=warn"))
            .with_ansi(false)
            .without_time()
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// What was logged since this was asked last.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.0.lock().unwrap())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Lines {
    /// The subscriber writes a whole event at once.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).trim_end().to_owned();
        self.0.lock().unwrap().push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
