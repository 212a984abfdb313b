//! The parts that values are made of: section 3 of the protocol.

/// As many bytes as are asked for.
pub(crate) fn take<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(taken)
}

/// An `[int]`.
pub(crate) fn int(input: &mut &[u8]) -> Option<i32> {
    let (taken, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(i32::from_be_bytes(*taken))
}

/// A `[bytes]`; any negative length is null, as section 3 has it.
pub(crate) fn bytes<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match usize::try_from(int(input)?) {
        Ok(len) => take(input, len).map(Some),
        Err(_) => Some(None),
    }
}
