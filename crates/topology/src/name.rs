//! Names as CQL has them: case-insensitive when plain, exact when quoted.
//!
//! A name lives here exactly as the cluster stores it, and is quoted whenever it goes into a
//! statement, so that `"Orders"`, `"select"` and `"two words"` are names like any other.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A keyspace and a table in it, exactly as the cluster stores them.
///
/// Parsed with cqlsh's rules: an unquoted part is folded to lower case, a quoted one kept, `""` in
/// quotes is a quote. Displayed for people, quoted where it must be; statements take [`cql`](Self::cql).
///
/// ```
/// use topology::TableName;
/// let name: TableName = r#"Shop."Order Items""#.parse()?;
/// assert_eq!((name.keyspace(), name.table()), ("shop", "Order Items"));
/// assert_eq!(name.to_string(), r#"shop."Order Items""#);
/// assert_eq!(name.cql(), r#""shop"."Order Items""#);
/// # Ok::<(), topology::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    keyspace: String,
    table: String,
}

impl TableName {
    /// A name from its exact parts, without any folding.
    pub fn new(keyspace: impl Into<String>, table: impl Into<String>) -> Self {
        TableName { keyspace: keyspace.into(), table: table.into() }
    }

    /// The keyspace, unquoted.
    pub fn keyspace(&self) -> &str {
        &self.keyspace
    }

    /// The table, unquoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The name in a statement: quoted, so that reserved words are names like any other.
    pub fn cql(&self) -> String {
        format!("{}.{}", quote(&self.keyspace), quote(&self.table))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", shown(&self.keyspace), shown(&self.table))
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TableName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::new(
                ErrorKind::Invalid,
                format!(
                    "'{text}' is not a table name: {why}; write keyspace.table, with double quotes \
                     around a part that is case-sensitive, as in 'shop.\"Orders\"'"
                ),
            )
        };
        let (keyspace, rest) = identifier(text).map_err(&refuse)?;
        let rest =
            rest.strip_prefix('.').ok_or_else(|| refuse("it needs a keyspace and a table"))?;
        let (table, rest) = identifier(rest).map_err(&refuse)?;
        if !rest.is_empty() {
            return Err(refuse(&format!("'{rest}' follows the table")));
        }
        Ok(TableName { keyspace, table })
    }
}

/// Takes one identifier off the front of `text`.
fn identifier(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end =
            text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() {
            return Err("a part is empty or has characters that need quotes");
        }
        return Ok((name.to_ascii_lowercase(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quote is not closed");
        };
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None if name.is_empty() => return Err("a part is empty"),
            None => return Ok((name, after)),
        }
    }
}

/// Quotes an identifier for a CQL statement.
///
/// ```
/// assert_eq!(topology::quote(r#"a"b"#), r#""a""b""#);
/// ```
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A text as a CQL literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name for people: quoted only where it would otherwise be read as another.
pub(crate) fn shown(identifier: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !identifier.is_empty() && identifier.chars().all(plain) {
        identifier.to_owned()
    } else {
        quote(identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_as_in_cqlsh() {
        for (text, keyspace, table) in [
            ("ks.t", "ks", "t"),
            ("KS.Tab_1", "ks", "tab_1"),
            (r#""KS".t"#, "KS", "t"),
            (r#"ks."a.b""#, "ks", "a.b"),
            (r#"ks."a""b""#, "ks", "a\"b"),
            (r#""sel ect"."ü""#, "sel ect", "ü"),
        ] {
            let name: TableName = text.parse().unwrap();
            assert_eq!((name.keyspace(), name.table()), (keyspace, table), "{text}");
            assert_eq!(name.to_string().parse::<TableName>().unwrap(), name, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_remedy() {
        for text in
            ["", "t", "ks.", ".t", "a.b.c", "ks.t t", r#"ks."t"#, r#"ks."""#, "ks.ü", "a-b.c"]
        {
            let error = text.parse::<TableName>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
            assert!(error.to_string().contains("write keyspace.table"), "{error}");
        }
    }
}
