//! The arguments that say which Iceberg catalog is meant. Secrets come from a file or the environment.

use std::path::PathBuf;

use bulk::{CatalogKind, CatalogOptions};
use clap::Args as ClapArgs;

use crate::exit::Failure;
use crate::file_options::refused;

/// Secrets of a catalog, with the properties that they are.
const SECRETS: [(&str, &str); 2] = [
    ("CASSANDRA_BULK_CATALOG_TOKEN", "token"),
    ("CASSANDRA_BULK_CATALOG_CREDENTIAL", "credential"),
];

/// Which catalog.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Iceberg catalog")]
pub(crate) struct CatalogArgs {
    /// What the catalog is: sql, a SQLite file; rest, a server of Iceberg's REST protocol; memory, one
    /// that is gone at the end [default: sql].
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) catalog: Option<CatalogKind>,
    /// Its name, which a SQL catalog has its tables under, and a configuration file its properties
    /// [default: default].
    #[arg(long, value_name = "NAME")]
    pub(crate) catalog_name: Option<String>,
    /// Its address: sqlite:////data/catalog.db, https://catalog:8181 [default: the SQLite file
    /// iceberg/catalog.db].
    #[arg(long, value_name = "URI", env = "CASSANDRA_BULK_CATALOG_URI", hide_env_values = true)]
    pub(crate) catalog_uri: Option<String>,
    /// Where tables are made, as a path or a URL; for rest the name that the server has for it [default:
    /// the folder warehouse beside the SQLite file].
    #[arg(long, value_name = "PLACE", env = "CASSANDRA_BULK_WAREHOUSE")]
    pub(crate) warehouse: Option<String>,
    /// A file of catalogs in the form of pyiceberg's .pyiceberg.yaml.
    #[arg(long, value_name = "FILE", conflicts_with = "catalog")]
    pub(crate) catalog_config: Option<PathBuf>,
    /// A property of the catalog, by pyiceberg's names: s3.endpoint=…, header.x-team=…. May be given
    /// several times. Secrets come from --catalog-config, from CASSANDRA_BULK_CATALOG_TOKEN and
    /// CASSANDRA_BULK_CATALOG_CREDENTIAL, or from the store's own variables; never from an argument, which
    /// `ps` would show.
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::import_args::pair)]
    pub(crate) catalog_property: Vec<(String, String)>,
}

impl CatalogArgs {
    /// The catalog that is meant.
    pub(crate) fn options(&self) -> Result<CatalogOptions, Failure> {
        let mut options = match &self.catalog_config {
            Some(file) => {
                CatalogOptions::from_file(file, self.catalog_name.as_deref()).map_err(refused)?
            }
            None => {
                let options = CatalogOptions::new(self.catalog.unwrap_or_default());
                match &self.catalog_name {
                    Some(name) => options.with_name(name),
                    None => options,
                }
            }
        };
        for (name, value) in [("uri", &self.catalog_uri), ("warehouse", &self.warehouse)] {
            if let Some(value) = value {
                options = options.with(name, value);
            }
        }
        for (name, value) in &self.catalog_property {
            refuse_secret(name)?;
            options = options.with(name, value);
        }
        for (variable, name) in SECRETS {
            if let Ok(value) = std::env::var(variable) {
                options = options.with(name, value);
            }
        }
        Ok(options)
    }

    /// The name of an argument that was given, if one was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        // Those that the environment may give are not among them: they may be meant for another command.
        let given = [
            (self.catalog.is_some(), "--catalog"),
            (self.catalog_name.is_some(), "--catalog-name"),
            (self.catalog_config.is_some(), "--catalog-config"),
            (!self.catalog_property.is_empty(), "--catalog-property"),
        ];
        given.into_iter().find(|(is_given, _)| *is_given).map(|(_, name)| name)
    }
}

fn kind(text: &str) -> Result<CatalogKind, String> {
    text.parse().map_err(|error: <CatalogKind as std::str::FromStr>::Err| error.to_string())
}

/// Not as the arguments are read: what is refused there is told again, with its value.
fn refuse_secret(name: &str) -> Result<(), Failure> {
    let is_secret = ["token", "credential", "secret", "password", "key", "sas", "authorization"]
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word));
    match is_secret {
        true => Err(Failure::usage(format!(
            "the property {name} may be a secret, which `ps` would show; give it in --catalog-config or in \
             the environment"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_no_arguments() {
        for name in ["token", "credential", "s3.secret-access-key", "header.Authorization"] {
            assert!(refuse_secret(name).is_err(), "{name}");
        }
        assert!(refuse_secret("s3.endpoint").is_ok());
    }
}
