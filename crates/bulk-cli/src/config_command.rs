//! `config`: every setting, its value, and who says so. Secrets are shown as stars.

use std::io::Write;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as ClapArgs, Command};
use comfy_table::Table;
use serde_json::{Value, json};

use crate::args::Output;
use crate::connection_args::Common;
use crate::exit::Failure;
use crate::login::{self, PASSWORD, Password};
use crate::run_args::Run;
use crate::setting::{KEYS, Origin, Setting, variable};
use crate::settings::Variables;

/// What is shown of a secret.
const HIDDEN: &str = "********";

/// `config`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) common: Common,
    /// What is to be shown.
    #[arg(skip)]
    pub(crate) listing: Listing,
}

/// Settings with their values, in the order of the help.
#[derive(Debug, Default)]
pub(crate) struct Listing(Vec<Listed>);

#[derive(Debug)]
struct Listed {
    name: String,
    value: Option<String>,
    origin: Origin,
}

impl Listing {
    /// All arguments of a command as they were read, and where the password would come from.
    pub(crate) fn new(
        command: &Command,
        matches: &ArgMatches,
        settings: &[Setting],
        common: &Common,
        variables: Variables<'_>,
    ) -> Listing {
        let mut all = Vec::new();
        for arg in command.get_arguments() {
            let (id, Some(flag)) = (arg.get_id().as_str(), arg.get_long()) else { continue };
            if matches.try_contains_id(id).is_err() || matches!(id, "help" | "version") {
                continue;
            }
            let origin = origin_of(matches, id, flag, settings, variables);
            let value = match id {
                // Not the flags that were counted, but their number.
                "verbose" => Some(matches.get_count(id).to_string()),
                "config" | "profile" | "cqlshrc" if matches!(origin, Origin::Variable(_)) => {
                    variables(&variable(id))
                        .filter(|value| !value.is_empty())
                        .map(|value| value.to_string_lossy().into_owned())
                }
                _ => matches.get_raw(id).map(|values| {
                    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
                    values.join(",")
                }),
            };
            all.push(Listed { name: flag.to_owned(), value, origin });
            if id == "user" {
                let file =
                    origin_of(matches, "password_file", "password-file", settings, variables);
                all.push(password(common, file, variables));
            }
        }
        Listing(all)
    }

    /// One of them.
    #[cfg(test)]
    pub(crate) fn find(&self, name: &str) -> Option<(Option<String>, Origin)> {
        let found = self.0.iter().find(|listed| listed.name == name)?;
        Some((found.value.clone(), found.origin.clone()))
    }
}

/// Who has said it.
fn origin_of(
    matches: &ArgMatches,
    id: &str,
    flag: &str,
    settings: &[Setting],
    variables: Variables<'_>,
) -> Origin {
    if matches.value_source(id) == Some(ValueSource::CommandLine) {
        return Origin::Flag(format!("--{flag}"));
    }
    if let Some(setting) = settings.iter().find(|setting| setting.id == id) {
        return setting.origin.clone();
    }
    let name = variable(id);
    match variables(&name).is_some_and(|value| !value.is_empty()) {
        true if matches!(id, "config" | "profile" | "cqlshrc") => Origin::Variable(name),
        _ => Origin::Default,
    }
}

/// The same places, in the same order, as [`login::credentials`]; without looking into files.
fn password(common: &Common, of_file: Origin, variables: Variables<'_>) -> Listed {
    let name = "password".to_owned();
    let in_file = |path: &Path| Some(format!("{HIDDEN} (in {})", path.display()));
    let hidden = || Some(HIDDEN.to_owned());
    let Some(user) = &common.user else {
        return Listed { name, value: None, origin: Origin::Default };
    };
    let (value, origin) = if let Some(path) = &common.password_file {
        (in_file(path), of_file)
    } else if variables(PASSWORD).is_some() {
        (hidden(), Origin::Variable(PASSWORD.to_owned()))
    } else if let Some(stored) = login::stored(&common.stored, user) {
        let value = match &stored.password {
            Password::Text(_) => hidden(),
            Password::File(path) => in_file(path),
        };
        (value, stored.origin.clone())
    } else {
        (None, Origin::Prompt)
    };
    Listed { name, value, origin }
}

impl Config {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Listing(all) = &self.listing;
        let text = match self.common.shown.output {
            Output::Json => {
                json!({ "settings": all.iter().map(Listed::json).collect::<Value>() }).to_string()
            }
            Output::Text => {
                let mut table = Table::new();
                table.load_style(comfy_table::presets::NOTHING);
                table.set_header(["setting", "value", "from"]);
                for listed in all {
                    let value = listed.value.as_deref().unwrap_or("-");
                    table.add_row([listed.name.as_str(), value, &listed.origin.to_string()]);
                }
                table.to_string()
            }
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}

impl Listed {
    fn json(&self) -> Value {
        let mut source = json!({ "kind": self.origin.kind() });
        match &self.origin {
            Origin::Flag(name) | Origin::Variable(name) => source["name"] = json!(name),
            Origin::Config { path, line } => {
                source["path"] = json!(path.to_string_lossy());
                source["line"] = json!(line);
            }
            Origin::Cqlsh(path) => source["path"] = json!(path.to_string_lossy()),
            Origin::Prompt | Origin::Default => {}
        }
        let key = KEYS.iter().find(|key| key.id == self.name.replace('-', "_"));
        json!({
            "name": self.name,
            "key": key.map(|key| key.name),
            "value": self.value,
            "source": source,
        })
    }
}
