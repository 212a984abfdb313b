//! Configuration files, good and bad.

use super::*;
use secrecy::ExposeSecret;

const PATH: &str = "/etc/bulk/config.toml";

fn read_as(text: &str, profile: Option<&str>, readers: Readers) -> Result<Layer, String> {
    read(Path::new(PATH), text, profile, readers, Some(Path::new("/home/ann")))
}

fn layer(text: &str) -> Layer {
    read_as(text, None, Readers::Owner).unwrap()
}

fn refused(text: &str) -> String {
    read_as(text, None, Readers::Owner).unwrap_err()
}

fn value<'a>(layer: &'a Layer, id: &str) -> Option<(&'a str, usize)> {
    layer.find(id).map(|setting| match &setting.origin {
        Origin::Config { line, .. } => (setting.value.as_str(), *line),
        origin => panic!("{origin}"),
    })
}

#[test]
fn every_value_has_its_line() {
    let layer = layer(
        "# ours\nhosts = [\"a\",\n  \"b:9043\"]\nport = 9_044\nconnect_timeout = 2.5\n\n[tls]\nverify = false\n\
         verify_hostname = true\n[run]\nrows_per_second = 1000\nquiet = true\n",
    );
    assert_eq!(value(&layer, "host"), Some(("a,b:9043", 2)));
    assert_eq!(value(&layer, "port"), Some(("9044", 4)));
    assert_eq!(value(&layer, "connect_timeout"), Some(("2.5", 5)));
    assert_eq!(value(&layer, "tls_no_verify"), Some(("true", 8)));
    assert_eq!(value(&layer, "tls_no_hostname_check"), Some(("false", 9)));
    assert_eq!(value(&layer, "rows_per_second"), Some(("1000", 11)));
    assert_eq!(value(&layer, "quiet"), Some(("true", 12)));
    assert_eq!(value(&layer, "user"), None);
}

#[test]
fn paths_are_seen_from_the_file_and_may_begin_at_home() {
    let layer = layer("[tls]\nca = 'ca.pem'\ncert = '~/c.pem'\nkey = '/k.pem'");
    assert_eq!(value(&layer, "tls_ca"), Some(("/etc/bulk/ca.pem", 2)));
    assert_eq!(value(&layer, "tls_cert"), Some(("/home/ann/c.pem", 3)));
    assert_eq!(value(&layer, "tls_key"), Some(("/k.pem", 4)));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_closest_name() {
    for (text, told) in [
        ("\nhsots = 'a'", ":2: there is no setting 'hsots'; is 'hosts' meant?"),
        ("host = 'a'", "is 'hosts' meant?"),
        ("[tls]\nverfy = true", ":2: there is no setting 'tls.verfy'; is 'tls.verify' meant?"),
        ("splits = 3", "is 'run.splits' meant?"),
        ("[profiles.prod]\nprot = 1", ":2: there is no setting 'prot'; is 'port' meant?"),
        ("xyzzy = 1", "`cassandra-bulk config` shows"),
        ("tls = true", ":1: 'tls' is to be a table: [tls]"),
        ("profiles = 1", "'profiles' is to be a table"),
        ("[profiles]\nprod = 1", "'profiles.prod' is to be a table"),
        ("port = [1]", "'port' is to be one value"),
        ("port = 0xff", "a decimal number"),
        ("port = 2024-01-01", "one value"),
        ("hosts = []", "a list that is not empty"),
        ("hosts = [1]", "a list of texts"),
        ("log_file = 1", "a path"),
        ("[tls]\nverify = 'no'", "true or false"),
        ("password = 1", "'password' is to be text"),
        ("password = 'a'\npassword_file = 'b'", "not both"),
        ("port = 1\nport = 2", ":2: "),
        ("[profiles.a.profiles.b]", "no setting 'profiles'"),
    ] {
        let error = refused(text);
        assert!(error.contains(told), "{text}: {error}");
        assert!(error.starts_with(PATH), "{error}");
    }
}

#[test]
fn no_error_shows_what_stands_beside_it() {
    for text in [
        "password = \"hunter2",
        "password = hunter2",
        "password = ['hunter2']",
        "password = 'hunter2' 'x'",
        "passwrd = 'hunter2'",
        "[tls]\npassword = 'hunter2'",
        "password = 'hunter2'\nport =",
        "password = 'hunter2'\npassword = 'hunter2'",
    ] {
        let error = refused(text);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_profile_is_stronger_than_the_rest_of_the_file() {
    let text = "port = 1\nuser = 'ann'\npassword = 'a'\n[tls]\nca = '/base'\n[profiles.prod]\nport = 2\n\
                [profiles.prod.tls]\nca = '/prod'\n[profiles.other]\nuser = 'bob'";
    let layer = read_as(text, Some("prod"), Readers::Owner).unwrap();
    assert_eq!(value(&layer, "port"), Some(("2", 7)));
    assert_eq!(value(&layer, "tls_ca"), Some(("/prod", 9)));
    assert_eq!(value(&layer, "user"), Some(("ann", 2)));
    let layer = read_as(text, None, Readers::Owner).unwrap();
    assert_eq!(value(&layer, "port"), Some(("1", 1)));
    let error = read_as(text, Some("prd"), Readers::Owner).unwrap_err();
    assert!(error.contains("no profile 'prd'; it has other, prod"), "{error}");
}

#[test]
fn a_profile_with_another_user_does_not_take_over_the_password() {
    let text = "user = 'ann'\npassword = 'a'\n[profiles.same]\npassword = 'b'\n[profiles.other]\nuser = 'bob'";
    let found = |profile, user: &str| {
        let layer = read_as(text, Some(profile), Readers::Owner).unwrap();
        crate::login::stored(&layer.passwords, user).map(|stored| match &stored.password {
            Password::Text(text) => text.expose_secret().to_owned(),
            Password::File(path) => panic!("{path:?}"),
        })
    };
    assert_eq!(found("same", "ann"), Some("b".to_owned()));
    assert_eq!(found("same", "bob"), None);
    assert_eq!(found("other", "bob"), None);
    assert_eq!(found("other", "ann"), Some("a".to_owned()));
}

#[test]
fn a_password_in_a_file_for_everybody_is_refused_and_for_a_group_warned_of() {
    let text = "user = 'ann'\npassword = 'hunter2'";
    let error = read_as(text, None, Readers::All).unwrap_err();
    assert!(error.contains(":2: ") && error.contains("chmod 600"), "{error}");
    assert_eq!(read_as(text, None, Readers::Group).unwrap().warnings.len(), 1);
    assert!(read_as(text, None, Readers::Owner).unwrap().warnings.is_empty());
    assert!(read_as("port = 1", None, Readers::All).unwrap().warnings.is_empty());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = read_as(&text, Some("x"), Readers::Owner);
    }
}
