//! From files to what they say.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Loaded;
use super::decode::{Context, Decode, Reader};
use super::environment::Environment;
use super::problem::{Place, Problem, Report};
use super::raw::Root;
use super::resolve::{Merged, resolve};
use super::yaml::{self, MAX_BYTES, Node, Position};

/// A configuration that is being read.
pub(super) struct Loading<'a> {
    environment: &'a dyn Environment,
    report: Report,
    files: RefCell<BTreeSet<PathBuf>>,
    /// What each document says; none for what couldn't be read.
    roots: Vec<Option<Root>>,
}

impl<'a> Loading<'a> {
    pub(super) fn new(environment: &'a dyn Environment) -> Self {
        Self {
            environment,
            report: Report::default(),
            files: RefCell::default(),
            roots: Vec::new(),
        }
    }

    pub(super) fn standard_input(&mut self) {
        let read = self.environment.standard_input(MAX_BYTES);
        self.bytes("<stdin>", Path::new(""), read);
    }

    pub(super) fn directory(&mut self, directory: &Path) {
        self.files.get_mut().insert(directory.into());
        let name = directory.display().to_string();
        let mut files = match self.environment.list(directory) {
            Ok(entries) => entries,
            Err(error) => {
                self.refuse_file(&name, format!("can't list the directory: {error}"));
                return;
            }
        };
        files.retain(|file| is_configuration(file) && !self.environment.is_directory(file));
        files.sort();
        if files.is_empty() {
            self.refuse_file(&name, "the directory holds no *.yaml or *.yml file");
        }
        for file in files {
            self.file(&file);
        }
    }

    pub(super) fn file(&mut self, path: &Path) {
        self.files.get_mut().insert(path.into());
        let directory = path.parent().unwrap_or(Path::new(""));
        let read = self.environment.read(path, MAX_BYTES);
        self.bytes(&path.display().to_string(), directory, read);
    }

    /// Takes in one text. `directory` is what relative paths in it start from.
    pub(super) fn text(&mut self, name: &str, directory: &Path, text: &str) {
        let parsed = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text));
        for fault in parsed.faults {
            let place = Place {
                position: Some(fault.at),
                ..Place::file(name)
            };
            self.report.add(Problem::new(place, fault.message));
        }
        if !parsed.complete {
            self.roots.push(None);
        }
        for document in parsed.documents {
            if !document.is_null() {
                let root = self.decode(name, directory, &document);
                self.roots.push(root);
            }
        }
    }

    pub(super) fn finish(mut self) -> Loaded {
        let nothing = Node::from_json(&json!({ "runtime": {}, "observability": {} }), Position::default());
        let config = self.decode("<defaults>", Path::new(""), &nothing).and_then(|defaults| {
            let merged = Merged::new(std::mem::take(&mut self.roots), defaults, &self.report);
            resolve(&merged, &self.report)
        });
        Loaded {
            result: self.report.conclude(config),
            files: self.files.into_inner(),
        }
    }

    fn bytes(&mut self, name: &str, directory: &Path, read: io::Result<Vec<u8>>) {
        match read.map(|bytes| (bytes.len(), String::from_utf8(bytes))) {
            Err(error) => self.refuse_file(name, format!("can't read it: {error}")),
            Ok((length, _)) if length > MAX_BYTES => {
                self.refuse_file(name, format!("longer than {MAX_BYTES} bytes"));
            }
            Ok((_, Err(_))) => self.refuse_file(name, "not UTF-8 text"),
            Ok((_, Ok(text))) => self.text(name, directory, &text),
        }
    }

    fn decode(&self, name: &str, directory: &Path, node: &Node) -> Option<Root> {
        let context = Context {
            file: name.into(),
            directory: directory.into(),
            environment: self.environment,
            report: &self.report,
            files: &self.files,
        };
        Root::decode(&Reader::new(&context, node, String::new()))
    }

    fn refuse_file(&mut self, name: &str, message: impl Into<String>) {
        self.report.add(Problem::new(Place::file(name), message));
        self.roots.push(None);
    }
}

/// Whether a file in a directory of configurations is one.
pub(crate) fn is_configuration(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default();
    !name.starts_with('.') && (extension == "yaml" || extension == "yml")
}
