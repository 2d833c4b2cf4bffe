//! `kegd run` before a broker in memory: where its configuration comes from, what it tells of itself, how it ends.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keg_devbroker::{ApiKey, DevBroker, Fault};
use tokio::runtime::Runtime;

use crate::gateway::get;
use crate::ports::{free_port, free_range};
use crate::process::Process;

pub(crate) const TIME: Duration = Duration::from_secs(20);

/// An ApiVersions request in version 0, with correlation id 7.
pub(crate) const API_VERSIONS: &[u8] = b"\0\0\0\x0c\0\x12\0\0\0\0\0\x07\0\x02me";
/// A DescribeCluster request in version 0, with correlation id 8.
pub(crate) const DESCRIBE_CLUSTER: &[u8] = b"\0\0\0\x0f\0\x3c\0\0\0\0\0\x08\0\x02me\0\0\0";

#[test]
fn health_and_metrics_say_what_is_reachable() {
    let rig = Rig::new("health");
    let mut kegd = rig.run_file(&rig.whole());
    let probe = |name: &str| get(rig.health, &format!("/health/probes/{name}"));
    kegd.wait_until("liveness", TIME, |_| probe("liveness").is_some());
    assert_eq!(probe("liveness"), Some((200, "alive\n".to_owned())));
    let unready = "not ready: no answer yet from backend cluster main\n";
    assert_eq!(probe("readiness"), Some((503, unready.to_owned())));
    assert_eq!(get(rig.health, "/other").unwrap().0, 404);

    let broker = rig.broker();
    kegd.wait_until("readiness", TIME, |_| {
        probe("readiness") == Some((200, "ready\n".to_owned()))
    });
    exchange(&mut rig.client(), API_VERSIONS);
    let (status, metrics) = get(rig.health, "/metrics").unwrap();
    assert_eq!(status, 200);
    for line in [
        "kong_keg_config_loaded 1",
        "kong_keg_listener_connections_limit{listener=\"team\"} 10000",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}:\n{metrics}");
    }
    let counted = |it: &str| it.starts_with("kong_keg_kafka_request_received_total{") && it.contains("ApiVersions");
    assert!(metrics.lines().any(counted), "{metrics}");
    kegd.terminate(TIME);
    drop(broker);
}

#[test]
fn logs_are_written_as_the_configuration_says() {
    for format in ["json", "logfmt"] {
        let rig = Rig::new(format);
        let broker = rig.broker();
        let mut kegd =
            rig.run_file(&rig.with(&format!("observability: {{ log_format: {format}, log_flags: info }}\n")));
        rig.until_ready(&mut kegd);
        rig.client().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        kegd.wait_until("the warning", TIME, |log| log.contains("the peer speaks HTTP"));
        kegd.terminate(TIME);
        let log = kegd.output();
        for line in log.lines() {
            if format == "json" {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
            } else {
                assert!(line.contains("level=") && line.contains("message="), "{line}");
            }
        }
        let warnings: Vec<_> = log.lines().filter(|line| line.contains("HTTP")).collect();
        assert_eq!(warnings.len(), 1, "{log}");
        drop(broker);
    }
}

#[test]
fn sigterm_lets_what_is_in_flight_finish() {
    let rig = Rig::new("sigterm");
    let broker = rig.broker();
    let mut kegd = rig.run_file(&rig.whole());
    rig.until_ready(&mut kegd);
    let mut client = rig.client();
    exchange(&mut client, API_VERSIONS);
    let late = Fault::Delay(Duration::from_secs(1));
    broker.broker.faults().on(ApiKey::DescribeCluster).inject(late);
    client.write_all(DESCRIBE_CLUSTER).unwrap();
    let received = "kong_keg_kafka_request_received_total{";
    kegd.wait_until("the request", TIME, |_| {
        let metrics = get(rig.health, "/metrics").unwrap().1;
        let mut lines = metrics.lines();
        lines.any(|it| it.starts_with(received) && it.contains("DescribeCluster") && it.ends_with(" 1"))
    });
    kegd.signal("TERM");
    assert_eq!(response(&mut client)[..4], [0, 0, 0, 8]);
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "the connection ends behind it");
    assert!(kegd.wait(TIME).unwrap().success(), "{}", kegd.tail());
}

