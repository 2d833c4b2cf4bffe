//! Looks for what a client must not see, in the bytes of a response and in its fields.
//!
//! What a request has said may be said again in its response: a name, or an id, that stands there whole. Whether an
//! answer tells more about it than about something that isn't there is found by comparing such answers.

use std::collections::HashSet;

use serde_json::Value;

use super::encode::from_hex;
use super::means::{INTERNAL, base64};
use super::probes::Probe;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Detector {
    /// A name of the other's, or a part of it.
    Name,
    /// What the other's names begin with on the backend.
    Prefix,
    /// What the own names begin with on the backend, where that is hidden.
    OwnPrefix,
    TopicId,
    Internal,
    Host,
    PortNumber,
    PortText,
    /// An answer that is another one than about what isn't there.
    Told,
}

impl Detector {
    pub(crate) const ALL: [Self; 9] = [
        Self::Name,
        Self::Prefix,
        Self::OwnPrefix,
        Self::TopicId,
        Self::Internal,
        Self::Host,
        Self::PortNumber,
        Self::PortText,
        Self::Told,
    ];
}

/// Something that was found where it must not be.
#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) detector: Detector,
    /// What it is, and what is around it.
    pub(crate) what: String,
}

/// All that must not be in a response.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    texts: Vec<(Detector, String)>,
    /// Whole names that look like what must not be seen, and may be.
    shown: HashSet<Vec<u8>>,
    /// What the prober can't have made, whatever it said.
    never_made: Vec<String>,
    ids: Vec<Vec<u8>>,
    ports: Vec<u16>,
}

impl Needles {
    pub(crate) fn new(ports: &[u16]) -> Self {
        let mut needles = Self {
            ports: ports.to_vec(),
            ..Self::default()
        };
        INTERNAL.iter().for_each(|name| needles.text(Detector::Internal, name));
        // Gateways are advertised as `localhost`.
        needles.text(Detector::Host, "127.0.0.1");
        needles.text(Detector::Host, "kafka.test");
        needles
    }

    pub(crate) fn text(&mut self, detector: Detector, text: &str) {
        self.texts.push((detector, text.to_owned()));
    }

    /// A whole name that may be seen, whatever is in it.
    pub(crate) fn show(&mut self, name: &str) {
        self.shown.insert(name.as_bytes().to_vec());
    }

    /// A name of the other's that the prober does not give to anything.
    pub(crate) fn given(&mut self, name: &str) {
        self.text(Detector::Name, name);
        self.never_made.push(name.to_owned());
    }

    pub(crate) fn topic_id(&mut self, id: &str) {
        self.ids.push(from_hex(id));
        self.text(Detector::TopicId, &base64(id));
    }

    /// What of it is in a response; `fields` is the response as far as it could be understood, `made` are names that
    /// the prober has given to its own things before.
    pub(crate) fn find(
        &self,
        probe: &Probe,
        frame: &[u8],
        fields: Option<&Value>,
        made: &HashSet<Vec<u8>>,
    ) -> Vec<Leak> {
        let mut leaks = Vec::new();
        let leaves = fields.map(leaves);
        for (detector, text) in &self.texts {
            let raw = positions(frame, text.as_bytes());
            if !raw.is_empty() {
                self.judge_text(
                    *detector,
                    text.as_bytes(),
                    &raw,
                    probe,
                    frame,
                    leaves.as_deref(),
                    made,
                    &mut leaks,
                );
            }
        }
        for id in &self.ids {
            if let [first, ..] = positions(frame, id)[..]
                && positions(&probe.body, id).is_empty()
            {
                leaks.push(leak(Detector::TopicId, frame, first, 16));
            }
        }
        for port in &self.ports {
            let number = u32::from(*port).to_be_bytes();
            // A frame begins with the correlation id, which is the client's.
            let body = frame.get(4..).unwrap_or_default();
            if let [first, ..] = positions(body, &number)[..]
                && positions(&probe.body, &number).is_empty()
            {
                leaks.push(leak(Detector::PortNumber, body, first, 4));
            }
            let text = port.to_string().into_bytes();
            let whole = |leaf: &Vec<u8>| {
                leaf.split(|byte| !byte.is_ascii_alphanumeric())
                    .any(|word| word == text)
            };
            let raw = [frame.to_vec()];
            if let Some(leaf) = leaves.as_deref().unwrap_or(&raw).iter().find(|leaf| whole(leaf)) {
                let what = shown(&leaf[..leaf.len().min(300)]);
                leaks.push(Leak {
                    detector: Detector::PortText,
                    what: format!("{port} in {what}"),
                });
            }
        }
        if fields.is_some_and(|fields| self.has_port(fields)) {
            let what = "in a field called Port".to_owned();
            leaks.push(Leak {
                detector: Detector::PortNumber,
                what,
            });
        }
        leaks
    }

