//! Changes of files.

mod places;
mod seen;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::config::{self, Config, Input, Problems};
use seen::{Seen, Witness};

/// How long nothing may change before changes are looked at: editors and Kubernetes make several for one.
const QUIET: Duration = Duration::from_millis(200);

/// How long changes that don't end can keep from looking at them: a log may be written beside the configuration.
const LONGEST: Duration = Duration::from_secs(2);

/// What a configuration was read from, and what it said then.
pub(super) struct Sources {
    files: BTreeSet<PathBuf>,
    seen: Seen,
}

impl Sources {
    /// Loads a configuration; of one that is wrong there are sources, too.
    pub(super) fn load(input: &Input) -> (Result<Config, Problems>, Self) {
        let witness = Witness::default();
        let loaded = config::load(input, &witness);
        let sources = Self {
            files: loaded.files,
            seen: witness.into_seen(),
        };
        (loaded.result, sources)
    }
}

/// Watches the folders that files are in, since files are replaced more often than written: Kubernetes swaps a `..data`
/// symbolic link beside them, and editors rename. Whatever happens there is a reason to look at the files, and only what
/// they say tells whether they have changed.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    sources: Sources,
    folders: BTreeSet<PathBuf>,
    events: mpsc::Receiver<()>,
    /// Whether something may have happened since the files were looked at.
    unsure: bool,
}

impl Watch {
    pub(super) fn new(sources: Sources) -> Self {
        let (sender, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the files is an event too, and not one to read them again for.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // A full channel says already that something has changed.
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher
            .inspect_err(|error| tracing::warn!("files can't be watched, so that only SIGHUP reloads: {error}"))
            .ok();
        let mut watch = Self {
            watcher,
            sources,
            folders: BTreeSet::new(),
            events,
            unsure: true,
        };
        watch.watch_folders();
        watch
    }

    /// Watches these in the place of others, from when they were read on.
    pub(super) fn follow(&mut self, sources: Sources) {
        self.sources = sources;
        self.watch_folders();
        // Nothing has told of what changed before a folder was watched.
        self.unsure = true;
    }

    /// Waits until one of the files says something else than it did: when it was read, or when this last told so.
    pub(super) async fn changed(&mut self) {
        loop {
            if !self.unsure {
                if self.events.recv().await.is_none() {
                    std::future::pending::<()>().await;
                }
                // Kept, since whoever waits may stop waiting.
                self.unsure = true;
            }
            let quiet = self.settle().await;
            // Before the look: so what happens after it is in folders that are watched.
            self.watch_folders();
            let now = if quiet {
                self.sources.seen.again()
            } else {
                self.settled().await
            };
            self.unsure = false;
            if !now.says_what(&self.sources.seen) {
                self.sources.seen = now;
                return;
            }
        }
    }

    /// Waits until nothing happens any more, or for long enough; whether nothing does.
    async fn settle(&mut self) -> bool {
        let end = Instant::now() + LONGEST;
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {
            if Instant::now() >= end {
                return false;
            }
        }
        true
    }

    /// What the files say once they go on saying it, or after long enough. While other files change, no event tells whether
    /// these are still being written.
    async fn settled(&self) -> Seen {
        let end = Instant::now() + LONGEST;
        let mut now = self.sources.seen.again();
        while !now.says_what(&self.sources.seen) && Instant::now() < end {
            tokio::time::sleep(QUIET).await;
            let later = self.sources.seen.again();
            let settled = later.says_what(&now);
            now = later;
            if settled {
                break;
            }
        }
        now
    }

    /// Watches the folders that matter now: links may lead elsewhere, and folders may have come, gone, or been replaced.
    fn watch_folders(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let folders: BTreeSet<PathBuf> = self
            .sources
            .files
            .iter()
            .flat_map(|file| places::folders(file))
            .collect();
        for gone in self.folders.difference(&folders) {
            let _ = watcher.unwatch(gone);
        }
        for folder in &folders {
            // Those that are watched already, too: another one may have taken the name.
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive)
                && !self.folders.contains(folder)
            {
                tracing::warn!(folder = %folder.display(), "changes of files can't be watched here: {error}");
            }
        }
        self.folders = folders;
    }
}

#[cfg(test)]
mod tests;
