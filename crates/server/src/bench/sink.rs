//! The receiving end: answers every request with 204 and marks which event it carried.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::message;
use super::track::Track;
use super::wire::Wire;

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// Receives until it is aborted.
pub async fn run(listener: TcpListener, track: Arc<Track>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(receive(stream, Arc::clone(&track)));
            }
            Err(error) => {
                tracing::warn!(%error, "the bench's receiver cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn receive(stream: TcpStream, track: Arc<Track>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(body) = wire.request().await? {
        track.arrived(message::number(body));
        wire.write(ANSWER).await?;
    }
    Ok(())
}
