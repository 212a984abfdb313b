//! The corners of cqlsh's files.

use super::*;
use secrecy::ExposeSecret;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn read(&self, text: &str) -> Layer {
        self.read_in(text, &Context { home: Some(Path::new("/home/ann")), ..Context::default() })
    }

    fn read_in(&self, text: &str, context: &Context<'_>) -> Layer {
        read(&self.0.path().join("cqlshrc"), text.to_owned(), context).unwrap()
    }
}

fn value<'a>(layer: &'a Layer, id: &str) -> Option<&'a str> {
    layer.find(id).map(|setting| setting.value.as_str())
}

fn password(layer: &Layer) -> Option<(Option<&str>, &str)> {
    layer.passwords.first().map(|stored| match &stored.password {
        Password::Text(text) => (stored.user.as_deref(), text.expose_secret()),
        Password::File(path) => panic!("{path:?}"),
    })
}

#[test]
fn a_connection_is_read_as_python_reads_it() {
    let layer = Folder::new().read(
        "; a comment\n# another\n[connection]\nHostName : db1 ; no comment\nport=9043\ntimeout = 7\n\
         request_timeout = 11\n[ui]\ncolor = on\n",
    );
    assert_eq!(value(&layer, "host"), Some("db1 ; no comment"));
    assert_eq!(value(&layer, "port"), Some("9043"));
    assert_eq!(value(&layer, "connect_timeout"), Some("7"));
    assert_eq!(value(&layer, "request_timeout"), Some("11"));
    assert_eq!(value(&layer, "tls"), None);
    assert_eq!(password(&layer), None);
}

#[test]
fn percent_signs_are_interpolated_but_not_in_passwords() {
    let layer = Folder::new().read(
        "[DEFAULT]\nzone = eu\n[connection]\nname = db\nhostname = %(name)s.%(zone)s\nport = 5%\n\
         timeout = %(timeout)s\n[authentication]\nusername = 100%%\npassword = 5%(x)s%%=;#\n",
    );
    assert_eq!(value(&layer, "host"), Some("db.eu"));
    assert_eq!(value(&layer, "port"), None);
    assert_eq!(value(&layer, "connect_timeout"), None, "a value that names itself");
    assert_eq!(value(&layer, "user"), Some("100%"));
    assert_eq!(password(&layer), Some((Some("100%"), "5%(x)s%%=;#")));
}

#[test]
fn many_percent_signs_are_no_depth() {
    let text = format!("[connection]\nhostname = {}\n", "%%".repeat(200_000));
    assert_eq!(value(&Folder::new().read(&text), "host"), Some("%".repeat(200_000).as_str()));
}

#[test]
fn values_that_name_each_other_many_times_are_not_followed() {
    // Each level names the next one a thousand times: a thousand to the ninth in all.
    for last in ["", "x"] {
        let levels =
            (0..9).map(|at| format!("v{at} = {}\n", format!("%(v{})s", at + 1).repeat(1000)));
        let text =
            format!("[connection]\n{}v9 = {last}\nhostname = %(v0)s\n", levels.collect::<String>());
        assert_eq!(value(&Folder::new().read(&text), "host"), None);
    }
}

#[test]
fn encryption_is_what_connection_says_and_ssl_only_says_how() {
    let folder = Folder::new();
    let ssl = "[ssl]\ncertfile = ~/ca.pem\nuserkey = ~/k.pem\nusercert =\nvalidate = FALSE\n\
               [certfiles]\ndb2 = /db2.pem\n[connection]\nhostname = db1\n";
    let layer = folder.read(ssl);
    assert_eq!((value(&layer, "tls"), value(&layer, "tls_ca")), (None, None));
    for yes in ["true", "ON", "1", "Yes"] {
        let layer = folder.read(&format!("{ssl}ssl = {yes}"));
        assert_eq!(value(&layer, "tls"), Some("true"), "{yes}");
        assert_eq!(value(&layer, "tls_ca"), Some("/home/ann/ca.pem"));
        assert_eq!(value(&layer, "tls_key"), Some("/home/ann/k.pem"));
        assert_eq!(value(&layer, "tls_cert"), None);
        assert_eq!(value(&layer, "tls_no_verify"), Some("true"));
    }
    for no in ["false", "0", "maybe"] {
        assert_eq!(value(&folder.read(&format!("{ssl}ssl = {no}")), "tls"), None, "{no}");
    }
    // Where the command line says both that it encrypts, and to whom.
    let host = Some("DB2:9142,db1".to_owned());
    let layer = folder.read_in(ssl, &Context { host, is_encrypted: true, ..Context::default() });
    assert_eq!((value(&layer, "tls"), value(&layer, "tls_ca")), (None, Some("/db2.pem")));
    let layer = folder.read("[connection]\nssl = true\n[ssl]\nvalidate = 0\n");
    assert_eq!(value(&layer, "tls_no_verify"), None, "anything but false is true");
}

