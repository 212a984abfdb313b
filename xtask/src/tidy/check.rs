//! All rules together.

use anyhow::Result;

use super::{arrows, sources};

/// Everything that is not as it should be, one line each; empty when all is well.
pub fn check() -> Result<Vec<String>> {
    let mut found = sources::check()?;
    found.extend(arrows::check()?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_is_tidy() {
        let found = super::check().unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}
