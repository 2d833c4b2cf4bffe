//! Kafka's message definitions as they stand in the JSON files.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One file: a request, a response, a header or an embedded structure.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) api_key: Option<i16>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) valid_versions: String,
    pub(super) flexible_versions: Option<String>,
    #[serde(default)]
    pub(super) listeners: Vec<String>,
    #[serde(default)]
    pub(super) fields: Vec<Field>,
    #[serde(default)]
    pub(super) common_structs: Vec<Struct>,
    #[serde(rename = "latestVersionUnstable")]
    _latest_version_unstable: Option<bool>,
}

/// A structure that several fields of one message share.
#[derive(Debug, Deserialize)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

/// One field of a structure.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    /// Left out where a field has the versions of its tag.
    pub(super) versions: Option<String>,
    pub(super) nullable_versions: Option<String>,
    #[serde(rename = "flexibleVersions")]
    _flexible_versions: Option<String>,
    pub(super) tagged_versions: Option<String>,
    pub(super) tag: Option<u8>,
    pub(super) entity_type: Option<String>,
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) fields: Vec<Field>,
    #[serde(rename = "about")]
    _about: Option<String>,
    #[serde(rename = "ignorable")]
    _ignorable: Option<bool>,
    #[serde(rename = "mapKey")]
    _map_key: Option<bool>,
    #[serde(rename = "zeroCopy")]
    _zero_copy: Option<bool>,
}

impl Definition {
    /// All definitions of a folder, by name.
    pub(super) fn read_all(folder: &Path) -> Result<Vec<Self>, String> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<_, _>>)
            .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        files.sort_by_key(std::fs::DirEntry::file_name);
        files.iter().map(|file| Self::read(&file.path())).collect()
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        // The definitions are JSON with whole-line comments.
        let json: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        serde_json::from_str(&json).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The structures that this message's fields may name.
    pub(super) fn commons(&self) -> HashMap<&str, &[Field]> {
        self.common_structs
            .iter()
            .map(|common| (common.name.as_str(), common.fields.as_slice()))
            .collect()
    }

    /// Whether a broker still speaks any version of this message.
    pub(super) fn is_alive(&self) -> bool {
        self.valid_versions != "none"
    }
}
