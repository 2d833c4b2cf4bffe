//! Fetches Kafka's message definitions with Maven, once per release.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the `*.json` definitions of the given release, below the one of all that is Kafka's; fetched
/// when it is missing.
pub(crate) fn definitions(kafka: &Path, version: &str) -> Result<PathBuf, String> {
    let target = target(kafka, version);
    let folder = folder(&target);
    if is_there(kafka, version) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&target).map_err(|error| format!("cannot create {}: {error}", target.display()))?;
    let status = Command::new("mvn")
        .args([
            "-q",
            "-B",
            "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack",
        ])
        .arg(format!("-Dartifact=org.apache.kafka:kafka-clients:{version}:jar"))
        .args(["-Dmdep.unpack.includes=common/message/*.json"])
        .arg(format!("-DoutputDirectory={}", target.display()))
        .current_dir(&target)
        .status()
        .map_err(|error| {
            format!(
                "cannot start Maven (mvn), which fetches Kafka's definitions: {error}; on Debian: apt-get install maven"
            )
        })?;
    if !status.success() || !folder.is_dir() {
        return Err(format!(
            "Maven could not unpack the message definitions of kafka-clients {version}: {status}"
        ));
    }
    Ok(folder)
}

/// Whether nothing has to be fetched.
pub(crate) fn is_there(kafka: &Path, version: &str) -> bool {
    folder(&target(kafka, version)).is_dir()
}

fn target(kafka: &Path, version: &str) -> PathBuf {
    kafka.join("definitions").join(version)
}

fn folder(target: &Path) -> PathBuf {
    target.join("common/message")
}
