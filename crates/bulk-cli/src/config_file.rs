//! The configuration file: TOML, in which every key is known, and every value remembers its line.
//!
//! Nothing of the file's text is in an error but keys, since what is wrong may stand beside a password.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::login::{Password, Readers, StoredPassword, warning};
use crate::setting::{KEYS, Key, Origin, Setting, Shape};

/// What a file, or several, have to say.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// The strongest first.
    pub(crate) settings: Vec<Setting>,
    /// The strongest first.
    pub(crate) passwords: Vec<StoredPassword>,
    /// What is to be said on standard error.
    pub(crate) warnings: Vec<String>,
}

impl Layer {
    /// Adds a weaker layer.
    pub(crate) fn add(&mut self, weaker: Layer) {
        self.settings.extend(weaker.settings);
        self.passwords.extend(weaker.passwords);
        self.warnings.extend(weaker.warnings);
    }

    /// The strongest value of a setting.
    pub(crate) fn find(&self, id: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.id == id)
    }
}

/// Reads a file; `profile` names the table in it that is stronger than the rest.
pub(crate) fn read(
    path: &Path,
    text: &str,
    profile: Option<&str>,
    readers: Readers,
    home: Option<&Path>,
) -> Result<Layer, String> {
    let document = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        format!("{}:{line}: {}", path.display(), error.message())
    })?;
    let file = File { path, text, readers, home };
    let base = file.table(document.get_ref(), true)?;
    let mut found = None;
    let mut names = Vec::new();
    if let Some((_, profiles)) = entry(document.get_ref(), "profiles") {
        for (name, table) in file.as_table(profiles, "profiles")? {
            let key = format!("profiles.{}", name.get_ref());
            // Those that are not asked for are read, too, so that what is wrong in them is known by day.
            let layer = file.table(file.as_table(table, &key)?, false)?;
            if profile == Some(name.get_ref().as_ref()) {
                found = Some(layer);
            }
            names.push(name.get_ref().to_string());
        }
    }
    let mut layer = match (profile, found) {
        (Some(name), None) => {
            let known = match names.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", names.join(", ")),
            };
            return Err(format!("{}: there is no profile '{name}'; {known}", path.display()));
        }
        (_, found) => found.unwrap_or_default(),
    };
    layer.add(base);
    // A profile without a user of its own has a password for that of the rest of the file.
    let user = layer.find("user").map(|setting| setting.value.clone());
    if let Some(strongest) = layer.passwords.first_mut() {
        strongest.user = strongest.user.take().or(user);
    }
    if let Some(stored) = layer.passwords.first() {
        if let (Password::Text(_), Readers::Group) = (&stored.password, readers) {
            layer.warnings.extend(warning(path, readers));
        }
        if let Password::File(file) = &stored.password {
            layer.warnings.extend(warning(file, Readers::of(file)));
        }
    }
    Ok(layer)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

type Entry<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

fn entry<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<Entry<'a, 'i>> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    readers: Readers,
    home: Option<&'a Path>,
}

