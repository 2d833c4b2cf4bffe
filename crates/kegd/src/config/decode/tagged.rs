//! Mappings whose `type` says which fields they have.

use super::super::yaml::Kind;
use super::{Entity, Fields, Reader, unsupported};

/// The name of the field that tells the variants apart.
const TAG: &str = "type";

/// The `type` of the mapping at `reader`, one of `known`. KEG has those of `later` too; keg doesn't yet.
pub(crate) fn tag(reader: &Reader<'_>, known: &[&str], later: &[&str]) -> Option<String> {
    let node = reader.node();
    let Kind::Mapping(entries) = &node.kind else {
        reader.refuse(format!("expected a mapping, found {}", node.describe()));
        return None;
    };
    let hint = format!("supported: {}", known.join(", "));
    let entry = entries.iter().find(|entry| entry.key == TAG && !entry.value.is_null());
    let Some(entry) = entry else {
        reader.refuse_with_hint("the required field type is missing", hint);
        return None;
    };
    let value = reader.below(&entry.value, TAG);
    let found = value.text("text")?;
    if known.contains(&found.text.as_str()) {
        return Some(found.text);
    }
    if later.contains(&found.text.as_str()) {
        value.refuse(unsupported(&found.shown(), known));
    } else {
        value.refuse_with_hint(format!("unknown type {}", found.shown()), hint);
    }
    None
}

/// Reads the variant that the tag has chosen.
pub(crate) fn variant<T: Entity>(reader: &Reader<'_>) -> Option<T> {
    let fields = Fields::open(reader, Some(TAG), T::FIELDS)?;
    Some(T::from_fields(&fields))
}

/// Declares a mapping whose `type` says which of several entities it is. `later` lists the types that Kong Event
/// Gateway has and this version of keg has not.
macro_rules! tagged {
    (
        $(#[doc = $doc:literal])*
        $name:ident {
            $( $tag:literal => $variant:ident($type:ty), )*
        }
        $( later [$( $later:literal ),*] )?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "what is written is read once, and then gone")]
        pub(crate) enum $name {
            $( $variant($type), )*
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(reader: &$crate::config::decode::Reader<'_>) -> Option<Self> {
                use $crate::config::decode::tagged::{tag, variant};
                match tag(reader, &[$($tag),*], &[$($($later),*)?])?.as_str() {
                    $( $tag => variant(reader).map(Self::$variant), )*
                    _ => None,
                }
            }

            fn schema(definitions: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                definitions.define(stringify!($name), |definitions| {
                    serde_json::json!({
                        "description": $crate::config::decode::describe(&[$($doc),*]),
                        "oneOf": [$(
                            <$type as $crate::config::decode::Entity>::object_schema(
                                Some($tag),
                                definitions,
                            )
                        ),*],
                    })
                })
            }
        }
    };
}

pub(crate) use tagged;
