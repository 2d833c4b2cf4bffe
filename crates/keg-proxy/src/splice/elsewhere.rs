//! Where there is no `splice(2)`.

use std::io;
use std::task::{Context, Poll};

use tokio::net::TcpStream;

/// There is none.
#[derive(Debug)]
pub(crate) enum Pipe {}

impl Pipe {
    pub(crate) fn take() -> Option<Self> {
        None
    }

    pub(crate) fn give_back(self) {
        match self {}
    }

    pub(crate) fn held(&self) -> usize {
        match *self {}
    }

    pub(crate) fn put(&mut self, _: &[u8]) -> usize {
        match *self {}
    }

    pub(crate) fn poll_fill(
        &mut self,
        _: &TcpStream,
        _: usize,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        match *self {}
    }

    pub(crate) fn poll_empty(&mut self, _: &TcpStream, _: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match *self {}
    }
}

/// Nobody asks.
pub(crate) fn waiting(_: &TcpStream) -> usize {
    0
}