impl File<'_> {
    /// A table of settings: the file's own, or that of a profile.
    fn table(&self, table: &DeTable<'_>, is_top: bool) -> Result<Layer, String> {
        let mut layer = Layer::default();
        self.collect(table, "", is_top, &mut layer)?;
        if let [_, second, ..] = layer.passwords.as_slice() {
            return Err(format!("{}: give 'password' or 'password_file', not both", second.origin));
        }
        let user = layer.find("user").map(|setting| setting.value.clone());
        for stored in &mut layer.passwords {
            stored.user.clone_from(&user);
        }
        Ok(layer)
    }

    fn collect(
        &self,
        table: &DeTable<'_>,
        prefix: &str,
        is_top: bool,
        layer: &mut Layer,
    ) -> Result<(), String> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let line = line_of(self.text, key.span().start);
            let at = |what: &str| format!("{}:{line}: {what}", self.path.display());
            let origin = Origin::Config { path: self.path.to_owned(), line };
            match name.as_str() {
                "profiles" if is_top => {}
                "tls" | "run" => {
                    self.collect(self.as_table(value, &name)?, &format!("{name}."), false, layer)?;
                }
                "password" | "password_file" => {
                    let DeValue::String(text) = value.get_ref() else {
                        return Err(at(&format!("'{name}' is to be text")));
                    };
                    let password = if name == "password_file" {
                        Password::File(self.place(text))
                    } else if self.readers == Readers::All {
                        return Err(at(&format!(
                            "the file has a password, and everybody can read it; run: chmod 600 '{}'",
                            self.path.display()
                        )));
                    } else {
                        Password::Text(text.as_ref().into())
                    };
                    layer.passwords.push(StoredPassword { user: None, password, origin });
                }
                _ => match KEYS.iter().find(|key| key.name == name) {
                    None => return Err(at(&unknown(&name))),
                    Some(key) => {
                        let value = self.value(key, value.get_ref()).map_err(|what| at(&what))?;
                        layer.settings.push(Setting { id: key.id, value, origin });
                    }
                },
            }
        }
        Ok(())
    }

    fn as_table<'a, 'i>(
        &self,
        value: &'a Spanned<DeValue<'i>>,
        name: &str,
    ) -> Result<&'a DeTable<'i>, String> {
        value.get_ref().as_table().ok_or_else(|| {
            let line = line_of(self.text, value.span().start);
            format!("{}:{line}: '{name}' is to be a table: [{name}]", self.path.display())
        })
    }

    /// The value as an argument would have it.
    fn value(&self, key: &Key, value: &DeValue<'_>) -> Result<String, String> {
        let is_to_be = |what: &str| format!("'{}' is to be {what}", key.name);
        match (key.shape, value) {
            (Shape::Opposite, DeValue::Boolean(is_so)) => Ok((!is_so).to_string()),
            (Shape::Opposite, _) => Err(is_to_be("true or false")),
            (Shape::Path, DeValue::String(text)) => {
                let place = self.place(text).into_os_string().into_string();
                place.map_err(|_| is_to_be("a path in UTF-8"))
            }
            (Shape::Path, _) => Err(is_to_be("a path")),
            (Shape::Many, DeValue::Array(values)) if !values.is_empty() => {
                let texts = values.iter().map(|value| value.get_ref().as_str());
                let texts: Option<Vec<_>> = texts.collect();
                texts.map(|texts| texts.join(",")).ok_or_else(|| is_to_be("a list of texts"))
            }
            (Shape::Many, DeValue::Array(_)) => Err(is_to_be("a list that is not empty")),
            (_, DeValue::String(text)) => Ok(text.to_string()),
            (_, DeValue::Integer(number)) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            (_, DeValue::Float(number)) => Ok(number.as_str().to_owned()),
            (_, DeValue::Boolean(is_so)) => Ok(is_so.to_string()),
            _ => Err(is_to_be("one value: text, a decimal number, true or false")),
        }
    }

    /// A path of the file. What a file names lies beside it, wherever the program was started.
    fn place(&self, text: &str) -> PathBuf {
        let path = expanded(text, self.home);
        self.path.parent().map_or_else(|| path.clone(), |folder| folder.join(&path))
    }
}

/// A path with `~` for the home folder.
pub(crate) fn expanded(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(text),
    }
}

fn unknown(name: &str) -> String {
    let own = ["password", "password_file", "profiles", "tls", "run"];
    let known = KEYS.iter().map(|key| key.name).chain(own);
    // By the last part, too: the key may be right and its table forgotten.
    let likeness = |known: &str| {
        let last = known.rsplit('.').next().unwrap_or(known);
        strsim::normalized_damerau_levenshtein(name, known)
            .max(strsim::normalized_damerau_levenshtein(name, last))
    };
    let closest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match closest.filter(|closest| likeness(closest) >= 0.5) {
        Some(closest) => format!("there is no setting '{name}'; is '{closest}' meant?"),
        None => {
            format!("there is no setting '{name}'; `cassandra-bulk config` shows those there are")
        }
    }
}

#[cfg(test)]
mod tests;
