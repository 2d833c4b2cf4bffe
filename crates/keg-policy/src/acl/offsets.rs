//! OffsetFetch of all topics of a group, which the response names by their ids from version 10 on: to leave out what may not
//! be described, it has to be known whose they are before.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use super::request::{Asks, Progress, Waiting};
use crate::message::Request;
use crate::namespace::look_up;
use crate::policy::Question;

const FIRST_BY_ID: i16 = 10;

/// Whether responses of this API name topics by ids alone, if they do.
pub(super) fn name_topics_by_id(api: &Api) -> bool {
    api.key == ApiKey::OFFSET_FETCH
}

/// Whether a request is for all topics of a group, and will be answered by ids.
pub(super) fn are_of_all_topics(api: &'static Api, version: i16, body: &Bytes) -> Result<bool, WalkError> {
    if api.key != ApiKey::OFFSET_FETCH || version < FIRST_BY_ID {
        return Ok(false);
    }
    let asked = Struct::read(&api.request, version, body)?;
    let mut groups = asked.elements("Groups");
    Ok(groups.any(|group| group.get("Topics") == Some(&Value::Null)))
}

/// Which topics there are, with their ids.
pub(super) fn question(request: &Request, progress: &Progress) -> Result<Option<Question>, WalkError> {
    let all = look_up::metadata(request, |body| {
        body.set("Topics", Value::Null);
    })?;
    Ok(all.map(|all| Waiting::question(all, Asks::Ids, progress.clone())))
}