#[test]
fn the_credentials_file_is_stronger_than_cqlshrc() {
    let folder = Folder::new();
    let path =
        folder.write("credentials", "[PlainTextAuthProvider]\nusername = c\npassword = cp\n");
    let layer = folder.read("[auth_provider]\nusername = p\npassword = pp\n");
    assert_eq!(value(&layer, "user"), Some("c"));
    assert_eq!(password(&layer), Some((Some("c"), "cp")));
    assert_eq!(layer.passwords[0].origin, Origin::Cqlsh(path));
    // What cqlsh calls the legacy settings goes before those of providers, wherever they are.
    let layer = folder.read("[authentication]\nusername = a\npassword = ap\n");
    assert_eq!(password(&layer), Some((Some("a"), "ap")));
    folder.write("credentials", "[plain_text_auth]\nusername = l\npassword = lp\n");
    let layer = folder.read("[authentication]\nusername = a\npassword = ap\n");
    assert_eq!(password(&layer), Some((Some("l"), "lp")));
}

#[test]
fn credentials_may_lie_elsewhere_or_nowhere() {
    let folder = Folder::new();
    let path = folder.write("mine", "[plain_text_auth]\nusername = l\npassword = lp\n");
    let layer = folder.read(&format!("[authentication]\ncredentials = {}\n", path.display()));
    assert_eq!(password(&layer), Some((Some("l"), "lp")));
    let layer = folder.read("[authentication]\nusername = a\ncredentials = ~/no/such\n");
    assert_eq!((value(&layer, "user"), password(&layer)), (Some("a"), None));
}

#[test]
fn other_providers_are_not_used_and_that_is_said() {
    let folder = Folder::new();
    let layer =
        folder.read("[auth_provider]\nmodule = x\nclassname = Y\nusername = u\npassword = p\n");
    assert_eq!((value(&layer, "user"), password(&layer)), (None, None));
    assert!(layer.warnings[0].contains("auth_provider"), "{:?}", layer.warnings);
    let plain = "[auth_provider]\nmodule = cassandra.auth\nclassname = PlainTextAuthProvider\n";
    let layer = folder.read(&format!("{plain}username = u\npassword = p\n"));
    assert_eq!(password(&layer), Some((Some("u"), "p")));
    assert!(layer.warnings.is_empty());
}

#[test]
fn a_password_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.write("credentials", "[plain_text_auth]\nusername = l\npassword = lp\n");
    assert!(folder.read("").warnings.is_empty());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let layer = folder.read("");
    assert!(layer.warnings[0].contains("chmod 600"), "{:?}", layer.warnings);
    assert_eq!(layer.warnings.len(), 1);
}

#[test]
fn what_is_no_ini_file_is_told_with_its_line_and_without_its_text() {
    let path = Path::new("/x/cqlshrc");
    for text in ["[a]\n[b", "[a]\n= hunter2"] {
        let error = read(path, text.to_owned(), &Context::default()).unwrap_err();
        assert!(error.starts_with("/x/cqlshrc: line 2"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(\\[[a-z]{0,9}\\]|[a-z]{0,5}|[%()s= :;#\n]){0,60}") {
        let _ = read(Path::new("/x/cqlshrc"), text, &Context::default());
    }
}
