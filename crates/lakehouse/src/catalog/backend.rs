//! What each kind of catalog does in its own way.

use std::fmt;

use async_trait::async_trait;
use iceberg::{TableCreation, TableRequirement, TableUpdate};

use crate::catalog::fault::CommitFault;
use crate::catalog::table::Table;
use crate::error::Result;
use crate::table_name::TableName;

/// What became of a table that was to be made.
#[derive(Debug)]
pub(super) enum Creation {
    Created(Box<Table>),
    /// There is a table of that name.
    Exists,
    NoNamespace,
}

/// A kind of catalog. As text it is its place, for people, without secrets.
#[async_trait]
pub(super) trait Backend: fmt::Display + Send + Sync {
    /// None: the table or its namespace is not there.
    async fn load(&self, name: &TableName) -> Result<Option<Table>>;

    async fn create(&self, name: &TableName, creation: &TableCreation) -> Result<Creation>;

    /// Makes it, unless it is there.
    async fn create_namespace(&self, namespace: &[String]) -> Result<()>;

    /// The namespaces at the top.
    async fn namespaces(&self) -> Result<Vec<String>>;

    /// None: the namespace is not there.
    async fn tables(&self, namespace: &[String]) -> Result<Option<Vec<String>>>;

    async fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault>;
}
