//! From the command line to a connected operator. Passwords pass through here, and nowhere else.

use std::io::IsTerminal;

use bulk::{ConnectOptions, Consistency, Credentials, Operator};

use crate::args::Common;
use crate::exit::Failure;

const PASSWORD: &str = "CASSANDRA_BULK_PASSWORD";

/// Connects as the arguments say.
pub(crate) async fn connect(common: &Common) -> Result<Operator, Failure> {
    let options = ConnectOptions {
        contact_points: common.host.clone(),
        port: common.port,
        credentials: credentials(common)?,
        local_datacenter: common.local_dc.clone(),
        consistency: common.consistency.unwrap_or(Consistency::LocalOne),
        connect_timeout: common.connect_timeout,
        request_timeout: common.request_timeout,
        compression: common.compress_frames,
        ..ConnectOptions::default()
    };
    Ok(Operator::connect(&options).await?)
}

/// The password from the first place that has one: file, environment, prompt.
fn credentials(common: &Common) -> Result<Option<Credentials>, Failure> {
    let Some(user) = &common.user else {
        return Ok(None);
    };
    let password = if let Some(path) = &common.password_file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("password file '{}' cannot be read: {error}", path.display()))
        })?;
        text.lines().next().unwrap_or_default().to_owned()
    } else if let Ok(password) = std::env::var(PASSWORD) {
        password
    } else if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Password for {user}: "))
            .map_err(|error| Failure::usage(format!("the password cannot be read: {error}")))?
    } else {
        return Err(Failure::usage(format!(
            "user '{user}' needs a password; give --password-file, or set {PASSWORD}"
        )));
    };
    Ok(Some(Credentials::new(user, password)))
}
