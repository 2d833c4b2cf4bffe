use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::*;

/// A folder of its own, which goes when the test ends.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
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

/// A log that gets a line much more often than changes settle.
struct Noise {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Noise {
    fn in_file(file: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut lines = 0;
            while !stopped.load(Ordering::Relaxed) {
                lines += 1;
                fs::write(&file, lines.to_string()).unwrap();
                std::thread::park_timeout(QUIET / 10);
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// What is read of this path now. None of these is a configuration, and all are watched as if they were.
fn sources(path: &Path) -> Sources {
    Sources::load(&Input::Path(path.into())).1
}

fn watch(path: &Path) -> Watch {
    Watch::new(sources(path))
}

async fn changes(watch: &mut Watch) -> bool {
    tokio::time::timeout(Duration::from_secs(20), watch.changed())
        .await
        .is_ok()
}

async fn stays(watch: &mut Watch) -> bool {
    tokio::time::timeout(QUIET * 4, watch.changed()).await.is_err()
}

#[tokio::test]
async fn a_write_and_a_rename_over_the_file_are_changes_and_reading_is_not() {
    let folder = Folder::new("file");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "one").unwrap();
    let mut watch = watch(&file);
    fs::read(&file).unwrap();
    assert!(stays(&mut watch).await);
    fs::write(&file, "two").unwrap();
    assert!(changes(&mut watch).await);
    fs::write(folder.0.join("new"), "three").unwrap();
    fs::rename(folder.0.join("new"), &file).unwrap();
    assert!(changes(&mut watch).await);
    assert!(stays(&mut watch).await);
    fs::remove_file(&file).unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn neither_another_file_nor_the_same_content_is_a_change() {
    let folder = Folder::new("beside");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "one").unwrap();
    let mut watch = watch(&file);
    fs::write(folder.0.join("keg.log"), "a line").unwrap();
    assert!(stays(&mut watch).await);
    fs::write(&file, "one").unwrap();
    assert!(stays(&mut watch).await);
    fs::write(folder.0.join("new"), "one").unwrap();
    fs::rename(folder.0.join("new"), &file).unwrap();
    assert!(stays(&mut watch).await);
}

#[tokio::test]
async fn changes_that_do_not_end_hide_none_and_are_none() {
    let folder = Folder::new("noise");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "one").unwrap();
    let mut watch = watch(&file);
    let _noise = Noise::in_file(folder.0.join("keg.log"));
    fs::write(&file, "two").unwrap();
    assert!(changes(&mut watch).await);
    let twice = tokio::time::timeout(LONGEST + QUIET * 4, watch.changed()).await;
    assert!(twice.is_err());
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_not_a_change_yet_whatever_happens_beside_it() {
    let folder = Folder::new("written");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "").unwrap();
    let mut watch = watch(&file);
    let _noise = Noise::in_file(folder.0.join("keg.log"));
    let path = file.clone();
    // On the thread that watches, so that whatever holds it up holds up both.
    let writer = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(QUIET / 5);
        let end = Instant::now() + LONGEST + LONGEST / 4;
        let mut text = String::new();
        while Instant::now() < end {
            ticks.tick().await;
            text.push('x');
            fs::write(&path, &text).unwrap();
        }
        text
    });
    assert!(changes(&mut watch).await);
    assert!(writer.is_finished());
    assert_eq!(fs::read_to_string(&file).unwrap(), writer.await.unwrap());
}

