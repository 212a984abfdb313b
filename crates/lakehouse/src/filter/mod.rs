//! Conditions on rows, written as those of a SQL `WHERE`, and decided exactly.
//!
//! A condition is read by `sqlparser` ([`sql`]), typed by the columns it names ([`literal`]), and used twice:
//! [`pruning`] makes an Iceberg predicate that passes over whole files and may take in too much, and
//! [`evaluate`] decides on each row. Nulls make a comparison unknown, as in SQL.

mod column;
mod evaluate;
mod expression;
mod literal;
mod pruning;
mod sql;
#[cfg(test)]
mod tests;

pub(crate) use expression::Filter;
pub(crate) use literal::constant;
