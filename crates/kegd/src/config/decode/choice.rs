//! Words from a fixed list.

use serde_json::{Value, json};

use super::super::schema::{Definitions, or_template};
use super::{Reader, nearest, unsupported};

/// Reads one of `known`. Kong Event Gateway has the words of `later` too; this version of keg has not.
pub(crate) fn choose<T: Copy>(reader: &Reader<'_>, known: &[(&str, T)], later: &[&str]) -> Option<T> {
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let found = reader.text(&format!("one of {}", words.join(", ")))?;
    let chosen = known.iter().find(|(word, _)| *word == found.text);
    if let Some((_, value)) = chosen {
        return Some(*value);
    }
    if later.contains(&found.text.as_str()) {
        reader.refuse(unsupported(&found.shown(), &words));
        return None;
    }
    let allowed = format!("allowed: {}", words.join(", "));
    let hint = match nearest(&found.text, words) {
        Some(word) => format!("did you mean {word}? {allowed}"),
        None => allowed,
    };
    reader.refuse_with_hint(format!("unknown value {}", found.shown()), hint);
    None
}

pub(crate) fn schema(words: &[&str], definitions: &mut Definitions) -> Value {
    or_template(json!({ "enum": words }), definitions)
}

/// Declares the words that stand for the values of an enum.
macro_rules! choice {
    ($type:ty { $( $word:literal => $value:ident, )* } $( later [$( $later:literal ),*] )?) => {
        impl $crate::config::decode::Decode for $type {
            fn decode(reader: &$crate::config::decode::Reader<'_>) -> Option<Self> {
                $crate::config::decode::choice::choose(
                    reader,
                    &[$( ($word, Self::$value) ),*],
                    &[$($($later),*)?],
                )
            }

            fn schema(definitions: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                $crate::config::decode::choice::schema(&[$($word),*], definitions)
            }
        }
    };
}

pub(crate) use choice;