#[test]
fn the_limit_of_open_files_is_raised_to_what_the_process_may_have() {
    const CLIENTS: usize = 100;
    let rig = Rig::new("open-files");
    let broker = rig.broker();
    let file = rig.dir.join("keg.yaml");
    fs::write(&file, rig.whole()).unwrap();
    // A shell that has a low limit, which it could raise.
    let script = "ulimit -Sn 64 && ulimit -Hn && exec \"$0\" run --config \"$1\"";
    let mut kegd = rig.start("sh", ["-c", script, env!("CARGO_BIN_EXE_kegd"), file.to_str().unwrap()]);
    rig.until_ready(&mut kegd);
    let mut clients: Vec<TcpStream> = (0..CLIENTS).map(|_| rig.client()).collect();
    for client in &mut clients {
        exchange(client, API_VERSIONS);
    }
    let metrics = get(rig.health, "/metrics").unwrap().1;
    let held = format!("kong_keg_kafka_connections{{listener=\"team\"}} {CLIENTS}");
    assert!(metrics.lines().any(|line| line == held), "{metrics}");
    kegd.terminate(TIME);
    let log = kegd.output();
    let hard = log.lines().next().unwrap();
    let told = format!("open_files={hard}");
    assert!(log.contains(&told) || hard == "unlimited", "{told}: {log}");

    let script = "ulimit -n 500 && exec \"$0\" run --config \"$1\"";
    let mut kegd = rig.start("sh", ["-c", script, env!("CARGO_BIN_EXE_kegd"), file.to_str().unwrap()]);
    rig.until_ready(&mut kegd);
    kegd.terminate(TIME);
    let log = kegd.output();
    assert!(log.contains("may have 500 open files, which is too few"), "{log}");
    drop(broker);
}

#[test]
fn a_configuration_may_be_a_directory_or_standard_input() {
    let rig = Rig::new("inputs");
    let broker = rig.broker();
    let directory = rig.dir.join("conf.d");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("1-backends.yaml"), rig.backends()).unwrap();
    fs::write(directory.join("2-rest.yaml"), rig.rest()).unwrap();
    let whole = rig.dir.join("whole.yaml");
    fs::write(&whole, rig.whole()).unwrap();
    for from in [
        format!(
            "exec {} run --config {}",
            env!("CARGO_BIN_EXE_kegd"),
            directory.display()
        ),
        format!(
            "exec {} run --config - < {}",
            env!("CARGO_BIN_EXE_kegd"),
            whole.display()
        ),
    ] {
        let mut kegd = rig.start("sh", ["-c", &from]);
        rig.until_ready(&mut kegd);
        exchange(&mut rig.client(), API_VERSIONS);
        kegd.terminate(TIME);
    }
    drop(broker);
}

