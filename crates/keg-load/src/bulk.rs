//! Produce and Fetch as fast as they go.

use std::fmt::Write as _;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use clap::Args;
use keg_codec::ApiKey;
use keg_codec::message::Value;

use crate::connection::{Connection, Connector};
use crate::process::Process;
use crate::requests::{self, Call, Topic};
use crate::target::Target;
use crate::{Outcome, batch};

/// What is read at once of a response.
const READ: usize = 1 << 20;

/// One in so many responses is read for errors; all have to have the length of the first.
const READ_ONE_IN: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Produce,
    Fetch,
    Metadata,
}

/// How much goes how.
#[derive(Debug, Args)]
pub(crate) struct Bulk {
    #[arg(long)]
    target: Target,
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// How many requests, on all connections together
    #[arg(long)]
    requests: usize,
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    #[arg(long, default_value_t = 1024)]
    record_size: usize,
    /// Records in a batch
    #[arg(long, default_value_t = 64)]
    batch: u32,
    /// A topic in each request, beside that of the target; it can be said more than once
    #[arg(long = "topic")]
    topics: Vec<String>,
    /// Batches in a request for each topic, each for a partition of its own; and how many partitions are fetched from, if there
    /// are as many
    #[arg(long, default_value_t = 8)]
    partitions: i32,
    #[arg(long, default_value_t = -1, allow_hyphen_values = true)]
    acks: i16,
    #[arg(long, default_value_t = 1 << 20)]
    partition_max_bytes: i32,
    /// How many offsets fetches begin at, in turns, `partition_max_bytes` apart
    #[arg(long, default_value_t = 1)]
    offsets: i64,
    /// The process whose cost is told
    #[arg(long)]
    pid: Option<u32>,
}

impl Bulk {
    pub(crate) fn run(&self, kind: Kind) -> Outcome<String> {
        let connector = Connector::new(&self.target)?;
        let topics = self.topics(connector.connect()?)?;
        let call = self.call(kind)?;
        let start = Arc::new(Barrier::new(self.connections + 1));
        let each = self.requests.div_ceil(self.connections);
        let mut workers = Vec::new();
        for index in 0..self.connections {
            let worker = Worker {
                connection: connector.connect()?,
                frames: self.frames(kind, call, &topics, i32::try_from(index)?)?,
                call,
                requests: each,
                in_flight: self.in_flight,
                counts_responses: kind != Kind::Produce,
            };
            let start = Arc::clone(&start);
            workers.push(thread::spawn(move || {
                start.wait();
                worker.run()
            }));
        }
        let process = self.pid.map(Process::start).transpose()?;
        start.wait();
        let started = Instant::now();
        let mut bytes = 0;
        for worker in workers {
            bytes += worker.join().map_err(|_| "a connection's thread ended")??;
        }
        let elapsed = started.elapsed();
        let mut report = format!(
            "requests {}\nbytes {bytes}\nseconds {}\n",
            each * self.connections,
            elapsed.as_secs_f64()
        );
        if let Some(process) = process {
            let cost = process.end()?;
            writeln!(report, "cpu {}\npeak {}", cost.cpu.as_secs_f64(), cost.peak)?;
        }
        Ok(report)
    }

    /// What the cluster says of the topics, on a connection that isn't there when the load is.
    fn topics(&self, mut connection: Connection) -> Outcome<Vec<Topic>> {
        let names = [&self.target.topic].into_iter().chain(&self.topics);
        names.map(|name| connection.topic(name)).collect()
    }

    fn call(&self, kind: Kind) -> Outcome<Call> {
        match (kind, self.target.by_name) {
            (Kind::Produce, false) => Call::new(ApiKey::PRODUCE, 13),
            (Kind::Produce, true) => Call::new(ApiKey::PRODUCE, 12),
            (Kind::Fetch, false) => Call::new(ApiKey::FETCH, 17),
            (Kind::Fetch, true) => Call::new(ApiKey::FETCH, 12),
            (Kind::Metadata, _) => Call::new(ApiKey::METADATA, 12),
        }
    }

    fn frames(&self, kind: Kind, call: Call, topics: &[Topic], worker: i32) -> Outcome<Vec<Vec<u8>>> {
        match kind {
            Kind::Produce => {
                let batch = batch::batch(self.batch, self.record_size);
                let partitions = |topic: &Topic| {
                    (worker..worker + self.partitions.min(topic.partitions))
                        .map(|partition| partition % topic.partitions)
                        .collect()
                };
                let topics: Vec<_> = topics.iter().map(|topic| (topic, partitions(topic))).collect();
                Ok(vec![requests::produce(call, &topics, self.acks, &batch)?])
            }
            Kind::Metadata => {
                let mut request = call.request();
                request.set("Topics", Value::Null);
                Ok(vec![call.frame(&request)?])
            }
            // The topics were filled by `prepare`, with batches of 512 records.
            Kind::Fetch => {
                let batches = i64::from(self.partition_max_bytes) / i64::try_from(batch::size(512, 1024))?;
                let mut topics = topics.to_vec();
                for topic in &mut topics {
                    topic.partitions = topic.partitions.min(self.partitions);
                }
                (0..self.offsets)
                    .map(|place| requests::fetch(call, &topics, place * batches.max(1) * 512, self.partition_max_bytes))
                    .collect()
            }
        }
    }
}

struct Worker {
    connection: Connection,
    frames: Vec<Vec<u8>>,
    call: Call,
    requests: usize,
    in_flight: usize,
    counts_responses: bool,
}

impl Worker {
    /// The bytes that were moved: of requests, or of responses.
    fn run(mut self) -> Outcome<u64> {
        let mut buffer = vec![0; READ];
        let (mut sent, mut received, mut bytes, mut expected) = (0, 0, 0, None);
        let places = self.frames.len();
        while received < self.requests {
            if sent < self.requests && sent - received < self.in_flight {
                let frame = self.frames.get_mut(sent % places).ok_or("no request to send")?;
                self.connection.send(frame)?;
                sent += 1;
                if !self.counts_responses {
                    bytes += u64::try_from(frame.len())?;
                }
                continue;
            }
            let length = if received.is_multiple_of(READ_ONE_IN) && (received == 0 || !self.counts_responses) {
                let frame = self.connection.receive()?;
                let length = frame.len();
                let errors = requests::errors(&self.call.response(frame)?);
                if !errors.is_empty() {
                    return Err(format!("{} was answered with the errors {errors:?}", self.call.api.name).into());
                }
                length
            } else {
                self.connection.skip(&mut buffer)?
            };
            if *expected.get_or_insert(length) != length {
                return Err(format!("a response of {length} bytes after others of {expected:?}").into());
            }
            received += 1;
            if self.counts_responses {
                bytes += u64::try_from(length)?;
            }
        }
        Ok(bytes)
    }
}
