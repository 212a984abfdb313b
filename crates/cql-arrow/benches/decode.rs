//! What a row costs between the socket and an Arrow batch: our decoder beside the driver's two ways to
//! read rows, a tuple of Rust types and a row of `CqlValue`s. `cargo bench -p cql-arrow`.

use std::error::Error;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Float64Builder, Int32Builder, StringBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use cql_arrow::{BoundRows, DecodeOptions, Decoder, MappingOptions, Nulls, schema};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use scylla::deserialize::FrameSlice;
use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::{ColumnIterator, DeserializeRow};
use scylla::frame::response::result::{ColumnSpec, ColumnType, NativeType, TableSpec};
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::value::{CqlTimestamp, CqlValue, Row};
use scylla_cql_core::deserialize::result::RawRowIterator;
use uuid::Uuid;

/// About a megabyte, as pages are asked for.
const ROWS: u64 = 12_000;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let page = Page::new();
    let batch = page.decode()?;
    if batch != page.decode_tuples()?
        || batch != page.decode_values()?
        || page.bind(&batch)? != page.bytes
    {
        return Err("what is compared does not do the same".into());
    }
    divan::main();
    Ok(())
}

#[divan::bench]
fn decoder(bencher: Bencher<'_, '_>) {
    let page = Page::new();
    let (rows, bytes) = page.counters();
    bencher.counter(rows).counter(bytes).bench(|| page.decode());
}

#[divan::bench]
fn driver_tuples(bencher: Bencher<'_, '_>) {
    let page = Page::new();
    let (rows, bytes) = page.counters();
    bencher.counter(rows).counter(bytes).bench(|| page.decode_tuples());
}

#[divan::bench]
fn driver_values(bencher: Bencher<'_, '_>) {
    let page = Page::new();
    let (rows, bytes) = page.counters();
    bencher.counter(rows).counter(bytes).bench(|| page.decode_values());
}

/// The way back: a batch bound to a statement.
#[divan::bench]
fn bound_rows(bencher: Bencher<'_, '_>) {
    let page = Page::new();
    let (rows, bytes) = page.counters();
    let batch = page.decode();
    bencher.counter(rows).counter(bytes).bench(|| page.bind(batch.as_ref().ok()?).ok());
}

/// A page of `(uuid, int, text, double, timestamp)`.
struct Page {
    specs: Vec<ColumnSpec<'static>>,
    bytes: Bytes,
}

type Outcome = Result<RecordBatch, Box<dyn Error + Send + Sync>>;

impl Page {
    fn new() -> Self {
        let columns = [
            ("id", NativeType::Uuid),
            ("quantity", NativeType::Int),
            ("name", NativeType::Text),
            ("price", NativeType::Double),
            ("at", NativeType::Timestamp),
        ];
        let table = TableSpec::borrowed("shop", "orders");
        let spec =
            |(name, native)| ColumnSpec::borrowed(name, ColumnType::Native(native), table.clone());
        let mut bytes = Vec::new();
        let mut cell = |cell: &[u8]| {
            bytes.extend_from_slice(&u32::try_from(cell.len()).unwrap_or(0).to_be_bytes());
            bytes.extend_from_slice(cell);
        };
        for row in 0..ROWS {
            let scattered = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            cell(&(u128::from(scattered) << 64 | u128::from(row)).to_be_bytes());
            cell(&scattered.to_be_bytes()[..4]);
            cell(format!("customer {scattered:x}").as_bytes());
            cell(&scattered.to_be_bytes());
            cell(&(1_700_000_000_000 + row).to_be_bytes());
        }
        Page { specs: columns.into_iter().map(spec).collect(), bytes: bytes.into() }
    }

    fn counters(&self) -> (ItemsCount, BytesCount) {
        (ItemsCount::new(ROWS), BytesCount::new(self.bytes.len()))
    }

    fn schema(&self) -> Result<SchemaRef, cql_arrow::Error> {
        let columns = self.specs.iter().map(|spec| (spec.name(), spec.typ()));
        schema(columns, &MappingOptions::default()).map(Arc::new)
    }

    fn rows<'a, R: DeserializeRow<'a, 'a>>(
        &'a self,
    ) -> Result<TypedRowIterator<'a, 'a, R>, Box<dyn Error + Send + Sync>> {
        let rows = usize::try_from(ROWS)?;
        let raw = RawRowIterator::new(rows, &self.specs, FrameSlice::new(&self.bytes));
        Ok(TypedRowIterator::new(raw)?)
    }

    fn decode(&self) -> Outcome {
        let mut decoder = Decoder::new(self.schema()?, DecodeOptions::default())?;
        decoder.append_rows(&self.specs, self.rows::<ColumnIterator<'_, '_>>()?)?;
        Ok(decoder.finish()?)
    }

    fn decode_tuples(&self) -> Outcome {
        let mut builders = Builders::new();
        for row in self.rows::<(Uuid, i32, &str, f64, CqlTimestamp)>()? {
            let (id, quantity, name, price, at) = row?;
            builders.append(id, quantity, name, price, at)?;
        }
        builders.finish(self.schema()?)
    }

    fn decode_values(&self) -> Outcome {
        let mut builders = Builders::new();
        for row in self.rows::<Row>()? {
            let row = row?;
            match row.columns.as_slice() {
                [
                    Some(CqlValue::Uuid(id)),
                    Some(CqlValue::Int(quantity)),
                    Some(CqlValue::Text(name)),
                    Some(CqlValue::Double(price)),
                    Some(CqlValue::Timestamp(at)),
                ] => builders.append(*id, *quantity, name, *price, *at)?,
                _ => return Err("a row of other types".into()),
            }
        }
        builders.finish(self.schema()?)
    }

    fn bind(&self, batch: &RecordBatch) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let rows = BoundRows::new(batch, Nulls::Null)?;
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for row in rows.iter() {
            let context = RowSerializationContext::from_specs(&self.specs);
            row.serialize(&context, &mut RowWriter::new(&mut bytes))?;
        }
        Ok(bytes)
    }
}

/// What a program has that reads rows with the driver and makes batches of them.
struct Builders {
    ids: FixedSizeBinaryBuilder,
    quantities: Int32Builder,
    names: StringBuilder,
    prices: Float64Builder,
    ats: TimestampMillisecondBuilder,
}

impl Builders {
    fn new() -> Self {
        Builders {
            ids: FixedSizeBinaryBuilder::new(16),
            quantities: Int32Builder::new(),
            names: StringBuilder::new(),
            prices: Float64Builder::new(),
            ats: TimestampMillisecondBuilder::new().with_timezone("UTC"),
        }
    }

    fn append(
        &mut self,
        id: Uuid,
        quantity: i32,
        name: &str,
        price: f64,
        at: CqlTimestamp,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.ids.append_value(id.as_bytes())?;
        self.quantities.append_value(quantity);
        self.names.append_value(name);
        self.prices.append_value(price);
        self.ats.append_value(at.0);
        Ok(())
    }

    fn finish(mut self, schema: SchemaRef) -> Outcome {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.ids.finish()),
            Arc::new(self.quantities.finish()),
            Arc::new(self.names.finish()),
            Arc::new(self.prices.finish()),
            Arc::new(self.ats.finish()),
        ];
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}
