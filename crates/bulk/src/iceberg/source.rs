//! Which Iceberg table rows come from, and which of them.

use lakehouse::{CatalogOptions, ReadOptions, TableName};

/// An Iceberg table that is imported: one snapshot of it, pinned when the import begins.
///
/// ```
/// use bulk::{CatalogKind, CatalogOptions, IcebergSource, Pin};
/// let catalog = CatalogOptions::new(CatalogKind::Sql).with("warehouse", "/data/warehouse");
/// let mut orders = IcebergSource::new(catalog, "shop.orders".parse()?);
/// orders.read.pin = Pin::Snapshot(4_358_109_269_898_234_822);
/// orders.read.filter = Some("country = 'DE' and total > 100".to_owned());
/// # Ok::<(), lakehouse::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IcebergSource {
    /// Where the table's catalog is.
    pub catalog: CatalogOptions,
    /// The table's name in it.
    pub table: TableName,
    /// Which snapshot, columns and rows.
    pub read: ReadOptions,
}

impl IcebergSource {
    /// All rows and columns of the current snapshot.
    pub fn new(catalog: CatalogOptions, table: TableName) -> Self {
        IcebergSource { catalog, table, read: ReadOptions::default() }
    }
}
