//! The admin listener: health and metrics over HTTP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keg_proxy::Gateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::metrics::Metrics;

/// How long a request and its response may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest request head that is read.
const MAX_HEAD: usize = 8 * 1024;

/// How often metrics let go of what isn't needed.
const UPKEEP: Duration = Duration::from_secs(5);

/// How many requests are served at a time.
const MAX_CONNECTIONS: usize = 32;

/// What the admin listener tells of.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) gateway: Arc<Gateway>,
    pub(super) metrics: Metrics,
}

struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
}

impl Admin {
    /// Serves for as long as the process runs.
    pub(super) async fn listen(self, address: SocketAddr) -> io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, "health and metrics are served");
        let metrics = self.metrics.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics.upkeep();
            }
        });
        tokio::spawn(self.accept(listener));
        Ok(())
    }

    async fn accept(self, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let admin = self.clone();
                    tokio::spawn(async move {
                        let _ = timeout(TIMEOUT, admin.serve(stream)).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// One request for each connection: probes and scrapes come seconds apart.
    async fn serve(self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.windows(4).any(|it| it == b"\r\n\r\n") && head.len() < MAX_HEAD {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let head = String::from_utf8_lossy(&head);
        let mut words = head.split_ascii_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Answer {
            status,
            content_type,
            body,
        } = self.answer(method, path);
        let sent = if method == "HEAD" { "" } else { &body };
        let response = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{sent}",
            body.len()
        );
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    }

    fn answer(&self, method: &str, path: &str) -> Answer {
        let text = |status, body: String| Answer {
            status,
            content_type: "text/plain; charset=utf-8",
            body,
        };
        if !matches!(method, "GET" | "HEAD") {
            return text(
                "405 Method Not Allowed",
                "only GET and HEAD are served here\n".to_owned(),
            );
        }
        match path.split('?').next().unwrap_or_default() {
            "/health/probes/liveness" => text("200 OK", "alive\n".to_owned()),
            "/health/probes/readiness" => {
                let problems = self.not_ready();
                if problems.is_empty() {
                    text("200 OK", "ready\n".to_owned())
                } else {
                    let problems = problems.join("; ");
                    text("503 Service Unavailable", format!("not ready: {problems}\n"))
                }
            }
            "/metrics" => Answer {
                status: "200 OK",
                content_type: "text/plain; version=0.0.4; charset=utf-8",
                body: self.metrics.render(),
            },
            _ => text(
                "404 Not Found",
                "there are /health/probes/liveness, /health/probes/readiness and /metrics\n".to_owned(),
            ),
        }
    }

    /// What keeps the gateway from being ready, by backend cluster.
    fn not_ready(&self) -> Vec<String> {
        let snapshot = self.gateway.snapshot();
        let waited_for = snapshot.backends.iter().filter(|it| !it.is_ready());
        waited_for
            .map(|it| match it.is_reachable() {
                true => format!("backend cluster {} refuses the gateway's credentials", it.name()),
                false => format!("no answer yet from backend cluster {}", it.name()),
            })
            .collect()
    }
}
