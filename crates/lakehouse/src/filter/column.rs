//! The columns that a condition names.

use iceberg::spec::{NestedFieldRef, PrimitiveType, SchemaRef, Type};
use sqlparser::ast::{Expr, Ident};

use crate::error::{Error, ErrorKind, Result};

/// The columns of a schema, by their names.
pub(super) struct Columns<'a> {
    schema: &'a SchemaRef,
}

impl<'a> Columns<'a> {
    pub(super) fn new(schema: &'a SchemaRef) -> Self {
        Columns { schema }
    }

    /// The column that an expression names; `None` where it is no name.
    pub(super) fn named(&self, expression: &Expr) -> Result<Option<&'a NestedFieldRef>> {
        match expression {
            Expr::Nested(inner) => self.named(inner),
            Expr::Identifier(name) => self.find(name).map(Some),
            Expr::CompoundIdentifier(parts) => {
                let name =
                    parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                let message = format!(
                    "the filter compares {name}, and fields within columns can't be compared; a column with \
                     a point in its name is written as \"{name}\""
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            _ => Ok(None),
        }
    }

    /// By the exact name, or the only one that differs in upper and lower case where the name is not quoted.
    fn find(&self, name: &Ident) -> Result<&'a NestedFieldRef> {
        let fields = self.schema.as_struct().fields();
        if let Some(field) = fields.iter().find(|field| field.name == name.value) {
            return Ok(field);
        }
        let similar = |field: &&NestedFieldRef| {
            name.quote_style.is_none() && field.name.eq_ignore_ascii_case(&name.value)
        };
        let mut found = fields.iter().filter(similar);
        match (found.next(), found.next()) {
            (Some(field), None) => Ok(field),
            (Some(_), Some(_)) => Err(Error::request(format!(
                "the filter's {} may be several columns; write it in double quotes",
                name.value
            ))),
            _ => {
                let there: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                Err(Error::request(format!(
                    "the filter names {:?} at line {}, column {}, and there is no such column; there are {}",
                    name.value,
                    name.span.start.line,
                    name.span.start.column,
                    there.join(", ")
                )))
            }
        }
    }
}

/// The type of a column that can be compared.
pub(super) fn primitive(field: &NestedFieldRef) -> Result<&PrimitiveType> {
    match field.field_type.as_ref() {
        Type::Primitive(typ) => Ok(typ),
        _ => {
            let name = &field.name;
            let message = format!(
                "the filter compares {name:?}, which has fields or elements; only IS NULL can be asked of it"
            );
            Err(Error::new(ErrorKind::Unsupported, message))
        }
    }
}