#[tokio::test]
async fn what_changes_before_it_is_watched_is_a_change() {
    let folder = Folder::new("before");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "one").unwrap();
    let read = sources(&file);
    fs::write(&file, "two").unwrap();
    let mut watch = Watch::new(read);
    assert!(changes(&mut watch).await);
    let read = sources(&file);
    fs::write(&file, "three").unwrap();
    watch.follow(read);
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn who_stops_waiting_misses_nothing() {
    let folder = Folder::new("stops");
    let file = folder.0.join("keg.yaml");
    fs::write(&file, "one").unwrap();
    let mut watch = watch(&file);
    assert!(stays(&mut watch).await);
    fs::write(&file, "two").unwrap();
    // As long as it takes to learn of the change, and not as long as it takes to settle.
    assert!(tokio::time::timeout(QUIET / 2, watch.changed()).await.is_err());
    assert!(changes(&mut watch).await);
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
    let mut watch = watch(&folder.0.join("keg.yaml"));
    symlink("..2", folder.0.join("..data_tmp")).unwrap();
    fs::rename(folder.0.join("..data_tmp"), folder.0.join("..data")).unwrap();
    assert!(changes(&mut watch).await);
    assert_eq!(fs::read_to_string(folder.0.join("keg.yaml")).unwrap(), "two");
    fs::remove_dir_all(folder.0.join("..1")).unwrap();
    assert!(stays(&mut watch).await);
    fs::write(folder.0.join("..2/keg.yaml"), "three").unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn a_file_that_links_lead_to_is_watched_where_it_is() {
    let (links, files) = (Folder::new("links"), Folder::new("linked"));
    for (version, content) in [("1", "one"), ("2", "two")] {
        fs::create_dir(files.0.join(version)).unwrap();
        fs::write(files.0.join(version).join("keg.yaml"), content).unwrap();
    }
    symlink("1", files.0.join("current")).unwrap();
    symlink(files.0.join("current/keg.yaml"), links.0.join("keg.yaml")).unwrap();
    let mut watch = watch(&links.0.join("keg.yaml"));
    fs::write(files.0.join("1/keg.yaml"), "other").unwrap();
    assert!(changes(&mut watch).await);
    symlink("2", files.0.join("next")).unwrap();
    fs::rename(files.0.join("next"), files.0.join("current")).unwrap();
    assert!(changes(&mut watch).await);
    fs::write(files.0.join("2/keg.yaml"), "other than two").unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn a_file_is_awaited_whose_folder_is_not_there_yet_or_is_replaced() {
    let folder = Folder::new("absent");
    let file = folder.0.join("one/two/keg.yaml");
    let mut watch = watch(&file);
    for content in ["one", "two"] {
        fs::create_dir_all(folder.0.join("one")).unwrap();
        assert!(stays(&mut watch).await);
        fs::create_dir(folder.0.join("one/two")).unwrap();
        assert!(stays(&mut watch).await);
        fs::write(&file, content).unwrap();
        assert!(changes(&mut watch).await);
        fs::remove_dir_all(folder.0.join("one")).unwrap();
        assert!(changes(&mut watch).await);
    }
    fs::create_dir_all(folder.0.join("one/two")).unwrap();
    fs::write(&file, "three").unwrap();
    assert!(changes(&mut watch).await);
    fs::rename(folder.0.join("one/two"), folder.0.join("one/old")).unwrap();
    fs::create_dir(folder.0.join("one/two")).unwrap();
    fs::write(&file, "four").unwrap();
    assert!(changes(&mut watch).await);
    fs::write(&file, "five").unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn a_directory_changes_with_its_configurations_and_with_nothing_else_in_it() {
    let folder = Folder::new("directory");
    fs::write(folder.0.join("a.yaml"), "one").unwrap();
    let mut watch = watch(&folder.0);
    for other in ["keg.log", ".a.yaml.swp", ".b.yaml"] {
        fs::write(folder.0.join(other), "other").unwrap();
    }
    assert!(stays(&mut watch).await);
    fs::write(folder.0.join("b.yaml"), "two").unwrap();
    assert!(changes(&mut watch).await);
    watch.follow(sources(&folder.0));
    fs::write(folder.0.join("b.yaml"), "three").unwrap();
    assert!(changes(&mut watch).await);
    fs::remove_file(folder.0.join("b.yaml")).unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn a_file_that_a_template_names_is_awaited() {
    let folder = Folder::new("template");
    let file = folder.0.join("keg.yaml");
    fs::create_dir(folder.0.join("conf")).unwrap();
    let text = "backend_clusters: [{ name: main, bootstrap_servers: [\"${file['conf/servers']}\"] }]\n";
    fs::write(&file, text).unwrap();
    let mut watch = watch(&file);
    assert!(stays(&mut watch).await);
    fs::write(folder.0.join("conf/servers"), "one:9092").unwrap();
    assert!(changes(&mut watch).await);
}

#[tokio::test]
async fn files_can_be_exchanged_for_others() {
    let (old, new) = (Folder::new("old"), Folder::new("new"));
    let mut watch = watch(&old.0.join("keg.yaml"));
    watch.follow(sources(&new.0.join("keg.yaml")));
    fs::write(old.0.join("keg.yaml"), "one").unwrap();
    assert!(stays(&mut watch).await);
    fs::write(new.0.join("keg.yaml"), "two").unwrap();
    assert!(changes(&mut watch).await);
}
