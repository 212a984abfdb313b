//! cqlsh's own files, so that whoever has a working `cqlsh` need not write anything down again.
//!
//! Read as `pylib/cqlshlib` of Cassandra 5 reads them (`cqlshmain.read_options`, `sslhandling.ssl_settings`,
//! `authproviderhandling.load_auth_provider`), with Python's `configparser`: comments take whole lines,
//! `=` and `:` both part a key from its value, keys have no case, `%` is interpolated except in passwords.
//! Where this differs: host names of certificates are verified, which cqlsh does not do; a credentials
//! file that others can read is warned of, where cqlsh passes it over; and validation without a `certfile`
//! trusts the system's authorities.

use std::path::{Path, PathBuf};

use configparser::ini::{Ini, IniDefault};

use crate::config_file::{Layer, expanded};
use crate::login::{Password, Readers, StoredPassword, warning};
use crate::setting::{Origin, Setting};

/// The module and the class of the only provider of logins that is known here.
const PLAIN: (&str, &str) = ("cassandra.auth", "PlainTextAuthProvider");
/// How deep values may name each other, as Python has it.
const DEEPEST: usize = 10;
/// How much text the values that one is made of may have, in all.
const LONGEST: usize = 1 << 20;

/// What the stronger layers have decided.
#[derive(Debug, Default)]
pub(crate) struct Context<'a> {
    /// The hosts, if they name any.
    pub(crate) host: Option<String>,
    /// Whether they encrypt connections.
    pub(crate) is_encrypted: bool,
    /// Whether they name whom to trust. Then that is not taken back here by `validate = false`.
    pub(crate) has_authority: bool,
    /// Whether they name a certificate or a key. Half of a pair from here would not fit the other.
    pub(crate) has_identity: bool,
    /// The home folder.
    pub(crate) home: Option<&'a Path>,
}

/// What a cqlshrc, and the credentials file that goes with it, have to say.
pub(crate) fn read(path: &Path, text: String, context: &Context<'_>) -> Result<Layer, String> {
    // cqlsh goes on without credentials that it cannot read as well, and asks for the password.
    read_both(path, text, |place| std::fs::read_to_string(place).ok(), context)
}

/// The same, with what reads the credentials file, if it is there.
pub(crate) fn read_both(
    path: &Path,
    text: String,
    load: impl Fn(&Path) -> Option<String>,
    context: &Context<'_>,
) -> Result<Layer, String> {
    let rc = PythonIni::parse(path, text)?;
    let credentials = match rc.get("authentication", "credentials") {
        Some(text) => Some(expanded(&text, context.home)),
        None => path.parent().map(|folder| folder.join("credentials")),
    };
    let credentials = credentials.and_then(|place| load(&place).map(|text| (place, text)));
    let credentials =
        credentials.map(|(place, text)| PythonIni::parse(&place, text)).transpose()?;
    let mut layer = Layer::default();
    connection(&rc, context, &mut layer);
    login(&rc, credentials.as_ref(), &mut layer);
    Ok(layer)
}

fn connection(rc: &PythonIni, context: &Context<'_>, layer: &mut Layer) {
    let mut add = |id, value: Option<String>| {
        let origin = Origin::Cqlsh(rc.path.clone());
        layer.settings.extend(value.map(|value| Setting { id, value, origin }));
    };
    let host = rc.get("connection", "hostname");
    add("host", host.clone());
    add("port", rc.get("connection", "port"));
    add("connect_timeout", rc.get("connection", "timeout"));
    add("request_timeout", rc.get("connection", "request_timeout"));

    let ssl = rc.get("connection", "ssl").map(|text| text.to_lowercase());
    let ssl = ssl.map(|text| ["1", "yes", "true", "on"].contains(&text.as_str()));
    if ssl == Some(true) {
        add("tls", Some("true".to_owned()));
    }
    // As with cqlsh, what [ssl] says encrypts nothing by itself.
    if ssl != Some(true) && !context.is_encrypted {
        return;
    }
    let file = |text: String| expanded(&text, context.home).into_os_string().into_string().ok();
    let hosts = context.host.clone().or(host).unwrap_or_else(|| "127.0.0.1".to_owned());
    let first = hosts.split(',').next().unwrap_or_default();
    let certificate = rc
        .get("certfiles", first)
        .or_else(|| rc.get("certfiles", first.rsplit_once(':').map_or(first, |(host, _)| host)))
        .or_else(|| rc.get("ssl", "certfile"));
    add("tls_ca", certificate.and_then(file));
    let given = |key| rc.get("ssl", key).filter(|text| !text.is_empty());
    if !context.has_identity {
        add("tls_key", given("userkey").and_then(file));
        add("tls_cert", given("usercert").and_then(file));
    }
    // Anything but false is true.
    let is_unverified =
        rc.get("ssl", "validate").is_some_and(|text| text.eq_ignore_ascii_case("false"));
    if is_unverified && !context.has_authority {
        add("tls_no_verify", Some("true".to_owned()));
    }
}

