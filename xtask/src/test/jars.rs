//! Kafka's jars, through Maven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Outcome;
use super::stamp::Stamp;

/// The Kafka that most tests run on, and whose clients they run.
pub(super) const CURRENT: &str = "4.3.1";
/// An older Kafka, as a backend for the core of the tests.
const OLDER: &str = "3.9.2";
/// A newer Kafka, of which only the clients are used.
const NEWER_CLIENTS: &str = "4.4.0";
/// Sends the broker's log to standard error, where the tests keep it.
const SLF4J: &str = "1.7.36";

const CLIENTS: [&str; 1] = ["kafka-clients"];

const ARTIFACTS: [&str; 5] = [
    "kafka_2.13",
    "kafka-tools",
    "connect-runtime",
    "connect-file",
    "kafka-streams",
];

type Release = (&'static str, &'static [&'static str]);

const RELEASES: [Release; 3] = [(CURRENT, &ARTIFACTS), (OLDER, &ARTIFACTS), (NEWER_CLIENTS, &CLIENTS)];

/// The directory of a release's jars.
pub(super) fn dir(kafka: &Path, version: &str) -> PathBuf {
    kafka.join(version)
}

pub(super) fn all_set_up(kafka: &Path) -> bool {
    RELEASES.iter().all(|release| stamp(kafka, *release).is_current())
}

pub(super) fn set_up(kafka: &Path) -> Outcome {
    for release @ (version, artifacts) in RELEASES {
        let stamp = stamp(kafka, release);
        if stamp.is_current() {
            continue;
        }
        eprintln!("fetching the jars of Kafka {version} through Maven");
        let dir = dir(kafka, version);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let pom_file = dir.join("pom.xml");
        fs::write(&pom_file, pom(version, artifacts))?;
        let status = Command::new("mvn")
            .args(["-q", "-B", "-Dstyle.color=never", "dependency:copy-dependencies"])
            .arg("-f")
            .arg(&pom_file)
            .arg(format!("-DoutputDirectory={}", dir.display()))
            .status()?;
        if !status.success() {
            return Err(format!("Maven could not fetch the jars of Kafka {version} ({status})").into());
        }
        stamp.write()?;
    }
    Ok(())
}

fn stamp(kafka: &Path, (version, artifacts): Release) -> Stamp {
    Stamp::new(&dir(kafka, version), &pom(version, artifacts))
}

fn pom(version: &str, artifacts: &[&str]) -> String {
    let kafka: String = artifacts
        .iter()
        .map(|artifact| dependency("org.apache.kafka", artifact, version))
        .collect();
    let slf4j = dependency("org.slf4j", "slf4j-simple", SLF4J);
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>keg</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>{version}</version>
  <packaging>pom</packaging>
  <dependencies>
{kafka}{slf4j}  </dependencies>
</project>
"#
    )
}

/// One logging binding only: Kafka 3.9 brings another.
fn dependency(group: &str, artifact: &str, version: &str) -> String {
    format!(
        "    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
      <exclusions>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
      </exclusions>
    </dependency>
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pom_names_every_artifact_with_the_release() {
        let pom = pom("9.9.9", &ARTIFACTS);
        for artifact in ARTIFACTS {
            let expected = format!("<artifactId>{artifact}</artifactId>\n      <version>9.9.9</version>");
            assert!(pom.contains(&expected), "{artifact} is not in {pom}");
        }
        assert_eq!(pom.matches("<dependency>").count(), ARTIFACTS.len() + 1);
    }
}
