//! A catalog behind a server.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use iceberg::{TableCreation, TableRequirement, TableUpdate};
use iceberg_catalog_rest::{
    CommitTableRequest, CommitTableResponse, CreateNamespaceRequest, CreateTableRequest,
    ListNamespaceResponse, ListTablesResponse, LoadTableResult,
};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::catalog::backend::{Backend, Creation};
use crate::catalog::fault::CommitFault;
use crate::catalog::options::CatalogOptions;
use crate::catalog::properties::Properties;
use crate::catalog::rest::client::{Client, Unanswered};
use crate::catalog::rest::reply::Reply;
use crate::catalog::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Stores;
use crate::table_name::TableName;

/// Names are only listed for people: not more than so many pages of them.
const PAGES: usize = 10;

/// A catalog behind a server.
pub(in crate::catalog) struct RestCatalog {
    client: Client,
    /// The user's and the server's.
    properties: Properties,
    stores: Stores,
}

/// What a server says of itself (`CatalogConfig`).
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    defaults: HashMap<String, String>,
    #[serde(default)]
    overrides: HashMap<String, String>,
}

impl RestCatalog {
    pub(in crate::catalog) async fn open(options: &CatalogOptions) -> Result<Self> {
        let given = options.properties();
        let client = Client::of(given)?;
        let what = format!("the REST catalog at {} could not be opened", client.endpoint.base());
        let warehouse = given.get("warehouse").map(|warehouse| ("warehouse", warehouse));
        let reply = client.get(&what, &client.endpoint.config(), warehouse.as_slice()).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal(reply.kind(), what));
        }
        let config: Config = reply.read(&what)?;
        let properties = Properties::default()
            .under(pairs(&config.defaults))
            .under(given.iter())
            .under(pairs(&config.overrides));
        let client = client.configured(&properties).await?;
        let stores = Stores::new(properties.store_options());
        Ok(RestCatalog { client, properties, stores })
    }

    /// A table with what the server gives to reach its files by.
    fn table(&self, name: &TableName, loaded: LoadTableResult) -> Result<Table> {
        let location = loaded.metadata.location();
        // The most specific credentials are those for the table.
        let credentials = loaded.storage_credentials.iter().flatten();
        let credentials = credentials
            .filter(|credential| location.starts_with(&credential.prefix))
            .max_by_key(|credential| credential.prefix.len());
        let stores = match (loaded.config.is_empty(), credentials) {
            (true, None) => self.stores.clone(),
            (_, credentials) => {
                let mut properties = self.properties.under(pairs(&loaded.config));
                if let Some(credentials) = credentials {
                    properties = properties.under(pairs(&credentials.config));
                }
                Stores::new(properties.store_options())
            }
        };
        Table::of(name, loaded.metadata, loaded.metadata_location, &stores)
    }

    async fn names<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        url: &str,
        read: impl Fn(T) -> (Vec<String>, Option<String>),
    ) -> Result<Option<Vec<String>>> {
        let (mut names, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let query = next.as_deref().map(|token| ("pageToken", token));
            let reply = self.client.get(what, url, query.as_slice()).await?;
            match reply.status {
                status if status.is_success() => {}
                StatusCode::NOT_FOUND => return Ok(None),
                _ => return Err(reply.refusal(reply.kind(), what)),
            }
            let (more, token) = read(reply.read(what)?);
            names.extend(more);
            next = token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(Some(names))
    }
}

