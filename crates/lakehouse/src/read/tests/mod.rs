//! Tables made file by file and snapshot by snapshot, and read.

mod deletes;
mod evolution;
mod filters;
mod fixture;
mod pins;
mod round_trip;
mod tasks;
