//! Bytes that no cluster would send: an error at most, never a panic, and nothing of them stays.

use cql_arrow::{DecodeOptions, Decoder, EmptyValues, ErrorKind, Nulls};
use proptest::collection::vec;
use proptest::prelude::*;
use scylla::frame::response::result::ColumnType;
use scylla::value::CqlValue;

use crate::arbitrary::{cell, types};
use crate::page::{Page, bind};

fn value() -> impl Strategy<Value = (ColumnType<'static>, Vec<Option<CqlValue>>)> {
    types().prop_flat_map(|typ| (Just(typ.clone()), vec(cell(&typ), 1..4)))
}

/// Decodes good rows, then a page of a hostile cell after good ones, then the good rows again.
fn withstands(page: &Page, typ: &ColumnType<'static>, hostile: &[u8]) -> Result<(), TestCaseError> {
    for empty in [EmptyValues::Refuse, EmptyValues::Null] {
        let mut decoder = Decoder::new(page.schema(), DecodeOptions { empty }).unwrap();
        page.append_to(&mut decoder).unwrap();
        let (rows, bytes) = (decoder.rows(), decoder.bytes());
        let bad = Page::of_cells(typ, &[None, Some(hostile), None]);
        match bad.append_to(&mut decoder) {
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Value);
                prop_assert_eq!(error.column(), Some("c0"));
                prop_assert_eq!(decoder.rows(), rows);
                prop_assert!(decoder.bytes() <= bytes + 64, "what was taken back still counts");
                page.append_to(&mut decoder).unwrap();
                let batch = decoder.finish().unwrap();
                let bound = bind(&batch, Nulls::Null, &page.specs).unwrap();
                prop_assert_eq!(bound, [page.bytes.as_ref(), page.bytes.as_ref()].concat());
            }
            // What is taken for a value is one: it is written, and then read the same.
            Ok(()) => {
                let batch = decoder.finish().unwrap();
                let Ok(bound) = bind(&batch, Nulls::Null, &page.specs) else {
                    prop_assert_eq!(
                        empty,
                        EmptyValues::Null,
                        "only nulls in vectors can't be bound"
                    );
                    continue;
                };
                let again = Page { specs: bad.specs, rows: rows + 3, bytes: bound.into() };
                prop_assert_eq!(batch, again.decode(DecodeOptions { empty }).unwrap());
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes((typ, values) in value(), hostile in vec(any::<u8>(), 0..64)) {
        let rows: Vec<_> = values.into_iter().map(|value| vec![value]).collect();
        let page = Page::of_values(std::slice::from_ref(&typ), &rows);
        withstands(&page, &typ, &hostile)?;
    }

    #[test]
    fn values_that_were_damaged(
        (typ, values) in value(),
        cut in any::<prop::sample::Index>(),
        flips in vec(any::<(prop::sample::Index, u8)>(), 0..3),
        more in vec(any::<u8>(), 0..3),
    ) {
        let rows: Vec<_> = values.into_iter().map(|value| vec![value]).collect();
        let page = Page::of_values(std::slice::from_ref(&typ), &rows);
        let first = &page.bytes[4..];
        let mut hostile = first[..cut.index(first.len() + 1)].to_vec();
        for (at, byte) in flips {
            if !hostile.is_empty() {
                let at = at.index(hostile.len());
                hostile[at] = byte;
            }
        }
        hostile.extend(more);
        withstands(&page, &typ, &hostile)?;
    }

    #[test]
    fn a_page_that_ends_too_early((typ, values) in value(), cut in any::<prop::sample::Index>()) {
        let rows: Vec<_> = values.into_iter().map(|value| vec![value]).collect();
        let mut page = Page::of_values(std::slice::from_ref(&typ), &rows);
        page.bytes.truncate(cut.index(page.bytes.len()));
        let error = page.decode(DecodeOptions::default()).unwrap_err();
        prop_assert_eq!(error.to_string(), "a row of a page ends too early");
    }
}
