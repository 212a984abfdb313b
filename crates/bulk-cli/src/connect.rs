//! From the command line to a connected operator.

use bulk::{ConnectOptions, Consistency, Operator};

use crate::connection_args::Common;
use crate::exit::Failure;
use crate::login;

/// Connects as the arguments say.
pub(crate) async fn connect(common: &Common) -> Result<Operator, Failure> {
    let options = ConnectOptions {
        contact_points: common.host.clone(),
        port: common.port,
        credentials: login::credentials(common)?,
        local_datacenter: common.local_dc.clone(),
        consistency: common.consistency.unwrap_or(Consistency::LocalOne),
        connect_timeout: common.connect_timeout,
        request_timeout: common.request_timeout,
        compression: common.compress_frames,
        tls: common.tls.options(),
        ..ConnectOptions::default()
    };
    Ok(Operator::connect(&options).await?)
}
