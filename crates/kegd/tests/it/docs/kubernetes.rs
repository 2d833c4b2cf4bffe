//! Manifests of Kubernetes: they parse, and the configurations inside load.

use saphyr_parser::{Event, Parser};

use super::pages::Block;

/// Whether a block is a manifest, and not a configuration of keg.
pub(super) fn is_manifest(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("apiVersion:"))
}

/// The configurations that a block of manifests holds: keys of ConfigMaps that end in `.yaml`.
pub(super) fn configurations(block: &Block) -> Vec<(String, String)> {
    let mut scalars: Vec<String> = Vec::new();
    for event in Parser::new_from_str(&block.text) {
        match event {
            Ok((Event::Scalar(value, ..), _)) => scalars.push(value.to_string()),
            Ok(_) => {}
            Err(error) => panic!("{}: {error}", block.place()),
        }
    }
    let pairs = scalars.iter().zip(scalars.iter().skip(1));
    pairs
        .filter(|(key, value)| key.ends_with(".yaml") && value.contains('\n'))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
