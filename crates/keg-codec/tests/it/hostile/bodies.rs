//! Bodies and headers that would make a trusting decoder allocate, loop or lose its place.

use keg_codec::walk::WalkError::{
    self, CountBeyondMessage, NegativeLength, Null, TagOrder, TagSize, TrailingBytes, Truncated, VarintTooLong,
};
use keg_codec::{ApiKey, Direction};

pub(crate) struct Hostile {
    pub(crate) what: &'static str,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) direction: Direction,
    pub(crate) bytes: &'static [u8],
    pub(crate) error: WalkError,
}

const fn request(what: &'static str, api: ApiKey, version: i16, bytes: &'static [u8], error: WalkError) -> Hostile {
    Hostile {
        what,
        api,
        version,
        direction: Direction::Request,
        bytes,
        error,
    }
}

const fn response(what: &'static str, api: ApiKey, version: i16, bytes: &'static [u8], error: WalkError) -> Hostile {
    Hostile {
        direction: Direction::Response,
        ..request(what, api, version, bytes, error)
    }
}

pub(crate) const BODIES: &[Hostile] = &[
    request(
        "4,294,967,294 topics in 12 bytes, which makes kafka-protocol ask for 412 GB",
        ApiKey::PRODUCE,
        9,
        b"\0\xff\xff\0\0\x75\x30\xff\xff\xff\xff\x0f",
        CountBeyondMessage {
            count: 4_294_967_294,
            left: 0,
        },
    ),
    request(
        "2,147,483,647 topics",
        ApiKey::PRODUCE,
        8,
        b"\xff\xff\xff\xff\0\0\x75\x30\x7f\xff\xff\xff\0\x01t",
        CountBeyondMessage {
            count: 0x7fff_ffff,
            left: 3,
        },
    ),
    request(
        "2,147,483,647 topics",
        ApiKey::METADATA,
        1,
        b"\x7f\xff\xff\xff",
        CountBeyondMessage {
            count: 0x7fff_ffff,
            left: 0,
        },
    ),
    request(
        "2,147,483,646 topics in a compact array",
        ApiKey::METADATA,
        12,
        b"\xff\xff\xff\xff\x07\0\0\0",
        CountBeyondMessage {
            count: 0x7fff_fffe,
            left: 3,
        },
    ),
    request(
        "a topic with 2,147,483,647 partitions",
        ApiKey::PRODUCE,
        8,
        b"\xff\xff\xff\xff\0\0\x75\x30\0\0\0\x01\0\x01t\x7f\xff\xff\xff\0\0\0\0",
        CountBeyondMessage {
            count: 0x7fff_ffff,
            left: 4,
        },
    ),
    request(
        "a topic with as many partitions as bytes are left, each of four bytes",
        ApiKey::OFFSET_FETCH,
        1,
        b"\0\x01g\0\0\0\x01\0\x01t\0\0\0\x08\0\0\0\0\0\0\0\0",
        Truncated { needed: 32, left: 8 },
    ),
    response(
        "a response with 2,147,483,647 partitions",
        ApiKey::FETCH,
        4,
        b"\0\0\0\0\0\0\0\x01\0\x01t\x7f\xff\xff\xff",
        CountBeyondMessage {
            count: 0x7fff_ffff,
            left: 0,
        },
    ),
    response(
        "records of 2 GiB",
        ApiKey::FETCH,
        4,
        b"\0\0\0\0\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff\xff\xff",
        Truncated {
            needed: 0x7fff_ffff,
            left: 0,
        },
    ),
    request(
        "a compact string of 4,294,967,294 bytes",
        ApiKey::METADATA,
        9,
        b"\x02\xff\xff\xff\xff\x0f",
        Truncated {
            needed: 4_294_967_294,
            left: 0,
        },
    ),
    request(
        "a varint of six bytes",
        ApiKey::METADATA,
        9,
        b"\x80\x80\x80\x80\x80\x01\0\0\0\0",
        VarintTooLong,
    ),
    request(
        "a varint of 33 bits",
        ApiKey::METADATA,
        9,
        b"\xff\xff\xff\xff\x1f\0\0\0\0",
        VarintTooLong,
    ),
    request(
        "4,294,967,295 tagged fields",
        ApiKey::METADATA,
        9,
        b"\0\0\0\0\xff\xff\xff\xff\x0f",
        Truncated { needed: 1, left: 0 },
    ),
    request(
        "a tag above i32::MAX, which kafka-protocol writes shorter than it says",
        ApiKey::METADATA,
        9,
        b"\0\0\0\0\x01\x80\x80\x80\x80\x08\0",
        TagOrder { tag: 0x8000_0000 },
    ),
    request(
        "a tag that comes twice",
        ApiKey::METADATA,
        9,
        b"\0\0\0\0\x02\x07\0\x07\0",
        TagOrder { tag: 7 },
    ),
    request(
        "tags that descend",
        ApiKey::METADATA,
        9,
        b"\0\0\0\0\x02\x07\0\x06\0",
        TagOrder { tag: 6 },
    ),
    request(
        "an unknown tag larger than the message",
        ApiKey::METADATA,
        9,
        b"\0\0\0\0\x01\x07\x09\xaa",
        Truncated { needed: 9, left: 1 },
    ),
    response(
        "a known tag larger than the message",
        ApiKey::PRODUCE,
        10,
        b"\x01\0\0\0\0\x01\0\x7f\x01",
        Truncated { needed: 0x7f, left: 1 },
    ),
    response(
        "a known tag that says it is larger than it is",
        ApiKey::PRODUCE,
        10,
        b"\x01\0\0\0\0\x01\0\x03\x01\0\0",
        TagSize {
            field: "NodeEndpoints",
            left: 2,
        },
    ),
    response(
        "a known tag that says it is smaller than it is",
        ApiKey::PRODUCE,
        10,
        b"\x01\0\0\0\0\x01\0\0\x01",
        TagSize {
            field: "NodeEndpoints",
            left: 0,
        },
    ),
    response(
        "a known tag with 2,147,483,646 endpoints",
        ApiKey::PRODUCE,
        10,
        b"\x01\0\0\0\0\x01\0\x05\xff\xff\xff\xff\x07",
        CountBeyondMessage {
            count: 0x7fff_fffe,
            left: 0,
        },
    ),
    request(
        "bytes behind the last field",
        ApiKey::METADATA,
        1,
        b"\0\0\0\0\xde\xad",
        TrailingBytes { count: 2 },
    ),
    request(
        "bytes behind a message that has no fields",
        ApiKey::API_VERSIONS,
        0,
        b"\0",
        TrailingBytes { count: 1 },
    ),
    request(
        "a string of -2 bytes",
        ApiKey::FIND_COORDINATOR,
        0,
        b"\xff\xfe",
        NegativeLength { length: -2 },
    ),
    request(
        "an array of -2 elements",
        ApiKey::METADATA,
        1,
        b"\xff\xff\xff\xfe",
        NegativeLength { length: -2 },
    ),
    request(
        "null for a string that is never null",
        ApiKey::FIND_COORDINATOR,
        0,
        b"\xff\xff",
        Null { field: "Key" },
    ),
    request(
        "null for an array that is not null in this version",
        ApiKey::METADATA,
        0,
        b"\xff\xff\xff\xff",
        Null { field: "Topics" },
    ),
    request("nothing", ApiKey::METADATA, 9, b"", Truncated { needed: 1, left: 0 }),
];

