//! Manifests: the lists of files that snapshots are made of, as a commit adds them.

mod folder;
mod manifests;
mod removals;

pub(crate) use folder::MetadataFolder;
pub(crate) use manifests::Manifests;
pub(crate) use removals::Removals;
