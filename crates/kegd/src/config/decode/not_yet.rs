//! Fields that Kong Event Gateway has and this version of keg has not.

use serde_json::{Value, json};

use super::super::schema::Definitions;
use super::{Decode, Reader, unsupported};

/// A field that may only be absent or empty.
#[derive(Debug)]
pub(crate) struct NotYet;

impl Decode for NotYet {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        if reader.node().is_empty() {
            return Some(Self);
        }
        reader.refuse_with_hint(unsupported(reader.name(), &[]), "remove it");
        None
    }

    fn missing() -> Option<Self> {
        Some(Self)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "enum": [null, [], {}] })
    }
}
