//! Catalogs in a file of pyiceberg's.

use std::collections::BTreeMap;
use std::path::Path;

use yaml_serde::Value;

use crate::catalog::kind::CatalogKind;
use crate::catalog::options::CatalogOptions;
use crate::error::{Error, ErrorKind, Result};

/// The part of the file that is of use here.
#[derive(serde::Deserialize)]
struct ConfigFile {
    #[serde(default)]
    catalog: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default, rename = "default-catalog")]
    default_catalog: Option<String>,
}

pub(super) fn read(path: &Path, name: Option<&str>) -> Result<CatalogOptions> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|source| {
        Error::request(format!("the catalogs' file {shown} could not be read")).with_source(source)
    })?;
    // Why it can't be understood is told by the place only, since the words may be secrets.
    let file: ConfigFile = yaml_serde::from_str(&text).map_err(|error| {
        let place = error.location().map(|at| format!(", line {}", at.line()));
        Error::request(format!(
            "{shown}{} is not a file of catalogs; give YAML: catalog, below it names of catalogs, \
             and below each its properties",
            place.unwrap_or_default()
        ))
    })?;
    let name = name.or(file.default_catalog.as_deref()).unwrap_or("default");
    let Some(entries) = file.catalog.get(name) else {
        let names: Vec<&str> = file.catalog.keys().map(String::as_str).collect();
        let there = match names.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", names.join(", ")),
        };
        let missing = format!("there is no catalog {name} in {shown}; {there}");
        return Err(Error::new(ErrorKind::NotFound, missing));
    };
    let mut properties = BTreeMap::new();
    for (key, value) in entries {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => continue,
            _ => {
                return Err(Error::request(format!(
                    "{key} of the catalog {name} in {shown} is not a text; write properties flat, as \
                     s3.endpoint, and credentials as token or credential"
                )));
            }
        };
        properties.insert(key.as_str(), text);
    }
    let kind = kind(&properties, &format!("the catalog {name} in {shown}"))?;
    let options = CatalogOptions::new(kind).with_name(name);
    let properties = properties.into_iter().filter(|(key, _)| *key != "type");
    Ok(properties.fold(options, |options, (key, value)| options.with(key, value)))
}

fn kind(properties: &BTreeMap<&str, String>, whose: &str) -> Result<CatalogKind> {
    let unsupported = |what: &str| {
        Error::new(
            ErrorKind::Unsupported,
            format!("{whose} {what}; sql (SQLite), rest and in-memory are supported"),
        )
    };
    if let Some(kind) = properties.get("type") {
        return match kind.to_ascii_lowercase().as_str() {
            "sql" => Ok(CatalogKind::Sql),
            "rest" => Ok(CatalogKind::Rest),
            "in-memory" => Ok(CatalogKind::Memory),
            _ => Err(unsupported(&format!("is of the type {kind:?}"))),
        };
    }
    let Some(uri) = properties.get("uri") else {
        return Err(unsupported("has no type and no uri"));
    };
    // The scheme only: the rest may have a password in it.
    match uri.split_once(':').map(|(scheme, _)| scheme) {
        Some("http" | "https") => Ok(CatalogKind::Rest),
        Some(scheme) if scheme == "sqlite" || scheme.starts_with("sqlite+") => Ok(CatalogKind::Sql),
        _ => Err(unsupported("has no type, and its uri is neither sqlite: nor http:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, name: Option<&str>) -> Result<CatalogOptions> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path(), name)
    }

    const FILE: &str = "
default-catalog: lake
catalog:
  lake:
    type: sql
    uri: sqlite:////var/lake/catalog.db
    warehouse: file:///var/lake
    pool.size: 5
    echo: false
  prod:
    uri: https://catalog.example
    token: hunter2
    s3.secret-access-key: hunter3
  here: {type: in-memory, warehouse: /tmp/x}
  hive: {uri: 'thrift://host:9083'}
  glue: {type: glue}
  nested: {type: rest, auth: {type: oauth2, oauth2: {client_secret: hunter2}}}
  empty:
";

    #[test]
    fn catalogs_are_found_by_name() {
        let lake = parse(FILE, None).unwrap();
        assert_eq!((lake.kind(), lake.name()), (CatalogKind::Sql, "lake"));
        assert_eq!(lake.properties().get("uri"), Some("sqlite:////var/lake/catalog.db"));
        assert_eq!(lake.properties().get("pool.size"), Some("5"));
        assert_eq!(lake.properties().get("type"), None);
        let prod = parse(FILE, Some("prod")).unwrap();
        assert_eq!(prod.kind(), CatalogKind::Rest);
        assert_eq!(prod.properties().get("token"), Some("hunter2"));
        assert!(!format!("{prod:?}").contains("hunter"), "{prod:?}");
        assert_eq!(parse(FILE, Some("here")).unwrap().kind(), CatalogKind::Memory);
        let plain = parse("catalog: {default: {uri: 'sqlite:///a.db'}}", None).unwrap();
        assert_eq!((plain.kind(), plain.name()), (CatalogKind::Sql, "default"));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let error = parse(FILE, Some("lak")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("glue, here, hive, lake"), "{error}");
        for name in ["hive", "glue"] {
            let error = parse(FILE, Some(name)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
        let error = read(Path::new("/none/there.yaml"), None).unwrap_err();
        assert!(error.to_string().contains("/none/there.yaml"), "{error}");
    }

    #[test]
    fn the_content_of_a_bad_file_is_not_told() {
        for text in [
            "catalog:\n  default:\n    token: 'hunter2",
            "catalog: hunter2",
            "catalog: {default: hunter2}",
            "catalog: {default: [hunter2]}",
            "hunter2",
            FILE.replace("empty:", "default: {type: rest, auth: {k: hunter2}}\n").as_str(),
        ] {
            let error = parse(text, Some("default")).unwrap_err();
            let mut told = format!("{error} {error:?}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                told.push_str(&cause.to_string());
                source = cause.source();
            }
            assert!(!told.contains("hunter"), "{told}");
        }
    }
}
