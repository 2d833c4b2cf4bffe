//! What stands between the load and Kafka.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::Outcome;
use super::child::Program;
use super::kafka::free_ports;
use super::programs::Programs;
use super::rows::storm_size;

/// How long a proxy may take until it serves.
const START: Duration = Duration::from_secs(20);

/// ApiVersions 0 with an empty client id, which every proxy lets through to a broker, and every gateway answers.
const HELLO: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Direct,
    Haproxy,
    Relay,
    Keg,
    KegPrefix,
    KegBusy,
    KegPlain,
    KegNames,
    KegAcls,
    HaproxyTls,
    KegTls,
}

impl Kind {
    pub(super) const ALL: [Self; 11] = [
        Self::Direct,
        Self::Haproxy,
        Self::Relay,
        Self::Keg,
        Self::KegPrefix,
        Self::KegBusy,
        Self::KegPlain,
        Self::KegNames,
        Self::KegAcls,
        Self::HaproxyTls,
        Self::KegTls,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Haproxy => "HAProxy",
            Self::Relay => "tokio relay",
            Self::Keg => "keg, nothing to rewrite",
            Self::KegPrefix => "keg, hide_prefix",
            Self::KegBusy => "keg, hide_prefix, busy polling",
            Self::KegPlain => "keg, hide_prefix, built without a profile",
            Self::KegNames => "keg, hide_prefix, topics by name",
            Self::KegAcls => "keg, hide_prefix, ACLs, SASL",
            Self::HaproxyTls => "HAProxy, TLS",
            Self::KegTls => "keg, TLS, hide_prefix",
        }
    }

    /// Whether it polls its sockets, with which it takes a core of what the others are measured on. So it has a part of the
    /// run to itself, with those that it is compared with, and no other.
    pub(super) fn is_polling(self) -> bool {
        self == Self::KegBusy
    }

    /// Whether a profile is taken of it. Polling is left out: it would be most of what the profile has.
    pub(super) fn is_trained(self) -> bool {
        self.is_keg() && !self.is_polling() && self != Self::KegPlain
    }

    fn is_keg(self) -> bool {
        !matches!(self, Self::Direct | Self::Haproxy | Self::Relay | Self::HaproxyTls)
    }

    pub(super) fn is_tls(self) -> bool {
        matches!(self, Self::HaproxyTls | Self::KegTls)
    }
}

/// A configuration, not yet running.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) kind: Kind,
    port: u16,
    program: PathBuf,
    args: Vec<String>,
    dir: PathBuf,
}

/// A configuration that runs.
pub(super) struct Running {
    pub(super) program: Option<Program>,
    /// Until it answered the first request.
    pub(super) start: Duration,
}

impl Running {
    /// Of the process, where there is one.
    pub(super) fn id(&self) -> Option<u32> {
        self.program.as_ref().map(Program::id)
    }
}

impl Peer {
    pub(super) fn all(programs: &Programs, dir: &Path, kafka: u16) -> Outcome<Vec<Self>> {
        certificate(dir)?;
        let peer = |kind| Self::new(kind, programs, dir, kafka).transpose();
        Kind::ALL.into_iter().filter_map(peer).collect()
    }

    /// `None` for the plain build where it isn't there.
    fn new(kind: Kind, programs: &Programs, dir: &Path, kafka: u16) -> Outcome<Option<Self>> {
        let kegd = match kind {
            Kind::KegPlain => programs.plain.as_ref(),
            _ => Some(&programs.kegd),
        };
        let Some(kegd) = kegd else {
            return Ok(None);
        };
        let first = free_ports()?;
        // The gateway's first port is for bootstrapping, the second is the node's.
        let port = if kind == Kind::Direct { kafka } else { first + 1 };
        let file = dir.join(format!("{kind:?}.conf"));
        let (program, args) = match kind {
            Kind::Direct => (PathBuf::new(), Vec::new()),
            Kind::Haproxy | Kind::HaproxyTls => {
                fs::write(&file, haproxy(kind, port, kafka, storm_size()?, dir))?;
                let args = ["-db".to_owned(), "-f".to_owned(), file.display().to_string()];
                ("haproxy".into(), args.to_vec())
            }
            Kind::Relay => {
                let text = format!("relay --listen 127.0.0.1:{port} --to 127.0.0.1:{kafka}");
                (programs.load.clone(), text.split(' ').map(str::to_owned).collect())
            }
            _ => {
                let file = file.with_extension("yaml");
                fs::write(&file, keg(kind, first, free_ports()?, kafka, dir))?;
                let args = ["run".to_owned(), "--config".to_owned(), file.display().to_string()];
                (kegd.clone(), args.to_vec())
            }
        };
        Ok(Some(Self {
            kind,
            port,
            program,
            args,
            dir: dir.to_owned(),
        }))
    }

    pub(super) fn start(&self) -> Outcome<Running> {
        if self.kind == Kind::Direct {
            return Ok(Running {
                program: None,
                start: Duration::ZERO,
            });
        }
        let log = self.dir.join(format!("{:?}.log", self.kind));
        let start = Instant::now();
        let mut program = Program::start(Command::new(&self.program).args(&self.args), &log)?;
        let start = wait(
            &mut program,
            &format!("127.0.0.1:{}", self.port),
            self.kind.is_tls(),
            start,
        )?;
        Ok(Running {
            program: Some(program),
            start,
        })
    }

