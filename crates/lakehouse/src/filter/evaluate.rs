//! What a condition says of each row.
//!
//! Floats are ordered as Iceberg, Spark and DuckDB order them: NaN is equal to NaN and above all numbers.
//! `-0.0` is `0.0`, as everywhere but in that order.

use std::sync::Arc;

use arrow_arith::boolean::{and_kleene, is_null, not, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow_ord::cmp;
use arrow_schema::{ArrowError, DataType};

use super::expression::{Comparison, Filter};
use super::literal::Literal;
use crate::error::{Error, ErrorKind, Result};

impl Filter {
    /// For each row of a batch: true, false, or null for unknown. `place` finds the column of a field.
    pub(crate) fn evaluate(
        &self,
        batch: &RecordBatch,
        place: &dyn Fn(i32) -> Option<usize>,
    ) -> Result<BooleanArray> {
        self.rows(batch, place).map_err(|source| {
            Error::new(ErrorKind::Internal, "the filter can't be applied").with_source(source)
        })
    }

    /// For each of some sets of rows, of whose columns only the least and the greatest values are known, if at
    /// all: false where the condition is true for none of the rows, null where that is not known.
    pub(crate) fn may_match(&self, sets: usize, bounds: &Bounds<'_>) -> BooleanArray {
        let unknown = || BooleanArray::new_null(sets);
        let all = |parts: &[Filter], join: Join| {
            let parts = parts.iter().map(|part| part.may_match(sets, bounds));
            parts.reduce(|one, other| join(&one, &other).unwrap_or_else(|_| unknown()))
        };
        let known = match self {
            Filter::And(parts) => all(parts, and_kleene),
            Filter::Or(parts) => all(parts, or_kleene),
            Filter::Compare(id, comparison, literal) => {
                may_compare(*id, *comparison, literal, bounds)
            }
            Filter::In(id, literals) => {
                let each = literals.iter();
                let each = each.map(|literal| may_compare(*id, Comparison::Equal, literal, bounds));
                let none = BooleanArray::from(vec![false; sets]);
                each.into_iter().try_fold(none, |found, one| or_kleene(&found, &one?).ok())
            }
            // Bounds say nothing of nulls.
            _ => None,
        };
        known.unwrap_or_else(unknown)
    }

    fn rows(
        &self,
        batch: &RecordBatch,
        place: &dyn Fn(i32) -> Option<usize>,
    ) -> Result<BooleanArray, ArrowError> {
        let column = |id: i32| {
            let column = place(id).and_then(|place| batch.columns().get(place));
            column.ok_or_else(|| ArrowError::SchemaError(format!("no column of the field {id}")))
        };
        let all = |parts: &[Filter], start, join: Join| {
            let start = BooleanArray::from(vec![start; batch.num_rows()]);
            parts.iter().try_fold(start, |sum, part| join(&sum, &part.rows(batch, place)?))
        };
        match self {
            Filter::And(parts) => all(parts, true, and_kleene),
            Filter::Or(parts) => all(parts, false, or_kleene),
            Filter::Not(inner) => not(&inner.rows(batch, place)?),
            Filter::IsNull(id) => is_null(column(*id)?),
            Filter::IsNan(id) => is_nan(column(*id)?),
            Filter::Compare(id, comparison, literal) => {
                compare(&canonical(column(*id)?), *comparison, literal)
            }
            Filter::In(id, literals) => {
                let column = canonical(column(*id)?);
                let none = BooleanArray::from(vec![false; batch.num_rows()]);
                literals.iter().try_fold(none, |found, literal| {
                    or_kleene(&found, &compare(&column, Comparison::Equal, literal)?)
                })
            }
            Filter::StartsWith(id, beginning) => {
                let text = column(*id)?
                    .as_string_opt::<i32>()
                    .ok_or_else(|| ArrowError::SchemaError(format!("the field {id} is no text")))?;
                Ok(text.iter().map(|text| Some(text?.starts_with(beginning))).collect())
            }
        }
    }
}

type Join = fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>;

/// The least and greatest values of a field in each of some sets of rows, null where they are not known.
type Bounds<'a> = dyn Fn(i32) -> Option<(ArrayRef, ArrayRef)> + 'a;

fn may_compare(
    id: i32,
    comparison: Comparison,
    literal: &Literal,
    bounds: &Bounds<'_>,
) -> Option<BooleanArray> {
    let (least, greatest) = bounds(id)?;
    let least = |comparison| compare(&least, comparison, literal).ok();
    let greatest = |comparison| compare(&greatest, comparison, literal).ok();
    match comparison {
        Comparison::Less | Comparison::LessOrEqual => least(comparison),
        Comparison::Greater | Comparison::GreaterOrEqual => greatest(comparison),
        Comparison::Equal => {
            and_kleene(&least(Comparison::LessOrEqual)?, &greatest(Comparison::GreaterOrEqual)?)
                .ok()
        }
        Comparison::NotEqual => None,
    }
}

fn compare(
    column: &ArrayRef,
    comparison: Comparison,
    literal: &Literal,
) -> Result<BooleanArray, ArrowError> {
    let literal = Scalar::new(canonical(&literal.array));
    match comparison {
        Comparison::Equal => cmp::eq(column, &literal),
        Comparison::NotEqual => cmp::neq(column, &literal),
        Comparison::Less => cmp::lt(column, &literal),
        Comparison::LessOrEqual => cmp::lt_eq(column, &literal),
        Comparison::Greater => cmp::gt(column, &literal),
        Comparison::GreaterOrEqual => cmp::gt_eq(column, &literal),
    }
}

/// Floats with one NaN, which is above all numbers in Arrow's order, and one zero. Other types as they are.
fn canonical(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float32 => {
            let one = |number: f32| if number.is_nan() { f32::NAN.abs() } else { number + 0.0 };
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(one))
        }
        DataType::Float64 => {
            let one = |number: f64| if number.is_nan() { f64::NAN.abs() } else { number + 0.0 };
            Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(one))
        }
        _ => Arc::clone(array),
    }
}

fn is_nan(array: &ArrayRef) -> Result<BooleanArray, ArrowError> {
    Ok(match array.data_type() {
        DataType::Float32 => {
            BooleanArray::from_unary(array.as_primitive::<Float32Type>(), f32::is_nan)
        }
        DataType::Float64 => {
            BooleanArray::from_unary(array.as_primitive::<Float64Type>(), f64::is_nan)
        }
        other => return Err(ArrowError::SchemaError(format!("{other} has no NaN"))),
    })
}
