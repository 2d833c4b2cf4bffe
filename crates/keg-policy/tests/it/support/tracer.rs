//! A policy that writes down what it sees.

use std::sync::{Arc, Mutex};

use keg_codec::{Api, ErrorCode};
use keg_policy::{Answer, Connection, Decision, Interest, Note, Policy, Request, Response, Withheld};

/// What happened, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What a tracer does but writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Nothing,
    Answers,
    Closes,
    Withholds,
}

#[derive(Debug)]
pub(crate) struct Tracer {
    name: String,
    interest: Interest,
    does: Does,
    log: Log,
}

impl Tracer {
    pub(crate) fn new(name: &str, interest: Interest, does: Does, log: &Log) -> Self {
        Self {
            name: name.to_owned(),
            interest,
            does,
            log: log.clone(),
        }
    }
}

impl Policy for Tracer {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self, _api: &Api, _version: i16) -> Interest {
        self.interest
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> Decision {
        self.log.push(format!("{}>", self.name));
        match self.does {
            Does::Answers => {
                let (api, version, body) = (request.api, request.version, request.body_bytes());
                Decision::Answer(Response::error(api, version, &body, ErrorCode::POLICY_VIOLATION, None).unwrap())
            }
            Does::Closes => Decision::Close(format!("{} closes", self.name)),
            _ => Decision::Forward(Note::new(format!("noted by {}", self.name))),
        }
    }

    fn response(&self, _connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let note = answer.note.get::<String>().map_or("", |note| note.as_str());
        self.log.push(format!("<{} {note}", self.name));
        match self.does {
            Does::Withholds => Err(Withheld::new(format!("{} withholds", self.name))),
            _ => Ok(()),
        }
    }
}