fn login(rc: &PythonIni, credentials: Option<&PythonIni>, layer: &mut Layer) {
    let provider = (rc.get("auth_provider", "module"), rc.get("auth_provider", "classname"));
    let is_plain = match (&provider.0, &provider.1) {
        (None, None) => true,
        (Some(module), Some(class)) => (module.as_str(), class.as_str()) == PLAIN,
        _ => false,
    };
    if !is_plain {
        layer.warnings.push(format!(
            "'{}' has an [auth_provider] that is not {}.{}; it is not used",
            rc.path.display(),
            PLAIN.0,
            PLAIN.1
        ));
    }
    let find = |key: &str| {
        let of = |ini: &PythonIni, section: &str| {
            let value = match key {
                // As it is: a password may well have a % in it.
                "password" => ini.raw(section, key),
                _ => ini.get(section, key),
            };
            value.map(|value| (value, ini.path.clone()))
        };
        let plain =
            || credentials.and_then(|ini| of(ini, PLAIN.1)).or_else(|| of(rc, "auth_provider"));
        credentials
            .and_then(|ini| of(ini, "plain_text_auth"))
            .or_else(|| of(rc, "authentication"))
            .or_else(|| plain().filter(|_| is_plain))
    };
    let user = find("username");
    if let Some((password, path)) = find("password") {
        layer.warnings.extend(warning(&path, Readers::of(&path)));
        layer.passwords.push(StoredPassword {
            user: user.as_ref().map(|(user, _)| user.clone()),
            password: Password::Text(password.into()),
            origin: Origin::Cqlsh(path),
        });
    }
    if let Some((value, path)) = user {
        layer.settings.push(Setting { id: "user", value, origin: Origin::Cqlsh(path) });
    }
}

/// A file as Python's `configparser` has it.
struct PythonIni {
    path: PathBuf,
    values: Ini,
}

impl PythonIni {
    fn parse(path: &Path, text: String) -> Result<PythonIni, String> {
        let mut python = IniDefault::default();
        python.enable_inline_comments = false;
        python.cascade_defaults = true;
        python.multiline = true;
        let mut values = Ini::new_from_defaults(python);
        // The library's errors have the line and no text of the file.
        values.read(text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(PythonIni { path: path.to_owned(), values })
    }

    fn raw(&self, section: &str, key: &str) -> Option<String> {
        self.values.get(section, key)
    }

    /// With `%(name)s` replaced. What cannot be replaced counts as not there, as for cqlsh.
    fn get(&self, section: &str, key: &str) -> Option<String> {
        let mut left = LONGEST;
        self.interpolated(section, &self.raw(section, key)?, DEEPEST, &mut left)
    }

    /// `left` is how much text may still be looked at: values that name each other are soon longer than
    /// any memory.
    fn interpolated(
        &self,
        section: &str,
        text: &str,
        depth: usize,
        left: &mut usize,
    ) -> Option<String> {
        *left = left.checked_sub(text.len() + 1)?;
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let (name, after) = after.strip_prefix('(')?.split_once(")s")?;
            let value = self.raw(section, name)?;
            out.push_str(&self.interpolated(section, &value, depth.checked_sub(1)?, left)?);
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }
}

#[cfg(test)]
mod tests;
