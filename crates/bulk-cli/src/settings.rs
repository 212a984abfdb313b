//! From the command line, the environment and the files to the arguments of a command.
//!
//! **The weaker layers are default values.** Whatever the environment or a file says becomes the default of
//! its argument, and then the command line is read as ever. So each value has one parser, whoever gives it,
//! and the command line wins by what a default is. Flags, variables, configuration, cqlsh's files, and
//! built-in defaults are the layers, from the strongest to the weakest.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::args::Args;
use crate::config_command::Listing;
use crate::config_file::{self, Layer};
use crate::cqlshrc;
use crate::exit::Failure;
use crate::login::{self, Readers};
use crate::setting::{KEYS, Origin, Setting, variable};

/// Where variables are looked up.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What stands for a file, where none is to be read.
const NONE: &str = "none";

/// Arguments of a connection that may be variables, but not keys of a file: those have a form of their own.
const ONLY_VARIABLES: [&str; 1] = ["password_file"];

/// Why no arguments could be made.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The command line, or a call for help.
    Line(clap::Error),
    /// A variable or a file; says which.
    Setting(String),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Refused::Line(error)
    }
}

/// The arguments of this process. Whoever asks for help, or cannot be understood, is told here.
pub(crate) fn of_process() -> Result<Args, Failure> {
    let variables = |name: &str| std::env::var_os(name);
    match read(std::env::args_os().collect(), &variables) {
        Ok((args, warnings)) => {
            for warning in warnings {
                // Where standard error is closed, nobody wants to know.
                let _ = writeln!(std::io::stderr(), "warning: {warning}");
            }
            Ok(args)
        }
        Err(Refused::Setting(message)) => Err(Failure::usage(message)),
        Err(Refused::Line(error)) => error.exit(),
    }
}

/// The arguments that a command line, variables and the files that these name come to.
fn read(line: Vec<OsString>, variables: Variables<'_>) -> Result<(Args, Vec<String>), Refused> {
    let command = Args::command();
    let given = command.clone().try_get_matches_from(&line)?;
    let Some((name, on_line)) = given.subcommand().filter(|(_, sub)| has(sub, "config")) else {
        return Ok((Args::from_arg_matches(&given)?, Vec::new()));
    };
    let layers = layers(on_line, variables).map_err(Refused::Setting)?;
    let (command, matches) = matches(command, name, &line, &layers.settings)?;
    let mut args = Args::from_arg_matches(&matches)?;
    let Layer { settings, passwords, mut warnings } = layers;
    if let Some(common) = args.command.common_mut() {
        let path = common.password_file.as_deref();
        warnings.extend(path.and_then(|path| login::warning(path, Readers::of(path))));
        common.stored = passwords;
    }
    if let (Some(command), Some((_, matches))) =
        (command.find_subcommand(name), matches.subcommand())
    {
        args.command.list(|common| Listing::new(command, matches, &settings, common, variables));
    }
    Ok((args, warnings))
}

/// What a command line comes to, whose subcommand is `name`, and the command with settings for defaults.
pub(crate) fn matches(
    command: Command,
    name: &str,
    line: &[OsString],
    settings: &[Setting],
) -> Result<(Command, ArgMatches), Refused> {
    let command = command.mut_subcommand(name, |sub| with_defaults(sub, settings));
    match command.clone().try_get_matches_from(line) {
        Ok(matches) => Ok((command, matches)),
        Err(error) => Err(refused(error, &command, name, settings)),
    }
}

fn has(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).is_ok()
}

/// All layers below the command line, the strongest value of each setting first.
fn layers(on_line: &ArgMatches, variables: Variables<'_>) -> Result<Layer, String> {
    let mut all = Layer { settings: of_variables(variables)?, ..Layer::default() };
    let file = |id: &str| match given(on_line, id) {
        Some(path) => Some((PathBuf::from(path), true)),
        None => variables(&variable(id))
            .filter(|path| !path.is_empty())
            .map(|path| (PathBuf::from(path), true)),
    };
    let home = variables("HOME").map(PathBuf::from).filter(|home| home.is_absolute());

    let profile = match given(on_line, "profile") {
        Some(name) => Some(name),
        None => variables(&variable("profile")).filter(|name| !name.is_empty()),
    };
    let profile = profile.map(|name| name.to_string_lossy().into_owned());
    let place = file("config").or_else(|| default_config(home.as_deref(), variables));
    match (load(place)?, &profile) {
        (Some((path, text)), profile) => {
            let readers = Readers::of(&path);
            all.add(config_file::read(&path, &text, profile.as_deref(), readers, home.as_deref())?);
        }
        (None, Some(name)) => {
            return Err(format!(
                "profile '{name}' is asked for, but there is no configuration file; give --config"
            ));
        }
        (None, None) => {}
    }

    let default = home.as_ref().map(|home| (home.join(".cassandra/cqlshrc"), false));
    if let Some((path, text)) = load(file("cqlshrc").or(default))? {
        let strongest = |id: &str| {
            let of_line = given(on_line, id).map(|text| text.to_string_lossy().into_owned());
            of_line.or_else(|| all.find(id).map(|setting| setting.value.clone()))
        };
        let context = cqlshrc::Context {
            host: strongest("host"),
            is_encrypted: strongest("tls").is_some_and(|text| is_yes(&text)),
            has_authority: strongest("tls_ca").is_some(),
            has_identity: ["tls_cert", "tls_key"].iter().any(|id| strongest(id).is_some()),
            home: home.as_deref(),
        };
        let layer = cqlshrc::read(&path, text, &context)?;
        all.add(layer);
    }
    Ok(all)
}

