//! One file, written.

use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::format::FileOptions;
use crate::location::Location;
use crate::object::Upload;
use crate::pieces::Pieces;

/// One file being written. It is invisible until [`FileWriter::finish`]; dropping or aborting it leaves
/// nothing visible.
///
/// **Memory.** A writer holds the piece that is under way and the one being filled: 2 MiB on a local
/// disk, 10 MiB in an object store (128 MiB in files beyond 24 GiB, which need larger parts); and for
/// Parquet a row group, up to twice [`ParquetOptions::row_group_bytes`](crate::ParquetOptions).
pub struct FileWriter {
    upload: Upload,
    encoder: Encoder<Pieces>,
    schema: SchemaRef,
    rows: u64,
    /// A write has failed, or was begun and never ended: something may be missing in the middle.
    broken: bool,
    /// Bytes that are encoded, or about to be, and not yet taken by the upload.
    held: u64,
    memory: u64,
}

/// A file that is whole, visible and durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Its name in its location.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, as lower-case hexadecimal digits.
    pub sha256: String,
}

impl FileWriter {
    /// Begins a file for batches of `schema`. A file of the same name is replaced at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for options that do not go together or do not
    /// suit the schema, or a bad name; or the store's, where the file can't be begun.
    pub async fn create(
        location: &Location,
        name: &str,
        schema: SchemaRef,
        options: &FileOptions,
    ) -> Result<Self> {
        // What the options refuse is refused before anything is made.
        options.check()?;
        let upload = Upload::create(location, name).await?;
        let encoder = Encoder::new(Pieces::new(upload.piece_bytes()), &schema, options, false)?;
        Ok(FileWriter { upload, encoder, schema, rows: 0, broken: false, held: 0, memory: 0 })
    }

    /// Writes a batch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a value that the format can't have, or the store's.
    /// The file can't be finished after an error, nor after the future was dropped before its end.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.broken {
            return Err(self.upload.closed());
        }
        self.broken = true;
        match self.encode(batch).await {
            Ok(()) => self.broken = false,
            Err(error) => {
                self.upload.abort().await;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn encode(&mut self, batch: &RecordBatch) -> Result<()> {
        check_schema(&self.schema, batch).map_err(|error| error.about(self.shown()))?;
        let about = |upload: &Upload, error: Error| error.about(upload.shown());
        let rows = self.encoder.rows(batch);
        let mut rows = rows.map_err(|error| about(&self.upload, error))?;
        while self.encoder.encode(&mut rows).map_err(|error| about(&self.upload, error))? {
            hand_over(&mut self.upload, self.encoder.get_mut()).await?;
        }
        self.rows += batch.num_rows() as u64;
        self.weigh();
        Ok(())
    }

    fn weigh(&mut self) {
        let waiting = self.encoder.get_mut().len();
        self.held = (waiting + self.encoder.buffered()) as u64;
        self.memory = (waiting + self.encoder.memory()) as u64;
    }

    /// Lets go of what is held back to make the file a better one: a row group of Parquet ends, however
    /// small it is. For whoever writes many files, and has no room for a row group of each.
    ///
    /// # Errors
    ///
    /// As [`FileWriter::write`].
    pub async fn let_go(&mut self) -> Result<()> {
        if self.broken {
            return Err(self.upload.closed());
        }
        self.broken = true;
        let ended = self.encoder.end_group().map_err(|error| error.about(self.upload.shown()));
        let done = match ended {
            Ok(()) => hand_over(&mut self.upload, self.encoder.get_mut()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            self.upload.abort().await;
            return Err(error);
        }
        self.broken = false;
        self.weigh();
        Ok(())
    }

    /// About how many bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The size that the file would have if it were finished now; estimated for what is not encoded yet.
    pub fn bytes(&self) -> u64 {
        self.upload.bytes() + self.held
    }

    /// Ends the file, and makes it visible and durable.
    ///
    /// # Errors
    ///
    /// The store's, or where an earlier write failed. Nothing is visible then.
    pub async fn finish(self) -> Result<WrittenFile> {
        let FileWriter { mut upload, encoder, rows, broken, .. } = self;
        if broken {
            upload.abort().await;
            return Err(upload.closed());
        }
        let ended = encoder.finish();
        let mut content = match ended {
            Ok(content) => content,
            Err(error) => {
                upload.abort().await;
                return Err(error.about(upload.shown()));
            }
        };
        hand_over(&mut upload, &mut content).await?;
        let sum = upload.finish(content.take_all()).await?;
        let name = upload.name().to_owned();
        Ok(WrittenFile { name, rows, bytes: sum.bytes, sha256: sum.sha256 })
    }

    /// Gives the file up. Nothing of it remains.
    ///
    /// # Errors
    ///
    /// None today. What could not be removed is not visible; see [`Location::remove_unfinished`].
    pub async fn abort(mut self) -> Result<()> {
        self.upload.abort().await;
        Ok(())
    }

    fn shown(&self) -> String {
        self.upload.shown()
    }
}

impl fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWriter").field("file", &self.shown()).finish_non_exhaustive()
    }
}

/// Takes from `content` as many whole pieces as there are.
async fn hand_over(upload: &mut Upload, content: &mut Pieces) -> Result<()> {
    // All parts of an upload but the last must be of one size for some stores.
    while let Some(piece) = content.take(upload.piece_bytes()) {
        upload.write(piece).await?;
    }
    Ok(())
}

/// Batches of another schema would make a file that is not what its header says.
pub(crate) fn check_schema(schema: &SchemaRef, batch: &RecordBatch) -> Result<()> {
    if batch.schema_ref() == schema {
        return Ok(());
    }
    Err(Error::request(format!(
        "a batch has another schema than the file: {} instead of {schema}",
        batch.schema_ref()
    )))
}
