//! Which layer wins, and what is said where one is wrong.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::args::Command as Sub;
use crate::connection_args::Common;

/// A home folder with files in it, and variables.
struct Place {
    home: tempfile::TempDir,
    variables: BTreeMap<String, OsString>,
}

impl Place {
    fn new() -> Place {
        let home = tempfile::tempdir().unwrap();
        let variables = BTreeMap::from([("HOME".to_owned(), home.path().as_os_str().to_owned())]);
        Place { home, variables }
    }

    fn file(self, name: &str, text: &str) -> Place {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    fn config(self, text: &str) -> Place {
        self.file(".config/cassandra-bulk/config.toml", text)
    }

    fn cqlshrc(self, text: &str) -> Place {
        self.file(".cassandra/cqlshrc", text)
    }

    fn variable(mut self, name: &str, value: &str) -> Place {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn read(&self, line: &str) -> Result<(Args, Vec<String>), Refused> {
        let words = std::iter::once("cassandra-bulk").chain(line.split(' ')).map(OsString::from);
        read(words.collect(), &|name| self.variables.get(name).cloned())
    }

    fn common(&self, line: &str) -> Common {
        match self.read(line).unwrap().0.command {
            Sub::Count(count) => count.common,
            command => panic!("{command:?}"),
        }
    }

    fn refused(&self, line: &str) -> String {
        match self.read(line).unwrap_err() {
            Refused::Setting(message) => message,
            Refused::Line(error) => panic!("{error}"),
        }
    }

    fn listed(&self, line: &str, name: &str) -> (Option<String>, Origin) {
        match self.read(line).unwrap().0.command {
            Sub::Config(config) => config.listing.find(name).unwrap(),
            command => panic!("{command:?}"),
        }
    }
}

#[test]
fn the_strongest_layer_wins() {
    let place = Place::new();
    assert_eq!(place.common("count a.b").port, 9042);
    let place = place.cqlshrc("[connection]\nport = 1");
    assert_eq!(place.common("count a.b").port, 1);
    let place = place.config("port = 2");
    assert_eq!(place.common("count a.b").port, 2);
    assert_eq!(place.common("count a.b --config none").port, 1);
    let place = place.variable("CASSANDRA_BULK_PORT", "3");
    assert_eq!(place.common("count a.b").port, 3);
    assert_eq!(place.common("count a.b --port 4").port, 4);
    let place = place.variable("CASSANDRA_BULK_PORT", "");
    assert_eq!(place.common("count a.b").port, 2, "an empty variable is none");
}

#[test]
fn layers_are_merged_setting_by_setting() {
    let place = Place::new()
        .cqlshrc("[connection]\nhostname = h\nport = 1\ntimeout = 8")
        .config("port = 2\nlocal_dc = 'dc1'\ncompress_frames = true\n[run]\nmax_retry_time = 7\nquiet = true")
        .variable("CASSANDRA_BULK_HOST", "a,b:1")
        .variable("CASSANDRA_BULK_SPLITS", "9");
    let Sub::Count(count) = place.read("count a.b --local-dc dc2").unwrap().0.command else {
        panic!()
    };
    let common = &count.common;
    assert_eq!((common.host.join(" "), common.port), ("a b:1".to_owned(), 2));
    assert_eq!(common.connect_timeout.as_secs(), 8);
    assert_eq!(common.local_dc.as_deref(), Some("dc2"));
    assert!(common.compress_frames && count.run.conduct.quiet);
    assert_eq!(count.run.conduct.max_retry_time.as_secs(), 7);
    assert_eq!(count.run.split.splits, Some(9));
    assert!(!place.common("count a.b --compress-frames=false").compress_frames);
    // What has no such argument does not mind the setting.
    assert!(place.read("import a.b --from x").is_ok());
    assert!(place.read("plan a.b").is_ok());
    assert!(place.read("iceberg snapshots a.b").is_ok());
}

#[test]
fn encryption_follows_from_its_options_unless_it_is_refused() {
    let place = Place::new();
    assert!(place.common("count a.b").tls.options().is_none());
    assert!(place.common("count a.b --tls").tls.options().is_some());
    let options = place.common("count a.b --tls-no-hostname-check").tls.options().unwrap();
    assert!(options.verify && !options.verify_hostname);
    let place = place.config("[tls]\nca = 'ca.pem'\nverify = false");
    let options = place.common("count a.b").tls.options().unwrap();
    assert!(!options.verify && options.verify_hostname);
    assert_eq!(options.ca, Some(place.path(".config/cassandra-bulk/ca.pem")));
    assert!(place.common("count a.b --tls=false").tls.options().is_none());
    assert!(place.common("count a.b --tls-no-verify=false").tls.options().unwrap().verify);
    let place = Place::new().cqlshrc("[ssl]\ncertfile = /ca.pem");
    assert!(place.common("count a.b").tls.options().is_none());
    assert_eq!(place.common("count a.b --tls").tls.options().unwrap().ca, Some("/ca.pem".into()));
}

#[test]
fn a_cqlshrc_weakens_nothing_that_a_stronger_layer_asks_for() {
    let ssl = "[connection]\nssl = true\n[ssl]\nvalidate = false\nuserkey = /k\nusercert = /c";
    let place = Place::new().cqlshrc(ssl);
    let options = place.common("count a.b").tls.options().unwrap();
    assert!(!options.verify && options.key == Some("/k".into()));
    let options = place.common("count a.b --tls-ca /ca --tls-cert /own").tls.options().unwrap();
    assert!(options.verify);
    assert_eq!((options.certificate, options.key), (Some("/own".into()), None));
    let options = place.config("[tls]\nca = '/ca'").common("count a.b").tls.options().unwrap();
    assert!(options.verify);
}

#[test]
fn bad_values_are_told_with_the_place_they_come_from() {
    let place = Place::new().config("user = 'x'\nport = 70000");
    let error = place.refused("count a.b");
    let file = format!("{}:2: 'port'", place.path(".config/cassandra-bulk/config.toml").display());
    assert!(error.starts_with(&file) && error.contains("70000"), "{error}");
    // A bad value that is not used is still bad, but not in the way of what is stronger.
    assert_eq!(place.common("count a.b --port 5").port, 5);
    let error = Place::new().config("output = 'xml'").refused("count a.b");
    assert!(error.contains("choose text or json"), "{error}");
    let error = Place::new().config("consistency = 'SOME'").refused("count a.b");
    assert!(error.contains("LOCAL_QUORUM"), "{error}");
    let error = Place::new().variable("CASSANDRA_BULK_TLS", "perhaps").refused("count a.b");
    assert!(error.starts_with("variable CASSANDRA_BULK_TLS"), "{error}");
    let error = Place::new().cqlshrc("[connection]\nport = many").refused("count a.b");
    assert!(error.contains("cqlshrc: ") && error.contains("many"), "{error}");
    // A bad argument is told as ever.
    let error = place.read("count a.b --port 70000").unwrap_err();
    assert!(matches!(error, Refused::Line(_)), "{error:?}");
}

#[test]
fn files_that_are_asked_for_must_be_there() {
    let place = Place::new();
    for line in ["count a.b --config /no/such", "count a.b --cqlshrc /no/such"] {
        assert!(place.refused(line).contains("'/no/such' cannot be read"));
    }
    let error = place.refused("count a.b --profile prod");
    assert!(error.contains("profile 'prod'") && error.contains("--config"), "{error}");
    let place = place.variable("CASSANDRA_BULK_CONFIG", "/no/such");
    assert!(place.refused("count a.b").contains("/no/such"));
    let place = place
        .file("xdg/cassandra-bulk/config.toml", "port = 5")
        .variable("CASSANDRA_BULK_CONFIG", "");
    let folder = place.path("xdg").display().to_string();
    let place = place.variable("XDG_CONFIG_HOME", &folder);
    assert_eq!(place.common("count a.b").port, 5);
}

#[test]
fn profiles_are_chosen_by_argument_or_variable() {
    let place = Place::new().config("port = 1\n[profiles.a]\nport = 2\n[profiles.b]\nport = 3");
    assert_eq!(place.common("count a.b").port, 1);
    let place = place.variable("CASSANDRA_BULK_PROFILE", "a");
    assert_eq!(place.common("count a.b").port, 2);
    assert_eq!(place.common("count a.b --profile b").port, 3);
}

#[test]
fn every_setting_is_listed_with_its_source() {
    let place = Place::new()
        .cqlshrc("[connection]\nhostname = h")
        .config("\nconsistency = 'QUORUM'")
        .variable("CASSANDRA_BULK_LOCAL_DC", "dc1");
    let find = |name: &str| place.listed("config --port 7", name);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(find("port"), (some("7"), Origin::Flag("--port".to_owned())));
    let variable = Origin::Variable("CASSANDRA_BULK_LOCAL_DC".to_owned());
    assert_eq!(find("local-dc"), (some("dc1"), variable));
    let path = place.path(".config/cassandra-bulk/config.toml");
    assert_eq!(find("consistency"), (some("QUORUM"), Origin::Config { path, line: 2 }));
    assert_eq!(find("host"), (some("h"), Origin::Cqlsh(place.path(".cassandra/cqlshrc"))));
    assert_eq!(find("request-timeout"), (some("30"), Origin::Default));
    assert_eq!(find("user"), (None, Origin::Default));
    assert_eq!(find("password"), (None, Origin::Default));
    for key in &KEYS {
        find(&key.id.replace('_', "-"));
    }
}

#[test]
fn a_password_is_listed_by_its_place_alone() {
    let place = Place::new().cqlshrc("[authentication]\nusername = u\npassword = hunter2");
    let cqlshrc = Origin::Cqlsh(place.path(".cassandra/cqlshrc"));
    let stars = Some("********".to_owned());
    assert_eq!(place.listed("config", "password"), (stars.clone(), cqlshrc));
    assert_eq!(place.listed("config --user other", "password"), (None, Origin::Prompt));
    let (value, origin) = place.listed("config --password-file /p", "password");
    assert_eq!(
        (value, origin),
        (Some("******** (in /p)".to_owned()), Origin::Flag("--password-file".to_owned()))
    );
    let place = place.variable("CASSANDRA_BULK_PASSWORD", "hunter3");
    let variable = Origin::Variable("CASSANDRA_BULK_PASSWORD".to_owned());
    assert_eq!(place.listed("config", "password"), (stars, variable));
    let text = format!("{:?}", place.read("config").unwrap());
    assert!(!text.contains("hunter2") && !text.contains("hunter3"), "{text}");
}

#[test]
fn a_password_file_that_others_can_read_is_warned_of_once() {
    let place = Place::new().file("secret", "hunter2");
    let path = place.path("secret");
    let line = format!("count a.b --user u --password-file {}", path.display());
    assert!(place.read(&line).unwrap().1.is_empty());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, warnings) = place.read(&line).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
