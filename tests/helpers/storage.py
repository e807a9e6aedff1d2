"""A server of S3 on this machine, with a bucket `films`."""

import contextlib
import os

import boto3
import pytest
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


class Storage:
    """The server; `begin` and `end` let it come and go, with what it holds."""

    def __init__(self):
        self.port = 0
        self.begin()

    def begin(self):
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    def end(self):
        self._server.stop()

    @property
    def settings(self):
        """The variables by which a program finds it."""
        return KEYS | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def client(self):
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        address, region = self.settings["AWS_ENDPOINT_URL"], "us-east-1"
        return boto3.client("s3", endpoint_url=address, region_name=region, **keys)

    def put(self, key, content, **given):
        """Put a film into the bucket; gives its address."""
        self.client.put_object(Bucket="films", Key=key, Body=content, **given)
        return f"s3://films/{key}"

    def clear(self):
        for entry in self.client.list_objects_v2(Bucket="films").get("Contents", ()):
            self.client.delete_object(Bucket="films", Key=entry["Key"])


@contextlib.contextmanager
def serve_storage():
    """A storage for as long as the context lasts, with the variables that name it."""
    storage = Storage()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in storage.settings.items():
            patch.setenv(name, value)
        storage.client.create_bucket(Bucket="films")
        yield storage
    storage.end()
