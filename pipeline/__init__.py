"""The morning data flows of a school district, between its vendors and BigQuery, as one Luigi graph."""

import os

# As CHANGELOG.md's first entry and the tag of a release have it.
VERSION = "0.3.0"

# Nothing that runs on this machine is asked through a proxy. Without this, where `http_proxy` is set and `no_proxy` is
# not, Luigi's client (and Google's, and Selenium's) would ask the proxy for its own scheduler on 127.0.0.1.
_HERE = ("127.0.0.1", "localhost", "::1")
_DIRECT = [name for key in ("no_proxy", "NO_PROXY") for name in os.environ.get(key, "").split(",") if name.strip()]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(dict.fromkeys([*_DIRECT, *_HERE]))
