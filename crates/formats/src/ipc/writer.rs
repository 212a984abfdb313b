//! Batches into files and pipes.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, Schema};

use crate::compression::Compression;
use crate::error::{Error, Result};

/// Writes batches, each as it comes.
pub(crate) enum IpcWriter<W: Write> {
    File(Box<FileWriter<W>>),
    Stream(Box<StreamWriter<W>>),
}

impl<W: Write> IpcWriter<W> {
    pub(crate) fn file(out: W, schema: &Schema, compression: Compression) -> Result<Self> {
        let writer = FileWriter::try_new_with_options(out, schema, options(compression)?);
        Ok(IpcWriter::File(Box::new(writer.map_err(failed)?)))
    }

    pub(crate) fn stream(out: W, schema: &Schema, compression: Compression) -> Result<Self> {
        let writer = StreamWriter::try_new_with_options(out, schema, options(compression)?);
        Ok(IpcWriter::Stream(Box::new(writer.map_err(failed)?)))
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            IpcWriter::File(writer) => writer.write(batch).map_err(failed),
            IpcWriter::Stream(writer) => writer.write(batch).map_err(failed),
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        match self {
            IpcWriter::File(writer) => writer.get_mut(),
            IpcWriter::Stream(writer) => writer.get_mut(),
        }
    }

    pub(crate) fn finish(self) -> Result<W> {
        match self {
            IpcWriter::File(writer) => writer.into_inner().map_err(failed),
            IpcWriter::Stream(writer) => writer.into_inner().map_err(failed),
        }
    }
}

fn options(compression: Compression) -> Result<IpcWriteOptions> {
    let compression = match compression {
        Compression::Lz4 => Some(CompressionType::LZ4_FRAME),
        Compression::Zstd => Some(CompressionType::ZSTD),
        _ => None,
    };
    IpcWriteOptions::default().try_with_compression(compression).map_err(failed)
}

fn failed(source: ArrowError) -> Error {
    Error::of_data("Arrow could not be written", source)
}
