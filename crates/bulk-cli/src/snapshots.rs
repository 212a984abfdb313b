//! `iceberg snapshots`: what a table has been through.

use std::io::Write;

use bulk::Catalog;
use serde_json::Value;

use crate::args::{Output, Snapshots};
use crate::exit::Failure;
use crate::file_options::refused;
use crate::iceberg_output;

impl Snapshots {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let catalog = Catalog::open_existing(&self.catalog.options()?).await.map_err(refused)?;
        let snapshots = catalog.table(&self.table).await.map_err(refused)?.snapshots();
        let text = match self.shown.output {
            Output::Text => iceberg_output::snapshots(&snapshots),
            Output::Json => {
                snapshots.iter().map(iceberg_output::snapshot).collect::<Value>().to_string()
            }
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}