#[test]
fn the_swap_of_a_kubernetes_volume_reloads_and_a_broken_one_changes_nothing() {
    let rig = Rig::new("volume");
    let broker = rig.broker();
    let volume = rig.dir.join("volume");
    // As the kubelet lays a ConfigMap out: the file is a link into `..data`, which is a link to the folder in force.
    let swap = |version: &str, text: &str| {
        fs::create_dir_all(volume.join(version)).unwrap();
        fs::write(volume.join(version).join("keg.yaml"), text).unwrap();
        symlink(version, volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    };
    swap("..one", &rig.whole());
    symlink("..data/keg.yaml", volume.join("keg.yaml")).unwrap();
    let mut kegd = rig.run(&volume.join("keg.yaml"));
    rig.until_ready(&mut kegd);
    let mut client = rig.client();
    exchange(&mut client, API_VERSIONS);

    swap("..two", "listeners: [");
    kegd.wait_until("the refusal", TIME, |log| {
        log.contains("the configuration was not reloaded")
            && get(rig.health, "/metrics")
                .unwrap()
                .1
                .contains("kong_keg_config_errors_total 1")
    });
    exchange(&mut client, DESCRIBE_CLUSTER);

    let blocked = rig.whole().replace(
        "    destination: { name: main }\n",
        "    destination: { name: main }
    cluster_policies: [{ type: block_apis, config: { apis: [describe_cluster] } }]\n",
    );
    swap("..three", &blocked);
    kegd.wait_until("the reload", TIME, |log| log.contains("the configuration was reloaded"));
    // On the connection that was open before. POLICY_VIOLATION is 44, and stands behind the header and the throttle time.
    assert_eq!(exchange(&mut client, DESCRIBE_CLUSTER)[9..11], [0, 44]);
    kegd.terminate(TIME);
    drop(broker);
}

/// A directory and ports for a gateway with one virtual cluster.
pub(crate) struct Rig {
    pub(crate) dir: PathBuf,
    first: u16,
    pub(crate) health: u16,
    backend: u16,
}

/// A broker, and what runs it.
pub(crate) struct Broker {
    broker: DevBroker,
    _runtime: Runtime,
}

impl Rig {
    pub(crate) fn new(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("runs-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self {
            dir,
            first: free_range(2),
            health: free_port(),
            backend: free_port(),
        }
    }

    /// Where the broker is.
    pub(crate) fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.backend)
    }

    pub(crate) fn backends(&self) -> String {
        format!(
            "backend_clusters:
  - name: main
    bootstrap_servers: [\"{}\"]
    authentication: {{ type: anonymous }}
    insecure_allow_anonymous_virtual_cluster_auth: true
",
            self.servers()
        )
    }

    pub(crate) fn rest(&self) -> String {
        format!(
            "runtime: {{ health_listener_address_port: [\"127.0.0.1:{}\"] }}
virtual_clusters:
  - name: team
    destination: {{ name: main }}
    authentication: [{{ type: anonymous }}]
listeners:
  - name: team
    addresses: [127.0.0.1]
    ports: [{}-{}]
    policies:
      - type: forward_to_virtual_cluster
        config: {{ type: port_mapping, destination: {{ name: team }}, advertised_host: 127.0.0.1 }}
",
            self.health,
            self.first,
            self.first + 1
        )
    }

    pub(crate) fn whole(&self) -> String {
        self.backends() + &self.rest()
    }

    fn with(&self, more: &str) -> String {
        self.whole() + more
    }

    pub(crate) fn broker(&self) -> Broker {
        let runtime = Runtime::new().unwrap();
        let started = DevBroker::builder().nodes(1).ports([self.backend]).start();
        Broker {
            broker: runtime.block_on(started).unwrap(),
            _runtime: runtime,
        }
    }

    pub(crate) fn run_file(&self, text: &str) -> Process {
        let file = self.dir.join("keg.yaml");
        fs::write(&file, text).unwrap();
        self.run(&file)
    }

    pub(crate) fn run(&self, file: &Path) -> Process {
        self.start(env!("CARGO_BIN_EXE_kegd"), ["run", "--config", file.to_str().unwrap()])
    }

    pub(crate) fn start<const N: usize>(&self, program: &str, arguments: [&str; N]) -> Process {
        Process::start("kegd run", &self.dir.join("kegd.log"), program, arguments)
    }

    pub(crate) fn until_ready(&self, kegd: &mut Process) {
        kegd.wait_until("readiness", TIME, |_| {
            get(self.health, "/health/probes/readiness").is_some_and(|(status, _)| status == 200)
        });
    }

    pub(crate) fn client(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.first)).unwrap();
        stream.set_read_timeout(Some(TIME)).unwrap();
        stream
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// Sends a request and gives the response without its length.
pub(crate) fn exchange(client: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    client.write_all(request).unwrap();
    response(client)
}

pub(crate) fn response(client: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    client.read_exact(&mut length).unwrap();
    let mut response = vec![0; u32::from_be_bytes(length) as usize];
    client.read_exact(&mut response).unwrap();
    response
}