fn pairs(map: &HashMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

#[async_trait]
impl Backend for RestCatalog {
    async fn load(&self, name: &TableName) -> Result<Option<Table>> {
        let what = format!("the table {name} could not be loaded");
        let url = self.client.endpoint.table(name.namespace(), name.table());
        let reply = self.client.get(&what, &url, &[]).await?;
        match reply.status {
            status if status.is_success() => self.table(name, reply.read(&what)?).map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(reply.refusal(reply.kind(), what)),
        }
    }

    async fn create(&self, name: &TableName, creation: &TableCreation) -> Result<Creation> {
        let what = format!("the table {name} could not be made");
        let mut properties = creation.properties.clone();
        // The request has no other place for it.
        properties.insert("format-version".to_owned(), (creation.format_version as u8).to_string());
        let request = CreateTableRequest {
            name: name.table().to_owned(),
            location: creation.location.clone(),
            schema: creation.schema.clone(),
            partition_spec: creation.partition_spec.clone(),
            write_order: creation.sort_order.clone(),
            stage_create: Some(false),
            properties,
        };
        let url = self.client.endpoint.tables(name.namespace());
        let reply = self.client.post(&what, &url, &request).await;
        let reply = reply.map_err(Unanswered::into_error)?;
        match reply.status {
            status if status.is_success() => {
                let table = self.table(name, reply.read(&what)?)?;
                Ok(Creation::Created(Box::new(table)))
            }
            StatusCode::NOT_FOUND => Ok(Creation::NoNamespace),
            StatusCode::CONFLICT => Ok(Creation::Exists),
            _ => Err(reply.refusal(reply.kind(), what)),
        }
    }

    async fn create_namespace(&self, namespace: &[String]) -> Result<()> {
        // A namespace within others needs those first.
        for depth in 1..=namespace.len() {
            let (parts, inner) = namespace.split_at(depth);
            let what = format!("the namespace {} could not be made", parts.join("."));
            let namespace = iceberg::NamespaceIdent::from_vec(parts.to_vec());
            let namespace = namespace.map_err(|source| Error::of(&what, source))?;
            let request = CreateNamespaceRequest { namespace, properties: HashMap::new() };
            let url = self.client.endpoint.namespaces();
            let reply = self.client.post(&what, &url, &request).await;
            let reply = reply.map_err(Unanswered::into_error)?;
            // One that is there is as good; and whoever may not make the outer ones may make the
            // last.
            let made = reply.status.is_success() || reply.status == StatusCode::CONFLICT;
            if !made && inner.is_empty() {
                return Err(reply.refusal(reply.kind(), what));
            }
        }
        Ok(())
    }

    async fn namespaces(&self) -> Result<Vec<String>> {
        let what = "the namespaces could not be listed";
        let url = self.client.endpoint.namespaces();
        let names = self.names(what, &url, |page: ListNamespaceResponse| {
            let names = page.namespaces.iter().map(|namespace| namespace.join("."));
            (names.collect(), page.next_page_token)
        });
        Ok(names.await?.unwrap_or_default())
    }

    async fn tables(&self, namespace: &[String]) -> Result<Option<Vec<String>>> {
        let what = format!("the tables of {} could not be listed", namespace.join("."));
        let url = self.client.endpoint.tables(namespace);
        let names = self.names(&what, &url, |page: ListTablesResponse| {
            let names = page.identifiers.into_iter().map(|table| table.name);
            (names.collect(), page.next_page_token)
        });
        names.await
    }

    async fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        let name = &base.name;
        let what = format!("the commit to the table {name}");
        let identifier = Some(name.ident().map_err(CommitFault::Refused)?);
        let request = CommitTableRequest { identifier, requirements, updates };
        let url = self.client.endpoint.table(name.namespace(), name.table());
        let reply = match self.client.post(&what, &url, &request).await {
            Ok(reply) => reply,
            Err(Unanswered::NotSent(error)) if error.retryable() => {
                return Err(CommitFault::Unavailable(error));
            }
            Err(Unanswered::NotSent(error)) => return Err(CommitFault::Refused(error)),
            Err(Unanswered::Lost(error)) => return Err(CommitFault::Unknown(error)),
        };
        if !reply.status.is_success() {
            return Err(fault(&reply, &what));
        }
        // It was done, but only the metadata says so: something between may have answered.
        let done: CommitTableResponse = reply.read(&what).map_err(CommitFault::Unknown)?;
        Table::of(name, done.metadata, Some(done.metadata_location), &base.stores)
            .map_err(CommitFault::Unknown)
    }
}

/// What a status says of a commit: `updateTable` of the protocol.
fn fault(reply: &Reply, what: &str) -> CommitFault {
    match reply.status.as_u16() {
        409 => CommitFault::Conflict(reply.refusal(ErrorKind::Conflict, what)),
        // Sent too often: it was not looked at.
        429 => CommitFault::Unavailable(reply.refusal(ErrorKind::Unavailable, what)),
        // The protocol says of 500, 502 and 504 that the state is unknown. It says of 503 that the
        // server was not ready, but proxies also say it when they lose a server that had the
        // request.
        408 | 500..=599 => CommitFault::Unknown(reply.refusal(ErrorKind::Unknown, what)),
        _ => CommitFault::Refused(reply.refusal(reply.kind(), what)),
    }
}

impl fmt::Display for RestCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}", self.client.endpoint.base())
    }
}
