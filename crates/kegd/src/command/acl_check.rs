//! `kegd acl check`

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use keg_policy::{AclDecision, Operation, Origin, ResourceType};

use crate::config::model::{AclMode, VirtualCluster};
use crate::config::{self, Environment, Input};
use crate::runtime;

/// What is asked of the rules of a virtual cluster.
#[derive(Debug, Clone, clap::Args)]
pub struct AclCheck {
    /// The virtual cluster
    #[arg(long, value_name = "NAME")]
    virtual_cluster: String,
    /// Who, as in User:ann; without a type it is a user
    #[arg(long)]
    principal: String,
    /// What is to be done, as in read
    #[arg(long)]
    operation: Operation,
    /// To what, as in topic:orders, group:readers, transactional_id:tx or cluster:kafka-cluster
    #[arg(long, value_name = "TYPE:NAME", value_parser = resource)]
    resource: (ResourceType, String),
    /// The listener that the client comes by, for conditions
    #[arg(long, value_name = "NAME", default_value = "")]
    listener: String,
    /// The IP address that the client comes from, for conditions
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
}

fn resource(text: &str) -> Result<(ResourceType, String), String> {
    let (resource_type, name) = text
        .split_once(':')
        .ok_or("expected a type and a name, as in topic:orders")?;
    let resource_type = resource_type.parse::<ResourceType>();
    Ok((resource_type.map_err(|error| error.to_string())?, name.to_owned()))
}

/// Says whether the rules of a configuration allow something, and which rule decides.
///
/// # Errors
/// When `out` can't be written.
pub fn acl_check(
    input: &Input,
    check: &AclCheck,
    environment: &dyn Environment,
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    let config = match config::load(input, environment).result {
        Ok(config) => config,
        Err(problems) => {
            writeln!(out, "{problems}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let mut clusters = config.virtual_clusters.iter();
    let Some(cluster) = clusters.find(|cluster| cluster.name == check.virtual_cluster) else {
        let names: Vec<_> = config.virtual_clusters.iter().map(|it| it.name.as_str()).collect();
        let wanted = &check.virtual_cluster;
        writeln!(
            out,
            "there is no virtual cluster {wanted:?}; there are {}",
            names.join(", ")
        )?;
        return Ok(ExitCode::from(2));
    };
    if cluster.acl_mode == AclMode::Passthrough {
        writeln!(out, "the backend cluster decides: acl_mode is passthrough")?;
        return Ok(ExitCode::from(2));
    }
    decide(cluster, check, out)
}

fn decide(cluster: &VirtualCluster, check: &AclCheck, out: &mut impl Write) -> io::Result<ExitCode> {
    let (resource_type, name) = &check.resource;
    let principal = match check.principal.contains(':') {
        true => check.principal.clone(),
        false => format!("User:{}", check.principal),
    };
    let origin = Origin {
        listener: check.listener.as_str().into(),
        address: check.source,
    };
    let decision = runtime::decide(cluster, (&principal, origin), check.operation, *resource_type, name);
    let AclDecision { allowed, rule, .. } = decision;
    let verdict = if allowed { "allowed" } else { "denied" };
    let rule = rule.map_or_else(|| "no rule allows it".to_owned(), |rule| format!("by {rule}"));
    let operation = check.operation;
    writeln!(out, "{verdict}: {principal} {operation} {resource_type} {name}: {rule}")?;
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
