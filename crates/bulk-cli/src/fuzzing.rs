//! The laws of what reads settings, arguments and requests, on any bytes: what is wrong is an error that tells
//! no password, and all else comes to arguments, or to a reply.
//!
//! The fuzz targets in `fuzz/` call these functions, and the test below calls them with each seed.
#![expect(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::{Args, Command};
use crate::config_file::{self, Layer};
use crate::control::answer;
use crate::control_protocol::{Reply, Request};
use crate::cqlshrc::{self, Context};
use crate::login::Readers;
use crate::run_state::RunState;
use crate::settings::{self, Refused};

/// A password, which no message has.
const PASSWORD: &str = "hunter2";
/// Where files of settings would be.
const HOME: &str = "/nowhere";

/// A cqlshrc, and after a zero byte the credentials file that goes with it.
pub fn cqlshrc(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (rc, credentials) = text.split_once('\0').unwrap_or((text, ""));
    let rc = format!("[authentication]\npassword = {PASSWORD}\n{rc}");
    let credentials = format!("[plain_text_auth]\npassword = {PASSWORD}\n{credentials}");
    for is_encrypted in [false, true] {
        let context = Context { is_encrypted, home: Some(Path::new(HOME)), ..Context::default() };
        let path = Path::new("/nowhere/cqlshrc");
        let load = |_: &Path| Some(credentials.clone());
        match cqlshrc::read_both(path, rc.clone(), load, &context) {
            Ok(layer) if is_encrypted => arguments(&layer),
            Ok(_) => {}
            Err(error) => assert!(text.contains(PASSWORD) || !error.contains(PASSWORD), "{error}"),
        }
    }
}

/// A configuration file.
pub fn config_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let secret = format!("password = '{PASSWORD}'\n{text}");
    for (text, profile) in [(text, None), (text, Some("p")), (secret.as_str(), Some("p"))] {
        let (path, home) = (Path::new("/nowhere/config.toml"), Some(Path::new(HOME)));
        match config_file::read(path, text, profile, Readers::Owner, home) {
            Ok(layer) => arguments(&layer),
            Err(error) => {
                assert!(error.starts_with("/nowhere/config.toml:"), "{error}");
                let is_told = error.contains(PASSWORD);
                assert!(!is_told || text.matches(PASSWORD).count() > 1, "{error}");
            }
        }
    }
}

/// Settings are the defaults of arguments.
fn arguments(layer: &Layer) {
    if layer.settings.is_empty() {
        return;
    }
    let line: Vec<OsString> = ["cassandra-bulk", "count", "k.t"].map(OsString::from).into();
    match settings::matches(Args::command(), "count", &line, &layer.settings) {
        Ok((_, matches)) => validated(Args::from_arg_matches(&matches).unwrap()),
        Err(refused) => {
            let is_told =
                matches!(&refused, Refused::Setting(error) if error.contains(" cannot be '"));
            assert!(is_told, "nothing is wrong with the line: {refused:?}");
        }
    }
}

/// A command line: a word on each line.
pub fn command_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    parse(text.lines());
}

/// One flag of one command: two bytes that choose it, and its value.
pub fn flag(data: &[u8]) {
    let [of_commands, of_arguments, value @ ..] = data else { return };
    let Ok(value) = std::str::from_utf8(value) else { return };
    let lines = ["count a.b", "export a.b -", "import a.b --from -", "verify x", "ctl run set"];
    let line = lines[usize::from(*of_commands) % lines.len()];
    let command = Args::command();
    let command = command.find_subcommand(line.split(' ').next().unwrap()).unwrap();
    let mut flags: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
    // One that is no flag stands for itself.
    flags.push("");
    let argument = match flags[usize::from(*of_arguments) % flags.len()] {
        "" => value.to_owned(),
        flag => format!("--{flag}={value}"),
    };
    parse(line.split(' ').chain([argument.as_str()]));
}

fn parse<'a>(words: impl Iterator<Item = &'a str>) {
    match Args::try_parse_from(std::iter::once("cassandra-bulk").chain(words)) {
        Ok(args) => validated(args),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What commands make of their arguments before they begin.
fn validated(args: Args) {
    match args.command {
        Command::Count(count) => {
            let options = count.run.split.apply(count.narrow.apply(bulk::BulkOptions::default()));
            let _ = (options, count.run.conduct.limits.pace(), count.common.tls.options());
        }
        Command::Export(export) => {
            let _ = (export.export_options(), export.rows.narrow.apply(Default::default()));
        }
        Command::Import(import) => {
            let _ = import.options();
        }
        _ => {}
    }
}

/// What comes over a run's socket.
pub fn control(data: &[u8]) {
    let state = RunState::new("r".parse().unwrap(), "count", "k.t".to_owned(), Default::default());
    let before = (state.limits(), state.pace.is_paused());
    let reply = answer(data, &state);
    if let Reply::Error(_) = reply {
        assert_eq!((state.limits(), state.pace.is_paused()), before, "nothing is done");
    }
    let text = serde_json::to_vec(&reply).unwrap();
    assert!(serde_json::from_slice::<Reply>(&text).is_ok(), "`ctl` can read it");
    if let Ok(request) = serde_json::from_slice::<Request>(data) {
        let text = serde_json::to_vec(&request).unwrap();
        assert_eq!(serde_json::from_slice::<Request>(&text).unwrap(), request);
    }
    // And what a run replies, to `ctl`.
    let _ = serde_json::from_slice::<Reply>(data);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_keep_the_laws() {
        seeds::keep("cqlshrc", super::cqlshrc);
        seeds::keep("config_file", super::config_file);
        seeds::keep("command_line", super::command_line);
        seeds::keep("flag", super::flag);
        seeds::keep("control", super::control);
    }
}
