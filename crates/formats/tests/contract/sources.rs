//! Files are found by a path, a URL of a folder, or a pattern.

use std::fs;

use formats::{ErrorKind, SourceFile, sources};
use tempfile::TempDir;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "a.csv",
        "b.csv.gz",
        "odd[1].csv",
        "day=1/x=%2F/a.csv",
        "day=1/a.json",
        "day=__HIVE_DEFAULT_PARTITION__/a.csv",
        "_day=2/a.csv",
        "_SUCCESS",
        ".hidden/a.csv",
        "_temporary/0/a.csv",
        "deep/er/c.csv",
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    folder
}

async fn names(text: &str) -> Vec<String> {
    sources(text).await.unwrap().into_iter().map(|file| file.name).collect()
}

#[tokio::test]
async fn a_folder_has_all_files_but_hidden_ones() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    let expected = [
        "_day=2/a.csv",
        "a.csv",
        "b.csv.gz",
        "day=1/a.json",
        "day=1/x=%2F/a.csv",
        "day=__HIVE_DEFAULT_PARTITION__/a.csv",
        "deep/er/c.csv",
        "odd[1].csv",
    ];
    assert_eq!(names(path).await, expected);
    assert_eq!(names(&format!("{path}/")).await, expected);
    assert_eq!(names(&format!("file://{path}")).await, expected);
    let found = sources(path).await.unwrap();
    let partition = |index: usize| found[index].partition.clone();
    let pair = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    assert_eq!(partition(0), [pair("_day", "2")]);
    assert_eq!(partition(1), []);
    assert_eq!(partition(4), [pair("day", "1"), pair("x", "/")]);
    assert_eq!(partition(5), [("day".to_owned(), None)]);
    for file in &found {
        let SourceFile { location, name, bytes, version, .. } = file;
        assert_eq!(*bytes, name.len() as u64);
        assert_eq!(location.read(name).await.unwrap(), name.as_str());
        assert_eq!(location.head(name).await.unwrap().version, *version);
    }
}

#[tokio::test]
async fn a_file_is_found_by_its_name_also_one_that_looks_like_a_pattern() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    for (text, name) in [
        ("a.csv", "a.csv"),
        ("odd[1].csv", "odd[1].csv"),
        ("_SUCCESS", "_SUCCESS"),
        (".hidden/a.csv", "a.csv"),
        ("day=1/a.json", "a.json"),
    ] {
        assert_eq!(names(&format!("{path}/{text}")).await, [name], "{text}");
        let found = sources(&format!("{path}/{text}")).await.unwrap();
        assert!(found[0].partition.is_empty(), "what is below the file's own folder counts");
    }
    assert_eq!(names(&format!("file://{path}/day=1/a.json")).await, ["a.json"]);
}

#[tokio::test]
async fn patterns_fit_names_and_folders() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    for (pattern, expected) in [
        ("*.csv", &["a.csv", "odd[1].csv"][..]),
        ("?.csv", &["a.csv"]),
        ("[ab].csv*", &["a.csv", "b.csv.gz"]),
        ("{a.csv,deep/*/c.csv}", &["a.csv", "deep/er/c.csv"]),
        ("day=*/a.*", &["day=1/a.json", "day=__HIVE_DEFAULT_PARTITION__/a.csv"]),
        ("deep/**/*.csv", &["er/c.csv"]),
        (".hid*/*.csv", &[".hidden/a.csv"]),
        ("_temp*/**", &["_temporary/0/a.csv"]),
    ] {
        // The folder of a pattern is the lowest one above it.
        let found = sources(&format!("{path}/{pattern}")).await.unwrap();
        let found: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
        let expected: Vec<&str> =
            expected.iter().map(|name| name.strip_prefix("deep/").unwrap_or(name)).collect();
        let found: Vec<&str> =
            found.iter().map(|name| name.strip_prefix("deep/").unwrap_or(name)).collect();
        assert_eq!(found, expected, "{pattern}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for text in ["none", "none.csv", "empty", "*.none", "none/*.csv", "day=1/a.json/x"] {
        let error = sources(&format!("{path}/{text}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{text}: {error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    for text in ["", "ftp://host/*.csv", "[", "s3://key:hunter2@bucket/*"] {
        let error = sources(text).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Request | ErrorKind::NotFound),
            "{text}: {error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_version_changes_with_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let version = async || sources(path.to_str().unwrap()).await.unwrap().remove(0).version;
    fs::write(&path, "1").unwrap();
    let one = version().await;
    assert_eq!(version().await, one);
    fs::write(&path, "12").unwrap();
    assert_ne!(version().await, one);
}
