//! A place that rows come from or go to, as people write it.

use std::str::FromStr;

use bulk::IcebergTableName;

/// What stands before the name of an Iceberg table.
const ICEBERG: &str = "iceberg:";

/// A place that rows come from or go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Files, by path or URL; `-` is a stream.
    Files(String),
    /// A table of an Iceberg catalog.
    Iceberg(IcebergTableName),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix(ICEBERG) {
            Some(name) => name
                .parse()
                .map(Place::Iceberg)
                .map_err(|error: <IcebergTableName as FromStr>::Err| error.to_string()),
            None => Ok(Place::Files(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_files_are_told_apart() {
        let table = Place::Iceberg("shop.orders".parse().unwrap());
        assert_eq!("iceberg:shop.orders".parse(), Ok(table));
        assert_eq!("iceberg/shop".parse(), Ok(Place::Files("iceberg/shop".to_owned())));
        assert!("iceberg:orders".parse::<Place>().unwrap_err().contains("NAMESPACE.TABLE"));
    }
}
