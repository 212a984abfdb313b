//! How a catalog is found.

use std::path::Path;

use crate::catalog::config_file;
use crate::catalog::kind::CatalogKind;
use crate::catalog::properties::Properties;
use crate::error::Result;

/// How a catalog is found, and how the stores that its tables are in are reached.
///
/// Properties have pyiceberg's names:
///
/// - `uri`: of a SQL catalog `sqlite:////absolute/catalog.db`, `sqlite:///relative.db`, or the path
///   of the file; of a REST catalog the URL before `/v1`;
/// - `warehouse`: the folder or URL that new tables are made below; of a REST catalog what its
///   server knows a warehouse by;
/// - REST: `token`; or `credential` (`id:secret`), `oauth2-server-uri`, `scope`, `audience`,
///   `resource`; `prefix`, `header.*`; and `rest.timeout-ms` for a whole request, 60000 unless
///   given;
/// - stores: those of [`formats::StoreOptions`].
///
/// A SQL catalog without both places has them in `./iceberg`: `catalog.db` and `warehouse`. Where
/// only `warehouse` is given, and it is a folder, the file is `catalog.db` in it; where only `uri`
/// is, the warehouse is `warehouse` beside the file. The memory catalog needs a `warehouse`.
///
/// ```
/// use lakehouse::{CatalogKind, CatalogOptions};
///
/// let options = CatalogOptions::new(CatalogKind::Rest)
///     .with_name("prod")
///     .with("uri", "https://catalog.example/api")
///     .with("token", "hunter2");
/// assert!(!format!("{options:?}").contains("hunter2"));
/// ```
#[derive(Clone, Debug)]
pub struct CatalogOptions {
    kind: CatalogKind,
    name: String,
    properties: Properties,
}

impl CatalogOptions {
    /// A catalog of this kind, with the name `default` and no properties.
    pub fn new(kind: CatalogKind) -> Self {
        CatalogOptions { kind, name: "default".to_owned(), properties: Properties::default() }
    }

    /// One of the catalogs in a file of pyiceberg's, as `~/.pyiceberg.yaml`:
    ///
    /// ```yaml
    /// catalog:
    ///   default:
    ///     uri: https://catalog.example/api
    ///     credential: id:secret
    /// ```
    ///
    /// Without a name it is the one that the file's `default-catalog` names, else the one with the
    /// name `default`. Its kind is its `type` (`sql`, `rest`, `in-memory`), else that which the
    /// scheme of its `uri` belongs to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) where the file can't be read or
    /// understood: its content is not told again.
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) where it has no such catalog, and
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where that is of another kind.
    pub fn from_file(path: &Path, name: Option<&str>) -> Result<Self> {
        config_file::read(path, name)
    }

    /// The same with another name. Programs that share a SQL catalog must have one name for it.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same with one more property. It replaces one of the same name.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.set(key, value);
        self
    }

    /// What kind of catalog it is.
    pub fn kind(&self) -> CatalogKind {
        self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn properties(&self) -> &Properties {
        &self.properties
    }
}
