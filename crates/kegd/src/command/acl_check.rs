//! `kegd acl check`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use keg_policy::{AclDecision, Claim, Connection, Identity, Operation, Origin, ResourceType};
use serde_json::Value;

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
    /// How the client authenticates, for conditions: anonymous, client_certificate, sasl_plain, sasl_scram_sha256,
    /// sasl_scram_sha512 or sasl_oauth_bearer
    #[arg(long, value_name = "TYPE", value_parser = METHODS)]
    auth_type: Option<String>,
    /// The claims of the client's token, for conditions: a JSON object
    #[arg(long, value_name = "JSON", value_parser = claims)]
    claims: Option<Claims>,
    /// A scope of the client's token, for conditions; may be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The subject of the client's certificate, for conditions
    #[arg(long, value_name = "NAME", default_value = "")]
    tls_subject: String,
    /// The client id of the client's requests, for conditions
    #[arg(long, value_name = "ID", default_value = "")]
    client_id: String,
}

/// What clients may be authenticated by.
const METHODS: [&str; 6] = [
    "anonymous",
    "client_certificate",
    "sasl_plain",
    "sasl_scram_sha256",
    "sasl_scram_sha512",
    "sasl_oauth_bearer",
];

type Claims = BTreeMap<String, Claim>;

fn claims(text: &str) -> Result<Claims, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members.into_iter().map(|(name, value)| (name, claim(value))).collect()),
        Ok(_) => Err("expected a JSON object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn claim(value: Value) -> Claim {
    match value {
        Value::Null => Claim::Null,
        Value::Bool(value) => Claim::Bool(value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Claim::Integer(integer),
            None => Claim::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Claim::Text(text),
        Value::Array(items) => Claim::List(items.into_iter().map(claim).collect()),
        Value::Object(members) => Claim::Map(members.into_iter().map(|(name, value)| (name, claim(value))).collect()),
    }
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
    let method = METHODS.into_iter().find(|it| Some(*it) == check.auth_type.as_deref());
    let identity = Identity {
        method: method.unwrap_or_default(),
        scopes: check.scopes.clone(),
        claims: check.claims.clone().unwrap_or_default(),
    };
    let client = |mut connection: Connection| {
        connection.certificate_subject = check.tls_subject.as_str().into();
        connection.identify(identity);
        connection.call(check.client_id.as_bytes());
        connection.with_origin(origin)
    };
    let decision = runtime::decide(cluster, &principal, client, check.operation, *resource_type, name);
    let AclDecision { allowed, rule, .. } = decision;
    let verdict = if allowed { "allowed" } else { "denied" };
    let rule = rule.map_or_else(|| "no rule allows it".to_owned(), |rule| format!("by {rule}"));
    let operation = check.operation;
    writeln!(out, "{verdict}: {principal} {operation} {resource_type} {name}: {rule}")?;
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
