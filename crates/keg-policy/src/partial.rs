//! Requests of which only a part is admitted: the rest goes on, and each part that doesn't gets the answer that a broker
//! would give it.

mod acknowledgements;
mod denial;
mod judge;
mod place;
mod topics;
mod waiting;

use bytes::Bytes;
use keg_codec::ErrorCode;
use keg_codec::message::Struct;
use keg_codec::schema::Field;
use keg_codec::walk::WalkError;

pub(crate) use denial::{Denial, Original};
pub(crate) use judge::Judge;
pub(crate) use place::Place;
pub(crate) use waiting::Waiting;

/// Which part of a request is wanted, where not all of it is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// What is admitted, as the broker gets it.
    Admitted,
    /// What is admitted, as the client sent it.
    AsAsked,
    /// What is denied for this reason, as the client sent it.
    Denied(ErrorCode),
}

/// Says what is admitted of a request.
pub(crate) trait Admission {
    /// The part of a request on this side.
    fn part(&self, side: Side) -> Result<Bytes, WalkError>;

    /// Why a topic isn't admitted, which has an id or a name.
    fn denied_topic(&self, id: Option<&[u8; 16]>, name: &[u8]) -> Option<ErrorCode>;

    /// The name of a group in the broker's response, if it is admitted.
    fn admitted_group(&self, name: &[u8]) -> Option<Box<[u8]>>;

    /// Says in the answer to a denied part what brokers say beside the code.
    fn amend(&self, _answer: &mut Struct) {}

    /// What a broker says beside the code; `None` where it says nothing.
    fn words(&self, code: ErrorCode) -> Option<&'static str>;
}

/// Elements that are appended to an array of the response.
#[derive(Debug)]
pub(crate) struct Denied {
    /// The array.
    pub(crate) array: &'static Field,
    /// The group of the element that holds the array, under its name in the broker's response.
    pub(crate) group: Option<Box<[u8]>>,
    pub(crate) count: usize,
    /// The elements, in the response's version.
    pub(crate) elements: Vec<u8>,
}
