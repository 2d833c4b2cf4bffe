//! What every frame goes through, whatever is in it.

use std::hint::black_box;

use bytes::{BufMut, BytesMut};
use keg_codec::header::{request_head, response_head, write_request, write_response};
use keg_codec::ledger::Ledger;
use keg_codec::{Api, ApiKey, RequestFrame, ResponseFrame, WriteQueue, frame};

use crate::{Outcome, Work};

const BODY: usize = 100;
const VERSION: i16 = 9;

/// A request comes in, and goes out under another correlation id; its response comes back.
pub(crate) fn round_trip() -> Outcome<Work> {
    let api = Api::of(ApiKey::PRODUCE).ok_or("there is Produce")?;
    let (request, response) = (request_head(api, VERSION, b"example"), response_head(api, VERSION));
    let mut frames = Frames {
        request: framed(&request)?,
        response: framed(&response)?,
        from: BytesMut::with_capacity(4096),
        to: WriteQueue::default(),
        in_flight: Ledger::default(),
    };
    frames.exchange()?;
    Ok(Box::new(move || {
        black_box(frames.exchange().is_ok());
    }))
}

/// A frame of zeros behind a header.
fn framed(head: &[u8]) -> Outcome<Vec<u8>> {
    let length = u32::try_from(head.len() + BODY)?;
    Ok([&length.to_be_bytes(), head, &[0; BODY]].concat())
}

struct Frames {
    request: Vec<u8>,
    response: Vec<u8>,
    from: BytesMut,
    to: WriteQueue,
    in_flight: Ledger<(&'static Api, i16, i32)>,
}

impl Frames {
    fn exchange(&mut self) -> Outcome<()> {
        let limit = frame::MAX_UNAUTHENTICATED_FRAME;
        self.from.put_slice(&self.request);
        let request = RequestFrame::parse(frame::decode(&mut self.from, limit)?.ok_or("a whole frame")?)?;
        let entry = (request.api, request.version, request.correlation_id);
        let id = self.in_flight.push(entry).map_err(|_| "nothing is out of order")?;
        write_request(&mut self.to, &request.head, id, request.body.into());
        self.to.advance(self.to.len());

        let [a, b, c, d] = id.to_be_bytes();
        self.from.put_slice(self.response.get(..4).unwrap_or_default());
        self.from.put_slice(&[a, b, c, d]);
        self.from.put_slice(self.response.get(8..).unwrap_or_default());
        let response = ResponseFrame::parse(frame::decode(&mut self.from, limit)?.ok_or("a whole frame")?)?;
        let (api, version, correlation_id) = self.in_flight.complete(response.correlation_id)?;
        let (head, body) = response.split(api, version)?;
        write_response(&mut self.to, &head, correlation_id, body.into());
        self.to.advance(self.to.len());
        Ok(())
    }
}

/// What is in flight, alone.
pub(crate) fn ledger() -> Outcome<Work> {
    let mut ledger = Ledger::default();
    Ok(Box::new(move || {
        let ids = [1_u64, 2, 3, 4, 5].map(|entry| ledger.push(entry));
        for id in ids.into_iter().flatten() {
            black_box(ledger.complete(id).is_ok());
        }
    }))
}
