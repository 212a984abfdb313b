//! Values of all types, there and back.

use arrow_array::Array;
use cql_arrow::{DecodeOptions, Decoder, Nulls};
use proptest::prelude::*;
use scylla::frame::response::result::ColumnType;
use scylla::value::CqlValue;

use crate::arbitrary::{NATIVE, cell, types};
use crate::page::{Page, bind};

type Table = (Vec<ColumnType<'static>>, Vec<Vec<Option<CqlValue>>>);

/// Some columns of the types given, with up to eight rows.
fn rows_of(types: Vec<ColumnType<'static>>) -> impl Strategy<Value = Table> {
    let row: Vec<_> = types.iter().map(cell).collect();
    proptest::collection::vec(row, 0..8).prop_map(move |rows| (types.clone(), rows))
}

fn table() -> impl Strategy<Value = Table> {
    proptest::collection::vec(types(), 1..4).prop_flat_map(rows_of)
}

fn natives() -> impl Strategy<Value = Table> {
    Just(NATIVE.map(ColumnType::Native).to_vec()).prop_flat_map(rows_of)
}

proptest! {
    #[test]
    fn rows_of_the_driver_are_decoded_and_encoded_to_the_same_bytes(
        (types, rows) in prop_oneof![table(), natives()],
    ) {
        let page = Page::of_values(&types, &rows);
        let batch = page.decode(DecodeOptions::default()).unwrap();
        prop_assert_eq!(batch.num_rows(), rows.len());
        prop_assert_eq!(bind(&batch, Nulls::Null, &page.specs).unwrap(), page.bytes.as_ref());
    }

    #[test]
    fn a_part_of_a_batch_is_encoded_as_its_rows_are(
        (types, rows) in table(),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let (one, other) = (cut.0.index(rows.len() + 1), cut.1.index(rows.len() + 1));
        let (start, end) = (one.min(other), one.max(other));
        let batch = Page::of_values(&types, &rows).decode(DecodeOptions::default()).unwrap();
        let part = Page::of_values(&types, &rows[start..end]);
        let bound = bind(&batch.slice(start, end - start), Nulls::Null, &part.specs);
        prop_assert_eq!(bound.unwrap(), part.bytes.as_ref());
    }

    #[test]
    fn several_pages_make_a_batch_and_a_decoder_makes_several_batches((types, rows) in table()) {
        let whole = Page::of_values(&types, &[rows.clone(), rows.clone()].concat());
        let page = Page::of_values(&types, &rows);
        let mut decoder = Decoder::new(page.schema(), DecodeOptions::default()).unwrap();
        let empty = decoder.bytes();
        for _ in 0..2 {
            page.append_to(&mut decoder).unwrap();
            page.append_to(&mut decoder).unwrap();
            let bytes = decoder.bytes();
            prop_assert_eq!(decoder.rows(), rows.len() * 2);
            let batch = decoder.finish().unwrap();
            let data = batch.columns().iter().map(|column| column.to_data());
            let sizes = data.map(|data| data.get_slice_memory_size().unwrap());
            // Arrow leaves out the one offset of each part without values.
            let unused = bytes.checked_sub(sizes.sum::<usize>());
            prop_assert!(unused.is_some_and(|unused| unused <= 256), "{unused:?}");
            prop_assert_eq!(batch, whole.decode(DecodeOptions::default()).unwrap());
            prop_assert_eq!((decoder.rows(), decoder.bytes()), (0, empty));
        }
    }
}
