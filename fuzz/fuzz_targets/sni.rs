//! The TLS hello is read the same however it arrives, and never for another server name than rustls reads.

#![no_main]

use keg_tls::{HelloReader, Outcome};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use rustls::server::Acceptor;

#[derive(Debug, Arbitrary)]
enum Bytes {
    Raw(Vec<u8>),
    /// A hello of these parts.
    Hello {
        version: u8,
        session: Vec<u8>,
        suites: Vec<u16>,
        extensions: Vec<Extension>,
        /// The sizes of the records it is split into.
        records: Vec<u8>,
    },
}

#[derive(Debug, Arbitrary)]
enum Extension {
    ServerName(String),
    ServerNames(Vec<(u8, Vec<u8>)>),
    SignatureAlgorithms,
    SupportedVersions,
    SupportedGroups,
    KeyShare,
    Other(u16, Vec<u8>),
}

#[derive(Debug, Arbitrary)]
struct Input {
    bytes: Bytes,
    chunks: Vec<u8>,
    max: u16,
}

fn prefixed(length: usize, bytes: &[u8]) -> Vec<u8> {
    let size = (bytes.len() as u32).to_be_bytes();
    [&size[4 - length..], bytes].concat()
}

impl Extension {
    fn encode(&self) -> Vec<u8> {
        let names = |names: &[(u8, &[u8])]| {
            let entries: Vec<_> = names
                .iter()
                .flat_map(|(kind, name)| [vec![*kind], prefixed(2, name)].concat())
                .collect();
            prefixed(2, &entries)
        };
        let (kind, body) = match self {
            Self::ServerName(name) => (0, names(&[(0, name.as_bytes())])),
            Self::ServerNames(list) => {
                let list: Vec<_> = list.iter().map(|(kind, name)| (*kind, name.as_slice())).collect();
                (0, names(&list))
            }
            Self::SignatureAlgorithms => (13, prefixed(2, &[4, 3, 8, 4])),
            Self::SupportedVersions => (43, prefixed(1, &[3, 4, 3, 3])),
            Self::SupportedGroups => (10, prefixed(2, &[0, 29])),
            Self::KeyShare => (51, prefixed(2, &[&[0, 29][..], &prefixed(2, &[9; 32])].concat())),
            Self::Other(kind, body) => (*kind, body.clone()),
        };
        [&kind.to_be_bytes()[..], &prefixed(2, &body)].concat()
    }
}

impl Bytes {
    fn encode(&self) -> Vec<u8> {
        let (version, session, suites, extensions, records) = match self {
            Self::Raw(bytes) => return bytes.clone(),
            Self::Hello {
                version,
                session,
                suites,
                extensions,
                records,
            } => (version, session, suites, extensions, records),
        };
        let suites: Vec<u8> = [0x1301, 0xc02b]
            .iter()
            .chain(suites)
            .flat_map(|suite| suite.to_be_bytes())
            .collect();
        let extensions: Vec<u8> = extensions.iter().flat_map(Extension::encode).collect();
        let session = &session[..session.len().min(32)];
        let body = [
            &[3, 3][..],
            &[7; 32],
            &prefixed(1, session),
            &prefixed(2, &suites),
            &[1, 0],
            &prefixed(2, &extensions),
        ]
        .concat();
        let message = [&[1][..], &prefixed(3, &body)].concat();
        let (mut rest, mut sizes, mut out) = (&*message, records.iter(), Vec::new());
        while !rest.is_empty() {
            let size = sizes.next().map_or(rest.len(), |size| usize::from(*size).max(1));
            let (record, after) = rest.split_at(size.min(rest.len()).min(16_384));
            out.extend([22, 3, version % 4]);
            out.extend(prefixed(2, record));
            rest = after;
        }
        out
    }
}

/// The server name that rustls reads from a hello that it accepts.
fn by_rustls(bytes: &[u8]) -> Option<Option<String>> {
    let mut acceptor = Acceptor::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        acceptor.read_tls(&mut rest).ok()?;
        if let Some(accepted) = acceptor.accept().ok()? {
            return Some(accepted.client_hello().server_name().map(str::to_ascii_lowercase));
        }
    }
    None
}

fuzz_target!(|input: Input| {
    let (bytes, max) = (input.bytes.encode(), usize::from(input.max));
    let whole = HelloReader::new(max).push(&bytes);

    let (mut reader, mut rest, mut sizes, mut last) = (HelloReader::new(max), &*bytes, input.chunks.iter(), None);
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| usize::from(*size).max(1));
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        let outcome = reader.push(chunk);
        assert!(last.is_none() || outcome == last, "an outcome stays what it is");
        (last, rest) = (outcome, after);
    }
    assert_eq!(last, whole.clone().filter(|_| !bytes.is_empty()));

    if let Some(Outcome::Hello(hello)) = whole
        && let Some(theirs) = by_rustls(&bytes)
    {
        let theirs = theirs.map(|name| name.strip_suffix('.').map_or(name.clone(), str::to_owned));
        assert_eq!(hello.server_name, theirs);
    }
});
