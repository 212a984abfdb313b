//! Values of every CQL type, with their edges, for whatever must not change them.

/// Columns of every type that is not made of others.
pub const PLAIN_COLUMNS: &str = "a ascii, b bigint, c blob, d boolean, e date, g double, h duration, \
    i float, j inet, k int, l smallint, m text, n time, o timestamp, p timeuuid, q tinyint, r uuid, \
    s varint, t varchar";

/// Values of these columns as CQL literals, with their edges.
pub const PLAIN_ROWS: [&str; 4] = [
    "'ascii', 1, 0xcafe, true, '2024-02-29', 0.1, 1y2mo3d4h5m6s7ms8us9ns, 0.1, '127.0.0.1', 1, \
     1, 'text', '12:34:56.789', '2024-02-29T12:34:56.789Z', 50554d6e-29bb-11e5-b345-feff819cdc9f, 1, \
     123e4567-e89b-12d3-a456-426614174000, 1, 'varchar'",
    "'', 9223372036854775807, 0x, false, '9999-12-31', \
     1.7976931348623157E308, 178956970y, 3.4028235E38, \
     '2001:db8::1', 2147483647, 32767, '\"quotes\" ''and'' \\ back\nslash\t日本🦀', \
     '23:59:59.999999999', '9999-12-31T23:59:59.999Z', ffffffff-ffff-1fff-bfff-ffffffffffff, 127, \
     ffffffff-ffff-ffff-ffff-ffffffffffff, 1234567890123456789012345678901234567890, ''",
    "'~', -9223372036854775808, 0x00ff80, true, '1969-12-31', 4.9E-324, -1mo2d3ns, 1.4E-45, \
     '::', -2147483648, -32768, 'null', '00:00:00', '1969-12-31T23:59:59.999Z', \
     00000000-0000-1000-8080-808080808080, -128, 00000000-0000-0000-0000-000000000000, \
     -1234567890123456789012345678901234567890, 'NaN'",
    "'x', 0, 0x00, false, '0001-01-01', -0.0, 0s, -0.0, '::1', 0, 0, '{\"a\": 1}', \
     '00:00:00.000000001', 0, d2177dd0-eaa2-11de-a572-001b779c76e3, 0, \
     123e4567-e89b-42d3-a456-426614174000, 0, ' '",
];

/// The names of [`PLAIN_COLUMNS`].
pub fn plain_names() -> Vec<&'static str> {
    PLAIN_COLUMNS.split(", ").filter_map(|column| column.split_whitespace().next()).collect()
}
