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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder of its own, which goes when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("keg-watch-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn changes(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(10), watch.changed())
            .await
            .is_ok()
    }

    async fn stays(watch: &mut Watch) -> bool {
        tokio::time::timeout(QUIET * 3, watch.changed()).await.is_err()
    }

    #[tokio::test]
    async fn a_write_and_a_rename_over_the_file_are_changes_and_reading_is_not() {
        let folder = Folder::new("file");
        let file = folder.0.join("keg.yaml");
        fs::write(&file, "one").unwrap();
        let mut watch = Watch::new([file.clone()].into());
        fs::read(&file).unwrap();
        assert!(stays(&mut watch).await);
        fs::write(&file, "two").unwrap();
        assert!(changes(&mut watch).await);
        fs::write(folder.0.join("new"), "three").unwrap();
        fs::rename(folder.0.join("new"), &file).unwrap();
        assert!(changes(&mut watch).await);
        assert!(stays(&mut watch).await);
    }

    #[tokio::test]
    async fn the_swap_of_a_kubernetes_volume_is_a_change() {
        let folder = Folder::new("volume");
        for (version, content) in [("..1", "one"), ("..2", "two")] {
            fs::create_dir(folder.0.join(version)).unwrap();
            fs::write(folder.0.join(version).join("keg.yaml"), content).unwrap();
        }
        symlink("..1", folder.0.join("..data")).unwrap();
        symlink("..data/keg.yaml", folder.0.join("keg.yaml")).unwrap();
        let mut watch = Watch::new([folder.0.join("keg.yaml")].into());
        symlink("..2", folder.0.join("..data_tmp")).unwrap();
        fs::rename(folder.0.join("..data_tmp"), folder.0.join("..data")).unwrap();
        assert!(changes(&mut watch).await);
        assert_eq!(fs::read_to_string(folder.0.join("keg.yaml")).unwrap(), "two");
    }

    #[tokio::test]
    async fn files_can_be_exchanged_for_others() {
        let (old, new) = (Folder::new("old"), Folder::new("new"));
        let mut watch = Watch::new([old.0.join("keg.yaml")].into());
        watch.follow([new.0.join("keg.yaml")].into());
        fs::write(old.0.join("keg.yaml"), "one").unwrap();
        assert!(stays(&mut watch).await);
        fs::write(new.0.join("keg.yaml"), "two").unwrap();
        assert!(changes(&mut watch).await);
    }
}