/// What they are, the frame, and what is wrong with it.
pub(crate) const HEADERS: &[(&str, &[u8], WalkError)] = &[
    ("nothing", b"", Truncated { needed: 2, left: 0 }),
    ("three bytes", b"\0\x03\0", Truncated { needed: 2, left: 1 }),
    (
        "half a correlation id",
        b"\0\x03\0\x09\0\0",
        Truncated { needed: 4, left: 2 },
    ),
    (
        "a client id longer than the frame",
        b"\0\x03\0\x09\0\0\0\x01\x7f\xffid",
        Truncated {
            needed: 0x7fff,
            left: 2,
        },
    ),
    (
        "a client id of -2 bytes",
        b"\0\x03\0\x09\0\0\0\x01\xff\xfe",
        NegativeLength { length: -2 },
    ),
    (
        "4,294,967,295 tagged fields",
        b"\0\x03\0\x09\0\0\0\x01\xff\xff\xff\xff\xff\xff\x0f",
        Truncated { needed: 1, left: 0 },
    ),
    (
        "a tagged field larger than the frame",
        b"\0\x03\0\x09\0\0\0\x01\xff\xff\x01\0\xff\xff\xff\xff\x07\0",
        Truncated {
            needed: 0x7fff_ffff,
            left: 1,
        },
    ),
    (
        "a tag above i32::MAX",
        b"\0\x03\0\x09\0\0\0\x01\xff\xff\x01\xff\xff\xff\xff\x0f\0",
        TagOrder { tag: u32::MAX },
    ),
    (
        "a tag that comes twice",
        b"\0\x03\0\x09\0\0\0\x01\xff\xff\x02\x05\0\x05\0",
        TagOrder { tag: 5 },
    ),
    (
        "a varint of six bytes",
        b"\0\x03\0\x09\0\0\0\x01\xff\xff\x80\x80\x80\x80\x80\0",
        VarintTooLong,
    ),
];
