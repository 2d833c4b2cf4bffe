//! Changes of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long nothing may change before a change counts: editors and Kubernetes make several for one.
const QUIET: Duration = Duration::from_millis(200);

/// Watches the folders that files are in, since files are replaced more often than written: Kubernetes swaps a `..data`
/// symbolic link beside them, and editors rename.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    events: mpsc::Receiver<()>,
}

impl Watch {
    pub(super) fn new(files: BTreeSet<PathBuf>) -> Self {
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
            folders: BTreeSet::new(),
            events,
        };
        watch.follow(files);
        watch
    }

    /// Watches what these files are in, from now on.
    pub(super) fn follow(&mut self, files: BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        let folders: BTreeSet<PathBuf> = files.iter().map(|file| folder(file)).collect();
        for gone in self.folders.difference(&folders) {
            let _ = watcher.unwatch(gone);
        }
        for new in folders.difference(&self.folders) {
            if let Err(error) = watcher.watch(new, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %new.display(), "changes of files can't be watched here: {error}");
            }
        }
        self.folders = folders;
    }

    /// Waits for a change, and then until there are no more.
    pub(super) async fn changed(&mut self) {
        if self.events.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {}
    }
}

fn folder(file: &Path) -> PathBuf {
    if file.is_dir() {
        return file.to_owned();
    }
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
