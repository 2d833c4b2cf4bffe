//! What a quickstart writes.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::certificates;
use super::directory::{Directory, Readers};
use super::error::QuickstartError;
use super::plan::Plan;
use super::yaml::yaml;

pub(super) const CERTIFICATE: &str = "server.pem";
pub(super) const KEY: &str = "server.key";
const CA: &str = "ca.pem";
const CONFIGURATION: &str = "keg.yaml";
const CLIENT: &str = "client.properties";
const HOSTS: &str = "hosts";

/// The directory with everything in it.
#[derive(Debug)]
pub(super) struct Files {
    directory: Directory,
}

impl Files {
    /// Writes everything.
    pub(super) fn write(directory: Directory, plan: &Plan) -> Result<Self, QuickstartError> {
        // First what may be refused.
        directory.keep(CONFIGURATION, &yaml(plan))?;
        let made = certificates::make(Plan::certificate_names())
            .map_err(|error| QuickstartError::Certificates(error.to_string()))?;
        directory.replace(CA, &made.ca, Readers::All)?;
        directory.replace(CERTIFICATE, &made.certificate, Readers::All)?;
        directory.replace(KEY, &made.key, Readers::Owner)?;
        let files = Self { directory };
        files.directory.replace(CLIENT, &files.client(), Readers::All)?;
        files.directory.replace(HOSTS, &hosts(plan), Readers::All)?;
        Ok(files)
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.directory.path().join(CA)
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.directory.path().join(CONFIGURATION)
    }

    /// The properties of Java clients for TLS.
    pub(super) fn client_properties(&self) -> PathBuf {
        self.directory.path().join(CLIENT)
    }

    /// A hosts file with the names for TLS.
    pub(super) fn hosts(&self) -> PathBuf {
        self.directory.path().join(HOSTS)
    }

    fn client(&self) -> String {
        // A backslash escapes in Java's properties.
        let ca = self.ca().display().to_string().replace('\\', r"\\");
        format!("security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location={ca}\n")
    }
}

/// With `localhost`, since Java asks nobody else when it has such a file.
fn hosts(plan: &Plan) -> String {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for name in plan.tls_names() {
        let _ = writeln!(text, "127.0.0.1 {name}");
    }
    text
}
