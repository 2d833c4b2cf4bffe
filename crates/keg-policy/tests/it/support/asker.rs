//! A policy that has a question about each request.

use keg_codec::message::Struct;
use keg_codec::{Api, ApiKey};
use keg_policy::{Answer, Connection, Decision, Interest, Note, Policy, Question, Reply, Request, Withheld};

use super::message::texts;
use super::tracer::Log;
use super::{api, asking, text};

/// Asks for the topic `{name}?` before a Metadata request goes on, and logs what becomes of both.
#[derive(Debug)]
pub(crate) struct Asker {
    name: &'static str,
    key: ApiKey,
    times: usize,
    log: Log,
}

impl Asker {
    pub(crate) fn new(name: &'static str, log: &Log) -> Self {
        Self {
            name,
            key: ApiKey::METADATA,
            times: 1,
            log: log.clone(),
        }
    }

    /// Asks about requests of this API instead.
    pub(crate) fn about(self, key: ApiKey) -> Self {
        Self { key, ..self }
    }

    /// Asks so often before it lets a request go on.
    pub(crate) fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    fn ask(&self, on_behalf_of: &Request, asked: usize) -> Decision {
        let body = asking(
            ApiKey::METADATA,
            9,
            &[("Topics.0.Name", text(&format!("{}?", self.name)))],
        );
        Decision::Ask(Question {
            request: Request::local(api(ApiKey::METADATA), 9, &body, on_behalf_of).unwrap(),
            note: Note::new(asked),
        })
    }
}

impl Policy for Asker {
    fn name(&self) -> &str {
        self.name
    }

    fn interest(&self, api: &Api, _version: i16) -> Interest {
        Interest::of(api.key == self.key, api.key == self.key)
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> Decision {
        self.log.push(format!("{}>", self.name));
        self.ask(request, 1)
    }

    fn resume(&self, _connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        let Reply::Response(mut reply) = reply else {
            return Decision::Close("the question was not answered".to_owned());
        };
        let reply = Struct::read(&api(ApiKey::METADATA).response, 9, &reply.body_bytes()).unwrap();
        let topics = texts(&reply, "Topics.*.Name").join(",");
        self.log.push(format!("{} learns {topics}", self.name));
        match note.take::<usize>() {
            Some(asked) if asked < self.times => self.ask(request, asked + 1),
            Some(_) => Decision::Forward(Note::default()),
            None => Decision::Close("the note was lost".to_owned()),
        }
    }

    fn response(&self, _connection: &Connection, _answer: Answer<'_>) -> Result<(), Withheld> {
        self.log.push(format!("<{}", self.name));
        Ok(())
    }
}
