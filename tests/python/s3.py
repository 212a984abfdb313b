"""An S3 server for tests: moto's, in memory, which fails when it is told to.

Serves on a free port of this machine with one empty bucket, whose name is the argument. Reads orders from
standard input, one JSON object a line, and answers each with one line; the first line it prints is
{"port": …}. It ends when standard input does, so that it never outlives the test that started it.

Orders:
  {"do": "fail", "requests": …, "from": n, "answer": …, "times": n or null}
  {"do": "heal"}      -> {"strikes": how often it failed}
  {"do": "objects"}   -> {"objects": [[key, bytes]]}
  {"do": "uploads"}   -> {"uploads": [key]}, the unfinished multipart uploads
  {"do": "download", "prefix": …, "folder": …}
"""

import json
import logging
import os
import pathlib
import socket
import sys
import threading
import urllib.parse

import boto3
import botocore.config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

CODES = {403: "AccessDenied", 404: "NoSuchBucket", 500: "InternalError", 503: "SlowDown"}
REASONS = {403: "Forbidden", 404: "Not Found", 500: "Internal Server Error", 503: "Slow Down"}


def kind(environ):
    """What a request is, in the words of a fault, and the number of a part."""
    method = environ["REQUEST_METHOD"]
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if method == "PUT":
        return ("part", int(query["partNumber"][0])) if "partNumber" in query else ("put", 0)
    if method == "POST":
        if "uploads" in query:
            return "create", 0
        return ("complete", 0) if "uploadId" in query else ("delete", 0)
    if method == "DELETE":
        return ("abort", 0) if "uploadId" in query else ("delete", 0)
    if method == "GET" and ("list-type" in query or "prefix" in query):
        return "list", 0
    return "get", 0


class Faulty:
    """The server's application behind the faults."""

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()
        self.fault = None
        self.strikes = 0

    def fail(self, fault):
        with self.lock:
            self.fault = fault
            self.strikes = 0

    def heal(self):
        with self.lock:
            self.fault = None
            return self.strikes

    def strikes_at(self, environ):
        """The answer that this request gets instead of its own, if any."""
        with self.lock:
            fault = self.fault
            what, part = kind(environ)
            if fault is None or fault["requests"] != what or part < fault.get("from", 0):
                return None
            if fault["times"] is not None and self.strikes >= fault["times"]:
                return None
            self.strikes += 1
            return fault["answer"]

    def __call__(self, environ, start_response):
        # The server's own orders come from this process and are not what is tested.
        own = environ.get("HTTP_USER_AGENT", "").endswith("orders")
        answer = None if own else self.strikes_at(environ)
        if answer is None:
            return self.application(environ, start_response)
        if answer == "lost":
            for _ in self.application(environ, lambda *_: None):
                pass
        else:
            # A client that still writes when the answer comes would see a reset instead of it.
            length = int(environ.get("CONTENT_LENGTH") or 0)
            while length > 0 and (read := environ["wsgi.input"].read(min(length, 1 << 20))):
                length -= len(read)
        if answer in ("lost", "hang up"):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("told to hang up")
        body = f"<Error><Code>{CODES[answer]}</Code><Message>told to fail</Message></Error>".encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response(f"{answer} {REASONS[answer]}", headers)
        return [body]


def obey(order, faulty, client, bucket):
    def pages(operation, member, **arguments):
        for page in client.get_paginator(operation).paginate(Bucket=bucket, **arguments):
            yield from page.get(member, [])

    if order["do"] == "fail":
        return faulty.fail(order) or {}
    if order["do"] == "heal":
        return {"strikes": faulty.heal()}
    if order["do"] == "objects":
        found = pages("list_objects_v2", "Contents")
        return {"objects": sorted([item["Key"], item["Size"]] for item in found)}
    if order["do"] == "uploads":
        # Not a paginator: moto gives all of them at once.
        found = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return {"uploads": sorted(item["Key"] for item in found)}
    if order["do"] == "download":
        folder = pathlib.Path(order["folder"])
        prefix = order["prefix"].rstrip("/") + "/"
        for item in pages("list_objects_v2", "Contents", Prefix=prefix):
            path = folder / item["Key"][len(prefix):]
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, item["Key"], str(path))
        return {}
    raise ValueError(f"no such order: {order}")


def say(answer):
    print(json.dumps(answer), flush=True)


def main(bucket):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    faulty = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(user_agent_extra="orders", proxies={}),
    )
    client.create_bucket(Bucket=bucket)
    say({"port": server.server_port})
    for line in sys.stdin:
        try:
            say(obey(json.loads(line), faulty, client, bucket))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})
    # Not a return: it would wait for requests under way.
    os._exit(0)


main(sys.argv[1])
