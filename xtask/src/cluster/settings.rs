//! The files one node is configured by: `cassandra.yaml`, the snitch's file, the JVM's arguments.
//!
//! They are rendered, never edited, and they double as the record of what a cluster was started
//! with: a difference in the first two means that the data on disk is of another cluster.

use std::fmt::Write as _;
use std::path::Path;

use super::jars::VERSION;
use super::layout::NodeDir;
use super::profile::{CQL_PORT, Profile, STORAGE_PORT};
use super::tokens::PER_NODE;

/// The module options, verified against Cassandra 5.0 on Java 17.
const MODULES: &str = include_str!("../../cassandra/jvm17.options");

/// The module options, one argument each.
pub(super) fn module_options() -> impl Iterator<Item = &'static str> {
    MODULES.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace)
}

/// One node's three files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) yaml: String,
    pub(super) rackdc: String,
    pub(super) jvm: String,
}

impl Settings {
    /// Renders the files of one node.
    pub(super) fn render(profile: &Profile, node: usize, dir: &NodeDir, agent: &Path) -> Self {
        Self {
            yaml: yaml(profile, node, dir),
            rackdc: rackdc(profile, node),
            jvm: jvm(profile, node, dir, agent),
        }
    }
}

fn yaml(profile: &Profile, node: usize, dir: &NodeDir) -> String {
    let address = profile.address(node);
    let tokens = profile.tokens(node).join(",");
    // Only who joins a ring that is there has to fetch anything.
    let joins = node >= profile.nodes();
    // Every node is a seed: none waits for another, and any of them may be down at a restart.
    let seeds: Vec<String> = (0..profile.nodes())
        .map(|node| format!("{}:{STORAGE_PORT}", profile.address(node)))
        .collect();
    let seeds = seeds.join(",");
    let (authenticator, authorizer) = if profile.authenticator {
        ("PasswordAuthenticator", "CassandraAuthorizer")
    } else {
        ("AllowAllAuthenticator", "AllowAllAuthorizer")
    };
    let folder = |name: &str| quoted(&dir.data().join(name));
    format!(
        "# Apache Cassandra {VERSION}. Written by `cargo xtask cassandra-up`; not read back.\n\
         cluster_name: {name}\n\
         num_tokens: {PER_NODE}\n\
         initial_token: \"{tokens}\"\n\
         auto_bootstrap: {joins}\n\
         partitioner: {partitioner}\n\
         listen_address: {address}\n\
         rpc_address: {address}\n\
         storage_port: {STORAGE_PORT}\n\
         native_transport_port: {CQL_PORT}\n\
         endpoint_snitch: GossipingPropertyFileSnitch\n\
         seed_provider:\n\
         \x20 - class_name: org.apache.cassandra.locator.SimpleSeedProvider\n\
         \x20   parameters:\n\
         \x20     - seeds: \"{seeds}\"\n\
         authenticator: {authenticator}\n\
         authorizer: {authorizer}\n\
         role_manager: CassandraRoleManager\n\
         data_file_directories:\n\
         \x20 - {data}\n\
         commitlog_directory: {commitlog}\n\
         saved_caches_directory: {caches}\n\
         hints_directory: {hints}\n\
         cdc_raw_directory: {cdc}\n\
         commitlog_sync: periodic\n\
         commitlog_sync_period: 10000ms\n\
         commitlog_total_space: 512MiB\n\
         memtable_heap_space: 128MiB\n\
         memtable_offheap_space: 128MiB\n\
         file_cache_size: 128MiB\n\
         auto_snapshot: false\n\
         materialized_views_enabled: true\n\
         user_defined_functions_enabled: true\n\
         {extra}",
        name = profile.name,
        partitioner = profile.partitioner.class(),
        data = folder("data"),
        commitlog = folder("commitlog"),
        caches = folder("saved_caches"),
        hints = folder("hints"),
        cdc = folder("cdc_raw"),
        extra = profile.extra_yaml.replace("{address}", &address.to_string()),
    )
}

fn rackdc(profile: &Profile, node: usize) -> String {
    profile
        .place(node)
        .map_or_else(String::new, |place| format!("dc={}\nrack={}\n", place.datacenter, place.rack))
}

