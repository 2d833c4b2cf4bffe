//! The least that a proxy on tokio does: reads and writes.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;

/// Relays until it is killed.
pub(crate) fn run(listen: SocketAddr, to: SocketAddr, read_size: usize) -> Outcome<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        loop {
            let (client, _) = listener.accept().await?;
            tokio::spawn(async move {
                if let Err(problem) = both(client, to, read_size).await {
                    eprintln!("{problem}");
                }
            });
        }
    })
}

async fn both(client: TcpStream, to: SocketAddr, read_size: usize) -> io::Result<()> {
    let broker = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let requests = tokio::spawn(one_way(from_client, to_broker, read_size));
    one_way(from_broker, to_client, read_size).await?;
    requests.await?
}

async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(buffer.get(..read).unwrap_or_default()).await?;
    }
}
