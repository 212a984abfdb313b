//! REST catalogs: servers that speak Iceberg's protocol, `open-api/rest-catalog-open-api.yaml` of
//! Iceberg.

mod auth;
mod catalog;
mod client;
mod endpoint;
mod reply;
#[cfg(test)]
mod tests;

pub(super) use catalog::RestCatalog;