    #[expect(clippy::too_many_arguments, reason = "all that a judge needs to know")]
    fn judge_text(
        &self,
        detector: Detector,
        text: &[u8],
        raw: &[usize],
        probe: &Probe,
        frame: &[u8],
        leaves: Option<&[Vec<u8>]>,
        made: &HashSet<Vec<u8>>,
        leaks: &mut Vec<Leak>,
    ) {
        let said = said(probe);
        let is_known = |word: &[u8]| {
            let end = word.iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1);
            let word = &word[..end];
            let is_said = |word: &[u8]| {
                said.contains(word)
                    || self.shown.contains(word)
                    || self.can_be_made(word) && made.contains(without_uuid(word))
            };
            // In embedded bytes, the length in front of a name may look like a part of it.
            is_said(word) || is_said(word.get(1..).unwrap_or_default())
        };
        // Of a member, the address that the broker sees it come from.
        let is_harmless = |around: &[u8], at: usize| detector == Detector::Host && at > 0 && around[at - 1] == b'/';
        let mut seen = 0;
        for leaf in leaves.unwrap_or_default() {
            for at in positions(leaf, text) {
                seen += 1;
                if !is_known(word_around(leaf, at, text.len())) && !is_harmless(leaf, at) {
                    leaks.push(leak(detector, leaf, at, text.len()));
                }
            }
        }
        let unexplained = raw
            .iter()
            .filter(|at| !is_harmless(frame, **at) && !is_known(word_around(frame, **at, text.len())));
        if let Some(at) = unexplained.copied().next()
            && seen < raw.len()
        {
            leaks.push(leak(detector, frame, at, text.len()));
        }
    }

    fn can_be_made(&self, word: &[u8]) -> bool {
        !self
            .never_made
            .iter()
            .any(|name| !positions(word, name.as_bytes()).is_empty())
    }

    /// Ports are of two bytes in some responses, which are anywhere.
    fn has_port(&self, value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| {
                let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
                name == "Port" && port.is_some_and(|port| self.ports.contains(&port)) || self.has_port(value)
            }),
            Value::Array(elements) => elements.iter().any(|it| self.has_port(it)),
            _ => false,
        }
    }
}

/// The words that a request has in it.
pub(crate) fn said(probe: &Probe) -> HashSet<Vec<u8>> {
    let mut said = HashSet::new();
    for leaf in leaves(&probe.request) {
        for word in leaf.split(|byte| !is_of_name(*byte)) {
            said.insert(word.to_vec());
            // As above.
            said.insert(word.get(1..).unwrap_or_default().to_vec());
        }
    }
    said
}

/// All text and bytes of a message, strings of hexadecimal digits as what they may stand for as well.
fn leaves(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::Object(fields) => fields.values().flat_map(leaves).collect(),
        Value::Array(elements) => elements.iter().flat_map(leaves).collect(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => {
            let is_hex = text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let bytes = is_hex.then(|| from_hex(text));
            bytes.into_iter().chain([text.clone().into_bytes()]).collect()
        }
        _ => Vec::new(),
    }
}

fn word_around(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let start = bytes[..at]
        .iter()
        .rposition(|byte| !is_of_name(*byte))
        .map_or(0, |before| before + 1);
    let behind = &bytes[at + length..];
    let end = behind
        .iter()
        .position(|byte| !is_of_name(*byte))
        .unwrap_or(behind.len());
    &bytes[start..at + length + end]
}

/// Brokers make the id of a member of what its client calls itself.
fn without_uuid(word: &[u8]) -> &[u8] {
    match word.len().checked_sub(37).map(|end| word.split_at(end)) {
        Some((name, uuid)) if uuid.iter().filter(|byte| **byte == b'-').count() == 5 => name,
        _ => word,
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

pub(crate) fn positions(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let (first, rest) = wanted.split_first().unwrap();
    let mut found = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        if byte == first && bytes[at + 1..].starts_with(rest) {
            found.push(at);
        }
    }
    found
}

fn leak(detector: Detector, bytes: &[u8], at: usize, length: usize) -> Leak {
    let around = &bytes[at.saturating_sub(40)..bytes.len().min(at + length + 24)];
    Leak {
        detector,
        what: shown(around),
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
