//! Every field of every message that somebody has looked at, integers included.
//!
//! A field of a new release can name something whatever its type is, and a new version of a message can change what an
//! old field means. So generation stops at each that `schemas/fields.csv` doesn't have.

use std::collections::BTreeSet;
use std::path::Path;

use super::definition::{Definition, Field};

/// The lines of `schemas/fields.csv`.
#[derive(Debug)]
pub(super) struct Reviewed {
    lines: BTreeSet<String>,
}

impl Reviewed {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let lines = text.lines().skip(1).map(str::to_owned);
        Ok(Self { lines: lines.collect() })
    }

    /// Fails when the definitions have a field or a version that was not reviewed, or lack one that was.
    pub(super) fn compare(&self, definitions: &[Definition]) -> Result<(), String> {
        let defined: BTreeSet<String> = definitions.iter().flat_map(lines).collect();
        let new: Vec<_> = defined.difference(&self.lines).map(String::as_str).collect();
        let gone: Vec<_> = self.lines.difference(&defined).map(String::as_str).collect();
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        Err(format!(
            "xtask/schemas/fields.csv does not fit the definitions.\nNot reviewed yet (does it name something? Then decide what in xtask/schemas/entities.csv, \
             whatever its type; add the line when that is done; a line without a path is a message, whose new version may give old fields another meaning):\n  {}\n\
             Not there any more, or not so (remove them):\n  {}",
            new.join("\n  "),
            gone.join("\n  ")
        ))
    }
}

/// A line for the message, and one for each of its fields: `message,path,type,versions,entity`.
fn lines(definition: &Definition) -> Vec<String> {
    let mut lines = Vec::new();
    // What remains is what Kafka stores, and never sends.
    let is_sent = definition.kind != "data" || definition.name.starts_with("ConsumerProtocol");
    if is_sent && definition.is_alive() {
        let Definition {
            name,
            kind,
            valid_versions,
            listeners,
            ..
        } = definition;
        lines.push(format!("{name},,{kind},{valid_versions},{}", listeners.join(" ")));
        fields(definition, &definition.fields, "", &mut lines);
    }
    lines
}

fn fields(definition: &Definition, of: &[Field], prefix: &str, lines: &mut Vec<String>) {
    for field in of {
        let base = field.ty.trim_start_matches("[]");
        let array = if base.len() < field.ty.len() { "[]" } else { "" };
        let path = format!("{prefix}{}{array}", field.name);
        // Left out where a field has the versions of its tag.
        let versions = field.versions.as_ref().or(field.tagged_versions.as_ref());
        lines.push(format!(
            "{},{path},{},{},{}",
            definition.name,
            field.ty,
            versions.map_or("", String::as_str),
            field.entity_type.as_deref().unwrap_or_default()
        ));
        let nested = match field.fields.is_empty() {
            true => definition.commons().get(base).copied().unwrap_or_default(),
            false => &field.fields,
        };
        fields(definition, nested, &format!("{path}."), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"{ "apiKey": 3, "type": "request", "listeners": ["broker"], "name": "MetadataRequest",
        "validVersions": "0-13", "flexibleVersions": "9+", "fields": [
        { "name": "Topics", "type": "[]Topic", "versions": "0+", "fields": [
            { "name": "Name", "type": "string", "versions": "0+", "entityType": "topicName" },
            { "name": "Node", "type": "int32", "versions": "13+" } ] } ] }"#;

    const REVIEWED: &str = "MetadataRequest,,request,0-13,broker
MetadataRequest,Topics[],[]Topic,0+,
MetadataRequest,Topics[].Name,string,0+,topicName
MetadataRequest,Topics[].Node,int32,13+,";

    fn compare(message: &str, reviewed: &str) -> Result<(), String> {
        let lines = reviewed.lines().map(str::to_owned).collect();
        Reviewed { lines }.compare(&[serde_json::from_str(message).unwrap()])
    }

    #[test]
    fn fields_and_messages_that_were_reviewed_as_they_are_pass() {
        compare(MESSAGE, REVIEWED).unwrap();
    }

    #[test]
    fn whatever_was_not_reviewed_or_is_not_so_any_more_is_told() {
        let check = |message: &str, reviewed: &str, new: &str, gone: &str| {
            let problem = compare(message, reviewed).unwrap_err();
            let (before, after) = problem.split_once("Not there any more").unwrap();
            assert!(before.contains(new) && after.contains(gone), "{problem}");
        };
        let line = "MetadataRequest,Topics[].Node,int32,13+,";
        check(MESSAGE, &REVIEWED.replace(line, ""), line, "");
        let wider = MESSAGE.replace("13+", "12+");
        check(&wider, REVIEWED, "MetadataRequest,Topics[].Node,int32,12+,", line);
        let newer = MESSAGE.replace("0-13", "0-14");
        check(
            &newer,
            REVIEWED,
            "MetadataRequest,,request,0-14,broker",
            "MetadataRequest,,request,0-13,broker",
        );
        check(
            MESSAGE,
            &format!("{REVIEWED}\nFetchRequest,,request,4-18,broker"),
            "",
            "FetchRequest,",
        );
    }
}
