//! What files said when a configuration was loaded, and whether they still say it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Environment;
use crate::config::environment::SystemEnvironment;
use crate::config::is_configuration;

/// The environment of this process, with a memory of what it told.
///
/// Files are remembered as they were read, and not as they are before or after it: so what is remembered is what the
/// configuration was made of, whenever they change.
#[derive(Default)]
pub(in crate::runtime) struct Witness(RefCell<Seen>);

/// What the environment told: loading a configuration depends on nothing else that can change.
#[derive(Default)]
pub(in crate::runtime) struct Seen {
    /// Contents are remembered as hashes, since some are secrets and some are long.
    hashes: RandomState,
    answers: BTreeMap<Question, Answer>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Content(PathBuf, usize),
    IsDirectory(PathBuf),
    Entries(PathBuf),
}

#[derive(PartialEq, Eq)]
enum Answer {
    Content {
        length: usize,
        hash: u64,
    },
    /// A pipe or the like, which tells its content once, and which would wait for it the next time.
    ReadOnce,
    IsDirectory(bool),
    /// The files that a configuration may be in. Others come and go, such as those of editors.
    Entries(BTreeSet<PathBuf>),
    Failed(io::ErrorKind),
    /// Another one than before to the same question, so that the configuration is made of both.
    Contradiction,
}

impl Witness {
    pub(in crate::runtime) fn into_seen(self) -> Seen {
        self.0.into_inner()
    }
}

impl Environment for Witness {
    /// Variables of a process don't change under it, and aren't remembered.
    fn variable(&self, name: &str) -> Option<String> {
        SystemEnvironment.variable(name)
    }

    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let once = is_read_once(path);
        let read = SystemEnvironment.read(path, limit);
        let mut seen = self.0.borrow_mut();
        let answer = if once { Answer::ReadOnce } else { seen.content(&read) };
        seen.remember(Question::Content(path.into(), limit), answer);
        read
    }

    fn standard_input(&self, limit: usize) -> io::Result<Vec<u8>> {
        SystemEnvironment.standard_input(limit)
    }

    fn is_directory(&self, path: &Path) -> bool {
        let answer = SystemEnvironment.is_directory(path);
        let question = Question::IsDirectory(path.into());
        self.0.borrow_mut().remember(question, Answer::IsDirectory(answer));
        answer
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let listed = SystemEnvironment.list(directory);
        let question = Question::Entries(directory.into());
        self.0.borrow_mut().remember(question, entries(&listed));
        listed
    }
}

impl Seen {
    /// What the environment tells now, being asked the same.
    pub(super) fn again(&self) -> Self {
        let ask = |question: &Question| (question.clone(), self.ask(question));
        Self {
            hashes: self.hashes.clone(),
            answers: self.answers.keys().map(ask).collect(),
        }
    }

    pub(super) fn says_what(&self, other: &Self) -> bool {
        self.answers == other.answers
    }

    fn ask(&self, question: &Question) -> Answer {
        match question {
            Question::Content(path, _) if is_read_once(path) => Answer::ReadOnce,
            Question::Content(path, limit) => self.content(&SystemEnvironment.read(path, *limit)),
            Question::IsDirectory(path) => Answer::IsDirectory(SystemEnvironment.is_directory(path)),
            Question::Entries(directory) => entries(&SystemEnvironment.list(directory)),
        }
    }

    fn remember(&mut self, question: Question, answer: Answer) {
        let answer = match self.answers.get(&question) {
            Some(before) if *before != answer => Answer::Contradiction,
            _ => answer,
        };
        self.answers.insert(question, answer);
    }

    fn content(&self, read: &io::Result<Vec<u8>>) -> Answer {
        match read {
            Ok(bytes) => Answer::Content {
                length: bytes.len(),
                hash: self.hashes.hash_one(bytes),
            },
            Err(error) => Answer::Failed(error.kind()),
        }
    }
}

fn entries(listed: &io::Result<Vec<PathBuf>>) -> Answer {
    match listed {
        Ok(paths) => Answer::Entries(paths.iter().filter(|path| is_configuration(path)).cloned().collect()),
        Err(error) => Answer::Failed(error.kind()),
    }
}

fn is_read_once(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::Folder;
    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_loaded_has_changed_whatever_it_says_then() {
        let folder = Folder::new("seen");
        let file = folder.0.join("secret");
        let witness = Witness::default();
        for content in ["one", "two"] {
            fs::write(&file, content).unwrap();
            assert_eq!(witness.read(&file, 10).unwrap(), content.as_bytes());
        }
        fs::write(&file, "one").unwrap();
        assert!(witness.read(&file, 10).is_ok());
        let seen = witness.into_seen();
        let now = seen.again();
        assert!(!now.says_what(&seen));
        assert!(now.again().says_what(&now));
    }

    #[test]
    fn the_same_length_and_a_part_that_is_not_read_tell_contents_apart_and_not() {
        let folder = Folder::new("seen-length");
        let file = folder.0.join("secret");
        fs::write(&file, "one and more").unwrap();
        let witness = Witness::default();
        assert_eq!(witness.read(&file, 2).unwrap(), b"one");
        let seen = witness.into_seen();
        fs::write(&file, "one").unwrap();
        assert!(seen.again().says_what(&seen));
        fs::write(&file, "two").unwrap();
        assert!(!seen.again().says_what(&seen));
    }

    #[test]
    fn a_pipe_is_not_read_again() {
        use std::io::Write;
        use std::os::fd::AsRawFd;

        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"one").unwrap();
        drop(writer);
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let witness = Witness::default();
        assert_eq!(witness.read(&path, 10).unwrap(), b"one");
        let seen = witness.into_seen();
        assert!(seen.again().says_what(&seen));
    }
}
