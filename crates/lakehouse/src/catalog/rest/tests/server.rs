//! A server for tests: it keeps tables in memory, and misbehaves as it is told.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use iceberg::TableCreation;
use iceberg::spec::{FormatVersion, TableMetadata, TableMetadataBuilder};
use iceberg_catalog_rest::{CommitTableRequest, CreateTableRequest};
use serde_json::{Value, json};

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

impl Request {
    /// `POST /v1/namespaces`, without the query.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap())
    }
}

/// What a request gets.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Reply(u16, Value),
    /// The request is done, but its reply is lost.
    Lost,
    /// The same, but nothing ever comes.
    Silent,
}

/// What a test does with a request before the catalog sees it: `None`, and the catalog does it.
type Script = dyn Fn(&Request, usize) -> Option<Answer> + Send + Sync;

pub(super) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// A catalog that answers by itself, but where the script does; it also gets how many requests
    /// of the same method and path there have been before.
    pub(super) fn start(
        script: impl Fn(&Request, usize) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, ended) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let server = Server { address, requests: Arc::clone(&requests), ended: Arc::clone(&ended) };
        let (script, tables): (Arc<Script>, _) = (Arc::new(script), Arc::new(Mutex::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (script, tables, requests) = (script.clone(), tables.clone(), requests.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &*script, &tables, &requests));
            }
        });
        server
    }

    pub(super) fn uri(&self) -> String {
        format!("http://{}/api", self.address)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn count(&self, line: &str) -> usize {
        self.requests().iter().filter(|request| request.line() == line).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // The listener looks when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

type Tables = Mutex<BTreeMap<String, Option<TableMetadata>>>;

fn serve(stream: TcpStream, script: &Script, tables: &Tables, requests: &Mutex<Vec<Request>>) {
    let Some(request) = read(&stream) else { return };
    let before = {
        let mut requests = requests.lock().unwrap();
        let before = requests.iter().filter(|other| other.line() == request.line()).count();
        requests.push(request.clone());
        before
    };
    let scripted = script(&request, before);
    let done = match scripted {
        Some(Answer::Reply(status, body)) => return write(&stream, status, &body),
        _ => answer(&request, &mut tables.lock().unwrap()),
    };
    match (scripted, done) {
        (None, (status, body)) => write(&stream, status, &body),
        (Some(Answer::Silent), _) => {
            // Until the other side has enough of it.
            let _ = (&stream).read(&mut [0]);
        }
        (Some(_), _) => {}
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = path.strip_prefix("/api")?.to_owned();
    Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() })
}

fn write(mut stream: &TcpStream, status: u16, body: &Value) {
    let body = body.to_string();
    let head =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    // The other side may have gone.
    let _ = stream.write_all(format!("{head}location: /api/elsewhere\r\n\r\n{body}").as_bytes());
}

pub(super) fn failure(message: &str, name: &str, code: u16) -> Value {
    json!({"error": {"message": message, "type": name, "code": code}})
}

/// What the catalog does; namespaces are entries without metadata.
fn answer(request: &Request, tables: &mut BTreeMap<String, Option<TableMetadata>>) -> (u16, Value) {
    let path = request.path.split('?').next().unwrap();
    let rest = path.split_once("/namespaces").map(|(_, rest)| rest.trim_start_matches('/'));
    let parts: Vec<&str> =
        rest.unwrap_or_default().split('/').filter(|part| !part.is_empty()).collect();
    let missing = |what: &str| (404, failure("it is not there", what, 404));
    match (request.method.as_str(), rest, parts.as_slice()) {
        ("GET", None, _) => (200, json!({"defaults": {}, "overrides": {}})),
        ("GET", Some(_), []) => {
            let names: Vec<Vec<&String>> = tables
                .iter()
                .filter(|(_, table)| table.is_none())
                .map(|(name, _)| vec![name])
                .collect();
            (200, json!({"namespaces": names}))
        }
        ("POST", Some(_), []) => {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let parts: Vec<&str> = body["namespace"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part.as_str().unwrap())
                .collect();
            match tables.insert(parts.join("%1F"), None) {
                None => (200, json!({"namespace": parts})),
                Some(_) => (409, failure("it is there", "AlreadyExistsException", 409)),
            }
        }
        (_, _, [namespace, "tables", ..]) if !tables.contains_key(*namespace) => {
            missing("NoSuchNamespaceException")
        }
        ("GET", _, [namespace, "tables"]) => {
            let of = |name: &String| name.strip_prefix(&format!("{namespace}/")).map(str::to_owned);
            let names: Vec<Value> = tables
                .keys()
                .filter_map(of)
                .map(|name| json!({"namespace": [namespace], "name": name}))
                .collect();
            (200, json!({"identifiers": names}))
        }
        ("POST", _, [namespace, "tables"]) => create(namespace, request, tables),
        ("GET", _, [namespace, "tables", table]) => {
            match tables.get(&format!("{namespace}/{table}")) {
                Some(Some(metadata)) => (200, loaded(metadata)),
                _ => missing("NoSuchTableException"),
            }
        }
        ("POST", _, [namespace, "tables", table]) => {
            match tables.get_mut(&format!("{namespace}/{table}")) {
                Some(Some(metadata)) => commit(request, metadata),
                _ => missing("NoSuchTableException"),
            }
        }
        _ => (405, Value::Null),
    }
}

fn create(
    namespace: &str,
    request: &Request,
    tables: &mut BTreeMap<String, Option<TableMetadata>>,
) -> (u16, Value) {
    let request: CreateTableRequest = serde_json::from_str(&request.body).unwrap();
    let key = format!("{namespace}/{}", request.name);
    if tables.contains_key(&key) {
        return (409, failure("it is there", "AlreadyExistsException", 409));
    }
    let mut properties = request.properties;
    let version = match properties.remove("format-version").as_deref() {
        Some("1") => FormatVersion::V1,
        Some("3") => FormatVersion::V3,
        _ => FormatVersion::V2,
    };
    let creation = TableCreation {
        name: request.name,
        location: Some(format!("s3://lake/{key}")),
        schema: request.schema,
        partition_spec: request.partition_spec,
        sort_order: request.write_order,
        properties,
        format_version: version,
    };
    let metadata =
        TableMetadataBuilder::from_table_creation(creation).unwrap().build().unwrap().metadata;
    let reply = loaded(&metadata);
    tables.insert(key, Some(metadata));
    (200, reply)
}

fn commit(request: &Request, metadata: &mut TableMetadata) -> (u16, Value) {
    let request: CommitTableRequest = serde_json::from_str(&request.body).unwrap();
    for requirement in request.requirements {
        if let Err(error) = requirement.check(Some(metadata)) {
            return (409, failure(error.message(), "CommitFailedException", 409));
        }
    }
    let builder = metadata.clone().into_builder(None);
    let updates = request.updates.into_iter();
    let built = updates.fold(builder, |builder, update| update.apply(builder).unwrap());
    *metadata = built.build().unwrap().metadata;
    (200, loaded(metadata))
}

fn loaded(metadata: &TableMetadata) -> Value {
    let file = format!("{}/metadata/00000.metadata.json", metadata.location());
    json!({"metadata-location": file, "metadata": metadata})
}
