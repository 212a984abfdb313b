//! Asks a node whether it serves CQL, with the smallest request of the protocol.
//!
//! A connection alone proves nothing: the kernel accepts it for a process that is paused. OPTIONS
//! is answered before any login. A node that wants TLS hangs up on it, which is an answer too.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::profile::CQL_PORT;

/// OPTIONS in version 4 of the protocol: no flags, stream 0, no body.
const OPTIONS: [u8; 9] = [0x04, 0, 0, 0, 0x05, 0, 0, 0, 0];
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Whether the node at this address answers.
pub(super) fn answers(address: Ipv4Addr) -> bool {
    let address = SocketAddr::from((address, CQL_PORT));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return false;
    };
    if stream.set_read_timeout(Some(PATIENCE)).is_err() || stream.write_all(&OPTIONS).is_err() {
        return false;
    }
    let mut header = [0; 9];
    match stream.read_exact(&mut header) {
        Ok(()) => true,
        Err(error) => matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset),
    }
}