    /// The target for the load generator, with a topic by its name on the backend.
    pub(super) fn target(&self, topic: &str) -> String {
        let hides = self.kind.is_keg() && self.kind != Kind::Keg;
        let topic = if hides { topic.trim_start_matches(PREFIX) } else { topic };
        let mut text = format!("name={:?},address=127.0.0.1:{},topic={topic}", self.kind, self.port);
        match self.kind {
            Kind::KegNames => text.push_str(",by_name"),
            Kind::KegAcls => text.push_str(",user=ann:secret"),
            kind if kind.is_tls() => text.push_str(&format!(",ca={}", self.dir.join("tls.crt").display())),
            _ => {}
        }
        text
    }
}

/// Waits until a program serves, and tells how long it took.
pub(super) fn wait(program: &mut Program, address: &str, tls: bool, start: Instant) -> Outcome<Duration> {
    while !answers(address, tls) {
        if program.has_ended() || start.elapsed() > START {
            return Err(format!("nothing serves on {address}: see {}", program.log().display()).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(start.elapsed())
}

/// Whether a request is answered, or a connection accepted where the proxy would want a TLS handshake.
fn answers(address: &str, tls: bool) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    if tls {
        return true;
    }
    let sent = stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok() && stream.write_all(&HELLO).is_ok();
    sent && stream.read_exact(&mut [0; 8]).is_ok()
}

/// What the topics' names begin with on the backend.
pub(super) const PREFIX: &str = "team-a-";

fn haproxy(kind: Kind, port: u16, kafka: u16, most: usize, dir: &Path) -> String {
    let tls = if kind.is_tls() {
        format!(" ssl crt {}", dir.join("tls.pem").display())
    } else {
        String::new()
    };
    format!(
        "global
    maxconn {most}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend load
    bind 127.0.0.1:{port}{tls}
    default_backend kafka
backend kafka
    server node 127.0.0.1:{kafka}
"
    )
}

/// The beginning of a configuration of keg, down to its virtual clusters, with lines for its runtime.
pub(super) fn before_virtual_clusters(kafka: u16, health: u16, runtime: &str) -> String {
    format!(
        "runtime:
{runtime}  health_listener_address_port: [\"127.0.0.1:{health}\"]
backend_clusters:
  - name: main
    bootstrap_servers: [\"127.0.0.1:{kafka}\"]
    authentication: {{ type: anonymous }}
    insecure_allow_anonymous_virtual_cluster_auth: true
virtual_clusters:
"
    )
}

fn keg(kind: Kind, first: u16, health: u16, kafka: u16, dir: &Path) -> String {
    let namespace = match kind {
        Kind::Keg => String::new(),
        _ => format!("    namespace: {{ mode: hide_prefix, prefix: {PREFIX} }}\n"),
    };
    let access = match kind {
        Kind::KegAcls => "    authentication: [{ type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: secret }] }]
    acl_mode: enforce_on_gateway
    cluster_policies:
      - type: acls
        name: rules
        config:
          rules:
            - { resource_type: topic, action: allow, operations: [{ name: read }, { name: write }, { name: describe }], resource_names: [{ match: produce }, { match: \"fetch*\" }] }
            - { resource_type: group, action: allow, operations: [{ name: all }], resource_names: [{ match: \"*\" }] }
",
        _ => "    authentication: [{ type: anonymous }]\n",
    };
    let tls = if kind.is_tls() {
        let file = |name: &str| format!("\"${{file['{}']}}\"", dir.join(name).display());
        format!(
            "      - type: tls_server
        config: {{ certificates: [{{ certificate: {}, key: {} }}] }}\n",
            file("tls.crt"),
            file("tls.key")
        )
    } else {
        String::new()
    };
    let runtime = if kind.is_polling() { "  busy_poll: 10ms\n" } else { "" };
    let before = before_virtual_clusters(kafka, health, runtime);
    format!(
        "{before}  - name: team-a
    destination: {{ name: main }}
{namespace}{access}listeners:
  - name: load
    addresses: [127.0.0.1]
    ports: [{first}-{last}]
    policies:
{tls}      - type: forward_to_virtual_cluster
        config: {{ type: port_mapping, destination: {{ name: team-a }}, advertised_host: localhost, min_broker_id: 1 }}
",
        last = first + 1
    )
}

/// A certificate for localhost that signs itself, and is its own authority.
fn certificate(dir: &Path) -> Outcome {
    let config = "[req]
distinguished_name=name
prompt=no
x509_extensions=extensions
[name]
CN=localhost
[extensions]
subjectAltName=DNS:localhost
basicConstraints=critical,CA:FALSE
";
    fs::write(dir.join("tls.conf"), config)?;
    let made = Command::new("openssl")
        .current_dir(dir)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-config", "tls.conf", "-keyout", "tls.key", "-out", "tls.crt"])
        .output()
        .map_err(|error| format!("openssl, for a certificate: {error}"))?;
    if !made.status.success() {
        return Err(format!("openssl made no certificate: {}", String::from_utf8_lossy(&made.stderr)).into());
    }
    let both = fs::read_to_string(dir.join("tls.crt"))? + &fs::read_to_string(dir.join("tls.key"))?;
    Ok(fs::write(dir.join("tls.pem"), both)?)
}