/// As the argument has it.
fn is_yes(text: &str) -> bool {
    ["y", "yes", "t", "true", "on", "1"].contains(&text.to_lowercase().as_str())
}

/// What the command line itself says.
fn given(on_line: &ArgMatches, id: &str) -> Option<OsString> {
    if on_line.value_source(id) != Some(ValueSource::CommandLine) {
        return None;
    }
    on_line.get_raw(id)?.next().map(OsString::from)
}

/// A variable that is empty is not set: it is how shells and containers take one back.
fn of_variables(variables: Variables<'_>) -> Result<Vec<Setting>, String> {
    let ids = KEYS.iter().map(|key| key.id).chain(ONLY_VARIABLES);
    let found = ids.filter_map(|id| {
        let name = variable(id);
        let value = variables(&name).filter(|value| !value.is_empty())?;
        Some(match value.into_string() {
            Ok(value) => Ok(Setting { id, value, origin: Origin::Variable(name) }),
            Err(_) => Err(format!("variable {name} is not text in UTF-8")),
        })
    });
    found.collect()
}

fn default_config(home: Option<&Path>, variables: Variables<'_>) -> Option<(PathBuf, bool)> {
    // A relative folder is to be passed over, says the specification of these folders.
    let folder = variables("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = folder.or_else(|| home.map(|home| home.join(".config")))?;
    Some((folder.join("cassandra-bulk/config.toml"), false))
}

/// A file's text. One that nobody asked for need not be there.
fn load(place: Option<(PathBuf, bool)>) -> Result<Option<(PathBuf, String)>, String> {
    let Some((path, is_asked_for)) = place.filter(|(path, _)| path.as_os_str() != NONE) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if !is_asked_for && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("file '{}' cannot be read: {error}", path.display())),
    }
}

fn with_defaults(mut command: Command, settings: &[Setting]) -> Command {
    for (index, setting) in settings.iter().enumerate() {
        let is_strongest = settings.iter().take(index).all(|other| other.id != setting.id);
        if is_strongest && command.get_arguments().any(|arg| arg.get_id() == setting.id) {
            command =
                command.mut_arg(setting.id, |arg: Arg| arg.default_value(setting.value.clone()));
        }
    }
    command
}

/// An error that tells of an argument nobody gave is told of the setting.
fn refused(error: clap::Error, command: &Command, name: &str, settings: &[Setting]) -> Refused {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return Refused::Line(error);
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // `--tls[=<BOOL>]`, `--port <PORT>`
    let flag = text(ContextKind::InvalidArg).and_then(|text| text.strip_prefix("--"));
    let flag = flag.and_then(|text| text.split([' ', '=', '[']).next());
    let mut args = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let arg = args.find(|arg| flag.is_some() && arg.get_long() == flag);
    let setting = arg.and_then(|arg| settings.iter().find(|setting| arg.get_id() == setting.id));
    // A list is told of by the one value in it that is wrong.
    let is_of = |setting: &&Setting| {
        text(ContextKind::InvalidValue).is_some_and(|value| {
            setting.value.split(',').any(|part| part == value) || value == setting.value
        })
    };
    match setting.filter(is_of) {
        None => Refused::Line(error),
        Some(setting) => {
            let reason =
                match (std::error::Error::source(&error), error.get(ContextKind::ValidValue)) {
                    (Some(source), _) => format!(": {source}"),
                    (None, Some(ContextValue::Strings(valid))) => {
                        format!("; choose {}", valid.join(" or "))
                    }
                    (None, _) => String::new(),
                };
            let key =
                KEYS.iter().find(|key| key.id == setting.id).map_or(setting.id, |key| key.name);
            let what = match setting.origin {
                Origin::Config { .. } => format!("'{key}' cannot be"),
                _ => format!("--{} cannot be", setting.id.replace('_', "-")),
            };
            Refused::Setting(format!("{}: {what} '{}'{reason}", setting.origin, setting.value))
        }
    }
}

#[cfg(test)]
mod tests;
