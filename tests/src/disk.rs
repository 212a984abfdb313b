//! A small disk of a test's own, in memory, that fills up.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// A disk; gone when dropped.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// Mounts one of a size such as `5M`. `None`, said aloud, where it cannot be mounted.
    ///
    /// # Errors
    ///
    /// Where there is no folder to mount it on.
    pub fn mount(size: &str) -> Result<Option<Disk>> {
        let folder = tempfile::tempdir()?;
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Some(Disk(folder))),
            other => {
                // Past the test harness, which keeps what tests print to itself.
                let _ = writeln!(
                    std::io::stderr(),
                    "\nNOT TESTED: no disk can be mounted, so none can be full: {other:?}\n"
                );
                Ok(None)
            }
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives it another size.
    ///
    /// # Errors
    ///
    /// Where that is not possible.
    pub fn grow(&self, size: &str) -> Result<()> {
        let options = format!("remount,size={size}");
        let status = Command::new("mount").args(["-o", &options]).arg(self.path()).status()?;
        ensure!(status.success(), "the disk does not grow");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where this fails the folder cannot be removed either, which is for the next start.
        let _ = Command::new("umount").arg(self.path()).status();
    }
}
