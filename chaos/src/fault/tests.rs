//! Each kind of fault as a driver sees it: a proxy, a node of a few lines, and frames of nothing but a
//! header.

use std::net::SocketAddr;
use std::time::Duration;

use rand::SeedableRng as _;
use scylla_proxy::{Node, Proxy, RunningProxy, ShardAwareness};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const VERSION: u8 = 4;
/// Opcodes of CQL's protocol, version 4, section 2.4.
const ERROR: u8 = 0x00;
const RESULT: u8 = 0x08;
const EXECUTE: u8 = 0x0A;
/// A node on this machine answers much sooner.
const SILENCE: Duration = Duration::from_millis(300);

/// What comes of a request.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Answer,
    Error(i32),
    /// Nothing for long.
    Silence,
    End,
}

async fn frame(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).await?;
    let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok((header[4], body))
}

/// Answers each frame by a result of nothing.
async fn serve(mut stream: TcpStream) {
    while frame(&mut stream).await.is_ok() {
        if stream.write_all(&[VERSION | 0x80, 0, 0, 0, RESULT, 0, 0, 0, 0]).await.is_err() {
            return;
        }
    }
}

/// A proxy before a node; its address.
async fn proxy() -> (RunningProxy, SocketAddr) {
    let node = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let real = node.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = node.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let node = Node::new(real, free, ShardAwareness::Unaware, None, None);
    (Proxy::new([node]).run().await.unwrap(), free)
}

async fn ask(address: SocketAddr) -> Seen {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[VERSION, 0, 0, 0, EXECUTE, 0, 0, 0, 0]).await.unwrap();
    match tokio::time::timeout(SILENCE, frame(&mut stream)).await {
        Err(_) => Seen::Silence,
        Ok(Err(_)) => Seen::End,
        Ok(Ok((ERROR, body))) => Seen::Error(i32::from_be_bytes(body[..4].try_into().unwrap())),
        Ok(Ok(_)) => Seen::Answer,
    }
}

#[tokio::test]
async fn each_kind_strikes_as_it_is_told_to_and_is_counted() {
    let (mut proxy, address) = proxy().await;
    assert_eq!(ask(address).await, Seen::Answer);
    for (kind, expected) in [
        (Kind::Overloaded, Seen::Error(0x1001)),
        (Kind::ReadTimeout, Seen::Error(0x1200)),
        (Kind::Unavailable, Seen::Error(0x1000)),
        (Kind::ReadFailure, Seen::Error(0x1300)),
        (Kind::WriteTimeout, Seen::Error(0x1100)),
        (Kind::ServerError, Seen::Error(0x0000)),
        (Kind::IsBootstrapping, Seen::Error(0x1002)),
        (Kind::RequestLost, Seen::Silence),
        (Kind::ReplyLost, Seen::Silence),
        (Kind::Broken, Seen::End),
        // Last, since what is late comes in the midst of what is next.
        (Kind::RequestLate, Seen::Silence),
    ] {
        let mut faults = Faults::default();
        faults.add(0, kind, 1.0, 2);
        let rules = &faults.of_nodes[0];
        proxy.running_nodes[0].change_request_rules(Some(rules.requests.clone()));
        proxy.running_nodes[0].change_response_rules(Some(rules.replies.clone()));
        for _ in 0..2 {
            assert_eq!(ask(address).await, expected, "{kind}");
        }
        assert_eq!(ask(address).await, Seen::Answer, "{kind} strikes more often than it is to");
        let (mut counts, mut nodes) = (Counts::new(), [0; NODES]);
        faults.count(&mut counts, &mut nodes);
        assert_eq!((counts.get(&kind), nodes), (Some(&2), [2, 0, 0]), "{kind}");
    }
}

#[test]
fn a_seed_repeats_its_kinds_and_each_node_has_them_all() {
    for seed in 0..200 {
        let faults = Faults::random(seed, &mut StdRng::seed_from_u64(seed));
        let again = Faults::random(seed, &mut StdRng::seed_from_u64(seed));
        let kinds = faults.kinds();
        assert_eq!(kinds, again.kinds());
        assert_eq!(kinds[0], OF_FRAMES[index(seed, OF_FRAMES.len())]);
        for rules in &faults.of_nodes {
            assert_eq!(rules.requests.len() + rules.replies.len(), kinds.len());
        }
    }
}

#[test]
fn only_what_was_told_of_is_counted() {
    let mut faults = Faults::default();
    faults.add(1, Kind::Overloaded, 1.0, 1);
    let (mut counts, mut nodes) = (Counts::new(), [0; NODES]);
    faults.count(&mut counts, &mut nodes);
    assert!(counts.is_empty() && nodes == [0; NODES]);
}

#[test]
fn only_jobs_with_a_store_have_its_faults() {
    for seed in 0..50 {
        let of = |job| StoreFaults::random(job, &mut StdRng::seed_from_u64(seed));
        assert_eq!(of(Job::Import), None);
        assert!(of(Job::ExportToStore).is_some_and(|faults| faults.of_store.times > Some(0)));
        assert_eq!(of(Job::ImportFromStore), of(Job::ImportFromStore));
    }
}
