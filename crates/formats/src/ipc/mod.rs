//! Arrow IPC: the file format, with a footer, for files; the stream format for pipes.

mod message;
mod reader;
mod writer;

pub(crate) use reader::IpcFile;
pub(crate) use writer::IpcWriter;
