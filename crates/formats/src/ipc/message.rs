//! A message of Arrow's IPC, looked through before it is decoded.
//!
//! A compressed buffer begins with its length before it was compressed, and its decoder makes room for that
//! much: eight bytes could ask for more than there is, which ends the process.

use arrow_ipc::root_as_message;
use arrow_schema::ArrowError;

use crate::expansion::is_plausible;

/// How long the body after a message is; nothing if it is no message.
pub(super) fn body_length(message: &[u8]) -> Option<u64> {
    root_as_message(message).ok().and_then(|message| u64::try_from(message.bodyLength()).ok())
}

/// Refuses buffers that would be far longer than their compressed bytes can be.
pub(super) fn check(message: &[u8], body: &[u8]) -> Result<(), ArrowError> {
    // What is no message, and what is not there, is for the decoder to refuse.
    let Ok(message) = root_as_message(message) else { return Ok(()) };
    let of_dictionary = || message.header_as_dictionary_batch().and_then(|batch| batch.data());
    let Some(batch) = message.header_as_record_batch().or_else(of_dictionary) else {
        return Ok(());
    };
    if batch.compression().is_none() {
        return Ok(());
    }
    for buffer in batch.buffers().iter().flatten() {
        let range =
            usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let bytes = range.and_then(|(start, length)| body.get(start..)?.get(..length));
        let Some((length, bytes)) = bytes.and_then(|bytes| bytes.split_first_chunk()) else {
            continue;
        };
        // A negative one says that nothing is compressed.
        let length = u64::try_from(i64::from_le_bytes(*length)).unwrap_or(0);
        if !is_plausible(length, bytes.len() as u64) {
            let why = "a buffer is far longer than its compressed bytes can be";
            return Err(ArrowError::IpcError(why.to_owned()));
        }
    }
    Ok(())
}
