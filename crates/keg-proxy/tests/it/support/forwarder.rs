//! TLS in front of a broker that has none.

use std::net::SocketAddr;
use std::sync::Arc;

use keg_tls::{Live, ServerTls};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::PATIENCE;

pub(crate) struct Forwarder {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Forwarder {
    /// Terminates TLS, and forwards to `target`.
    pub(crate) async fn start(settings: Live<ServerTls>, target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Arc::new(settings);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let config = settings.config();
                tokio::spawn(async move {
                    let mut client = keg_tls::accept(client, config, Instant::now() + PATIENCE).await.ok()?;
                    let mut broker = TcpStream::connect(target).await.ok()?;
                    copy_bidirectional(&mut client, &mut broker).await.ok()
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