/// The arguments as a java argument file, which spares the command line of forty of them.
fn jvm(profile: &Profile, node: usize, dir: &NodeDir, agent: &Path) -> String {
    let heap = profile.heap_mb;
    let arguments = [
        format!("-Xms{}m", heap / 2),
        format!("-Xmx{heap}m"),
        "-XX:+UseSerialGC".to_owned(),
        // No file under the system's temporary folder for each JVM, and no stall when writing it.
        "-XX:+PerfDisableSharedMem".to_owned(),
        "-XX:+ExitOnOutOfMemoryError".to_owned(),
        format!("-Djava.io.tmpdir={}", dir.tmp().display()),
        format!("-javaagent:{}", agent.display()),
        "-Djdk.attach.allowAttachSelf=true".to_owned(),
        "-Dio.netty.tryReflectionSetAccessible=true".to_owned(),
        format!("-Dlogback.configurationFile={}", dir.logback().display()),
        format!("-Dcluster.log={}", dir.system_log().display()),
        format!("-Dcassandra.config=file://{}", dir.yaml().display()),
        format!("-Dcassandra-rackdc.properties=file://{}", dir.rackdc().display()),
        format!("-Dcassandra.storagedir={}", dir.data().display()),
        format!("-Dcassandra.jmx.local.port={}", profile.jmx_port(node)),
        // Tokens are given and nodes start together: there is nothing to wait for.
        "-Dcassandra.ring_delay_ms=5000".to_owned(),
        "-Dcassandra.skip_wait_for_gossip_to_settle=0".to_owned(),
        "-Dcassandra.superuser_setup_delay_ms=0".to_owned(),
        format!("-Dcassandra.size_recorder_interval={}", profile.size_recorder_interval),
    ];
    let mut file = String::from(MODULES);
    for argument in arguments {
        let argument = argument.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a string cannot fail.
        let _ = writeln!(file, "\"{argument}\"");
    }
    file
}

/// A path as a yaml scalar.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::layout::ProfileDir;
    use super::super::profile::Partitioner;
    use super::*;

    fn rendered(profile: &Profile, node: usize) -> Settings {
        let dir = ProfileDir::at(PathBuf::from("/t/it's"), &profile.name).node(node);
        Settings::render(profile, node, &dir, Path::new("/t/jamm.jar"))
    }

    #[test]
    fn a_node_listens_on_its_own_address_and_knows_all_seeds() {
        let yaml = rendered(&Profile::main(3), 1).yaml;
        assert!(yaml.contains("\nlisten_address: 127.0.0.12\n"), "{yaml}");
        assert!(yaml.contains("\"127.0.0.11:7000,127.0.0.12:7000,127.0.0.13:7000\""), "{yaml}");
        assert!(yaml.contains("\nauthenticator: AllowAllAuthenticator\n"), "{yaml}");
    }

    #[test]
    fn a_node_beyond_the_profile_joins_the_ring_of_the_others() {
        let newcomer = rendered(&Profile::main(3), 3);
        assert!(newcomer.yaml.contains("\nauto_bootstrap: true\n"), "{}", newcomer.yaml);
        assert!(newcomer.yaml.contains("127.0.0.13:7000\"\n"), "it is a seed: {}", newcomer.yaml);
        assert_eq!(newcomer.rackdc, rendered(&Profile::main(3), 0).rackdc);
    }

    #[test]
    fn an_apostrophe_in_a_path_is_doubled() {
        let yaml = rendered(&Profile::main(1), 0).yaml;
        assert!(
            yaml.contains("commitlog_directory: '/t/it''s/main/node1/data/commitlog'"),
            "{yaml}"
        );
    }

    #[test]
    fn a_profile_decides_login_place_and_partitioner() {
        let secured = rendered(&Profile::secured_single(), 0);
        assert!(secured.yaml.contains("authenticator: PasswordAuthenticator"));
        let second = rendered(&Profile::two_datacenters(), 3);
        assert_eq!(second.rackdc, "dc=dc2\nrack=rack2\n");
        let random = rendered(&Profile::single_with(Partitioner::Random), 0);
        assert!(random.yaml.contains("RandomPartitioner"));
    }

    #[test]
    fn each_node_of_an_encrypted_cluster_has_its_own_certificate() {
        let yaml = rendered(&Profile::encrypted(Path::new("/t/it's")), 1).yaml;
        assert!(yaml.contains("  keystore: '/t/it''s/127.0.7.12.pem'\n"), "{yaml}");
        assert!(yaml.contains("  truststore: '/t/it''s/ca.pem'\n"), "{yaml}");
        assert!(yaml.contains("authenticator: PasswordAuthenticator"));
    }

    #[test]
    fn the_heap_is_of_the_jvm_and_leaves_the_yaml_alone() {
        let small = rendered(&Profile::main(3), 0);
        let large = rendered(&Profile::main(3).heap_mb(2048), 0);
        assert_eq!(small.yaml, large.yaml);
        assert!(large.jvm.contains("\"-Xmx2048m\""), "{}", large.jvm);
    }
}
