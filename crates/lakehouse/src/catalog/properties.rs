//! Settings by name.

use std::collections::BTreeMap;
use std::fmt;

use formats::StoreOptions;
use secrecy::{ExposeSecret as _, SecretString};

/// Settings by name. Each may be a secret or have one in it, so that only the names are ever shown.
#[derive(Clone, Default)]
pub(crate) struct Properties {
    values: BTreeMap<String, SecretString>,
}

impl Properties {
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), SecretString::from(value.into()));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.expose_secret())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }

    /// These, and others that stand over them.
    pub(crate) fn under<'a>(&self, others: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = self.clone();
        others.into_iter().for_each(|(name, value)| all.set(name, value));
        all
    }

    /// What stores are opened with; names that mean nothing to them do no harm.
    pub(crate) fn store_options(&self) -> StoreOptions {
        self.iter().collect()
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}
