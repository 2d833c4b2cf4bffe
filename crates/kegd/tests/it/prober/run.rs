//! Sends probes, and collects what comes back.

use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::probes::Probe;
use super::wire::Wire;

const CONNECTIONS: usize = 4;
/// How many requests are on their way on one connection.
const PIPELINED: usize = 12;

/// What became of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Frame(Vec<u8>),
    Closed,
    /// Neither an answer nor an end in the time that is given to it.
    Silent,
}

impl Reply {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Frame(_) => "an answer",
            Self::Closed => "a disconnect",
            Self::Silent => "silence",
        }
    }

    pub(crate) fn frame(&self) -> Option<&[u8]> {
        match self {
            Self::Frame(frame) => Some(frame),
            Self::Closed | Self::Silent => None,
        }
    }
}

/// Sends all of them, on several connections and in no particular order, and gives back their replies in theirs.
pub(crate) fn run(address: &str, probes: &[Probe]) -> Vec<Reply> {
    let next = AtomicUsize::new(0);
    // Nothing waits behind a request that is never answered.
    let (mute, other): (Vec<usize>, Vec<usize>) = (0..probes.len()).partition(|index| probes[*index].mute);
    let chunks: Vec<&[usize]> = other.chunks(PIPELINED).chain(mute.chunks(1)).collect();
    let replies = Mutex::new(vec![Reply::Silent; probes.len()]);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut asker = Asker::new(address);
                loop {
                    let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        return;
                    };
                    let asked: Vec<&Probe> = chunk.iter().map(|index| &probes[*index]).collect();
                    let answered = asker.answers(&asked);
                    let mut replies = replies.lock().unwrap();
                    chunk
                        .iter()
                        .zip(answered)
                        .for_each(|(index, reply)| replies[*index] = reply);
                }
            });
        }
    });
    replies.into_inner().unwrap()
}

/// Asks one after the other, on a connection that is kept while it lives.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    address: &'a str,
    wire: Option<Wire>,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(address: &'a str) -> Self {
        Self { address, wire: None }
    }

    fn answers(&mut self, probes: &[&Probe]) -> Vec<Reply> {
        let mut replies = if probes.iter().any(|probe| probe.mute) {
            Vec::new()
        } else {
            self.pipelined(probes)
        };
        // What was not answered is asked again one by one: then it is known which request ended the connection.
        for probe in &probes[replies.len()..] {
            replies.push(self.answer(probe));
        }
        replies
    }

    /// The answers up to the first that doesn't come.
    fn pipelined(&mut self, probes: &[&Probe]) -> Vec<Reply> {
        let wire = self.wire();
        wire.be_patient(true);
        let sent: Vec<i32> = probes.iter().map_while(|probe| send(wire, probe).ok()).collect();
        let mut replies = Vec::new();
        for id in sent {
            match wire.receive() {
                Ok(frame) => replies.push(checked(id, frame)),
                Err(_) => break,
            }
        }
        if replies.len() < probes.len() {
            self.wire = None;
        }
        replies
    }

    /// What becomes of one request alone.
    pub(crate) fn answer(&mut self, probe: &Probe) -> Reply {
        let wire = self.wire();
        wire.be_patient(!probe.mute);
        let sent = send(wire, probe);
        match sent.and_then(|id| Ok((id, wire.receive()?))) {
            Ok((id, frame)) => checked(id, frame),
            Err(error) => {
                self.wire = None;
                match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => Reply::Silent,
                    _ => Reply::Closed,
                }
            }
        }
    }

    fn wire(&mut self) -> &mut Wire {
        let address = self.address;
        self.wire.get_or_insert_with(|| Wire::connect(address).unwrap())
    }
}

fn send(wire: &mut Wire, probe: &Probe) -> std::io::Result<i32> {
    wire.send(probe.key, probe.version, probe.flexible, "probing", &probe.body)
}

fn checked(id: i32, frame: Vec<u8>) -> Reply {
    assert_eq!(
        frame.get(..4),
        Some(&id.to_be_bytes()[..]),
        "an answer to another question"
    );
    Reply::Frame(frame)
}
