//! Local disks that are full, or not ours.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use formats::{ErrorKind, FileOptions, FileWriter, Location};

use crate::sample::{batch, schema};

/// A file system of one MiB, while it is kept.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(SmallDisk(folder)),
            _ => None,
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_left_on_it() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("NOT tested: a full disk; mounting a tmpfs takes root");
        return;
    };
    let path = disk.0.path();
    let location = Location::parse(path.to_str().unwrap()).unwrap();
    location.put("before", Bytes::from_static(b"1")).await.unwrap();
    let error = location.put("a", vec![1; 2 << 20].into()).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Full, false), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert_eq!(files(path), 1);
    let options = FileOptions { format: "csv".parse().unwrap(), ..FileOptions::default() };
    let mut writer = FileWriter::create(&location, "a.csv", schema(), &options).await.unwrap();
    let rows = batch(5000);
    let error = loop {
        if let Err(error) = writer.write(&rows).await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Full, "{error:?}");
    assert_eq!(files(path), 1, "what was written is gone at once, so that there is space again");
    assert!(writer.finish().await.is_err());
    location.put("after", vec![1; 1 << 19].into()).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_must_not_be_written_is_told() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("NOT tested: a read-only disk; mounting a tmpfs takes root");
        return;
    };
    let path = disk.0.path();
    let location = Location::parse(path.to_str().unwrap()).unwrap();
    location.put("a", Bytes::from_static(b"1")).await.unwrap();
    let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(path).status().unwrap();
    assert!(remount.success());
    for error in [location.put("a", Bytes::new()).await, location.delete("a").await] {
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Denied, false), "{error:?}");
    }
    assert_eq!(location.read("a").await.unwrap(), "1");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let location = Location::parse(folder.path().join("file/in").to_str().unwrap()).unwrap();
    let error = location.put("a", Bytes::new()).await.unwrap_err();
    assert!(error.to_string().contains("file/in/a"), "{error}");
    let error = Location::parse("/proc/none").unwrap().put("a", Bytes::new()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied), "{error:?}");
}

#[tokio::test]
async fn a_link_to_a_folder_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("real")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
    let location = Location::parse(folder.path().join("link").to_str().unwrap()).unwrap();
    location.put("d/a", Bytes::from_static(b"1")).await.unwrap();
    assert!(folder.path().join("real/d/a").exists());
    assert_eq!(location.list().await.unwrap().len(), 1);
}
