//! The part of a condition that whole files can be passed over by.
//!
//! It is true for every row for which the condition is, and for more. What is left out: types whose bounds some
//! writers get wrong (uuids, which Java has compared as signed numbers) or that the `iceberg` crate does not
//! compare (decimals of other precisions, binary), columns whose type was once another, and comparisons that a
//! NaN meets, since bounds do not tell of NaNs.

use iceberg::expr::{Predicate, Reference};
use iceberg::spec::{Datum, PrimitiveType, SnapshotRef, TableMetadata, Type};

use super::expression::{Comparison, Filter};
use super::literal::Literal;

impl Filter {
    /// `None` if all files may have rows for it.
    pub(crate) fn pruning(
        &self,
        metadata: &TableMetadata,
        snapshot: &SnapshotRef,
    ) -> Option<Predicate> {
        let schema = snapshot.schema(metadata).ok()?;
        let column = |id: i32| {
            let field = schema.as_struct().field_by_id(id)?;
            let Type::Primitive(typ) = field.field_type.as_ref() else { return None };
            let is_same = metadata.schemas_iter().all(|schema| {
                schema.field_by_id(id).is_none_or(|other| other.field_type == field.field_type)
            });
            // Names with dots may also be paths to fields within columns.
            let is_plain = schema.field_id_by_name(&field.name) == Some(id);
            (is_same && is_plain && field.initial_default.is_none())
                .then(|| Column { reference: Reference::new(&field.name), typ: typ.clone() })
        };
        let predicate = prune(self, false, &column);
        (predicate != Predicate::AlwaysTrue).then_some(predicate)
    }
}

struct Column {
    reference: Reference,
    typ: PrimitiveType,
}

/// What must hold where a condition is true, or where it is false.
fn prune(filter: &Filter, is_negated: bool, column: &dyn Fn(i32) -> Option<Column>) -> Predicate {
    let parts =
        |parts: &[Filter]| parts.iter().map(|part| prune(part, is_negated, column)).collect();
    let known = match filter {
        Filter::Not(inner) => return prune(inner, !is_negated, column),
        Filter::And(all) if is_negated => return balanced(parts(all), Predicate::or),
        Filter::Or(all) if !is_negated => return balanced(parts(all), Predicate::or),
        Filter::And(all) | Filter::Or(all) => return balanced(parts(all), Predicate::and),
        Filter::IsNull(id) => column(*id).map(|column| match is_negated {
            false => column.reference.is_null(),
            true => column.reference.is_not_null(),
        }),
        Filter::IsNan(id) => column(*id).map(|column| match is_negated {
            false => column.reference.is_nan(),
            true => Predicate::AlwaysTrue,
        }),
        Filter::Compare(id, comparison, literal) => {
            let comparison = if is_negated { comparison.negated() } else { *comparison };
            column(*id).and_then(|column| compared(column, comparison, literal))
        }
        Filter::In(_, _) | Filter::StartsWith(_, _) if is_negated => None,
        Filter::In(id, literals) => column(*id).and_then(|column| {
            let datums = literals.iter().map(datum).collect::<Option<Vec<_>>>()?;
            Some(column.reference.is_in(datums))
        }),
        Filter::StartsWith(id, beginning) => {
            column(*id).map(|column| column.reference.starts_with(Datum::string(beginning)))
        }
    };
    known.unwrap_or(Predicate::AlwaysTrue)
}

fn compared(column: Column, comparison: Comparison, literal: &Literal) -> Option<Predicate> {
    let is_float = matches!(column.typ, PrimitiveType::Float | PrimitiveType::Double);
    let (reference, datum) = (column.reference, datum(literal)?);
    Some(match comparison {
        Comparison::Equal => reference.equal_to(datum),
        Comparison::Less => reference.less_than(datum),
        Comparison::LessOrEqual => reference.less_than_or_equal_to(datum),
        // A NaN is above all numbers, and other than all.
        _ if is_float => return None,
        Comparison::NotEqual => reference.not_equal_to(datum),
        Comparison::Greater => reference.greater_than(datum),
        Comparison::GreaterOrEqual => reference.greater_than_or_equal_to(datum),
    })
}

fn datum(literal: &Literal) -> Option<Datum> {
    literal.datum.clone()
}

/// Many conditions as a tree of little depth, as Iceberg's visitors go down into it.
fn balanced(mut parts: Vec<Predicate>, join: fn(Predicate, Predicate) -> Predicate) -> Predicate {
    match parts.len() {
        0 => Predicate::AlwaysTrue,
        1 => parts.remove(0),
        len => {
            let rest = parts.split_off(len / 2);
            join(balanced(parts, join), balanced(rest, join))
        }
    }
}
